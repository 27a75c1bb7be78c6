"""An ID token: who issued it, for us, for this very attempt, and not too long ago (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from schemas.json_values import JsonObject

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512")
"""Signed with a key that only the provider has: never `none`, nor HMAC, whose key we would have too."""
LONGEST = 32_768
"""Characters of a token."""


class Expected(NamedTuple):
    """What a token has to say. `skew` in seconds: how much the provider's clock may differ from ours."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None
    skew: int


class UnknownKey(Exception):
    """None of the keys has the id that the token names: the provider may have new ones."""


class TokenRefused(Exception):
    """`args[0]` is the rule, without a value of the token."""


def claims_of(token: str, keys: JsonObject, expected: Expected, now: datetime) -> Mapping[str, object]:
    """The claims of a token that holds. Raises UnknownKey, TokenRefused."""
    if len(token) > LONGEST:
        raise TokenRefused("the ID token is too long")
    try:
        key_set = KeySet.import_key_set({"keys": [key for key in keys.get("keys", ()) if _is_for_signing(key)]})
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        signed = jwt.decode(token, key_set, registry=registry)
        checked = CodeIDToken(
            signed.claims,
            signed.header,
            {
                "iss": {"essential": True, "value": expected.issuer},
                "aud": {"essential": True, "value": expected.client_id},
            },
            {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token},
        )
        checked.validate(now=int(now.timestamp()), leeway=expected.skew)
    except InvalidKeyIdError:
        raise UnknownKey from None
    except JoseError as error:
        raise TokenRefused(
            f"the ID token does not hold: {type(error).__name__} {getattr(error, 'claim', '')}".strip()
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TokenRefused(f"the ID token or the keys cannot be read: {type(error).__name__}") from None
    claims: Mapping[str, object] = signed.claims
    return claims


def _is_for_signing(key: object) -> bool:
    return isinstance(key, dict) and key.get("use", "sig") == "sig" and key.get("kty") != "oct"
