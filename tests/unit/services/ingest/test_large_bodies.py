"""Large bodies are read beside the event loop, in a bounded number at once, and cost no more than their size."""

import asyncio
import json
import threading

import pytest

from services.door.problems import Trouble
from services.ingest import app
from services.ingest.limits.offload import LARGE, WORKERS, Offload
from services.ingest.quarantine.aside import MAX_ENTRIES
from tests.unit.services.ingest.test_hooks import NAME, Kept, client, source

ROW = {"event": "lead.created", "email": "anna@example.com", "note": "x" * 1000}
BATCH = json.dumps([ROW | {"id": number} for number in range(900)]).encode()
SMALL = json.dumps(ROW).encode()
JSON = {"content-type": "application/json"}


@pytest.fixture
def threads(monkeypatch):
    """The threads on which bodies were read, in order."""
    seen, read = [], app.read_signed

    def spied(*given):
        seen.append(threading.current_thread())
        return read(*given)

    monkeypatch.setattr(app, "read_signed", spied)
    return seen


LARGER = source("generic", max_events=1000, burst=5000, client_burst=5000)
"""A thousand events of one body are for who proves themselves, unless the source says otherwise."""


async def test_a_large_body_is_verified_and_read_beside_the_loop_and_a_small_one_on_it(threads, monkeypatch):
    verified, verify = [], app.verify

    def spied(*given):
        verified.append(threading.current_thread())
        return verify(*given)

    monkeypatch.setattr(app, "verify", spied)
    kept = Kept()
    async with client(LARGER, kept) as http:
        for body in (BATCH, SMALL):
            assert (await http.post("/v1/hooks/s", content=body, headers=JSON)).status_code == 202
    assert len(kept.signals) == 901
    assert len(BATCH) > LARGE > len(SMALL)
    here = threading.current_thread()
    assert threads[0] is verified[0] is not here
    assert threads[1] is verified[1] is here


async def test_while_a_large_body_is_read_others_are_answered(monkeypatch):
    begun, go_on, read = asyncio.Event(), threading.Event(), app.read_signed
    loop = asyncio.get_running_loop()

    def read_when_allowed(source, body, *more):
        if len(body) > LARGE:
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(60)
        return read(source, body, *more)

    monkeypatch.setattr(app, "read_signed", read_when_allowed)
    async with client(source("generic")) as http:
        large = asyncio.create_task(http.post("/v1/hooks/s", content=BATCH, headers=JSON))
        try:
            await begun.wait()
            assert (await http.post("/v1/hooks/s", content=SMALL, headers=JSON)).status_code == 202
            assert not large.done()
        finally:
            go_on.set()
        assert (await large).status_code == 202


async def test_a_large_body_that_proves_nothing_is_refused_all_the_same():
    verify = {"scheme": "hmac", "header": "x-sig", "secrets": [NAME]}
    async with client(source("generic", verify)) as http:
        answer = await http.post("/v1/hooks/s", content=BATCH, headers={**JSON, "x-sig": "00"})
    assert answer.status_code == 401


async def test_who_waits_too_long_behind_other_large_bodies_is_told_to_come_again_and_is_not_read_later():
    offload, go_on, done = Offload(seconds=0.2), threading.Event(), []
    held = [asyncio.create_task(offload.run(bytes(LARGE + 1), lambda: go_on.wait(60), str(n))) for n in range(WORKERS)]
    await asyncio.sleep(0)  # they come first
    try:
        with pytest.raises(Trouble) as caught:
            await offload.run(bytes(LARGE + 1), lambda: done.append(1))
    finally:
        go_on.set()
        await asyncio.gather(*held, return_exceptions=True)
    assert (caught.value.code, caught.value.retry_after) == ("unavailable", 5)
    await offload.run(bytes(LARGE + 1), lambda: None)
    assert done == []


UNCLEAR = json.dumps([{"nr": number, "note": "x" * 1000} for number in range(1000)]).encode()


async def test_a_body_of_a_thousand_parts_that_nobody_understands_is_kept_once(monkeypatch):
    kept, stripped, strip = Kept(), [], app.set_aside.__globals__["hide_secrets"]
    monkeypatch.setitem(app.set_aside.__globals__, "hide_secrets", lambda *given: stripped.append(1) or strip(*given))
    async with client(LARGER, kept) as http:
        answer = await http.post("/v1/hooks/s", content=UNCLEAR, headers=JSON)
    (entry,) = kept.aside
    assert answer.json() == {"signals": [], "quarantined": [entry.id]}
    assert (entry.place, entry.body, stripped) == ("$", UNCLEAR, [1])
    assert entry.reason == "1000 parts were not understood; the first is $[0]: names neither a person nor a record"


async def test_of_few_such_parts_each_has_an_entry_of_its_own_and_a_repetition_has_the_same():
    body = json.dumps([{"nr": number} for number in range(MAX_ENTRIES)] + [ROW]).encode()
    kept = Kept()
    async with client(LARGER, kept) as http:
        answers = [await http.post("/v1/hooks/s", content=body, headers=JSON) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert [entry.place for entry in kept.aside[:MAX_ENTRIES]] == [f"$[{n}]" for n in range(MAX_ENTRIES)]
    assert len({entry.id for entry in kept.aside}) == MAX_ENTRIES
