"""Mautic 5: what suppression and nurturing need of it, as strict as its source is, with its own words for faults.

Read in Mautic's source. As there: an empty map is written `[]`; whatever is not there answers 404 in the same words but for contacts; a
contact that unsubscribed keeps that as the reason; a second `add` to a campaign that may be restarted starts it from its beginning.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.server import Request, Route, VendorApi

UNSUBSCRIBED, BOUNCED, MANUAL = 1, 2, 3


@dataclass
class Contact:
    """`lists` are the segments that it is in, True where it was put in by hand; `campaigns` how often each was begun."""

    email: str
    tags: list[str] = field(default_factory=list)
    dnc: tuple[int, str] | None = None
    lists: set[str] = field(default_factory=set)
    campaigns: dict[str, int] = field(default_factory=dict)
    former_campaigns: dict[str, int] = field(default_factory=dict)


def error(code: int, message: str, details: Json = None) -> Answer:
    """As every error of Mautic's API is."""
    return Answer(code, {"errors": [{"code": code, "message": message, "details": details or [], "type": None}]})


NO_CONTACT = error(404, "Contact not found")
NOT_FOUND = error(404, "Item was not found.")
DENIED = error(403, "You do not have access to the requested area/action.")


def _read_contact(api: MauticApi, _request: Request, ident: str) -> Answer:
    contact = api.contact(ident)
    return NOT_FOUND if contact is None else Answer(200, {"contact": api.shown(api.follow(ident), contact)})


def _delete(api: MauticApi, _request: Request, ident: str) -> Answer:
    contact = api.contact(ident)
    if contact is None:
        return NOT_FOUND
    shown = api.shown(api.follow(ident), contact)
    del api.contacts[api.follow(ident)]
    return Answer(200, {"contact": {**shown, "id": None}})


def _find(api: MauticApi, request: Request) -> Answer:
    wanted = {name: values[0] for name, values in request.query.items()}
    if (wanted.get("where[0][col]"), wanted.get("where[0][expr]")) != ("email", "eq"):
        return Answer(200, {"total": "0", "contacts": []})
    email = wanted["where[0][val]"].lower()
    found = {ident: api.shown(ident, c) for ident, c in api.contacts.items() if c.email.lower() == email}
    return Answer(200, {"total": str(len(found)), "contacts": found or []})


def _create(api: MauticApi, request: Request) -> Answer:
    body = request.json()
    assert isinstance(body, dict)
    email = str(body["email"])
    known = next((ident for ident, c in api.contacts.items() if c.email.lower() == email.lower()), None)
    ident = known or str(max(map(int, api.contacts), default=0) + 1)
    api.contacts.setdefault(ident, Contact(email))
    return Answer(200 if known else 201, {"contact": api.shown(ident, api.contacts[ident])})


def _edit(api: MauticApi, request: Request, ident: str) -> Answer:
    contact, body = api.contact(ident), request.json()
    if contact is None:
        return NOT_FOUND
    assert isinstance(body, dict) and isinstance(body["tags"], list)
    for tag in body["tags"]:
        if str(tag).startswith("-"):
            contact.tags = [kept for kept in contact.tags if kept != str(tag)[1:]]
        elif tag not in contact.tags:
            contact.tags.append(str(tag))
    return Answer(200, {"contact": api.shown(ident, contact)})


def _segments_of(api: MauticApi, _request: Request, ident: str) -> Answer:
    contact = api.contact(ident)
    if contact is None:
        return NOT_FOUND
    lists = {sid: {"id": int(sid), "name": sid, "alias": sid, "manuallyRemoved": False} for sid in contact.lists}
    return Answer(200, {"total": len(lists), "lists": lists or []})


def _campaigns_of(api: MauticApi, _request: Request, ident: str) -> Answer:
    contact = api.contact(ident)
    if contact is None:
        return NOT_FOUND
    rows = {cid: {"id": int(cid), "name": cid} for cid in contact.campaigns if api.campaigns[cid]["isPublished"]}
    return Answer(200, {"total": len(rows), "campaigns": rows or []})


def _segment(api: MauticApi, _request: Request, ident: str) -> Answer:
    return Answer(200, {"list": api.segments[ident]}) if ident in api.segments else NOT_FOUND


def _campaign(api: MauticApi, _request: Request, ident: str) -> Answer:
    return Answer(200, {"campaign": api.campaigns[ident]}) if ident in api.campaigns else NOT_FOUND


def _add_to_segment(api: MauticApi, _request: Request, segment: str, ident: str) -> Answer:
    if segment not in api.segments:
        return NOT_FOUND
    if (contact := api.contact(ident)) is None:
        return NO_CONTACT
    if segment in api.hidden:
        return DENIED
    contact.lists.add(segment)
    return Answer(200, {"success": 1})


def _remove_from_segment(api: MauticApi, _request: Request, segment: str, ident: str) -> Answer:
    if segment not in api.segments:
        return NOT_FOUND
    if (contact := api.contact(ident)) is None:
        return NO_CONTACT
    contact.lists.discard(segment)
    return Answer(200, {"success": 1})


