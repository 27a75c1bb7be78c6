"""Who sent it: proof over the raw bytes, by the scheme that the source is configured with, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, assert_never
from urllib.parse import parse_qsl

from schemas.sources import Encoding, Scheme
from services.ingest.proof.body_keys import may_hold
from services.ingest.proof.public_keys import signed_with, standard_key


class Request(NamedTuple):
    """A delivery as it came: header names in lower case, the public URL with its query as sent, the sender's address."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    client: str = ""


class Refused(Exception):
    """The delivery does not prove who sent it. `code` is one of missing, malformed, late, wrong, elsewhere."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Claim(NamedTuple):
    """What a delivery claims: the bytes that are signed (empty where the secret itself is sent), the proofs that it
    brought along (None for one that cannot be read), how each secret would prove it, and when it says it was made."""

    signed: bytes
    given: tuple[bytes | None, ...]
    expected: tuple[bytes, ...]
    made_at: float | None = None
    fits: Callable[[bytes, bytes], bool] = hmac.compare_digest


def verify(scheme: Scheme, secrets: Sequence[str], request: Request, now: float) -> None:
    """Returns for a genuine delivery; `now` is seconds since 1970. Raises Refused."""
    if scheme.networks and not _is_from(scheme, request.client):
        raise Refused("elsewhere")
    if scheme.scheme == "none":
        return
    judge(scheme, claim_of(scheme, secrets, request), now)


def judge(scheme: Scheme, claim: Claim, now: float) -> None:
    """Late comes first, both ways: a delivery from the future is no better than an old one. Raises Refused."""
    if claim.made_at is not None and abs(now - claim.made_at) > scheme.tolerance_seconds:
        raise Refused("late")
    readable = [proof for proof in claim.given if proof]
    if not readable:
        raise Refused("malformed")
    # All are compared, so that the time tells nothing of which secret it was.
    if not any([claim.fits(expected, proof) for expected in claim.expected for proof in readable]):
        raise Refused("wrong")


def claim_of(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    """Raises Refused where the delivery brings no proof, or one without its time. An empty secret is none: anybody could
    sign with it. Such a source does not start; here it proves nothing all the same."""
    return _CLAIMS[scheme.scheme](scheme, [secret for secret in secrets if secret.strip()], request)


def _is_from(scheme: Scheme, client: str) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in scheme.networks)


def _standard(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    """Standard Webhooks: HMAC-SHA256 or ed25519 over id.timestamp.body; a list of signatures, any of which will do."""
    prefix = next((n for n in ("webhook-", "svix-") if f"{n}signature" in request.headers), None)
    if prefix is None:
        raise Refused("missing")
    ident, stamp = (request.headers.get(prefix + n, "") for n in ("id", "timestamp"))
    signed = f"{ident}.{stamp}.".encode() + request.body
    parts = [part.partition(",")[::2] for part in request.headers[f"{prefix}signature"].split()][:20]
    proofs = tuple(
        version.encode() + b"," + proof for version, value in parts if (proof := decode(value, "base64")) is not None
    )
    keys = tuple(secret.encode() for secret in secrets)
    return Claim(
        signed=signed,
        given=proofs or (b",",),
        expected=keys,
        made_at=_stamp_seconds(stamp, 1),
        fits=lambda key, proof: _one_standard(key, proof, signed),
    )


def _one_standard(key: bytes, proof: bytes, signed: bytes) -> bool:
    version, _, value = proof.partition(b",")
    secret = key.decode()
    asymmetric = secret.startswith(("whpk_", "whsk_"))
    if version == b"v1a" and asymmetric:
        return standard_key(secret, decode(secret[5:], "base64") or b"", value, signed)
    raw = _standard_secret(secret)
    if version != b"v1" or asymmetric or not raw:
        return False
    return hmac.compare_digest(hmac.digest(raw, signed, "sha256"), value)


@lru_cache(maxsize=256)
def _standard_secret(secret: str) -> bytes | None:
    """Without any prefix it is the same key in base64; an empty one would let anybody sign."""
    return decode(secret.removeprefix("whsec_"), "base64")


def _hmac(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    values, stamp = _proofs(scheme, request)
    signed = _signed_text(scheme, request, stamp)
    proofs = tuple(decode(value, scheme.encoding) for value in values)
    keys = [_key_bytes(secret, scheme.key) for secret in secrets]
    expected = tuple(hmac.digest(key, signed, scheme.algorithm) for key in keys if key)
    return Claim(signed, proofs, expected, _time(scheme, stamp))


def _public_key(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    values, stamp = _proofs(scheme, request)
    signed = _signed_text(scheme, request, stamp)
    proofs = tuple(decode(value, scheme.encoding) for value in values)
    keys = tuple(pem.encode() for pem in (*scheme.public_keys, *secrets))
    return Claim(
        signed=signed,
        given=proofs,
        expected=keys,
        made_at=_time(scheme, stamp),
        fits=lambda pem, proof: signed_with(pem, proof, signed, scheme.algorithm),
    )


def _proofs(scheme: Scheme, request: Request) -> tuple[list[str], str]:
    """(the signatures as written, the time as written; "" for a scheme without one). Raises Refused."""
    header = request.headers.get(scheme.header.casefold())
    if header is None:
        raise Refused("missing")
    stamp = request.headers.get(scheme.timestamp_header.casefold(), "") if scheme.timestamp_header else ""
    if scheme.signature_field:
        pairs = [p.strip().partition("=")[::2] for p in header.split(scheme.separator or ",")][:20]
        stamp = next(
            (v.strip() for n, v in pairs if scheme.timestamp_field and n.strip() == scheme.timestamp_field), stamp
        )
        values = [value.strip() for name, value in pairs if name.strip() == scheme.signature_field]
    else:
        parts = header.split(scheme.separator)[:20] if scheme.separator else [header]
        values = [part.strip() for part in parts]
    proofs = [value.removeprefix(scheme.prefix) for value in values if value.startswith(scheme.prefix)]
    if not proofs:
        raise Refused("missing")
    return proofs, stamp


_PLACE = re.compile(r"(\{(?:timestamp|id|method|url|body)\})")


@lru_cache(maxsize=256)
def _pieces(template: str) -> tuple[str, ...]:
    return tuple(piece for piece in _PLACE.split(template) if piece)


def _signed_text(scheme: Scheme, request: Request, stamp: str) -> bytes:
    """Put together from the raw body: what it holds is never taken for a place of the template."""
    if scheme.template == "{body}":
        return request.body
    ident = request.headers.get(scheme.id_header.casefold(), "") if scheme.id_header else ""
    values = {"{timestamp}": stamp, "{id}": ident, "{method}": request.method, "{url}": request.url}
    return b"".join(request.body if p == "{body}" else values.get(p, p).encode() for p in _pieces(scheme.template))


_DECODED = {
    "%3a": ":",
    "%2f": "/",
    "%3f": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2a": "*",
    "%2c": ",",
    "%3b": ";",
}
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)


def _hubspot(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    """v3: base64 HMAC over method, URL, body and the timestamp in ms; the sender undoes some of the URL's escapes.
    v1 and v2 are hex SHA-256, not HMAC."""
    third = scheme.version == "v3"
    signature = request.headers.get("x-hubspot-signature-v3" if third else "x-hubspot-signature")
    if signature is None:
        raise Refused("missing")
    if third:
        stamp = request.headers.get("x-hubspot-request-timestamp", "")
        urls = dict.fromkeys((request.url, _ENCODED.sub(lambda m: _DECODED[m[0].casefold()], request.url)))
        texts = [f"{request.method}{url}".encode() + request.body + stamp.encode() for url in urls]
        expected = tuple(hmac.digest(secret.encode(), text, "sha256") for secret in secrets for text in texts)
        return Claim(texts[0], (decode(signature, "base64"),), expected, _stamp_seconds(stamp, 1000))
    middle = f"{request.method}{request.url}".encode() if scheme.version == "v2" else b""
    expected = tuple(hashlib.sha256(secret.encode() + middle + request.body).digest() for secret in secrets)
    return Claim(middle + request.body, (decode(signature, "hex"),), expected)


def _basic(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    """The secret is `user:password` (RFC 7617)."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "basic":
        raise Refused("missing")
    whole = [secret for secret in secrets if all(secret.partition(":"))]
    return _claim_of_secret(whole, decode(value, "base64"))


