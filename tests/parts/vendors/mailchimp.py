"""Mailchimp's API 3.0: what suppression and nurturing need of it, with its own words for faults.

Written from its reference and from what its users publish of its answers; no account was compared with it. As there: a member is named by their
`contact_id` or the MD5 of their address; problems are RFC 7807 with a `title`; nobody is subscribed again who unsubscribed themselves; 10 at a time.
Guessed is that a tag takes members in any state but those that are archived.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from hashlib import md5
from typing import ClassVar

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.server import Request, Route, VendorApi

STATUSES: Json = ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"]
LIST = "a1b2c3"


def hash_of(email: str) -> str:
    """By which a member is named."""
    return md5(email.lower().encode(), usedforsecurity=False).hexdigest()


@dataclass
class Member:
    """`by_themselves`: they unsubscribed, and nobody can take it back for them."""

    email: str
    status: str = "subscribed"
    tags: list[str] = field(default_factory=list)
    by_themselves: bool = False

    @property
    def contact_id(self) -> str:
        return md5(f"contact of {self.email}".encode(), usedforsecurity=False).hexdigest()


def problem(status: int, title: str, detail: str, errors: Json = None) -> Answer:
    """As every error of Mailchimp's is."""
    body: dict[str, Json] = {
        "type": "https://mailchimp.com/developer/marketing/docs/errors/",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "5a2b1c7e-0000-4000-8000-000000000001",
    }
    return Answer(status, body | ({"errors": errors} if errors else {}), {"content-type": "application/problem+json"})


