"""A round claims ahead only what goes out in a moment, stops where nothing may be sent, and gives back what it did not begin."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from services.delivery import rounds
from services.delivery.rounds import Ahead, Round
from services.ports.deliveries import Attempt, Due, Outcome
from services.ports.errors import StoreUnavailable

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Queue:
    """Of one subscription, as strict as the store: each lead's oldest alone, none that is claimed, nothing while paused."""

    def __init__(self, count, leads=None):
        self.waiting = [Due(f"d{n}", f"evt_{n}", 0, "{}") for n in range(count)]
        self._lead_of = {due.id: n % (leads or max(count, 1)) for n, due in enumerate(self.waiting)}
        self.claimed, self.limits, self.noted, self.released = {}, [], [], []
        self.paused, self.fault, self.more = False, None, 0

    async def claim(self, limit):
        self.limits.append(limit)
        await asyncio.sleep(0)
        if self.paused:
            return []
        heads = {}
        for due in self.waiting:
            heads.setdefault(self._lead_of[due.id], due)
        due = [item for item in heads.values() if item.id not in self.claimed][:limit]
        self.claimed |= {item.id: item for item in due}
        return due

    async def note(self, outcomes):
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        for outcome in outcomes:
            del self.claimed[outcome.due.id]
            self.waiting.remove(outcome.due)
        self.noted.append(len(outcomes))

    async def release(self, dues):
        for due in dues:
            del self.claimed[due.id]
        self.released += [due.id for due in dues]

    async def is_paused(self):
        return self.paused

    async def fan_out(self):
        self.more -= 1
        return self.more > 0


class Receiver:
    """Answers at once, unless told otherwise; knows how many were asked at a time."""

    def __init__(self, answer=None):
        self.got, self.most, self._now = [], 0, 0
        self._answer = answer

    async def attempt(self, due):
        self.got.append(due.id)
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        state = (await self._answer(due) if self._answer is not None else None) or "delivered"
        self._now -= 1
        return Outcome(due, Attempt(NOW, 204, None, 1), state, None)


async def run(queue, receiver, *, concurrency=20, ahead=None, **more):
    given = {"concurrency": concurrency, "has_more": False, **more}
    ahead = ahead or Ahead(concurrency, has_pace=False)
    async with asyncio.timeout(20):
        return await Round(queue, receiver.attempt, ahead=ahead, **given).run()


async def test_all_that_waits_goes_so_many_at_a_time_each_once_and_more_is_claimed_the_brisker_it_goes():
    queue, receiver = Queue(3000), Receiver()
    assert await run(queue, receiver) == 3000
    assert len(set(receiver.got)) == len(receiver.got) == 3000 and receiver.most == 20
    assert queue.limits[0] == 20 and 100 < max(queue.limits) <= rounds.MOST_AHEAD
    assert sum(queue.noted) == 3000 and len(queue.noted) < 300 and not queue.claimed


async def test_the_next_event_of_a_lead_goes_once_the_one_before_is_noted():
    queue = Queue(40, leads=4)
    before_it = {}

    async def look(due):
        before_it[due.id] = sum(queue.noted)

    receiver = Receiver(look)
    assert await run(queue, receiver) == 40
    for lead in range(4):
        mine = [f"d{n}" for n in range(lead, 40, 4)]
        assert [ident for ident in receiver.got if ident in mine] == mine
        assert all(before_it[ident] >= place for place, ident in enumerate(mine))


async def test_where_there_is_a_pace_nothing_is_claimed_that_cannot_go_at_once():
    queue, receiver = Queue(200), Receiver()
    await run(queue, receiver, ahead=Ahead(20, has_pace=True))
    assert len(receiver.got) == 200 and max(queue.limits) == 20


async def test_after_a_try_that_was_not_taken_nothing_is_begun_before_it_is_noted_and_nothing_while_paused():
    queue, failed = Queue(2000), []

    async def fail_the_900th(due):
        if failed or len(receiver.got) < 900:
            return None
        failed.append((due.id, len(receiver.got)))
        queue.paused = True
        return "pending"

    receiver = Receiver(fail_the_900th)
    assert await run(queue, receiver) == len(receiver.got)
    begun_by_then = failed[0][1]
    assert len(receiver.got) <= begun_by_then + 20, "those that were under way at most"
    assert queue.released and not queue.claimed, "what was claimed ahead waits as before"
    assert set(queue.released).isdisjoint(receiver.got)


async def test_after_a_try_that_was_not_taken_the_others_go_on_where_nothing_is_paused():
    async def fail_each_tenth(due):
        return "pending" if due.id.endswith("7") else None

    queue, receiver = Queue(300), Receiver(fail_each_tenth)
    assert await run(queue, receiver) == 300
    assert not queue.released


async def test_what_is_not_begun_in_time_is_given_back_and_less_is_claimed(monkeypatch):
    monkeypatch.setattr(rounds, "STALE", 0.05)
    monkeypatch.setattr(rounds, "STEP", 0.5)
    queue, is_slow = Queue(2000), []

    async def stall(_due):
        if len(receiver.got) > 500:
            is_slow.append(1)
            await asyncio.sleep(0.2)

    receiver, ahead = Receiver(stall), Ahead(20, has_pace=False)
    await run(queue, receiver, ahead=ahead)
    assert queue.released and not queue.claimed and len(set(receiver.got)) == len(receiver.got)
    assert ahead.limit(0, 0) == 20


async def test_when_the_process_ends_what_is_under_way_is_finished_and_the_rest_given_back():
    queue, stopping = Queue(2000), []

    async def look(_due):
        if len(receiver.got) > 500:
            stopping.append(1)

    receiver = Receiver(look)
    await run(queue, receiver, is_stopping=lambda: bool(stopping))
    assert sum(queue.noted) == len(receiver.got) < 2000
    assert not queue.claimed


async def test_what_cannot_be_noted_is_left_to_its_claim_and_said_once_all_under_way_is_over():
    queue, receiver = Queue(300), Receiver()
    queue.fault = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await run(queue, receiver)
    assert 0 < len(receiver.got) < 300 and queue.claimed and not queue.released


async def test_a_fault_of_ours_in_a_try_is_raised_and_not_passed_over():
    async def break_down(_due):
        raise KeyError("a fault")

    with pytest.raises(KeyError):
        await run(Queue(3), Receiver(break_down))


async def test_the_feed_is_fanned_out_further_while_some_of_it_is_sent():
    queue, receiver = Queue(100), Receiver()
    queue.more = 5
    await run(queue, receiver, has_more=True)
    assert queue.more <= 0 and len(receiver.got) == 100


async def test_a_round_ends_though_more_and_more_comes(monkeypatch):
    monkeypatch.setattr(rounds, "STEP", 0.1)
    queue, receiver = Queue(100_000), Receiver()
    begun = time.monotonic()
    assert await run(queue, receiver) < 100_000
    assert time.monotonic() - begun < 10 and not queue.claimed


def test_large_events_are_claimed_ahead_by_their_bytes():
    ahead = Ahead(20, has_pace=False)
    for _ in range(9):
        limit = ahead.limit(0, 0)
        ahead.learn([Due("d", "evt", 0, "x" * (rounds.MOST_BYTES // 50))] * limit, limit)
    assert 20 <= ahead.limit(0, 0) < 50