def _token(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    token = request.headers.get(scheme.header.casefold())
    if token is None or not token.startswith(scheme.prefix):
        raise Refused("missing")
    return _claim_of_secret(secrets, token.removeprefix(scheme.prefix).encode())


def _query(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    # Not by urlsplit: the host in it is what the sender wrote.
    query = request.url.partition("#")[0].partition("?")[2]
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise Refused("malformed") from None
    secret = next((value for name, value in pairs if name == scheme.field), None)
    if secret is None:
        raise Refused("missing")
    return _claim_of_secret(secrets, secret.encode())


def _body_key(scheme: Scheme, secrets: Sequence[str], request: Request) -> Claim:
    """A path of names with dots, in JSON or in a form."""
    try:
        if request.body.lstrip()[:1] == b"{":
            names = scheme.field.split(".")
            holds = may_hold(request.body, names[-1], secrets)
            if not holds:
                raise Refused("missing" if holds is None else "wrong")
            at = json.loads(request.body)
            for name in names:
                at = at.get(name) if isinstance(at, dict) else None
        else:
            at = dict(parse_qsl(request.body.decode(), max_num_fields=1000)).get(scheme.field)
    except (ValueError, RecursionError):
        raise Refused("malformed") from None
    if not isinstance(at, str) or not at:
        raise Refused("missing")
    return _claim_of_secret(secrets, at.encode("utf-8", "replace"))


def _claim_of_secret(secrets: Sequence[str], proof: bytes | None) -> Claim:
    return Claim(b"", (proof,), tuple(secret.encode() for secret in secrets))


_CLAIMS: dict[str, Callable[[Scheme, Sequence[str], Request], Claim]] = {
    "standard_webhooks": _standard,
    "hmac": _hmac,
    "public_key": _public_key,
    "hubspot": _hubspot,
    "basic": _basic,
    "token": _token,
    "query": _query,
    "body_key": _body_key,
}


def _time(scheme: Scheme, stamp: str) -> float | None:
    if not scheme.timestamp_header and not scheme.timestamp_field:
        return None
    match scheme.timestamp_unit:
        case "s":
            return _stamp_seconds(stamp, 1)
        case "ms":
            return _stamp_seconds(stamp, 1000)
        case _:
            assert_never(scheme.timestamp_unit)


def _stamp_seconds(stamp: str, per_second: int) -> float:
    """Seconds since 1970. Raises Refused."""
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 16:
        raise Refused("malformed" if stamp else "missing")
    return int(stamp) / per_second


def _key_bytes(secret: str, form: Literal["text"] | Encoding) -> bytes | None:
    match form:
        case "text":
            return secret.encode()
        case "hex" | "base64":
            return decode(secret, form)
        case _:
            assert_never(form)


def decode(value: str, encoding: Encoding) -> bytes | None:
    """Bytes of hex or base64; None for what is neither."""
    try:
        match encoding:
            case "hex":
                return bytes.fromhex(value)
            case "base64":
                return base64.b64decode(value, validate=True)
            case _:
                assert_never(encoding)
    except (binascii.Error, ValueError):
        return None
