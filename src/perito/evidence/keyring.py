"""Where signing keys live, outside every case, and how a case finds its own.

A case does not name a key in a file that anybody could change: its log does, by the keys that have signed
it (`log.vkey`). Whoever has the private part of the last of them signs every act without being asked, if
the passphrase comes from the environment. A log that nobody has signed yet takes the key that
`PERITO_KEY` names, or the one given to `perito log sign`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from perito.errors import CaseError, Missing, nearest
from perito.evidence.keys import KeyKind, SigningKey, VerifierKey, read_key, write_key

if TYPE_CHECKING:
    from perito.evidence.log import Log

KEYS_FOLDER = "PERITO_KEYS"
KEY = "PERITO_KEY"
PASSPHRASE = "PERITO_PASSPHRASE"  # noqa: S105  (a name)
PASSPHRASE_FILE = "PERITO_PASSPHRASE_FILE"  # noqa: S105  (a name)
_SUFFIX = ".key"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


def keys_folder() -> Path:
    """The folder of the keys: `PERITO_KEYS`, or `perito/keys` in the user's configuration folder (XDG)."""
    named = os.environ.get(KEYS_FOLDER)
    if named:
        return Path(named)
    configuration = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configuration) if configuration else Path.home() / ".config") / "perito" / "keys"


def passphrase_at_hand() -> str | None:
    """The passphrase from the environment or the file that it names; None if there is none.

    Raises:
        Missing: The file cannot be read.
    """
    named = os.environ.get(PASSPHRASE_FILE)
    return os.environ.get(PASSPHRASE) if named is None else passphrase_in(Path(named))


def passphrase_in(file: Path) -> str:
    """The first line of a file.

    Raises:
        Missing: It cannot be read.
    """
    try:
        return file.read_text("utf-8").split("\n", 1)[0]
    except (OSError, UnicodeDecodeError) as fault:
        raise Missing(
            "the file of the passphrase cannot be read", where=str(file), found=str(fault)
        ) from fault


def key_files() -> dict[Path, VerifierKey]:
    """The key files in the folder of the keys, each with its public part, oldest first.

    A file that is no key file is passed over.
    """
    found = {}
    for path in sorted(keys_folder().glob(f"*{_SUFFIX}"), key=lambda path: (_generation(path), path.name)):
        try:
            found[path] = VerifierKey.parse(path.read_bytes().partition(b"\n")[0].decode())
        except (CaseError, OSError, UnicodeDecodeError):
            continue
    return found


def find_key(name: str) -> Path:
    """The file of the key of that name, the latest if it was changed; a path to a key file is taken as it is.

    Raises:
        Missing: There is none.
    """
    if name.endswith(_SUFFIX) and Path(name).is_file():
        return Path(name)
    files = [path for path, key in key_files().items() if name in {key.name, path.stem}]
    if files:
        return files[-1]
    raise Missing(
        f"there is no key '{name}'",
        where=str(keys_folder()),
        remedy=nearest(name, {key.name for key in key_files().values()})
        if key_files()
        else "make one with 'perito key new'",
    )


def keep_key(key: SigningKey, passphrase: str | None) -> Path:
    """Puts a key into the folder of the keys and gives its file; an older one of that name is kept beside it.

    Raises:
        CaseError: The passphrase is empty.
        EvidenceError: The file cannot be written.
    """
    folder = keys_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem, number = _UNFIT.sub("_", key.name), 1
    path = folder / f"{stem}{_SUFFIX}"
    while path.exists():
        number += 1
        path = folder / f"{stem}~{number}{_SUFFIX}"
    write_key(path, key, passphrase)
    return path


def own_key_file(log: Log) -> Path | None:
    """The file of the key that signs for a log: the last that did, or for a new one that of `PERITO_KEY`.

    Raises:
        SealBroken: The log's file of keys is damaged.
        Missing: `PERITO_KEY` names a key that is not there.
    """
    held = log.keys()
    signed = [key for key in held if key.kind is KeyKind.LOG]
    if signed:
        return next((path for path, key in key_files().items() if key == signed[-1]), None)
    named = os.environ.get(KEY)
    return find_key(named) if named else None


def keys_at_hand(log: Log) -> tuple[SigningKey, ...]:
    """The key that signs for a log, if it is here and can be opened without a question.

    Raises:
        CaseError: The passphrase that the environment gives does not open it.
        Missing: As for `own_key_file`.
    """
    path = own_key_file(log)
    if path is None:
        return ()
    passphrase = passphrase_at_hand()
    return (
        ()
        if passphrase is None and is_protected(path)
        else (read_key(path, passphrase if is_protected(path) else None),)
    )


def is_protected(path: Path) -> bool:
    """Whether a key file needs a passphrase."""
    return b"ENCRYPTED" in path.read_bytes()


def _generation(path: Path) -> int:
    number = path.stem.rpartition("~")[2]
    return int(number) if "~" in path.stem and number.isdecimal() else 1
