"""The kinds of source and the parser of each. A new kind is a file in `platforms` and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from schemas.signals import Quarantined
from services.ingest.parsers.bounds.amount import TooMuch
from services.ingest.parsers.bounds.faults import read_or_quarantine
from services.ingest.parsers.bounds.pieces import facts_in, take_turns
from services.ingest.parsers.finishing import profile
from services.ingest.parsers.finishing.finishing import finish, readable_facts
from services.ingest.parsers.finishing.machine_mail import mark_machine_mail
from services.ingest.parsers.finishing.stated import with_stated_facts
from services.ingest.parsers.platforms import (
    activecampaign,
    calendly,
    close,
    crm,
    events,
    form,
    generic,
    gohighlevel,
    google_ads,
    gravity_forms,
    hubspot,
    intercom,
    jotform,
    linkedin,
    mailchimp,
    mautic,
    meta_lead_ads,
    pipedrive,
    salesforce,
    segment,
    tally,
    typeform,
    webflow,
)
from services.ingest.parsers.reading.identifiers import without_false_ids
from services.ingest.parsers.reading.safely import Result

if TYPE_CHECKING:
    Parser = Callable[[bytes, str, dict[str, str]], Result]

PARSERS: dict[str, Parser] = {
    "form": form.parse,
    "standard_webhooks": events.parse_standard,
    "cloudevents": events.parse_cloud,
    "hubspot": hubspot.parse,
    "mautic": mautic.parse,
    "typeform": typeform.parse,
    "pipedrive": pipedrive.parse,
    "crm": crm.parse,
    "generic": generic.parse,
    "activecampaign": activecampaign.parse,
    "calendly": calendly.parse,
    "google_ads": google_ads.parse,
    "gravity_forms": gravity_forms.parse,
    "jotform": jotform.parse,
    "linkedin": linkedin.parse,
    "mailchimp": mailchimp.parse,
    "meta_lead_ads": meta_lead_ads.parse,
    "segment": segment.parse,
    "tally": tally.parse,
    "webflow": webflow.parse,
    "close": close.parse,
    "gohighlevel": gohighlevel.parse,
    "intercom": intercom.parse,
    "salesforce": salesforce.parse,
}
"""The kinds of this version, by their names in a source's configuration."""


def parse(kind: str, body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Signals, and what was not understood in its place; ids that are none are left out. Never raises for what a sender can
    send.

    `headers` have lower-case names.
    """
    return finish(parse_unfinished(kind, body, content_type, headers), body, content_type)


def parse_unfinished(kind: str, body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """What the kind's own parser reads, for a mapping to replace parts of; `finish` comes after it. KeyError for an unknown kind."""
    parser = PARSERS[kind]

    def read_events() -> Result:
        return [
            item
            if isinstance(item, Quarantined)
            else profile.with_profile(with_stated_facts(mark_machine_mail(readable_facts(without_false_ids(item)))))
            for item in take_turns(parser(body, content_type, headers), facts_in)
        ]

    try:
        result = read_or_quarantine("$", read_events)
    except TooMuch as error:
        result = Quarantined(quarantined=error.reason, where=error.where)
    return [result] if isinstance(result, Quarantined) else result
