"""Events of each release go on parsing: one envelope of every type, kept as it was when it was released; never rewritten.

`v1` has every type as it was first released, `grown` those that have more members since, with these."""

import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from schemas.envelope import Envelope, Written, split_personal, whole
from schemas.events import EVENT_TYPES

GOLDEN = Path(__file__).parents[2] / "golden"
FIRST, GROWN = (sorted((GOLDEN / name).glob("*.json")) for name in ("v1", "grown"))


def test_every_type_of_event_has_a_golden_file():
    assert {path.stem for path in FIRST} == set(EVENT_TYPES)


@pytest.mark.parametrize("path", [*FIRST, *GROWN], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden_event_parses_and_keeps_what_it_said(path):
    then = json.loads(path.read_text())
    body = Envelope.model_validate(then).body()
    assert body.type_name == path.stem
    facts, personal = split_personal(body)
    written = replace(msgspec.convert(then, Written), data=facts)
    assert holds(json.loads(whole(written.head(), personal)), then)


def holds(now, then):
    """Everything that was said then is said now; what grew since, at any depth, is allowed."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(name in now and holds(now[name], value) for name, value in then.items())
    if isinstance(then, list):
        return len(now) == len(then) and all(map(holds, now, then))
    return now == then


def test_the_comparison_finds_what_went_missing_or_changed():
    assert holds({"a": [{"b": 1, "new": 2}]}, {"a": [{"b": 1}]})
    assert (
        not holds({"a": [{}]}, {"a": [{"b": 1}]}) and not holds({"a": 2}, {"a": 1}) and not holds({"a": []}, {"a": [1]})
    )
