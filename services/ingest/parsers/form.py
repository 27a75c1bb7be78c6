"""A plain form: urlencoded, multipart or JSON. Files are named, never kept."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from schemas.signals import Consent, Kind, Parsed
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
_YES = {"on", "yes", "true", "1", "ja", "y"}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One submission. Raises Unreadable."""
    return [submission(fields_of(body, content_type), body)]


def fields_of(body: bytes, content_type: str) -> dict[str, Any]:
    """The form's fields by the sender's names; a name given twice keeps all its values. Raises Unreadable."""
    kind = content_type.partition(";")[0].strip().casefold()
    if kind == "multipart/form-data":
        return _multipart(body, content_type)
    if kind.endswith("json") or (not kind and body.lstrip()[:1] in (b"{", b"[")):
        return as_object(read_json(body))
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except ValueError:
        raise Unreadable("not an urlencoded form") from None
    return _gathered(pairs)


def submission(fields: dict[str, Any], body: bytes) -> Parsed:
    """The signal of a form that was filled in."""
    rest = dict(fields)
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


def _consents(fields: dict[str, Any]) -> list[Consent]:
    """A box that was ticked; one that was not is no withdrawal."""
    ticked = [n for n in fields if plain_name(n) in _CONSENT and str(fields[n]).strip().casefold() in _YES]
    return [Consent(purpose="marketing", state="given", basis="form") for _ in ticked[:1]]


def _multipart(body: bytes, content_type: str) -> dict[str, Any]:
    """RFC 7578 by the standard library's MIME parser, which also knows the transfer encodings."""
    try:
        head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1")
    except UnicodeEncodeError:
        raise Unreadable("the content type is not Latin-1") from None
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    boundary = message.get_boundary()
    if not message.is_multipart() or boundary is None or not body.lstrip(b"\r\n").startswith(b"--" + boundary.encode()):
        raise Unreadable("the body is not divided by its boundary")
    pairs: list[tuple[str, Any]] = []
    for i, part in enumerate(message.iter_parts()):
        if i >= MAX_FIELDS:
            raise Unreadable(f"over {MAX_FIELDS} parts")
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise Unreadable("a part has no name", f"$[{i}]")
        if (filename := part.get_filename()) is not None:
            pairs.append((name, {"file": filename}))
            continue
        payload = part.get_payload(decode=True)
        pairs.append((name, payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""))
    return _gathered(pairs)


def _gathered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            held = fields[name]
            fields[name] = [*held, value] if isinstance(held, list) else [held, value]
        else:
            fields[name] = value
    return fields
