"""LinkedIn lead sync: thin notifications that a response was given or has to be erased; also a response as fetched."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Kind, Parsed, Quarantined, Reference
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    body_key,
    each,
    events_with_paths,
    mapping,
    read_json,
    text,
    when,
)

_ACTIONS = {"CREATED": Kind.FORM_SUBMITTED, "DELETED": Kind.CONTACT_DELETED}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each notification judged alone. Raises Unreadable."""
    whole = read_json(body)
    if isinstance(whole, dict) and isinstance(whole.get("elements"), list):
        whole = whole["elements"]
    return each(events_with_paths(whole), lambda row, where, i: _one(row, where, body, i))


def _one(event: JsonObject, where: str, body: bytes, index: int) -> Parsed | Quarantined:
    response = identifier(event.get("leadGenFormResponse")) or identifier(event.get("leadFormResponse"))
    if response is None and "formResponse" in event:
        return _response(event, where, body, index)
    action = text(event.get("leadAction")) or ""
    if response is None or action not in _ACTIONS:
        raise Unreadable("a notification has a leadGenFormResponse and a leadAction CREATED or DELETED", where)
    ident = identifier(event.get("id")) or identifier(event.get("notificationId"))
    return Parsed(
        kind=_ACTIONS[action],
        source_kind=f"{text(event.get('type')) or 'LEAD_ACTION'}.{action}",
        occurred_at=when(event.get("occurredAt")),
        mode="test" if event.get("testLead") is True or event.get("isTest") is True else "live",
        external_id=response,
        references=(Reference(system="linkedin", object="person", id=response),),
        reason="erasure" if action == "DELETED" else None,
        form_id=text(event.get("leadGenForm"))
        or text(event.get("leadForm"))
        or text(event.get("versionedLeadGenFormUrn")),
        campaign=_campaign(event),
        dedupe_key=f"id:{ident}" if ident else f"{response}:{action}:{event.get('occurredAt')}",
    )


def _campaign(event: JsonObject) -> str | None:
    entity = mapping(event.get("associatedEntity"))
    info = mapping(mapping(event.get("leadMetadata")).get("sponsoredLeadMetadata"))
    return (
        text(event.get("associatedEntity"))
        or next(filter(None, map(text, entity.values())), None)
        or text(info.get("campaign"))
    )


def _response(lead: JsonObject, where: str, body: bytes, index: int) -> Parsed:
    """As `leadFormResponses` gives it: the form, where it is along, names the questions and the predefined fields."""
    form = mapping(lead.get("form"))
    content = mapping(form.get("content")) or form
    questions = {text(q.get("questionId")): q for q in map(mapping, content.get("questions") or [])}
    answers: JsonObject = {}
    for i, row in enumerate(map(mapping, mapping(lead.get("formResponse")).get("answers") or [])):
        question = questions.get(text(row.get("questionId")), {})
        name = text(question.get("predefinedField")) or text(row.get("name")) or text(question.get("name"))
        answers.setdefault(
            name or f"question {text(row.get('questionId')) or i + 1}", _answer(mapping(row.get("answerDetails")))
        )
    for i, row in enumerate(map(mapping, mapping(lead.get("formResponse")).get("consentResponses") or [])):
        answers[f"consent {text(row.get('consentId')) or i + 1}"] = row.get("accepted") is True
    ident = identifier(lead.get("id"))
    return filled_in(
        answers,
        source_kind="leadFormResponse",
        occurred_at=when(lead.get("submittedAt")),
        mode="test" if lead.get("testLead") is True else "live",
        external_id=ident,
        form_id=text(lead.get("versionedLeadGenFormUrn")) or text(form.get("id")),
        campaign=_campaign(lead),
        dedupe_key=f"response:{ident}" if ident else body_key(body, index),
    )


def _answer(details: JsonObject) -> JsonValue:
    said = text(mapping(details.get("textQuestionAnswer")).get("answer"))
    return said or mapping(details.get("multipleChoiceAnswer")).get("options")
