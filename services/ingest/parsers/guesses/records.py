"""Of an event of an unknown sender: the id of what it is about, what it says of sales work, the people it names by id."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Kind, Object, Reference, Sales
from services.ingest.parsers.guesses.chain import Chain, Level, first, ident, level
from services.ingest.parsers.guesses.tree import Node
from services.ingest.parsers.reading.by_names import Names, Wanted, cache_by_names
from services.ingest.parsers.reading.identifiers import identifier, is_identifier
from services.ingest.parsers.reading.safely import mapping, number, text
from services.ingest.parsers.reading.tables import words

_IDS = """id uid uuid guid record_id object_id entity_id primary_key primary_entity_id unique_id submission_id response_id lead_id contact_id
    entry_id responder_uuid response_uuid submission_uuid respondent_id subscriber_id subscriber_uid contact_uid lead_uid lead_uuid contact_uuid person_id customer_id booking_id deal_id ticket_id order_id message_id sg_message_id email_id delivery_id resource_ids record_ids event_id request_id session_id message_token
    conversation_id chat_id call_id call_sid resource_id log_id box_key pulse_id item_id distinct_id uri token reference key"""
_ORDER = tuple(_IDS.split())
_OTHERS = """account user owner organization organisation org company workspace team tenant location site website project campaign form page list
    template app client connection webhook subscription device group board pipeline stage status calendar organizer host agent anonymous
    tag tags area instance merchant shop store session request trace channel trigger correlation ip journey broadcast newsletter content action variation send dispatch product plan"""
_LINKS = Wanted(("api_url", "resource_url", "resource_uri", "self"))
_SHAKY = ("token", "reference", "key")
"""Are ids only where little else stands beside them."""
_OWNERS = Wanted(("owner_id", "assigned_to_id", "assignee_id", "assigned_user_id", "responsible_user_id", "user_id"))
_PEOPLE = Wanted(("owner", "assigned_to", "assignee", "responsible"))
_STAGES = Wanted(("stage_id", "stage", "status_id", "deal_stage", "pipeline_stage_id", "status"))
_BEFORE = Wanted(("previous", "old", "previous_attributes", "previous_data", "before"))
_OLD = ("old", "previous", "prev", "from", "former")
_CHANGES = Wanted(("changes", "changed", "changeset", "diff", "updated_attributes"))
_NOW = Wanted(("new", "to", "current", "after"))
_REASONS = Wanted(
    words("""
    lost_reason loss_reason rejection_reason reject_reason disqualification_reason cancellation_reason cancel_reason
    close_reason closed_lost_reason reason lost_reason_id loss_reason_id
""")
)
_STAGES_OF_NOW = Wanted([*(f"{word}_{name}" for name in _STAGES.names for word in ("new", "to")), *_STAGES.names])
_STAGES_OF_BEFORE = Wanted(f"{word}_{name}" for name in _STAGES.names for word in _OLD)
_STATUS, _STATUS_OF_NOW = Wanted(["status"]), Wanted(["new_status", "status"])
_STATUS_OF_BEFORE = Wanted(f"{word}_status" for word in _OLD)
_OWNERS_OF_BEFORE = Wanted(f"{word}_{name}" for name in (*_OWNERS.names, *_PEOPLE.names) for word in _OLD)
_EARLIER = Wanted([*_OLD, "before"])
_TYPES = Wanted(["activity_type", "task_type"])
_TAGS = Wanted(["tag", "tag_name", "label"])
_AMOUNTS = Wanted(["amount", "value", "price", "deal_value"])
_CURRENCIES = Wanted(["currency", "currency_code"])
_NAMED: dict[str, Object] = {
    "contact_id": "person",
    "person_id": "person",
    "customer_id": "person",
    "lead_id": "person",
    "company_id": "company",
    "organization_id": "company",
    "organisation_id": "company",
    "account_id": "company",
    "deal_id": "deal",
    "opportunity_id": "deal",
}
_NOUNS: dict[str, Object] = {
    **dict.fromkeys(("deal", "opportunity"), "deal"),
    **dict.fromkeys(("task", "todo", "activity", "meeting", "booking", "appointment", "call"), "activity"),
    **dict.fromkeys(("contact", "person", "people", "lead", "customer", "prospect"), "person"),
    **dict.fromkeys(("company", "organization", "organisation"), "company"),
}
SYSTEM = "source"
"""The system of references that only the configuration can name; ingest puts the source's name in its place."""


def id_of(chain: Chain, person: Node | None, nouns: tuple[str, ...] = (), objects: Sequence[Node] = ()) -> str | None:
    """The id of the innermost thing, else of the person, else of the event. `objects`: all of the event."""
    theirs = person.level if person else None
    if person and person.path[-1:] == ("attributes",):
        # JSON:API has the id beside the attributes.
        theirs = next((node.level for node in objects if node.path == person.path[:-1]), theirs)
    for at in reversed(chain):
        if (own_id := _own_id(at, nouns)) is not None:
            return own_id
        if theirs and person and at.raw is not theirs.raw and person.weight == 100 and (own_id := _own_id(theirs)):
            return own_id
    named = (_own_id(theirs) if theirs else None) or first(chain, _LINKS, _last_step)
    if named or not nouns:
        return named
    whose = ((name, mapping(at.held.get(name))) for name in _WHOSE for at in chain if name in at.held)
    if (own_id := next((own_id for name, at in whose if (own_id := _own_id(level(at), (name,)))), None)) is not None:
        return own_id
    only = next((own_id for at in reversed(chain) if (own_id := _only_id(at)) is not None), None)
    # Who did it, where nothing else has an id.
    return only or (_own_id(chain[-1], ("user",)) if person else None)


