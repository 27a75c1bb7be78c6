"""Reading a body by its source's own mapping, over what the kind's parser or the guesses say."""

from __future__ import annotations

from collections.abc import Mapping as Pairs
from functools import lru_cache

from cel_expr_python import cel

from routing.agreement.cel_words import plain_complaint
from schemas.json_values import JsonObject, JsonValue
from schemas.mapping import Mapping, Rule
from schemas.places import language_code
from schemas.signals import Company, Kind, Parsed, Quarantined, Reference, Sales
from services.ingest.configured.mapping_findings import bounded_findings, missing, unread
from services.ingest.configured.paths import MISSING, find
from services.ingest.parsers.bounds.amount import TooMuch
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.finishing import finish, readable_facts
from services.ingest.parsers.finishing.profile import with_profile
from services.ingest.parsers.finishing.stated import with_stated_facts
from services.ingest.parsers.guesses.batches import events_of
from services.ingest.parsers.guesses.records import SYSTEM
from services.ingest.parsers.platforms import generic, typeform
from services.ingest.parsers.reading.bodies import whole_of
from services.ingest.parsers.reading.identifiers import is_identifier, without_false_ids
from services.ingest.parsers.reading.markup import readable, readable_answer
from services.ingest.parsers.reading.safely import (
    Result,
    as_object,
    body_key,
    each,
    number,
    only_known,
    refuse_too_many,
    text,
    when,
)
from services.ingest.parsers.reading.tables import words
from services.ingest.parsers.registry import parse, parse_unfinished

_KNOWN = {
    "body": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "headers": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
}
_ENV = cel.NewEnv(variables=_KNOWN)
_PERSON = ("email", "first_name", "last_name", "full_name", "phone")
_PLAIN = words("""
    external_id source_kind form_id campaign reason criterion currency handover_id offer_id
""")
_COMPANY = ("domain", "industry", "country", "employees", "region", "city", "postcode")
_REFERENCES = ("person", "company", "deal", "activity")


class ConditionError(ValueError):
    """A rule's condition does not compile, or is not a yes-or-no question."""


@lru_cache(maxsize=512)
def condition(source: str) -> cel.Expression:
    """Raises ConditionError with the position."""
    try:
        compiled = _ENV.compile(source)
    except RuntimeError as error:
        raise ConditionError(f"`{source}`: {plain_complaint(str(error), source, _KNOWN)}") from None
    if compiled.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise ConditionError(f"`{source}` gives {compiled.return_type().name()}; a condition must give BOOL")
    return compiled


def check(mapping: Mapping) -> None:
    """Raises ConditionError for the first rule that is none."""
    for rule in mapping.rules:
        condition(rule.when)


def read(kind: str, body: bytes, content_type: str, headers: dict[str, str], mapping: Mapping | None) -> Result:
    """As `parse`, with the mapping's say over it. A kind of its own is mapped where the body is one event."""
    if mapping is None:
        return parse(kind, body, content_type, headers)
    return finish(
        _read_mapped(kind, body, content_type=content_type, headers=headers, mapping=mapping), body, content_type
    )


def _read_mapped(kind: str, body: bytes, content_type: str, headers: dict[str, str], mapping: Mapping) -> Result:
    try:
        whole = whole_of(body, content_type)
        if kind != "generic":
            results = parse_unfinished(kind, body, content_type, headers)
            if len(results) != 1:
                return results
            named = {"answers": typeform.by_question(whole)} if kind == "typeform" else {}
            return _over(results[0], {**named, **as_object(whole)}, mapping=mapping, headers=headers, where="$")
        rows = _rows(whole, mapping)
    except Unreadable as error:
        return [Quarantined(quarantined=error.reason, where=error.where)]
    skipped: list[int] = []

    def one(row: JsonObject, where: str, index: int) -> Parsed | Quarantined:
        guessed = _guess_facts(row, where, key=body_key(body, index), headers=headers, mapping=mapping)
        items = _over(guessed, row, mapping=mapping, headers=headers, where=where)
        if not items:
            skipped.append(index)
            return Quarantined(quarantined="skipped", where=where)
        return items[0]

    try:
        read_rows = each(rows, one)
    except TooMuch as error:
        return [Quarantined(quarantined=error.reason, where=error.where)]
    return [item for i, item in enumerate(read_rows) if i not in skipped]


