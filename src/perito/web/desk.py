"""What all requests share: the review, the evidence, the templates, the processes that read pictures."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, EvidenceError
from perito.evidence import Store
from perito.web.plain import plain_value
from perito.web.refused import Refused
from perito.web.sessions import Signer, secret_of
from perito.web.sources import standing_of
from perito.web.veil import Veil

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2

    from perito.web.review import Review

_PICTURES = "perito.web.pictures"
_ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3"'
    b' fill="#1d4f73"/><path d="M4 8.5l2.6 2.6L12 5.5" fill="none" stroke="#fff" stroke-width="2"/></svg>'
)


@dataclass
class Desk:
    """What the pages work with.

    Args:
        review: The review.
        language: The language of a visitor who chose none.
        hosts: The host names under which the server may be addressed.
        is_secure: Whether it is reached by TLS.
    """

    review: Review
    language: str = "es"
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "[::1]"})
    is_secure: bool = False
    _workers: dict[str, Any] = field(default_factory=dict)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _custody: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cookie_name(self) -> str:
        """The name of the session cookie; under TLS one that only this host can have set."""
        return "__Host-perito" if self.is_secure else "perito"

    @cached_property
    def store(self) -> Store:
        """The case's evidence."""
        return Store(self.review.folder / "evidence")

    @cached_property
    def templates(self) -> jinja2.Environment:
        """The templates, every value escaped."""
        import jinja2

        return jinja2.Environment(
            loader=jinja2.PackageLoader("perito.web", "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            finalize=plain_value,
        )

    @cached_property
    def static(self) -> dict[str, bytes]:
        """The style sheet and the script."""
        folder = files("perito.web") / "static"
        found = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}
        return {**found, "icon.svg": _ICON}

    @cached_property
    def template_version(self) -> str:
        """A digest of everything that makes up the page of an item."""
        digest = hashlib.sha256()
        for folder in ("templates", "static", "words"):
            entries = (files("perito.web") / folder).iterdir()
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_file():
                    digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
        return f"review-{digest.hexdigest()[:12]}"

    @cached_property
    def signer(self) -> Signer:
        """Signs the session cookie."""
        return Signer(secret_of(self.review), "session")

    @cached_property
    def form_signer(self) -> Signer:
        """Signs the token of the sign-in form."""
        return Signer(secret_of(self.review), "form")

    @cached_property
    def veil(self) -> Veil:
        """Names the readings on the pages."""
        return Veil(secret_of(self.review))

    def is_purged(self, content: Mapping[str, Any]) -> bool:
        """Whether bytes behind an item have been purged since it was put up for review."""
        named = [content.get("evidence_id"), *(medium["content_id"] for medium in content["media"])]
        return any(name is not None and standing_of(self.store, name) == "purged" for name in named)

    def picture(self, evidence_id: str, function: str, *, is_video: bool) -> bytes:
        """A picture of the evidence, drawn anew in a process apart.

        Args:
            evidence_id: The sealed bytes.
            function: `preview`, `greyscale` or `full`.
            is_video: Whether they are a video, shown as stills.

        Raises:
            Refused: `picture_unreadable`, with the reason; `withdrawn` where the bytes are no longer held.
        """
        try:
            with self.store.get(evidence_id) as stream:
                content = stream.read()
        except EvidenceError:
            raise Refused("withdrawn") from None
        try:
            outcome = self._worker(function, is_video=is_video).run(content)
        except CaseError as error:
            raise Refused("picture_unreadable", reason=str(error)) from None
        if outcome.refusal is not None:
            raise Refused("picture_unreadable", reason=outcome.refusal)
        return bytes(outcome.value)

    def note_custody(self, act: str, items: list[str], person_id: str, mode: str) -> None:
        """Write an act into the custody log of the case; durable when this returns."""
        with self._custody:
            self.store.custody.record(act, items=items, by=person_id, mode=mode)

    def _worker(self, function: str, *, is_video: bool) -> Any:  # noqa: ANN401  (a pool of processes)
        from perito.evidence.bounded import Workers

        name = f"{function}-{is_video}"
        with self._starting:
            if name not in self._workers:
                self._workers[name] = Workers(f"{_PICTURES}:{function}", 1, video=is_video)
            return self._workers[name]

    def close(self) -> None:
        """End the processes and close the review."""
        for workers in self._workers.values():
            workers.__exit__(None, None, None)
        self._workers.clear()
        self.review.close()
