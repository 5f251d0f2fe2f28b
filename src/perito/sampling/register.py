"""Registration: a design is sealed in the case before the first label, and never changed afterwards.

Another design for the same question and class is a new one that names the one it replaces, and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.clock import iso, now_us
from perito.errors import CaseError, Malformed, nearest
from perito.formats.base import SourceItem
from perito.formats.sample_design import FORMAT, read_design
from perito.sampling.design import FILE_NAME, Design, design_of, path_in_case
from perito.sampling.label_book import FILE_NAME as BOOK_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from perito.case import Case
    from perito.evidence import Store
    from perito.sampling.label_book import LabelBook

_TOOL = "perito sample"


@dataclass(frozen=True)
class Registered:
    """A design that is sealed in a case.

    Args:
        design: The design.
        design_id: Its id, as it was sealed.
        evidence_id: The sealed file.
        registered_at_us: When it was registered.
    """

    design: Design
    design_id: str
    evidence_id: str
    registered_at_us: int


def registered_designs(store: Store) -> tuple[Registered, ...]:
    """Every design that is registered in a store, by time of registration.

    Raises:
        Malformed: A sealed design cannot be read, or its id is not that of what it fixes.
    """
    found = []
    for item in store.current_items():
        if item.acquisition.format == FORMAT.name:
            document = read_design(
                SourceItem(item.evidence_id, item.path, lambda one=item: store.get(one.evidence_id), None, 0)  # type: ignore[misc]
            )
            design, facts = design_of(document, item.path), document["design"]
            if design.design_id != facts["design_id"]:
                raise Malformed(
                    "the id of the design is not that of what it fixes",
                    where=item.path,
                    expected=design.design_id,
                    found=facts["design_id"],
                )
            at_us: int = facts["registered_at_us"]
            found.append(Registered(design, facts["design_id"], item.evidence_id, at_us))
    return tuple(sorted(found, key=lambda one: (one.registered_at_us, one.design_id)))


def standing(designs: Sequence[Registered], question_id: str) -> tuple[Registered, ...]:
    """The designs of a question that no other design has replaced."""
    replaced = {one.design.facts.get("replaces") for one in designs}
    return tuple(
        one
        for one in designs
        if one.design.facts["question_id"] == question_id and one.design_id not in replaced
    )


def check_replacement(design: Design, designs: Sequence[Registered]) -> Registered | None:
    """The registered design that this one already is, or None if it may be registered.

    Raises:
        CaseError: Another design stands for the same question and class and is not the one that is replaced;
            the design to replace does not exist, or was replaced already; the label book has another wording
            under a version that is registered.
    """
    same = next((one for one in designs if one.design_id == design.design_id), None)
    if same is not None:
        return same
    _check_wording(design, designs)
    question = str(design.facts["question_id"])
    rivals = {
        one.design_id: one
        for one in standing(designs, question)
        if not set(one.design.classes).isdisjoint(design.classes)
    }
    named = design.facts.get("replaces")
    if named is None and not rivals:
        return None
    if named is None:
        raise CaseError(
            "another design is registered for this question and class",
            where=f"question '{question}'",
            found=", ".join(rivals),
            remedy="a change is a new design: give '--replaces' with its id and '--reason'",
        )
    if named not in rivals:
        raise CaseError(
            f"'{named}' is no design that stands for this question and class",
            where="--replaces",
            remedy=nearest(str(named), rivals) or "leave '--replaces' and '--reason' out",
        )
    others = [one for one in rivals if one != named]
    if others:
        raise CaseError(
            "another design stands beside the one that is replaced",
            where="--replaces",
            found=", ".join(others),
        )
    return None


def _check_wording(design: Design, designs: Sequence[Registered]) -> None:
    """Labels name the book by id and version alone: one version has one wording."""
    book = (design.facts["label_book_id"], design.facts["label_book_version"])
    for one in designs:
        earlier, facts = one.design.label_book, one.design.facts
        is_same_book = (facts["label_book_id"], facts["label_book_version"]) == book
        if is_same_book and earlier.get("classes") != design.label_book.get("classes"):
            raise CaseError(
                "the label book has another wording under the same version",
                where=f"label book '{book[0]}' {book[1]}",
                expected=f"the wording that {one.design_id} binds",
                remedy="give the changed book a new version",
            )


def register_design(
    case: Case, design: Design, book: LabelBook, files: Mapping[str, bytes], at_us: int | None = None
) -> Registered:
    """Seal a design and its label book in a case, and put the task files beside it.

    A design that is registered already stays as it is; task files that are missing are written again, and
    those that are there are never overwritten, for readers may have begun.

    Args:
        case: The case.
        design: The design.
        book: The label book that it binds.
        files: The task files by name.
        at_us: When it is registered; now if not given.

    Raises:
        CaseError: As `check_replacement`.
        EvidenceError: The store cannot be written.
    """
    from perito.evidence import Store

    store = Store(case.evidence_folder)
    known = check_replacement(design, registered_designs(store))
    if known is None:
        known = _seal(case, store, design, book, now_us() if at_us is None else at_us)
    write_missing(case.folder / path_in_case(known.design_id, ""), files)
    return known


def write_missing(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder that are not there yet; gives those that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in sorted(files.items()):
        path = folder / name
        if not path.exists():
            begun = path.with_name(f".{name}.part")  # what was interrupted must not look like a whole file
            begun.write_bytes(content)
            begun.replace(path)
            written.append(path)
    return written


def _seal(case: Case, store: Store, design: Design, book: LabelBook, at_us: int) -> Registered:
    design_id = design.design_id
    folder = case.folder / path_in_case(design_id, "")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_bytes(design.to_json(at_us))
    (folder / BOOK_FILE).write_bytes(book.content)
    facts: dict[str, str | int | None] = {
        "origin": f"question {design.facts['question_id']}",
        "acquired_at_us": at_us,
        "tool": _TOOL,
    }
    sealed, bound = store.add_many(
        [
            (folder / name, {**facts, "path_in_case": path_in_case(design_id, name), "format": format_})
            for name, format_ in ((FILE_NAME, FORMAT.name), (BOOK_FILE, "document"))
        ]
    )
    replaces = {name: design.facts[name] for name in ("replaces", "reason") if design.facts.get(name)}
    store.custody.record(
        "registered",
        items=[sealed.evidence_id, bound.evidence_id],
        at_us=at_us,
        design_id=design_id,
        question_id=design.facts["question_id"],
        **replaces,
    )
    return Registered(design, design_id, sealed.evidence_id, at_us)


def words_of(one: Registered) -> str:
    """A registered design in a few words.

    Example:
        >>> from perito.sampling.design import Design
        >>> design = Design({"question_id": "q", "planned": 10, "method": "simple"}, [], {}, ["c"], [], {})
        >>> words_of(Registered(design, "q-1", "", 0))
        'q-1: simple, 10 labels, registered 1970-01-01T00:00:00Z'
    """
    facts = one.design.facts
    size = f"{facts['method']}, {facts['planned']} labels"
    return f"{one.design_id}: {size}, registered {iso(one.registered_at_us)}"
