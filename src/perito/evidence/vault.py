"""The vault of a store: confidential bytes encrypted with age for several people, and opened again.

A file is hashed while it is encrypted, so its name is the digest of its plain bytes and its own digest is
known besides. Each is encrypted for every recipient of the vault: the case's key and at least one recovery
key, because bytes whose only key is lost are lost evidence. Identities (the private parts) live outside
every case, beside the signing keys. Files and keys are those of age (age-encryption.org/v1): its own
program opens them.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from perito.errors import CaseError, EvidenceError, Missing, SealBroken
from perito.evidence.archive import HEAD_BYTES
from perito.evidence.keyring import keys_folder, passphrase_at_hand
from perito.evidence.objects import Fingerprint, Objects, write_all
from perito.ids import evidence_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VAULT_FOLDER = "vault"
RECIPIENTS_FILE = "recipients.txt"
IDENTITY_SUFFIX = ".agekey"
RECIPIENTS_MIN = 2
"""A vault needs the case's key and a recovery key."""

PLAIN_BYTES_LIMIT = 1 << 32
"""The largest item that is decrypted into memory; a larger one is opened with `age` itself."""

_SECRET = "AGE-SECRET-KEY-1"  # noqa: S105  (how such a line begins)
_AGE_HEADER = b"age-encryption.org/v1"
_FILE_BYTES = 1 << 20


@dataclass(frozen=True)
class Recipient:
    """Somebody for whom the vault is encrypted.

    Args:
        name: Who holds the identity, for example `case` or `recovery`.
        key: The public part, `age1..`.
    """

    name: str
    key: str

    @classmethod
    def of(cls, name: str, key: str) -> Recipient:
        """The recipient, checked.

        Raises:
            CaseError: The name has no letters, or the key is none of age's.
        """
        import pyrage

        if not name.strip() or "\n" in name:
            raise CaseError("a recipient needs a name", found=repr(name))
        try:
            pyrage.x25519.Recipient.from_str(key)
        except pyrage.RecipientError as fault:
            raise CaseError(
                "this is no public key of age", where=name, expected="age1..", found=key[:80]
            ) from fault
        return cls(name.strip(), key)


@dataclass(frozen=True)
class Encrypted:
    """What one pass of encryption tells.

    Args:
        plain: Digest, size and beginning of the plain bytes.
        digest: SHA-256 of the encrypted file, in hexadecimal.
        bytes: Its size.
        recipients: For whom it is, by the public keys.
    """

    plain: Fingerprint
    digest: str
    bytes: int
    recipients: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """What the log says of it, besides the digest of the plain bytes."""
        return {
            "cipher": "age-encryption.org/v1",
            "cipher_digest": f"sha256:{self.digest}",
            "cipher_bytes": self.bytes,
            "recipients": list(self.recipients),
        }


