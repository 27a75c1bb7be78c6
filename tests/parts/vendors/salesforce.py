"""Salesforce's REST API: what a hand-over needs of it, with its own words for what went wrong.

Read in Salesforce's REST guide and object reference (November 2026) and in what its users publish of its answers; no org was compared with it. Guessed are:
the HTTP status of UNABLE_TO_LOCK_ROW, and how wide the duplicate rule that orgs begin with is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from tests.parts.vendors.faults import (
    COMMIT_THEN_DROP,
    DROP_BEFORE,
    GATEWAY_AFTER,
    UNAVAILABLE,
    Answer,
    Fault,
    Json,
    Rule,
)
from tests.parts.vendors.hubspot_requests import shape
from tests.parts.vendors.salesforce_records import PREFIXES, Records, Refusal, error, refuse, text_of
from tests.parts.vendors.server import Held, Request, Route, VendorApi

KEY = "Stafett_Handover_Id__c"
DATA = "/services/data/v62.0"
ANY_FIELDS: dict[str, Json] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}

EXPIRED = Fault("401", "instead", error(401, "INVALID_SESSION_ID", "Session expired or invalid"))
LOCKED = Fault(
    "row is locked", "instead", error(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
)
BUSY = Fault("503 busy", "instead", error(503, "SERVER_UNAVAILABLE", "There was an error communicating to the server"))
SPENT = Fault("day is spent", "instead", error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
CONCURRENT = Fault(
    "too many at a time",
    "instead",
    error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
)
OWN_RULE = Fault(
    "own rule", "instead", error(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Budget is needed", "Budget__c")
)


def passing_faults(share: float) -> list[Rule]:
    """Everything that goes by itself, for `share` of the requests each; a login fails as well."""
    faults = (DROP_BEFORE, COMMIT_THEN_DROP, GATEWAY_AFTER, UNAVAILABLE, EXPIRED, LOCKED, BUSY, CONCURRENT)
    calls = frozenset({"create", "upsert", "update", "delete", "query", "query all"})
    return [*(Rule(fault, share, calls) for fault in faults), Rule(DROP_BEFORE, share, frozenset({"log in"}))]


@dataclass
class SalesforceApi(VendorApi):
    """One org. `day`: calls that it may have in a day, all its users together."""

    client: tuple[str, str] = ("client", "client-secret-of-stand-in")
    records: Records = field(default_factory=Records)
    day: int = 100_000
    used: int = 0
    tokens: set[str] = field(default_factory=set)
    routes: ClassVar[tuple[Route, ...]] = ()

    def __post_init__(self) -> None:
        self.records.add_user(self.records.me)

    def refuse(self, request: Request, route: Route) -> Answer | None:
        if route.name == "log in":
            return None
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.used >= self.day:
            return SPENT.answer
        self.used += 1
        return None

    def carry_out(self, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        if names.get("noun", "Contact") not in PREFIXES:
            return error(404, "NOT_FOUND", "The requested resource does not exist")
        try:
            answer = super().carry_out(route, request, names)
        except Refusal as refusal:
            answer = refusal.answer
        return answer._replace(headers={**answer.headers, "Sforce-Limit-Info": f"api-usage={self.used}/{self.day}"})

    def no_such_path(self, request: Request) -> Answer:
        return error(404, "NOT_FOUND", "The requested resource does not exist")

    def no_such_request(self, problems: list[str]) -> Answer:
        return error(400, "JSON_PARSER_ERROR", problems[0])

    def truth(self) -> dict[str, Held]:
        found: dict[str, list[dict[str, Json]]] = {}
        for row in self.records.objects["Opportunity"].values():
            if row.get(KEY) and not row["IsDeleted"]:
                found.setdefault(str(row[KEY]), []).append(row)
        return {key: self._held(rows) for key, rows in found.items()}

    def _held(self, rows: list[dict[str, Json]]) -> Held:
        first = rows[0]

        def of(noun: str, name: str) -> list[dict[str, Json]]:
            return [
                row
                for row in self.records.objects[noun].values()
                if row.get(name) == first["Id"] and not row["IsDeleted"]
            ]

        activities = of("Task", "WhatId")
        names = ("/dossier", "/touches")
        notes = [row for row in activities if any(name in str(row.get("Description")) for name in names)]
        tasks = [row for row in activities if row not in notes]
        still_open = [row for row in tasks if not self.records.shown("Task", row, "IsClosed")]
        return Held(
            ids=tuple(str(row["Id"]) for row in rows),
            owner=str(first["OwnerId"]),
            stage=str(first["StageName"]),
            contacts=tuple(str(row["ContactId"]) for row in of("OpportunityContactRole", "OpportunityId")),
            notes=tuple(str(row.get("Description")) for row in notes),
            open_tasks=tuple((str(row.get("Subject")), str(row["OwnerId"])) for row in still_open),
            tasks=len(tasks),
        )


def log_in(api: SalesforceApi, request: Request) -> Answer:
    form = request.form()
    if (form.get("client_id"), form.get("client_secret")) != api.client:
        return Answer(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
    api.tokens.add(token := f"00D!token-{len(api.log)}")
    return Answer(
        200,
        {"access_token": token, "instance_url": "https://org.my.salesforce.com", "id": f"https://login.salesforce.com/id/00D000000000001AAA/{api.records.me}", "token_type": "Bearer"},
    )  # fmt: skip


def create(api: SalesforceApi, request: Request, noun: str) -> Answer:
    may_double = "allowSave=true" in request.headers.get("sforce-duplicate-rule-header", "")
    return Answer(
        201, {"id": api.records.create(noun, _fields(request), may_double=may_double), "success": True, "errors": []}
    )


def upsert(api: SalesforceApi, request: Request, noun: str, name: str, value: str) -> Answer:
    values = _fields(request)
    if name in values:
        return error(400, "INVALID_FIELD", f"The {name} field should not be specified in the sobject data.")
    found = api.records.having(noun, name, value)
    if len(found) > 1:
        return Answer(300, [f"{DATA}/sobjects/{noun}/{row['Id']}" for row in found])
    if found:
        api.records.update(noun, found[0], values)
        return Answer(200, {"id": found[0]["Id"], "success": True, "errors": [], "created": False})
    ident = api.records.create(noun, {**values, name: value})
    return Answer(201, {"id": ident, "success": True, "errors": [], "created": True})


def update(api: SalesforceApi, request: Request, noun: str, ident: str) -> Answer:
    api.records.update(noun, api.records.at(noun, ident), _fields(request))
    return Answer(204)


def delete(api: SalesforceApi, request: Request, noun: str, ident: str) -> Answer:
    api.records.delete(noun, ident)
    return Answer(204)


def query(api: SalesforceApi, request: Request) -> Answer:
    rows = api.records.query(request.query["q"][0], with_deleted=request.path.endswith("queryAll"))
    return Answer(200, {"totalSize": len(rows), "done": True, "records": rows})


REACH = timedelta(days=30)


def updated(api: SalesforceApi, request: Request, noun: str) -> Answer:
    begin, end = _span(api, request)
    rows = api.records.changed(noun, begin, end, deleted=False)
    return Answer(
        200, {"ids": [row["Id"] for row in rows], "latestDateCovered": text_of(min(end, api.records.covered()))}
    )


def deleted(api: SalesforceApi, request: Request, noun: str) -> Answer:
    begin, end = _span(api, request)
    rows = api.records.changed(noun, begin, end, deleted=True)
    records = [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows]
    covered = {"earliestDateAvailable": text_of(begin), "latestDateCovered": text_of(min(end, api.records.covered()))}
    return Answer(200, {"deletedRecords": records, **covered})


def _span(api: SalesforceApi, request: Request) -> tuple[datetime, datetime]:
    """Seconds are ignored. Raises Refusal for what is no span, or lies too far back."""
    try:
        begin, end = (
            datetime.fromisoformat(request.query[name][0]).replace(second=0, microsecond=0) for name in ("start", "end")
        )
    except (KeyError, ValueError):
        raise refuse("INVALID_REPLICATION_DATE", "start and end are instants with their zone") from None
    if begin >= end:
        raise refuse("INVALID_REPLICATION_DATE", "startDate before endDate")
    if begin < api.records.now() - REACH:
        raise refuse("INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
    return begin, end


def describe(api: SalesforceApi, request: Request, noun: str) -> Answer:
    rows = [
        {"name": f.name, "type": f.type, "createable": f.is_writable, "updateable": f.is_writable, "externalId": f.is_external_id, "unique": f.is_unique, "length": f.most,
         "restrictedPicklist": bool(f.options), "picklistValues": [{"value": o, "active": True, "label": o} for o in f.options]}
        for f in api.records.fields[noun].values()
    ]  # fmt: skip
    return Answer(200, {"name": noun, "createable": True, "fields": rows})


def _fields(request: Request) -> dict[str, Json]:
    body = request.json()
    assert isinstance(body, dict)
    return body


_Q = frozenset({"q"})
LOG_IN = shape(
    {
        "grant_type": {"const": "client_credentials"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
    }
)
SalesforceApi.routes = (
    Route("log in", "POST", "/services/oauth2/token", log_in, LOG_IN, is_form=True),
    Route("query", "GET", f"{DATA}/query", query, query=_Q),
    Route("query all", "GET", f"{DATA}/queryAll", query, query=_Q),
    Route("updated", "GET", f"{DATA}/sobjects/{{noun}}/updated/", updated, query=frozenset({"start", "end"})),
    Route("deleted", "GET", f"{DATA}/sobjects/{{noun}}/deleted/", deleted, query=frozenset({"start", "end"})),
    Route("describe", "GET", f"{DATA}/sobjects/{{noun}}/describe", describe),
    Route("create", "POST", f"{DATA}/sobjects/{{noun}}", create, ANY_FIELDS),
    Route("upsert", "PATCH", f"{DATA}/sobjects/{{noun}}/{{name}}/{{value}}", upsert, ANY_FIELDS),
    Route("update", "PATCH", f"{DATA}/sobjects/{{noun}}/{{ident}}", update, ANY_FIELDS),
    Route("delete", "DELETE", f"{DATA}/sobjects/{{noun}}/{{ident}}", delete),
)
