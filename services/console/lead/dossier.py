"""The dossier on the page: who it is, what they need, what was said and learned, what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from babel import Locale

from routing.agreement.agreement import Agreement
from routing.lead.dossier import missing
from routing.lead.lists import list_of
from routing.model.records import Lead
from schemas.handover import Part
from services.console.language.reader import Reader
from services.console.language.vocabulary import lead_name, plain
from services.console.language.words import mark
from services.console.lead.story import LONGEST, MOST_WORDS, Quote
from services.console.lead.tellings import OURS

PARTS: dict[Part, str] = {
    "need": mark("what they need"),
    "contact": mark("an address or a number"),
    "name": mark("their name"),
    "company": mark("their company"),
    "messages": mark("a talk or a message"),
    "learned": mark("what we learned"),
    "next_step": mark("the next step"),
}
CONSENTS = {
    "given": mark("agreed to %(purpose)s"),
    "withdrawn": mark("does not want %(purpose)s"),
    "asked_for": mark("was asked about %(purpose)s"),
}


PURPOSES: Mapping[str, str] = {
    "all": mark("any contact"),
    "email": mark("e-mail"),
    "fax": mark("faxes"),
    "marketing": mark("marketing"),
    "newsletter": mark("newsletters"),
    "phone": mark("calls"),
    "post": mark("letters"),
    "sms": mark("text messages"),
}
"""What a consent is about; other names are those of whoever asked for it."""


class DossierView(NamedTuple):
    """`facts` are pairs of a word and what is known; `needs` what they answered in forms; `next_step` what the agreement proposes."""

    email: str
    phone: str
    facts: Sequence[tuple[str, str]]
    needs: Sequence[Quote]
    tags: Sequence[str]
    consents: Sequence[str]
    missing: Sequence[str]
    unproven: bool
    next_step: str
    meeting: str


def dossier_view(lead: Lead, agreement: Agreement, reader: Reader) -> DossierView:
    """What the agreement asks for is judged by the agreement that is in force."""
    person = lead.personal.person
    return DossierView(
        email=person.email or "",
        phone=person.phone or "",
        facts=[(reader.say(word), value) for word, value in _facts(lead, reader) if value],
        needs=list(_needs(lead)),
        tags=[plain(tag) for tag in lead.tags[:20]],
        consents=[
            reader.say(CONSENTS[state], purpose=purpose_text(purpose, reader))
            for purpose, state in sorted(lead.consents.items())[:20]
            if state in CONSENTS
        ],
        missing=[reader.say(PARTS[part]) for part in missing(lead, agreement)],
        unproven=lead.proof == "none",
        next_step=agreement.file.handover.next_step or "",
        meeting=reader.instant(lead.meeting_booked_at) if lead.meeting_booked_at is not None else "",
    )


def purpose_text(purpose: str, reader: Reader) -> str:
    """What somebody agreed to or left, in words."""
    if (name := list_of(purpose)) is not None:
        return reader.say("the mailing list “%(name)s”", name=plain(name))
    return reader.say(PURPOSES[purpose]) if purpose in PURPOSES else plain(purpose)


def _facts(lead: Lead, reader: Reader) -> Iterator[tuple[str, str]]:
    yield mark("Company"), lead.company_name or lead.company_domain or ""
    place = ", ".join(part for part in (lead.company_city, country_name(lead.company_country, reader)) if part)
    yield mark("Where"), place
    yield mark("Industry"), plain(lead.company_industry or "")
    yield mark("Employees"), f"{lead.company_employees}" if lead.company_employees is not None else ""
    yield mark("Web site"), lead.company_domain or ""
    yield mark("Came through"), plain(lead.source)
    yield mark("Campaign"), plain(lead.campaign or "")
    yield mark("Speaks"), language_name(lead.language, reader)


def _needs(lead: Lead) -> Iterator[Quote]:
    """What the lead wrote, the newest first; what colleagues noted is in the story, for those who may read it."""
    asked = [entry for entry in reversed(lead.record) if entry.kind not in OURS]
    words = [item for entry in asked for item in lead.personal.texts.get(entry.signal_id, {}).items()]
    found: dict[str, str] = {}
    for label, value in words:
        text = " ".join(str(value).split()) if not isinstance(value, dict | list) else ""
        if text and label not in found and len(found) < MOST_WORDS:
            found[label] = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return (Quote(plain(label)[:80], text) for label, text in found.items())


def country_name(code: str | None, reader: Reader) -> str:
    """As the reader calls a country; the code itself for one that nobody has a name for."""
    return Locale(reader.language).territories.get(code, code) if code else ""


def language_name(code: str | None, reader: Reader) -> str:
    """As the reader calls a language."""
    return Locale(reader.language).languages.get(code, code) if code else ""


def title_of(lead: Lead, reader: Reader) -> str:
    """What the lead is called where its page is about it."""
    name = lead_name(lead.personal.person) or lead.company_name or lead.company_domain
    return name or reader.say("A lead without a name")
