"""Which file writes to which kind of marketing platform, and how much each usually allows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import assert_never

from schemas.sinks.platforms import (
    ActivecampaignSink,
    AnyMarketingSink,
    HubspotMarketingSink,
    MailchimpSink,
    MauticSink,
)
from schemas.sinks.requests import HttpMarketingSink
from services.sinks.calls import Caller
from services.sinks.limits import Usual
from services.sinks.platform import Platform
from services.sinks.platforms.activecampaign import Activecampaign
from services.sinks.platforms.by_mapping import ByMapping
from services.sinks.platforms.hubspot import HubspotLists
from services.sinks.platforms.mailchimp import Mailchimp
from services.sinks.platforms.mautic import Mautic

USUAL_OF_PLATFORMS: Mapping[str, Usual] = {
    "mautic": Usual(),
    "mailchimp": Usual(),
    "activecampaign": Usual(5, timedelta(seconds=1)),
    "hubspot": Usual(100, timedelta(seconds=10), 250_000),
    "http": Usual(),
}
"""By kind of sink; docs/marketing-sinks.md says where each was read."""


def platform_of(sink: AnyMarketingSink, caller: Caller, secret: str) -> Platform:
    """The platform's file for this sink."""
    match sink:
        case MauticSink():
            return Mautic(sink, caller, secret)
        case MailchimpSink():
            return Mailchimp(sink, caller, secret)
        case ActivecampaignSink():
            return Activecampaign(sink, caller, secret)
        case HubspotMarketingSink():
            return HubspotLists(sink, caller, secret)
        case HttpMarketingSink():
            return ByMapping(sink, caller, secret)
        case _:
            assert_never(sink)
