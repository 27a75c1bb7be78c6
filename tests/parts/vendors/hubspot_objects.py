"""HubSpot's records and associations over HTTP."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.hubspot_account import HubSpotAccount
from tests.parts.vendors.hubspot_answers import Refusal, error, not_there, nothing_beside, too_many
from tests.parts.vendors.hubspot_records import ASSOCIATIONS, NOUNS, PORTAL, Record, text_of
from tests.parts.vendors.server import Request

PAGE = 100
"""Associations of a record that one answer has."""
HISTORIES, MOST_FOUND = 50, 10_000
"""Records of one batch read with histories; results of one search, all its pages together."""


def create(api: HubSpotAccount, request: Request, noun: str) -> Answer:
    body = content(request)
    near = []
    for one in body["associations"]:
        types = {kind["associationTypeId"] for kind in one["types"]}
        other = next((to for (of, to), kind in ASSOCIATIONS.items() if of == noun and kind in types), None)
        if other is None:
            return error(400, "VALIDATION_ERROR", f"One or more associations are not valid for {noun}: {types}")
        near.append((other, one["to"]["id"]))
    return Answer(201, shown(api.records.create(noun, body["properties"], near)))


def read(api: HubSpotAccount, request: Request, noun: str, ident: str) -> Answer:
    by = request.query.get("idProperty", [None])[0]
    is_archived = request.query.get("archived", ["false"])[0] == "true"
    record = api.records.at(noun, ident, by, is_archived=is_archived)
    answer = shown(record, _names(request, "properties"))
    for name in _names(request, "propertiesWithHistory"):
        answer.setdefault("propertiesWithHistory", {})[name] = record.history.get(name, [])
    for other in _names(request, "associations"):
        if other not in NOUNS:
            return error(400, "VALIDATION_ERROR", f"Unable to infer object type from: {other}")
        if near := api.records.beside(record, other):
            rows = [{"id": one.id, "type": f"{noun[:-1]}_to_{other[:-1]}"} for one in near]
            answer.setdefault("associations", {})[other] = {"results": rows}
    return Answer(200, answer)


def update(api: HubSpotAccount, request: Request, noun: str, ident: str) -> Answer:
    record = api.records.at(noun, ident, request.query.get("idProperty", [None])[0])
    api.records.update(record, content(request)["properties"])
    return Answer(200, shown(record))


def archive(api: HubSpotAccount, request: Request, noun: str, ident: str) -> Answer:
    found = api.records.objects[noun].get(ident)
    if found is not None and not found.is_archived:
        api.records.archive(found)
    return Answer(204)


def purge(api: HubSpotAccount, request: Request) -> Answer:
    """The contact and what is associated with it alone; nothing is told where there is none."""
    api.records.objects["contacts"].pop(str(content(request)["objectId"]), None)
    return Answer(204)


def upsert(api: HubSpotAccount, request: Request, noun: str) -> Answer:
    """All inputs or none, unless each has an `objectWriteTraceId`: then what failed is told of each by it."""
    inputs, results, errors = content(request)["inputs"], [], []
    is_each = all("objectWriteTraceId" in one for one in inputs)
    before = {one["id"]: api.records.having(noun, one["idProperty"], one["id"]) for one in inputs}
    untouched = copy.deepcopy(api.records.objects[noun]) if len(inputs) > 1 else None
    for one in inputs:
        values = {**one["properties"], one["idProperty"]: one["id"]}
        try:
            results.append(_upserted(api, noun, before[one["id"]], values, one.get("objectWriteTraceId")))
        except Refusal as refusal:
            if not is_each or untouched is None:
                api.records.objects[noun] = api.records.objects[noun] if untouched is None else untouched
                return refusal.answer
            errors.append({**refusal.answer.body, "context": {"objectWriteTraceId": [one["objectWriteTraceId"]]}})
    at = text_of(api.records.now())
    more = {"numErrors": len(errors), "errors": errors} if errors else {}
    body = {"status": "COMPLETE", "results": results, "startedAt": at, "completedAt": at, **more}
    return Answer(207 if errors else 200, body)


def _upserted(
    api: HubSpotAccount, noun: str, old: Record | None, values: dict[str, str], trace: str | None
) -> dict[str, Json]:
    if old is None:
        record = api.records.create(noun, values)
    else:
        record = old
        # A contact is found by any of its addresses, and keeps its first.
        kept = {name: value for name, value in values.items() if name != "email"} if noun == "contacts" else values
        api.records.update(old, kept)
    return {**shown(record), "new": old is None, **({"objectWriteTraceId": trace} if trace else {})}


def batch_read(api: HubSpotAccount, request: Request, noun: str) -> Answer:
    body, rows = content(request), []
    if body["propertiesWithHistory"] and len(body["inputs"]) > HISTORIES:
        return error(400, "VALIDATION_ERROR", f"The maximum number of inputs with history is {HISTORIES}")
    for one in body["inputs"]:
        try:
            record = api.records.at(noun, one["id"], body.get("idProperty"))
        except Refusal:
            continue
        histories = {name: record.history.get(name, []) for name in body["propertiesWithHistory"]}
        more = {"propertiesWithHistory": histories} if histories else {}
        rows.append({**shown(record, body["properties"]), **more})
    at = text_of(api.records.now())
    more = {} if len(rows) == len(body["inputs"]) else {"numErrors": 1, "errors": [not_there("some ids").body]}
    whole = {"status": "COMPLETE", "results": rows, "startedAt": at, "completedAt": at, **more}
    return Answer(207 if more else 200, whole)


def search(api: HubSpotAccount, request: Request, noun: str) -> Answer:
    if not api.searches.take():
        return too_many("SECONDLY")
    body = content(request)
    groups = body["filterGroups"]
    found = [
        (record, values)
        for record, values in api.records.indexed(noun)
        if any(all(_fits(f, values) for f in group["filters"]) for group in groups)
    ]
    for name in body["sorts"]:
        found.sort(key=lambda hit: hit[1].get(name, ""))
    start = int(body["after"] or 0)
    if start + body["limit"] > MOST_FOUND:
        return error(400, "VALIDATION_ERROR", f"There is no result after {MOST_FOUND}")
    page = found[start : start + body["limit"]]
    more = {"paging": {"next": {"after": str(start + len(page))}}} if start + len(page) < len(found) else {}
    rows = [indexed(record, values, body["properties"]) for record, values in page]
    return Answer(200, {"total": len(found), "results": rows, **more})


def merge(api: HubSpotAccount, request: Request, noun: str) -> Answer:
    body = content(request)
    return Answer(200, shown(api.records.merge(noun, body["primaryObjectId"], body["objectIdToMerge"])))


def indexed(record: Record, values: Mapping[str, str], names: list[str]) -> dict[str, Json]:
    """As the index has it, which may be older than the record."""
    row = shown(record, names)
    always = {name: values[name] for name in ("hs_lastmodifieddate", "createdate")}
    return {**row, "properties": {**{name: values.get(name) for name in names}, **always, "hs_object_id": record.id}}


def shown(record: Record, names: list[str] | None = None) -> dict[str, Json]:
    always = {"createdate": text_of(record.created_at), "hs_object_id": record.id}
    stage = record.properties.get("dealstage", "")
    closed = {"hs_is_closed": stage.startswith("closed"), "hs_is_closed_won": stage == "closedwon"}
    if record.noun == "deals":
        always |= {name: str(value).lower() for name, value in closed.items() if name in (names or ())}
    if "hs_created_by_user_id" in (names or ()):
        made_by = record.made_by.removeprefix("userId:")
        always |= (
            {"hs_object_source": "INTEGRATION"}
            if made_by == "us"
            else {"hs_object_source": "CRM_UI", "hs_created_by_user_id": made_by}
        )
    values = {name: record.properties.get(name) for name in names or record.properties}
    return {
        "id": record.id,
        "properties": {**values, "hs_lastmodifieddate": text_of(record.updated_at), **always},
        "createdAt": text_of(record.created_at),
        "updatedAt": text_of(record.updated_at),
        "archived": record.is_archived,
        "url": f"https://app.hubspot.com/contacts/{PORTAL}/record/{NOUNS[record.noun]}/{record.id}",
    }


def associate(api: HubSpotAccount, request: Request, noun: str, ident: str, other: str, beside: str) -> Answer:
    kind = ASSOCIATIONS.get((noun, other))
    if kind is None:
        return error(400, "VALIDATION_ERROR", f"No default association from {noun} to {other}")
    api.records.associate(api.records.at(noun, ident), api.records.at(other, beside))
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}
    row = {"from": {"id": ident}, "to": {"id": beside}, "associationSpec": spec}
    at = text_of(api.records.now())
    return Answer(200, {"status": "COMPLETE", "results": [row], "startedAt": at, "completedAt": at})


def associations(api: HubSpotAccount, request: Request, noun: str, other: str) -> Answer:
    """A record that nothing is associated with is told among the errors, with 207."""
    rows, errors = [], []
    for one in content(request)["inputs"]:
        near = api.records.beside(api.records.at(noun, one["id"]), other)
        if not near:
            errors.append(nothing_beside(noun[:-1], one["id"], other[:-1]))
            continue
        start = int(one.get("after", 0))
        to = [{"toObjectId": int(record.id), "associationTypes": []} for record in near[start : start + PAGE]]
        more = {"paging": {"next": {"after": str(start + PAGE)}}} if start + PAGE < len(near) else {}
        rows.append({"from": {"id": one["id"]}, "to": to, **more})
    at = text_of(api.records.now())
    more = {"numErrors": len(errors), "errors": errors} if errors else {}
    whole = {"status": "COMPLETE", "results": rows, "startedAt": at, "completedAt": at, **more}
    return Answer(207 if errors else 200, whole)


def content(request: Request) -> dict:
    body = request.json()
    assert isinstance(body, dict)
    return body


def _names(request: Request, parameter: str) -> list[str]:
    return [name for text in request.query.get(parameter, []) for name in text.split(",") if name]


def _fits(wanted_value: Mapping, values: dict[str, str]) -> bool:
    value = {**values, "lastmodifieddate": values["hs_lastmodifieddate"]}.get(wanted_value["propertyName"], "").lower()
    asked = wanted_value.get("value", "").lower()
    match wanted_value["operator"]:
        case "EQ":
            return value == asked
        case "IN":
            return value in [one.lower() for one in wanted_value.get("values", [])]
        case "HAS_PROPERTY":
            return bool(value)
        case "GT":
            return bool(value) and value > asked
        case "GTE":
            return bool(value) and value >= asked
        case "LT":
            return bool(value) and value < asked
        case _:
            return bool(value) and value <= asked
