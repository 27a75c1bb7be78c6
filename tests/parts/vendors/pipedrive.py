"""Pipedrive: what a hand-over needs of v2, and of v1 for notes and leads, with an index of persons and organisations that comes late.

Read in Pipedrive's reference and in the models of its own client (November 2026); no company was compared with it. Guessed are: the words of its validation
errors, how late its index is, and that its lists see at once what was committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from tests.parts.vendors.faults import (
    COMMIT_THEN_DROP,
    DROP_BEFORE,
    GATEWAY_AFTER,
    HTML_403,
    UNAVAILABLE,
    Answer,
    Fault,
    Json,
    Rule,
)
from tests.parts.vendors.hubspot_requests import shape
from tests.parts.vendors.server import Held, Request, Route, VendorApi

KEY, DOMAIN, OTHER = "a" * 40, "b" * 40, "c" * 40
TOKEN = "token-of-stand-in"
PASSWORD = "password-of-stand-in"
NUMBER: dict[str, Json] = {"type": "integer", "minimum": 1}
TEXT: dict[str, Json] = {"type": "string", "minLength": 1}
OWN: dict[str, Json] = {"type": "object", "propertyNames": {"pattern": "^[0-9a-f]{40}$"}}
REACH: dict[str, Json] = {
    "type": "array",
    "items": shape({"value": TEXT, "primary": {"type": "boolean"}, "label": TEXT}),
}
DEAL: dict[str, Json] = {
    "title": TEXT, "owner_id": NUMBER, "person_id": NUMBER, "org_id": NUMBER, "pipeline_id": NUMBER, "stage_id": NUMBER,
    "status": {"enum": ["open", "won", "lost"]}, "value": {"type": "number"}, "custom_fields": OWN,
}  # fmt: skip
PERSON: dict[str, Json] = {
    "name": TEXT,
    "owner_id": NUMBER,
    "org_id": NUMBER,
    "emails": REACH,
    "phones": REACH,
    "custom_fields": OWN,
}
ORGANISATION: dict[str, Json] = {"name": TEXT, "owner_id": NUMBER, "custom_fields": OWN}
LEAD: dict[str, Json] = {
    "title": TEXT, "owner_id": NUMBER, "person_id": NUMBER, "organization_id": NUMBER, "is_archived": {"type": "boolean"},
    KEY: TEXT, OTHER: TEXT,
}  # fmt: skip
"""A lead's fields are those of deals, and in v1 they stand among the others."""
WHO = shape({"person_id": NUMBER, "primary": {"type": "boolean"}})
ACTIVITY: dict[str, Json] = {
    "subject": TEXT, "type": TEXT, "owner_id": NUMBER, "deal_id": NUMBER, "lead_id": TEXT, "org_id": NUMBER, "due_date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
    "due_time": {"type": "string", "pattern": r"^\d\d:\d\d$"}, "done": {"type": "boolean"}, "note": TEXT, "priority": NUMBER, "participants": {"type": "array", "items": WHO},
}  # fmt: skip
PIN: dict[str, Json] = {"enum": [0, 1]}
NOTE: dict[str, Json] = {
    "content": TEXT,
    "deal_id": NUMBER,
    "lead_id": TEXT,
    "pinned_to_deal_flag": PIN,
    "pinned_to_lead_flag": PIN,
}
PRIORITIES = {501: "Low", 503: "High"}
STAGES = {1: "Offered", 2: "Accepted", 3: "Returned"}


