"""What a person is told when something is not recorded: a code, the words of the catalogue, a status."""

from __future__ import annotations

STATUS = {
    "address_wrong": 400,
    "answer_missing": 422,
    "answer_unknown": 422,
    "already_decided": 409,
    "already_labelled": 409,
    "body_wrong": 400,
    "book_replaced": 409,
    "caps_reached": 403,
    "clock_jumped": 503,
    "failed": 500,
    "forged": 403,
    "key_reused": 409,
    "look_first": 409,
    "look_taken": 409,
    "name_taken": 409,
    "not_there": 404,
    "nothing_to_undo": 409,
    "note_too_long": 422,
    "passed_on": 409,
    "password_short": 422,
    "picture_unreadable": 409,
    "role_refused": 403,
    "session_expired": 401,
    "sign_in_refused": 401,
    "sign_in_wait": 429,
    "too_large": 413,
    "too_slow": 408,
    "undo_too_late": 409,
    "withdrawn": 410,
}


class Refused(Exception):  # noqa: N818  (an outcome that the person reads, not a fault of the program)
    """Something that was asked for was not done, and nothing was recorded.

    Args:
        code: A key of `STATUS`; the words are `refused.<code>` in the catalogues.
        **facts: What fills the words.

    Example:
        >>> Refused("passed_on").status
        409
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.status, self.facts = code, STATUS[code], facts
