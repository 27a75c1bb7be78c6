"""A small marketing platform of nobody's: people with labels, over paths and bodies that a sinks file has to describe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.server import Request, Route, VendorApi

NOT_FOUND = Answer(404, {"error": "not found"})


def _find(api: LabelsApi, request: Request) -> Answer:
    email = request.query["email"][0].lower()
    rows: list[Json] = [
        {"id": ident, "email": address}
        for ident, address in api.people.items()
        if address.lower() == email or api.is_deaf
    ]
    return Answer(200, {"data": rows})


def _read(api: LabelsApi, _request: Request, ident: str) -> Answer:
    return Answer(200, {"id": int(ident)}) if int(ident) in api.people else NOT_FOUND


def _delete(api: LabelsApi, _request: Request, ident: str) -> Answer:
    return Answer(204, None) if api.people.pop(int(ident), None) is not None else NOT_FOUND


def _make(api: LabelsApi, request: Request) -> Answer:
    body = request.json()
    assert isinstance(body, dict)
    known = next((ident for ident, address in api.people.items() if address == body["email"]), None)
    ident = known or max(api.people, default=0) + 1
    api.people.setdefault(ident, str(body["email"]))
    return Answer(200 if known else 201, {"person": {"id": ident}})


def _labels(api: LabelsApi, _request: Request, ident: str) -> Answer:
    if int(ident) not in api.people:
        return NOT_FOUND
    rows: list[Json] = [{"name": name, "state": "on"} for name in sorted(api.labels.get(int(ident), set()))]
    return Answer(200, {"labels": [*rows, {"name": "old", "state": "off"}]})


def _add(api: LabelsApi, request: Request, ident: str) -> Answer:
    body = request.json()
    if int(ident) not in api.people:
        return NOT_FOUND
    assert isinstance(body, dict)
    held = api.labels.setdefault(int(ident), set())
    if body["label"] in held:
        return Answer(409, {"error": "has it"})
    held.add(str(body["label"]))
    return Answer(204)


def _remove(api: LabelsApi, _request: Request, ident: str, name: str) -> Answer:
    held = api.labels.get(int(ident), set())
    if name not in held:
        return NOT_FOUND
    held.remove(name)
    return Answer(204)


_TEXT: Json = {"type": "string", "minLength": 1}
_LABEL: dict[str, Json] = {
    "type": "object",
    "properties": {"label": _TEXT, "by": {"const": "Stafett"}},
    "required": ["label", "by"],
    "additionalProperties": False,
}
_PERSON: dict[str, Json] = {
    "type": "object",
    "properties": {"email": _TEXT, "first": {"type": ["string", "null"]}},
    "required": ["email", "first"],
}


@dataclass
class LabelsApi(VendorApi):
    people: dict[int, str] = field(default_factory=dict)
    labels: dict[int, set[str]] = field(default_factory=dict)
    key: str = "key"
    is_deaf: bool = False
    """It leaves out a filter, and answers with everybody."""
    routes: ClassVar[tuple[Route, ...]] = (
        Route("find", "GET", "/v1/people", _find, query=frozenset({"email"})),
        Route("make", "POST", "/v1/people", _make, _PERSON),
        Route("read", "GET", "/v1/people/{ident}", _read),
        Route("delete", "DELETE", "/v1/people/{ident}", _delete),
        Route("labels", "GET", "/v1/people/{ident}/labels", _labels),
        Route("add", "POST", "/v1/people/{ident}/labels", _add, _LABEL),
        Route("remove", "DELETE", "/v1/people/{ident}/labels/{name}", _remove),
    )

    def refuse(self, request: Request, route: Route) -> Answer | None:
        return None if request.headers.get("x-key") == self.key else Answer(401, {"error": "no"})

    def no_such_path(self, request: Request) -> Answer:
        return NOT_FOUND

    def no_such_request(self, problems: list[str]) -> Answer:
        return Answer(422, {"error": problems[0]})