def _only_id(at: Level) -> str | None:
    """Of an event, where nothing else has an id: the first that is named as one, and is neither its owner's nor the place's."""
    names = (
        name
        for name in at.held
        if name.endswith(("_id", "_uuid")) and _NOT_ITS.isdisjoint((name.rpartition("_")[0], *name.split("_")[-2:-1]))
    )
    return next(
        (value for name in names if (value := text(at.held[name])) and identifier(value) and "@" not in value), None
    )


_WHOSE = ("contact", "customer", "subscriber", "profile", "person", "lead", "user")
_NOT_ITS = frozenset(_OTHERS.split())


def _last_step(value: JsonValue) -> str | None:
    """Of a link to the thing, which is all that some senders give, the number at its end."""
    step = (text(value) or "")[:500].partition("?")[0].rstrip("/").rpartition("/")
    return step[2] if step[0].startswith("http") and step[2].isdigit() else None


def _own_id(at: Level, nouns: tuple[str, ...] = ()) -> str | None:
    held = at.held
    # Beside what happened and when, `id` is the event's; the person or thing it is about has its own.
    is_event = "occurred_at" in held and ("type" in held or "event" in held)
    for name in _names_of_ids(nouns, is_event):
        if name not in held:
            continue
        value = held[name]
        if isinstance(value, dict):
            value = next((value[k] for k in ("record_id", "entry_id", "id", "value") if text(value.get(k))), None)
        candidate = text(value[0] if isinstance(value, list) and len(value) == 1 else value)
        # What has an address in it is a mail's Message-ID, or made of somebody's address: personal data is in no id.
        if (
            candidate
            and is_identifier(candidate)
            and "@" not in candidate
            and len(candidate) <= 200
            and not _is_shaky(name, at)
            and not (name == "uri" and "://" not in candidate)
        ):
            return candidate
    return None


@lru_cache(maxsize=256)
def _names_of_ids(nouns: tuple[str, ...], is_event: bool) -> tuple[str, ...]:
    """Names under which a thing that is called so has its id, the surest first."""
    of_nouns = tuple(f"{noun}_{part}" for noun in nouns for part in ("id", "key", "uuid"))
    return (*((*of_nouns, "contact_id", "subscriber_id") if is_event else ()), "id", *of_nouns, *_ORDER)


def _is_shaky(name: str, at: Level) -> bool:
    """A `token` or a `key` among much else; among other keys (`staff_key`) it is the record's."""
    keyed = name == "key" and any(other.endswith("_key") for other in at.held)
    return name in _SHAKY and len(at.raw) > 4 and not keyed


def sales_of(kind: Kind, chain: Chain, phrase: str | None = None) -> tuple[Kind, Sales | None]:
    """(the kind, more exactly; what it says). A deal's update that shows the stage, the status or the owner before is that change."""
    if kind is not Kind.DEAL_UPDATED and not kind.startswith("sales."):
        return kind, None
    before, after = _changes(chain)
    chain = [*chain, *after]
    stage = first(chain, _STAGES_OF_NOW, ident)
    owner, former = _owner(chain), _owner(before)
    earlier = first(before, _STAGES, ident) or first(chain, _STAGES_OF_BEFORE, ident)
    if kind is Kind.DEAL_UPDATED:
        status = (first(chain, _STATUS_OF_NOW, text) or "").casefold()
        was = first(before, _STATUS, text) or first(chain, _STATUS_OF_BEFORE, text)
        if was and status in ("won", "lost") and was.casefold() != status:
            kind, stage, earlier = Kind(f"sales.{status}"), status, was
        elif earlier is not None and earlier != stage:
            kind = Kind.SALES_STAGE_CHANGED
        elif former is not None and former != owner:
            kind = Kind.SALES_OWNER_CHANGED
    if not kind.startswith("sales."):
        return kind, None
    if kind is Kind.SALES_OWNER_CHANGED:
        stage, earlier = owner, former or first(chain, _OWNERS_OF_BEFORE, ident)
    if kind is Kind.SALES_STAGE_CHANGED and stage is None and "qualified" in (phrase or "").casefold():
        stage = "qualified"
    done = True if kind is Kind.SALES_FOLLOW_UP else False if kind is Kind.SALES_TASK_OPEN else None
    typed = first(chain, _TYPES, text) if done is not None else None
    return kind, Sales(from_=earlier, to=stage, owner_id=owner, done=done, activity_type=typed)


