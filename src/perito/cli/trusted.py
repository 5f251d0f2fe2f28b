"""What a reader brings to hold a custody log against: public keys, certificates of time authorities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from perito.errors import CaseError, Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.evidence.keys import VerifierKey
    from perito.evidence.log import Trust

_Decorated = TypeVar("_Decorated", bound=Callable[..., object])
_FILE = click.Path(path_type=Path)
_TRUST = {
    "root": "PEM file of the root certificates that you trust.",
    "authority": "PEM file of the authority's own certificate.",
    "intermediates": "PEM file of certificates in between.",
}

trusted_keys_option = click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="A key that you trust, or a file with keys."
)


def trust_options(function: _Decorated) -> _Decorated:
    """The options that name certificates and policy of a time authority."""
    for name, words in reversed(_TRUST.items()):
        function = click.option(f"--{name}", type=_FILE, metavar="FILE", help=words)(function)
    words = "The policy under which the authority has to answer, a dotted OID."
    return click.option("--policy", metavar="OID", help=words)(function)


def verifier_keys_in(given: tuple[str, ...]) -> list[VerifierKey] | None:
    """The public keys that are given, or that stand in the files of these names; None if none is given.

    Raises:
        CaseError: One is no public key.
        Missing: A file cannot be read.
    """
    from perito.evidence.keys import VerifierKey

    lines = []
    for one in given:
        lines += _lines(Path(one)) if Path(one).is_file() else [one]
    return [VerifierKey.parse(line) for line in lines] or None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as fault:
        raise Missing("the file of keys cannot be read", where=str(file), found=str(fault)) from fault


def trust_in(given: Mapping[str, Any]) -> Trust | None:
    """What time stamps are held against; None if no certificates are given.

    Raises:
        CaseError: Half of it is given, or a file is no certificate.
    """
    from perito.evidence.log import Trust

    if given["root"] is None and given["policy"] is None:
        if given["authority"] or given["intermediates"]:
            raise CaseError(
                "certificates are named, and no root that is trusted", remedy="give --root and --policy"
            )
        return None
    if given["root"] is None or given["policy"] is None:
        raise CaseError(
            "a time stamp is held against roots and a policy", remedy="give both --root and --policy"
        )
    return Trust.read(given["root"], given["policy"], given["authority"], given["intermediates"])
