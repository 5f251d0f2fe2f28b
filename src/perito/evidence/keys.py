"""Ed25519 keys of the custody log: signing, key ids, the text form for others, protected key files.

Names, ids and text forms are those of the C2SP signed note (c2sp.org/signed-note). A witness signs with
a key of its own kind: its signature carries the time at which it saw the log (c2sp.org/tlog-cosignature).
A key file is a PKCS #8 PEM that OpenSSL opens too; it belongs outside the case folder.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from perito import clock
from perito.errors import CaseError, EvidenceError, Missing
from perito.files import make_durable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
ROTATION_ACT = "key_rotated"
_PUBLIC_BYTES = 32
_TIME_BYTES = 8
_ROTATION_CONTEXT = "perito key rotation"
_ROTATION_MARK = f'"act":"{ROTATION_ACT}"'.encode()
# scrypt as in RFC 7914: 16 MiB and about 0.1 s a guess; OpenSSL refuses key files that need over 32 MiB.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**14, 8, 5
_SALT_BYTES = 16
_OID_PBES2 = bytes.fromhex("2a864886f70d01050d")
_OID_SCRYPT = bytes.fromhex("2b06010401da47040b")
_OID_AES_256_CBC = bytes.fromhex("60864801650304012a")
_SEQUENCE, _OCTETS, _INTEGER, _OID = 0x30, 0x04, 0x02, 0x06


class KeyKind(IntEnum):
    """The signature type identifiers of c2sp.org/signed-note that are used here."""

    LOG = 0x01
    WITNESS = 0x04


@dataclass(frozen=True)
class VerifierKey:
    """What others need to check signatures: the key's name, kind and public part.

    Args:
        name: Whose key it is, at best an address without scheme. No spaces, no plus sign.
        public: The 32 bytes of RFC 8032.
        kind: A log's key, or a witness's.

    Raises:
        CaseError: The name or the public part cannot be one.

    Example:
        >>> key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
        >>> key.name, key.key_id.hex(), key.kind.name
        ('example.com/foo', '530d903a', 'LOG')
    """

    name: str
    public: bytes
    kind: KeyKind = KeyKind.LOG

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise CaseError(
                f"'{self.name}' cannot name a key",
                expected="text without spaces and plus signs, for example unit4.example/case-7",
            )
        if len(self.public) != _PUBLIC_BYTES:
            raise _no_vkey(f"a public part of {len(self.public)} bytes")

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """The key from its text form, `name+id+base64(kind || public)`.

        Raises:
            CaseError: It is none, of another kind, or its id does not belong to it.
        """
        name, plus, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        material = decode_base64(encoded)
        if not plus or not material or material[0] not in tuple(KeyKind):
            raise _no_vkey(text)
        key = cls(name, material[1:], KeyKind(material[0]))
        if key.text != text:
            raise _no_vkey(f"the id {key_id} where the key has {key.key_id.hex()}")
        return key

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of `SHA-256(name || 0x0A || kind || public)`."""
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(material).digest()[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The text form to hand to others (a *vkey*)."""
        encoded = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether this key made that signature (without the key id) of a note's text."""
        if self.kind is KeyKind.WITNESS:
            if len(signature) != _TIME_BYTES + SIGNATURE_BYTES:
                return False
            seen_s, signature = int.from_bytes(signature[:_TIME_BYTES]), signature[_TIME_BYTES:]
            text = _witnessed(text, seen_s)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def witnessed_at_us(self, signature: bytes) -> int | None:
        """When the witness says that it saw the log, in microseconds; None for a log's own signature."""
        if self.kind is not KeyKind.WITNESS:
            return None
        return clock.epoch_us(int.from_bytes(signature[:_TIME_BYTES]))

    def pem(self) -> bytes:
        """The public key for other programs, such as `openssl pkeyutl -verify -pubin`."""
        return Ed25519PublicKey.from_public_bytes(self.public).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


@dataclass(frozen=True, eq=False)
class SigningKey:
    r"""A key that signs. Its text form shows the public part only.

    Args:
        name: As for `VerifierKey`.
        private: The key.
        kind: As for `VerifierKey`.

    Example:
        >>> key = SigningKey.new("unit4.example/case-7")
        >>> key.verifier.verifies(b"a note\n", key.sign(b"a note\n"))
        True
    """

    name: str
    private: Ed25519PrivateKey = field(repr=False)
    kind: KeyKind = KeyKind.LOG

    @classmethod
    def new(cls, name: str, kind: KeyKind = KeyKind.LOG) -> SigningKey:
        """A fresh key from the system's random source."""
        VerifierKey(name, bytes(_PUBLIC_BYTES), kind)  # refuses a wrong name before there is a key
        return cls(name, Ed25519PrivateKey.generate(), kind)

    @property
    def verifier(self) -> VerifierKey:
        """The public part."""
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw(), self.kind)

    def sign(self, text: bytes, at_us: int | None = None) -> bytes:
        """The signature of a note's text: 64 bytes, and before them the time if it is a witness's.

        Args:
            text: The text of the note, its last line end included.
            at_us: When a witness saw the log, in microseconds. A log's key states no time.

        Raises:
            CaseError: A witness without a time, or a time for a log's key.
        """
        if (at_us is None) is (self.kind is KeyKind.WITNESS):
            raise CaseError(
                "a witness signs with a time, a log without", where=self.name, expected=self.kind.name
            )
        if at_us is None:
            return self.private.sign(text)
        seen_s = at_us // clock.MICROSECONDS_PER_SECOND
        return seen_s.to_bytes(_TIME_BYTES) + self.private.sign(_witnessed(text, seen_s))

    def pem(self, passphrase: str | None) -> bytes:
        """The key as PKCS #8 PEM, encrypted with AES-256 under scrypt; None leaves it unprotected.

        Raises:
            CaseError: The passphrase is empty.
        """
        if passphrase == "":
            raise CaseError("a passphrase cannot be empty", remedy="give one, or say that there is none")
        plain = self.private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        if passphrase is None:
            return _pem("PRIVATE KEY", plain)
        return _pem("ENCRYPTED PRIVATE KEY", _encrypted(plain, passphrase.encode()))


