"""The filling of one bag: what lies where in it, and from where it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from perito import __version__, clock
from perito.errors import EvidenceError, SealBroken
from perito.evidence.ledger import RECORDING_ACTS
from perito.evidence.log.folder import CHECKPOINT, KEYS, STAMPS, TILES, Folder
from perito.evidence.objects import Objects
from perito.evidence.vault import VAULT_FOLDER
from perito.files import files_below
from perito.handover import cover as places
from perito.handover.bag_writing import BagWriter, chunks, new_bag
from perito.handover.cover import Cover, Withheld
from perito.handover.departure import Exported
from perito.handover.graph import graph_shards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from perito.case import Case
    from perito.evidence import Store
    from perito.handover.departure import Progress, Terms
    from perito.handover.redaction import Redaction

_INTAKES = tuple(f'{{"act":"{act}"'.encode() for act in sorted(RECORDING_ACTS))


class Packing:
    """The making of one bag.

    Args:
        case: The case.
        store: Its store.
        case_file: The case file as it goes into the bag.
        terms: Who hands over what to whom.
        redaction: What is left out; None for a whole copy.
        progress: Shows the work.
    """

    def __init__(
        self,
        case: Case,
        store: Store,
        case_file: bytes,
        terms: Terms,
        redaction: Redaction | None,
        progress: Progress,
    ) -> None:
        self._case, self._store, self._case_file = case, store, case_file
        self._terms, self._redaction, self._progress = terms, redaction, progress
        self._log = store.custody.log
        self._title = case.title.plain("en", {})
        withheld = {} if redaction is None else redaction.reasons
        self._items = [
            item
            for item in store.items()
            if item.evidence_id not in withheld and item.parent_id not in withheld
        ]

    def into(self, bag: Path, entry: int, at_us: int) -> Exported:
        """Fills the bag; it is there when this returns, or not at all."""
        info = {
            "External-Identifier": self._case.id,
            "External-Description": self._title,
            "Source-Organization": self._terms.by,
            "Bagging-Date": clock.iso_day(at_us),
            "Bag-Software-Agent": f"perito {__version__}",
        }
        with new_bag(bag, info) as writer:
            writer.add(places.CASE_FILE, self._case_file)
            self._add_objects(writer)
            with Folder(self._store.custody.path).reading():
                cover = self._cover(entry, at_us)
                self._add_log(writer, cover.log_size)
            self._add_proofs(writer, cover)
            self._add_graph(writer, cover.log_size)
            if self._redaction is None:
                self._add_folder(writer, self._case.dossier_folder, places.DOSSIER)
                self._add_folder(writer, self._store.path / VAULT_FOLDER, f"{places.EVIDENCE}/{VAULT_FOLDER}")
            writer.add(places.COVER, cover.data)
        return Exported(str(bag), cover, writer.files, writer.octets)

    def _cover(self, entry: int, at_us: int) -> Cover:
        signed, size = self._log.checkpoint(), self._log.size
        if signed is not None and signed.size != size:
            raise EvidenceError(
                "somebody wrote to the log without signing while the bag was made",
                where=str(self._store.custody.path),
                remedy="export again",
            )
        return Cover(
            kind=places.WHOLE if self._redaction is None else places.REDACTED,
            case_id=self._case.id,
            sender=self._terms.by,
            receiver=self._terms.to,
            at_us=at_us,
            software=f"perito {__version__}",
            entry=entry,
            log_size=size,
            root=self._log.root(size).hex(),
            is_signed=signed is not None,
            items=sum(item.parent_id is None for item in self._items),
            withheld=tuple(self._withheld(size)),
        )

    def _withheld(self, size: int) -> Iterator[Withheld]:
        if self._redaction is None:
            return
        for index, data in enumerate(self._entries(size)):
            found = self._redaction.withheld(index, data)
            if found is not None:
                yield found

    def _entries(self, size: int) -> Iterator[bytes]:
        return (data for _, data in zip(range(size), self._log.entries(), strict=False))

    # --- evidence and log --------------------------------------------------------------------------------

    def _add_objects(self, writer: BagWriter) -> None:
        objects = Objects(self._store.path)
        held = {
            item.evidence_id: item
            for item in self._items
            if item.parent_id is None and item.state == "sealed"
        }
        for evidence_id, item in self._progress(sorted(held.items()), "items"):
            path = objects.path(evidence_id)
            with objects.open(evidence_id, item.bytes) as stream:
                place = f"{places.EVIDENCE}/{path.relative_to(self._store.path).as_posix()}"
                found = f"sha256:{writer.add(place, chunks(stream))}"
            if found != evidence_id:
                raise SealBroken(
                    "the bytes are not those that were sealed",
                    where=evidence_id,
                    expected=evidence_id,
                    found=found,
                    remedy="run 'perito check' and restore the item from a copy",
                )

    def _add_log(self, writer: BagWriter, size: int) -> None:
        path = self._store.custody.path
        if self._redaction is None:
            names = [name for name in files_below(path) if name.startswith((f"{TILES}/", f"{STAMPS}/"))]
            names += [name for name in ("head", CHECKPOINT, KEYS) if (path / name).is_file()]
            self._add_files(writer, path, names, places.LOG)
            return
        entries = enumerate(self._entries(size))
        writer.add(places.ENTRIES, (self._redaction.line(index, data) for index, data in entries))
        names = [name for name in files_below(path) if name.startswith(f"{STAMPS}/")]
        names += [name for name in (CHECKPOINT, KEYS) if (path / name).is_file()]
        self._add_files(writer, path, names, places.OPEN_LOG)

    def _add_folder(self, writer: BagWriter, folder: Path, place: str) -> None:
        self._add_files(writer, folder, files_below(folder) if folder.is_dir() else (), place)

    def _add_files(self, writer: BagWriter, folder: Path, names: Iterable[str], place: str) -> None:
        for name in names:
            with (folder / name).open("rb") as stream:
                writer.add(f"{place}/{name}", chunks(stream))

    # --- what proves and describes it --------------------------------------------------------------------

    def _add_proofs(self, writer: BagWriter, cover: Cover) -> None:
        """The proof of each intake entry, with the entry itself; of one that is withheld, the proof alone."""
        if not cover.is_signed:  # a proof leads to a signed checkpoint
            return
        withheld = {one.index for one in cover.withheld}
        for index, item_id, data in self._intakes(cover.log_size):
            proof = self._store.custody.proof(index).data
            if index in withheld:
                writer.add(f"{places.WITHHELD_PROOFS}/{index}.tlog-proof", proof)
            else:
                place = f"{places.PROOFS}/{item_id.removeprefix('sha256:')}/{index}"
                writer.add(f"{place}.tlog-proof", proof)
                writer.add(f"{place}.json", data)

    def _intakes(self, size: int) -> Iterator[tuple[int, str, bytes]]:
        for index, data in enumerate(self._entries(size)):
            if data.startswith(_INTAKES):
                yield index, str(orjson.loads(data)["items"][0]), data

    def _add_graph(self, writer: BagWriter, size: int) -> None:
        entries: list[tuple[int, Mapping[str, Any]]] = [
            (index, orjson.loads(data))
            for index, data in enumerate(self._entries(size))
            if self._redaction is None or self._redaction.shows(data)
        ]
        shards = graph_shards(self._case.id, self._title, self._items, entries)
        for number, shard in enumerate(self._progress(list(shards), "graph"), start=1):
            writer.add(f"{places.GRAPH}/case-{number:04d}.jsonld", shard)
