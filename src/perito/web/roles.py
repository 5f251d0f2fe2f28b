"""Who may do what. A person has one role; what a role may is data; every page names the right it needs."""

from __future__ import annotations

ROLES = ("custodian", "analyst", "reviewer", "adjudicator", "reader")

RIGHTS = {
    "label": frozenset({"reviewer"}),
    "adjudicate": frozenset({"adjudicator"}),
    "reveal": frozenset({"reviewer", "adjudicator"}),
    "live": frozenset({"analyst", "custodian"}),
    "export": frozenset({"custodian", "analyst"}),
    "people": frozenset({"custodian"}),
    "log": frozenset({"custodian"}),
    "read": frozenset(ROLES),
}


def may(role: str, right: str) -> bool:
    """Whether a role has a right.

    Example:
        >>> may("reviewer", "label"), may("reviewer", "live")
        (True, False)
    """
    return role in RIGHTS[right]
