"""Pipedrive. It has no upsert and no unique field: a deal is found among the deals of its person by a field of ours, notes and activities
among those of the deal by our marker. Those lists are asked, never the search, except for persons and organisations, which have nothing
else: after a create that was not answered a look-up is believed only when the index has had its time.

Read in Pipedrive's reference and in the models of its own client, and tried against a stand-in (docs/crms/pipedrive.md says what is not known).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never
from urllib.parse import quote, urlencode

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from schemas.sinks.vendors import PipedriveSink
from services.sinks.calls import Caller
from services.sinks.outcomes import Made, Trouble
from services.sinks.planning.note import as_html
from services.sinks.reconciling.sightings import Page, Sighting
from services.sinks.reconciling.webhooks import Webhook
from services.sinks.records import ERASED, Fields, Key, Match, Parents, Wanted
from services.sinks.vendor import Span
from services.sinks.vendors.pipedrive_calls import PipedriveCalls
from services.sinks.vendors.pipedrive_check import check_company
from services.sinks.vendors.pipedrive_reading import look_at, read_changes
from services.sinks.vendors.pipedrive_shapes import OPPORTUNITIES, Opportunity
from services.sinks.vendors.pipedrive_webhooks import list_webhooks, needed_events

PATHS: Mapping[RecordKind, str] = {
    "contact": "/api/v2/persons",
    "company": "/api/v2/organizations",
    "note": "/v1/notes",
    "task": "/api/v2/activities",
}
TEXTS: Mapping[RecordKind, str] = {"note": "content", "task": "note"}
"""Where the marker stands."""
ENDED = frozenset({"won", "lost"})
"""Stages that are no stages there, but what a deal ended as."""
CANCELLED = "cancelled"
PAGE = 500
_HASH = re.compile(r"[0-9a-f]{40}")
_ID = re.compile(r"\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
"""A number; of a lead a UUID."""
_NUMBER = re.compile(r"[1-9]\d*", re.ASCII)
"""An id; where nothing is written nobody has given one, and 0 stands for it."""


class Pipedrive:
    """One company."""

    deletes_for_good = False
    # The index, in which persons and organisations are looked up, is late by some seconds; by how many nobody says.
    settle = timedelta(seconds=60)

    def __init__(self, sink: PipedriveSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._sink = sink
        self._pipedrive = PipedriveCalls(caller, secret, now)
        self._shape = OPPORTUNITIES[sink.opportunity]
        self.needed = needed_events(sink.opportunity)
        kinds: set[RecordKind] = {"contact", "opportunity", "note", "task"}
        self.kinds: frozenset[RecordKind] = frozenset(kinds | ({"company"} if sink.domain_field is not None else set()))

    def is_repeatable(self, kind: RecordKind) -> bool:
        """Two creates make two, whatever they make."""
        return kind not in self.kinds

    def render(self, wanted: Wanted) -> Fields:
        values, key = wanted.values, wanted.key
        fields: dict[str, JsonValue] = {}
        if "owner" in values:
            fields["owner_id"] = int(str(values["owner"]))
        match key.kind:
            case "contact":
                fields |= _person(values)
            case "company":
                fields |= {"name": values["name"]} if "name" in values else {}
                fields[str(self._sink.domain_field)] = key.text
            case "opportunity":
                fields |= {"title": values["name"]} if "name" in values else {}
                fields |= _stage(values.get("stage"))
                fields[self._sink.key_field] = key.text
            case "note":
                fields |= {"content": as_html(str(values["text"]))} if "text" in values else {}
            case "task":
                fields |= _activity(values)
                if values.get("priority") == "high" and self._sink.high_priority is not None:
                    fields["priority"] = self._sink.high_priority
            case _:
                assert_never(key.kind)
        return {**fields, **wanted.extra}

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        match key.kind:
            case "contact":
                return await self._find_contact(key, names)
            case "company":
                return await self._search(key.kind, key.text, "custom_fields", names)
            case "opportunity":
                return await self._find_opportunity(key, names, parents)
            case "note" | "task":
                return await self._find_beside(key, names, parents)
            case _:
                assert_never(key.kind)

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        answer = await self._pipedrive.read(self._path(kind, vendor_id))
        record = answer.get("data") if answer is not None else None
        is_there = (
            isinstance(record, dict) and record.get("is_deleted") is not True and record.get("active_flag") is not False
        )
        return self._match(kind, record, names) if isinstance(record, dict) and is_there else None

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        values = self._with_own_apart(key.kind, fields, self._shape)
        match key.kind:
            case "contact":
                values.setdefault("name", key.email or key.phone or key.text)
                values |= self._ids({"company": "org_id"}, parents)
            case "company":
                values.setdefault("name", key.text)
            case "opportunity":
                values |= {"pipeline_id": self._sink.pipeline} if self._sink.pipeline is not None else {}
                values |= self._ids({"contact": "person_id", "company": self._shape.company}, parents)
            case "note":
                shape = self._shape_of(parents.get("opportunity"))
                values |= {shape.pin: 1, **self._ids({"opportunity": shape.beside}, parents)}
            case "task":
                beside = self._shape_of(parents.get("opportunity")).beside
                values |= {
                    "type": self._sink.task.type or "task",
                    **self._ids({"opportunity": beside, "company": "org_id"}, parents),
                }
                if "contact" in parents:
                    values["participants"] = [{"person_id": int(parents["contact"]), "primary": True}]
            case _:
                assert_never(key.kind)
        cost = {"note": 10, "opportunity": self._shape.cost}.get(key.kind, 5)
        path = self._shape.path if key.kind == "opportunity" else PATHS[key.kind]
        answer = await self._pipedrive.write("POST", path, values, cost=cost)
        record = answer.get("data")
        if not isinstance(record, dict) or "id" not in record:
            raise Trouble("unknown", "answer_without_id")
        return Made(str(record["id"]), self._url(key.kind, str(record["id"])))

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        path = self._path(kind, vendor_id)
        if kind == "task" and fields.get("done") == CANCELLED:
            match = await self.read("task", vendor_id, ("done",))
            if match is not None and match.fields["done"] is not True:
                await self._pipedrive.write("DELETE", path)
            return
        values = self._with_own_apart(kind, fields, self._shape_of(vendor_id))
        await self._pipedrive.write("PUT" if kind == "note" else "PATCH", path, values)

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:  # noqa: ARG002 - names of fields are the same in all
        blanks: dict[str, JsonValue] = {"name": ERASED, "title": ERASED, "emails": [], "phones": []}
        return {name: blanks.get(name) for name in names}

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        """Marked as deleted, and gone for good after 30 days."""
        await self._pipedrive.write("DELETE", self._path(kind, vendor_id))

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        name = "person_id" if kind == "contact" else self._shape_of(opportunity).company
        match = await self.read("opportunity", opportunity, (name,))
        if match is not None and match.fields[name] is None:
            await self.update("opportunity", opportunity, {name: int(vendor_id)})

    async def contacts_made(self, span: Span, names: Collection[str]) -> list[Match]:
        """Its list does not say who made them."""
        begin, end = (at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") for at in span)
        query = {"updated_since": begin, "sort_by": "add_time", "sort_direction": "desc"}
        return [
            self._match("contact", record, names)
            async for record in self._pages(PATHS["contact"], query)
            if begin <= str(record.get("add_time")) <= end
        ]

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        return await check_company(self._pipedrive, self._sink, owners)

    async def whoami(self) -> str:
        answer = await self._pipedrive.read("/v1/users/me") or {}
        return str((answer.get("data") or {}).get("id") or "")

    async def webhooks(self) -> list[Webhook]:
        return await list_webhooks(self._pipedrive)

    async def changes(self, cursor: str | None, since: datetime) -> Page:
        return await read_changes(self._pipedrive, self._sink, cursor, since)

    async def look(self, vendor_ids: Sequence[str]) -> list[Sighting]:
        return await look_at(self._pipedrive, self._sink, vendor_ids)

    async def _find_contact(self, key: Key, names: Collection[str]) -> Match | None:
        if key.known_id is not None and (match := await self.read("contact", key.known_id, names)):
            return match
        if key.email is not None:
            return await self._search("contact", key.email, "email", names)
        return await self._search("contact", key.phone, "phone", names) if key.phone is not None else None

    async def _search(self, kind: RecordKind, term: str, among: str, names: Collection[str]) -> Match | None:
        query = urlencode({"term": term, "fields": among, "exact_match": "true", "limit": 10})
        answer = await self._pipedrive.read(f"{PATHS[kind]}/search?{query}", cost=20) or {}
        items = (answer.get("data") or {}).get("items") or ()
        ids = sorted(int(item["item"]["id"]) for item in items)
        for ident in ids:
            # The index may name one that has gone since.
            if (match := await self.read(kind, str(ident), names)) is not None:
                return match
        return None

    async def _find_opportunity(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        """Among those of its person; in a company that works with leads, a deal that somebody has made of ours as well."""
        if "contact" not in parents:
            return None
        field = self._sink.key_field
        for shape in dict.fromkeys((self._shape, OPPORTUNITIES["deal"])):
            query = {"person_id": parents["contact"]}
            if shape.own is not None:
                query[shape.own] = ",".join(sorted({field, *filter(_HASH.fullmatch, names)}))
            async for record in self._pages(shape.path, query):
                if self._value("opportunity", record, field) == key.text:
                    return self._match("opportunity", record, names)
        return None

    async def _find_beside(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        if "opportunity" not in parents:
            return None
        beside = self._shape_of(parents["opportunity"]).beside
        async for record in self._pages(PATHS[key.kind], {beside: parents["opportunity"]}):
            if _last_line(str(record.get(TEXTS[key.kind]) or "")) == key.marker:
                return self._match(key.kind, record, names)
        return None

    async def _pages(self, path: str, query: Mapping[str, str]) -> AsyncIterator[JsonObject]:
        """All records of a list; v2 goes on by a cursor, v1 by a number."""
        more: dict[str, str] = {}
        while True:
            asked = urlencode({**query, "limit": PAGE, **more}, safe=",")
            answer = await self._pipedrive.read(f"{path}?{asked}", cost=10) or {}
            for record in answer.get("data") or ():
                yield record
            after = answer.get("additional_data") or {}
            cursor, page = after.get("next_cursor"), after.get("pagination") or {}
            if cursor:
                more = {"cursor": str(cursor)}
            elif page.get("more_items_in_collection"):
                more = {"start": str(page["next_start"])}
            else:
                return

    def _match(self, kind: RecordKind, record: JsonObject, names: Collection[str]) -> Match:
        status = record.get("status")
        stage = (
            str(status) if status in ENDED else str(record["stage_id"]) if record.get("stage_id") is not None else None
        )
        ident = str(record["id"])
        return Match(
            ident,
            {name: self._value(kind, record, name) for name in names},
            stage=stage if kind == "opportunity" else None,
            is_closed=kind == "opportunity" and (status in ENDED or record.get("is_archived") is True),
            url=self._url(kind, ident),
        )

    def _url(self, kind: RecordKind, vendor_id: str) -> str | None:
        pages: Mapping[RecordKind, str] = {
            "contact": "person",
            "company": "organization",
            "opportunity": self._shape_of(vendor_id).page,
        }
        return f"{self._sink.base_url}/{pages[kind]}/{vendor_id}" if kind in pages else None

    def _ids(self, names: Mapping[RecordKind, str], parents: Parents) -> dict[str, JsonValue]:
        return {
            names[kind]: self._shape_of(ident).id_type(ident) if kind == "opportunity" else int(ident)
            for kind, ident in parents.items()
            if kind in names
        }

    def _path(self, kind: RecordKind, vendor_id: str) -> str:
        place = self._shape_of(vendor_id).path if kind == "opportunity" else PATHS[kind]
        return f"{place}/{_segment(vendor_id)}"

    def _shape_of(self, vendor_id: str | None) -> Opportunity:
        """A deal has a number: somebody may have made one of our lead."""
        return OPPORTUNITIES["deal"] if _NUMBER.fullmatch(vendor_id or "") else self._shape

    def _with_own_apart(self, kind: RecordKind, fields: Fields, shape: Opportunity) -> dict[str, JsonValue]:
        """Fields that a customer made are known by a hash, and stand apart in v2."""
        place = shape.own if kind == "opportunity" else "custom_fields"
        own = {name: value for name, value in fields.items() if place is not None and _HASH.fullmatch(name)}
        others = {name: value for name, value in fields.items() if name not in own}
        return {**others, place: own} if place is not None and own else others

    def _value(self, kind: RecordKind, record: JsonObject, name: str) -> JsonValue:
        is_own = _HASH.fullmatch(name) is not None
        if kind == "opportunity":
            return self._shape_of(str(record["id"])).value(record, name, is_own=is_own)
        return (record.get("custom_fields") or {}).get(name) if is_own else record.get(name)


def _person(values: Mapping[ValueName, JsonValue]) -> dict[str, JsonValue]:
    name = values.get("full_name") or " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    fields: dict[str, JsonValue] = {"name": name} if name else {}
    for theirs, value in (("emails", values.get("email")), ("phones", values.get("phone"))):
        if value:
            fields[theirs] = [{"value": value, "primary": True, "label": "work"}]
    return fields


def _stage(stage: JsonValue) -> dict[str, JsonValue]:
    if stage is None:
        return {}
    return {"status": stage} if stage in ENDED else {"stage_id": int(str(stage))}


def _activity(values: Mapping[ValueName, JsonValue]) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {"subject": values["subject"]} if "subject" in values else {}
    if "text" in values:
        fields["note"] = as_html(str(values["text"]))
    if due := str(values.get("due_at") or ""):
        fields |= {"due_date": due[:10], "due_time": due[11:16]}
    match values.get("state"):
        case "done":
            fields["done"] = True
        case "cancelled":
            fields["done"] = CANCELLED
        case _:
            pass
    return fields


def _last_line(markup: str) -> str:
    lines = [line for line in re.sub(r"<[^<>]*>", "\n", markup).splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def _segment(ident: str) -> str:
    if not _ID.fullmatch(ident):
        raise Trouble("gone", "no_id")
    return quote(ident)
