"""The tag files of a bag as text: the declaration, manifests, metadata. Read strictly, fault by fault.

RFC 8493 for version 1.0, draft-kunze-bagit-14 for 0.97. What they forbid is a problem, what they advise
against a warning; both are `Problem`s, in two lists.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from perito.handover.bag_names import PAYLOAD, decoded_name, unsafe
from perito.report import Problem

DECLARATION, INFO, FETCH = "bagit.txt", "bag-info.txt", "fetch.txt"
VERSIONS = ("0.97", "1.0")
ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
"""What the checks can compute: the names as they stand in the names of manifests."""

MANIFEST = re.compile(r"(?P<tag>tag)?manifest-(?P<algorithm>[A-Za-z0-9_-]+)\.txt", re.ASCII)
_WEAK = ("md5", "sha1")
_DECLARED = re.compile(
    "BagIt-Version: ([0-9]+\\.[0-9]+)(?:\r\n|\n|\r)Tag-File-Character-Encoding: ([!-~]+)(?:\r\n|\n|\r)?"
)
# What somebody meant who did not write it so: a problem, and the other faults of the bag can be named too.
_MEANT = re.compile(
    r"\s*BagIt-Version\s*:\s*([0-9]+\.[0-9]+)\s+Tag-File-Character-Encoding\s*:\s*([!-~]+)\s*"
)
_LINE = re.compile("\r\n|\n|\r")
_ENTRY = re.compile(r"(?P<digest>[0-9A-Fa-f]+)[ \t]+(?P<path>.*)", re.DOTALL)
_OXUM = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)", re.ASCII)
_HEX_PER_BYTE = 2
_DIGEST_BYTES = dict(zip(ALGORITHMS, (16, 20, 28, 32, 48, 64), strict=True))
# By the names of RFC 8493 and the IANA registry. Others are refused: Python knows encodings that unpack.
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii"} | {
    name: name for name in ("iso-8859-1", "utf-16", "utf-16le", "utf-16be")
}


@dataclass
class Findings:
    """What the checks of a bag find: problems, for which it is refused, and warnings."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, kind: str, where: str, what: str, expected: str = "", found: str = "") -> None:
        """Notes something that the specification forbids."""
        self.problems.append(Problem(kind, where, what, expected, found))

    def warn(self, where: str, what: str, expected: str = "", found: str = "") -> None:
        """Notes something that the specification advises against."""
        self.warnings.append(Problem("discouraged", where, what, expected, found))


@dataclass(frozen=True)
class Declaration:
    """What `bagit.txt` says.

    Args:
        version: `0.97` or `1.0`.
        encoding: Python's name of the encoding of the other tag files.
    """

    version: str
    encoding: str

    def text(self, data: bytes) -> str | None:
        """The text of another tag file; None if it is not in that encoding."""
        try:
            return data.decode(self.encoding)
        except UnicodeDecodeError:
            return None


def read_declaration(data: bytes, findings: Findings) -> Declaration | None:
    r"""The declaration in the bytes of `bagit.txt`; None, and a problem, if they are none.

    Where only spaces are wrong it is given out all the same, with the problem.

    Example:
        >>> read_declaration(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", Findings())
        Declaration(version='1.0', encoding='utf-8')
        >>> read_declaration(b"BagIt-Version: 1.0\n", Findings()) is None
        True
    """
    if data.startswith(codecs.BOM_UTF8):
        findings.problem("declaration", DECLARATION, "it begins with a byte-order mark")
        return None
    text = data.decode("utf-8", errors="replace")
    match = _DECLARED.fullmatch(text)
    if match is None:
        match = _MEANT.fullmatch(text)
        expected = "'BagIt-Version: 1.0' and 'Tag-File-Character-Encoding: UTF-8', nothing else"
        findings.problem("declaration", DECLARATION, "these are not the two lines of a bag", expected)
    if match is None:
        return None
    version, encoding = match[1], _ENCODINGS.get(match[2].lower())
    if version not in VERSIONS:
        findings.problem(
            "version", DECLARATION, "a version that is not read here", " or ".join(VERSIONS), version
        )
        return None
    if encoding is None:
        findings.problem(
            "encoding", DECLARATION, "an encoding that is not read here", ", ".join(_ENCODINGS), match[2]
        )
        return None
    if encoding != "utf-8":
        findings.warn(DECLARATION, "tag files in another encoding than UTF-8", found=match[2])
    return Declaration(version, encoding)


@dataclass(frozen=True)
class Manifest:
    """The digests of one algorithm that a manifest lists, by path."""

    name: str
    algorithm: str
    is_for_tags: bool
    digests: dict[str, str]


def read_manifest(name: str, data: bytes, declaration: Declaration, findings: Findings) -> Manifest | None:
    r"""The manifest in a file of that name; None if it cannot be used at all.

    Lines that cannot be used are problems; the others are kept.

    Example:
        >>> line = b"9a0364b9e99bb480dd25e1f0284c8555  data/a.txt\n"
        >>> found = read_manifest("manifest-md5.txt", line, Declaration("1.0", "utf-8"), Findings())
        >>> found.digests
        {'data/a.txt': '9a0364b9e99bb480dd25e1f0284c8555'}
    """
    match = MANIFEST.fullmatch(name)
    text = declaration.text(data)
    if match is None or text is None:
        findings.problem("encoding", name, "the file is not in the declared encoding", declaration.encoding)
        return None
    algorithm = match["algorithm"].lower()
    if algorithm not in ALGORITHMS:
        findings.problem(
            "algorithm", name, "an algorithm that cannot be checked here", ", ".join(ALGORITHMS), algorithm
        )
        return None
    if declaration.version != "0.97" and match["algorithm"] != algorithm:
        findings.problem(
            "algorithm", name, "the algorithm is not in lower case", algorithm, match["algorithm"]
        )
    if algorithm in _WEAK:
        findings.warn(name, "an algorithm against which forgeries are known", "sha512 or sha256", algorithm)
    reading = _ManifestReading(name, algorithm, bool(match["tag"]), declaration.version, findings)
    for number, line in enumerate(_lines(text), start=1):
        reading.line(number, line)
    return Manifest(name, algorithm, reading.is_for_tags, reading.digests)


