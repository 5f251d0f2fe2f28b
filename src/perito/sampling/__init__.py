"""Sampling: which items are read by whom, fixed and sealed before the first label.

A frame (the population, counted), strata and allocation, a draw that anyone can repeat by hand, the files
that readers get, and the registration of all of it in the case.
"""

from perito.sampling.design import Design
from perito.sampling.frame import Frame, FrameFilter, frame_of
from perito.sampling.label_book import LabelBook, load_label_book, read_label_book
from perito.sampling.plan import Plan, make_plan
from perito.sampling.register import Registered, register_design, registered_designs
from perito.sampling.request import Request
from perito.sampling.session import Drawn, draw_sample, frame_filter, next_readings, question_of

__all__ = [
    "Design",
    "Drawn",
    "Frame",
    "FrameFilter",
    "LabelBook",
    "Plan",
    "Registered",
    "Request",
    "draw_sample",
    "frame_filter",
    "frame_of",
    "load_label_book",
    "make_plan",
    "next_readings",
    "question_of",
    "read_label_book",
    "register_design",
    "registered_designs",
]
