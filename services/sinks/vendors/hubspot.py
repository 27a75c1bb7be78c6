"""HubSpot. A deal is made by an upsert under a unique property that has our hand-over's id, so a create that is sent again makes no
second one; a lead, where the file says `opportunity: lead`, has to be made beside its contact, which no upsert does, and is found by
the same property before it is made again; a contact is known by its address, which is unique there; notes and tasks are found among what hangs on the deal, by our
marker, and companies by their domain in the index, which comes some seconds late.

Read in HubSpot's reference of version 2026-09 and tried against a stand-in that is as strict (docs/crms/hubspot.md says what is not known).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never
from urllib.parse import quote

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RECORD_KINDS, RecordKind
from schemas.sinks.vendors import HubspotSink
from services.outbound.hubspot_paths import OBJECTS, VERSION, record_path
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.planning.note import as_html
from services.sinks.reconciling.sightings import Page, Sighting
from services.sinks.records import Fields, Key, Match, Parents, Wanted
from services.sinks.vendor import MOST, Span
from services.sinks.vendors.hubspot_calls import HubspotCalls
from services.sinks.vendors.hubspot_check import check_account
from services.sinks.vendors.hubspot_reading import LAG, check_reading, lists_to_read, look_at, read_changes
from services.sinks.vendors.hubspot_shapes import (
    KEY,
    OPPORTUNITIES,
    TYPES,
    WORDS,
    names_of,
    nouns_of,
)

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Hubspot:
    """One account."""

    deletes_for_good = True
    kinds: frozenset[RecordKind] = frozenset(RECORD_KINDS)
    # The index, in which companies are looked up, is told to be up to half a minute late.
    settle = timedelta(seconds=40)

    def __init__(self, sink: HubspotSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._sink, self._now = sink, now
        self._hubspot = HubspotCalls(caller, secret)
        self._shape = OPPORTUNITIES[sink.opportunity]
        self._nouns, self._names = nouns_of(self._shape), names_of(self._shape)
        self._types_to_leads: dict[RecordKind, int] = {}
        self._lists = lists_to_read(self._shape, sink.reconcile.follow_ups if sink.reconcile is not None else ())

    def is_repeatable(self, kind: RecordKind) -> bool:
        """An upsert makes one deal; a second contact of an address is refused with the id of the first."""
        return kind == "opportunity" and self._shape.is_upserted

    def render(self, wanted: Wanted) -> Fields:
        kind, values = wanted.key.kind, dict(wanted.values)
        if kind == "contact" and not {"first_name", "last_name"} & values.keys() and "full_name" in values:
            values["first_name"] = values["full_name"]
        names = self._names[kind]
        fields = {names[name]: _to_write(names[name], value) for name, value in values.items() if name in names}
        match kind:
            case "note":
                fields = {name: as_html(str(value)) for name, value in fields.items()}
            case "opportunity":
                fields |= {KEY: wanted.key.text, self._shape.pipeline: self._sink.pipeline}
            case "task":
                fields["hs_task_type"] = self._sink.task.type or "TODO"
            case "contact" | "company":
                pass
            case _:
                assert_never(kind)
        return {**fields, **{name: _to_write(name, value) for name, value in wanted.extra.items()}}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        match key.kind:
            case "contact":
                return await self._find_contact(key, names)
            case "company":
                return await self._search(key.kind, "domain", key.text, names)
            case "opportunity":
                return await self._by(key.kind, key.text, names, unique=KEY)
            case "note" | "task":
                return await self._find_beside(key, names, parents)
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        return await self._by(kind, vendor_id, names)

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        if key.kind == "opportunity" and self._shape.is_upserted:
            return await self._upsert(key, fields)
        values = dict(fields)
        if key.kind in ("note", "task"):
            values.setdefault("hs_timestamp", _milliseconds(self._now().isoformat()))
        try:
            return await self._create(key.kind, values, parents)
        except Trouble as trouble:
            remaining = await self._remaining(parents) if trouble.kind == "gone" else parents
            if remaining == parents:
                raise
            return await self._create(key.kind, values, remaining)

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        path = record_path(self._nouns[kind], _segment(vendor_id))
        if kind == "task" and fields.get("hs_task_status") == WORDS["hs_task_status"]["cancelled"]:
            await self._take_away(path, vendor_id)
            return
        await self._hubspot.write("PATCH", path, {"properties": dict(fields)})

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:  # noqa: ARG002 - a blank text empties every property
        return dict.fromkeys(names, "")

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        """A contact by the call of its privacy, which leaves nothing of it; others go to the recycle bin, which is emptied after 90 days."""
        if kind == "contact":
            body: JsonObject = {"objectId": vendor_id}
            await self._hubspot.write("POST", f"{OBJECTS}/contacts/gdpr-delete", body)
        else:
            await self._hubspot.write("DELETE", record_path(self._nouns[kind], _segment(vendor_id)))

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        beside = f"associations/default/{self._nouns[kind]}/{_segment(vendor_id)}"
        try:
            await self._hubspot.write("PUT", f"{OBJECTS}/{self._shape.noun}/{_segment(opportunity)}/{beside}")
        except Trouble as trouble:
            # A contact or company that somebody took away is linked with nothing.
            if trouble.kind != "gone" or kind in await self._remaining({"opportunity": opportunity, kind: vendor_id}):
                raise

    async def contacts_made(self, span: Span, names: Collection[str]) -> list[Match]:
        begin, end = (_milliseconds(at.isoformat()) for at in span)
        filters: list[JsonValue] = [
            {"propertyName": "createdate", "operator": "GTE", "value": begin},
            {"propertyName": "createdate", "operator": "LTE", "value": end},
        ]
        body: JsonObject = {
            "filterGroups": [{"filters": filters}],
            "sorts": ["createdate"],
            "properties": list(self._names_to_ask("contact", names)),
            "limit": MOST,
            "after": "",
        }
        answer = await self._hubspot.read(f"{OBJECTS}/{self._nouns['contact']}/search", body) or {}
        rows = answer.get("results") or []
        if len(rows) == MOST:
            raise Trouble("refused_data", "create_was_never_answered")
        return [self._match(row, names) for row in rows]

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        problems = await check_account(self._hubspot, self._sink, owners, KEY)
        return problems + (await check_reading(self._hubspot, self._lists) if self._sink.reconcile is not None else [])

    async def whoami(self) -> str:
        """HubSpot tells nobody who they are; it tells of each value who wrote it, and only we write our key."""
        wanted: JsonObject = {"propertyName": KEY, "operator": "HAS_PROPERTY"}
        match = await self._first("opportunity", wanted, (KEY,))
        if match is None:
            raise Trouble("gone", "no_deal_of_ours_yet")
        path = f"{OBJECTS}/{self._shape.noun}/{match.vendor_id}?propertiesWithHistory={KEY}"
        answer = await self._hubspot.read(path) or {}
        history = (answer.get("propertiesWithHistory") or {}).get(KEY) or [{}]
        return str(history[0].get("sourceId") or "").removeprefix("userId:")

    async def changes(self, cursor: str | None, since: datetime) -> Page:
        return await read_changes(self._hubspot, self._lists, cursor, min(since, self._now() - LAG))

    async def look(self, vendor_ids: Sequence[str]) -> list[Sighting]:
        return await look_at(self._hubspot, self._shape, vendor_ids)

    async def _create(self, kind: RecordKind, values: Fields, parents: Parents) -> Made:
        types = {of: await self._type(kind, of) for of in parents}
        body: JsonObject = {"properties": dict(values), "associations": list(_associations(types, parents))}
        answer, existing = await self._hubspot.create(f"{OBJECTS}/{self._nouns[kind]}", body)
        return Made(existing, adopted=True) if existing is not None else _made_of(answer)

    async def _type(self, kind: RecordKind, of: RecordKind) -> int | None:
        """HubSpot's own type of association from the one to the other. Of a lead only that to its contact is in the guides; the account
        is asked for the others, once. Raises Trouble."""
        if self._shape.is_upserted or of != "opportunity":
            return self._shape.types.get((kind, of), TYPES.get((kind, of)))
        if kind not in self._types_to_leads:
            path = f"/crm/associations/{VERSION}/{self._nouns[kind]}/{self._shape.noun}/labels"
            rows = (await self._hubspot.read(path) or {}).get("results") or ()
            own = [
                int(row["typeId"]) for row in rows if row.get("category") == "HUBSPOT_DEFINED" and not row.get("label")
            ]
            if not own:
                raise Trouble("refused_setup", "no_association_with_leads", field=self._nouns[kind])
            self._types_to_leads[kind] = own[0]
        return self._types_to_leads[kind]

    async def _remaining(self, parents: Parents) -> Parents:
        """Those that are still there, by the ids that they have now. Raises Trouble (gone) where the deal is not."""
        matches = {kind: await self.read(kind, ident, ()) for kind, ident in parents.items()}
        if "opportunity" in parents and matches["opportunity"] is None:
            raise Trouble("gone", "opportunity_is_no_longer_there")
        return {kind: match.vendor_id for kind, match in matches.items() if match is not None}

    async def _take_away(self, path: str, vendor_id: str) -> None:
        """A task that somebody has done already stays, as their work."""
        match = await self.read("task", vendor_id, ("hs_task_status",))
        if match is not None and match.fields["hs_task_status"] != WORDS["hs_task_status"]["done"]:
            await self._hubspot.write("DELETE", path)

    async def _find_contact(self, key: Key, names: Collection[str]) -> Match | None:
        if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
            return match
        if key.email is not None:
            return await self._by("contact", key.email, names, unique="email")
        return await self._search("contact", "phone", key.phone, names) if key.phone is not None else None

    async def _find_beside(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        """Among the notes or tasks of the opportunity, the one whose last line is our marker."""
        noun, text = self._nouns[key.kind], self._names[key.kind]["text"]
        ids = [ident async for ident in self._ids_beside(parents.get("opportunity"), noun)]
        for start in range(0, len(ids), 100):
            rows: list[JsonValue] = [{"id": ident} for ident in ids[start : start + 100]]
            body: JsonObject = {"inputs": rows, "properties": sorted({*names, text}), "propertiesWithHistory": []}
            answer = await self._hubspot.read(f"{OBJECTS}/{noun}/batch/read", body) or {}
            for record in answer.get("results") or ():
                if _has_marker(str(record["properties"].get(text) or ""), key.marker):
                    return self._match(record, names)
        return None

    async def _ids_beside(self, opportunity: str | None, noun: str) -> AsyncIterator[str]:
        after: str | None = None
        while opportunity is not None:
            one: JsonObject = {"id": opportunity, **({"after": after} if after else {})}
            path = f"/crm/associations/{VERSION}/{self._shape.noun}/{noun}/batch/read"
            answer = await self._hubspot.read(path, {"inputs": [one]}) or {}
            # One with nothing beside it is told as an error among no results.
            rows = answer.get("results") or [{}]
            for other in rows[0].get("to") or ():
                yield str(other["toObjectId"])
            after = ((rows[0].get("paging") or {}).get("next") or {}).get("after")
            if after is None:
                return

    async def _by(self, kind: RecordKind, ident: str, names: Collection[str], *, unique: str = "") -> Match | None:
        path = record_path(
            self._nouns[kind], _segment(ident), unique=unique, properties=self._names_to_ask(kind, names)
        )
        answer = await self._hubspot.read(path)
        return self._match(answer, names) if answer is not None else None

    async def _search(self, kind: RecordKind, name: str, value: str, names: Collection[str]) -> Match | None:
        return await self._first(kind, {"propertyName": name, "operator": "EQ", "value": value}, names)

    async def _first(self, kind: RecordKind, wanted: JsonObject, names: Collection[str]) -> Match | None:
        body: JsonObject = {
            "filterGroups": [{"filters": [wanted]}],
            "sorts": ["createdate"],
            "properties": list(self._names_to_ask(kind, names)),
            "limit": 1,
            "after": "",
        }
        answer = await self._hubspot.read(f"{OBJECTS}/{self._nouns[kind]}/search", body) or {}
        rows = answer.get("results") or []
        return self._match(rows[0], names) if rows else None

    def _match(self, record: JsonObject, names: Collection[str]) -> Match:
        properties = record["properties"]
        stage = properties.get(self._shape.stage)
        is_over = (
            properties.get(self._shape.closed) == "true" if self._shape.closed is not None else self._is_end(stage)
        )
        return Match(
            str(record["id"]),
            {name: _milliseconds(properties.get(name)) for name in names},
            stage=stage,
            is_closed=is_over,
            url=record.get("url"),
        )

    def _is_end(self, stage: str | None) -> bool:
        return self._sink.stages.meaning(stage) in ("won", "lost")

    def _names_to_ask(self, kind: RecordKind, names: Collection[str]) -> list[str]:
        of_all = (self._shape.stage, *([self._shape.closed] if self._shape.closed else []))
        return sorted({*names, *(of_all if kind == "opportunity" else ())})

    async def _upsert(self, key: Key, fields: Fields) -> Made:
        values = {name: value for name, value in fields.items() if name != KEY}
        one: JsonObject = {"id": key.text, "idProperty": KEY, "properties": values}
        answer = await self._hubspot.write("POST", f"{OBJECTS}/{self._shape.noun}/batch/upsert", {"inputs": [one]})
        return _made_of((answer.get("results") or [{}])[0])


def _associations(type_ids: Mapping[RecordKind, int | None], parents: Parents) -> Iterator[JsonObject]:
    for of, ident in parents.items():
        if (type_id := type_ids[of]) is not None:
            types: list[JsonValue] = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
            yield {"to": {"id": ident}, "types": types}


def _made_of(record: JsonObject) -> Made:
    if not record.get("id"):
        raise Trouble("unknown", "answer_without_id")
    return Made(str(record["id"]), record.get("url"))


def _has_marker(text: str, marker: str) -> bool:
    """Whether it is the last line; HubSpot may have put other markup around it."""
    return text.rpartition(marker)[1] == marker and not _plain(text.rpartition(marker)[2])


def _plain(markup: str) -> str:
    return "".join(part.partition(">")[2] if i else part for i, part in enumerate(markup.split("<"))).strip()


def _segment(ident: str) -> str:
    if ident in ("", ".", ".."):
        raise Trouble("gone", "no_id")
    return quote(ident, safe="")


def _to_write(name: str, value: JsonValue) -> str:
    """All values are texts there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    text = str(value)
    return WORDS[name].get(text, text) if name in WORDS else str(_milliseconds(text))


def _milliseconds(value: JsonValue) -> JsonValue:
    """An instant as HubSpot gives it back, with milliseconds or without: with; all else as it is."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return value
    try:
        at = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):  # a text that only looks like one
        return value
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
