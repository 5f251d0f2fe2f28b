"""A bag that came from somebody: looked at, judged, and copied only as far as its digests hold.

First the structure, from names, sizes and tag files: no payload byte is read before that is in order, so a
huge or endless file costs nothing. Then every file, once: hashed under every manifest, and copied in the same
pass where a copy is wanted, so that what was checked is what is used. Nothing is ever fetched.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perito.errors import EvidenceError, Missing
from perito.evidence.objects import write_all
from perito.handover.bag_names import PAYLOAD, collisions, discouraged, unsafe
from perito.handover.bag_tags import (
    DECLARATION,
    FETCH,
    INFO,
    MANIFEST,
    Declaration,
    Findings,
    Manifest,
    payload_oxum,
    read_declaration,
    read_info,
    read_manifest,
)
from perito.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from perito.report import Problem

_CHUNK_BYTES = 1 << 20
_TAG_BYTES_MAX = 1 << 28  # two million entries of a manifest; more is no bag that anybody made


@dataclass(frozen=True)
class BagReport:
    """The judgement on a bag.

    Args:
        report: What was checked and every problem; not ok if RFC 8493 forbids anything in it.
        warnings: What RFC 8493 advises against, as problems of the kind `discouraged`.
        info: The metadata in `bag-info.txt`.
    """

    report: Report
    warnings: tuple[Problem, ...]
    info: tuple[tuple[str, str], ...]


class Bag:
    """A bag in a folder, its structure judged when it is opened.

    Args:
        folder: The folder that holds `bagit.txt`.

    Raises:
        Missing: There is no such folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise Missing("there is no such bag", where=str(folder), remedy="give the folder with bagit.txt")
        self.findings = Findings()
        self.sizes = dict(_files(self.folder, self.findings))
        self.info: tuple[tuple[str, str], ...] = ()
        self.manifests: list[Manifest] = []
        self._tags: dict[str, bytes] = {}
        declaration = self._declaration()
        if declaration is not None:
            self._read_tags(declaration)
            self._check_payload(declaration.version)
            self._check_tag_manifests(declaration.version)

    @property
    def payload(self) -> dict[str, int]:
        """The size of every payload file, in bytes, by its path in the bag."""
        return {path: size for path, size in self.sizes.items() if path.startswith(PAYLOAD)}

    def digest_of(self, name: str) -> str:
        """`sha256:` and the digest of a tag file, as it was read when the bag was opened."""
        return f"sha256:{hashlib.sha256(self._tags[name]).hexdigest()}"

    def check(self, progress: Callable[[list[str]], Iterable[str]] = iter) -> BagReport:
        """Reads every file, if the structure is in order, and holds it against all its digests.

        Problem kinds: `declaration`, `version`, `encoding`, `manifest`, `algorithm`, `path`, `duplicate`,
        `missing`, `unlisted`, `digest`, `oxum`, `info`, `fetch`, `link`, `size`, `unreadable`.

        Args:
            progress: Wraps the paths as they are read, for a progress bar.
        """
        if not self.findings.problems:
            for path in progress(sorted(self.payload)):
                self._try(path, None)
            self._check_tags()
        return self._report()

    def copy(self, target: Path, progress: Callable[[list[str]], Iterable[str]] = iter) -> BagReport:
        """As `check`, and copies the payload below a folder, without `data/`. Ends with the first fault."""
        if not self.findings.problems:
            self._check_tags()
        for path in progress(sorted(self.payload)):
            if self.findings.problems:
                break
            self._try(path, target / path.removeprefix(PAYLOAD))
        return self._report()

    def _report(self) -> BagReport:
        payload = self.payload
        counts = ("files", len(payload)), ("bytes", sum(payload.values())), ("manifests", len(self.manifests))
        return BagReport(
            Report(tuple(self.findings.problems), counts), tuple(self.findings.warnings), self.info
        )

    # --- structure ----------------------------------------------------------------------------------

    def _declaration(self) -> Declaration | None:
        if DECLARATION not in self.sizes:
            self.findings.problem("declaration", DECLARATION, "the file is missing: this is no bag")
            return None
        data = self._tag(DECLARATION)
        return None if data is None else read_declaration(data, self.findings)

    def _read_tags(self, declaration: Declaration) -> None:
        for name in sorted(self.sizes):
            data = self._tag(name) if MANIFEST.fullmatch(name) else None
            manifest = None if data is None else read_manifest(name, data, declaration, self.findings)
            self.manifests += [] if manifest is None else [manifest]
        if INFO in self.sizes and (data := self._tag(INFO)) is not None:
            self.info = read_info(data, declaration, self.findings)
        if FETCH in self.sizes:
            what = "parts of the bag are to be fetched from elsewhere: nothing is fetched here"
            self.findings.problem("fetch", FETCH, what, "a complete bag without fetch.txt")

    def _tag(self, name: str) -> bytes | None:
        """The bytes of a tag file, read once; None, and a problem, if they cannot be had."""
        if self.sizes[name] > _TAG_BYTES_MAX:
            self.findings.problem(
                "size", name, "too large", f"at most {_TAG_BYTES_MAX} bytes", str(self.sizes[name])
            )
            return None
        try:
            with _opened(self.folder / name) as handle, os.fdopen(os.dup(handle), "rb") as stream:
                self._tags[name] = stream.read(_TAG_BYTES_MAX)
        except OSError as fault:
            self.findings.problem("unreadable", name, "the file cannot be read", found=str(fault.strerror))
        return self._tags.get(name)

    def _of_kind(self, *, for_tags: bool) -> list[Manifest]:
        return [manifest for manifest in self.manifests if manifest.is_for_tags is for_tags]

    def _check_payload(self, version: str) -> None:
        present, manifests = self.payload.keys(), self._of_kind(for_tags=False)
        if not (self.folder / PAYLOAD).is_dir():
            self.findings.problem("missing", PAYLOAD, "a bag has a folder for its payload")
        if not manifests:
            self.findings.problem("manifest", "manifest-*.txt", "there is no payload manifest")
            return
        for manifest in manifests:
            self._expect_present(manifest)
        # In 0.97 each file is to be in one manifest, in 1.0 in all of them.
        listings = {manifest.name: set(manifest.digests) for manifest in manifests}
        if version == "0.97":
            listings = {"any manifest": set().union(*listings.values())}
        for name, listed in listings.items():
            for path in sorted(present - listed):
                self.findings.problem("unlisted", path, f"the file is not listed in {name}")
        self._check_names()
        self._check_oxum()

    def _expect_present(self, manifest: Manifest) -> None:
        for path in sorted(manifest.digests.keys() - self.sizes.keys()):
            self.findings.problem("missing", path, f"the file is listed in {manifest.name} and is not there")

    def _check_names(self) -> None:
        for path in sorted(self.sizes):
            reason = discouraged(path)
            if reason is not None:
                self.findings.warn(path, reason)
        for one, other in collisions(sorted(self.sizes)):
            self.findings.warn(other, "other systems cannot tell the name from another", found=one)

    def _check_oxum(self) -> None:
        stated = payload_oxum(self.info, self.findings)
        payload = self.payload
        found = sum(payload.values()), len(payload)
        if stated is not None and stated != found:
            expected, there = (f"{octets} bytes in {files} files" for octets, files in (stated, found))
            self.findings.problem("oxum", INFO, "the payload is not what Payload-Oxum says", expected, there)

    def _check_tag_manifests(self, version: str) -> None:
        manifests = self._of_kind(for_tags=True)
        if not manifests:
            self.findings.warn("tagmanifest-*.txt", "nothing vouches for the tag files")
            return
        tags = {path for path in self.sizes if not path.startswith((PAYLOAD, "tagmanifest-"))}
        payload_manifests = {manifest.name for manifest in self._of_kind(for_tags=False)}
        for manifest in manifests:
            self._expect_present(manifest)
            for path in sorted(tags - manifest.digests.keys()):
                if path in payload_manifests and version != "0.97":
                    self.findings.problem("unlisted", path, f"the manifest is not listed in {manifest.name}")
                else:
                    self.findings.warn(path, f"the tag file is not listed in {manifest.name}")

    # --- bytes --------------------------------------------------------------------------------------

    def _check_tags(self) -> None:
        for path in sorted({path for one in self._of_kind(for_tags=True) for path in one.digests}):
            if path in self._tags:  # what was read and used is what is hashed
                self._hold(
                    path, {name: hashlib.new(name, self._tags[path]) for name in self._algorithms(path)}
                )
            else:
                self._try(path, None)

    def _algorithms(self, path: str) -> list[str]:
        return sorted({manifest.algorithm for manifest in self.manifests if path in manifest.digests})

    def _try(self, path: str, copy: Path | None) -> None:
        try:
            digests = self._digests(path, copy)
        except OSError as fault:
            self.findings.problem("unreadable", path, "the file cannot be read", found=str(fault.strerror))
        except _OtherSize as fault:
            self.findings.problem(
                "size", path, "the size changed while it was read", str(self.sizes[path]), str(fault)
            )
        else:
            self._hold(path, digests)

    def _digests(self, path: str, copy: Path | None) -> Mapping[str, hashlib._Hash]:
        digests = {name: hashlib.new(name) for name in self._algorithms(path)}
        with _opened(self.folder / path) as handle, _created(copy) as target:
            left = self.sizes[path]
            while chunk := os.read(handle, min(_CHUNK_BYTES, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise _OtherSize("more bytes")
                for digest in digests.values():
                    digest.update(chunk)
                if target is not None:
                    write_all(target, chunk)
        if left:
            raise _OtherSize(f"{left} bytes fewer")
        return digests

    def _hold(self, path: str, digests: Mapping[str, hashlib._Hash]) -> None:
        for manifest in self.manifests:
            stated = manifest.digests.get(path)
            found = digests[manifest.algorithm].hexdigest() if stated else None
            if stated is not None and found is not None and stated != found:
                what = f"the bytes do not have the digest in {manifest.name}"
                self.findings.problem("digest", path, what, stated, found)


class _OtherSize(Exception):  # noqa: N818  (a state of the file, caught above)
    """A file is not as long as it was a moment ago."""


def check_bag(
    folder: str | os.PathLike[str], progress: Callable[[list[str]], Iterable[str]] = iter
) -> BagReport:
    r"""The judgement on the bag in a folder, strictly by RFC 8493 (1.0) or its draft 14 (0.97).

    Args:
        folder: The folder that holds `bagit.txt`.
        progress: Wraps the paths as they are read, for a progress bar.

    Raises:
        Missing: There is no such folder.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_bag(folder).report.problems[0].kind
        'declaration'
    """
    return Bag(folder).check(progress)


def _files(folder: Path, findings: Findings) -> Iterator[tuple[str, int]]:
    """Path and size of every regular file below a folder; anything but files and folders is a problem."""
    pending = [""]
    while pending:
        below = pending.pop()
        try:
            entries = sorted(os.scandir(folder / below), key=lambda entry: entry.name)
        except OSError as fault:
            findings.problem("unreadable", below, "the folder cannot be read", found=str(fault.strerror))
            continue
        for entry in entries:
            path = f"{below}{entry.name}"
            reason = unsafe(path)
            if reason is not None:
                findings.problem("path", path, f"the name cannot be used: {reason}")
            elif entry.is_dir(follow_symlinks=False):
                pending.append(f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                yield path, entry.stat(follow_symlinks=False).st_size
            else:
                what = "a link leads out of the bag" if entry.is_symlink() else "this is no regular file"
                findings.problem("link", path, what, "files and folders only")


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A descriptor of a regular file; a link in its place is not followed, a pipe not waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "this is no regular file")
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _created(path: Path | None) -> Iterator[int | None]:
    """A descriptor of a new file, or None where no copy is wanted."""
    if path is None:
        yield None
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        raise EvidenceError(
            "the copy cannot be written",
            where=str(path),
            found=str(fault.strerror),
            remedy="free space or check the permissions; nothing was kept",
        ) from fault
    try:
        yield handle
    finally:
        os.close(handle)