NOT_FOUND = problem(404, "Resource Not Found", "The requested resource could not be found.")
TOO_MANY = problem(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.")


def _member(api: MailchimpApi, _request: Request, audience: str, ident: str) -> Answer:
    member = api.member(audience, ident)
    return NOT_FOUND if member is None else Answer(200, _shown(member))


def _delete_permanently(api: MailchimpApi, _request: Request, audience: str, ident: str) -> Answer:
    member = api.member(audience, ident)
    if member is None:
        return NOT_FOUND
    api.forgotten.add(member.email)
    api.members = {digest: one for digest, one in api.members.items() if one is not member}
    return Answer(204, None)


def _put(api: MailchimpApi, request: Request, audience: str, ident: str) -> Answer:
    body = request.json()
    assert isinstance(body, dict)
    email = str(body["email_address"])
    if audience != api.audience or ident != hash_of(email):
        return NOT_FOUND
    if email.lower() in api.forgotten:
        return problem(
            400, "Forgotten Email Not Subscribed", f"{email} was permanently deleted and cannot be re-imported."
        )
    if email.endswith("@example"):
        errors: Json = [{"field": "email_address", "message": f"{email} looks fake or invalid"}]
        return problem(400, "Invalid Resource", "The resource submitted could not be validated.", errors)
    if (member := api.member(audience, ident)) is None or member.status == "archived":
        api.members[ident] = member = Member(email, str(body["status_if_new"]))
    return Answer(200, _shown(member))


def _patch(api: MailchimpApi, request: Request, audience: str, ident: str) -> Answer:
    member, body = api.member(audience, ident), request.json()
    if member is None or member.status == "archived":
        return NOT_FOUND
    assert isinstance(body, dict)
    if body["status"] != "unsubscribed" and (member.by_themselves or member.status == "cleaned"):
        detail = f"{member.email} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
        return problem(400, "Member In Compliance State", detail)
    member.status = str(body["status"])
    return Answer(200, _shown(member))


def _tags(api: MailchimpApi, _request: Request, audience: str, ident: str) -> Answer:
    member = api.member(audience, ident)
    if member is None:
        return NOT_FOUND
    tags: Json = [
        {"id": n, "name": tag, "date_added": "2026-06-08T09:00:00+00:00"} for n, tag in enumerate(member.tags)
    ]
    return Answer(200, {"tags": tags, "total_items": len(member.tags)})


def _change_tags(api: MailchimpApi, request: Request, audience: str, ident: str) -> Answer:
    member, body = api.member(audience, ident), request.json()
    if member is None or member.status == "archived":
        return NOT_FOUND
    assert isinstance(body, dict) and isinstance(body["tags"], list)
    for change in body["tags"]:
        assert isinstance(change, dict)
        name = str(change["name"])
        member.tags = [tag for tag in member.tags if tag.casefold() != name.casefold()]
        if change["status"] == "active":
            member.tags.append(name)
            api.tags.add(name)
    return Answer(204)


def _list(api: MailchimpApi, _request: Request, audience: str) -> Answer:
    return Answer(200, {"id": audience}) if audience == api.audience else NOT_FOUND


def _search_tags(api: MailchimpApi, request: Request, audience: str) -> Answer:
    if audience != api.audience:
        return NOT_FOUND
    name = request.query["name"][0].casefold()
    found: Json = [{"id": n, "name": tag} for n, tag in enumerate(sorted(api.tags)) if tag.casefold().startswith(name)]
    return Answer(200, {"tags": found, "total_items": 0})


def _root(_api: MailchimpApi, _request: Request) -> Answer:
    return Answer(200, {"account_id": "8d3a3db4d97663a9074efcc16"})


def _shown(member: Member) -> dict[str, Json]:
    return {"id": hash_of(member.email), "contact_id": member.contact_id, "status": member.status}


_TAG: Json = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1}, "status": {"enum": ["active", "inactive"]}},
    "required": ["name", "status"],
    "additionalProperties": False,
}
_TAGS: dict[str, Json] = {
    "type": "object",
    "properties": {"tags": {"type": "array", "items": _TAG}, "is_syncing": {"type": "boolean"}},
    "required": ["tags"],
    "additionalProperties": False,
}
_PATCH: dict[str, Json] = {"type": "object", "properties": {"status": {"enum": STATUSES}}, "required": ["status"]}
_PUT: dict[str, Json] = {
    "type": "object",
    "properties": {
        "email_address": {"type": "string", "pattern": "@"},
        "status_if_new": {"enum": STATUSES},
        "merge_fields": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["email_address", "status_if_new"],
    "additionalProperties": False,
}
_FIELDS = frozenset({"fields"})


@dataclass
class MailchimpApi(VendorApi):
    """`members` by the MD5 of their address; `forgotten` are addresses that were deleted for good."""

    members: dict[str, Member] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    audience: str = LIST
    key: str = "key-us6"
    routes: ClassVar[tuple[Route, ...]] = (
        Route("root", "GET", "/", _root, query=_FIELDS),
        Route("list", "GET", "/lists/{audience}", _list, query=_FIELDS),
        Route("search tags", "GET", "/lists/{audience}/tag-search", _search_tags, query=frozenset({"name"})),
        Route("member", "GET", "/lists/{audience}/members/{ident}", _member, query=_FIELDS),
        Route("delete", "POST", "/lists/{audience}/members/{ident}/actions/delete-permanent", _delete_permanently),
        Route("put", "PUT", "/lists/{audience}/members/{ident}", _put, _PUT, frozenset({"skip_merge_validation"})),
        Route("patch", "PATCH", "/lists/{audience}/members/{ident}", _patch, _PATCH),
        Route("tags", "GET", "/lists/{audience}/members/{ident}/tags", _tags, query=frozenset({"count", "offset"})),
        Route("change tags", "POST", "/lists/{audience}/members/{ident}/tags", _change_tags, _TAGS),
    )

    def member(self, audience: str, ident: str) -> Member | None:
        """By either of its two names."""
        if audience != self.audience:
            return None
        by_contact = {member.contact_id: member for member in self.members.values()}
        return self.members.get(ident) or by_contact.get(ident)

    def refuse(self, request: Request, route: Route) -> Answer | None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        _, _, key = base64.b64decode(token).decode().partition(":") if kind == "Basic" else ("", "", "")
        if key != self.key:
            return problem(
                401,
                "API Key Invalid",
                "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
            )
        return None

    def no_such_path(self, request: Request) -> Answer:
        return NOT_FOUND

    def no_such_request(self, problems: list[str]) -> Answer:
        return problem(400, "Invalid Resource", "The resource submitted could not be validated.", list(problems))
