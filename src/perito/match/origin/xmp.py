"""The digital source type in XMP metadata (ISO 16684-1; IPTC Photo Metadata, Iptc4xmpExt:DigitalSourceType).

A document type or an entity in the metadata is refused; nothing is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.errors import Malformed
from perito.match.compiled import missing_extra
from perito.match.origin.model import Declaration, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_START, _END = b"<x:xmpmeta", b"</x:xmpmeta>"
_PACKET_BYTES = 1 << 24
_IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_BY = ("{http://ns.adobe.com/xap/1.0/}CreatorTool", "{http://ns.adobe.com/photoshop/1.0/}Credit")


def packet_in(data: bytes) -> bytes | None:
    """The first XMP packet in the bytes of a file of any kind; None if there is none.

    Example:
        >>> packet_in(b"..<x:xmpmeta a=''></x:xmpmeta>..")
        b"<x:xmpmeta a=''></x:xmpmeta>"
    """
    start = data.find(_START)
    end = data.find(_END, start, start + _PACKET_BYTES) if start >= 0 else -1
    return None if end < 0 else data[start : end + len(_END)]


def xmp_declarations(packet: bytes, where: str) -> list[Declaration]:
    """The digital source types that the metadata declares.

    Raises:
        Malformed: The metadata is no XML, or holds a document type or entities.
        CaseError: The extra `media` is not installed.
    """
    root = _parsed(packet, where)
    by = next((text for name in _BY for text in _values(root, name)), None)
    return [
        Declaration("xmp", kind, value, by, None, "unsigned", None, "Iptc4xmpExt:DigitalSourceType")
        for value in _values(root, _IPTC)
        if (kind := kind_of(value)) is not None
    ]


def _parsed(packet: bytes, where: str) -> Element:
    try:
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring
    except ImportError as error:
        raise missing_extra("defusedxml") from error
    try:
        root: Element = fromstring(packet, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as fault:
        raise Malformed("the XMP metadata cannot be read", where=where, found=str(fault)[:200]) from fault
    return root


def _values(root: Element, name: str) -> Iterator[str]:
    """The values of a property, written as an attribute, as text, as a reference, or as items of a list."""
    for element in root.iter():
        if (attribute := element.get(name)) and attribute.strip():
            yield attribute.strip()
        if element.tag == name:
            inner = [
                element.get(_RESOURCE) or "",
                *(text for part in element.iter() for text in (part.text or "",)),
            ]
            yield from (text.strip() for text in inner if text.strip())
