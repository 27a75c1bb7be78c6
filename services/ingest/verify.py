"""Who sent it: proof over the raw bytes, by the scheme that the source is configured with, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.sources import Scheme


class Request(NamedTuple):
    """A delivery as it came: header names in lower case, the public URL with its query as sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Refused(Exception):
    """The delivery does not prove who sent it. `code` is one of missing, malformed, late, wrong."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def verify(scheme: Scheme, secrets: Sequence[str], request: Request, now: float) -> None:
    """Returns for a genuine delivery; `now` is seconds since 1970. Raises Refused."""
    check = {
        "none": _none,
        "standard_webhooks": _standard,
        "hmac": _hmac,
        "hubspot": _hubspot,
        "basic": _basic,
        "token": _token,
    }[scheme.scheme]
    check(scheme, secrets, request, now)


def _none(scheme: Scheme, secrets: Sequence[str], request: Request, now: float) -> None:
    """An unsigned source: bounded by size and rate only."""


def _standard(scheme: Scheme, secrets: Sequence[str], request: Request, now: float) -> None:
    """Standard Webhooks: HMAC-SHA256 or ed25519 over id.timestamp.body; a list of signatures, any of which will do."""
    names = ("webhook-", "svix-")
    prefix = next((n for n in names if f"{n}signature" in request.headers), None)
    if prefix is None:
        raise Refused("missing")
    ident, stamp = (request.headers.get(prefix + n, "") for n in ("id", "timestamp"))
    _in_time(stamp, 1, scheme, now)
    signed = f"{ident}.{stamp}.".encode() + request.body
    given = [part.partition(",")[::2] for part in request.headers[f"{prefix}signature"].split()]
    if not any([_one_standard(secret, version, value, signed) for secret in secrets for version, value in given[:20]]):
        raise Refused("wrong")


def _one_standard(secret: str, version: str, value: str, signed: bytes) -> bool:
    given = _decode(value)
    if version == "v1" and secret.startswith("whsec_"):
        key = _decode(secret.removeprefix("whsec_")) or b""
        return hmac.compare_digest(hmac.digest(key, signed, "sha256"), given or b"")
    if version == "v1a" and secret.startswith(("whpk_", "whsk_")):
        return _ed25519(secret, given or b"", signed)
    return False


def _ed25519(secret: str, given: bytes, signed: bytes) -> bool:
    raw = _decode(secret[5:]) or b""
    try:
        public = Ed25519PublicKey.from_public_bytes(raw) if secret.startswith("whpk_") else _public(raw)
        public.verify(given, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _public(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PrivateKey.from_private_bytes(raw[:32]).public_key()


def _hmac(scheme: Scheme, secrets: Sequence[str], request: Request, now: float) -> None:
    given = request.headers.get(scheme.header.casefold())
    if given is None or not given.startswith(scheme.prefix):
        raise Refused("missing")
    stamp = request.headers.get(scheme.timestamp_header.casefold(), "") if scheme.timestamp_header else ""
    if scheme.timestamp_header:
        _in_time(stamp, 1000 if scheme.timestamp_unit == "ms" else 1, scheme, now)
    before, _, after = scheme.template.replace("{timestamp}", stamp).partition("{body}")
    signed = before.encode() + request.body + after.encode()
    value = given.removeprefix(scheme.prefix).strip()
    proof = _unhex(value) if scheme.encoding == "hex" else _decode(value)
    _any_equal([hmac.digest(secret.encode(), signed, scheme.algorithm) for secret in secrets], proof)


def _hubspot(scheme: Scheme, secrets: Sequence[str], request: Request, now: float) -> None:
    """v3: base64 HMAC over method, URL, body and the timestamp in ms. v1 and v2 are hex SHA-256, not HMAC."""
    if scheme.version == "v3":
        given = request.headers.get("x-hubspot-signature-v3")
        stamp = request.headers.get("x-hubspot-request-timestamp", "")
        if given is None:
            raise Refused("missing")
        _in_time(stamp, 1000, scheme, now)
        signed = f"{request.method}{request.url}".encode() + request.body + stamp.encode()
        _any_equal([hmac.digest(secret.encode(), signed, "sha256") for secret in secrets], _decode(given))
        return
    given = request.headers.get("x-hubspot-signature")
    if given is None:
        raise Refused("missing")
    middle = f"{request.method}{request.url}".encode() if scheme.version == "v2" else b""
    proofs = [hashlib.sha256(secret.encode() + middle + request.body).digest() for secret in secrets]
    _any_equal(proofs, _unhex(given))


def _basic(scheme: Scheme, secrets: Sequence[str], request: Request, now: float) -> None:
    """The secret is `user:password` (RFC 7617)."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "basic":
        raise Refused("missing")
    _any_equal([secret.encode() for secret in secrets], _decode(value))


def _token(scheme: Scheme, secrets: Sequence[str], request: Request, now: float) -> None:
    given = request.headers.get(scheme.header.casefold())
    if given is None:
        raise Refused("missing")
    _any_equal([secret.encode() for secret in secrets], given.removeprefix(scheme.prefix).encode())


def _in_time(stamp: str, per_second: int, scheme: Scheme, now: float) -> None:
    """Both ways: a delivery from the future is no better than an old one."""
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 16:
        raise Refused("malformed" if stamp else "missing")
    if abs(now - int(stamp) / per_second) > scheme.tolerance_seconds:
        raise Refused("late")


def _any_equal(proofs: Sequence[bytes], given: bytes | None) -> None:
    """All are compared, so that the time tells nothing of which secret it was."""
    if given is None:
        raise Refused("malformed")
    if not any([hmac.compare_digest(proof, given) for proof in proofs]):
        raise Refused("wrong")


def _decode(value: str) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def _unhex(value: str) -> bytes | None:
    try:
        return bytes.fromhex(value)
    except ValueError:
        return None
