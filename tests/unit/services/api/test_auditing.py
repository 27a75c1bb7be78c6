"""What is noted before an answer goes out, and what happens where it cannot be."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from services.api.auditing import KEEP_EVERY, Audited, Auditor
from services.ports.audit import Use
from services.ports.errors import StoreRejected, StoreUnavailable

LOOK = Use("page", "elin", "elin", "GET /leads/{lead}", "lead_a", 200)
OTHER = LOOK._replace(subject="lead_b")


class Book:
    """The port, in memory; `is_away` makes it refuse."""

    def __init__(self):
        self.kept, self.writes, self.is_away = Counter(), [], False

    async def add(self, uses, at):
        if self.is_away:
            raise StoreUnavailable("away")
        if any("\x00" in use.subject for use in uses):
            raise StoreRejected("no such text")
        self.kept.update(uses)
        self.writes.append((dict(uses), at))


class World:
    def __init__(self):
        self.now, self.book = datetime(2026, 11, 30, 15, 10, tzinfo=UTC), Book()
        self.auditor = Auditor(self.book, lambda: self.now)


@pytest.fixture
def world():
    return World()


async def test_the_first_of_its_kind_is_durable_and_the_next_ones_are_counted(world):
    for _ in range(5):
        await world.auditor.note(LOOK)
    assert world.book.kept == {LOOK: 1}
    world.now += KEEP_EVERY
    await world.auditor.note(LOOK)
    assert world.book.kept == {LOOK: 6}


async def test_another_kind_takes_along_what_was_counted(world):
    for use in (LOOK, LOOK, OTHER):
        await world.auditor.note(use)
    assert world.book.kept == {LOOK: 2, OTHER: 1}


async def test_what_was_counted_in_an_hour_is_written_as_of_that_hour(world):
    for _ in range(3):
        await world.auditor.note(LOOK)
    world.now += timedelta(hours=2)
    await world.auditor.note(LOOK)
    assert [(uses, at.hour) for uses, at in world.book.writes] == [({LOOK: 1}, 15), ({LOOK: 2}, 15), ({LOOK: 1}, 17)]


async def test_nothing_that_was_counted_is_lost_while_the_store_is_away(world):
    await world.auditor.note(LOOK)
    await world.auditor.note(LOOK)
    world.book.is_away = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await world.auditor.note(OTHER)
    world.book.is_away = False
    await world.auditor.keep()
    assert world.book.kept == {LOOK: 2, OTHER: 2}


async def answer(world, method, use=LOOK):
    """(statuses that went out, body) of one request."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"anna@example.com"})

    async def send(message):
        sent.append(message)

    audited = Audited(app, world.auditor, lambda scope, status: use)
    await audited({"type": "http", "method": method, "path": "/", "headers": []}, None, send)
    return [m["status"] for m in sent if "status" in m], b"".join(m.get("body", b"") for m in sent)


async def test_nobody_reads_what_cannot_be_noted_and_what_was_changed_is_answered_and_noted_later(world):
    world.book.is_away = True
    status, body = await answer(world, "GET")
    assert status == [503] and b"anna" not in body
    assert await answer(world, "POST", OTHER) == ([200], b"anna@example.com")
    world.book.is_away = False
    assert await answer(world, "GET") == ([200], b"anna@example.com")
    assert world.book.kept == {LOOK: 1, OTHER: 1}


async def test_what_is_nobodys_business_is_not_noted(world):
    world.book.is_away = True
    assert await answer(world, "GET", use=None) == ([200], b"anna@example.com")
    assert not world.book.kept


async def test_a_use_that_the_store_never_takes_holds_up_no_other(world):
    await world.auditor.note(LOOK)
    await world.auditor.note(LOOK)
    await world.auditor.note(LOOK._replace(subject="\x00"))
    await world.auditor.note(OTHER)
    assert world.book.kept == {LOOK: 2, OTHER: 1}


async def test_a_persons_data_is_given_to_nobody_of_whom_it_cannot_be_noted(world):
    world.book.is_away = True
    status, body = await answer(world, "POST", LOOK._replace(action="exportPerson", subject=""))
    assert status == [503] and b"anna" not in body
