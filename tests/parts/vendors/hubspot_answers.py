"""HubSpot's words for what went wrong, in the bodies that its users have published, and the faults that are made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

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


class Refusal(Exception):
    """A request that HubSpot does not carry out, with its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def error(status: int, category: str, message: str, **more: Json) -> Answer:
    """The body of an error. Each may lack some of the fields, as HubSpot says."""
    correlation = hashlib.blake2b(f"{category} {message}".encode(), digest_size=16).hexdigest()
    body: dict[str, Json] = {"status": "error", "message": message, "correlationId": correlation, "category": category}
    return Answer(status, {**body, **more})


def invalid_properties(problems: Collection[tuple[str, str, str]]) -> Answer:
    """`problems`: property, code, message."""
    details: list[Json] = [
        {"message": message, "code": code, "context": {"propertyName": [name]}} for name, code, message in problems
    ]
    words = "; ".join(message for _, _, message in problems)
    return error(400, "VALIDATION_ERROR", f"Property values were not valid: {words}", errors=details)


def not_there(ident: str) -> Answer:
    return error(404, "OBJECT_NOT_FOUND", f"No record was found for {ident}", subCategory="objects.OBJECT_NOT_FOUND")


def nothing_beside(noun: str, ident: str, other: str) -> dict[str, Json]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {other} is associated with {noun} {ident}.",
        "context": {"fromObjectId": [ident], "fromObjectType": [noun], "toObjectType": [other]},
    }


def taken_address(ident: str) -> Answer:
    return error(409, "CONFLICT", f"Contact already exists. Existing ID: {ident}")


def taken_value(name: str, ident: str) -> Answer:
    message = f"Cannot set {name}. {ident} already has that value."
    context: dict[str, Json] = {"propertyName": [name]}
    details: list[Json] = [{"message": message, "code": "CONFLICTING_UNIQUE_VALUE", "context": context}]
    return error(400, "VALIDATION_ERROR", message, errors=details)


def missing_scopes(scopes: Collection[str]) -> Answer:
    return error(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call.",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": sorted(scopes)},
            }
        ],
        links={"scopes": "https://developers.hubspot.com/scopes"},
    )


def too_many(policy: str) -> Answer:
    """429 by `TEN_SECONDLY_ROLLING`, `SECONDLY` (of searches) or `DAILY`. It has no category and no Retry-After."""
    body: dict[str, Json] = {
        "status": "error",
        "message": f"You have reached your {policy.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "00000000-0000-0000-0000-000000000429",
        "policyName": policy,
    }
    return Answer(429, body)


NO_LOGIN = error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
LOCKED = Fault("423", "instead", error(423, "LOCKED", "The record is locked by another operation."))
BURST = Fault("429 burst", "instead", too_many("TEN_SECONDLY_ROLLING"))
DAILY = Fault("429 day", "instead", too_many("DAILY"))
UNAUTHORISED = Fault("401", "instead", NO_LOGIN)
NO_SCOPE = Fault("403 scopes", "instead", missing_scopes(["crm.objects.deals.write"]))
OWN_RULE = Fault(
    "400 own rule",
    "instead",
    invalid_properties([("budget_band", "REQUIRED_PROPERTY", "budget_band is required when dealstage is offered")]),
)
"""A rule of the customer's own account, which 2026-09 holds against what comes over the API."""
MIGRATING = Fault("477", "instead", Answer(477, {"status": "error", "message": "Migration"}, {"retry-after": "1"}))
EMPTY_207 = Fault(
    "207 with errors",
    "instead",
    Answer(
        207,
        {
            "status": "COMPLETE",
            "results": [],
            "numErrors": 1,
            "errors": [
                {
                    "status": "error",
                    "category": "OBJECT_WRITE_CONFLICT",
                    "message": "The record was changed by another operation. Try again.",
                    "context": {},
                    "errors": [],
                    "links": {},
                }
            ],
            "startedAt": "2026-11-30T00:00:00Z",
            "completedAt": "2026-11-30T00:00:00Z",
        },
    ),
)

READS = frozenset({"read record", "batch read", "list owners"})
BATCHES = frozenset({"upsert"})


def passing_faults(share: float) -> list[Rule]:
    """Everything that goes by itself, for `share` of the requests each."""
    rules = [
        Rule(fault, share)
        for fault in (DROP_BEFORE, COMMIT_THEN_DROP, GATEWAY_AFTER, UNAVAILABLE, HTML_403, LOCKED, BURST, MIGRATING)
    ]
    return [*rules, Rule(EMPTY_207, share, BATCHES)]
