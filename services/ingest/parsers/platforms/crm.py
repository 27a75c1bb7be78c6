"""Our own JSON for sales facts and anything else that a system of the customer's can tell: one object or a list."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pydantic import ValidationError

from schemas.crm import CrmFact, parsed_fact, read_fact
from schemas.json_values import JsonValue
from schemas.signals import Parsed, Quarantined
from schemas.wording import keys_at, rule_of
from services.ingest.parsers.bounds.pieces import take_turns, values_in
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, as_object, body_key, read_json, refuse_too_many


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each fact judged alone. Raises Unreadable for what is no JSON."""
    whole = read_json(body)
    rows = whole if isinstance(whole, list) else [as_object(whole)]
    return [
        one(row, f"$[{i}]" if isinstance(whole, list) else "$", partial(body_key, body, i))
        for i, row in enumerate(take_turns(refuse_too_many(rows), values_in))
    ]


def one(row: JsonValue, where: str, fallback_key: Callable[[], str]) -> Parsed | Quarantined:
    """A fact, or why it is none: the field and the rule, never the value. `fallback_key` is asked where the fact has no id."""
    try:
        fact = read_fact(row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([where, *map(str, first["loc"])])
        return Quarantined(quarantined=rule_of(first, keys_at(CrmFact, first["loc"][:-1])), where=path)
    ident = identifier(fact.get("id"))
    return parsed_fact(fact, fallback_key() if ident is None else f"id:{fact['id']}")
