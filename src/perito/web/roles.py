"""Who may do what. A person has one role; what a role may is data; every page names the right it needs.

The roles are those of the case (`perito.evidence.roles`), and so is who may see pictures unblurred and who
may take something out; the other rights exist in a review only.
"""

from __future__ import annotations

from perito.evidence import roles

ROLES = roles.ROLES


def _in_the_case(right: str) -> frozenset[str]:
    return frozenset(role for role in ROLES if roles.may(role, right))


RIGHTS = {
    "label": frozenset({"reviewer"}),
    "adjudicate": frozenset({"adjudicator"}),
    "reveal": _in_the_case("reveal"),
    "live": frozenset({"analyst", "custodian"}),
    "export": _in_the_case("export"),
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
