"""The sign-in provider, by OpenID Connect: code flow with PKCE, state and nonce. What it says of itself is kept for an hour; its keys
are asked for again when a token names one that is new, once a minute at most."""

from __future__ import annotations

import asyncio
import hmac
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote_plus, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.json_values import JsonObject
from schemas.notify import Language
from services.console.signing_in.attempts import Attempt
from services.console.signing_in.calls import ProviderCalls
from services.console.signing_in.id_tokens import Expected, TokenRefused, UnknownKey, claims_of
from services.door.problems import Trouble

log = logging.getLogger("stafett.http")
FRESH, KEYS_AGAIN = timedelta(hours=1), timedelta(minutes=1)
LONGEST_CODE = 4096


class Registration(NamedTuple):
    """What we are at the provider. `skew` in seconds."""

    issuer: str
    client_id: str
    client_secret: str
    scope: str
    redirect_uri: str
    skew: int


class _Description(BaseModel):
    """What a provider says of itself (OpenID Connect Discovery 1.0, 3), as far as it is needed here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Provider:
    """One of them, for the whole process."""

    def __init__(self, registration: Registration, calls: ProviderCalls, now: Callable[[], datetime]) -> None:
        self.registration, self._calls, self._now = registration, calls, now
        self._description: _Description | None = None
        self._keys: JsonObject = {}
        self._described_at = self._keys_at = datetime.min.replace(tzinfo=now().tzinfo)
        self._turn = asyncio.Lock()

    async def address_to_sign_in(self, attempt: Attempt, language: Language) -> str:
        """Where the browser goes. Raises Trouble."""
        description, mine = await self._describe(), self.registration
        address: str = prepare_grant_uri(
            description.authorization_endpoint,
            client_id=mine.client_id,
            response_type="code",
            redirect_uri=mine.redirect_uri,
            scope=mine.scope,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
            ui_locales=language,
        )
        return address

    async def address_to_sign_out(self) -> str | None:
        """Where the session at the provider is ended; None where it has no such address, or is away."""
        try:
            return (await self._describe()).end_session_endpoint
        except Trouble:
            return None

    async def claims(self, attempt: Attempt, answer: Mapping[str, str]) -> Mapping[str, object]:
        """Of whoever came back with this answer (the query of the callback). Raises Trouble."""
        description = await self._describe()
        _check_answer(attempt, answer, description)
        token = await self._redeem(description, answer["code"], attempt.verifier)
        expected = Expected(
            issuer=description.issuer,
            client_id=self.registration.client_id,
            nonce=attempt.nonce,
            access_token=_text(token, "access_token"),
            skew=self.registration.skew,
        )
        ident = _text(token, "id_token")
        if ident is None:
            raise _sign_in_trouble("the provider gave no ID token")
        try:
            return await self._check(ident, expected, description)
        except TokenRefused as refused:
            raise _sign_in_trouble(str(refused)) from None

    async def _check(self, token: str, expected: Expected, description: _Description) -> Mapping[str, object]:
        """Raises TokenRefused, Trouble."""
        try:
            return claims_of(token, await self._keys_of(description), expected, self._now())
        except UnknownKey:
            pass
        try:
            return claims_of(token, await self._keys_of(description, again=True), expected, self._now())
        except UnknownKey:
            raise TokenRefused("the ID token names a key that the provider has not") from None

    async def _redeem(self, description: _Description, code: str, verifier: str) -> JsonObject:
        """The tokens for a code, which works once. Raises Trouble."""
        mine = self.registration
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": mine.redirect_uri,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        if "client_secret_basic" in description.token_endpoint_auth_methods_supported:
            # Both are form-encoded before (RFC 6749, 2.3.1).
            pair = f"{quote_plus(mine.client_id)}:{quote_plus(mine.client_secret)}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            fields |= {"client_id": mine.client_id, "client_secret": mine.client_secret}
        answer = await self._calls.post(description.token_endpoint, fields, headers)
        if answer.status != 200:
            error = answer.body.get("error")
            known = error if error in ("invalid_grant", "invalid_client", "unauthorized_client") else "another error"
            raise _sign_in_trouble(f"the provider takes no code: {known}")
        return answer.body

    async def _describe(self) -> _Description:
        async with self._turn:
            if self._description is None or self._now() - self._described_at > FRESH:
                found = await self._calls.get(
                    f"{self.registration.issuer.rstrip('/')}/.well-known/openid-configuration"
                )
                self._description, self._described_at = _description(found, self.registration.issuer), self._now()
            return self._description

    async def _keys_of(self, description: _Description, again: bool = False) -> JsonObject:
        async with self._turn:
            age = self._now() - self._keys_at
            if age > FRESH or (again and age > KEYS_AGAIN):
                self._keys, self._keys_at = await self._calls.get(description.jwks_uri), self._now()
            return self._keys


def _check_answer(attempt: Attempt, answer: Mapping[str, str], description: _Description) -> None:
    """Raises Trouble where it is not the answer to this attempt, by this provider (RFC 9207), or no code is in it."""
    if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise _sign_in_trouble("the answer belongs to another attempt")
    issuer = answer.get("iss")
    if issuer != description.issuer and (
        issuer is not None or description.authorization_response_iss_parameter_supported
    ):
        raise _sign_in_trouble("the answer names another provider")
    if not 0 < len(answer.get("code", "")) <= LONGEST_CODE:
        raise _sign_in_trouble("the provider signed nobody in" if "error" in answer else "the answer has no code")


def _description(found: JsonObject, issuer: str) -> _Description:
    try:
        description = _Description.model_validate(found)
    except ValidationError:
        raise _provider_trouble("its description lacks an address") from None
    if description.issuer != issuer:
        raise _provider_trouble("it calls itself otherwise than STAFETT_OIDC_ISSUER, to the letter")
    addresses = (description.authorization_endpoint, description.token_endpoint, description.jwks_uri)
    scheme = urlsplit(issuer).scheme
    if any(urlsplit(address).scheme not in ("https", scheme) for address in addresses):
        raise _provider_trouble("one of its addresses is not https")
    return description


def _text(token: JsonObject, name: str) -> str | None:
    value = token.get(name)
    return value if isinstance(value, str) else None


def _sign_in_trouble(why: str) -> Trouble:
    log.warning("a sign-in failed", extra={"error": why})
    return Trouble("sign_in_failed", why)


def _provider_trouble(why: str) -> Trouble:
    log.error("the sign-in provider cannot be used", extra={"error": why})
    return Trouble("provider_away")
