"""A real Alertmanager, of the machine or of Debian: a storm is one notification, a breach silences its warning, a restart forgets nothing."""

import asyncio
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.adapters.sql.store import SqlStore
from tests.alerting import HOUR, breached, fulfilled, warned
from tests.parts.alertmanager import Alertmanager
from tests.parts.sqlite import migrated_file
from tests.telling import teller

SECOND = timedelta(seconds=1)


class Receiver:
    """Keeps what Alertmanager notifies."""

    def __init__(self):
        self.got = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                """Nothing is printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def __enter__(self):
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


@pytest.fixture
def alertmanager(tmp_path, receiver):
    made = Alertmanager(tmp_path, receiver.url).start()
    yield made
    made.close()


@pytest.fixture
async def role(tmp_path, alertmanager):
    store = SqlStore(await migrated_file(tmp_path / "s.db"))
    await store.start()
    channel = {
        "name": "prometheus",
        "kind": "alertmanager",
        "url": alertmanager.url,
        "allow_private": True,
        "repeat": "5m",
    }
    async with teller(store, channel, timeout=20.0) as made:
        made.at = datetime.now(UTC)
        yield made
    await store.close()


def broken(role, number):
    return breached(number, due_at=role.at - 3 * HOUR, noticed_at=role.at)


async def until(condition, seconds=25):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.1)


def states(alertmanager):
    return {(a["labels"]["kind"], a["status"]["state"]) for a in alertmanager.alerts()}


async def test_a_storm_of_500_breaches_is_one_notification_and_its_end_is_one(role, alertmanager, receiver):
    await role.give(*[broken(role, n) for n in range(500)])
    await role.wait(30 * SECOND)
    await until(lambda: receiver.got)
    await asyncio.sleep(4)
    (storm,) = receiver.got
    assert (storm["status"], len(storm["alerts"]), storm["truncatedAlerts"]) == ("firing", 20, 480)
    assert storm["groupLabels"] == {"policy": "follow-up", "team": "field"}
    assert {"due_at", "summary"} <= storm["alerts"][0]["annotations"].keys()
    role.at = datetime.now(UTC)
    await role.give(*[fulfilled(n) for n in range(500)])
    await role.step()
    await until(lambda: len(receiver.got) > 1)
    assert receiver.got[1]["status"] == "resolved"
    await asyncio.sleep(4)
    assert len(receiver.got) == 2


async def test_a_breach_ends_the_warning_that_came_before_it(role, alertmanager):
    await role.give(warned(1, due_at=role.at + HOUR))
    await role.wait(30 * SECOND)
    assert states(alertmanager) == {("warning", "active")}
    await role.give(broken(role, 1))
    await role.wait(6 * 60 * SECOND)
    await until(lambda: ("warning", "active") not in states(alertmanager))
    assert ("breach", "active") in states(alertmanager)


async def test_an_alertmanager_that_started_again_without_its_memory_is_told_what_is_open(role, alertmanager):
    await role.give(broken(role, 1), broken(role, 2))
    await role.wait(30 * SECOND)
    assert len(alertmanager.alerts()) == 2
    alertmanager.close(kill=True)
    alertmanager.start()
    assert alertmanager.alerts() == []
    await role.wait(5 * 60 * SECOND)
    assert {a["labels"]["clock_id"] for a in alertmanager.alerts()} == {"clk_1", "clk_2"}
    annotations = [a["annotations"] for a in alertmanager.alerts()]
    assert all("late" in one["summary"] and "Call or write" in one["description"] for one in annotations)
