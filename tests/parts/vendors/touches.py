"""What a lead does while somebody owns it, carried into a vendor's stand-in: one note, however often they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from schemas.envelope import Envelope
from tests.parts.vendors.server import Held
from tests.parts.vendors.storm import Storm
from tests.sinks import event, offered

FIELDS = {"owner": {"person": "anna", "ids": {}}, "stage": "hand_over", "signal_kind": "form.submitted"}


def touch(number: int, running: Storm, source: str) -> Envelope:
    """The lead came by this source."""
    return event("lead.touched", number, at=running.now, source=source, **FIELDS)


async def check_touches(running: Storm, held: Callable[[], Mapping[str, Held]]) -> None:
    """A storm of them is one note beside the dossier, a quarter of an hour later; what comes after that is written into the same."""
    await running.begin([offered(), *(touch(number, running, f"site{number}") for number in range(10, 16))])
    await running.carry_on()
    assert _notes(held) == ["dossier"]
    await _wait(running)
    assert _notes(held) == ["dossier", "touches"]
    assert all(f"site{number}" in _text(held) for number in range(10, 16))
    await running.add([touch(20, running, "webinar")])
    await running.carry_on()
    assert "webinar" not in _text(held)
    await _wait(running)
    assert _notes(held) == ["dossier", "touches"] and "webinar" in _text(held) and "site10" in _text(held)


async def _wait(running: Storm) -> None:
    running.now += timedelta(minutes=16)
    await running.carry_on()


def _notes(held: Callable[[], Mapping[str, Held]]) -> list[str]:
    """Which of ours hang on the hand-over."""
    (one,) = held().values()
    return sorted(name for note in one.notes for name in ("dossier", "touches") if f"Stafett ho_1/{name}" in note)


def _text(held: Callable[[], Mapping[str, Held]]) -> str:
    (one,) = held().values()
    return next(note for note in one.notes if "Stafett ho_1/touches" in note)
