"""Any JSON or form body, read by guesses that a person would make; what cannot be told is left out, never invented.

The sender's word for the event, the object it is about and the person in it are looked for; `shapes` knows a few
platforms whose sales facts are plain. A body that names neither a person nor a record is set aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from schemas.json_values import COMPOSITE, JsonObject, JsonValue
from schemas.signals import Company, Kind, Parsed, Quarantined, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.guesses.acts import act_of
from services.ingest.parsers.guesses.batches import events_of
from services.ingest.parsers.guesses.candidates import candidates_in, several
from services.ingest.parsers.guesses.chain import Chain, Level, chain_of, first, level, nouns_of
from services.ingest.parsers.guesses.chats import is_call, is_message, other_end
from services.ingest.parsers.guesses.colleagues import host_of_meeting
from services.ingest.parsers.guesses.mail import CAME_IN, MAILED, is_mail
from services.ingest.parsers.guesses.moments import moment_of
from services.ingest.parsers.guesses.people import company_in, firm_in, names_beside, person_in, read_of
from services.ingest.parsers.guesses.records import amount_of, id_of, reason_of, references_of, sales_of, tags_of
from services.ingest.parsers.guesses.sides import Clues, firm_of, lead_of
from services.ingest.parsers.guesses.tree import MAX_NODES, Node, nodes
from services.ingest.parsers.guesses.words import FIELDS, kind_of
from services.ingest.parsers.platforms.gravity_forms import numbered_name
from services.ingest.parsers.reading.addresses import named_address
from services.ingest.parsers.reading.bodies import whole_of
from services.ingest.parsers.reading.by_names import Names, Wanted, cache_by_names, names_of
from services.ingest.parsers.reading.firmographics import address_facts, company_facts
from services.ingest.parsers.reading.form_fields import looks_like_json, words_of
from services.ingest.parsers.reading.former import with_former_emails
from services.ingest.parsers.reading.identifiers import identifier, is_identifier
from services.ingest.parsers.reading.naming import (
    is_anothers,
    is_id_of_a_thing,
    is_login,
    is_secret,
    label,
    meaning,
)
from services.ingest.parsers.reading.safely import (
    MAX_ANSWERS,
    Result,
    body_key,
    by_shape,
    company_of,
    each,
    mapping,
    only_known,
    person_of,
    read_person,
    text,
    utm_names,
    utm_of,
)
from services.ingest.parsers.reading.tables import word_set, words
from services.ingest.parsers.shapes.known_shapes import read_known_shape

_NOUNS = Wanted(
    words("""
    type object entity entity_type object_type resource resource_type model module table
""")
)
_FLAGS = Wanted(["test", "is_test", "test_mode"])
MAX_WORDS = 6
"""Names of the event that are looked at in one object; a body that has more of them is no sender's."""
LONGEST_WORD = 80
_WORDS_OF_HEADERS = ("-event", "-topic", "-event-type", "-event-key", "-webhook-topic")
_FORM_IDS = Wanted(["form_id", "formid", "form_name", "form", "survey_id", "page_id", "form_title"])
_CAMPAIGNS = Wanted(["campaign", "campaign_name", "campaign_id"])
_FILLED = frozenset(
    ["form_id", "form_name", "answers", "form_response", "submission_id", "submission", "submitted_at", "form"]
)
_WORK = frozenset(["deal", "opportunity", "task", "todo", "note", "activity", "call"])
_MAILED = ("delivery", "email", "message")
"""What an event of a mailing is about, whatever its word names besides."""
_CHANNELS = frozenset(["push", "sms", "slack", "webhook", "in_app", "whatsapp", "web_push", "mms", "voice", "letter"])
"""What is sent, delivered and clicked and is no e-mail."""
_COLLEAGUES = frozenset(["user", "users", "author"])
"""Who does the work on these: one of ours, not the lead."""
_TESTS = word_set("""
    test ping webhook_test test_event test_webhook test_notification webhook_ping test_ping url_verification
    endpoint_url_validation verification
""")


class Event(NamedTuple):
    """One event of a body with what stood around it. `limit`: of how many objects in it is looked at."""

    own: Mapping[str, JsonValue]
    around: Mapping[str, JsonValue]
    headers: Mapping[str, str]
    limit: int = MAX_NODES


