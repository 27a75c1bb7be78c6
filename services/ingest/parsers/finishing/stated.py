"""What an answer or a record states beside the facts that its parser reads: consents, and addresses of before."""

from __future__ import annotations

from schemas.json_values import JsonValue
from schemas.signals import Parsed
from services.ingest.parsers.consent.consents import states_in, with_consents, with_stated_consents
from services.ingest.parsers.reading.former import with_former_emails


def with_stated_facts(parsed: Parsed) -> Parsed:
    """With what its answers state; the same object where they state nothing."""
    return with_former_emails(with_stated_consents(parsed), parsed.fields) if parsed.fields else parsed


def of_record(parsed: Parsed, *records: JsonValue) -> Parsed:
    """With what these objects of the body state of the person: a record's fields of which the parser keeps only some."""
    for record in records:
        parsed = with_consents(parsed, states_in(record))
    return with_former_emails(parsed, *records)
