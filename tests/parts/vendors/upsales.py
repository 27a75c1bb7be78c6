"""Upsales' API as its collection of requests describes it: one account, strict about what it takes, with lists that come late.

Read in Upsales' published collection (with answers) and in what its users recorded and published of it; no account was compared with it. Guessed
are: the keys of errors but `ThrottleLimit` and `ServerError`, that unknown fields are refused, that a change may name some fields only, that
`opportunity` binds an activity to an order, and how late lists are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tests.parts.vendors.faults import (
    COMMIT_THEN_DROP,
    DROP_BEFORE,
    GATEWAY_AFTER,
    UNAVAILABLE,
    Answer,
    Fault,
    Json,
    Limit,
    Rule,
)
from tests.parts.vendors.server import Held, Request, Route, VendorApi
from tests.parts.vendors.upsales_records import SHAPES, Records, Refusal, Row, error

KEY, TOKEN = 11, "upsales-stand-in"
TASK_KEY, PRODUCT, TYPE, OTHERS = 12, 5, 10, 3
STAGES = {"offered": "21", "accepted": "22", "returned": "23", "won": "12", "lost": "7"}
UNAUTHORISED = Answer(401, "Unauthorized", {"content-type": "text/plain; charset=utf-8"})
BUSY = error(500, "ServerError", "Server error")
THROTTLED = error(429, "ThrottleLimit", "Too many requests", x_ratelimit_reset="4")


def passing_faults(share: float) -> Collection[Rule]:
    """All that passes, each for so many of the requests."""
    faults = [
        DROP_BEFORE,
        COMMIT_THEN_DROP,
        UNAVAILABLE,
        GATEWAY_AFTER,
        Fault("429", "instead", THROTTLED),
        Fault("500 instead", "instead", BUSY),
        Fault("500 after commit", "after", BUSY),
        Fault("200 with an error", "instead", error(500, "ServerError", "Server error", told_with=200)),
    ]
    return [Rule(fault, share) for fault in faults]


@dataclass
class UpsalesApi(VendorApi):
    """`tokens`: keys that are good."""

    records: Records = field(default_factory=Records)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    burst: Limit = field(default_factory=lambda: Limit(200, 10))

    def __post_init__(self) -> None:
        records = self.records
        for number, (name, probability) in {
            21: ("Offered", 10),
            22: ("Accepted", 25),
            23: ("Back to marketing", 5),
            12: ("Won", 100),
            7: ("Lost", 0),
        }.items():
            records.add("orderstages", {"name": name, "probability": probability}, number)
        records.add("products", {"name": "Lead"}, PRODUCT)
        records.add("activitytypes", {"name": "Todo"}, TYPE)
        records.add("accounts", {"name": "Unknown company", "webpage": None, "isExternal": 0}, OTHERS)
        records.custom["order"][KEY] = {"id": KEY, "name": "Stafett", "datatype": "String", "editable": 1}
        records.custom["activity"][TASK_KEY] = {"id": TASK_KEY, "name": "Stafett", "datatype": "String", "editable": 1}

    def add_user(self, ident: str, *, is_active: bool = True) -> None:
        self.records.add("users", {"name": f"User {ident}", "active": int(is_active), "ghost": 0}, int(ident))

    def refuse(self, request: Request, route: Route) -> Answer | None:
        if request.headers.get("cookie", "").removeprefix("token=") not in self.tokens:
            return UNAUTHORISED
        return None if self.burst.take() else THROTTLED

    def _problems(self, request: Request, route: Route) -> list[str]:
        found = super()._problems(request, route)
        if request.headers.get("content-type") != "application/json":
            found.append("it says no content type, which is asked for with every request")
        return found

    def carry_out(self, route: Route, request: Request, names: Mapping[str, str]) -> Answer:
        try:
            return super().carry_out(route, request, names)
        except Refusal as refusal:
            return refusal.answer

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, "Cannot " + request.method, {"content-type": "text/html"})

    def no_such_request(self, problems: list[str]) -> Answer:
        return error(400, "InvalidParameter", problems[0])

    def truth(self) -> dict[str, Held]:
        found: dict[str, Held] = {}
        for number, order in self.records.kept["orders"].items():
            key = str(_custom(order).get(KEY))
            tasks = [t for t in self.records.kept["activities"].values() if _ref(t["opportunity"]) == number]
            found[key] = Held(
                ids=(*(found[key].ids if key in found else ()), str(number)),
                owner=str(_ref(order["user"])),
                stage=str(_ref(order["stage"])),
                contacts=(str(_ref(order["contact"])),) if order["contact"] else (),
                notes=tuple(re.findall(r"--- Stafett ---.*?\nStafett [^\n]*", str(order["notes"] or ""), re.DOTALL)),
                open_tasks=tuple((str(t["description"]), _first_user(t)) for t in tasks if t["closeDate"] is None),
                tasks=len(tasks),
            )
        return found


def _custom(row: Row) -> dict[Json, Json]:
    held = row["custom"]
    return {one["fieldId"]: one["value"] for one in held if isinstance(one, dict)} if isinstance(held, list) else {}


def _ref(value: Json) -> int:
    ident = value.get("id") if isinstance(value, dict) else None
    return ident if isinstance(ident, int) else 0


def _first_user(task: Row) -> str | None:
    users = task["users"]
    return str(_ref(users[0])) if isinstance(users, list) and users else None


def _answer(data: Json) -> Answer:
    return Answer(200, {"error": None, "data": data}, {"x-ratelimit-limit": "200", "x-ratelimit-reset": "-2"})


def who_am_i(api: UpsalesApi, request: Request) -> Answer:
    client: Json = {"id": 9580, "name": "Firma", "userId": 2}
    return Answer(200, {"errors": None, "data": {"id": 70896, "email": "x@api.upsales.com", "client": client}})


def select(api: UpsalesApi, request: Request, noun: str) -> Answer:
    rows = api.records.listed(_noun(api, noun))
    for name, values in request.query.items():
        for value in values if name not in ("limit", "sort", "offset") else ():
            rows = [row for row in rows if _fits(row, name, value)]
    most = int(request.query.get("limit", ["1000"])[0])
    if most > 2000:
        raise Refusal(error(400, "InvalidParameter", "limit is not valid"))
    return Answer(
        200, {"error": None, "metadata": {"total": len(rows), "limit": most, "offset": 0}, "data": list(rows[:most])}
    )


def _fits(row: Row, name: str, value: str) -> bool:
    """`eq` alone; several values are separated by commas."""
    sign, _, text = value.partition(":")
    if sign != "eq":
        sign, text = "eq", value
    if name == "custom":
        number, _, wanted = text.partition(":")
        return str(_custom(row).get(int(number)) or "") == wanted
    held = str(row.get(name) if row.get(name) is not None else "0" if name == "isExternal" else "")
    return held.casefold() in [one.casefold() for one in text.split(",")]


def read(api: UpsalesApi, request: Request, noun: str, ident: str) -> Answer:
    return _answer(api.records.at(_noun(api, noun), _number(ident)))


def create(api: UpsalesApi, request: Request, noun: str) -> Answer:
    return _answer(api.records.create(_written(noun, request), _object(request)))


def change(api: UpsalesApi, request: Request, noun: str, ident: str) -> Answer:
    return _answer(api.records.change(_written(noun, request), _number(ident), _object(request)))


def remove(api: UpsalesApi, request: Request, noun: str, ident: str) -> Answer:
    api.records.at(_noun(api, noun), _number(ident))
    del api.records.kept[noun][_number(ident)]
    return Answer(200, {"error": None})


def custom_fields(api: UpsalesApi, request: Request, entity: str) -> Answer:
    return _answer(list(api.records.custom[entity].values()))


def activity_types(api: UpsalesApi, request: Request) -> Answer:
    return _answer(list(api.records.kept["activitytypes"].values()))


def _noun(api: UpsalesApi, noun: str) -> str:
    if noun not in api.records.kept:
        raise Refusal(Answer(404, "Cannot GET", {"content-type": "text/html"}))
    return noun


def _written(noun: str, request: Request) -> str:
    """First and last names are heard only where they are announced."""
    if noun not in SHAPES:
        raise Refusal(Answer(404, "Cannot POST", {"content-type": "text/html"}))
    names = {"firstName", "lastName"} & _object(request).keys()
    if names and request.query.get("usingFirstnameLastname") != ["true"]:
        raise Refusal(error(400, "InvalidParameter", "firstName without usingFirstnameLastname"))
    return noun


def _number(ident: str) -> int:
    if not ident.isdigit():
        raise Refusal(error(400, "InvalidParameter", "id is not valid"))
    return int(ident)


def _object(request: Request) -> Row:
    body = request.json()
    return body if isinstance(body, dict) else {}


ANY: dict[str, Json] = {"type": "object"}
_FILTERS = frozenset({"limit", "sort", "offset", "custom", "email", "phone", "webpage", "isExternal"})
_NAMED = frozenset({"usingFirstnameLastname"})
UpsalesApi.routes = (
    Route("self", "GET", "/self", who_am_i),
    Route("custom fields", "GET", "/customfields/{entity}", custom_fields),
    Route("activity types", "GET", "/activitytypes/activity", activity_types),
    Route("list", "GET", "/{noun}", select, query=_FILTERS),
    Route("read", "GET", "/{noun}/{ident}", read),
    Route("create", "POST", "/{noun}", create, ANY, query=_NAMED),
    Route("change", "PUT", "/{noun}/{ident}", change, ANY, query=_NAMED),
    Route("remove", "DELETE", "/{noun}/{ident}", remove),
)
