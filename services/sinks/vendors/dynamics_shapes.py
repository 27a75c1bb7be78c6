"""What Dataverse calls our values, in which shape it takes and gives them, and what hangs on what there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from services.sinks.outcomes import Trouble
from services.sinks.records import Fields

NAMES: Mapping[RecordKind, Mapping[ValueName, str]] = {
    "contact": {
        "email": "emailaddress1",
        "first_name": "firstname",
        "last_name": "lastname",
        "phone": "telephone1",
        "owner": "ownerid",
    },
    "company": {"name": "name", "domain": "websiteurl"},
    "opportunity": {"name": "name", "owner": "ownerid"},
    "note": {"text": "notetext"},
    "task": {
        "subject": "subject",
        "text": "description",
        "owner": "ownerid",
        "due_at": "scheduledend",
        "priority": "prioritycode",
    },
}
"""Their columns of our values; what is not among them has no place, or is said otherwise."""
LONGEST = {"firstname": 50, "lastname": 50, "telephone1": 50, "name": 160, "subject": 200}
"""Characters that a column takes, of those that are filled out of what strangers wrote."""
PRIORITIES = {"normal": 1, "high": 2}
STATES: Mapping[str, Mapping[str, int]] = {
    "open": {"statecode": 0, "statuscode": 2},
    "done": {"statecode": 1, "statuscode": 5},
    "cancelled": {"statecode": 2, "statuscode": 6},
}
"""Of a task; the two go together."""
IDS: Mapping[RecordKind, str] = {
    "contact": "contactid",
    "company": "accountid",
    "opportunity": "opportunityid",
    "note": "annotationid",
    "task": "activityid",
}
HANGS_ON: Mapping[RecordKind, Mapping[RecordKind, str]] = {
    "contact": {"company": "parentcustomerid_account"},
    "company": {},
    "opportunity": {"contact": "parentcontactid", "company": "parentaccountid"},
    "note": {"opportunity": "objectid_opportunity"},
    "task": {"opportunity": "regardingobjectid_opportunity_task"},
}
"""By which of its own properties a record is bound to another."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def to_write(name: str, value: JsonValue) -> JsonValue:
    """A value of ours in the shape of its column."""
    match name:
        case "websiteurl":
            return f"https://{value}"
        case "prioritycode":
            return PRIORITIES.get(str(value), 1)
        case "ownerid":
            return str(value).lower()
        case _ if isinstance(value, str) and _INSTANT.fullmatch(value):
            # Dataverse keeps whole seconds.
            return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return value[: LONGEST[name]] if isinstance(value, str) and name in LONGEST else value


def as_read(name: str, row: JsonObject) -> JsonValue:
    """A column of a row in the shape in which it is written."""
    value = row.get("_ownerid_value" if name == "ownerid" else name)
    return value.lower() if name == "ownerid" and isinstance(value, str) else value


def body_of(fields: Fields) -> dict[str, JsonValue]:
    """An owner is bound, all other values are written as they are."""
    return {
        **{name: value for name, value in fields.items() if name != "ownerid"},
        **({"ownerid@odata.bind": f"/systemusers({fields['ownerid']})"} if fields.get("ownerid") else {}),
    }


def owner_of(fields: Fields) -> str | None:
    """The user whose the record becomes; None where its owner stays."""
    return str(fields["ownerid"]) if fields.get("ownerid") else None


def word_to_write(value: JsonValue) -> JsonValue:
    """A word of a mapping: the number of a choice, or one of two options."""
    return value == "true" if value in ("true", "false") else as_whole(value)


def as_whole(value: JsonValue) -> JsonValue:
    """A number that is written as a text; all else as it is."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def literal(value: str) -> str:
    """As a literal of OData."""
    return "'" + value.replace("'", "''") + "'"


def as_guid(vendor_id: str) -> str:
    """An id as part of a path; what is none is of no record. Raises Trouble (gone)."""
    try:
        return str(UUID(vendor_id))
    except ValueError:
        raise Trouble("gone", "no_id_of_dataverse") from None
