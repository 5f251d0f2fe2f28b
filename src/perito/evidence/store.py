"""The evidence store of a case: bytes sealed under their digest, how they came in, and the way back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from perito.errors import CaseError, Missing, SealBroken, nearest
from perito.evidence.archive import Archive, Refusal, working_copy
from perito.evidence.catalogue import Catalogue, item_of, member_item
from perito.evidence.check import check_store
from perito.evidence.custody import STATED_ACTS, Custody, entry_of
from perito.evidence.declared import Declared
from perito.evidence.entries import Limits
from perito.evidence.index import Index
from perito.evidence.intake import Intake, Source
from perito.evidence.items import Facts
from perito.evidence.ledger import Ledger
from perito.evidence.objects import Objects, Seen, fingerprint, seen_at
from perito.evidence.states import Standing, no_bytes
from perito.evidence.vault_store import attach_vault
from perito.ids import evidence_id, is_evidence_id

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from perito.evidence.archive import Member
    from perito.evidence.items import Acquisition, Item, Receipt
    from perito.evidence.keys import SigningKey
    from perito.report import Report

_SEALED = ("sealed", "")
_PREFIX_LENGTH = len("sha256:") + 8  # the shortest beginning of an evidence id that names an item


class Store:
    r"""The store in a folder (of a case, `evidence/`). Nothing is created before the first `add`.

    Args:
        path: The folder.
        limits: The bounds within which archives are opened.
        signers: Keys that sign the custody log at every act; as for `Custody`.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source = pathlib.Path(folder, "posts.csv")
        ...     _ = source.write_bytes(b"id\n1\n")
        ...     store = Store(pathlib.Path(folder, "evidence"))
        ...     receipt = store.add(source, platform="x")
        ...     with store.get(receipt.evidence_id) as stream:
        ...         stream.read(), store.check().ok
        (b'id\n1\n', True)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        limits: Limits = Limits(),  # noqa: B008  (frozen)
        signers: Sequence[SigningKey] | None = None,
    ) -> None:
        self.path = Path(path)
        self.limits = limits
        self.custody = Custody(self.path, signers)
        self.openers: dict[str, Callable[[str, int], BinaryIO]] = {}
        """For each state in which the bytes lie here in another form: what opens them. Whoever adds one
        hands out the plain bytes, and answers for them being those of the digest."""
        self.checks: list[Callable[[], Report]] = []
        """What else `check` is to look at; whoever keeps bytes in another form adds the check of it."""
        self._index = Index(self.path)
        self._objects = Objects(self.path)
        self._ledger = Ledger(self._index, self.custody, self._objects)
        self._verified: set[Seen] = set()
        attach_vault(self)

    def add(self, path: str | os.PathLike[str], **origin: str | int | None) -> Receipt:
        """Seals one file and acknowledges it; when this returns, the bytes are durable.

        Adding what was last sealed under the same path, with the same facts, changes nothing.

        Args:
            path: The file.
            **origin: What is known of its acquisition: `path_in_case` (default: the file's name), `format`,
                `platform`, `origin`, `acquired_by`, `acquired_at_us`, `tool`, `tool_version`, `legal_basis`,
                `terms`, `media_type`.

        Raises:
            Missing: There is no such file.
            CaseError: It is no regular file, or a fact is unknown or of the wrong kind.
            EvidenceError: The file cannot be read or the store not written; nothing was sealed.
        """
        return self.add_many([(path, origin)])[0]

    def add_many(
        self, sources: Iterable[tuple[str | os.PathLike[str], Mapping[str, str | int | None]]]
    ) -> tuple[Receipt, ...]:
        """Seals several files, all or none, with one commit: much quicker than one by one.

        Args:
            sources: Pairs of a path and the facts of its acquisition, as for `add`.

        Raises:
            EvidenceError: As for `add`.
        """
        looked_at = [Source.of(path, origin) for path, origin in sources]
        return Intake(self.path, self._index, self._objects, self._ledger, self.limits).seal(looked_at)

    def declare(
        self,
        digest: str,
        size: int,
        *,
        media_type: str,
        computed_by: str,
        pdq: str | None = None,
        pdq_quality: int | None = None,
        reported: str | None = None,
        by: str | None = None,
        **origin: str | int | None,
    ) -> Item:
        """Enters an item by its digests, whose bytes were never here: it can be matched and counted.

        Declaring again what is known already, under the same path, changes nothing.

        Args:
            digest: Its evidence id (`sha256:` and the digest).
            size: Its number of bytes.
            media_type: What it is, by whoever had it.
            computed_by: Who computed the digests, and with what.
            pdq: The PDQ hash of an image, 64 hexadecimal digits.
            pdq_quality: The quality that PDQ gives, 0 to 100.
            reported: The report to the authorities that the law demanded, by its reference.
            by: Who enters it.
            **origin: What is known of its acquisition, as for `add`.

        Raises:
            CaseError: A fact is wrong, or the bytes are sealed here already.
            EvidenceError: The store cannot be written.
        """
        facts = Facts.stated(digest, {"format": "document", **origin, "media_type": media_type})
        stated = {
            "computed_by": computed_by,
            "pdq": pdq,
            "pdq_quality": pdq_quality,
            "reported": reported,
        }
        declared = Declared(digest, size, facts, stated, by)
        intake = Intake(self.path, self._index, self._objects, self._ledger, self.limits)
        with intake.opened() as entering:
            declared.take_in(entering)
        return self.item(digest)

    def purge(self, item_id: str, *, reason: str, authority: str, by: str) -> Item:
        """Deletes the bytes of an item for good; that it was here, and that it was deleted, stays in the log.

        Args:
            item_id: Its evidence id.
            reason: Why, in a sentence.
            authority: Who ordered or allowed it, by the reference of the decision.
            by: Who deletes.

        Raises:
            Missing: There is no such item, or it has no bytes any more.
            CaseError: It is only a member of an archive; or reason, authority or person is not given.
            EvidenceError: The store cannot be written.
        """
        if not (reason and authority and by):
            raise CaseError("a purge needs a reason, an authority and a person", where=item_id)
        item = self.item(item_id)
        if item.parent_id is not None:
            raise CaseError(
                "a member of an archive cannot be deleted alone",
                where=item_id,
                remedy=f"purge the archive {item.parent_id}",
            )
        standing = self.standing(item_id)
        if not standing.is_held:
            raise no_bytes(item_id, standing.state, standing.text)
        self.enter("purged", [item_id], by=by, reason=reason, authority=authority, bytes=item.bytes)
        return self.item(item_id)

    def enter(
        self,
        act: str,
        items: Sequence[str],
        *,
        by: str | None = None,
        at_us: int | None = None,
        **facts: object,
    ) -> range:
        """Records an act that changes how items are held, in log and index at once; durable when it returns.

        Args:
            act: `encrypted`, `purged` or `rejected`.
            items: The evidence ids; each has to be in the store.
            by: Who acted.
            at_us: When; by default now.
            **facts: What else is to be said.

        Raises:
            CaseError: It is another act.
            Missing: An item is not in the store.
            EvidenceError: The store cannot be written.
        """
        if act not in STATED_ACTS - {"acquired", "sealed", "declared"}:
            raise CaseError(f"'{act}' does not change how an item is held", remedy="use custody.record")
        for item_id in items:
            if self.item(item_id).parent_id is not None:
                raise CaseError("a member has the state of its archive", where=item_id)
        intake = Intake(self.path, self._index, self._objects, self._ledger, self.limits)
        with intake.opened() as entering:
            entering.enter(entry_of(act, items=items, by=by, at_us=at_us, **facts))
            return entering.write()

    def standing(self, item_id: str) -> Standing:
        """How an item is held, and the log entry that says so.

        Raises:
            Missing: There is no such item.
        """
        item = self.item(item_id)
        with self._index.reading() as connection:
            return Standing.of(Catalogue(connection).state_of(item.parent_id or item.evidence_id))

    def standings(self) -> dict[str, Standing]:
        """Every item that is not plainly sealed, with how it is held."""
        with self._index.reading() as connection:
            return {name: Standing.of(row) for name, row in Catalogue(connection).states().items()}

    def items(self) -> list[Item]:
        """Every item, ordered by declared path and evidence id, the members of an archive after it."""
        with self._index.reading() as connection:
            catalogue = Catalogue(connection)
            sizes, states = catalogue.sizes(), catalogue.states()
            found = [
                item_of(item_id, sizes.get(item_id), acquisitions, states.get(item_id, _SEALED)[0])
                for item_id, acquisitions in catalogue.acquisitions().items()
            ]
            found.sort(key=lambda item: (item.path, item.evidence_id))
            return [one for item in found for one in (item, *_members(item, catalogue))]

    def current_items(self) -> list[Item]:
        """Per declared path, in order, the item that was sealed last under it.

        Each has that path, and the acquisitions under it.
        """
        return [items[-1] for items in self._by_path()]

    def superseded_items(self) -> list[Item]:
        """The items that others have replaced under a declared path, in order of path and sealing."""
        return [
            item
            for items in self._by_path()
            for item in items[:-1]
            if item.evidence_id != items[-1].evidence_id
        ]

    def item(self, item_id: str) -> Item:
        """The item of that evidence id; of bytes that are only a member, the member of the first archive.

        Raises:
            Missing: There is none.
        """
        with self._index.reading() as connection:
            catalogue = Catalogue(connection)
            held = None if catalogue.bytes_of(item_id) is not None else catalogue.holder_of(item_id)
            sealed_id = item_id if held is None else held[0]
            acquisitions = catalogue.acquisitions_of(sealed_id)
            if not acquisitions:
                raise self._missing(item_id)
            state = (catalogue.state_of(sealed_id) or _SEALED)[0]
            sealed = item_of(sealed_id, catalogue.bytes_of(sealed_id), acquisitions, state)
            return sealed if held is None else member_item(sealed, held[1])

    def find(self, name: str) -> Item:
        """The item that a person means: by evidence id, by the beginning of one, or by its current path.

        Raises:
            Missing: None, or more than one, is meant.
        """
        if is_evidence_id(name):
            return self.item(name)
        by_path = [item for item in self.current_items() if item.path == name]
        if by_path:
            return by_path[0]
        ids = {item.evidence_id for item in self.items()} if len(name) >= _PREFIX_LENGTH else set()
        meant = [item_id for item_id in ids if item_id.startswith(name)]
        if len(meant) == 1:
            return self.item(meant[0])
        raise self._missing(name)

    def members(self, archive_id: str) -> list[Item]:
        """The addressed members of an archive, in its order; none for an item that is no archive."""
        archive = self.item(archive_id)
        with self._index.reading() as connection:
            return _members(archive, Catalogue(connection))

    def refusals(self, archive_id: str) -> tuple[Refusal, ...]:
        """The members of an archive that are not addressed, with the reasons."""
        with self._index.reading() as connection:
            return Catalogue(connection).contents_of(archive_id).refusals

    def get(self, item_id: str) -> BinaryIO:
        """The bytes of an item, as a seekable binary file to be closed by the caller (`with`).

        They are hashed before they are handed out, once in the life of this object for each sealed file.

        Raises:
            Missing: There is no such item, or its bytes are not held: purged, or never here.
            SealBroken: The bytes are not those that were sealed.
        """
        with self._index.reading() as connection:
            catalogue = Catalogue(connection)
            size = catalogue.bytes_of(item_id)
            held = catalogue.holder_of(item_id) if size is None else None
        if size is not None:
            return self._verified_object(item_id, size)
        if held is None:
            raise self._missing(item_id)
        return self._member(*held)

    def check(self) -> Report:
        """Hashes every object again and compares objects, members and index with one another, all ways."""
        report = check_store(self.path, self._index, self._objects, self.custody, self._verified)
        for check in self.checks:
            report = report.joined(check())
        return report

    def _by_path(self) -> list[list[Item]]:
        """Per path, in order, an item for each acquisition under it, oldest first."""
        with self._index.reading() as connection:
            catalogue = Catalogue(connection)
            sizes, states = catalogue.sizes(), catalogue.states()
            by_item = catalogue.acquisitions()
        every = sorted((one for ones in by_item.values() for one in ones), key=lambda one: one.sequence)
        owners = {one.sequence: item_id for item_id, ones in by_item.items() for one in ones}
        by_path: dict[str, dict[str, list[Acquisition]]] = {}
        for one in every:
            history = by_path.setdefault(one.path, {})
            item_id = owners[one.sequence]
            history[item_id] = [*history.pop(item_id, []), one]  # what was sealed last comes last
        return [
            [
                item_of(item_id, sizes.get(item_id), ones, states.get(item_id, _SEALED)[0])
                for item_id, ones in history.items()
            ]
            for _, history in sorted(by_path.items())
        ]

    def _verified_object(self, item_id: str, size: int) -> BinaryIO:
        with self._index.reading() as connection:
            state = Catalogue(connection).state_of(item_id)
        if state is not None and state[0] in self.openers:
            return self.openers[state[0]](item_id, size)
        if state is not None:
            raise no_bytes(item_id, *state)
        stream = self._objects.open(item_id, size)
        seen = seen_at(item_id, stream.fileno())
        if seen not in self._verified:
            found = fingerprint(stream.fileno()).evidence_id
            if found != item_id:
                stream.close()
                raise _broken(item_id, found)
            stream.seek(0)
            self._verified.add(seen)
        return stream

    def _member(self, archive_id: str, member: Member) -> BinaryIO:
        archive = self.item(archive_id)
        facts = archive.acquisition.archive
        if facts is None:
            raise _broken(archive_id, "members of an item that is no archive")
        limits = Limits(**facts["limits"])
        with self._verified_object(archive_id, archive.bytes) as stream, ExitStack() as on_fault:
            sink = on_fault.enter_context(working_copy())
            reader = Archive(stream, facts["kind"], archive.bytes, limits)
            found = evidence_id(reader.copy_member(member.position, sink))
            if found != member.evidence_id:
                raise _broken(member.evidence_id, found)
            sink.seek(0)
            on_fault.pop_all()
        return sink

    def _missing(self, name: str) -> Missing:
        known = [item.path for item in self.current_items()]
        return Missing(
            f"there is no item '{name}'",
            where=str(self.path),
            expected="an evidence id, or the path of an item",
            remedy=nearest(name, known) if known else "add files with 'perito add'",
        )


def _members(archive: Item, catalogue: Catalogue) -> list[Item]:
    if archive.acquisition.archive is None:
        return []
    return [member_item(archive, member) for member in catalogue.contents_of(archive.evidence_id).members]


def _broken(item_id: str, found: str) -> SealBroken:
    return SealBroken(
        "the bytes are not those that were sealed",
        where=item_id,
        expected=item_id,
        found=found,
        remedy="run 'perito check' and restore the item from a copy",
    )
