"""RFC 3161 time stamps: the query, the token that answers it, and when the token is good.

A token shows that some bytes existed before a time, by the word of an authority. It is good only against
what is given from outside: the roots of the authority, its policy, the nonce of the query.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import rfc3161_client as rfc3161
from cryptography import x509

from perito import clock
from perito.errors import CaseError, EvidenceError, Missing
from perito.evidence.keys import der_element, der_integer

if TYPE_CHECKING:
    import os

CLOCK_TOLERANCE_US = 300 * clock.MICROSECONDS_PER_SECOND
"""By how much an authority's clock may be ahead of the one at which a token is validated."""

_SHA256_OID = "2.16.840.1.101.3.4.2.1"
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # AlgorithmIdentifier with NULL parameters
_SEQUENCE, _OCTETS, _BOOLEAN = 0x30, 0x04, 0x01
_TRUE = b"\xff"
_US_PER_MS = 1_000


@dataclass(frozen=True)
class Trust:
    """What a token is held against. All of it comes from outside the case.

    Args:
        roots: Self-signed certificates that are trusted.
        policy: The policy under which the authority has to have answered, a dotted OID.
        authority: The certificate of the authority; needed where tokens do not carry it.
        intermediates: Certificates between authority and root.

    Raises:
        CaseError: No root, a policy that is no OID, or a self-signed certificate that is not among the roots.
    """

    roots: tuple[x509.Certificate, ...]
    policy: str
    authority: x509.Certificate | None = None
    intermediates: tuple[x509.Certificate, ...] = ()

    def __post_init__(self) -> None:
        if not self.roots:
            raise CaseError("a time stamp cannot be verified without a trusted root certificate")
        _ = self.policy_oid
        # rfc3161-client puts all of them in one store, in which what is self-signed is a root.
        for certificate in self._others():
            if certificate.subject == certificate.issuer and certificate not in self.roots:
                raise CaseError(
                    "a self-signed certificate is trusted only as a root",
                    where=certificate.subject.rfc4514_string(),
                    remedy="name it as a root, or leave it out",
                )

    @classmethod
    def read(
        cls,
        roots: str | os.PathLike[str],
        policy: str,
        authority: str | os.PathLike[str] | None = None,
        intermediates: str | os.PathLike[str] | None = None,
    ) -> Trust:
        """The same from PEM files; those of roots and intermediates may hold several certificates.

        Raises:
            Missing: A file cannot be read.
            CaseError: It holds no certificate, or as for the class.
        """
        return cls(
            _certificates(roots),
            policy,
            _certificates(authority)[0] if authority is not None else None,
            _certificates(intermediates) if intermediates is not None else (),
        )

    @property
    def policy_oid(self) -> x509.ObjectIdentifier:
        """The policy as an object identifier."""
        try:
            return x509.ObjectIdentifier(self.policy)
        except ValueError:
            raise CaseError(
                f"'{self.policy}' is no policy of a time authority", expected="a dotted OID"
            ) from None

    @property
    def expires_us(self) -> int:
        """When the first of the certificates expires; stamps have to be renewed before."""
        return min(clock.instant_us(one.not_valid_after_utc) for one in (*self.roots, *self._others()))

    def _others(self) -> tuple[x509.Certificate, ...]:
        return (*self.intermediates, *([self.authority] if self.authority else []))


@dataclass(frozen=True)
class Stamp:
    """What a token says.

    Args:
        time_us: The time before which the bytes existed, in microseconds since the epoch.
        accuracy_us: By how much the authority says that its time may be off; None: it does not say.
        policy: The policy under which it answered.
        serial: Its number for the token.
        authority: Its name as in the token; empty if the token has none.
        validated_at_us: When the token was held against the trusted roots; None: it was not.
        expires_us: When the first certificate of the chain expires; None: it was not looked at.
    """

    time_us: int
    accuracy_us: int | None
    policy: str
    serial: int
    authority: str
    validated_at_us: int | None = None
    expires_us: int | None = None

    @property
    def is_verified(self) -> bool:
        """Whether it was held against trusted roots."""
        return self.validated_at_us is not None


def query_der(data: bytes, nonce: int, *, certificates: bool = False) -> bytes:
    """The bytes of a time-stamp query (TimeStampReq, RFC 3161, 2.4.1) for the SHA-256 of some data.

    Args:
        data: What is to be stamped.
        nonce: A random number that the answer has to repeat.
        certificates: Ask for the authority's certificates in the token. Some authorities write them in an
            order that strict readers refuse.

    Example:
        >>> query_der(b"", 1).hex()[:20]
        '30390201013031300d06'
    """
    imprint = der_element(_SEQUENCE, _SHA256, der_element(_OCTETS, hashlib.sha256(data).digest()))
    wanted = der_element(_BOOLEAN, _TRUE) if certificates else b""
    return der_element(_SEQUENCE, der_integer(1), imprint, der_integer(nonce), wanted)


def nonce_in(response: bytes) -> int | None:
    """The nonce that a response repeats; None if it repeats none.

    Raises:
        EvidenceError: It is no response with a token.
    """
    return _opened(response)[1].nonce


