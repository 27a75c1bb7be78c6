"""Bitrix24: an event and an id; `auth` holds the portal's token and ends here."""

from __future__ import annotations

import re

from schemas.json_values import JsonObject
from schemas.signals import Object, Parsed, Reference
from services.ingest.parsers.guesses.words import kind_of
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, body_key, mapping, text, when

_BITRIX = re.compile(r"ONCRM(LEAD|DEAL|CONTACT|COMPANY|ACTIVITY)(ADD|UPDATE|DELETE)")
_BITRIX_OBJECTS: dict[str, Object] = {
    "LEAD": "person",
    "DEAL": "deal",
    "CONTACT": "person",
    "COMPANY": "company",
    "ACTIVITY": "activity",
}


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return (text(whole.get("event")) or "").upper().startswith(("ONCRM", "ONTASK")) and "data" in whole


def parse(whole: JsonObject, body: bytes) -> Result:
    """The signals of one body."""
    word, data = text(whole.get("event")) or "", mapping(whole.get("data"))
    fields = mapping(data.get("FIELDS")) or mapping(data.get("FIELDS_AFTER")) or mapping(data.get("FIELDS_BEFORE"))
    ident, match = identifier(fields.get("ID")), _BITRIX.fullmatch(word.upper())
    domain = text(mapping(whole.get("auth")).get("domain"))
    what = _BITRIX_OBJECTS.get(match[1]) if match else None
    return [
        Parsed(
            kind=kind_of(word.lower()),
            source_kind=word,
            occurred_at=when(whole.get("ts")),
            external_id=ident,
            references=(Reference(system="bitrix24", account=domain, object=what, id=ident),) if what and ident else (),
            dedupe_key=f"{word}:{ident}:{text(whole.get('ts'))}" if whole.get("ts") else body_key(body),
        )
    ]