class EventWord(NamedTuple):
    """The sender's word, our kind, and the word with the noun that it was read with (`deal updated`)."""

    word: str | None
    kind: Kind
    phrase: str | None


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each event judged alone. Raises Unreadable."""
    form = not looks_like_json(body, content_type)
    whole = whole_of(body, content_type)
    if isinstance(whole, dict) and (result := read_known_shape(whole, body)) is not None:
        return result
    events, words = events_of(whole), words_of(whole, body, content_type)
    # A body's objects are looked at in a bounded number, whether they are of one event or of a thousand.
    limit = min(MAX_NODES, max(24, 12_000 // max(1, len(events))))
    around = [row.around for row in events]
    return each(
        [(row.where, row.own) for row in events],
        lambda row, where, i: one(Event(row, around[i], headers, limit), where, body_key(words, i), form),
    )


def one(event: Event, where: str, key: str, form: bool = False) -> Parsed | Quarantined:
    """What one event tells. Raises Unreadable for one that names nobody and nothing."""
    plain, around = chain_of(event.own), level(event.around)
    word, kind, phrase = event_word_of(event, plain, around)
    nouns = nouns_of(phrase)
    if kind in MAILED or (kind is Kind.UNCLASSIFIED and not {"email", *_CHANNELS}.isdisjoint(nouns)):
        nouns = _MAILED
    chain = chain_of(event.own, nouns, plain) if nouns else plain
    work = _WORK & set(nouns) or kind.startswith(("sales.", "deal.", "note.", "activity."))
    objects = nodes(event.own, _COLLEAGUES if work else frozenset(), event.limit, known=chain)
    facts, person = person_in(objects)
    ours = word is not None and "id" in plain[0].held and "account" not in nouns
    firm = firm_in(objects, person, ours)
    company = company_in(objects, person, firm)
    if kind is Kind.UNCLASSIFIED and (word is None or word in _CONTENTS):
        kind = _kind_by_fields(plain, objects)
    answers, utm = _answers(objects, person, chain)
    if (form or not word or kind is Kind.FORM_SUBMITTED) and kind not in CAME_IN:
        facts, answers = _by_its_shape(event.own, facts, answers, form)
    if (form or not word) and not facts.keys() & {"email", "phone"} and kind not in CAME_IN:
        facts = {**facts, **_only_address(event.own, where, form or _looks_filled(chain))}
    if form and not facts.keys() & _NAMED:
        facts |= {name: value for name, value in numbered_name(dict(event.own)).items() if value}
    act = act_of(kind, chain, objects=objects, word=word, nouns=nouns)
    kind = act.kind
    clues = Clues(kind=kind, way=act.turn.way, mailed=nouns is _MAILED, chain=chain, objects=objects, person=person)
    facts, company = {**lead_of(clues, facts), **other_end(objects)}, firm_of(clues, company)
    facts = facts if act.instead is None else act.instead
    ident, test = id_of(chain, person, nouns, objects), _is_test(plain, around, word)
    if "challenge" in plain[0].held:
        # A handshake: what stands beside the challenge is a secret, not a record.
        ident = None
    if not facts and not company and ident is None and not test:
        raise Unreadable("names neither a person nor a record", where)
    if kind is Kind.UNCLASSIFIED and facts.keys() & {"email", "phone"} and (not word or _looks_filled(chain)):
        kind = Kind.FORM_SUBMITTED
    kind, sales = sales_of(kind, chain, phrase)
    sales = act.sales or _with_host(kind, sales, chain)
    amount, currency = amount_of(kind, chain)
    outer = [around, *chain]
    parsed = Parsed(
        kind=kind,
        source_kind=word or ("form" if form else None),
        occurred_at=moment_of(kind, outer),
        mode="test" if test else "live",
        person=person_of(facts),
        company=_firm(company, firm, person),
        external_id=ident,
        references=references_of(
            kind, chain, own_id=ident, nouns=nouns, firm=firm if _is_theirs(firm, person) else None
        ),
        actor=act.actor,
        automated=act.automated,
        sales=sales,
        reason=reason_of(kind, chain),
        amount=amount,
        currency=currency,
        form_id=first(outer, _FORM_IDS, text) or _id_of_form(objects),
        campaign=utm.get("utm_campaign") or first(outer, _CAMPAIGNS, text),
        utm=utm,
        tags=tags_of(kind, chain, person),
        fields=answers,
        dedupe_key=_delivery(event, key, (word, ident, sorted(facts.items()))),
    )
    records = [person.raw] if person else []
    if not work and not kind.startswith("company.") and all(chain[-1].raw is not raw for raw in records):
        records.append(chain[-1].raw)
    return with_former_emails(of_record(parsed, *records), event.own) if facts else of_record(parsed, *records)


_CONTENTS = ("text", "image", "audio", "sms", "mms", "email", "call", "phonecall", "voice")
"""Words for what a message is made of, which do not tell what happened."""


def _kind_by_fields(plain: Chain, objects: list[Node]) -> Kind:
    """Of a body without a word for what happened: a mail, a message of a chat, a call, as far as its fields tell."""
    if is_mail(plain[0].held) or any(is_mail(node.level.held) for node in objects[:MAX_WRAPPED] if node.weight >= -1):
        return Kind.MESSAGE_RECEIVED
    if is_message(objects):
        return Kind.MESSAGE_RECEIVED
    return Kind.OUTREACH_LOGGED if is_call(objects) else Kind.UNCLASSIFIED


MAX_WRAPPED = 12
"""Objects among which a mail is looked for."""


def _firm(company: dict[str, str], firm: Node | None, person: Node | None) -> Company:
    """The company with what its own object says of it, and where the person is."""
    facts = {**(address_facts(person.raw) if person else {}), **(company_facts(firm.raw) if firm else {})}
    # An address that is one of ours is no lead's: without a person or a company nobody is anywhere.
    named = company_of(company)
    return Company(**{**facts, **named.known_fields()}) if facts else named


def _is_theirs(firm: Node | None, person: Node | None) -> bool:
    """A company inside somebody's own object; one beside it may be whose webhook it is: us."""
    if firm is None or person is None or not person.path:
        return False
    return firm.path[: len(person.path)] == person.path