def read_stamp(data: bytes, nonce: int, response: bytes) -> Stamp:
    """What the token in a response says of the data. Who signed it is not looked at.

    Raises:
        EvidenceError: The authority refused, or answered something else.
    """
    answer, info = _opened(response)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities in names, which prove nothing
            facts, stamp = _facts(answer, info), _said(info)
    except Exception as fault:  # the library raises whatever it meets in hostile bytes
        raise _failed("a token that cannot be read", "TSTInfo in DER", str(fault)) from fault
    asked = (rfc3161.PKIStatus.GRANTED.name, _SHA256_OID, hashlib.sha256(data).hexdigest(), f"{nonce:x}")
    for (name, found), expected in zip(facts, asked, strict=True):
        if expected != found:
            raise _failed(f"another {name} than was asked for", expected, found)
    return stamp


def verify_stamp(data: bytes, nonce: int, response: bytes, trust: Trust, validated_at_us: int) -> Stamp:
    """What the token in a response says of the data, its signature and chain held against the trusted roots.

    The certificates have to be good at the time in the token. Revocation is not looked at: that needs a
    list or a network.

    Args:
        data: What was stamped.
        nonce: That of the query.
        response: The bytes of the response (TimeStampResp).
        trust: What to hold it against.
        validated_at_us: The time of validation. A token from after it, beyond a tolerance, is refused.

    Raises:
        EvidenceError: The token is not good, with the reason.
    """
    stamp = read_stamp(data, nonce, response)
    if stamp.time_us > validated_at_us + CLOCK_TOLERANCE_US:
        raise _failed(
            "a time after that of the validation", clock.iso(validated_at_us), clock.iso(stamp.time_us)
        )
    verifier = rfc3161.VerifierBuilder(
        policy_id=trust.policy_oid,
        tsa_certificate=trust.authority,
        intermediates=list(trust.intermediates),
        roots=list(trust.roots),
        nonce=nonce,
    ).build()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of oddities in names, which prove nothing
        try:
            verifier.verify(_opened(response)[0], hashlib.sha256(data).digest())
        except Exception as fault:  # as in read_stamp
            raise _failed("no chain to the trusted roots", trust.policy, str(fault)) from fault
    return Stamp(
        stamp.time_us,
        stamp.accuracy_us,
        stamp.policy,
        stamp.serial,
        stamp.authority,
        validated_at_us,
        trust.expires_us,
    )


def _opened(response: bytes) -> tuple[rfc3161.TimeStampResponse, rfc3161.TimeStampTokenInfo]:
    try:
        answer = rfc3161.decode_timestamp_response(response)
    except ValueError as fault:
        raise _failed(
            "something that is no time-stamp response", "TimeStampResp in DER", str(fault)
        ) from fault
    try:
        return answer, answer.tst_info
    except ValueError as fault:
        raise _failed("a response without a token", f"a token, but {fault}", _status(answer)) from fault


def _facts(
    answer: rfc3161.TimeStampResponse, info: rfc3161.TimeStampTokenInfo
) -> tuple[tuple[str, str], ...]:
    """What has to be as it was asked for."""
    imprint = info.message_imprint
    return (
        ("status", _status(answer)),
        ("hash algorithm", imprint.hash_algorithm.dotted_string),
        ("imprint", imprint.message.hex()),
        ("nonce", "none" if info.nonce is None else f"{info.nonce:x}"),
    )


def _said(info: rfc3161.TimeStampTokenInfo) -> Stamp:
    return Stamp(
        time_us=clock.instant_us(info.gen_time),
        accuracy_us=_accuracy_us(info.accuracy),
        policy=info.policy.dotted_string,
        serial=info.serial_number,
        authority=_name(info),
    )


def _status(answer: rfc3161.TimeStampResponse) -> str:
    known = {int(status): status.name for status in rfc3161.PKIStatus}
    words = "; ".join(answer.status_string)
    status = known.get(answer.status, str(answer.status))
    return f"{status}: {words}" if words else status


def _accuracy_us(accuracy: rfc3161.Accuracy | None) -> int | None:
    if accuracy is None:
        return None
    seconds = clock.epoch_us(accuracy.seconds or 0)
    return seconds + (accuracy.millis or 0) * _US_PER_MS + (accuracy.micros or 0)


def _name(info: rfc3161.TimeStampTokenInfo) -> str:
    name: x509.GeneralName | None = info.name
    if isinstance(name, x509.DirectoryName):
        return name.value.rfc4514_string()
    return "" if name is None else str(name.value)


def _certificates(path: str | os.PathLike[str]) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(Path(path).read_bytes()))
    except OSError as fault:
        raise Missing(
            "the certificates cannot be read", where=str(path), found=str(fault.strerror)
        ) from fault
    except ValueError as fault:
        raise CaseError("there is no certificate in PEM form", where=str(path), found=str(fault)) from fault


def _failed(what: str, expected: str, found: str) -> EvidenceError:
    return EvidenceError(
        f"the time authority gave {what}",
        expected=expected,
        found=found,
        remedy="the checkpoint stays unstamped; ask again, or ask another authority",
    )
