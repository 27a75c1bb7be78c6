"""A CRM of nobody's, as those are that a customer wrote: people, firms, deals, comments and todos over JSON, with habits of their own.

Ids are numbers, everything stands under `data`, an address that is taken is a 409 with the id, a field that is not known is a 422, and a filter
that is not known is left out, so that everybody is the answer. With `keeps_keys` a second create of one `Idempotency-Key` is answered like the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

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
from tests.parts.vendors.server import Held, Request, Route, VendorApi

BUSY = Fault("429", "instead", Answer(429, {"error": {"code": "slow_down"}}, {"retry-after": "2"}))
QUOTA = Fault("200 with an error", "instead", Answer(200, {"data": None, "error": {"code": "try_again"}}))
LOCKED = Fault("423", "instead", Answer(423, {"error": {"code": "locked"}}))
WRITES = frozenset({"create", "add", "update"})


def passing_faults(share: float) -> list[Rule]:
    """Everything that goes by itself, for `share` of the requests each."""
    everywhere = (DROP_BEFORE, COMMIT_THEN_DROP, GATEWAY_AFTER, UNAVAILABLE, BUSY)
    return [*(Rule(fault, share) for fault in everywhere), *(Rule(fault, share, WRITES) for fault in (QUOTA, LOCKED))]


class Kind(NamedTuple):
    """`fields` with the types of their values; `filters` that a list knows; `unique`: of which no two records have the same."""

    fields: dict[str, type | tuple[type, ...]]
    filters: tuple[str, ...] = ()
    unique: str | None = None


KINDS: dict[str, Kind] = {
    "people": Kind({"name": str, "email": str, "phone": str, "ref": str, "firm_id": int}, ("email", "ref"), "email"),
    "firms": Kind({"name": str, "domain": str}, ("domain",), "domain"),
    "deals": Kind({"title": str, "owner_id": int, "status": str, "ref": str, "person_id": int, "firm_id": int, "by": str, "due": str}, ("ref",)),
    "comments": Kind({"text": str, "deal_id": int}),
    "todos": Kind({"title": str, "text": str, "owner_id": int, "due_on": str, "is_done": bool, "deal_id": int, "urgent": bool}),
}  # fmt: skip
STATUSES = frozenset({"offered", "accepted", "returned", "negotiation", "won", "lost"})
Row = dict[str, Json]


class Refusal(Exception):
    def __init__(self, status: int, code: str, **more: Json) -> None:
        super().__init__(status, code)
        self.answer = Answer(status, {"error": {"code": code, **more}})


@dataclass
class PlainAccount(VendorApi):
    """One CRM. `owners` are the ids of those who sell."""

    token: str = "plain-stand-in"
    owners: set[int] = field(default_factory=lambda: {7, 8, 9})
    keeps_keys: bool = False
    rows: dict[str, dict[int, Row]] = field(default_factory=lambda: {name: {} for name in KINDS})
    answers: dict[str, Answer] = field(default_factory=dict)
    """Of creates, by their key."""
    last_id: int = 0

    def truth(self) -> dict[str, Held]:
        found: dict[str, list[Row]] = {}
        for row in self.rows["deals"].values():
            found.setdefault(str(row["ref"]), []).append(row)
        return {key: self._held(rows) for key, rows in found.items()}

    def _held(self, rows: list[Row]) -> Held:
        first = rows[0]
        comments, todos = [[r for r in self.rows[kind].values() if r["deal_id"] == first["id"]] for kind in ("comments", "todos")]  # fmt: skip
        still_open = [row for row in todos if not row["is_done"]]
        people = first.get("people") or []
        return Held(
            ids=tuple(str(row["id"]) for row in rows),
            owner=str(first["owner_id"]) if first.get("owner_id") is not None else None,
            stage=first.get("status"),
            contacts=tuple(str(one) for one in people),
            notes=tuple(str(row["text"]) for row in comments),
            open_tasks=tuple((str(row["title"]), str(row["owner_id"])) for row in still_open),
            tasks=len(todos),
        )

    def refuse(self, request: Request, route: Route) -> Answer | None:
        if request.headers.get("authorization") != f"Token {self.token}":
            return Answer(401, {"error": {"code": "who_are_you"}})
        return None

    def carry_out(self, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        key = request.headers.get("idempotency-key")
        if key is not None and self.keeps_keys and key in self.answers:
            return self.answers[key]
        try:
            answer = super().carry_out(route, request, names)
        except Refusal as refusal:
            return refusal.answer
        if key is not None and self.keeps_keys:
            self.answers[key] = answer
        return answer

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, {"error": {"code": "no_such_path"}})

    def no_such_request(self, problems: list[str]) -> Answer:
        return Answer(400, {"error": {"code": "bad_request"}})

    def _problems(self, request: Request, route: Route) -> list[str]:
        # What it does not know in a query it leaves out.
        return super()._problems(request._replace(query={}), route)

    def at(self, kind: str, ident: str) -> Row:
        row = self.rows.get(kind, {}).get(int(ident)) if ident.isdecimal() else None
        if row is None:
            raise Refusal(404, "not_there")
        return row

    def check(self, kind: str, values: Row, own: Row | None = None) -> None:
        for name, value in values.items():
            wanted = KINDS[kind].fields.get(name)
            if wanted is None or not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                raise Refusal(422, "bad_field", field=name)
        if "owner_id" in values and values["owner_id"] not in self.owners:
            raise Refusal(422, "owner_unknown", field="owner_id")
        if kind == "deals" and values.get("status", "offered") not in STATUSES:
            raise Refusal(422, "status_unknown", field="status")
        unique = KINDS[kind].unique
        for row in self.rows[kind].values():
            if unique is not None and values.get(unique) and row is not own and row.get(unique) == values[unique]:
                raise Refusal(409, "exists", existing={"id": row["id"]})

    def make(self, kind: str, values: Row) -> Row:
        self.check(kind, values)
        self.last_id += 1
        ident = self.last_id
        row: Row = {**dict.fromkeys(KINDS[kind].fields), "is_done": False, "id": ident, "url": f"https://plain.example/{kind}/{ident}", **values}  # fmt: skip
        self.rows[kind][ident] = row
        if kind == "deals" and row.get("person_id") is not None:
            row["people"] = [row["person_id"]]
        return row


def create(api: PlainAccount, request: Request, kind: str) -> Answer:
    if kind not in KINDS:
        raise Refusal(404, "no_such_path")
    return Answer(201, {"data": api.make(kind, _values(request))})


def search(api: PlainAccount, request: Request, kind: str) -> Answer:
    rows = list(api.rows.get(kind, {}).values())
    for name, values in request.query.items():
        if name in KINDS[kind].filters:
            rows = [row for row in rows if row.get(name) == values[0]]
    return Answer(200, {"data": {"items": rows}})


def read(api: PlainAccount, request: Request, kind: str, ident: str) -> Answer:
    return Answer(200, {"data": api.at(kind, ident)})


def update(api: PlainAccount, request: Request, kind: str, ident: str) -> Answer:
    row, values = api.at(kind, ident), _values(request)
    api.check(kind, values, row)
    row |= values
    return Answer(200, {"data": row})


def remove(api: PlainAccount, request: Request, kind: str, ident: str) -> Answer:
    api.at(kind, ident)
    del api.rows[kind][int(ident)]
    return Answer(204)


def add(api: PlainAccount, request: Request, ident: str, kind: str) -> Answer:
    return Answer(201, {"data": api.make(kind, {**_values(request), "deal_id": api.at("deals", ident)["id"]})})


def beside(api: PlainAccount, request: Request, ident: str, kind: str) -> Answer:
    deal = api.at("deals", ident)
    rows = [row for row in api.rows[kind].values() if row.get("deal_id") == deal["id"]]
    return Answer(200, {"data": {"items": rows}})


def link(api: PlainAccount, request: Request, ident: str, other: str) -> Answer:
    deal, person = api.at("deals", ident), api.at("people", other)
    deal["people"] = sorted({*(deal.get("people") or ()), person["id"]})
    return Answer(204)


def me(api: PlainAccount, request: Request) -> Answer:
    return Answer(200, {"user": {"id": 77}})


def _values(request: Request) -> Row:
    body = request.json()
    assert isinstance(body, dict)
    return dict(body["data"])


_BODY: dict[str, Json] = {
    "type": "object",
    "properties": {"data": {"type": "object"}},
    "required": ["data"],
    "additionalProperties": False,
}
ROUTES = (
    Route("me", "GET", "/me", me),
    Route("link", "PUT", "/deals/{ident}/people/{other}", link),
    Route("create", "POST", "/{kind}", create, _BODY),
    Route("search", "GET", "/{kind}", search),
    Route("add", "POST", "/deals/{ident}/{kind}", add, _BODY),
    Route("beside", "GET", "/deals/{ident}/{kind}", beside),
    Route("read", "GET", "/{kind}/{ident}", read),
    Route("update", "PATCH", "/{kind}/{ident}", update, _BODY),
    Route("remove", "DELETE", "/{kind}/{ident}", remove),
)


class PlainApi(PlainAccount):
    routes: ClassVar[tuple[Route, ...]] = ROUTES