_MEETINGS = (Kind.SALES_MEETING_BOOKED, Kind.SALES_MEETING_HELD, Kind.SALES_MEETING_CANCELLED)


def _with_host(kind: Kind, sales: Sales | None, chain: Chain) -> Sales | None:
    """A meeting is whoever's invites to it."""
    if sales is None or kind not in _MEETINGS:
        return sales
    host = host_of_meeting(chain)
    return sales.but(owner_id=host.reference or sales.owner_id, owner_email=host.email)


def event_word_of(event: Event, chain: Chain, around: Level) -> EventWord:
    """The event's word, and our kind. A noun and a verb in two fields (`type: lead, event: update`) belong together."""
    first_word: str | None = None
    first_phrase: str | None = None
    meta = [level(held)] if (held := mapping(event.own.get("meta"))) else []
    for at in (*chain[:2], *meta, around, *chain[2:3]):
        if first_word is not None and len(chain) > 2 and at.raw == chain[2].raw:
            break
        nouns = [noun for n in _NOUNS.among(at.names) if (noun := text(at.held[n])) and len(noun) <= LONGEST_WORD]
        for word in _words(at):
            phrases = [word, *(f"{noun} {word}" for noun in nouns if noun != word)]
            first_word, first_phrase = (first_word, first_phrase) if first_word else (word, phrases[-1])
            for phrase in phrases:
                kind = kind_of(phrase)
                if kind in MAILED and any(label(noun) in _CHANNELS for noun in nouns):
                    continue
                if kind is not Kind.UNCLASSIFIED:
                    return EventWord(word, kind, phrase)
    for value in islice(_words_of_headers(event.headers), MAX_WORDS):
        if len(value) <= LONGEST_WORD:
            first_word, first_phrase = (first_word, first_phrase) if first_word else (value, value)
            if (kind := kind_of(value)) is not Kind.UNCLASSIFIED:
                return EventWord(value, kind, value)
    return EventWord(first_word, Kind.UNCLASSIFIED, first_phrase)


def _words_of_headers(headers: Mapping[str, str]) -> Iterator[str]:
    return (value for name, value in headers.items() if name.startswith("x-") and name.endswith(_WORDS_OF_HEADERS))


def _words(at: Level) -> list[str]:
    """What one object says that happened, the most telling name first."""
    held = [value for name in FIELDS.among(at.names) if (value := at.held[name])][:MAX_WORDS]
    words = [text(v) or text(mapping(v).get("type")) or text(mapping(v).get("name")) for v in held]
    return [word for word in words if word is not None and len(word) <= LONGEST_WORD]


def _answers(objects: list[Node], person: Node | None, chain: Chain) -> tuple[JsonObject, dict[str, str]]:
    """(further answers, campaign parameters): of the person's object, of lists of answers and of the innermost wrapper."""
    answers: JsonObject = {}
    told: list[Node] = []
    for node in objects:
        if node is person or (node.path and node.path[-1].endswith("()")) or node.raw is chain[-1].raw:
            answers |= node.fields
            told.append(node)
        elif names := utm_names(node.names):
            answers |= {name: node.fields[name] for name in names}
    utm = utm_of(answers)
    read = _read_of(told, answers)
    aside = read | _secrets_in(names_of(answers))
    return only_known([(n, v) for n, v in answers.items() if n not in aside][:200]), utm


