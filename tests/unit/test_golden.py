"""Events of each release go on parsing: one envelope of every type, kept as it was when it was released; never rewritten."""

from pathlib import Path

import pytest

from schemas.events import EVENT_TYPES, Envelope

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
FILES = sorted(GOLDEN.glob("*.json"))


def test_every_type_of_event_has_a_golden_file():
    assert {path.stem for path in FILES} == set(EVENT_TYPES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_event_parses_and_keeps_what_it_said(path):
    envelope = Envelope.model_validate_json(path.read_text())
    body = envelope.body().model_dump(mode="json", by_alias=True)
    assert type(envelope.body()).type_name == path.stem
    said = {name: value for name, value in envelope.data.items() if (name, value) != ("personal", None)}
    for name, value in said.items():
        assert body[name] == value, name
