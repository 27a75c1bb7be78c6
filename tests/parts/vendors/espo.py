"""EspoCRM of version 10: what a hand-over needs of it, with its own words for what it refuses.

Read in EspoCRM's source (July 2026): which fields are required, that unknown ones are dropped, what is a duplicate and how it is told, that an
unknown attribute of a question is refused. Not read there, and made as hard as it may be: that a list of notes cuts long texts as other lists do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tests.parts.vendors.espo_records import ENTITIES, Records, Refusal, Values
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
from tests.parts.vendors.server import Held, Request, Route, VendorApi

KEY = "cStafettId"
USER = "0api00000000user0"
MAINTENANCE = Fault("503 maintenance", "instead", Answer(503, None, {"x-status-reason": "Maintenance mode."}))
TOO_MANY = Fault("429 of a proxy", "instead", Answer(429, "<h1>429</h1>", {"content-type": "text/html", "retry-after": "2"}))  # fmt: skip
CONFLICT = Fault("409 of a change", "instead", Answer(409, None, {"x-status-reason": "modified"}))
_ANYTHING: dict[str, Json] = {"type": "object"}
_LINK: dict[str, Json] = {"type": "object", "properties": {"id": {"type": "string", "minLength": 1}}, "required": ["id"]}  # fmt: skip
_WHERE = re.compile(r"where\[(\d+)\]\[(type|attribute|value)\](?:\[(\d+)\])?")


def passing_faults(share: float) -> list[Rule]:
    """Everything that goes by itself, for `share` of the requests each."""
    faults = (DROP_BEFORE, COMMIT_THEN_DROP, GATEWAY_AFTER, UNAVAILABLE, HTML_403, MAINTENANCE, TOO_MANY)
    return [*(Rule(fault, share) for fault in faults), Rule(CONFLICT, share, frozenset({"update"}))]


@dataclass
class EspoAccount(VendorApi):
    """One EspoCRM. `keys`: of API users, with what their roles let them do."""

    keys: dict[str, frozenset[str]] = field(default_factory=lambda: {"espo-stand-in": frozenset(ENTITIES)})
    records: Records = field(default_factory=Records)

    def add_user(self, ident: str, *, is_active: bool = True) -> None:
        row: Values = {"id": ident, "userName": f"user{ident}", "isActive": is_active, "deleted": False, "made": 0}
        self.records.rows["User"][ident] = row

    def truth(self) -> dict[str, Held]:
        found: dict[str, list[Values]] = {}
        for row in self.records.rows["Opportunity"].values():
            if row.get(KEY) and not row["deleted"]:
                found.setdefault(str(row[KEY]), []).append(row)
        return {key: self._held(rows) for key, rows in found.items()}

    def _live(self, entity: str) -> list[Values]:
        return [row for row in self.records.rows[entity].values() if not row["deleted"]]

    def _held(self, rows: list[Values]) -> Held:
        first = rows[0]
        tasks = [row for row in self._live("Task") if row.get("parentId") == first["id"]]
        still_open = [row for row in tasks if row["status"] not in ("Completed", "Canceled")]
        notes = [row for row in self._live("Note") if row.get("parentId") == first["id"]]
        return Held(
            ids=tuple(str(row["id"]) for row in rows),
            owner=first.get("assignedUserId"),
            stage=first["stage"],
            contacts=tuple(first.get("contactsIds") or ()),
            notes=tuple(str(row["post"]) for row in notes if row["type"] == "Post"),
            open_tasks=tuple((str(row["name"]), row.get("assignedUserId")) for row in still_open),
            tasks=len(tasks),
        )

    def refuse(self, request: Request, route: Route) -> Answer | None:
        may = self.keys.get(request.headers.get("x-api-key", ""))
        if may is None:
            return Answer(401, None)
        entity = request.path.removeprefix("/api/v1/").partition("/")[0]
        if entity in ENTITIES and entity not in may:
            return Refusal(403, "No access.").answer
        return None

    def carry_out(self, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        try:
            if (entity := names.get("entity", "Contact")) not in ENTITIES:
                raise Refusal(404, f"No entity {entity}.")
            return super().carry_out(route, request, names)
        except Refusal as refusal:
            return refusal.answer

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, "<h1>404 Not Found</h1>", {"content-type": "text/html"})

    def no_such_request(self, problems: list[str]) -> Answer:
        return Answer(400, None, {"x-status-reason": problems[0][:200]})

    def _problems(self, request: Request, route: Route) -> list[str]:
        plain = {name: values for name, values in request.query.items() if not _WHERE.fullmatch(name)}
        return super()._problems(request._replace(query=plain), route)


def create(api: EspoAccount, request: Request, entity: str) -> Answer:
    skips = request.headers.get("x-skip-duplicate-check") == "true"
    row = api.records.create(entity, _body(request), skips_check=skips)
    if entity == "Opportunity":
        # EspoCRM notes by itself that the record was made.
        made: Values = {"type": "Create", "parentType": entity, "parentId": row["id"], "post": None}
        api.records.create("Note", made, skips_check=True)
    return Answer(200, api.records.shown(entity, row))


def update(api: EspoAccount, request: Request, entity: str, ident: str) -> Answer:
    return Answer(200, api.records.shown(entity, api.records.update(entity, ident, _body(request))))


def remove(api: EspoAccount, request: Request, entity: str, ident: str) -> Answer:
    api.records.at(entity, ident)["deleted"] = True
    return Answer(200, True)


def read(api: EspoAccount, request: Request, entity: str, ident: str) -> Answer:
    return Answer(200, api.records.shown(entity, api.records.at(entity, ident)))


def search(api: EspoAccount, request: Request, entity: str) -> Answer:
    where: dict[int, dict[str, Json]] = {}
    for name, values in request.query.items():
        if match := _WHERE.fullmatch(name):
            one = where.setdefault(int(match[1]), {})
            one[match[2]] = [*(one.get(match[2]) or []), values[0]] if match[3] is not None else values[0]
    rows = api.records.search(entity, [where[number] for number in sorted(where)])
    names = request.query["select"][0].split(",") if "select" in request.query else sorted(api.records.attributes(entity))  # fmt: skip
    return _page(api, request, entity, rows, names)


def stream(api: EspoAccount, request: Request, entity: str, ident: str) -> Answer:
    api.records.at(entity, ident)
    notes = [row for row in api.records.rows["Note"].values() if row.get("parentId") == ident and not row["deleted"]]
    return _page(api, request, "Note", list(reversed(notes)), ["type", "post", "parentId", "parentType"])


def link_contact(api: EspoAccount, request: Request, ident: str) -> Answer:
    row, other = api.records.at("Opportunity", ident), str(_body(request)["id"])
    api.records.at("Contact", other)
    row["contactsIds"] = sorted({*(row.get("contactsIds") or ()), other})
    return Answer(200, True)


def metadata(api: EspoAccount, request: Request) -> Answer:
    where, entity, what = request.query["key"][0].split(".")
    may = api.keys[request.headers["x-api-key"]]
    assert (where, what) == ("entityDefs", "fields")
    fields = api.records.entities.get(entity, {}) if entity in may else {}
    return Answer(200, {name: defined.described() for name, defined in fields.items()} or None)


def user(api: EspoAccount, request: Request) -> Answer:
    return Answer(200, {"user": {"id": USER, "userName": "stafett", "type": "api"}, "acl": {}})


def _page(api: EspoAccount, request: Request, entity: str, rows: list[Values], names: list[str]) -> Answer:
    start = int(request.query.get("offset", ["0"])[0])
    size = min(int(request.query.get("maxSize", ["20"])[0]), 200)
    shown = [api.records.shown(entity, row, names) for row in rows[start : start + size]]
    return Answer(200, {"total": len(rows), "list": shown})


def _body(request: Request) -> Values:
    body = request.json()
    assert isinstance(body, dict)
    return body


_PAGES = frozenset({"offset", "maxSize"})
ROUTES = (
    Route("metadata", "GET", "/api/v1/Metadata", metadata, query=frozenset({"key"})),
    Route("user", "GET", "/api/v1/App/user", user),
    Route("link", "POST", "/api/v1/Opportunity/{ident}/contacts", link_contact, _LINK),
    Route("stream", "GET", "/api/v1/{entity}/{ident}/stream", stream, query=_PAGES),
    Route("create", "POST", "/api/v1/{entity}", create, _ANYTHING),
    Route("search", "GET", "/api/v1/{entity}", search, query=_PAGES | {"select", "orderBy", "order"}),
    Route("read", "GET", "/api/v1/{entity}/{ident}", read),
    Route("update", "PUT", "/api/v1/{entity}/{ident}", update, _ANYTHING),
    Route("remove", "DELETE", "/api/v1/{entity}/{ident}", remove),
)


class EspoApi(EspoAccount):
    routes: ClassVar[tuple[Route, ...]] = ROUTES
