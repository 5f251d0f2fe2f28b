"""C2PA manifests: read by the reference library without any fetch; integrity and trust told apart."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.errors import on_one_line
from perito.match.compiled import missing_extra
from perito.match.origin import model
from perito.match.origin.model import Declaration, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNTRUSTED = "signingCredential.untrusted"
_MARKS = (b"jumb", b"c2pa", b"provenance")
_NOT_FOUND = "ManifestNotFound"
_REMOTE = re.compile(r"https?://\S+")
_NO_NETWORK = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_FAULT_CHARACTERS = 200


@dataclass(frozen=True)
class Manifests:
    """What the C2PA manifests of a file say."""

    state: str
    declarations: tuple[Declaration, ...] = ()
    manifests: int = 0
    integrity: str | None = None
    trust: str | None = None
    codes: tuple[str, ...] = ()
    remote_url: str | None = None
    faults: tuple[str, ...] = ()


def read_manifests(data: bytes, media_type: str, trust_anchors: bytes | None = None) -> Manifests:
    """The manifests of a file; a file without a mark of one is not given to the library.

    Raises:
        CaseError: The extra `media` is not installed.
    """
    if not any(mark in data for mark in _MARKS):
        return Manifests(model.NONE)
    try:
        import c2pa
    except ImportError as error:
        raise missing_extra("c2pa-python") from error
    settings: dict[str, Any] = dict(_NO_NETWORK)
    if trust_anchors is not None:
        settings["trust"] = {"trust_anchors": trust_anchors.decode("ascii")}
        settings["verify"] = {**_NO_NETWORK["verify"], "verify_trust": True}
    try:
        with c2pa.Context(settings=c2pa.Settings.from_dict(settings)) as context:
            return _read(c2pa.Reader(media_type, io.BytesIO(data), context=context))
    except c2pa.C2paError as fault:
        return _not_read(str(fault))


def _not_read(fault: str) -> Manifests:
    if fault.startswith(_NOT_FOUND):
        return Manifests(model.NONE)
    remote = _REMOTE.search(fault)
    if remote is not None and fault.startswith("Remote"):
        return Manifests(model.REMOTE, remote_url=remote[0])
    if fault.startswith("NotSupported"):
        return Manifests(model.NONE)
    return Manifests(model.UNREADABLE, faults=(on_one_line(fault)[:_FAULT_CHARACTERS],))


def _read(reader: Any) -> Manifests:  # noqa: ANN401  (the library has no types)
    with reader:
        held = json.loads(reader.json())
        state, url = reader.get_validation_state(), reader.get_remote_url()
    codes = tuple(dict.fromkeys(one["code"] for one in held.get("validation_status", ()) if "code" in one))
    integrity = "invalid" if state == "Invalid" else "valid"
    trust = "trusted" if state == "Trusted" else "untrusted"
    declarations = tuple(_declarations(held, integrity, trust))
    return Manifests(
        state=model.DECLARED if declarations else model.OTHER,
        declarations=declarations,
        manifests=len(held.get("manifests", ())),
        integrity=integrity,
        trust=trust,
        codes=codes,
        remote_url=url,
    )


def _declarations(held: Mapping[str, Any], integrity: str, trust: str) -> Iterator[Declaration]:
    """Every source type that any manifest declares, those of the active manifest first."""
    active = held.get("active_manifest")
    for label, manifest in sorted(
        held.get("manifests", {}).items(), key=lambda one: (one[0] != active, one[0])
    ):
        signer = (manifest.get("signature_info") or {}).get("common_name")
        for value in dict.fromkeys(_source_types(manifest)):
            kind = kind_of(value)
            if kind is not None:
                yield Declaration(
                    "c2pa", kind, value.strip(), _generator(manifest), signer, integrity, trust, label
                )


def _source_types(manifest: Mapping[str, Any]) -> Iterator[str]:
    for assertion in manifest.get("assertions", ()):
        data = assertion.get("data")
        if not isinstance(data, dict):
            continue
        for action in data.get("actions", ()):
            if isinstance(action, dict) and isinstance(action.get("digitalSourceType"), str):
                yield action["digitalSourceType"]
        if isinstance(data.get("digitalSourceType"), str):
            yield data["digitalSourceType"]


def _generator(manifest: Mapping[str, Any]) -> str | None:
    infos = manifest.get("claim_generator_info") or []
    names = [" ".join(filter(None, (one.get("name"), one.get("version")))) for one in infos[:1]]
    return (names[0] if names else None) or manifest.get("claim_generator")
