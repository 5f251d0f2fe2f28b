"""What measures on own labels share: the design, the readings, the estimate, the words for refusals."""
