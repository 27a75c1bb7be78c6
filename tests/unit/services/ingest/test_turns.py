"""Work by turns: pieces of several bodies in turn, short bodies before the rest of long ones, and none for who no longer waits."""

import asyncio
import threading

import pytest

from services.ingest.limits import turns
from services.ingest.limits.offload import LARGE, Offload
from services.ingest.limits.turns import SHORT, Abandoned, Job, Turns
from services.ingest.parsers.bounds import pieces
from services.ingest.parsers.bounds.pieces import EVENT, PIECE, in_pieces, take_turns, values_in
from services.ingest.parsers.registry import parse
from tests.attack.bodies import of_own
from tests.everykind import sent


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(turns, "PAUSE", 0)


def test_an_item_that_does_not_fit_into_the_piece_begins_one_and_one_that_fits_into_none_is_its_own():
    seen = []
    with in_pieces(lambda: seen.append("pause")):
        seen.extend(take_turns([PIECE // 2, PIECE // 2, 1, 3 * PIECE, 2 * PIECE], int))
    assert seen == [PIECE // 2, PIECE // 2, "pause", 1, "pause", 3 * PIECE, "pause", 2 * PIECE]


def test_pieces_go_on_from_one_step_of_a_body_to_the_next():
    pauses = []
    with in_pieces(lambda: pauses.append(1)):
        for _ in range(3):
            list(take_turns([PIECE // 2], int))
    assert pauses == [1]
    assert list(take_turns([PIECE, PIECE], int)) == [PIECE, PIECE], "nobody asked for pieces"
    assert pauses == [1]


def test_work_is_counted_in_values_at_any_depth():
    assert values_in("a") == EVENT
    assert values_in({"a": [1, {"b": 2}], "c": {}}) == EVENT + 5


class Worker:
    """A body of so many pieces that is read on a thread of its own; `log` has its name for each piece."""

    def __init__(self, own_turns, name, count, log):
        self.job, self.name, self.count, self.log = Job(own_turns), name, count, log
        self.ended = None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            self.ended = self.job.run(self._work)
        except Abandoned as error:
            self.ended = error

    def _work(self):
        for _ in take_turns([PIECE] * self.count, int):
            self.log.append(self.name)
        return "done"


def run_all(own_turns, workers):
    """All of them, once each waits for its turn."""
    own_turns.take((-1, -1))
    for worker in workers:
        worker.thread.start()
    wait_until_all_wait(own_turns, len(workers))
    own_turns.give_up()
    for worker in workers:
        worker.thread.join(20)


def wait_until_all_wait(own_turns, count):
    while len(own_turns._waiting) < count:
        threading.Event().wait(0.001)


def test_who_has_the_smallest_rank_of_those_that_wait_has_the_next_turn():
    own_turns, order = Turns(), []

    def take_one(rank):
        own_turns.take(rank)
        order.append(rank)
        own_turns.give_up()

    ranks = [(SHORT, 2), (1, 4), (SHORT, 1), (0, 5), (1, 3)]
    own_turns.take((0, 0))
    threads = [threading.Thread(target=take_one, args=(rank,)) for rank in ranks]
    for thread in threads:
        thread.start()
    wait_until_all_wait(own_turns, len(threads))
    own_turns.give_up()
    for thread in threads:
        thread.join(20)
    assert order == sorted(ranks)


def test_a_body_has_a_higher_rank_with_each_of_its_first_pieces_and_then_waits_for_all_that_came_before_it():
    ranks = []

    class Recorded(Turns):
        def take(self, rank):
            ranks.append(rank)
            super().take(rank)

    jobs = [Job(Recorded()) for _ in range(2)]
    for job in jobs:
        job.run(lambda: list(take_turns([PIECE] * (SHORT + 3), int)))
    first, second = ranks[: SHORT + 3], ranks[SHORT + 3 :]
    assert [piece for piece, _ in first] == [*range(SHORT), SHORT, SHORT, SHORT]
    assert all(mine < other for mine, other in zip(first, second, strict=True))
    assert second[1] < first[2], "a short one comes before the rest of a long one"


def test_two_threads_never_have_the_turn_at_once():
    own_turns, at_once, most = Turns(), [0], []

    class Watched(Worker):
        def _work(self):
            for _ in take_turns([PIECE] * self.count, int):
                at_once[0] += 1
                most.append(at_once[0])
                at_once[0] -= 1
            return "done"

    workers = [Watched(own_turns, str(n), 50, []) for n in range(8)]
    run_all(own_turns, workers)
    assert [worker.ended for worker in workers] == ["done"] * 8
    assert set(most) == {1} and len(most) == 400


def test_work_that_nobody_waits_for_ends_with_its_piece():
    own_turns, log = Turns(), []
    worker = Worker(own_turns, "a", 10, log)
    worker.job._let_others_work = lambda: (worker.job.abandon(), Job._let_others_work(worker.job))
    run_all(own_turns, [worker])
    assert isinstance(worker.ended, Abandoned) and log == ["a"]
    own_turns.take((0, 0))  # it gave up its turn


async def test_of_one_client_one_body_is_read_at_a_time_and_another_client_does_not_wait_for_the_rest():
    offload, go_on, begun = Offload(), threading.Event(), []
    body = bytes(LARGE + 1)

    def work(name):
        begun.append(name)
        assert go_on.wait(20)
        return name

    first = [asyncio.create_task(offload.run(body, lambda n=n: work(n), "a")) for n in range(3)]
    other = asyncio.create_task(offload.run(body, lambda: work("b"), "b"))
    while not begun:
        await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(*first, other) == [0, 1, 2, "b"]
    assert begun.index("b") < begun.index(2)
    assert offload._lanes == {}


@pytest.mark.parametrize("kind", ["generic", "hubspot", "crm", "cloudevents", "salesforce"])
def test_abandoned_work_is_no_fault_of_a_body(kind):
    body = next(body for what, body, _ in of_own(kind) if what == "1000 own bodies")

    def abandon():
        raise Abandoned

    with in_pieces(abandon), pytest.raises(Abandoned):
        parse(
            kind, body, sent(kind).content_type.replace("cloudevents+", "cloudevents-batch+"), dict(sent(kind).headers)
        )


def test_a_piece_is_small_beside_what_is_granted_before_others():
    assert pieces.PIECE * SHORT < 50_000, "a body of all the values that are taken at once waits for others"