def _changes(chain: Chain) -> tuple[Chain, Chain]:
    """(what was before, what is now) as objects of their own: `previous` whole, or `changes` with both values of each name."""
    whole = [level(at.held[n]) for at in chain for n in _BEFORE.among(at.names) if isinstance(at.held[n], dict)]
    held: JsonObject = next(
        (at.held[n] for at in chain for n in _CHANGES.among(at.names) if isinstance(at.held[n], dict)), {}
    )
    both = {str(name): value for name, value in list(held.items())[:100] if isinstance(value, dict)}
    old = {name: scalar for name, value in both.items() if (scalar := first([level(value)], _EARLIER, ident))}
    new = {name: scalar for name, value in both.items() if (scalar := first([level(value)], _NOW, ident))}
    return [*whole[:1], *([level(old)] if old else [])], [level(new)] if new else []


def _owner(chain: Chain) -> str | None:
    return first(chain, _OWNERS, text) or first(chain, _PEOPLE, lambda value: text(mapping(value).get("id")))


def reason_of(kind: Kind, chain: Chain) -> str | None:
    """Why a deal was lost, a lead refused, a meeting called off; of other facts a `reason` is anything."""
    if kind not in (Kind.SALES_LOST, Kind.SALES_REJECTED, Kind.SALES_RETURNED, Kind.SALES_MEETING_CANCELLED):
        return None
    return first(chain, _REASONS, lambda value: text(value) or text(mapping(value).get("name")))


MAX_TAGS = 100
"""Of one event; what comes after is of the same kind."""


def tags_of(kind: Kind, chain: Chain, person: Node | None) -> tuple[str, ...]:
    """The tags of the person, or the one that an event of a tag is about."""
    held = [*([person.level.held] if person else []), *(at.held for at in reversed(chain))]
    if kind in (Kind.TAG_ADDED, Kind.TAG_REMOVED):
        one = first(chain, _TAGS, lambda value: text(value) or text(mapping(value).get("name")))
        if one is not None:
            return (one,)
    tags: JsonValue = next((at["tags"] for at in held if at.get("tags")), [])
    rows: list[JsonValue] = tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else []
    named = (text(row) or text(mapping(row).get("name")) or text(mapping(row).get("tag")) for row in rows[:MAX_TAGS])
    return tuple(dict.fromkeys(tag for tag in named if tag))


def references_of(
    kind: Kind, chain: Chain, own_id: str | None, nouns: tuple[str, ...] = (), firm: Node | None = None
) -> tuple[Reference, ...]:
    """Who is named by id: the thing itself, as far as the sender's word or our kind tells what it is, and what it points to."""
    references: dict[tuple[str, str], Reference] = {}
    noun = kind.partition(".")[0]
    own = _NOUNS[noun] if noun in ("contact", "company", "deal", "activity") else None
    if own is None and kind.startswith("sales."):
        own = next((_NOUNS[noun] for noun in nouns if noun in _NOUNS), None)
    if own_id and own and not _is_of_the_delivery(own_id, chain):
        references[own, own_id] = Reference(system=SYSTEM, object=own, id=own_id)
    # The account of an envelope, or of a form or a mailing, is the sender's customer: us.
    names_company = kind is not Kind.UNCLASSIFIED and not kind.startswith(
        ("form.", "email.", "message.", "call.", "list.")
    )
    for i, at in enumerate(chain):
        for key in _pointing(at.names):
            what, name = _NAMED[key], text(at.held[key])
            if what == "company" and not (names_company and (i == len(chain) - 1 or len(chain) == 1)):
                continue
            if name and is_identifier(name):
                references.setdefault((what, name), Reference(system=SYSTEM, object=what, id=name))
    if firm is not None and (ident := _own_id(firm.level)) is not None and kind is not Kind.UNCLASSIFIED:
        references.setdefault(("company", ident), Reference(system=SYSTEM, object="company", id=ident))
    return tuple(references.values())


@cache_by_names
def _pointing(names: Names) -> Names:
    """Those that hold somebody's or something's id, in the order of the object."""
    return tuple(name for name in names if name in _NAMED)


_DELIVERIES = ("event_id", "delivery_id", "request_id", "webhook_id", "message_id")


def _is_of_the_delivery(own_id: str, chain: Chain) -> bool:
    """An id that is the event's own, taken where the record has none: the next event has another."""
    ids = {text(chain[0].held.get(name)) for name in _DELIVERIES}
    return own_id in ids and not any(text(at.held.get("id")) == own_id for at in chain)


def amount_of(kind: Kind, chain: Chain) -> tuple[float | None, str | None]:
    """(amount, currency) of a deal; what a meeting or an order costs is no deal's amount."""
    if not kind.startswith(("deal.", "sales.won", "sales.lost", "sales.stage")):
        return None, None
    amount = first(
        chain, _AMOUNTS, lambda value: number(mapping(value).get("amount") if isinstance(value, dict) else value)
    )
    inner = first(chain, _AMOUNTS, lambda value: text(mapping(value).get("currency")))
    return amount, (first(chain, _CURRENCIES, text) or inner) if amount is not None else None
