"""Cells for people who open an export in a spreadsheet: what evidence says there must stay text.

A spreadsheet runs a cell that begins with one of a few characters as a formula, and a formula can send the
rest of the sheet away. In evidence such a text is kept as it is; only what leaves for a spreadsheet is
marked, with an apostrophe, and the mark can be taken off again.
"""

from __future__ import annotations

# The last four are the full-width forms, which some programs run too.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MARK = "'"


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula.

    Example:
        >>> safe_cell("=1+1"), safe_cell("a = b")
        ("'=1+1", 'a = b')
    """
    is_deceptive = text.lstrip(_MARK + " ").startswith(_STARTS)
    return _MARK + text if is_deceptive else text


def original_text(cell: str) -> str:
    """The text that `safe_cell` was given, from what it made of it.

    Example:
        >>> original_text("'=1+1"), original_text("'tis")
        ('=1+1', "'tis")
    """
    text = cell.removeprefix(_MARK)
    return text if cell != text and safe_cell(text) == cell else cell
