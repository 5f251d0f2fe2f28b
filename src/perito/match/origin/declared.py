"""Reads what a file declares of its origin, from all carriers, without any network."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from perito.errors import Malformed, Missing
from perito.evidence.media_type import media_type_of
from perito.match.origin import model
from perito.match.origin.manifests import read_manifests
from perito.match.origin.model import Declaration, DeclaredOrigin
from perito.match.origin.png_text import png_texts, text_declarations
from perito.match.origin.xmp import packet_in, xmp_declarations

if TYPE_CHECKING:
    import os

_FILE_BYTES = 1 << 28
_HEAD_BYTES = 512


def declared_origin(
    source: str | os.PathLike[str] | bytes, *, trust_anchors: bytes | None = None
) -> DeclaredOrigin:
    """What a file declares of how it was made; nothing is inferred from the picture.

    C2PA manifests are walked, the active one and those of its ingredients; integrity (the file is as it was
    signed) and trust (in the signer) are told apart. A manifest elsewhere is named, never fetched. XMP and
    PNG texts are unsigned: whoever had the file could write or remove them.

    Args:
        source: A path, or the bytes.
        trust_anchors: Certificates in PEM whose signers are trusted; without any no signer is.

    Returns:
        The declarations. None found says nothing: one ordinary re-save removes them all.

    Raises:
        Missing: There is no such file.
        Malformed: The file is empty, or too large to be read for this.
        CaseError: The extra `media` is not installed.

    Example:
        >>> found = declared_origin(b"GIF89a" + bytes(20))
        >>> found.state, found.text().en
        ('none', 'no declaration found (says nothing)')
    """
    data, where = _bytes_of(source)
    kind = media_type_of("", data[:_HEAD_BYTES])
    c2pa = read_manifests(data, kind, trust_anchors)
    unsigned, faults = _unsigned(data, kind, where)
    declarations = (*c2pa.declarations, *unsigned)
    return DeclaredOrigin(
        media_type=kind,
        state=model.DECLARED if declarations else _state_without(c2pa.state, faults),
        declarations=declarations,
        manifests=c2pa.manifests,
        integrity=c2pa.integrity,
        trust=c2pa.trust,
        codes=c2pa.codes,
        remote_url=c2pa.remote_url,
        faults=(*c2pa.faults, *faults),
    )


def _state_without(state: str, faults: tuple[str, ...]) -> str:
    return model.UNREADABLE if state == model.NONE and faults else state


def _bytes_of(source: str | os.PathLike[str] | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        data, where = source, "bytes"
    else:
        path = Path(source)
        if not path.is_file():
            raise Missing("there is no such file", where=str(path), remedy="give the path of a file")
        if path.stat().st_size > _FILE_BYTES:
            raise Malformed(
                "the file is too large to be read for declarations",
                where=str(path), expected=f"at most {_FILE_BYTES} bytes", found=str(path.stat().st_size),
            )  # fmt: skip
        data, where = path.read_bytes(), str(path)
    if not data:
        raise Malformed("the file is empty: nothing of it can be read", where=where)
    return data, where


def _unsigned(data: bytes, kind: str, where: str) -> tuple[list[Declaration], tuple[str, ...]]:
    """Declarations in XMP and PNG texts, and what of these could not be read."""
    found: list[Declaration] = []
    faults: list[str] = []
    packet = packet_in(data)
    if kind == "image/png":
        try:
            texts = png_texts(io.BytesIO(data), where)
        except Malformed as error:
            texts = {}
            faults.append(str(error))
        packet = texts.pop("XML:com.adobe.xmp", packet)
        found += text_declarations(texts)
    if packet is not None:
        try:
            found = [*xmp_declarations(packet, where), *found]
        except Malformed as error:
            faults.append(str(error))
    return found, tuple(faults)
