"""Signatures that a public key verifies."""

from __future__ import annotations

from functools import lru_cache
from typing import assert_never

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - some senders sign with nothing better
    "sha256": hashes.SHA256(),
    "sha512": hashes.SHA512(),
}


PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey
"""Keys that we verify with."""


def signed_with(pem: bytes, proof: bytes, signed: bytes, algorithm: str) -> bool:
    """RSA with PKCS #1 v1.5, ECDSA or Ed25519, as the key is; False for any other key and for what is no key."""
    key = public_key(pem)
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(proof, signed, padding.PKCS1v15(), _HASHES[algorithm])
            case ec.EllipticCurvePublicKey():
                key.verify(proof, signed, ec.ECDSA(_HASHES[algorithm]))
            case Ed25519PublicKey():
                key.verify(proof, signed)
            case None:
                return False
            case _:
                assert_never(key)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def public_key(pem: bytes) -> PublicKey | None:
    """The key in a PEM, whose lines may be parted by the two characters `\\n`; None for what is no key of ours."""
    try:
        key = load_pem_public_key(pem.replace(b"\\n", b"\n").strip() + b"\n")
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey) else None


def standard_key(secret: str, raw: bytes, proof: bytes, signed: bytes) -> bool:
    """Standard Webhooks' ed25519: `whpk_` is a public key, `whsk_` a private one of which only the public half is used."""
    try:
        if secret.startswith("whpk_"):
            key = Ed25519PublicKey.from_public_bytes(raw)
        else:
            key = Ed25519PrivateKey.from_private_bytes(raw[:32]).public_key()
        key.verify(proof, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
