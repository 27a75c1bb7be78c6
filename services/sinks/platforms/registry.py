"""Which file writes to which kind of marketing platform, and how much each usually allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from schemas.sinks.platforms import AnyMarketingSink, MailchimpSink, MauticSink
from services.sinks.calls import Caller
from services.sinks.limits import Usual
from services.sinks.platform import Platform
from services.sinks.platforms.mailchimp import Mailchimp
from services.sinks.platforms.mautic import Mautic

USUAL_OF_PLATFORMS: Mapping[str, Usual] = {"mautic": Usual(), "mailchimp": Usual()}
"""By kind of sink; docs/marketing-sinks.md says where each was read."""


def platform_of(sink: AnyMarketingSink, caller: Caller, secret: str) -> Platform:
    """The platform's file for this sink."""
    match sink:
        case MauticSink():
            return Mautic(sink, caller, secret)
        case MailchimpSink():
            return Mailchimp(sink, caller, secret)
        case _:
            assert_never(sink)
