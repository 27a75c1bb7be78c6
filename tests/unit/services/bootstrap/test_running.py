"""Roles in one process: what is said of a failure, and an end in bounded time."""

import asyncio
import contextlib
import logging

import pytest

from services.bootstrap.running import BACKGROUND, run_roles
from services.ports.errors import ClusterChanged, OffsetLost
from services.router.role import BudgetSpent
from services.settings import load


class Parts:
    settings, late, ring = load({"STAFETT_SHUTDOWN_TIMEOUT": "10ms"}), (), None

    class log:  # noqa: N801 - a stand-in
        cluster = "c"

    class time:  # noqa: N801 - a stand-in
        @staticmethod
        async def keep(stop):
            await stop.wait()


@pytest.fixture
def roles(monkeypatch):
    """Puts these in the place of all roles: {name: what its run does}."""

    def put(leave=pytest.fail, **runs):
        for name, run in runs.items():
            monkeypatch.setitem(BACKGROUND, name, lambda _, run=run: run)
        return run_roles(Parts, list(runs), leave)

    monkeypatch.setattr("services.bootstrap.running.spare_the_collector", lambda: None)
    return put


def failing(error):
    async def run(_):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "said", "fields"),
    [
        (OffsetLost("t.signals.v1", 3, 7, 20), "begins at 20", {"topic": "t.signals.v1", "partition": 3, "offset": 7}),
        (ClusterChanged(), "run `stafett db restored`", {}),
        (BudgetSpent(101, 100), "the budget is 100", {"count": 101, "limit": 100}),
        (ExceptionGroup("watches", [ClusterChanged()]), "run `stafett db restored`", {}),
    ],
)
async def test_a_failure_that_an_operator_has_to_act_on_says_what_happened_and_where(
    roles, caplog, error, said, fields
):
    assert await roles(router=failing(error)) == 1
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert said in line.getMessage()
    assert {name: getattr(line, name) for name in fields} == fields


async def test_of_any_other_failure_only_the_class_is_said(roles, caplog):
    assert await roles(router=failing(ValueError("anna@example.com"))) == 1
    assert "role failed: ValueError" in caplog.messages


async def test_a_stop_of_all_roles_is_status_0(roles):
    assert await roles(router=over, relay=wait_on) == 0


async def over(_):
    """As after a signal: a role that ends stops the others."""


async def wait_on(stop):
    await stop.wait()


async def busy(_):
    await asyncio.Event().wait()


async def deaf(_):
    while not OVER.is_set():
        with contextlib.suppress(asyncio.CancelledError):
            await OVER.wait()


OVER = asyncio.Event()


async def test_a_role_that_is_late_is_cut_off_and_the_status_is_1(roles, caplog):
    assert await roles(router=over, relay=busy, delivery=wait_on) == 1
    assert caplog.messages == ["did not stop in time"]


async def test_a_role_that_is_deaf_to_its_cancellation_is_left_behind(roles, caplog, monkeypatch):
    monkeypatch.setattr("services.bootstrap.running.CANCEL_SECONDS", 0.01)
    left = []
    assert await roles(leave=left.append, router=failing(ValueError()), relay=deaf) == 1
    assert left == [1]
    assert "does not end when it is cancelled; leaving it behind" in caplog.messages
    OVER.set()
