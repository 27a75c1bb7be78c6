"""The way from an event of an unknown sender to the thing that it is about, and the names on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import NamedTuple, TypeVar

from schemas.json_values import JsonObject, JsonValue
from services.ingest.parsers.reading.by_names import (
    Names,
    Wanted,
    are_labels,
    are_labels_unique,
    cache_by_names,
    labels,
    names_of,
)
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import mapping, text
from services.ingest.parsers.reading.tables import words

WRAPPERS = words("""
    payload data event_data body object resource record item entity event msg message detail attributes submission
    response result model form_response content current properties fields values variables answers responses form_data
    formdata data_fields webhook_payload edited_message lead form_submission json data_json
""")
"""Keys behind which the thing itself is; the order is the one in which they are followed."""
_WRAPPING = Wanted(WRAPPERS)
_ANOTHERS = frozenset(["event", "message", "msg", "lead", "entity"])
"""Inside a thing that has an id of its own these are other things (a guest's `event`)."""
_SUBJECTS = Wanted(["subject", "target"])
_THINGS = Wanted(["entity", "resource", "record"])
"""With an id they are what the event is about, whatever `data` stands beside."""
_OF_EVENTS = frozenset(
    ["update_id", "event_id", "webhook_id", "request_id", "subscription_id", "delivery_id", "attempt_id", "trace_id"]
)
_OWN = Wanted(["call_id", "message_id", "ticket_id", "order_id", "booking_id", "submission_id", "response_id"])
"""With one of these an object is a thing itself, and its `target` is somebody's or something's else."""
_PARTS = """status stage owner tag tags form survey quiz campaign list page email mail webhook link score field value new old
    type column property attribute updated created deleted changed added removed id team recipient workspace"""
_NO_NOUNS = frozenset(_PARTS.split())
"""Words of an event's name that tell what happened, or to what part of the thing, or where; not what it is about."""
_ASIDE = """meta metadata links account paging headers context request previous old before changes signature auth app utm user users
    sender owner actor creator name address location webhook integration workspace team property site pagination campaign form survey
    quiz list page tag stage status source language parent"""
_BESIDE = frozenset(_ASIDE.split())
"""Objects that stand beside the thing, so that a lone one of them is not it."""
MAX_LEVELS = 6
MAX_KEYS = 300


class Level(NamedTuple):
    """One object on the way: itself, what it holds by names as `label` writes them, and these names. To be read only."""

    raw: Mapping[str, JsonValue]
    held: JsonObject
    names: Names


Chain = list[Level]
Found = TypeVar("Found")


def level(raw: Mapping[str, JsonValue]) -> Level:
    """Of a name that is there in two spellings the first counts."""
    names = names_of(raw, MAX_KEYS)
    plain = labels(names)
    if type(raw) is dict and len(raw) <= MAX_KEYS and are_labels(names):
        return Level(raw, raw, plain)
    if are_labels_unique(names):
        return Level(raw, dict(zip(plain, raw.values(), strict=False)), plain)
    held: JsonObject = {}
    for name, value in zip(plain, raw.values(), strict=False):
        held.setdefault(name, value)
    return Level(raw, held, names_of(held))


def first(chain: Iterable[Level], wanted: Wanted, read: Callable[[JsonValue], Found | None]) -> Found | None:
    """The first of the names that holds something, the innermost object first."""
    having = [at for at in chain if wanted.among(at.names)]
    if not having:
        return None
    inwards = having[::-1]
    for name in wanted.names if len(having) > 1 else wanted.among(having[0].names):
        for at in inwards:
            if name in at.held and (value := read(at.held[name])) is not None:
                return value
    return None


def nouns_of(phrase: str | None) -> tuple[str, ...]:
    """What an event's word can be about: of `sales_account.created` `sales_account`, `sales` and `account`."""
    words = label(phrase or "").split("_")
    both = ["_".join(pair) for pair in zip(words, words[1:], strict=False)] + words
    return tuple(
        dict.fromkeys(
            name for word in both for name in (word, word.removesuffix("s")) if name and name not in _NO_NOUNS
        )
    )


def chain_of(event: Mapping[str, JsonValue], nouns: tuple[str, ...] = (), known: Chain | None = None) -> Chain:
    """The event and what it wraps, outermost first: `{data: {object: {...}}}` has three. The object that is called as the
    event's word has it (`task` of `task.completed`) comes before any wrapper. `known`: its chain without the word, whose levels
    are not made again."""
    if known is not None and all(map(frozenset(nouns).isdisjoint, [at.names for at in known])):
        return known
    chain = [level(event) if known is None else known[0]]
    while len(chain) <= MAX_LEVELS and (inner := _inside(chain, nouns)) is not None:
        made = next((at for at in known or () if at.raw is inner), None)
        chain.append(level(inner) if made is None else made)
    return chain


def _inside(chain: Chain, nouns: tuple[str, ...]) -> Mapping[str, JsonValue] | None:
    at = chain[-1]
    held = at.held
    if len(chain) > 1 and chain[-2].held.get("attributes") is chain[-1].raw and text(chain[-2].held.get("id")):
        # JSON:API: what is in the attributes of a thing is a part of it.
        return None
    thing = len(chain) > 1 and text(held.get("id")) is not None
    subjects = () if any(text(held[name]) for name in _OWN.among(at.names)) else _SUBJECTS.among(at.names)
    named = () if thing else tuple(n for n in _THINGS.among(at.names) if text(mapping(held[n]).get("id")))
    for name in (*(() if thing else (*nouns, *subjects)), *named, *_WRAPPING.among(at.names)):
        value = held.get(name)
        if not isinstance(value, dict) or not value:
            continue
        if name == "event" and _is_occasion(value) and text(held.get("id")):
            continue
        if not (thing and name in _ANOTHERS):
            return value
    return _lone(at, MAX_LEVELS)


def _is_occasion(value: JsonValue) -> bool:
    """An `event` that people go to, not one that a sender tells of."""
    names = {label(str(key)) for key in islice(mapping(value), MAX_KEYS)}
    return not names.isdisjoint(("start", "start_time", "start_date", "starts_at")) and names.isdisjoint(
        ("type", "event_type", "action")
    )


def _lone(at: Level, levels: int) -> Mapping[str, JsonValue] | None:
    """The only object in one that has no id, if it has one or leads to one."""
    if levels == 0 or _have_id(at.names):
        return None
    inner = [v for name, v in at.held.items() if isinstance(v, dict) and v and name not in _BESIDE]
    if len(inner) != 1:
        return None
    lone = level(inner[0])
    named = any(text(lone.held[name]) for name in _ids_in(lone.names))
    return inner[0] if named or _lone(lone, levels - 1) is not None else None


@cache_by_names
def _have_id(names: Names) -> bool:
    """Whether an object of these names has an id of its own, or a key."""
    return any("id" in name.split("_") or name == "key" for name in frozenset(names) - _OF_EVENTS)


@cache_by_names
def _ids_in(names: Names) -> Names:
    """Those that are called an id."""
    return tuple(name for name in names if "id" in name.split("_"))


def ident(value: JsonValue) -> str | None:
    """An id, or the id of an object."""
    return text(value) or next((name for key in ("id", "name") if (name := text(mapping(value).get(key)))), None)
