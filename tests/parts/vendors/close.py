"""Close: leads that are companies, with contacts, opportunities, notes and tasks that belong to exactly one; an index that comes late.

Read in Close's documentation and in the OpenAPI description that it publishes (November 2026). Guessed, and made as hard as may be: how late the index
is, that an unknown field of a lead is refused, and that an opportunity's contact has to be of its lead.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from tests.parts.vendors.faults import (
    COMMIT_THEN_DROP,
    DROP_BEFORE,
    GATEWAY_AFTER,
    HTML_403,
    UNAVAILABLE,
    Answer,
    Fault,
    Json,
    Limit,
    Rule,
)
from tests.parts.vendors.server import Held, Request, Route, VendorApi

KEY = "cf_stafettHandoverId"
STATUSES = {"stat_offered": "active", "stat_accepted": "active", "stat_returned": "active", "stat_talks": "active", "stat_won": "won", "stat_lost": "lost"}  # fmt: skip
ME = "user_stafett"
Row = dict[str, Json]
TEXT: dict[str, Json] = {"type": "string", "minLength": 1}
_LISTED: dict[str, Json] = {"type": "array", "items": {"type": "object"}}
FIELDS: dict[str, dict[str, dict[str, Json]]] = {
    "lead": {"name": TEXT, "url": {"type": "string", "pattern": "^https?://"}, "description": TEXT},
    "contact": {"name": TEXT, "emails": _LISTED, "phones": _LISTED, "title": TEXT, "lead_id": TEXT},
    "opportunity": {"note": TEXT, "user_id": TEXT, "status_id": TEXT, "lead_id": TEXT, "contact_id": TEXT, "value": {"type": "integer"}},
    "note": {"note": TEXT, "lead_id": TEXT},
    "task": {
        "text": TEXT, "assigned_to": TEXT, "date": {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\d$"}, "is_complete": {"type": "boolean"},
        "lead_id": TEXT, "_type": {"const": "lead"},
    },
}  # fmt: skip
PREFIX = {"lead": "lead", "contact": "cont", "opportunity": "oppo", "note": "acti", "task": "task"}


def too_many(reset: int) -> Answer:
    return Answer(429, {"error": "Too many requests"}, {"ratelimit": f"limit=20, remaining=0, reset={reset}", "retry-after": str(reset)})  # fmt: skip


BURST = Fault("429", "instead", too_many(3))


def passing_faults(share: float) -> list[Rule]:
    """Everything that goes by itself, for `share` of the requests each."""
    return [Rule(f, share) for f in (DROP_BEFORE, COMMIT_THEN_DROP, GATEWAY_AFTER, UNAVAILABLE, HTML_403, BURST)]


class Refusal(Exception):
    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status)
        self.answer = Answer(status, body)


def bad_field(name: str, words: str = "This value is not valid.") -> Refusal:
    return Refusal(400, {"errors": [], "field-errors": {name: words}})


@dataclass
class CloseAccount(VendorApi):
    """One organisation. `lag`: how long the index takes to see a record, `custom`: its custom fields by the kind that has them."""

    key: str = "api_stand-in"
    users: set[str] = field(default_factory=lambda: {ME, "7", "8", "9"})
    custom: dict[str, dict[str, Row]] = field(
        default_factory=lambda: {n: {} for n in ("lead", "contact", "opportunity")}
    )
    lag: timedelta = timedelta(seconds=30)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    limit: Limit = field(default_factory=lambda: Limit(100_000, 1))
    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {name: {} for name in FIELDS})
    webhooks: list[Row] = field(default_factory=list)
    last_id: int = 0

    def add_custom(self, kind: str, ident: str, **more: Json) -> None:
        self.custom[kind][ident] = {"id": ident, "name": ident, "type": "text", "accepts_multiple_values": False, "choices": None, **more}  # fmt: skip

    def truth(self) -> dict[str, Held]:
        found: dict[str, list[Row]] = {}
        for row in self.rows["opportunity"].values():
            if (key := row.get(f"custom.{KEY}")) is not None:
                found.setdefault(str(key), []).append(row)
        return {key: self._held(key, rows) for key, rows in found.items()}

    def _held(self, key: str, rows: list[Row]) -> Held:
        """Notes and tasks belong to the lead, which may have several hand-overs: those with the marker of this one."""
        first = rows[0]
        notes, tasks = [
            [
                str(r["id"])
                for r in self.rows[kind].values()
                if r["lead_id"] == first["lead_id"] and mark in str(r[text])
            ]
            for kind, text, mark in (("note", "note", f"Stafett {key}/"), ("task", "text", f"Stafett {key}."))
        ]
        still_open = [self.rows["task"][one] for one in tasks if not self.rows["task"][one]["is_complete"]]
        return Held(
            ids=tuple(str(row["id"]) for row in rows),
            owner=first.get("user_id"),
            stage=first["status_id"],
            contacts=(str(first["contact_id"]),) if first.get("contact_id") else (),
            notes=tuple(str(self.rows["note"][one]["note"]) for one in notes),
            open_tasks=tuple((str(row["text"]).partition("\n")[0], row["assigned_to"]) for row in still_open),
            tasks=len(tasks),
        )

    def refuse(self, request: Request, route: Route) -> Answer | None:
        wanted = "Basic " + base64.b64encode(f"{self.key}:".encode()).decode()
        if request.headers.get("authorization") != wanted:
            return Answer(401, {"error": "Unauthorized"})
        return None if self.limit.take() else too_many(1)

    def carry_out(self, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        try:
            return super().carry_out(route, request, names)
        except Refusal as refusal:
            return refusal.answer

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, "<h1>Not Found</h1>", {"content-type": "text/html"})

    def no_such_request(self, problems: list[str]) -> Answer:
        return Answer(400, {"errors": problems, "field-errors": {}})

    def at(self, kind: str, ident: str) -> Row:
        if (row := self.rows[kind].get(ident)) is None:
            raise Refusal(404, {"error": "Not found"})
        return row

    def check(self, kind: str, values: Mapping[str, Json]) -> None:
        """Raises Refusal (400) for the first field that is not known or not right."""
        for name, value in values.items():
            if name.startswith("custom."):
                if name.removeprefix("custom.") not in self.custom.get(kind, {}):
                    raise bad_field(name, "No such custom field")
            elif name not in FIELDS[kind] or not _is_right(FIELDS[kind][name], value):
                raise bad_field(name)
        for name, known in (("user_id", self.users), ("assigned_to", self.users), ("status_id", set(STATUSES))):
            if name in values and values[name] not in known:
                raise bad_field(name)
        if "lead_id" in values and values["lead_id"] not in self.rows["lead"]:
            raise bad_field("lead_id")

    def make(self, kind: str, values: Row) -> Row:
        self.check(kind, values)
        if "lead_id" not in values and kind in ("contact", "opportunity"):
            values = {**values, "lead_id": self.make("lead", {"name": values.get("name", "Untitled")})["id"]}
        if kind in ("note", "task") and "lead_id" not in values:
            raise bad_field("lead_id", "This field is required.")
        self.last_id += 1
        row: Row = {**dict.fromkeys(FIELDS[kind]), **values, "id": f"{PREFIX[kind]}_{self.last_id}"}
        row["date_created"] = self.now().isoformat()
        if kind == "opportunity":
            row["status_id"] = row["status_id"] or "stat_offered"
        self._settle(kind, row)
        self.rows[kind][str(row["id"])] = row
        return row

    def change(self, kind: str, ident: str, values: Row) -> Row:
        row = self.at(kind, ident)
        self.check(kind, values)
        after = {**row, **values}
        self._settle(kind, after)
        row |= after
        return row

    def _settle(self, kind: str, row: Row) -> None:
        if kind != "opportunity":
            return
        row["status_type"] = STATUSES[str(row["status_id"])]
        contact = self.rows["contact"].get(str(row["contact_id"])) if row.get("contact_id") else None
        if row.get("contact_id") and (contact is None or contact["lead_id"] != row["lead_id"]):
            raise bad_field("contact_id")

    def indexed(self, kind: str) -> list[Row]:
        seen = self.now() - self.lag
        return [row for row in self.rows[kind].values() if datetime.fromisoformat(str(row["date_created"])) <= seen]


def create(api: CloseAccount, request: Request, kind: str) -> Answer:
    if kind not in ("lead", "contact", "opportunity", "task"):
        return api.no_such_path(request)
    return Answer(200, api.make(kind, _values(request)))


def create_note(api: CloseAccount, request: Request) -> Answer:
    return Answer(200, api.make("note", _values(request)))


def read(api: CloseAccount, request: Request, kind: str, ident: str) -> Answer:
    return Answer(200, api.at(kind, ident)) if kind in FIELDS else api.no_such_path(request)


def read_note(api: CloseAccount, request: Request, ident: str) -> Answer:
    return Answer(200, api.at("note", ident))


def update(api: CloseAccount, request: Request, kind: str, ident: str) -> Answer:
    return Answer(200, api.change(kind, ident, _values(request)))


def update_note(api: CloseAccount, request: Request, ident: str) -> Answer:
    return Answer(200, api.change("note", ident, _values(request)))


def remove(api: CloseAccount, request: Request, kind: str, ident: str) -> Answer:
    if kind not in ("contact", "opportunity", "task"):
        return api.no_such_path(request)
    api.at(kind, ident)
    del api.rows[kind][ident]
    return Answer(200, {})


def remove_note(api: CloseAccount, request: Request, ident: str) -> Answer:
    api.at("note", ident)
    del api.rows["note"][ident]
    return Answer(200, {})


def list_rows(api: CloseAccount, request: Request, kind: str) -> Answer:
    match kind:
        case "user":
            return _page(request, [{"id": ident} for ident in sorted(api.users)])
        case "me":
            return Answer(200, {"id": ME, "email": "stafett@firma.example"})
        case "contact" | "opportunity" | "task":
            return _page(request, _of_lead(api, request, kind))
        case _:
            return api.no_such_path(request)


def list_notes(api: CloseAccount, request: Request) -> Answer:
    return _page(request, _of_lead(api, request, "note"))


def list_webhooks(api: CloseAccount, request: Request) -> Answer:
    return Answer(200, {"data": api.webhooks, "has_more": False})


def list_statuses(api: CloseAccount, request: Request) -> Answer:
    return _page(request, [{"id": i, "label": i.removeprefix("stat_"), "type": kind} for i, kind in STATUSES.items()])


def custom_fields(api: CloseAccount, request: Request, kind: str) -> Answer:
    return Answer(200, {"object_type": kind, "fields": list(api.custom[kind].values())})


def search(api: CloseAccount, request: Request) -> Answer:
    body = _values(request)
    kind, wanted = body["query"]["queries"][0]["object_type"], body["query"]["queries"][1]
    if wanted["type"] == "has_related":
        inner = wanted["related_query"]
        name, value = inner["field"]["field_name"], inner["condition"]["value"].lower()
        rows = [r for r in api.indexed(kind) if value in [str(e[name]).lower() for e in r.get(f"{name}s") or ()]]
    else:
        words = wanted["condition"]["value"]
        found = re.compile(rf"(?<![A-Za-z0-9]){re.escape(words)}(?![A-Za-z0-9])")
        rows = [r for r in api.indexed(kind) if found.search(str(r.get(wanted["field"]["field_name"]) or ""))]
    shown = [{name: row.get(name) for name in body["_fields"][kind]} for row in rows[: body["results_limit"]]]
    return Answer(200, {"data": shown, "cursor": None})


def _of_lead(api: CloseAccount, request: Request, kind: str) -> list[Row]:
    lead = request.query["lead_id"][0]
    return [row for row in api.rows[kind].values() if row["lead_id"] == lead]


def _page(request: Request, rows: list[Row]) -> Answer:
    start, size = int(request.query.get("_skip", ["0"])[0]), int(request.query.get("_limit", ["100"])[0])
    if size > 200:
        raise bad_field("_limit", "Input should be less than or equal to 200")
    return Answer(200, {"data": rows[start : start + size], "has_more": len(rows) > start + size})


def _values(request: Request) -> Row:
    body = request.json()
    assert isinstance(body, dict)
    return body


def _is_right(wanted: Mapping[str, Json], value: Json) -> bool:
    types = {"string": str, "integer": int, "boolean": bool, "array": list}
    if "const" in wanted:
        return value == wanted["const"]
    if not isinstance(value, types[str(wanted["type"])]):
        return False
    return not isinstance(value, str) or (value != "" and re.search(str(wanted.get("pattern", "")), value) is not None)


_PAGES, _ANY, _V = frozenset({"lead_id", "_limit", "_skip"}), {"type": "object"}, "/api/v1"
_FILTER: dict[str, Json] = {
    "type": "object",
    "properties": {"query": _ANY, "_fields": _ANY, "results_limit": {"type": "integer"}, "cursor": {"type": "null"}},
    "required": ["query", "_fields"],
    "additionalProperties": False,
}
ROUTES = (
    Route("search", "POST", f"{_V}/data/search/", search, _FILTER),
    Route("create note", "POST", f"{_V}/activity/note/", create_note, _ANY),
    Route("notes", "GET", f"{_V}/activity/note/", list_notes, query=_PAGES),
    Route("read note", "GET", f"{_V}/activity/note/{{ident}}/", read_note),
    Route("update note", "PUT", f"{_V}/activity/note/{{ident}}/", update_note, _ANY),
    Route("webhooks", "GET", f"{_V}/webhook/", list_webhooks),
    Route("statuses", "GET", f"{_V}/status/opportunity/", list_statuses, query=_PAGES),
    Route("custom fields", "GET", f"{_V}/custom_field_schema/{{kind}}/", custom_fields),
    Route("remove note", "DELETE", f"{_V}/activity/note/{{ident}}/", remove_note),
    Route("remove", "DELETE", f"{_V}/{{kind}}/{{ident}}/", remove),
    Route("create", "POST", f"{_V}/{{kind}}/", create, _ANY),
    Route("list", "GET", f"{_V}/{{kind}}/", list_rows, query=_PAGES),
    Route("read", "GET", f"{_V}/{{kind}}/{{ident}}/", read),
    Route("update", "PUT", f"{_V}/{{kind}}/{{ident}}/", update, _ANY),
)


class CloseApi(CloseAccount):
    routes: ClassVar[tuple[Route, ...]] = ROUTES
