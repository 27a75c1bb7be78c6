"""A plain form: urlencoded, multipart or JSON. Files are named, never kept."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from schemas.signals import Consent, Kind, Parsed
from services.ingest.parsers.charsets import charset_of, known, recoded
from services.ingest.parsers.multipart import pairs_of
from services.ingest.parsers.reading import (
    Result,
    Unreadable,
    as_object,
    body_key,
    company_of,
    only_known,
    person_facts,
    person_of,
    plain_name,
    read_json,
    text,
    utm_of,
    when,
)

MAX_FIELDS = 2000
_FORM_NAMES = ("form_id", "formid", "form_name", "form", "form_type")
_CONSENT = ("consent", "newsletter", "marketing_consent", "samtycke", "nyhetsbrev")
_WRAPPERS = ("data", "payload", "fields", "form_data", "submission", "contact", "lead", "person")
_YES = {"on", "yes", "true", "1", "ja", "y"}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One submission. Raises Unreadable."""
    return [submission(fields_of(body, content_type), body)]


def fields_of(body: bytes, content_type: str) -> dict[str, Any]:
    """The form's fields by the sender's names; a name given twice keeps all its values. Raises Unreadable."""
    kind = content_type.partition(";")[0].strip().casefold()
    if kind == "multipart/form-data":
        return _gathered(pairs_of(body, content_type))
    charset = charset_of(content_type)
    try:
        if kind.endswith("json") or (not kind and body.lstrip()[:1] in (b"{", b"[")):
            return as_object(read_json(recoded(body, content_type)))
        return _gathered(_urlencoded(body.decode(charset), charset))
    except UnicodeDecodeError:
        raise Unreadable(f"not {charset.upper()}") from None


def _urlencoded(body: str, charset: str) -> list[tuple[str, str]]:
    """A form may name the set of its characters in a field of its own, `_charset_`. Raises Unreadable."""
    named = re.search(r"(?:^|&)_charset_=([\w.:-]{1,40})", body)
    try:
        return parse_qsl(
            body,
            keep_blank_values=True,
            strict_parsing=True,
            encoding=known(named[1]) if named else charset,
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise Unreadable("not an urlencoded form") from None


def submission(fields: dict[str, Any], body: bytes) -> Parsed:
    """The signal of a form that was filled in."""
    rest = _lifted(fields)
    utm = utm_of(rest)
    form_id = next((text(rest.pop(n)) for n in list(rest) if plain_name(n) in _FORM_NAMES and text(rest[n])), None)
    facts, rest = person_facts(rest)
    at = next((when(rest[n]) for n in rest if plain_name(n) in ("timestamp", "submitted_at", "created_at")), None)
    return Parsed(
        kind=Kind.FORM_SUBMITTED,
        source_kind="form",
        occurred_at=at,
        person=person_of(facts),
        company=company_of(facts),
        external_id=facts.get("external_id"),
        consents=tuple(_consents(rest)),
        form_id=form_id,
        campaign=utm.get("utm_campaign"),
        utm=utm,
        fields=only_known(rest.items()),
        dedupe_key=body_key(body),
    )


def _lifted(fields: dict[str, Any]) -> dict[str, Any]:
    """What a wrapper among the fields holds (`data` with JSON in it) stands beside the others; a file is none."""
    inner = {
        name: value
        for name, value in fields.items()
        if plain_name(str(name)) in _WRAPPERS and isinstance(value, dict) and "file" not in value
    }
    lifted = {str(name): value for held in inner.values() for name, value in held.items()}
    return {**lifted, **{name: value for name, value in fields.items() if name not in inner}}


def _consents(fields: dict[str, Any]) -> list[Consent]:
    """A box that was ticked; one that was not is no withdrawal."""
    ticked = [n for n in fields if plain_name(n) in _CONSENT and str(fields[n]).strip().casefold() in _YES]
    return [Consent(purpose="marketing", state="given", basis="form") for _ in ticked[:1]]


def _gathered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            held = fields[name]
            fields[name] = [*held, value] if isinstance(held, list) else [held, value]
        else:
            fields[name] = value
    return fields
