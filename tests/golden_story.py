"""One story from the first form to the sale, and the bytes of its events, kept in a file that every set-up is compared with.

`make golden` (`python -m tests.golden_story`) writes the file again, on SQLite. Do so when a change of events is meant, and
read the difference before it is committed: it is what consumers will see.
"""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

from routing.model.ids import PROMISES
from schemas.signals import Sales
from tests.setups import START, Setup, setup, signal

EVENTS = Path(__file__).parent / "golden" / "story.ndjson"
CALLED = Sales(activity_type="call", done=True)


async def whole_story(running: Setup) -> None:
    """Anna buys, Bo is rejected, nobody takes Cia: eight signals, three days of clocks, and the sale."""
    minute = timedelta(minutes=1)
    # The service ran in October, so the promises of November are whole.
    running.at = START - timedelta(days=30)
    await running.give(signal("october", "period.begun", at=running.at).but(partition_key=PROMISES, identities=()))
    running.at = START
    await running.give(
        signal(1, "email.sent", "anna"),
        signal(2, "form.submitted", "anna", START + minute, form_id="demo"),
        signal(3, "sales.accepted", "anna", START + 5 * minute),
        signal(4, "email.opened", "anna", START + 6 * minute),
        signal(5, "sales.follow_up", "anna", START + 7 * minute, sales=CALLED),
        signal(6, "form.submitted", "bo", START + 8 * minute, form_id="demo"),
        signal(7, "sales.rejected", "bo", START + 9 * minute, reason="wrong timing"),
        signal(8, "form.submitted", "cia", START + 10 * minute, form_id="demo"),
    )
    await running.later(days=3)
    await running.give(signal(9, "sales.won", "anna", START + timedelta(days=3), amount=1000.0, currency="SEK"))


def expected_events() -> list[str]:
    """The events of the story in the order of the feed, each as the bytes that consumers get."""
    return EVENTS.read_text("utf-8").removesuffix("\n").split("\n")


async def write_expected_events() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with setup("sqlite-embedded", None, Path(folder)) as running:
            await whole_story(running)
            events = await running.events()
    EVENTS.write_text("".join(f"{event}\n" for event in events), "utf-8")


if __name__ == "__main__":
    asyncio.run(write_expected_events())