class Vault:
    """The vault of the store in a folder. Nothing is created before the first recipient is added.

    Args:
        store_path: The store's folder; the vault lies in `vault/` in it.
    """

    def __init__(self, store_path: Path) -> None:
        self.folder = store_path / VAULT_FOLDER
        self.recipients_file = self.folder / RECIPIENTS_FILE

    def path(self, item_id: str) -> Path:
        """Where the encrypted file of an item lies or would lie; it is named by the plain bytes."""
        return Objects(self.folder.parent).encrypted_path(item_id)

    def recipients(self) -> tuple[Recipient, ...]:
        """For whom the vault is encrypted from now on.

        Raises:
            CaseError: The file of recipients is damaged.
        """
        if not self.recipients_file.exists():
            return ()
        named, found = "", []
        for line in self.recipients_file.read_text("utf-8").splitlines():
            if line.startswith("#"):
                named = line.removeprefix("#").strip()
            elif line.strip():
                found.append(Recipient.of(named or "unnamed", line.strip()))
                named = ""
        return tuple(found)

    def set_recipients(self, recipients: Iterable[Recipient]) -> None:
        """Writes for whom the vault is; the file is one that `age -R` reads.

        Raises:
            CaseError: They are fewer than a vault needs, or one is named twice.
        """
        every = list(recipients)
        _check_recipients(every)
        self.folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f"# {one.name}\n{one.key}\n" for one in every)
        part = self.recipients_file.with_suffix(".part")
        part.write_text(text, "utf-8")
        part.replace(self.recipients_file)

    def expect_recipients(self) -> tuple[Recipient, ...]:
        """For whom the vault is, if they are as many as it needs.

        Raises:
            CaseError: They are not.
        """
        recipients = self.recipients()
        _check_recipients(recipients)
        return recipients

    def encrypt(self, source: BinaryIO, into: int) -> Encrypted:
        """Encrypts and hashes what can be read from a stream, in one pass.

        Args:
            source: The plain bytes, at their beginning.
            into: The descriptor that takes the encrypted file.

        Raises:
            CaseError: The vault has not the recipients that it needs.
        """
        import pyrage

        recipients = self.expect_recipients()
        reader, writer = _HashingReader(source), _HashingWriter(into)
        keys = [pyrage.x25519.Recipient.from_str(one.key) for one in recipients]
        try:
            pyrage.encrypt_io(reader, writer, keys)
        finally:
            _raise_first(reader.fault, writer.fault)  # the library keeps a fault of ours to itself
        return Encrypted(
            Fingerprint(evidence_id(reader.digest.hexdigest()), reader.size, reader.head),
            writer.digest.hexdigest(),
            writer.size,
            tuple(one.key for one in recipients),
        )

    def open(self, item_id: str, size: int) -> BinaryIO:
        """The plain bytes of an item, in memory, checked against their digest.

        Args:
            item_id: The digest of the plain bytes.
            size: Their number: decrypting stops at it.

        Raises:
            EvidenceError: No identity at hand opens it, or it is too large for memory.
            SealBroken: The file is gone or damaged, or holds other bytes.
        """
        if size > PLAIN_BYTES_LIMIT:
            raise EvidenceError(
                "the item is too large to be decrypted in memory",
                where=item_id,
                expected=f"at most {PLAIN_BYTES_LIMIT} bytes",
                found=str(size),
                remedy="decrypt it with the program age to a place that you trust",
            )
        plain = _Plain(size)
        try:
            self._decrypt(item_id, plain)
            plain.expect(item_id)
        except BaseException:
            plain.stream.close()
            raise
        plain.stream.seek(0)
        return plain.stream

    def can_open(self) -> bool:
        """Whether an identity is at hand."""
        return bool(identities_at_hand())

    def _decrypt(self, item_id: str, into: _Plain) -> None:
        import pyrage

        identities = identities_at_hand()
        if not identities:
            raise _no_identity(item_id, "no identity")
        try:
            with self.path(item_id).open("rb") as stream:
                pyrage.decrypt_io(stream, into, identities)
        except FileNotFoundError:
            raise SealBroken(
                "the encrypted file is gone", where=item_id, expected=str(self.path(item_id)),
                remedy="restore it from a copy",
            ) from None  # fmt: skip
        except pyrage.DecryptError as fault:
            if "matching" in str(fault):
                raise _no_identity(item_id, f"{len(identities)} that are not for it") from fault
            raise _broken(item_id, str(fault)) from fault
        except (OSError, _TooMany) as fault:
            raise _broken(item_id, str(fault)) from fault