def _add_to_campaign(api: MauticApi, _request: Request, campaign: str, ident: str) -> Answer:
    contact = api.contact(ident)
    if campaign not in api.campaigns or contact is None:
        return NOT_FOUND
    if campaign in contact.campaigns:
        api.restarts += 1
    if campaign not in contact.campaigns or api.campaigns[campaign]["allowRestart"]:
        contact.campaigns[campaign] = 1 + contact.campaigns.get(campaign, contact.former_campaigns.get(campaign, 0))
    return Answer(200, {"success": 1})


def _remove_from_campaign(api: MauticApi, _request: Request, campaign: str, ident: str) -> Answer:
    if campaign not in api.campaigns:
        return NOT_FOUND
    if (contact := api.contact(ident)) is None:
        return NO_CONTACT
    contact.former_campaigns[campaign] = contact.campaigns.pop(campaign, 0)
    return Answer(200, {"success": 1})


def _add_dnc(api: MauticApi, request: Request, ident: str) -> Answer:
    contact, body = api.contact(ident), request.json()
    if contact is None:
        return NOT_FOUND
    assert isinstance(body, dict)
    if contact.dnc is None or contact.dnc[0] != UNSUBSCRIBED:
        contact.dnc = (int(str(body["reason"])), str(body["comments"]))
    return Answer(200, {"contact": api.shown(ident, contact)})


def _remove_dnc(api: MauticApi, _request: Request, ident: str) -> Answer:
    contact = api.contact(ident)
    if contact is None:
        return NOT_FOUND
    there, contact.dnc = contact.dnc, None
    return Answer(200, {"recordFound": there is not None, "contact": api.shown(ident, contact)})


def _self(_api: MauticApi, _request: Request) -> Answer:
    return Answer(200, {"id": 2, "username": "stafett"})


def _body(**properties: Json) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_TEXT: dict[str, Json] = {"type": "string", "minLength": 1}
_NEW = {**_body(email=_TEXT), "properties": {"email": _TEXT, "firstname": _TEXT, "lastname": _TEXT}}
_WHERE = frozenset({"where[0][col]", "where[0][expr]", "where[0][val]", "limit"})


@dataclass
class MauticApi(VendorApi):
    """`hidden` are segments that the API user may not change. `merged` leads from a contact that is gone to the one that it became."""

    contacts: dict[str, Contact] = field(default_factory=dict)
    segments: dict[str, dict[str, Json]] = field(default_factory=dict)
    campaigns: dict[str, dict[str, Json]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    login: str = "stafett"
    password: str = "secret"
    restarts: int = 0
    """How often somebody was added to a campaign in which they were already: it begins again."""
    routes: ClassVar[tuple[Route, ...]] = (
        Route("find", "GET", "/api/contacts", _find, query=_WHERE),
        Route("create", "POST", "/api/contacts/new", _create, _NEW),
        Route("read", "GET", "/api/contacts/{ident}", _read_contact),
        Route("delete", "DELETE", "/api/contacts/{ident}/delete", _delete),
        Route("edit", "PATCH", "/api/contacts/{ident}/edit", _edit, _body(tags={"type": "array", "items": _TEXT})),
        Route("segments of", "GET", "/api/contacts/{ident}/segments", _segments_of),
        Route("campaigns of", "GET", "/api/contacts/{ident}/campaigns", _campaigns_of),
        Route(
            "add dnc",
            "POST",
            "/api/contacts/{ident}/dnc/email/add",
            _add_dnc,
            _body(reason={"enum": [3]}, comments=_TEXT),
        ),
        Route("remove dnc", "POST", "/api/contacts/{ident}/dnc/email/remove", _remove_dnc),
        Route("segment", "GET", "/api/segments/{ident}", _segment),
        Route("add to segment", "POST", "/api/segments/{segment}/contact/{ident}/add", _add_to_segment),
        Route("remove from segment", "POST", "/api/segments/{segment}/contact/{ident}/remove", _remove_from_segment),
        Route("campaign", "GET", "/api/campaigns/{ident}", _campaign),
        Route("add to campaign", "POST", "/api/campaigns/{campaign}/contact/{ident}/add", _add_to_campaign),
        Route(
            "remove from campaign", "POST", "/api/campaigns/{campaign}/contact/{ident}/remove", _remove_from_campaign
        ),
        Route("self", "GET", "/api/users/self", _self),
    )  # fmt: skip - a table

    def follow(self, ident: str) -> str:
        """What the contact was merged into."""
        return self.merged.get(ident, ident)

    def contact(self, ident: str) -> Contact | None:
        return self.contacts.get(self.follow(ident))

    def shown(self, ident: str, contact: Contact) -> Json:
        """A contact as the API writes it."""
        dnc = [] if contact.dnc is None else [
            {"id": 1, "channel": "email", "reason": contact.dnc[0], "comments": contact.dnc[1], "channelId": None}
        ]  # fmt: skip
        tags: Json = [{"id": n, "tag": tag} for n, tag in enumerate(contact.tags)]
        fields: Json = {"core": {"email": {"value": contact.email}}, "all": {"id": int(ident), "email": contact.email}}
        return {"id": int(ident), "fields": fields, "tags": tags, "doNotContact": dnc}

    def refuse(self, request: Request, route: Route) -> Answer | None:
        token = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {token}":
            return error(401, "API authorization denied.")
        return None

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, "<html>404 Not Found</html>", {"content-type": "text/html"})

    def no_such_request(self, problems: list[str]) -> Answer:
        details: Mapping[str, Json] = {"reason": list(problems)}
        return error(400, "Invalid request", dict(details))