@cache_by_names
def _secrets_in(names: Names) -> frozenset[str]:
    """Those that somebody proves themselves by."""
    return frozenset(filter(is_secret, names))


def _read_of(told: list[Node], answers: JsonObject) -> frozenset[str]:
    """The answers that tell of the person. Raises Unreadable for too many. Of one object with all its names but a campaign's it
    is what was read of it before."""
    if len(told) == 1 and len(answers) <= MAX_ANSWERS and _has_all_but_utm(told[0], answers):
        return told[0].ask(read_of)[1]
    answers_read = answers if len(answers) <= MAX_ANSWERS else dict(list(answers.items())[:MAX_ANSWERS])
    return read_person(answers_read)[1] | frozenset(list(answers)[MAX_ANSWERS:])


def _has_all_but_utm(node: Node, answers: JsonObject) -> bool:
    utm = utm_names(node.names)
    return len(answers) <= 200 and len(answers) == len(node.fields) - len(utm) and not any(map(_may_tell, utm))


def _may_tell(name: str) -> bool:
    """Whether the name of a parameter could tell of a person, or change what another tells."""
    return meaning(name) is not None or is_login(name) or label(name).endswith("name")


_NAMED = frozenset(["first_name", "last_name", "full_name"])


def _only_address(body: Mapping[str, JsonValue], where: str, filled: bool) -> dict[str, str]:
    """Our facts of the only address that a body has. Raises Unreadable for a form that has several."""
    candidates = candidates_in(body)
    if len(candidates) > 1 and filled:
        raise Unreadable(several(candidates), where)
    if len(candidates) != 1:
        return {}
    name, address = named_address(candidates[0].written)
    # The names that stand beside it are whose it is, unless it is among answers and things.
    beside = names_beside(candidates[0].row, address) if _is_flat(body) or candidates[0].row is not body else {}
    return {"email": address, **({"full_name": name} if name else beside)}


def _by_its_shape(
    body: Mapping[str, JsonValue], facts: dict[str, str], answers: JsonObject, form: bool
) -> tuple[dict[str, str], JsonObject]:
    """(facts, answers) once an address or a number that no name tells is taken out of the answers of somebody unnamed."""
    if facts and not (form and not facts.keys() & {"email", "phone"}):
        return facts, answers
    facts = dict(facts)
    of_theirs = {n: v for n, v in answers.items() if not is_anothers(n) and not is_id_of_a_thing(n)}
    used = by_shape(of_theirs, facts)
    if "email" in facts and not facts.keys() & _NAMED and _is_flat(body):
        facts = {**names_beside(body, facts["email"]), **facts}
    return facts, {name: value for name, value in answers.items() if name not in used}


def _is_flat(body: Mapping[str, JsonValue]) -> bool:
    """A form of plain answers, in which nobody else has an object of their own."""
    return not any(isinstance(value, COMPOSITE) for value in body.values())


def _id_of_form(objects: list[Node]) -> str | None:
    """`form[id]`, `wpforms[id]`: a form's id in an object that is called as one."""
    forms = (node.level.held for node in objects if node.path and node.path[-1].endswith(("form", "forms")))
    return next(
        (ident for held in forms for name in ("id", "form_id", "formid") if (ident := text(held.get(name)))), None
    )


def _is_test(chain: Chain, around: Level, word: str | None) -> bool:
    flags = [at.held[name] for at in (*chain[:2], around) for name in _FLAGS.among(at.names)]
    return any(flag in (True, "true", "1", 1) for flag in flags) or label(word or "") in _TESTS


def _looks_filled(chain: Chain) -> bool:
    return not all(_FILLED.isdisjoint(at.held) for at in chain)


def _delivery(event: Event, fallback: str, about: object) -> str:
    """The sender's id of the delivery, where it has a header or a field of its own. What is called `event_id` may be a fair's:
    what the event tells, and about which person, is added, and an id that is short is none."""
    named = (event.headers.get(name) for name in ("webhook-id", "svix-id", "idempotency-key"))
    ident = next(filter(None, map(identifier, named)), None)
    names = ("event_id", "eventId", "idempotencyKey", "delivery_id")
    own = next(
        (
            value
            for n in names
            if n in event.own
            and (value := text(event.own[n]))
            and len(value) >= 16
            and not value.isdigit()
            and is_identifier(value)
        ),
        None,
    )
    if own:
        own = f"{own}:{hashlib.sha256(repr(about).encode()).hexdigest()[:12]}"
    return f"id:{ident}" if ident and not event.around else f"event:{own}" if own else fallback