def is_key_name(text: str) -> bool:
    """Whether a signed note may name a key so.

    Example:
        >>> is_key_name("unit4.example/case-7"), is_key_name("unit 4"), is_key_name("")
        (True, False, False)
    """
    return bool(text) and not any(c.isspace() or c == "+" or c < " " for c in text) and _is_unicode(text)


def decode_base64(text: str) -> bytes | None:
    """The bytes of a base64 text (RFC 4648, 4), or None unless it is exactly what encoding them gives.

    Python's own reader passes over bits that carry nothing, in which a flip would go unseen.

    Example:
        >>> decode_base64("QQ=="), decode_base64("QR==")
        (b'A', None)
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


def write_key(path: str | os.PathLike[str], key: SigningKey, passphrase: str | None) -> None:
    """Writes a key file, readable by its owner only, with the text form of the public part on its first line.

    Raises:
        CaseError: There is a file already, or the passphrase is empty.
        EvidenceError: It cannot be written.
    """
    data = f"{key.verifier.text}\n".encode() + key.pem(passphrase)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise CaseError(
            "there is a file already", where=str(path), remedy="a key is never overwritten; name another file"
        ) from None
    except OSError as fault:
        raise _unwritten(path, fault) from fault
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(handle)
        make_durable([Path(path).absolute().parent])
    except OSError as fault:
        raise _unwritten(path, fault) from fault


def read_key(path: str | os.PathLike[str], passphrase: str | None = None) -> SigningKey:
    """The key in a key file.

    Raises:
        Missing: There is no such file.
        CaseError: It is no key file, is protected and no or a wrong passphrase is given, or its first
            line belongs to another key.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_key(f"{folder}/case.key", SigningKey.new("unit4.example/case-7"), "correct horse")
        ...     read_key(f"{folder}/case.key", "correct horse").name
        'unit4.example/case-7'
    """
    where = str(path)
    try:
        data = Path(path).read_bytes()
    except OSError as fault:
        raise Missing("the key file cannot be read", where=where, found=str(fault.strerror)) from fault
    first, _, pem = data.partition(b"\n")
    try:
        stated = VerifierKey.parse(first.decode())
        protection = None if passphrase is None else passphrase.encode()
        private = serialization.load_pem_private_key(pem, protection)
    except (CaseError, ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise _unopened(where, fault) from fault
    if not isinstance(private, Ed25519PrivateKey):
        raise _unopened(where, "a key of another algorithm")
    key = SigningKey(stated.name, private, stated.kind)
    if key.verifier != stated:
        raise _unopened(where, "a public part on the first line that belongs to another key")
    return key


def rotation_record(old: SigningKey, new: SigningKey, at_us: int, reason: str) -> dict[str, Any]:
    """The record by which a log passes from one key to the next: each signs that the new one follows.

    Append it and sign the log with the new key from then on. A key that is lost cannot sign: then the new
    one has to be made known by other means.

    Args:
        old: The key that signed until now.
        new: Its successor.
        at_us: When, in microseconds since the epoch.
        reason: Why, in a sentence.

    Example:
        >>> old, new = (SigningKey.new("unit4.example/case-7") for _ in range(2))
        >>> record = rotation_record(old, new, 1767913200000000, "yearly change")
        >>> successor(record, old.verifier) == new.verifier
        True
    """
    text = rotation_text(old.verifier, new.verifier, at_us)
    return {
        "act": ROTATION_ACT,
        "at_us": at_us,
        "reason": reason,
        "old_key": old.verifier.text,
        "new_key": new.verifier.text,
        "old_signature": base64.b64encode(old.private.sign(text)).decode(),
        "new_signature": base64.b64encode(new.private.sign(text)).decode(),
    }


def successor(record: Mapping[str, Any], current: VerifierKey) -> VerifierKey | None:
    """The key that a rotation record puts in the place of the current one; None if it does not do so.

    None too if a signature on the record is not good: whoever follows keys through a log keeps the
    current one then.
    """
    try:
        old, new = (VerifierKey.parse(str(record.get(name))) for name in ("old_key", "new_key"))
    except CaseError:
        return None
    at_us = record.get("at_us")
    is_rotation = record.get("act") == ROTATION_ACT and isinstance(at_us, int) and old == current
    if not is_rotation or old.kind is not new.kind:
        return None
    text = rotation_text(old, new, int(record["at_us"]))
    pairs = ((old, "old_signature"), (new, "new_signature"))
    return new if all(_has_signed(key, text, record.get(name)) for key, name in pairs) else None


def key_in_force(entries: Iterable[bytes], first: VerifierKey) -> VerifierKey:
    """The key that signs for a log after its entries, followed from its first key through every rotation.

    Args:
        entries: The entries of the log, in order.
        first: The key that is known from elsewhere.

    Example:
        >>> key = SigningKey.new("unit4.example/case-7").verifier
        >>> key_in_force([b'{"act":"sealed"}'], key) == key
        True
    """
    key = first
    for entry in entries:
        if _ROTATION_MARK in entry:
            key = successor(_record(entry), key) or key
    return key


def der_element(tag: int, *contents: bytes) -> bytes:
    r"""One element of the Distinguished Encoding Rules (X.690): tag, length, contents joined.

    Example:
        >>> der_element(0x30, der_element(0x02, b"\x01")).hex()
        '3003020101'
    """
    body = b"".join(contents)
    if len(body) < 0x80:  # noqa: PLR2004  (X.690, 8.1.3.4: the short form ends here)
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + body


def der_integer(value: int) -> bytes:
    """A whole number, not negative, as a DER element."""
    return der_element(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _record(entry: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(entry)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}


def _witnessed(text: bytes, seen_s: int) -> bytes:
    return f"cosignature/v1\ntime {seen_s}\n".encode() + text


def rotation_text(old: VerifierKey, new: VerifierKey, at_us: int) -> bytes:
    """What both keys sign when one follows the other.

    Args:
        old: The key in force.
        new: The key that follows it.
        at_us: When, microseconds since 1970.
    """
    return f"{_ROTATION_CONTEXT}\n{old.text}\n{new.text}\n{at_us}\n".encode()


def _has_signed(key: VerifierKey, text: bytes, encoded: object) -> bool:
    signature = decode_base64(encoded) if isinstance(encoded, str) else None
    return signature is not None and VerifierKey(key.name, key.public).verifies(text, signature)


def _encrypted(plain: bytes, passphrase: bytes) -> bytes:
    """EncryptedPrivateKeyInfo with PBES2 (RFC 8018), scrypt (RFC 7914, 7) and AES-256-CBC.

    Written here because `BestAvailableEncryption` of cryptography 50 uses PBKDF2 with 2,048 rounds.
    """
    salt, start = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(algorithms.AES.block_size // 8)
    secret = Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P).derive(passphrase)
    padder = padding.PKCS7(algorithms.AES.block_size).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    hidden = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    costs = (der_integer(cost) for cost in (_SCRYPT_N, _SCRYPT_R, _SCRYPT_P))
    derivation = _algorithm(_OID_SCRYPT, der_element(_SEQUENCE, der_element(_OCTETS, salt), *costs))
    cipher = _algorithm(_OID_AES_256_CBC, der_element(_OCTETS, start))
    scheme = _algorithm(_OID_PBES2, der_element(_SEQUENCE, derivation, cipher))
    return der_element(_SEQUENCE, scheme, der_element(_OCTETS, hidden))


def _algorithm(oid: bytes, parameters: bytes) -> bytes:
    return der_element(_SEQUENCE, der_element(_OID, oid), parameters)


def _pem(label: str, data: bytes) -> bytes:
    encoded = base64.b64encode(data).decode()
    lines = [encoded[start : start + 64] for start in range(0, len(encoded), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_vkey(found: str) -> CaseError:
    return CaseError("this is no verifier key", expected="name+id+base64 of an Ed25519 key", found=found)


def _unwritten(path: str | os.PathLike[str], fault: OSError) -> EvidenceError:
    return EvidenceError("the key file cannot be written", where=str(path), found=str(fault.strerror))


def _unopened(where: str, fault: object) -> CaseError:
    return CaseError(
        "the key file cannot be opened",
        where=where,
        expected="a key file of perito and its passphrase",
        found=str(fault),
        remedy="check the passphrase and the file",
    )
