"""Where in a body the facts of a signal stand, so that a person sees why they were read."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.json_values import JsonValue
from schemas.signals import Parsed
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.bodies import read_embedded_json, whole_of
from services.ingest.parsers.reading.safely import text

MAX_PLACES = 3
MAX_LEAVES = 20_000


def found_at(signal: Parsed, body: bytes, content_type: str) -> dict[str, list[str]]:
    """Paths by fact, at most three each. A fact that was put together or translated has none."""
    facts = {
        **{f"person.{name}": value for name, value in signal.person.values().items()},
        **{f"company.{name}": value for name, value in signal.company.values().items()},
        "external_id": signal.external_id,
        "source_kind": signal.source_kind,
        "form_id": signal.form_id,
    }
    try:
        leaves = list(_leaves(whole_of(body, content_type), "$"))
    except Unreadable:
        return {}
    places = {
        name: [path for path, leaf in leaves if leaf == value][:MAX_PLACES] for name, value in facts.items() if value
    }
    return {name: paths for name, paths in places.items() if paths}


def _leaves(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    todo: list[tuple[str, JsonValue]] = [(path, value)]
    for _ in range(MAX_LEAVES):
        if not todo:
            return
        at, held = todo.pop(0)
        held = read_embedded_json(held)
        if isinstance(held, dict):
            todo.extend((f"{at}.{key}", inner) for key, inner in held.items())
        elif isinstance(held, list):
            todo.extend((f"{at}[{i}]", inner) for i, inner in enumerate(held))
        elif (leaf := text(held)) is not None:
            yield at, leaf
