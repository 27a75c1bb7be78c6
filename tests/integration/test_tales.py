"""Every story in every order of arrival, through the router on real stores: the outcome is the one that is right for the pure core."""

from datetime import timedelta

import pytest

from routing.model.records import Lead
from schemas.envelope import Envelope
from tests.setups import START, setup, signal
from tests.tales import Outcome, arrivals, cases

CASES = cases()


async def play(running, tale, order):
    running.ruling = tale.rules()
    for one, number, at in arrivals(tale, order):
        await running.later(seconds=max(timedelta(0), START + at - running.at).total_seconds())
        item = signal(number, one.kind, at=START + one.after, **one.more)
        await running.give(item.but(received_at=START + at))
    await running.later(seconds=max(timedelta(0), START + tale.until - running.at).total_seconds())
    events = [Envelope.model_validate_json(text).body() for text in await running.events()]
    (row,) = await running.reading.leads()
    return Outcome(Lead.read(row.state), [data for data in events if getattr(data, "counted", None) is None])


@pytest.mark.parametrize("name", ["sqlite-embedded", "real-postgres-embedded"])
@pytest.mark.parametrize(("tale", "order"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_the_outcome_is_right_on_a_real_store(name, tale, order, request, tmp_path):
    async with setup(name, request, tmp_path) as running:
        tale.check(await play(running, tale, order))
