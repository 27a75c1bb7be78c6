"""A form that a page sends by GET: its fields are the query. Of any other kind such a request is refused, never answered as if it were taken."""

from __future__ import annotations

from starlette.types import Scope

from schemas.signals import Parsed
from schemas.sources import Scheme, Source
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.finishing import may_reach_somebody
from services.ingest.parsers.platforms.form import parse

FORM = "application/x-www-form-urlencoded"
ALLOWED = "OPTIONS, POST"
"""Where a request by GET is refused: it is asked for as a delivery, and by GET there are handshakes only."""


def form_in(scope: Scope, scheme: Scheme) -> bytes:
    """The query as the body of a form, without the secret that some schemes have in it; empty where nothing is left."""
    query: bytes = scope.get("query_string") or b""
    secret = scheme.field.encode() if scheme.scheme == "query" else None
    return b"&".join(pair for pair in query.split(b"&") if pair and pair.partition(b"=")[0] != secret)


def is_form(scope: Scope, source: Source) -> bool:
    """Whether it is a form of this source: one that somebody filled in, and not a look at the address."""
    return scope["method"] == "GET" and source.kind == "form" and bool(form_in(scope, source.verify))


def names_somebody(scope: Scope, source: Source) -> bool:
    """Whether a request by GET tells of somebody, so that its sender takes it for a delivery."""
    if scope["method"] != "GET":
        return False
    try:
        items = parse(form_in(scope, source.verify), FORM, {})
    except Unreadable:
        return False
    return any(isinstance(item, Parsed) and may_reach_somebody(item) for item in items)
