"""What a secret has to be before a source may start: a wrong one would let anybody in, or nobody."""

from __future__ import annotations

from typing import Literal, assert_never

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from schemas.sources import Encoding, Scheme
from services.ingest.proof.public_keys import public_key
from services.ingest.proof.verify import decode

SHORTEST = 16
"""Bytes of a secret; a shorter one can be guessed by trying."""
SHORTEST_PASSWORD = 8
"""Characters of the password in `user:password`, which together have at least `SHORTEST` bytes."""
SHORTEST_RSA = 2048
"""Bits of an RSA key."""
_MAKE = "openssl rand -base64 32 makes a good one"


def secret_problem(scheme: Scheme, secret: str) -> str | None:
    """What is wrong with a secret of this scheme, without a part of it; None where it can be used."""
    if not secret.strip():
        return "is empty, so anybody could sign"
    if not _is_text(secret):
        return "is no UTF-8 text"
    match scheme.scheme:
        case "none":
            return None
        case "standard_webhooks":
            return _standard_problem(secret)
        case "hmac":
            return _key_problem(secret, scheme.key)
        case "public_key":
            return pem_problem(secret)
        case "basic":
            return _pair_problem(secret)
        case "hubspot" | "token" | "query" | "body_key":
            return _text_problem(secret)
        case _:
            assert_never(scheme.scheme)


def word_problem(word: str) -> str | None:
    """What is wrong with the word that a sender says when it first calls."""
    return "is empty, so anybody knows it" if not word.strip() else _text_problem(word)


def pem_problem(pem: str) -> str | None:
    """What is wrong with a public key."""
    key = public_key(pem.encode("utf-8", "replace"))
    if key is None:
        return "is no PEM of a public key (RSA, ECDSA or Ed25519): it begins with -----BEGIN PUBLIC KEY-----"
    if isinstance(key, RSAPublicKey) and key.key_size < SHORTEST_RSA:
        return f"is an RSA key of {key.key_size} bits, and at least {SHORTEST_RSA} are needed"
    return None


def _is_text(secret: str) -> bool:
    """The environment may hold bytes that are none."""
    try:
        secret.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text_problem(secret: str) -> str | None:
    if not _is_text(secret):
        return "is no UTF-8 text"
    if secret != secret.strip():
        return "begins or ends with white space, which no sender sends; remove it"
    return _length_problem(len(secret.encode()))


def _key_problem(secret: str, form: Literal["text"] | Encoding) -> str | None:
    match form:
        case "text":
            return _text_problem(secret)
        case "hex" | "base64":
            return _encoded_problem(secret, form)
        case _:
            assert_never(form)


def _encoded_problem(secret: str, encoding: Encoding) -> str | None:
    raw = decode(secret, encoding)
    if raw is None:
        return f"is no {encoding}, as `key` says it is, so nothing could be verified"
    return _length_problem(len(raw))


def _length_problem(length: int) -> str | None:
    return f"has {length} bytes, and at least {SHORTEST} are needed; {_MAKE}" if length < SHORTEST else None


def _pair_problem(secret: str) -> str | None:
    user, colon, password = secret.partition(":")
    if not (user and colon and password):
        return "has to be user:password, with both"
    if len(password) < SHORTEST_PASSWORD:
        return f"has a password of {len(password)} characters, and at least {SHORTEST_PASSWORD} are needed"
    return _text_problem(secret)


def _standard_problem(secret: str) -> str | None:
    for prefix, length in (("whpk_", (32,)), ("whsk_", (32, 64))):
        if secret.startswith(prefix):
            raw = decode(secret.removeprefix(prefix), "base64")
            return None if raw is not None and len(raw) in length else f"is no ed25519 key in base64 after {prefix}"
    raw = decode(secret.removeprefix("whsec_"), "base64")
    if raw is None:
        return "is no base64 after whsec_, so nothing could be verified"
    return _length_problem(len(raw))
