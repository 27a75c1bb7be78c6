"""Of an event of an unknown sender: the id of what it is about, what it says of sales work, whom it names by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from schemas.signals import Kind, Reference, Sales
from services.ingest.parsers.naming import label
from services.ingest.parsers.reading import mapping, number, text
from services.ingest.parsers.tree import Node

Chain = list[Mapping[str, Any]]
_IDS = """id uid uuid guid record_id object_id entity_id submission_id response_id lead_id contact_id entry_id subscriber_id person_id customer_id
    booking_id deal_id ticket_id order_id message_id event_id request_id session_id conversation_id call_id call_sid uri token reference key"""
_ORDER = tuple(_IDS.split())
_SHAKY = ("token", "reference", "key")
"""Are ids only where little else stands beside them."""
_OWNERS = (
    "owner_id",
    "ownerId",
    "assigned_to_id",
    "assignee_id",
    "assigned_user_id",
    "responsible_user_id",
    "user_id",
    "userId",
)
_STAGES = ("stage_id", "stageId", "stage", "status_id", "statusId", "deal_stage", "pipeline_stage_id", "status")
_BEFORE = ("previous", "old", "previous_attributes", "previous_data", "before")
_NAMED: dict[str, Literal["person", "company", "deal"]] = {
    "contact_id": "person", "person_id": "person", "customer_id": "person", "lead_id": "person", "company_id": "company",
    "organization_id": "company", "organisation_id": "company", "account_id": "company", "deal_id": "deal", "opportunity_id": "deal",
}  # fmt: skip
SYSTEM = "source"
"""The system of references that only the configuration can name; ingest puts the source's name in its place."""


Found = TypeVar("Found")


def first(chain: Chain, names: Iterable[str], read: Callable[[Any], Found | None]) -> Found | None:
    """The first of `names` that holds something, the innermost object first."""
    for name in names:
        for at in reversed(chain):
            if (found := read(at.get(name))) is not None:
                return found
    return None


def id_of(chain: Chain, person: Node | None) -> str | None:
    """The id of the innermost thing, else of the person, else of the event."""
    for at in reversed(chain):
        if (said := _own_id(at)) is not None:
            return said
        if person is not None and at is not person.raw and person.weight == 100 and (said := _own_id(person.raw)):
            return said
    return _own_id(person.raw) if person else None


def _own_id(at: Mapping[str, Any]) -> str | None:
    held = {label(str(key)): value for key, value in list(at.items())[:300]}
    for name in _ORDER:
        value = held.get(name)
        if isinstance(value, dict):
            value = next((value[k] for k in ("record_id", "entry_id", "id", "value") if text(value.get(k))), None)
        said = text(value[0] if isinstance(value, list) and len(value) == 1 else value)
        if said is not None and len(said) <= 200 and not (name in _SHAKY and len(at) > 4):
            return said
    return None


def sales_of(kind: Kind, chain: Chain) -> tuple[Kind, Sales | None]:
    """(the kind, more exactly; what it says). A deal's update that shows the stage, the status or the owner before is that change."""
    before = next((mapping(at.get(n)) for at in chain for n in _BEFORE if isinstance(at.get(n), dict)), {})
    stage, owner = first(chain, _STAGES, text), first(chain, _OWNERS, text)
    earlier, former = first([before], _STAGES, text), first([before], _OWNERS, text)
    if kind is Kind.DEAL_UPDATED:
        status = (first(chain, ("status",), text) or "").casefold()
        if "status" in before and status in ("won", "lost"):
            kind, stage, earlier = Kind(f"sales.{status}"), status, text(before["status"])
        elif earlier is not None and earlier != stage:
            kind = Kind.SALES_STAGE_CHANGED
        elif former is not None and former != owner:
            kind = Kind.SALES_OWNER_CHANGED
    if not kind.startswith("sales."):
        return kind, None
    if kind is Kind.SALES_OWNER_CHANGED:
        stage, earlier = owner, former
    done = True if kind is Kind.SALES_FOLLOW_UP else False if kind is Kind.SALES_TASK_OPEN else None
    typed = first(chain, ("activity_type", "task_type"), text) if done is not None else None
    return kind, Sales(from_=earlier, to=stage, owner_id=owner, done=done, activity_type=typed)


def references_of(kind: Kind, chain: Chain, ident: str | None) -> tuple[Reference, ...]:
    """Who is named by id: the thing itself, as far as the event's word tells what it is, and what it points to."""
    found: dict[tuple[str, str], Reference] = {}
    noun = kind.partition(".")[0]
    own = {"contact": "person", "company": "company", "deal": "deal", "activity": "activity"}.get(noun)
    if ident and own:
        found[own, ident] = Reference.model_validate({"system": SYSTEM, "object": own, "id": ident})
    for at in chain:
        for key, value in list(at.items())[:300]:
            what, said = _NAMED.get(label(str(key))), text(value)
            if what and said:
                found.setdefault((what, said), Reference(system=SYSTEM, object=what, id=said))
    return tuple(found.values())


def amount_of(kind: Kind, chain: Chain) -> float | None:
    """A deal's; what a meeting or an order costs is no deal's amount."""
    if not kind.startswith(("deal.", "sales.won", "sales.lost", "sales.stage")):
        return None
    return first(chain, ("amount", "value", "price", "deal_value"), number)
