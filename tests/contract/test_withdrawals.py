"""What waits for somebody unknown, on both engines: it goes with its link, and of two routers that touch it one begins again."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from routing.model.links import WAITING
from services.adapters.sql.pruning import prune
from services.ports.errors import Conflict
from services.ports.rows import LinkRow, WithdrawalChange, Writes

NOW = datetime(2026, 6, 8, tzinfo=UTC)
ANNA, BO = ("default", "email", "anna"), ("default", "email", "bo")
MAIL, MORE = '{"email":"2026-06-01T00:00:00Z"}', '{"email":"2026-06-01T00:00:00Z","sms":"2026-06-02T00:00:00Z"}'


def beginning(who=ANNA, after=MAIL, at=NOW):
    return Writes(links=[LinkRow(*who, WAITING)], withdrawals=[WithdrawalChange(*who, "", after, at)])


def growing(who=ANNA):
    return Writes(withdrawals=[WithdrawalChange(*who, MAIL, MORE, NOW)])


def ending(who=ANNA, lead="lead_1"):
    return Writes(links=[LinkRow(*who, lead)], withdrawals=[WithdrawalChange(*who, MAIL, "", NOW)])


def new_lead(who=ANNA, lead="lead_1"):
    """A lead of somebody for whom nothing waits."""
    return Writes(links=[LinkRow(*who, lead)])


def stopping(who=ANNA):
    """Consent was given since, and nobody knows them still."""
    return Writes(withdrawals=[WithdrawalChange(*who, MAIL, "", NOW)])


async def write(store, writes, fails=False):
    async with store.batch() as batch:
        await batch.write(writes)
        if fails:
            raise ZeroDivisionError


async def there(store, *keys):
    async with store.batch() as batch:
        return await batch.links(keys), await batch.withdrawals(keys)


async def test_it_waits_by_its_identity_and_grows_and_ends_with_its_link(store):
    await write(store, beginning())
    await write(store, beginning(BO))
    assert await there(store, ANNA, BO) == (dict.fromkeys([ANNA, BO], WAITING), dict.fromkeys([ANNA, BO], MAIL))
    await write(store, growing())
    assert (await there(store, ANNA))[1] == {ANNA: MORE}
    await write(store, Writes(withdrawals=[WithdrawalChange(*ANNA, MORE, MAIL, NOW)]))
    await write(store, ending())
    assert await there(store, ANNA, BO) == ({ANNA: "lead_1", BO: WAITING}, {BO: MAIL})
    await write(store, stopping(BO))
    assert await there(store, ANNA, BO) == ({ANNA: "lead_1"}, {})
    await write(store, beginning(BO))
    assert await there(store, BO) == ({BO: WAITING}, {BO: MAIL})


async def test_nothing_waits_for_nobody(store):
    assert await there(store) == ({}, {})


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        (None, beginning(), new_lead()),
        (None, new_lead(), beginning()),
        (None, beginning(), beginning(after=MORE)),
        (beginning(), growing(), ending()),
        (beginning(), ending(), growing()),
        (beginning(), ending(), ending(lead="lead_2")),
        (beginning(), stopping(), growing()),
        (beginning(), stopping(), stopping()),
    ],
)
async def test_whoever_comes_second_to_what_both_read_begins_anew(store, before, first, second):
    if before is not None:
        await write(store, before)
    results = await asyncio.gather(write(store, first), write(store, second), return_exceptions=True)
    assert sorted(type(one) for one in results if one is not None) == [Conflict]
    links, waiting = await there(store, ANNA)
    assert (links.get(ANNA) == WAITING) == (ANNA in waiting), "a row goes with its link"


async def test_a_batch_that_fails_leaves_it_as_it_was(store):
    await write(store, beginning())
    with pytest.raises(ZeroDivisionError):
        await write(store, ending(), fails=True)
    assert await there(store, ANNA) == ({ANNA: WAITING}, {ANNA: MAIL})


async def test_what_waited_longer_than_it_is_kept_goes_with_its_link_and_a_leads_link_stays(store):
    await write(store, beginning(at=NOW - timedelta(days=40)))
    await write(store, beginning(BO, at=NOW - timedelta(days=1)))
    await write(store, new_lead(("default", "email", "eva")))
    assert await prune(store.engines, {"withdrawals": NOW - timedelta(days=30)}) == {"withdrawals": 1}
    eva = ("default", "email", "eva")
    assert await there(store, ANNA, BO, eva) == ({BO: WAITING, eva: "lead_1"}, {BO: MAIL})
