"""Dated legal reference data: provisions, deadlines, known events, and the code that looks them up.

Law is data here, never code: each row has its dates, its source and how well it was read. All tables are
read on first use and kept; nothing depends on today's date. Not legal advice.
"""

from perito.law.deadlines import (
    Deadline,
    deadline,
    deadline_in_force,
    deadline_verdict,
    deadlines,
    read_deadlines,
)
from perito.law.force import Designation, InForce, designation, designations, in_force, read_designations
from perito.law.known_events import KnownEvent, events, known_events, read_known_events
from perito.law.provisions import (
    Provision,
    ProvisionWords,
    provision,
    provision_words,
    provisions,
    read_provision_words,
    read_provisions,
)

__all__ = [
    "Deadline",
    "Designation",
    "InForce",
    "KnownEvent",
    "Provision",
    "ProvisionWords",
    "deadline",
    "deadline_in_force",
    "deadline_verdict",
    "deadlines",
    "designation",
    "designations",
    "events",
    "in_force",
    "known_events",
    "provision",
    "provision_words",
    "provisions",
    "read_deadlines",
    "read_designations",
    "read_known_events",
    "read_provision_words",
    "read_provisions",
]
