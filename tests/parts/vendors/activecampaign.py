"""ActiveCampaign's API 3: what suppression and nurturing need of it, with its own words for faults.

Written from its reference; no account was compared with it. As there: numbers are texts; what is not there is told in words, with 404 or 403; a contact
that is through an automation keeps an entry of status 2; nobody leaves a list, they are unsubscribed from it. Guessed are the words of 429.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.server import Request, Route, VendorApi

ACTIVE, THROUGH = "1", "2"


@dataclass
class Entry:
    """A contact's tag, list or automation; `status` of a list is 0 to 3, of an automation 1 or 2."""

    id: str
    kind: str
    contact: str
    of: str
    status: str = ""


def not_there(what: str, ident: str, status: int = 404) -> Answer:
    return Answer(status, {"message": f"No Result found for {what} with id {ident}"})


FORBIDDEN = Answer(403, {"message": "You do not have permission to perform that action."})
TOO_MANY = Answer(429, {"message": "Too Many Requests"}, {"retry-after": "1"})
_SUBSCRIBER = "Subscriber"


def _find(api: ActivecampaignApi, request: Request) -> Answer:
    email = request.query["email"][0].lower()
    rows: Json = [api.shown(ident) for ident, address in api.contacts.items() if address.lower() == email]
    return Answer(200, {"contacts": rows, "meta": {"total": "1"}})


def _read(api: ActivecampaignApi, _request: Request, ident: str) -> Answer:
    return Answer(200, {"contact": api.shown(ident)}) if ident in api.contacts else not_there(_SUBSCRIBER, ident)


def _delete(api: ActivecampaignApi, _request: Request, ident: str) -> Answer:
    return Answer(200, {}) if api.contacts.pop(ident, None) is not None else not_there(_SUBSCRIBER, ident)


def _sync(api: ActivecampaignApi, request: Request) -> Answer:
    body = request.json()
    assert isinstance(body, dict) and isinstance(body["contact"], dict)
    email = str(body["contact"]["email"])
    if email.endswith("@example"):
        error: Json = {
            "title": "Email address is invalid",
            "code": "email_invalid",
            "source": {"pointer": "/data/attributes/email"},
        }
        return Answer(422, {"errors": [error]})
    known = next((ident for ident, address in api.contacts.items() if address.lower() == email.lower()), None)
    ident = known or str(max(map(int, api.contacts), default=0) + 1)
    api.contacts.setdefault(ident, email)
    return Answer(200 if known else 201, {"contact": api.shown(ident)})


def _entries_of(kind: str) -> Callable[..., Answer]:
    def handle(api: ActivecampaignApi, _request: Request, ident: str) -> Answer:
        if ident not in api.contacts:
            return not_there(_SUBSCRIBER, ident)
        rows: Json = [
            api.written(entry) for entry in api.entries.values() if (entry.kind, entry.contact) == (kind, ident)
        ]
        return Answer(200, {_NAMES[kind]: rows})

    return handle


def _add(kind: str) -> Callable[..., Answer]:
    def handle(api: ActivecampaignApi, request: Request) -> Answer:
        body = request.json()
        assert isinstance(body, dict)
        wanted = body[_ENTRY[kind]]
        assert isinstance(wanted, dict)
        contact, of = str(wanted["contact"]), str(wanted[kind])
        if contact not in api.contacts:
            return not_there(_SUBSCRIBER, contact)
        if of not in api.there[kind]:
            return not_there(kind.title(), of, 403)
        entry = api.entry(kind, contact, of)
        status = 200 if entry is not None else 201
        if entry is None:
            entry = api.new_entry(kind, contact, of)
        elif kind == "automation":
            api.restarts += entry.status == ACTIVE
        entry.status = str(wanted.get("status", ACTIVE))
        return Answer(status, {_ENTRY[kind]: api.written(entry)})

    return handle


def _remove(kind: str) -> Callable[..., Answer]:
    def handle(api: ActivecampaignApi, _request: Request, ident: str) -> Answer:
        entry = api.entries.get(ident)
        if entry is None or entry.kind != kind:
            return not_there("SubscriberSeries", ident, 403)
        del api.entries[ident]
        return Answer(200, {})

    return handle


