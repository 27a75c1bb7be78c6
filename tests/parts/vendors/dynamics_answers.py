"""What Dataverse answers to whoever it refuses, by its documented codes, and the faults of a bad day."""

from __future__ import annotations

from collections.abc import Collection

from tests.parts.vendors.faults import (
    COMMIT_THEN_DROP,
    DROP_BEFORE,
    GATEWAY_AFTER,
    UNAVAILABLE,
    Answer,
    Fault,
    Rule,
)


class Refusal(Exception):
    """The request is not carried out."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.body))
        self.answer = answer


def error(status: int, code: str, message: str, **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"error": {"code": code, "message": message}}
    return Answer(status, body, {"x-ms-service-request-id": "c0ffee00-0000-4000-8000-000000000001", **given})


def not_there(table: str, ident: str) -> Answer:
    return error(404, "0x80040217", f"Entity '{table}' With Id = {ident} Does Not Exist")


def payload(table_set: str, why: str) -> Answer:
    """A body that is not as the table is."""
    text = f"Error identified in Payload provided by the user for Entity :'{table_set}', For more information on this error "
    link = "please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : "
    return error(400, "0x80048d19", f"{text}{link}Microsoft.OData.ODataException: {why}")


def too_many(seconds: int) -> Answer:
    message = "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
    return error(429, "0x80072322", message, retry_after=str(seconds))


def missing_privilege(principal: str, privilege: str) -> Answer:
    text = f"Principal user (Id={principal}, type=8, roleCount=1, privilegeCount=12, accessMode='4 Non-interactive'), is missing"
    return error(
        403, "0x80040220", f"{text} {privilege} privilege (Id=1f0b8f6f-0000-4000-8000-000000000009) on OTC=3 for entity"
    )


NO_TOKEN = Answer(401, None, {"www-authenticate": "Bearer authorization_uri=https://login.microsoftonline.com/common"})
DUPLICATE = error(
    500, "0x80040333", "A record was not created or updated because a duplicate of the current record already exists."
)
KEY_TAKEN = error(412, "0x80060892", "A record that has the attribute values Stafett id already exists.")
IS_THERE = error(412, "", "A record with matching key values already exists.")
PLUG_IN = error(400, "0x80040265", "Eva Ek may not be sold to before her 18th birthday")
UNEXPECTED = error(500, "0x80040216", "An unexpected error occurred.")
TOO_LONG = "A validation error occurred. The length of the '{}' attribute of the '{}' entity exceeded the maximum allowed length of '{}'."
NO_CHOICE = "A validation error occurred. The value {} of '{}' on record of type '{}' is outside the valid range. Accepted Values: {}"
CONCURRENT = error(429, "0x80072326", "Number of concurrent requests exceeded the limit of 52.", retry_after="2")


def passing_faults(share: float) -> Collection[Rule]:
    """All that passes, each for so many of the requests of the Web API; a token is not given now and then as well."""
    faults = [
        DROP_BEFORE,
        COMMIT_THEN_DROP,
        UNAVAILABLE,
        GATEWAY_AFTER,
        Fault("429 of concurrent calls", "instead", CONCURRENT),
        Fault("500 instead", "instead", UNEXPECTED),
        Fault("500 after commit", "after", UNEXPECTED),
    ]
    return [*(Rule(fault, share, API) for fault in faults), Rule(UNAVAILABLE, share, frozenset({"token"}))]


API = frozenset({"read", "list", "upsert", "win", "lose"})
