"""Copper: ids of one type with what changed as [old, new]; a task that becomes completed is a follow-up."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Kind, Object, Parsed, Reference, Sales
from services.ingest.parsers.bounds.amount import added_up
from services.ingest.parsers.bounds.pieces import alone, take_turns
from services.ingest.parsers.guesses.words import kind_of
from services.ingest.parsers.reading.safely import (
    Result,
    body_key,
    mapping,
    number,
    only_known,
    refuse_too_many,
    text,
    when,
)

_COPPER: dict[str, Object] = {
    "lead": "person",
    "person": "person",
    "company": "company",
    "opportunity": "deal",
    "task": "activity",
    "activity_log": "activity",
}


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return isinstance(whole.get("ids"), list) and "event" in whole and "type" in whole


def parse(whole: JsonObject, body: bytes) -> Result:
    """The signals of one body."""
    change = _copper_change(whole, body_key(body))
    what = _COPPER.get(text(whole.get("type")) or "")
    paced_ids = enumerate(take_turns(map(text, refuse_too_many(whole["ids"])), alone))
    return list(added_up(_of_record(change, what, ident, body_key(body, i)) for i, ident in paced_ids))


def _of_record(change: Parsed, what: Object | None, ident: str | None, key: str) -> Parsed:
    references = (Reference(system="copper", object=what, id=ident),) if what and ident else ()
    return change.but(external_id=ident, references=references, dedupe_key=key)


def _copper_change(whole: JsonObject, key: str) -> Parsed:
    """What was changed of all the records of a body, read once."""
    noun, verb = text(whole.get("type")) or "", text(whole.get("event")) or ""
    changed = {n: v for n, v in mapping(whole.get("updated_attributes")).items() if isinstance(v, list) and len(v) == 2}
    kind, sales = _copper_sales(noun, verb, changed)
    return Parsed(
        kind=kind,
        source_kind=f"{noun}.{verb}",
        occurred_at=when(whole.get("timestamp")),
        sales=sales,
        amount=number(changed["monetary_value"][1]) if "monetary_value" in changed else None,
        reason=text(changed["loss_reason_id"][1]) if "loss_reason_id" in changed else None,
        fields=only_known((n, text(v[1])) for n, v in changed.items()),
        dedupe_key=key,
    )


def _copper_sales(noun: str, verb: str, changed: dict[str, list[JsonValue]]) -> tuple[Kind, Sales | None]:
    def step(name: str) -> Sales:
        return Sales(from_=text(changed[name][0]), to=text(changed[name][1]))

    status = (text(changed["status"][1]) or "").casefold() if "status" in changed else ""
    if noun == "opportunity" and status in ("won", "lost"):
        return (Kind.SALES_WON if status == "won" else Kind.SALES_LOST), step("status")
    if noun == "task" and status == "completed":
        return Kind.SALES_FOLLOW_UP, step("status").but(done=True, activity_type="task")
    for name in ("pipeline_stage_id", "stage_id", "status_id", "status"):
        if name in changed and noun in ("opportunity", "lead"):
            return Kind.SALES_STAGE_CHANGED, step(name)
    if "assignee_id" in changed:
        return Kind.SALES_OWNER_CHANGED, step("assignee_id").but(owner_id=text(changed["assignee_id"][1]))
    verbs = {"new": "created", "update": "updated", "delete": "deleted"}
    return kind_of(f"{noun.replace('activity_log', 'activity')} {verbs.get(verb, verb)}"), None
