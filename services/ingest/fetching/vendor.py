"""What the vendors have in common: a record becomes facts, and fills the gaps of the webhook's."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Company, Kind, Object, Parsed, Person, Quarantined, Reference
from schemas.sources import Fetch
from services.ingest.fetching.asking import Gone, Refused
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.consent.consents import with_consents
from services.ingest.parsers.finishing.finishing import clean_reach, readable_facts
from services.ingest.parsers.finishing.profile import with_profile
from services.ingest.parsers.finishing.stated import with_stated_facts
from services.ingest.parsers.reading.safely import Result, text

Ask = Callable[[str], Awaitable[Mapping[str, JsonValue]]]
"""Gives the answer to a path. Raises Later, Refused, Gone."""
OTHER = "the API's answer is not what this kind of source answers"


class Vendor:
    """Which requests one API is asked, and what of its answers are facts."""

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch

    def headers(self, token: str) -> dict[str, str]:
        return {"authorization": f"Bearer {token}"}

    def wants(self, facts: Parsed) -> bool:
        """Whether they name something that can be asked for."""
        raise NotImplementedError

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        """With what was fetched; what the webhook itself said wins. Raises what `ask` raises, and Gone where nobody is named."""
        raise NotImplementedError


def id_of(facts: Parsed, what: Object) -> str | None:
    """The id of the first reference to one."""
    return next((r.id for r in facts.references if r.object == what), None)


def with_reference(facts: Parsed, what: Object, ident: str) -> Parsed:
    """The facts with one more reference, in the system and the account of those that they have."""
    first = facts.references[0]
    reference = Reference(system=first.system, account=first.account, object=what, id=ident)
    return facts.but(references=tuple(dict.fromkeys((*facts.references, reference))))


def path_segment(ident: str) -> str:
    """An id as a step of a path. Raises Gone for one that would lead to another path: it names no record."""
    if ident in ("", ".", ".."):
        raise Gone
    return quote(ident, safe="")


def record(value: JsonValue) -> JsonObject:
    """A record that the API gave. Raises Refused where it is none."""
    if not isinstance(value, dict) or not text(value.get("id")):
        raise Refused(OTHER)
    return value


def read_by(parse: Callable[[bytes, str, dict[str, str]], Result], body: JsonValue) -> Parsed:
    """A record in the shape in which the vendor's webhooks have it is read as one of those. Raises Refused."""
    try:
        items = parse(json.dumps(body).encode(), "application/json", {})
    except Unreadable:
        items = []
    if len(items) != 1 or isinstance(items[0], Quarantined):
        raise Refused(OTHER)
    return items[0]


def contact(person: Person, company: Mapping[str, str | None], language: str | None = None) -> Parsed:
    """A person's record. What is not known of the company is left out."""
    known_facts = {name: value for name, value in company.items() if value is not None}
    return Parsed(
        kind=Kind.CONTACT_UPDATED,
        dedupe_key="fetched",
        person=person,
        company=Company.from_mapping(known_facts),
        language=language,
    )


def fill_gaps(thin: Parsed, fetched: Parsed) -> Parsed:
    """Gaps of the webhook filled with what was fetched. The webhook's facts are clean already."""
    fetched = readable_facts(fetched)
    whole = thin.but(
        person=fetched.person.but(**thin.person.known_fields()),
        company=fetched.company.but(**thin.company.known_fields()),
        fields={**fetched.fields, **thin.fields},
        utm={**fetched.utm, **thin.utm},
        language=thin.language or fetched.language,
        campaign=thin.campaign or fetched.campaign,
        form_id=thin.form_id or fetched.form_id,
        mode=fetched.mode if fetched.mode == "test" else thin.mode,
    )
    return with_profile(with_stated_facts(clean_reach(with_consents(whole, fetched.consents))))
