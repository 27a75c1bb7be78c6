"""Alive and ready: the port of roles without HTTP, the one of ingest, and what was away at the start."""

import asyncio
from functools import partial
from types import SimpleNamespace

import httpx
import pytest

from services.bootstrap.api import add_health, bare_app
from services.bootstrap.health import health_app, readiness
from services.bootstrap.running import start_late
from services.door.problems import Trouble
from services.observability.pulses import Pulses
from services.ports.errors import LogUnavailable, SchemaOutdated, SpoolFull, StoreUnavailable, StoreWentBack


class Part:
    def __init__(self):
        self.error = None

    async def check(self):
        if self.error is not None:
            raise self.error

    async def check_for_gap(self):
        if self.has_gap:
            raise StoreWentBack

    async def check_spool(self, limit):
        if self.waiting >= limit:
            raise SpoolFull

    waiting = 0
    has_gap = False


@pytest.fixture
def parts():
    made = SimpleNamespace(store=Part(), log=Part(), now=[0.0], settings=SimpleNamespace(spool_limit=3))
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
    assert await ask(parts, "/readyz") == (200, {"status": "ready", "store": "ok", "log": "ok", "router": "ok"})


async def test_a_store_that_went_back_is_named_and_the_process_is_left_in_service(parts):
    parts.store.has_gap = True
    degraded = {"status": "degraded", "store": "ok", "log": "ok", "router": "ok", "positions": "StoreWentBack"}
    assert await ask(parts, "/readyz") == (200, degraded)


async def test_a_log_that_does_not_answer_makes_it_unready_and_leaves_it_alive(parts):
    parts.log.error = LogUnavailable()
    assert await ask(parts, "/readyz") == (
        503,
        {"status": "unready", "store": "ok", "log": "LogUnavailable", "router": "ok"},
    )
    assert (await ask(parts, "/healthz"))[0] == 200


async def test_a_store_that_answers_too_late_counts_as_one_that_does_not(parts, monkeypatch):
    monkeypatch.setattr("services.bootstrap.readiness.PATIENCE", 0.0)
    parts.store.check = asyncio.Event().wait
    assert await ask(parts, "/readyz") == (
        503,
        {"status": "unready", "store": "TimeoutError", "log": "ok", "router": "ok"},
    )


async def test_a_loop_that_stands_still_makes_it_unready(parts):
    parts.now[0] = 61.0
    assert await ask(parts, "/readyz") == (
        503,
        {"status": "unready", "store": "ok", "log": "ok", "router": "no step for 61 s"},
    )


# --- of a process that takes webhooks
class Knowing:
    """Keys that may know everything; without one nothing is known."""

    async def check(self, request, authorization, *scopes):
        assert scopes == ("metrics:read", "ops:read")
        if authorization != "Bearer known":
            raise Trouble("no_key")


async def ask_ingest(parts, roles=False, key="known"):
    app = bare_app()
    alone = parts if roles else SimpleNamespace(**{**vars(parts), "pulses": Pulses()})
    add_health(app, partial(readiness, alone, True), Knowing())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ingest") as client:
        answer = await client.get("/readyz", headers={"authorization": f"Bearer {key}"} if key else {})
        return answer.status_code, answer.json()


@pytest.mark.parametrize("key", ["", "guess"])
async def test_m8_without_a_key_only_the_state_is_told(parts, key):
    assert await ask_ingest(parts, key=key) == (200, {"status": "ready"})
    parts.log.error, parts.store.error = LogUnavailable(), StoreUnavailable()
    assert await ask_ingest(parts, key=key) == (503, {"status": "unready"})


async def test_ingest_is_ready(parts):
    assert await ask_ingest(parts) == (200, {"status": "ready", "store": "ok", "log": "ok"})


@pytest.mark.parametrize(("away", "error"), [("log", LogUnavailable), ("store", StoreUnavailable)])
async def test_ingest_stays_ready_and_says_degraded_while_one_of_the_two_is_away(parts, away, error):
    getattr(parts, away).error = error()
    status, said = await ask_ingest(parts)
    assert status == 200
    assert said == {"store": "ok", "log": "ok", "status": "degraded", away: error.__name__}


async def test_the_port_of_hooks_and_api_says_of_each_role_of_its_process_whether_it_goes_on(parts):
    ready = {"store": "ok", "log": "ok"}
    assert await ask_ingest(parts, roles=True) == (200, {"status": "ready", **ready, "router": "ok"})
    parts.now[0] = 61.0
    still = {"status": "degraded", **ready, "router": "no step for 61 s"}
    assert await ask_ingest(parts, roles=True) == (200, still), "webhooks are taken all the same"


async def test_ingest_is_unready_when_both_are_away(parts):
    parts.store.error, parts.log.error = StoreUnavailable(), LogUnavailable()
    assert await ask_ingest(parts) == (
        503,
        {"status": "unready", "store": "StoreUnavailable", "log": "LogUnavailable"},
    )


@pytest.mark.parametrize("waiting", [2, 3])
async def test_ingest_is_unready_when_the_log_is_away_and_the_spool_takes_no_more(parts, waiting):
    parts.log.error, parts.store.waiting = LogUnavailable(), waiting
    said = {"store": "ok", "log": "LogUnavailable"}
    full = (503, {"status": "unready", **said, "spool": "SpoolFull"})
    assert await ask_ingest(parts) == (full if waiting == 3 else (200, {"status": "degraded", **said}))


async def test_a_full_spool_does_not_matter_while_the_log_takes_signals(parts):
    parts.store.waiting = 3
    assert await ask_ingest(parts) == (200, {"status": "ready", "store": "ok", "log": "ok"})


@pytest.mark.parametrize("intake", [True, False])
async def test_the_port_of_its_own_sees_a_full_spool_where_webhooks_are_taken(parts, intake):
    parts.log.error, parts.store.waiting = LogUnavailable(), 3
    transport = httpx.ASGITransport(app=health_app(parts, intake=intake))
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json().get("spool")) == (503, "SpoolFull" if intake else None)


async def test_the_port_of_its_own_says_the_same_of_a_process_that_takes_webhooks(parts):
    parts.log.error = LogUnavailable()
    transport = httpx.ASGITransport(app=health_app(parts, intake=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


# --- of a part that was away at the start
class Late:
    def __init__(self, *errors):
        self.errors, self.stop = list(errors), asyncio.Event()

    async def start(self):
        if self.errors:
            raise self.errors.pop(0)
        self.stop.set()


async def test_a_part_that_was_away_is_tried_until_it_is_there():
    late = Late(LogUnavailable(), StoreUnavailable())
    await start_late(late.start, late.stop, pause=0.0)
    assert late.errors == [] and late.stop.is_set()


async def test_a_schema_that_is_not_ours_ends_the_process_when_the_store_comes():
    late = Late(StoreUnavailable(), SchemaOutdated())
    with pytest.raises(SchemaOutdated):
        await start_late(late.start, late.stop, pause=0.0)


async def test_trying_ends_with_the_process():
    late = Late(*[LogUnavailable() for _ in range(1000)])
    task = asyncio.create_task(start_late(late.start, late.stop, pause=3600.0))
    await asyncio.sleep(0)
    late.stop.set()
    await task
    assert len(late.errors) == 999
