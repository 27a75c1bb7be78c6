"""The settings of people at the page: how long they are signed in, and with which provider."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr

from services.settings.values import Count, Duration, Tree


class SessionSettings(Tree):
    """People who are signed in to the page."""

    idle: Duration = Field(
        timedelta(hours=8),
        description="A session that is not used for so long ends; whoever comes back signs in again.",
    )
    lifetime: Duration = Field(timedelta(days=7), description="A session ends after it, however much it is used.")
    per_person: Count = Field(
        10, le=100, description="Sessions of one person at a time, each in a browser; a new one ends the oldest."
    )
    link: Duration = Field(
        timedelta(minutes=15), description="How long a one-time link waits that `stafett up` or `stafett link` prints."
    )


class OidcSettings(Tree):
    """The sign-in provider (OpenID Connect), where people sign in with one."""

    issuer: str | None = Field(
        None,
        description="The provider's issuer, to the letter, as https://id.example.com/realms/work; with it people sign in there, and "
        "STAFETT_HTTP_PUBLIC_URL has to be https. Register PUBLIC_URL/sign-in/callback there.",
    )
    client_id: str | None = Field(None, description="What the provider calls us.")
    client_secret: SecretStr | None = Field(None, description="Our secret there.")
    scope: str = Field("openid email profile", description="What is asked for; `openid` is among it.")
    subject_claim: str = Field(
        "sub",
        description="The claim with the id that a person has in the roster as `ids: {oidc: ...}`; oid at Microsoft Entra.",
    )
    roles_claim: str | None = Field(
        None,
        description="The claim that lists roles, as realm_access.roles; with it somebody has only those roles of the roster that it names.",
    )
    role_names: str = Field(
        "",
        description="Which word of that claim is which role: WORD=ROLE, WORD2=ROLE2; a role's own name means it, too.",
    )
    clock_skew: Annotated[Duration, Field(le=timedelta(minutes=5))] = Field(
        timedelta(minutes=1), description="How much the provider's clock may differ from ours; 5m at most."
    )
    allow_private: bool = Field(False, description="Whether the provider may be at an address that is not public.")
