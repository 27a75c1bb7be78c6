"""HubSpot's subscription types over HTTP. Guessed are: that an explanation is kept with an unsubscription, and the words for who may not be
subscribed again."""

from __future__ import annotations

from urllib.parse import unquote

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.hubspot_account import HubSpotAccount
from tests.parts.vendors.hubspot_answers import error
from tests.parts.vendors.hubspot_objects import content
from tests.parts.vendors.hubspot_records import text_of
from tests.parts.vendors.hubspot_requests import shape
from tests.parts.vendors.server import Request

STATUS = shape(
    {
        "channel": {"const": "EMAIL"},
        "subscriptionId": {"type": "integer"},
        "statusState": {"enum": ["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]},
    },
    {"legalBasisExplanation": {"type": "string", "minLength": 1}},
)


def definitions(api: HubSpotAccount, request: Request) -> Answer:
    rows: list[Json] = [
        {
            "id": ident,
            "name": held.name,
            "isActive": True,
            "isInternal": held.is_internal,
            "isDefault": False,
            "description": "",
        }
        for ident, held in api.subscriptions.items()
    ]
    return _action(api, rows)


def read_statuses(api: HubSpotAccount, request: Request, address: str) -> Answer:
    email = unquote(address)
    return _action(api, [_row(api, ident, email) for ident in api.subscriptions])


def set_status(api: HubSpotAccount, request: Request, address: str) -> Answer:
    body, email = content(request), unquote(address)
    held = api.subscriptions.get(str(body["subscriptionId"]))
    if held is None:
        return error(400, "VALIDATION_ERROR", f"Subscription {body['subscriptionId']} does not exist")
    if email in held.refused and body["statusState"] != "UNSUBSCRIBED":
        return error(400, "VALIDATION_ERROR", "The contact opted out and can only be resubscribed by themselves")
    held.statuses[email] = (body["statusState"], body.get("legalBasisExplanation"))
    return _action(api, [_row(api, str(body["subscriptionId"]), email)])


def _row(api: HubSpotAccount, ident: str, email: str) -> Json:
    status, explanation = api.subscriptions[ident].statuses.get(email, ("NOT_SPECIFIED", None))
    more: dict[str, Json] = {"legalBasisExplanation": explanation} if explanation is not None else {}
    return {
        "channel": "EMAIL",
        "source": "stand-in",
        "status": status,
        "subscriberIdString": email,
        "subscriptionId": int(ident),
        "timestamp": text_of(api.records.now()),
        **more,
    }


def _action(api: HubSpotAccount, rows: list[Json]) -> Answer:
    at = text_of(api.records.now())
    return Answer(200, {"status": "COMPLETE", "results": rows, "startedAt": at, "completedAt": at})