def _one(kind: str) -> Callable[..., Answer]:
    def handle(api: ActivecampaignApi, _request: Request, ident: str) -> Answer:
        return Answer(200, {kind: {"id": ident}}) if ident in api.there[kind] else not_there(kind.title(), ident)

    return handle


def _me(_api: ActivecampaignApi, _request: Request) -> Answer:
    return Answer(200, {"user": {"username": "stafett"}})


_NAMES = {"tag": "contactTags", "list": "contactLists", "automation": "contactAutomations"}
_ENTRY = {"tag": "contactTag", "list": "contactList", "automation": "contactAutomation"}
_NUMBER: Json = {"type": "string", "pattern": "^[0-9]+$"}


def _entry_body(kind: str) -> dict[str, Json]:
    status: dict[str, Json] = {"status": {"enum": ["1", "2"]}} if kind == "list" else {}
    inner: Json = {
        "type": "object",
        "properties": {"contact": _NUMBER, kind: _NUMBER, **status},
        "required": ["contact", kind, *status],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {_ENTRY[kind]: inner},
        "required": [_ENTRY[kind]],
        "additionalProperties": False,
    }


_TEXT: Json = {"type": "string", "minLength": 1}
_CONTACT: Json = {
    "type": "object",
    "properties": {"email": _TEXT, "firstName": _TEXT, "lastName": _TEXT},
    "required": ["email"],
    "additionalProperties": False,
}
_SYNC: dict[str, Json] = {"type": "object", "properties": {"contact": _CONTACT}, "required": ["contact"]}


def _routes_of(kind: str) -> tuple[Route, ...]:
    name = _NAMES[kind]
    return (
        Route(f"{name} of", "GET", f"/api/3/contacts/{{ident}}/{name}", _entries_of(kind)),
        Route(f"add {kind}", "POST", f"/api/3/{name}", _add(kind), _entry_body(kind)),
        Route(f"remove {kind}", "DELETE", f"/api/3/{name}/{{ident}}", _remove(kind)),
        Route(kind, "GET", f"/api/3/{kind}s/{{ident}}", _one(kind)),
    )


@dataclass
class ActivecampaignApi(VendorApi):
    """`contacts` are addresses by id, `there` the tags, lists and automations by kind."""

    contacts: dict[str, str] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    there: dict[str, set[str]] = field(default_factory=dict)
    token: str = "token"
    restarts: int = 0
    """How often somebody was added to an automation in which they were."""
    routes: ClassVar[tuple[Route, ...]] = (
        Route("find", "GET", "/api/3/contacts", _find, query=frozenset({"email"})),
        Route("read", "GET", "/api/3/contacts/{ident}", _read),
        Route("delete", "DELETE", "/api/3/contacts/{ident}", _delete),
        Route("sync", "POST", "/api/3/contact/sync", _sync, _SYNC),
        Route("me", "GET", "/api/3/users/me", _me),
        *(route for kind in ("tag", "list", "automation") for route in _routes_of(kind)),
    )

    def entry(self, kind: str, contact: str, of: str) -> Entry | None:
        return next((e for e in self.entries.values() if (e.kind, e.contact, e.of) == (kind, contact, of)), None)

    def new_entry(self, kind: str, contact: str, of: str, status: str = ACTIVE) -> Entry:
        ident = str(max(map(int, self.entries), default=0) + 1)
        self.entries[ident] = Entry(ident, kind, contact, of, status)
        return self.entries[ident]

    def shown(self, ident: str) -> Json:
        return {"id": ident, "email": self.contacts[ident]}

    def written(self, entry: Entry) -> Json:
        shown: dict[str, Json] = {"id": entry.id, "contact": entry.contact, entry.kind: entry.of}
        return shown if entry.kind == "tag" else {**shown, "status": entry.status}

    def refuse(self, request: Request, route: Route) -> Answer | None:
        return None if request.headers.get("api-token") == self.token else FORBIDDEN

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, "<html>404</html>", {"content-type": "text/html"})

    def no_such_request(self, problems: list[str]) -> Answer:
        return Answer(422, {"errors": [{"title": problems[0], "code": "field_invalid"}]})
