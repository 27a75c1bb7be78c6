"""The port of roles without HTTP: alive, and ready only while store, log and every loop are well."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest

from services.bootstrap.health import health_app
from services.ports import LogUnavailable
from services.pulses import Pulses


class Part:
    def __init__(self):
        self.error = None

    async def check(self):
        if self.error is not None:
            raise self.error


@pytest.fixture
def parts():
    made = SimpleNamespace(store=Part(), log=Part(), now=[0.0])
    made.pulses = Pulses(lambda: made.now[0])
    made.pulses.of("router")
    return made


async def ask(parts, path):
    transport = httpx.ASGITransport(app=health_app(parts))
    async with httpx.AsyncClient(transport=transport, base_url="http://role") as client:
        answer = await client.get(path)
        return answer.status_code, answer.json()


async def test_all_is_well(parts):
    assert await ask(parts, "/healthz") == (200, {"status": "ok"})
    assert await ask(parts, "/readyz") == (200, {"store": "ok", "log": "ok", "router": "ok"})


async def test_a_log_that_does_not_answer_makes_it_unready_and_leaves_it_alive(parts):
    parts.log.error = LogUnavailable()
    assert await ask(parts, "/readyz") == (503, {"store": "ok", "log": "LogUnavailable", "router": "ok"})
    assert (await ask(parts, "/healthz"))[0] == 200


async def test_a_store_that_answers_too_late_counts_as_one_that_does_not(parts, monkeypatch):
    monkeypatch.setattr("services.bootstrap.health.PATIENCE", 0.0)
    parts.store.check = asyncio.Event().wait
    assert await ask(parts, "/readyz") == (503, {"store": "TimeoutError", "log": "ok", "router": "ok"})


async def test_a_loop_that_stands_still_makes_it_unready(parts):
    parts.now[0] = 61.0
    assert await ask(parts, "/readyz") == (503, {"store": "ok", "log": "ok", "router": "no step for 61 s"})
