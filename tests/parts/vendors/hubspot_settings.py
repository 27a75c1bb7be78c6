"""HubSpot's owners, properties, pipelines, account and lists over HTTP."""

from __future__ import annotations

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.hubspot_account import HubSpotAccount
from tests.parts.vendors.hubspot_answers import error
from tests.parts.vendors.hubspot_objects import content
from tests.parts.vendors.hubspot_records import ASSOCIATIONS, PORTAL, STAGES, Property, text_of
from tests.parts.vendors.server import Request


def list_owners(api: HubSpotAccount, request: Request) -> Answer:
    email = request.query.get("email", [None])[0]
    is_archived = request.query.get("archived", ["false"])[0] == "true"
    rows = [
        {"id": o.id, "email": o.email, "type": "PERSON", "userId": int(o.id) + 1, "archived": o.is_archived,
         "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
        for o in api.owners.values()
        if o.is_archived is is_archived and email in (None, o.email)
    ]  # fmt: skip
    return Answer(200, {"results": rows})


def list_properties(api: HubSpotAccount, request: Request, noun: str) -> Answer:
    return Answer(200, {"results": [_described(prop) for prop in api.records.properties[noun].values()]})


def create_property(api: HubSpotAccount, request: Request, noun: str) -> Answer:
    body = content(request)
    if body["name"] in api.records.properties[noun]:
        return error(409, "OBJECT_ALREADY_EXISTS", f"A property named '{body['name']}' already exists.")
    made = Property(body["name"], body["type"], body["fieldType"], is_unique=bool(body.get("hasUniqueValue", False)))
    api.add_property(noun, made)
    return Answer(201, _described(made))


def list_pipelines(api: HubSpotAccount, request: Request, noun: str) -> Answer:
    if noun not in ("deals", "leads"):
        return error(400, "VALIDATION_ERROR", f"{noun} has no pipelines")
    dates = {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "archived": False}
    stages = [
        {"id": name, "label": name.title(), "displayOrder": i, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
         "metadata": {"isClosed": str(name.startswith("closed")).lower(), "probability": "0.5"}, **dates}
        for i, name in enumerate(STAGES)
    ]  # fmt: skip
    return Answer(200, {"results": [{"id": "default", "label": "Sales", "displayOrder": 0, "stages": stages, **dates}]})


def list_labels(api: HubSpotAccount, request: Request, noun: str, other: str) -> Answer:
    kind = ASSOCIATIONS.get((noun, other))
    own: list[Json] = [{"category": "USER_DEFINED", "typeId": 31, "label": "Mentioned in"}]
    return Answer(
        200, {"results": own + ([{"category": "HUBSPOT_DEFINED", "typeId": kind, "label": None}] if kind else [])}
    )


def details(api: HubSpotAccount, request: Request) -> Answer:
    return Answer(
        200,
        {"portalId": PORTAL, "accountType": "STANDARD", "timeZone": api.zone, "companyCurrency": "SEK", "additionalCurrencies": [],
         "utcOffset": "+01:00", "utcOffsetMilliseconds": 3_600_000, "uiDomain": "app-eu1.hubspot.com", "dataHostingLocation": "eu1"},
    )  # fmt: skip


def read_list(api: HubSpotAccount, request: Request, ident: str) -> Answer:
    held = api.lists.get(ident)
    if held is None:
        return error(404, "OBJECT_NOT_FOUND", f"List {ident} does not exist")
    kind = "MANUAL" if held.is_manual else "DYNAMIC"
    about = {"listId": ident, "name": held.name, "objectTypeId": "0-1", "processingType": kind}
    return Answer(200, {"list": {**about, "listVersion": 1, "processingStatus": "COMPLETE"}})


def change_members(api: HubSpotAccount, request: Request, ident: str) -> Answer:
    held, body = api.lists.get(ident), content(request)
    if held is None:
        return error(404, "OBJECT_NOT_FOUND", f"List {ident} does not exist")
    if not held.is_manual:
        return error(400, "VALIDATION_ERROR", "Memberships of a dynamic list cannot be changed")
    contacts = api.records.objects["contacts"]
    asked, at = body["recordIdsToAdd"], text_of(api.records.now())
    missing = [one for one in asked if one not in contacts or contacts[one].is_archived]
    new = [one for one in asked if one not in missing and one not in held.members]
    gone = [one for one in body["recordIdsToRemove"] if held.members.pop(one, None)]
    held.members |= dict.fromkeys(new, at)
    return Answer(200, {"recordsIdsAdded": new, "recordIdsRemoved": gone, "recordIdsMissing": missing})


def lists_of(api: HubSpotAccount, request: Request, ident: str) -> Answer:
    rows = [
        {"listId": name, "listVersion": 1, "firstAddedTimestamp": at, "lastAddedTimestamp": at}
        for name, held in api.lists.items()
        if (at := held.members.get(ident)) is not None
    ]
    return Answer(200, {"total": len(rows), "results": rows})


def _described(prop: Property) -> dict[str, Json]:
    options: list[Json] = [
        {"value": o, "label": o.title(), "hidden": False, "displayOrder": i} for i, o in enumerate(prop.options)
    ]
    return {
        "name": prop.name, "label": prop.name, "type": prop.type, "fieldType": prop.field_type, "description": "", "groupName": "stafett",
        "options": options, "hasUniqueValue": prop.is_unique, "archived": False, "hidden": False,
    }  # fmt: skip
