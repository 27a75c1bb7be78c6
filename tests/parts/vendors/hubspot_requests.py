"""What requests to HubSpot look like, read in its reference of 2026-09 and made as narrow as what is sent needs: no field more."""

from __future__ import annotations

from tests.parts.vendors.faults import Json

TEXT: dict[str, Json] = {"type": "string", "minLength": 1}
VALUES: dict[str, Json] = {"type": "object", "additionalProperties": {"type": "string"}}
"""Every value of a property is a text, numbers and instants too."""


def shape(needed: dict[str, Json], optional: dict[str, Json] | None = None) -> dict[str, Json]:
    """An object with these fields and no other."""
    return {
        "type": "object",
        "properties": {**needed, **(optional or {})},
        "required": list(needed),
        "additionalProperties": False,
    }


def several(items: dict[str, Json], most: int = 100) -> dict[str, Json]:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}


ASSOCIATION = shape(
    {
        "to": shape({"id": TEXT}),
        "types": several(
            shape({"associationCategory": {"const": "HUBSPOT_DEFINED"}, "associationTypeId": {"type": "integer"}})
        ),
    }
)
CREATE = shape({"properties": VALUES, "associations": {"type": "array", "items": ASSOCIATION}})
UPDATE = shape({"properties": VALUES})
UPSERT = shape(
    {"inputs": several(shape({"id": TEXT, "idProperty": TEXT, "properties": VALUES}, {"objectWriteTraceId": TEXT}))}
)
NAMES: dict[str, Json] = {"type": "array", "items": TEXT}
BATCH_READ = shape(
    {"inputs": several(shape({"id": TEXT})), "properties": NAMES, "propertiesWithHistory": NAMES},
    {"idProperty": TEXT},
)
FILTER = shape(
    {"propertyName": TEXT, "operator": {"enum": ["EQ", "GTE", "GT", "LT", "LTE", "IN", "HAS_PROPERTY"]}},
    {"value": {"type": "string"}, "values": {"type": "array", "items": {"type": "string"}}},
)
SEARCH = shape(
    {
        "filterGroups": several(shape({"filters": several(FILTER, 6)}), 5),
        "sorts": {"type": "array", "items": TEXT, "maxItems": 1},
        "properties": NAMES,
        "limit": {"type": "integer", "minimum": 1, "maximum": 200},
        "after": {"type": "string", "pattern": "^[0-9]*$"},
    }
)
PURGE = shape({"objectId": TEXT}, {"idProperty": {"const": "email"}})
MERGE = shape({"primaryObjectId": TEXT, "objectIdToMerge": TEXT})
ASSOCIATED = shape({"inputs": several(shape({"id": TEXT}, {"after": TEXT}), 1000)})
MEMBERS = shape(
    {
        "recordIdsToAdd": {"type": "array", "items": TEXT, "maxItems": 100_000},
        "recordIdsToRemove": {"type": "array", "items": TEXT, "maxItems": 100_000},
    }
)
PROPERTY = shape(
    {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
        "label": TEXT,
        "type": {"enum": ["bool", "date", "datetime", "enumeration", "number", "phone_number", "string"]},
        "fieldType": {"enum": ["text", "textarea", "number", "select", "radio", "date", "booleancheckbox"]},
        "groupName": TEXT,
    },
    {"hasUniqueValue": {"type": "boolean"}, "description": {"type": "string"}, "options": {"type": "array"}},
)