@dataclass
class _ManifestReading:
    """The reading of one manifest, line by line."""

    name: str
    algorithm: str
    is_for_tags: bool
    version: str
    findings: Findings
    digests: dict[str, str] = field(default_factory=dict)

    def line(self, number: int, line: str) -> None:
        """Takes one line of a manifest: an entry, or a problem."""
        where = f"{self.name}, line {number}"
        match = _ENTRY.fullmatch(line)
        if match is None:
            self.findings.problem(
                "manifest", where, "this is no line of a manifest", "digest, space, path", line
            )
            return
        digest, path = match["digest"].lower(), self._path(match["path"], where)
        if len(digest) != _HEX_PER_BYTE * _DIGEST_BYTES[self.algorithm]:
            self.findings.problem("manifest", where, f"this is no digest of {self.algorithm}", found=digest)
        elif path is not None:
            self._enter(path, digest, where)

    def _path(self, text: str, where: str) -> str | None:
        """The path, if a manifest of this kind may list it."""
        text = self._without_marks(text, where)
        path = decoded_name(text, self.version)
        reason = "it is encoded in a way that RFC 8493 does not know" if path is None else unsafe(path)
        if path is None or reason is not None:
            self.findings.problem("path", where, f"the path cannot be used: {reason}", found=text)
            return None
        is_payload = path.startswith(PAYLOAD)
        if is_payload is self.is_for_tags:
            what = "a tag manifest lists payload" if is_payload else "the path is not in the payload"
            self.findings.problem("path", where, what, found=text)
            return None
        if self.is_for_tags and path.startswith("tagmanifest-"):
            self.findings.problem("path", where, "a tag manifest lists a tag manifest", found=text)
            return None
        return path

    def _without_marks(self, text: str, where: str) -> str:
        """The path without what the tools of 0.97 put before it; in 1.0 nothing stands there."""
        if self.version == "0.97" and text.startswith(("*", "./", "*./")):
            self.findings.warn(where, "a path as checksum tools write it", "no '*' and no './'", text)
            return text.removeprefix("*").removeprefix("./")
        return text

    def _enter(self, path: str, digest: str, where: str) -> None:
        held = self.digests.setdefault(path, digest)
        if held != digest:
            self.findings.problem(
                "duplicate", where, "a path is listed twice, with two digests", held, digest
            )
        elif where != self._first.setdefault(path, where):
            if self.version == "0.97":
                self.findings.warn(where, "a path is listed twice", found=path)
            else:
                self.findings.problem("duplicate", where, "a path is listed twice", found=path)

    _first: dict[str, str] = field(default_factory=dict)


def read_info(data: bytes, declaration: Declaration, findings: Findings) -> tuple[tuple[str, str], ...]:
    r"""The metadata of `bag-info.txt`: pairs of label and value, in order, continued lines joined.

    Example:
        >>> read_info(b"Payload-Oxum: 10.2\nNote: a\n  b\n", Declaration("1.0", "utf-8"), Findings())
        (('Payload-Oxum', '10.2'), ('Note', 'a b'))
    """
    text = declaration.text(data)
    if text is None:
        findings.problem("encoding", INFO, "the file is not in the declared encoding", declaration.encoding)
        return ()
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(_lines(text), start=1):
        if line[:1] in (" ", "\t") and pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {line.strip()}")
            continue
        label, colon, value = line.partition(":")
        if not colon or not _is_label(label, value, declaration.version):
            findings.problem("info", f"{INFO}, line {number}", "this is no metadata", "label: value", line)
        else:
            pairs.append((label.strip(), value.strip()))
    return tuple(pairs)


def _is_label(label: str, value: str, version: str) -> bool:
    """Whether label and value are divided as the version has it: in 1.0 `: ` and no space before."""
    if not label.strip():
        return False
    return version == "0.97" or (label == label.strip() and (not value or value[0] in " \t"))


def payload_oxum(pairs: tuple[tuple[str, str], ...], findings: Findings) -> tuple[int, int] | None:
    """Octets and number of payload files as the metadata state them; None if they do not.

    Example:
        >>> payload_oxum((("payload-oxum", "10.2"),), Findings())
        (10, 2)
    """
    stated = [value for label, value in pairs if label.lower() == "payload-oxum"]
    if not stated:
        findings.warn(
            INFO, "no Payload-Oxum, by which a cut copy is found at once", "Payload-Oxum: octets.files"
        )
        return None
    match = _OXUM.fullmatch(stated[0])
    if match is None or len(stated) > 1:
        findings.problem(
            "oxum", INFO, "Payload-Oxum is to stand there once", "octets.files", ", ".join(stated)
        )
        return None
    return int(match[1]), int(match[2])


def _lines(text: str) -> list[str]:
    """The lines of a tag file: only the line ends of RFC 8493 divide them, and the last may lack its own."""
    lines = _LINE.split(text)
    return lines[:-1] if lines[-1] == "" else lines