def text_of(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def failure(status: int, text: str, **more: Json) -> Answer:
    return Answer(status, {"success": False, "error": text, "error_info": "", **more})


BURST = Fault("429", "instead", failure(429, "Rate limit exceeded")._replace(headers={"x-ratelimit-reset": "2"}))
CAPPED = Fault("cap", "instead", failure(403, "Deals limit reached", code="feature_capping_deals_limit"))
OWN_RULE = Fault("own rule", "instead", failure(400, "Validation failed: value: it is needed in this stage"))


def passing_faults(share: float) -> list[Rule]:
    """Everything that goes by itself, for `share` of the requests each."""
    return [
        Rule(fault, share) for fault in (DROP_BEFORE, COMMIT_THEN_DROP, GATEWAY_AFTER, UNAVAILABLE, HTML_403, BURST)
    ]


@dataclass
class PipedriveApi(VendorApi):
    """One company. `lag`: how long a search does not see a new record."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    lag: timedelta = timedelta(seconds=30)
    users: dict[int, bool] = field(default_factory=lambda: {1: True})
    """By id, whether they are active; 1 is whose token it is."""
    tables: dict[str, dict[int, dict[str, Json]]] = field(
        default_factory=lambda: {n: {} for n in ("persons", "organizations", "deals", "leads", "activities", "notes")}
    )
    seen_from: dict[tuple[str, int], datetime] = field(default_factory=dict)
    fields: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            "dealFields": {KEY: "varchar"},
            "organizationFields": {DOMAIN: "varchar"},
            "personFields": {},
        }
    )
    webhooks: list[dict[str, Json]] = field(default_factory=list)
    last: int = 1000
    cursors: str = "c1"
    """What the cursors of now begin with: where it changes, those that were given are not valid any more."""
    routes: ClassVar[tuple[Route, ...]] = ()

    def refuse(self, request: Request, route: Route) -> Answer | None:
        return None if request.headers.get("x-api-token") == TOKEN else failure(401, "unauthorized access")

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, "<html>Not Found</html>", {"content-type": "text/html"})

    def no_such_request(self, problems: list[str]) -> Answer:
        return failure(400, f"Validation failed: {problems[0]}")

    def live(self, table: str) -> list[dict[str, Json]]:
        return [row for row in self.tables[table].values() if not row["is_deleted"]]

    def make(self, table: str, values: dict[str, Json]) -> dict[str, Json]:
        self.last += 1
        self.seen_from[table, self.last] = self.now() + self.lag
        defaults: dict[str, Json] = {
            "deals": {"status": "open", "stage_id": 1, "is_archived": False, "person_id": None, "org_id": None},
            "activities": {"done": False},
            "leads": {"is_archived": False, "person_id": None, "organization_id": None},
        }.get(table, {})
        made: dict[str, Json] = {"add_time": text_of(self.now())}
        row = {"owner_id": 1, **defaults, **made, "id": self.last, "is_deleted": False}
        if table == "leads":
            row["id"] = str(UUID(int=self.last))
        self.tables[table][self.last] = row
        self.change(table, self.last, values)
        return row

    def change(self, table: str, ident: int, values: dict[str, Json]) -> None:
        """With the instants that Pipedrive keeps of what became of it."""
        row, at = self.tables[table][ident], text_of(self.now())
        stamps: dict[str, Json] = {"update_time": at}
        if table == "deals" and values.get("stage_id", row.get("stage_id")) != row.get("stage_id"):
            stamps["stage_change_time"] = at
        if table == "deals" and values.get("status") in ("won", "lost") and values["status"] != row["status"]:
            stamps[f"{values['status']}_time"] = at
        if table == "activities" and values.get("done") is True and row["done"] is not True:
            stamps["marked_as_done_time"] = at
        row |= {**values, **stamps}

    def truth(self) -> dict[str, Held]:
        found: dict[str, list[dict[str, Json]]] = {}
        for deal in self.live("deals"):
            if key := (deal.get("custom_fields") or {}).get(KEY):
                found.setdefault(str(key), []).append(deal)
        for lead in self.live("leads"):
            found.setdefault(str(lead.get(KEY)), []).append(lead)
        return {key: self._held(deals) for key, deals in found.items()}

    def _held(self, deals: list[dict[str, Json]]) -> Held:
        first = deals[0]
        tasks = [row for row in self.live("activities") if first["id"] in (row.get("deal_id"), row.get("lead_id"))]
        status = first.get("status", "open")
        return Held(
            ids=tuple(str(deal["id"]) for deal in deals),
            owner=str(first["owner_id"]),
            stage=str(first["stage_id"])
            if status == "open" and "stage_id" in first
            else None
            if "stage_id" not in first
            else str(status),
            contacts=(str(first["person_id"]),) if first.get("person_id") else (),
            notes=tuple(
                str(row["content"])
                for row in self.live("notes")
                if first["id"] in (row.get("deal_id"), row.get("lead_id"))
            ),
            open_tasks=tuple((str(row.get("subject")), str(row["owner_id"])) for row in tasks if not row["done"]),
            tasks=len(tasks),
        )


def number_of(ident: str) -> int:
    """The number of a row; a lead's id is a UUID."""
    return int(ident) if ident.isdigit() else UUID(ident).int


def create(api: PipedriveApi, request: Request, table: str) -> Answer:
    body = request.json()
    assert isinstance(body, dict)
    refusal = _refusal(api, table, body)
    if table == "leads" and not {"person_id", "organization_id"} & body.keys():
        refusal = failure(400, "Validation failed: person_id: a lead is of a person or an organization")
    return refusal or Answer(201, {"success": True, "data": api.make(table, body)})


def update(api: PipedriveApi, request: Request, table: str, ident: str) -> Answer:
    body, row = request.json(), api.tables[table].get(number_of(ident))
    assert isinstance(body, dict)
    if row is None or row["is_deleted"]:
        return failure(404, f"{table} not found")
    if row.get("is_archived"):
        return failure(400, "Validation failed: archived deals cannot be changed")
    if (refusal := _refusal(api, table, body)) is not None:
        return refusal
    own = {**(row.get("custom_fields") or {}), **body.pop("custom_fields", {})}
    api.change(table, number_of(ident), {**body, **({"custom_fields": own} if table != "leads" else {})})
    return Answer(200, {"success": True, "data": row})


def _refusal(api: PipedriveApi, table: str, body: dict[str, Json]) -> Answer | None:
    if "owner_id" in body and not api.users.get(body["owner_id"]):
        return failure(400, "Validation failed: owner_id: no such active user")
    if "stage_id" in body and body["stage_id"] not in STAGES:
        return failure(400, "Validation failed: stage_id: no such stage")
    for name, other in (
        ("person_id", "persons"), ("org_id", "organizations"), ("organization_id", "organizations"), ("deal_id", "deals"), ("lead_id", "leads"),
    ):  # fmt: skip
        if (
            name in body
            and (row := api.tables[other].get(number_of(str(body[name])))) is not None
            and row["is_deleted"]
        ):
            return failure(400, f"Validation failed: {name}: it was deleted")
    known = api.fields.get(
        {"persons": "personFields", "organizations": "organizationFields", "deals": "dealFields"}.get(table, ""), {}
    )
    if unknown := set(body.get("custom_fields") or {}) - set(known):
        return failure(400, f"Validation failed: custom_fields: {sorted(unknown)}")
    return None


def read(api: PipedriveApi, request: Request, table: str, ident: str) -> Answer:
    row = api.tables[table].get(number_of(ident))
    return failure(404, f"{table} not found") if row is None else Answer(200, {"success": True, "data": row})


def delete(api: PipedriveApi, request: Request, table: str, ident: str) -> Answer:
    row = api.tables[table].get(number_of(ident))
    if row is None or row["is_deleted"]:
        return failure(404, f"{table} not found")
    api.change(table, number_of(ident), {"is_deleted": True})
    return Answer(200, {"success": True, "data": {"id": row["id"]}})


def list_rows(api: PipedriveApi, request: Request, table: str, *, archived: bool = False) -> Answer:
    """What is archived has a list of its own; v2 goes on by a cursor, v1 by a number."""
    limit, query = int(request.query["limit"][0]), request.query
    rows = _ordered([row for row in _asked_for(api, table, query) if bool(row.get("is_archived")) is archived], query)
    if query.get("include_fields") != ["source_lead_id"]:
        rows = [{name: value for name, value in row.items() if name != "source_lead_id"} for row in rows]
    token = query.get("cursor", query.get("start", ["0"]))[0]
    start = int(token.removeprefix(f"{api.cursors}-") or 0) if token.removeprefix(f"{api.cursors}-").isdigit() else None
    if start is None or limit > 500:
        return failure(400, "Validation failed: cursor: it is not valid")
    page, goes_on = rows[start : start + limit], start + limit < len(rows)
    if request.path.startswith("/v1"):
        after: dict[str, Json] = {"pagination": {"more_items_in_collection": goes_on, "next_start": start + limit}}
    else:
        after = {"next_cursor": f"{api.cursors}-{start + limit}" if goes_on else None}
    return Answer(200, {"success": True, "data": page, "additional_data": after})


def _asked_for(api: PipedriveApi, table: str, query: Mapping[str, list[str]]) -> list[dict[str, Json]]:
    """Deleted ones only where a status says so."""
    statuses = query.get("status", ["open,won,lost"])[0].split(",")
    rows = [row for row in api.tables[table].values() if not row["is_deleted"] or "deleted" in statuses]
    if table == "deals":
        rows = [row for row in rows if row["is_deleted"] or row["status"] in statuses]
    for name in ("person_id", "deal_id"):
        rows = [row for row in rows if name not in query or row.get(name) == int(query[name][0])]
    if "lead_id" in query:
        rows = [row for row in rows if row.get("lead_id") == query["lead_id"][0]]
    if "ids" in query:
        rows = [row for row in rows if str(row["id"]) in query["ids"][0].split(",")[:100]]
    if "done" in query:
        rows = [row for row in rows if row.get("done") is (query["done"][0] == "true")]
    since = query.get("updated_since", [""])[0]
    return [row for row in rows if str(row["update_time"]) >= since]


def _ordered(rows: list[dict[str, Json]], query: Mapping[str, list[str]]) -> list[dict[str, Json]]:
    """v2 says the order in two words, v1 in one."""
    name, _, direction = query.get("sort", [query.get("sort_by", ["id"])[0]])[0].partition(" ")
    direction = direction or query.get("sort_direction", ["asc"])[0].upper()
    ordered = sorted(rows, key=lambda row: number_of(str(row["id"])))
    if name == "id":
        return ordered
    return sorted(ordered, key=lambda row: str(row[name]), reverse=direction == "DESC")


def convert(api: PipedriveApi, lead: str, stage: int = 1) -> str:
    """Somebody makes a deal of a lead: it keeps fields, notes and activities, and the lead is gone. Returns the deal's id."""
    row = api.tables["leads"][number_of(lead)]
    own = {name: value for name, value in row.items() if name in (KEY, OTHER)}
    deal = api.make("deals", {"title": row["title"], "custom_fields": own, "stage_id": stage})
    deal |= {"owner_id": row["owner_id"], "person_id": row["person_id"], "source_lead_id": lead}
    for table in ("notes", "activities"):
        for beside in api.tables[table].values():
            if beside.get("lead_id") == lead:
                beside |= {"lead_id": None, "deal_id": deal["id"]}
    row["is_deleted"] = True
    return str(deal["id"])


def search(api: PipedriveApi, request: Request, table: str) -> Answer:
    term, among = request.query["term"][0].lower(), request.query["fields"][0]
    found = [
        row
        for row in api.live(table)
        if api.seen_from[table, int(row["id"])] <= api.now() and term in _texts(row, among)
    ]
    return Answer(
        200,
        {
            "success": True,
            "data": {"items": [{"result_score": 1, "item": {"id": row["id"], "type": table[:-1]}} for row in found]},
        },
    )


def _texts(row: dict[str, Json], among: str) -> set[str]:
    if among == "custom_fields":
        return {str(value).lower() for value in (row.get("custom_fields") or {}).values()}
    return {str(one["value"]).lower() for one in row.get(f"{among}s") or ()}


def list_fields(api: PipedriveApi, request: Request, table: str) -> Answer:
    return Answer(
        200,
        {
            "success": True,
            "data": [{"field_code": code, "field_type": kind} for code, kind in api.fields[table].items()],
        },
    )


def list_activity_fields(api: PipedriveApi, request: Request) -> Answer:
    options: list[Json] = [{"id": ident, "label": label} for ident, label in PRIORITIES.items()]
    return Answer(
        200, {"success": True, "data": [{"field_code": "priority", "field_type": "enum", "options": options}]}
    )


def list_stages(api: PipedriveApi, request: Request) -> Answer:
    return Answer(
        200, {"success": True, "data": [{"id": i, "name": name, "pipeline_id": 1} for i, name in STAGES.items()]}
    )


def list_users(api: PipedriveApi, request: Request) -> Answer:
    return Answer(200, {"success": True, "data": [{"id": i, "active_flag": active} for i, active in api.users.items()]})


def add_webhook(api: PipedriveApi, url: str, name: str = "*", action: str = "*", **more: Json) -> None:
    """One of the company's webhooks; its answer holds the password of its HTTP auth."""
    own: dict[str, Json] = {
        "id": len(api.webhooks) + 1,
        "subscription_url": url,
        "event_object": name,
        "event_action": action,
    }
    auth: dict[str, Json] = {"http_auth_user": "stafett", "http_auth_password": PASSWORD}
    usual: dict[str, Json] = {"is_active": 1, "version": "2.0", "last_http_status": 202, "remove_reason": None}
    api.webhooks.append({**own, **auth, **usual, **more})


def list_webhooks(api: PipedriveApi, request: Request) -> Answer:
    return Answer(200, {"success": True, "status": "ok", "data": api.webhooks})


def me(api: PipedriveApi, request: Request) -> Answer:
    return Answer(200, {"success": True, "data": {"id": 1}})


def _routes(path: str, table: str, needed: tuple[str, ...], fields: dict[str, Json], query: str) -> tuple[Route, ...]:
    body = shape({name: fields[name] for name in needed}, fields)

    def of(handle: Callable[..., Answer]) -> Callable[..., Answer]:
        return lambda api, request, **names: handle(api, request, table=table, **names)

    change = "PUT" if path == "/v1/notes" else "PATCH"
    return (
        Route(f"list {table}", "GET", path, of(list_rows), query=frozenset(query.split())),
        Route(
            f"search {table}",
            "GET",
            f"{path}/search",
            of(search),
            query=frozenset({"term", "fields", "exact_match", "limit"}),
        ),
        Route(f"create {table}", "POST", path, of(create), body),
        Route(f"read {table}", "GET", f"{path}/{{ident}}", of(read)),
        Route(f"update {table}", change, f"{path}/{{ident}}", of(update), shape({}, fields)),
        Route(f"delete {table}", "DELETE", f"{path}/{{ident}}", of(delete)),
    )


_CHANGES = "updated_since sort_by sort_direction limit cursor"
PipedriveApi.routes = (
    *_routes("/api/v2/deals", "deals", ("title",), DEAL, f"person_id ids status custom_fields include_fields {_CHANGES}"),
    *_routes("/api/v2/persons", "persons", ("name",), PERSON, _CHANGES),
    *_routes("/api/v2/organizations", "organizations", ("name",), ORGANISATION, "limit cursor"),
    *_routes("/api/v2/activities", "activities", (), ACTIVITY, f"deal_id lead_id done {_CHANGES}"),
    Route("list archived leads", "GET", "/v1/leads/archived", lambda api, request: list_rows(api, request, "leads", archived=True), query=frozenset({"limit", "start", "sort"})),
    *_routes("/v1/leads", "leads", ("title",), LEAD, "person_id limit start updated_since sort"),
    *_routes("/v1/notes", "notes", (), NOTE, "deal_id lead_id limit start"),
    *(Route(f"list {table}", "GET", f"/api/v2/{table}", lambda api, request, t=table: list_fields(api, request, t), query=frozenset({"limit"})) for table in ("dealFields", "personFields", "organizationFields")),
    Route("list activity fields", "GET", "/api/v2/activityFields", list_activity_fields, query=frozenset({"limit"})),
    Route("list stages", "GET", "/api/v2/stages", list_stages, query=frozenset({"limit"})),
    Route("me", "GET", "/v1/users/me", me),
    Route("list webhooks", "GET", "/v1/webhooks", list_webhooks),
    Route("list users", "GET", "/v1/users", list_users),
)  # fmt: skip
