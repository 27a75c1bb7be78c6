"""Signing in with a provider, from the settings."""

from __future__ import annotations

from schemas.certain import certain
from services.bootstrap.acknowledging import roster_now
from services.bootstrap.parts import Parts
from services.console.signing_in.attempts import AttemptSeal
from services.console.signing_in.calls import ProviderCalls
from services.console.signing_in.claims import ClaimRules, role_names_of
from services.console.signing_in.pages import OpenPages
from services.console.signing_in.provider import Provider, Registration
from services.console.signing_in.provider_routes import CALLBACK, ProviderDesk
from services.console.signing_in.sessions import Sessions
from services.console.signing_in.site import Site
from services.settings import Settings, SettingsError


def provider_desk(
    parts: Parts, provider: Provider, *, site: Site, sessions: Sessions, open_pages: OpenPages
) -> ProviderDesk:
    """Its two routes. Raises SettingsError."""
    return ProviderDesk(
        provider,
        site=site,
        sessions=sessions,
        roster=roster_now(parts),
        rules=claim_rules_of(parts.settings),
        seal=AttemptSeal(parts.key),
        now=parts.now,
        trusted=parts.settings.http.trusted_proxies,
        open_pages=open_pages,
    )


def provider_of(parts: Parts) -> Provider:
    """The configured sign-in provider; nothing is asked of it yet."""
    oidc, public = parts.settings.oidc, parts.settings.http.public_url
    why = "the rules of the settings want it with an issuer"
    registration = Registration(
        issuer=certain(oidc.issuer, "people sign in with a provider"),
        client_id=certain(oidc.client_id, why),
        client_secret=certain(oidc.client_secret, why).get_secret_value(),
        scope=oidc.scope,
        redirect_uri=f"{certain(public, why).rstrip('/')}{CALLBACK}",
        skew=int(oidc.clock_skew.total_seconds()),
    )
    return Provider(registration, ProviderCalls(oidc.allow_private), parts.now)


def claim_rules_of(settings: Settings) -> ClaimRules:
    """Raises SettingsError."""
    try:
        names = role_names_of(settings.oidc.role_names)
    except ValueError as error:
        raise SettingsError(f"STAFETT_OIDC_ROLE_NAMES: {error}") from None
    return ClaimRules(settings.oidc.subject_claim, settings.oidc.roles_claim, names)
