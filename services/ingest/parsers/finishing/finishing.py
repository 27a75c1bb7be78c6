"""What is done to the facts of every kind after its own parser: text made readable, addresses and numbers cleaned, and the
only address of a request taken where no name tells whose it is."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.json_values import JsonObject, JsonValue
from schemas.parts import Part
from schemas.signals import Parsed, Person, Quarantined, is_request
from services.ingest.parsers.bounds.pieces import facts_in, take_turns
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.consent.lists import ABOUT_LISTS, lists_in
from services.ingest.parsers.guesses.candidates import candidates_in, several
from services.ingest.parsers.reading.addresses import addresses_in, named_address, normal_address
from services.ingest.parsers.reading.bodies import whole_of
from services.ingest.parsers.reading.markup import is_plain, is_readable, readable, readable_answer, without_steering
from services.ingest.parsers.reading.numbers import may_be_number, shown_number
from services.ingest.parsers.reading.plain import single_line
from services.ingest.parsers.reading.safely import Result

_NAMES = ("first_name", "last_name", "full_name")
_WORDS = ("campaign", "reason", "criterion")
_CODES = ("form_id", "source_kind", "language", "currency")
_PLACES = ("name", "industry", "region", "city")


def finish(items: Result, body: bytes, content_type: str) -> Result:
    """The items of a body as they are kept. Never raises."""
    finished: Result = []
    for item in take_turns(items, facts_in):
        if isinstance(item, Parsed):
            item = clean_reach(item)
            item = _with_lists(item, body if len(items) == 1 else b"", content_type)
            if is_request(item) and not may_reach_somebody(item):
                finished.append(_with_only_address(item, body if len(items) == 1 else b"", content_type))
                continue
        finished.append(item)
    return finished


def may_reach_somebody(parsed: Parsed) -> bool:
    """Whether it names somebody by an address, a number or a record, as far as can be told without a source's region."""
    records = any(reference.object != "company" for reference in (*parsed.references, *parsed.previous))
    ours = bool(parsed.handover_id or parsed.offer_id)
    person = parsed.person
    return records or ours or normal_address(person.email) is not None or may_be_number(person.phone)


def _with_lists(parsed: Parsed, body: bytes, content_type: str) -> Parsed:
    """With the lists that its answers name, else its body, which is read again for that alone."""
    if parsed.kind not in ABOUT_LISTS or parsed.lists:
        return parsed
    named = lists_in(parsed.fields)
    if named is None:
        named = lists_in(_whole(body, content_type))
    return parsed.but(lists=named) if named else parsed


def readable_facts(parsed: Parsed) -> Parsed:
    """The same facts as a person reads them, without entities, markup and what steers a terminal; the same object where
    nothing changes. To be called once on what a parser read: what was decoded once is not decoded again."""
    changed = _readable_texts(parsed, _WORDS)
    for name in _CODES:
        if (written := getattr(parsed, name)) is not None and not written.isprintable():
            changed[name] = without_steering(written)
    if parsed.lists:
        changed["lists"] = tuple(map(without_steering, parsed.lists))
    if parsed.utm:
        changed["utm"] = {name: without_steering(value) for name, value in parsed.utm.items()}
    if parsed.tags:
        changed["tags"] = tuple(map(readable, parsed.tags))
    if parsed.fields and not is_readable(parsed.fields):
        changed["fields"] = readable_answer(parsed.fields)
    if places := _readable_texts(parsed.company, _PLACES):
        changed["company"] = parsed.company.but(**places)
    if names := _readable_texts(parsed.person, Person.__struct_fields__):
        changed["person"] = parsed.person.but(**names)
    changed = {name: value for name, value in changed.items() if value != getattr(parsed, name)}
    return parsed.but(**changed) if changed else parsed


def _readable_texts(part: Part, names: Sequence[str]) -> JsonObject:
    """Those of these fields that are not readable as they stand, made so."""
    changed: JsonObject = {}
    for name in names:
        if (written := getattr(part, name)) is not None and not is_plain(written):
            changed[name] = readable(written)
    return changed


def clean_reach(parsed: Parsed) -> Parsed:
    """With name, address and number as somebody would write them; the same object where they are. What was written where one
    should stand, and is more or none, is an answer."""
    person, aside = _person(parsed.person)
    if person is parsed.person and not aside:
        return parsed
    return parsed.but(person=person, fields={**parsed.fields, **aside})


def _person(person: Person) -> tuple[Person, dict[str, str]]:
    """(the person, what was written where an address or a number should stand and is more than that or neither)."""
    changed: dict[str, str | None] = {}
    aside: dict[str, str] = {}
    for name in _NAMES:
        if (written := getattr(person, name)) is not None:
            changed[name] = single_line(written) or None
    changed |= _cleaned_email(person, aside)
    if person.phone is not None:
        changed["phone"] = shown_number(person.phone) or None
        if not any(map(str.isdigit, person.phone)):
            changed["phone"], aside["(phone)"] = None, person.phone
    changed = {name: value for name, value in changed.items() if value != getattr(person, name)}
    return (person.but(**changed) if changed else person), aside


def _cleaned_email(person: Person, aside: dict[str, str]) -> dict[str, str | None]:
    """What has an @ and is no address is kept as written: somebody may see what is missing."""
    if person.email is None:
        return {}
    addresses = addresses_in(person.email)
    kept = addresses[0] if addresses else single_line(person.email) if "@" in person.email else None
    if len(addresses) > 1 or kept is None:
        aside["(email)"] = person.email
    name = named_address(person.email)[0]
    named = {"full_name": name} if name and not any(getattr(person, part) for part in _NAMES) else {}
    return {"email": kept, **named}


def _with_only_address(parsed: Parsed, body: bytes, content_type: str) -> Parsed | Quarantined:
    """Of several that differ none is guessed at: the body is set aside, with the names of the fields that have them."""
    candidates = candidates_in(parsed.fields) or candidates_in(_whole(body, content_type))
    if not candidates:
        return parsed
    if len(candidates) > 1:
        return Quarantined(quarantined=several(candidates))
    name, address = named_address(candidates[0].written)
    named = {"full_name": name} if name and not any(getattr(parsed.person, part) for part in _NAMES) else {}
    fields = {key: value for key, value in parsed.fields.items() if value != candidates[0].written}
    return parsed.but(person=parsed.person.but(email=addresses_in(address)[0], **named), fields=fields)


def _whole(body: bytes, content_type: str) -> JsonValue:
    try:
        return whole_of(body, content_type) if body else None
    except Unreadable:
        return None