def _rows(whole: JsonValue, mapping: Mapping) -> list[tuple[str, JsonValue]]:
    if mapping.events is None:
        return [(row.where, row.own) for row in events_of(whole)]
    listed = find(whole, mapping.events)
    if not isinstance(listed, list):
        raise Unreadable("a list of events is expected here", f"$.{mapping.events}")
    return [(f"$.{mapping.events}[{i}]", row) for i, row in enumerate(refuse_too_many(listed))]


def _guess_facts(
    row: JsonObject, where: str, key: str, headers: dict[str, str], mapping: Mapping
) -> Parsed | Quarantined:
    if mapping.guess:
        try:
            guess = generic.one(generic.Event(row, {}, headers), where, key)
            return readable_facts(guess) if isinstance(guess, Parsed) else guess
        except Unreadable:
            pass
    return Parsed(kind=Kind.UNCLASSIFIED, dedupe_key=key)


def _over(
    item: Parsed | Quarantined, row: JsonObject, mapping: Mapping, headers: Pairs[str, str], where: str
) -> list[Parsed | Quarantined]:
    """The item as the mapping has it; none for an event that a rule skips."""
    if isinstance(item, Quarantined):
        return [item]
    rule = next((r for r in mapping.rules if _holds(r, row, headers)), None)
    if rule is not None and rule.skip:
        return []
    paths: dict[str, str] = {str(name): path for name, path in mapping.facts.items()}
    paths |= {str(name): path for name, path in (rule.facts.items() if rule else ())}
    held = {name: find(row, path) for name, path in paths.items()}
    texts = {name: text(value) for name, value in held.items() if value is not MISSING}
    facts = {name: readable(value) for name, value in texts.items() if value is not None}
    kind = (rule.kind if rule else None) or mapping.kind or item.kind
    answers = {name: find(row, path) for name, path in mapping.fields.items()}
    fields = {
        **item.fields,
        **only_known((name, readable_answer(value)) for name, value in answers.items() if value is not MISSING),
    }
    parsed = _with(item, facts, kind, fields, test=rule is not None and rule.test)
    findings = [*missing(held, paths), *missing(answers, mapping.fields), *unread(facts, paths, parsed)]
    parsed = with_profile(with_stated_facts(parsed.but(findings=bounded_findings((*item.findings, *findings)))))
    if parsed.external_id or parsed.references or parsed.person.known_fields():
        return [parsed]
    return [Quarantined(quarantined="; ".join(["names neither a person nor a record", *findings[:1]]), where=where)]


def _with(item: Parsed, facts: dict[str, str], kind: Kind, fields: JsonObject, *, test: bool) -> Parsed:
    person = item.person.but(**{n: facts[n] for n in _PERSON if n in facts})
    company_facts = {"name": facts.get("company"), **{name: facts.get(name) for name in _COMPANY}}
    company = Company(
        **{**item.company.known_fields(), **{name: value for name, value in company_facts.items() if value is not None}}
    )
    pointed = tuple(
        Reference.from_mapping({"system": SYSTEM, "object": what, "id": facts[f"{what}_id"]})
        for what in _REFERENCES
        if f"{what}_id" in facts
    )
    changed: JsonObject = {n: facts[n] for n in _PLAIN if n in facts}
    if (language := language_code(facts.get("language"))) is not None:
        changed["language"] = language
    if is_identifier(facts.get("delivery_id", "")):
        changed["dedupe_key"] = f"id:{facts['delivery_id']}"
    if (moment := when(facts.get("occurred_at"))) is not None:
        changed["occurred_at"] = moment
    if (amount := number(facts.get("amount"))) is not None:
        changed["amount"] = amount
    work = {name: facts[name] for name in ("from", "to", "owner_id", "activity_type") if name in facts}
    if work or (kind.startswith("sales.") and item.sales is None):
        held = item.sales.plain() if item.sales else {}
        changed["sales"] = Sales.from_mapping({**held, **work})
    if test:
        changed["mode"] = "test"
    references = tuple(dict.fromkeys((*pointed, *item.references)))
    whole = item.but(kind=kind, person=person, company=company, references=references, fields=fields, **changed)
    return without_false_ids(whole)


def _holds(rule: Rule, row: JsonObject, headers: Pairs[str, str]) -> bool:
    """An error value (what the body does not have, a number too large for CEL) is a condition that does not hold."""
    try:
        return condition(rule.when).eval(_ENV.Activation({"body": row, "headers": dict(headers)})).plain_value() is True
    except (RuntimeError, OverflowError, ValueError, TypeError):
        return False