def new_identity(name: str, passphrase: str | None) -> tuple[Path, Recipient]:
    """Makes an identity in the folder of the keys, and gives its file and its public part.

    Args:
        name: Whose it is; the file's name.
        passphrase: What protects the file; None writes it as it is, readable for the owner alone.

    Raises:
        CaseError: There is one of that name, or the passphrase is empty.
    """
    import pyrage

    if passphrase == "":
        raise CaseError("the passphrase is empty", where=name)
    identity = pyrage.x25519.Identity.generate()
    recipient = Recipient.of(name, str(identity.to_public()))
    if Path(name).name != name or name.startswith("."):
        raise CaseError("the name of an identity cannot be a path", where=name)
    folder = keys_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}{IDENTITY_SUFFIX}"
    text = f"# {name}\n# public key: {recipient.key}\n{identity}\n".encode()
    content = text if passphrase is None else pyrage.passphrase.encrypt(text, passphrase)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise CaseError("there is an identity of that name", where=str(path)) from None
    try:
        write_all(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    return path, recipient


def identities_at_hand() -> list[Any]:
    """The identities in the folder of the keys that open without a question.

    One that a passphrase protects counts if the environment gives it (`PERITO_PASSPHRASE_FILE`).
    """
    folder = keys_folder()
    found: list[Any] = []
    for path in sorted(folder.glob(f"*{IDENTITY_SUFFIX}")) if folder.is_dir() else ():
        found += _identities_in(path, path.stat().st_mtime_ns, passphrase_at_hand())
    return found


@lru_cache(maxsize=64)
def _identities_in(path: Path, _changed_ns: int, passphrase: str | None) -> tuple[Any, ...]:
    """The identities in a file; none where it needs a passphrase that is not there, or is no such file."""
    import pyrage

    content = path.read_bytes()[:_FILE_BYTES]
    if content.startswith(_AGE_HEADER):
        if passphrase is None:
            return ()
        try:
            content = cast("bytes", pyrage.passphrase.decrypt(content, passphrase))
        except pyrage.DecryptError:
            return ()  # the passphrase is that of another key
    lines = (line.strip() for line in content.decode("utf-8", "replace").splitlines())
    return tuple(_identity(line, path) for line in lines if line.startswith(_SECRET))


def _identity(line: str, path: Path) -> Any:  # noqa: ANN401  (a library's own type)
    import pyrage

    try:
        return pyrage.x25519.Identity.from_str(line)
    except pyrage.IdentityError:
        raise Missing("the file holds no identity of age", where=str(path)) from None


class _HashingReader:
    """Plain bytes on their way to the library, counted and hashed."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest, self.size, self.head = hashlib.sha256(), 0, b""
        self.fault: Exception | None = None

    def read(self, count: int = -1) -> bytes:
        """As a file reads; a fault is kept, since the encryption library does not pass it on."""
        try:
            chunk = self._source.read(count)
        except OSError as fault:
            self.fault = self.fault or fault
            raise
        self.digest.update(chunk)
        self.size += len(chunk)
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
        return chunk


class _HashingWriter:
    """Encrypted bytes on their way to the disk, counted and hashed."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.digest, self.size = hashlib.sha256(), 0
        self.fault: Exception | None = None

    def write(self, chunk: bytes) -> int:
        try:
            write_all(self._handle, chunk)
        except EvidenceError as fault:
            self.fault = self.fault or fault
            raise
        self.digest.update(chunk)
        self.size += len(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Nothing is held back."""


def _raise_first(*faults: Exception | None) -> None:
    for fault in faults:
        if fault is not None:
            raise fault


class _TooMany(Exception):  # noqa: N818  (never leaves this module)
    """More bytes come out than were sealed."""


class _Plain:
    """Plain bytes that touch no disk: a file in memory, no larger than was sealed."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.digest = hashlib.sha256()
        self.stream: BinaryIO = os.fdopen(os.memfd_create("perito-vault"), "w+b")

    def write(self, chunk: bytes) -> int:
        self._left -= len(chunk)
        if self._left < 0:
            raise _TooMany("more bytes than were sealed")
        self.digest.update(chunk)
        return self.stream.write(chunk)

    def flush(self) -> None:
        """Nothing has to be forced anywhere."""

    def expect(self, item_id: str) -> None:
        """Refuses bytes that are not those of an item.

        Raises:
            SealBroken: They are others.
        """
        found = evidence_id(self.digest.hexdigest())
        if found != item_id:
            raise _broken(item_id, found)


def _check_recipients(recipients: Sequence[Recipient]) -> None:
    keys = {one.key for one in recipients}
    if len(keys) < max(RECIPIENTS_MIN, len(recipients)):
        raise CaseError(
            "a vault needs the case's key and a recovery key",
            expected=f"at least {RECIPIENTS_MIN} recipients, each once",
            found=", ".join(one.name for one in recipients) or "none",
            remedy="make identities with 'perito vault new' and name them with 'perito vault recipients'",
        )


def _no_identity(item_id: str, found: str) -> EvidenceError:
    return EvidenceError(
        "the item is encrypted, and no identity here opens it",
        where=item_id,
        expected=f"an identity of one of its recipients in {keys_folder()}",
        found=found,
        remedy="put the identity there, or say its passphrase in PERITO_PASSPHRASE_FILE",
    )


def _broken(item_id: str, found: str) -> SealBroken:
    return SealBroken(
        "the encrypted bytes are not those that were sealed",
        where=item_id,
        expected=item_id,
        found=found,
        remedy="run 'perito check' and restore the item from a copy",
    )
