"""Zoho: ids of one module and what was done to them."""

from __future__ import annotations

from schemas.json_values import JsonObject
from schemas.signals import Parsed
from services.ingest.parsers.bounds.amount import added_up
from services.ingest.parsers.bounds.pieces import alone, take_turns
from services.ingest.parsers.guesses.words import kind_of
from services.ingest.parsers.reading.safely import Result, body_key, refuse_too_many, text, when


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return isinstance(whole.get("ids"), list) and "module" in whole and "operation" in whole


def parse(whole: JsonObject, body: bytes) -> Result:
    """The signals of one body."""
    module, verb = text(whole.get("module")) or "", (text(whole.get("operation")) or "").casefold()
    word = f"{module.removesuffix('s')} {verb}"
    return list(
        added_up(
            Parsed(
                kind=kind_of(word),
                source_kind=f"{module}.{verb}",
                occurred_at=when(whole.get("server_time")),
                external_id=text(ident),
                dedupe_key=body_key(body, i),
            )
            for i, ident in enumerate(take_turns(refuse_too_many(whole["ids"]), alone))
        )
    )
