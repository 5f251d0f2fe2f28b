"""What a file declares of its origin, as frozen values, and the closed wording for it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.findings import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

DECLARED = "declared"
"""At least one declaration of an origin."""
OTHER = "manifest_without_origin"
"""A manifest that says nothing of the kind of source."""
REMOTE = "remote_manifest"
"""The file points to a manifest elsewhere; it was not fetched."""
UNREADABLE = "unreadable"
"""Something is there that cannot be read."""
NONE = "none"
"""No declaration found, which says nothing."""


@dataclass(frozen=True)
class Declaration:
    """One declaration in a file.

    Args:
        carrier: `c2pa`, `xmp` or `png_text`.
        kind: What is declared: a key of `kinds` in `words.toml`, such as `ai_generated`.
        value: The declared value itself; of parameters only the keyword: prompts may name people.
        by: The program or generator that the declaration names; None where it names none.
        signer: Who signed it; None where nothing is signed.
        integrity: `valid`, `invalid` or `unsigned`: whether the file is as it was when it was signed.
        trust: `trusted` or `untrusted`: whether the signer is one of those trusted; None if unsigned.
        place: Where it stands: the label of the manifest, the XMP property, the keyword of the text.
        digest: SHA-256 of what is not repeated here (parameters), as hex; None where all is repeated.
    """

    carrier: str
    kind: str
    value: str
    by: str | None
    signer: str | None
    integrity: str
    trust: str | None
    place: str
    digest: str | None = None


@dataclass(frozen=True)
class DeclaredOrigin:
    """Everything that a file declares of its origin.

    Args:
        media_type: The kind of file, from its bytes.
        state: `declared`, `manifest_without_origin`, `remote_manifest`, `unreadable` or `none`.
        declarations: What is declared, the active manifest first.
        manifests: How many C2PA manifests the file carries.
        integrity: Of the C2PA manifests: `valid`, `invalid`, or None without any.
        trust: Of their signer: `trusted`, `untrusted`, or None without any.
        codes: The failures that the C2PA reader names, such as `signingCredential.untrusted`.
        remote_url: Address of a manifest elsewhere, never fetched.
        faults: What could not be read, in words.
    """

    media_type: str
    state: str
    declarations: tuple[Declaration, ...] = ()
    manifests: int = 0
    integrity: str | None = None
    trust: str | None = None
    codes: tuple[str, ...] = ()
    remote_url: str | None = None
    faults: tuple[str, ...] = ()

    def text(self) -> Text:
        """The one sentence that may be printed of it; never that something was detected, or is real."""
        if self.state == DECLARED:
            first = self.declarations[0]
            said = words()["kinds"][first.kind], words()["by"]["known" if first.by else "unknown"]
            return _joined(*said, _signed(first.integrity, first.trust), by=first.by)
        state = words()["states"][self.state]
        return _joined(state, *([_signed(self.integrity, self.trust)] if self.integrity else []))

    def to_json(self) -> dict[str, Any]:
        """All of it, for programs and for the column `media.c2pa`."""
        return {
            "media_type": self.media_type,
            "state": self.state,
            "declarations": [vars(one) for one in self.declarations],
            "manifests": self.manifests,
            "integrity": self.integrity,
            "trust": self.trust,
            "codes": list(self.codes),
            "remote_url": self.remote_url,
            "faults": list(self.faults),
        }


@cache
def words() -> Mapping[str, Any]:
    """Which values declare what, and the words for it."""
    return tomllib.loads((files("perito.match.origin") / "words.toml").read_text("utf-8"))


def kind_of(value: str) -> str | None:
    """What a digital source type declares; None for one that declares nothing of this kind.

    Example:
        >>> kind_of(" http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia ")
        'ai_generated'
    """
    kind: str | None = words()["source_types"].get(value.strip().rstrip("/").rpartition("/")[2])
    return kind


def _signed(integrity: str, trust: str | None) -> Mapping[str, str]:
    phrase: Mapping[str, str] = words()["signed"][integrity if trust is None else f"{integrity}_{trust}"]
    return phrase


def _joined(*phrases: Mapping[str, str], by: str | None = None) -> Text:
    english, spanish = ("".join(phrase[language] for phrase in phrases) for language in ("en", "es"))
    return Text(english, spanish, {} if by is None else {"by": by})
