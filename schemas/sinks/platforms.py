"""What each marketing platform asks for beside what every marketing sink says."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.sinks.marketing import MarketingSink, Mechanism
from schemas.sources import SecretName


class MauticSink(MarketingSink):
    """`login` is the API user's name, whose password is in `secret`. An automation is a campaign. `hard` is its do-not-contact."""

    kind: Literal["mautic"]
    secret: SecretName
    login: Annotated[str, Field(min_length=1, max_length=200)]
    mechanisms: ClassVar[tuple[Mechanism, ...]] = ("segment", "tag", "automation")
    system: ClassVar[str] = "mautic"


class MailchimpSink(MarketingSink):
    """`secret` is an API key, `audience` the id of Mailchimp's audience whose members are tagged, `base_url` such as
    `https://us6.api.mailchimp.com/3.0`. `new_status`: of a member that is made, with `create`; `pending` sends them a mail to confirm.
    `hard` unsubscribes the member.
    """

    kind: Literal["mailchimp"]
    secret: SecretName
    audience: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9]+$")]
    new_status: Literal["transactional", "subscribed", "pending"] = "transactional"
    mechanisms: ClassVar[tuple[Mechanism, ...]] = ("tag",)
    system: ClassVar[str] = "mailchimp"


AnyMarketingSink = Annotated[MauticSink | MailchimpSink, Field(discriminator="kind")]
"""One of the platforms; `kind` says which."""
