"""What each marketing platform asks for beside what every marketing sink says."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.sinks.marketing import AudienceId, MarketingSink, Mechanism
from schemas.sinks.requests import HttpMarketingSink
from schemas.sources import SecretName
from schemas.yamlfile import BrokenAt


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


class ActivecampaignSink(MarketingSink):
    """`secret` is the account's API key, `base_url` such as `https://ACCOUNT.api-us1.com`. Tags, lists and automations by number. `hard`
    unsubscribes from the lists of `unsubscribe_from`.
    """

    kind: Literal["activecampaign"]
    secret: SecretName
    unsubscribe_from: tuple[AudienceId, ...] = ()
    mechanisms: ClassVar[tuple[Mechanism, ...]] = ("list", "tag", "automation")
    system: ClassVar[str] = "activecampaign"

    @model_validator(mode="after")
    def _hard_has_lists(self) -> Self:
        is_hard = self.suppression is not None and self.suppression.hard
        if is_hard and not self.unsubscribe_from:
            raise BrokenAt("needs `unsubscribe_from`, the lists whose mail stops", "suppression", "hard")
        if is_hard and self.source is None:
            rule = "needs `source`: without its webhooks nobody tells that the person has unsubscribed themselves meanwhile"
            raise BrokenAt(rule, "suppression", "hard")
        return self

    def hard_ids(self) -> tuple[str, ...]:
        return self.unsubscribe_from


class HubspotMarketingSink(MarketingSink):
    """`secret` is a service key. Lists are static ones, by number. `hard` unsubscribes from the subscription types of `unsubscribe_from`, by
    number, and never from all mail at once, which nobody could take back."""

    kind: Literal["hubspot"]
    secret: SecretName
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)] = "https://api.hubapi.com"
    unsubscribe_from: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,18}$")], ...] = ()
    mechanisms: ClassVar[tuple[Mechanism, ...]] = ("list",)
    system: ClassVar[str] = "hubspot"

    @model_validator(mode="after")
    def _hard_has_types(self) -> Self:
        if self.suppression is not None and self.suppression.hard and not self.unsubscribe_from:
            raise BrokenAt("needs `unsubscribe_from`, the subscription types whose mail stops", "suppression", "hard")
        return self

    def hard_ids(self) -> tuple[str, ...]:
        return self.unsubscribe_from


AnyMarketingSink = Annotated[
    MauticSink | MailchimpSink | ActivecampaignSink | HubspotMarketingSink | HttpMarketingSink,
    Field(discriminator="kind"),
]
"""One of the platforms; `kind` says which."""
