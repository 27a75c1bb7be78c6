"""Dead letters of a lead, between the one who reads them and the one who settles them, on both engines."""

from datetime import UTC, datetime

import pytest

from services.ports.errors import Conflict
from services.ports.rows import DeadLetter, Writes

NOW = datetime(2026, 6, 8, tzinfo=UTC)
LETTER = DeadLetter(
    "dl_1", "lead_1", "sig_1", 0, "dead", "why", "ValueError", "signals/0/1", None, None, b"x", NOW
)  # fmt: skip


async def test_a_letter_that_is_dropped_while_its_redrive_is_decided_stays_dropped(store):
    async with store.batch() as batch:
        await batch.write(Writes(dead_letters=[LETTER]))

    async def redrive(meanwhile=None):
        async with store.batch() as batch:
            found = await batch.waiting(["lead_1"], 9)
            if meanwhile is not None:
                await meanwhile
            await batch.write(Writes(redriven=[one.id for one in found]))
        return [one.id for one in found]

    with pytest.raises(Conflict):
        await redrive(store.settle_letter("dl_1", "dropped"))
    assert await redrive() == []
    assert not await store.settle_letter("dl_1", "dropped")


async def test_a_letter_that_is_named_twice_is_redriven(store):
    async with store.batch() as batch:
        await batch.write(Writes(dead_letters=[LETTER], redriven=["dl_1", "dl_1"]))
    async with store.batch() as batch:
        assert await batch.waiting(["lead_1"], 9) == []
