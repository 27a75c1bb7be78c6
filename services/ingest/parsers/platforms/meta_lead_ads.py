"""Meta Lead Ads: thin notifications (entries of changes), a fetched lead (`field_data`), or a lead flattened by a go-between."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Kind, Parsed, Quarantined
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import filled_in, rows, single
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    as_object,
    body_key,
    each,
    events_with_paths,
    mapping,
    read_json,
    refuse_too_many,
    text,
    when,
)

_IDS = ("leadgen_id", "facebook_lead_id", "lead_id", "leadgenId", "id")
_ABOUT = frozenset(
    (
        *_IDS,
        "created_time",
        "form_id",
        "form_name",
        "page_id",
        "page_name",
        "ad_id",
        "ad_name",
        "adset_id",
        "adset_name",
        "adgroup_id",
        "campaign_id",
        "campaign_name",
        "platform",
        "is_organic",
        "field_data",
        "inbox_url",
        "partner_name",
        "custom_disclaimer_responses",
    )
)


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each lead judged alone. Raises Unreadable."""
    whole = read_json(body)
    if isinstance(whole, dict) and "object" in whole:
        return each(refuse_too_many(list(_changes(whole))), _thin)
    if isinstance(whole, dict) and isinstance(whole.get("data"), list):
        # The API's own list of a form's leads, which go-betweens pass on.
        rows = [(f"$.data[{i}]", row) for i, row in enumerate(refuse_too_many(whole["data"]))]
        return each(rows, lambda row, where, i: _whole(row, where, body, i))
    return each(events_with_paths(whole), lambda row, where, i: _whole(row, where, body, i))


def _changes(whole: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    for i, entry in enumerate(_list_at(whole.get("entry"), "$.entry")):
        where = f"$.entry[{i}].changes"
        for j, change in enumerate(_list_at(mapping(entry).get("changes"), where)):
            yield f"{where}[{j}]", change


def _list_at(value: JsonValue, where: str) -> list[JsonValue]:
    """A list, also an empty one for nothing. Raises Unreadable for anything else."""
    if value and not isinstance(value, list):
        raise Unreadable("a list is expected here", where)
    return value or []


def _thin(change: JsonObject, where: str, index: int) -> Parsed | Quarantined:
    if text(change.get("field")) != "leadgen":
        raise Unreadable("no change of `leadgen`", f"{where}.field")
    value = as_object(change.get("value"), f"{where}.value")
    ident = identifier(value.get("leadgen_id"))
    if ident is None:
        raise Unreadable("a lead has a leadgen_id", f"{where}.value.leadgen_id")
    return _signal(value, ident, answers=rows(value.get("field_data")), key=f"leadgen:{ident}", source_kind="leadgen")


def _whole(lead: JsonObject, where: str, body: bytes, index: int) -> Parsed | Quarantined:
    ident = next((said for name in _IDS if (said := identifier(single(lead.get(name))))), None)
    answers = rows(lead.get("field_data")) or {n: single(v) for n, v in lead.items() if n not in _ABOUT}
    if not answers:
        raise Unreadable("neither entries nor answers", where)
    value = {name: single(lead.get(name)) for name in _ABOUT - {"field_data"}}
    answers = {**answers, **_boxes(lead.get("custom_disclaimer_responses"))}
    return _signal(
        value, ident, answers=answers, key=f"leadgen:{ident}" if ident else body_key(body, index), source_kind="lead"
    )


def _boxes(rows: JsonValue) -> JsonObject:
    """The boxes of a form's own disclaimer, by their keys."""
    named = map(mapping, rows if isinstance(rows, list) else [])
    return {name: row.get("is_checked") for row in named if (name := text(row.get("checkbox_key"))) is not None}


def _signal(value: JsonObject, ident: str | None, answers: JsonObject, key: str, source_kind: str) -> Parsed:
    """Meta's test buttons send ids of nothing but fours, and answers that say that they are dummies."""
    test = (ident or "").strip("4") == "" and ident is not None and len(ident) > 8
    test = test or any((text(v) or "").startswith("<test lead:") for v in answers.values())
    extra = {name: text(value.get(name)) for name in ("page_id", "ad_id", "adgroup_id", "platform")}
    return filled_in(
        {} if test else {**answers, **extra},
        kind=Kind.FORM_SUBMITTED,
        source_kind=source_kind,
        occurred_at=when(value.get("created_time")),
        mode="test" if test else "live",
        external_id=ident,
        form_id=text(value.get("form_id")),
        campaign=text(value.get("campaign_name")) or text(value.get("campaign_id")),
        dedupe_key=key,
    )
