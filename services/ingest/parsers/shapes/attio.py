"""Attio: thin events with typed ids and the actor."""

from __future__ import annotations

from schemas.json_values import JsonObject
from schemas.signals import Actor, Kind, Parsed, Reference
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, body_key, each, mapping, only_known, refuse_too_many, text
from services.ingest.parsers.reading.tables import words

_ATTIO = words("""
    record_id entry_id note_id task_id comment_id thread_id call_recording_id activity_id list_id workspace_member_id
    object_id attribute_id
""")
_ATTIO_KINDS = {
    "record.merged": Kind.SALES_MERGED,
    "note.created": Kind.NOTE_ADDED,
    "task.created": Kind.SALES_TASK_OPEN,
}


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return "webhook_id" in whole and isinstance(whole.get("events"), list)


def parse(whole: JsonObject, body: bytes) -> Result:
    """The signals of one body."""
    listed = [(f"$.events[{i}]", row) for i, row in enumerate(refuse_too_many(whole["events"]))]
    return each(listed, lambda row, _, i: _attio_one(row, body_key(body, i)))


def _attio_one(event: JsonObject, key: str) -> Parsed:
    word, ids, actor = text(event.get("event_type")) or "", mapping(event.get("id")), mapping(event.get("actor"))
    noun = word.partition(".")[0].replace("-", "_")
    names = (f"{noun.replace('list_entry', 'entry')}_id", *_ATTIO)
    ident = next((said for name in names if (said := text(ids.get(name)))), None)
    person = text(actor.get("type")) == "workspace-member"
    merged = identifier(event.get("duplicate_record_id"))
    return Parsed(
        kind=_ATTIO_KINDS.get(word, Kind.UNCLASSIFIED),
        source_kind=word,
        external_id=ident,
        previous=(Reference(system="attio", object="person", id=merged),) if merged else (),
        actor=Actor(kind="person" if person else "automation" if actor else None, reference=text(actor.get("id"))),
        automated=bool(actor) and not person,
        fields=only_known((n, text(v)) for n, v in {**ids, "parent_record_id": event.get("parent_record_id")}.items()),
        dedupe_key=key,
    )
