"""How much each sender may send, before and after the proof: H6, M2, M3, L8."""

import asyncio
import json
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from schemas.sources import Source
from services.door.limits import Buckets, Sampled
from services.ingest.app import Hooks
from services.ingest.configured.source import Configured
from services.ingest.limits.offload import LARGE, takes_long
from services.ports.errors import QuarantineFull
from tests.unit.services.ingest.test_hooks import HMAC, NAME, NOW, TRUSTED, Kept

FORM = {"email": "anna@example.com", "form_id": "demo"}


class World:
    """Hooks with one source each of a form and of a signed kind, a clock in hand, and clients at any address."""

    def __init__(self, *sources, trusted=(), stops=None):
        self.at, self.kept = 0.0, Kept()
        found = {
            entry.name: Configured(entry, ("a secret of 24 letters..",) if entry.verify.scheme != "none" else (), ())
            for entry in sources
        }
        hooks = Hooks(found, self.kept, b"k" * 32, lambda: NOW, trusted=trusted, ticks=lambda: self.at, stops=stops)
        self.app = Starlette(
            routes=[
                Route("/v1/hooks/{source}", hooks, methods=["POST"]),
                Route("/v1/hooks/{source}", hooks.greet, methods=["GET", "HEAD", "OPTIONS"]),
            ]
        )

    async def post(self, name, address="203.0.113.1", **how):
        return (await self._ask("POST", name, address, **how)).status_code

    async def get(self, name, address="203.0.113.1", **how):
        return (await self._ask("GET", name, address, **how)).status_code

    async def _ask(self, method, name, address, **how):
        transport = httpx.ASGITransport(self.app, client=(address, 5))
        async with httpx.AsyncClient(transport=transport, base_url="https://in.example") as http:
            return await http.request(method, f"/v1/hooks/{name}", **how)


def form(**more):
    return Source(name="web", kind=more.pop("kind", "form"), verify={"scheme": "none"}, **more)


SIGNED = Source(name="crm", kind="generic", verify=HMAC)


async def test_h6_one_client_at_ten_times_the_rate_of_the_source_takes_nothing_from_others():
    world = World(form(rate=10, burst=20))
    flood, honest = [], []
    for tick in range(200):
        world.at = tick * 0.05
        flood += [await world.post("web", "203.0.113.66", data=FORM) for _ in range(5)]
        honest.append(await world.post("web", f"198.51.100.{tick}", data=FORM) if tick % 4 == 0 else 202)
    assert honest == [202] * 200
    assert flood.count(202) <= 10 + 2 * 10 + 1 and flood.count(429) >= 960


async def test_h6_an_ipv6_client_is_its_64_and_not_its_address():
    world = World(form(rate=10, burst=20))
    answers = [await world.post("web", f"2001:db8:0:1::{n:x}", data=FORM) for n in range(40)]
    assert answers.count(202) == 10
    assert await world.post("web", "2001:db8:0:2::1", data=FORM) == 202


async def test_h6_behind_a_trusted_proxy_clients_are_those_that_it_names():
    world = World(form(rate=10, burst=20), trusted=TRUSTED)
    flood = [
        await world.post("web", "10.0.0.1", data=FORM, headers={"x-forwarded-for": "203.0.113.66"}) for _ in range(40)
    ]
    assert flood.count(202) == 10
    assert await world.post("web", "10.0.0.1", data=FORM, headers={"x-forwarded-for": "198.51.100.7"}) == 202
    answers = [
        await world.post("web", "203.0.113.9", data=FORM, headers={"x-forwarded-for": f"198.51.100.{n}"})
        for n in range(40)
    ]
    assert answers.count(202) < 20, "nobody else's word is taken"


async def test_h6_signals_and_bytes_count_as_requests_do():
    world = World(form(kind="generic", rate=10, burst=100))
    rows = [{"email": f"a{n}@example.com"} for n in range(40)]
    assert await world.post("web", json=rows) == 202
    assert await world.post("web", json=rows) == 202
    assert await world.post("web", json=rows) == 429, "80 signals are 80 requests"
    assert len(world.kept.signals) == 80
    world = World(form(rate=10, burst=20))
    large = b"email=a@example.com&message=" + b"a" * 900_000
    head = {"content-type": "application/x-www-form-urlencoded"}
    assert await world.post("web", content=large, headers=head) == 202
    assert await world.post("web", content=large, headers=head) == 429


async def test_h6_bytes_that_no_length_announced_count_as_well():
    async def parts():
        for _ in range(14):
            yield b"email=a@example.com&message=" + b"a" * 65_536

    world = World(form(rate=10, burst=20))
    head = {"content-type": "application/x-www-form-urlencoded"}
    assert await world.post("web", content=parts(), headers=head) == 202
    assert await world.post("web", data=FORM) == 429


async def test_h6_a_body_of_an_unproven_sender_has_few_events_and_is_set_aside_whole_beyond():
    rows = [{"email": f"a{n}@example.com"} for n in range(101)]
    world = World(form(kind="generic"))
    assert await world.post("web", json=rows) == 202
    assert not world.kept.signals and "at most 100" in world.kept.aside[0].reason
    world = World(form(kind="generic", max_events=200, burst=500))
    assert await world.post("web", json=rows) == 202
    assert len(world.kept.signals) == 101


async def test_h6_a_proven_sender_has_no_bound_unless_its_source_says_so():
    secret = {"scheme": "token", "header": "X-Token", "secrets": [NAME]}
    head = {"x-token": "a secret of 24 letters.."}
    rows = [{"email": f"a{n}@example.com"} for n in range(300)]
    world = World(Source(name="crm", kind="generic", verify=secret))
    assert {await world.post("crm", json=rows, headers=head) for _ in range(3)} == {202}
    world = World(Source(name="crm", kind="generic", verify=secret, rate=1, burst=2))
    assert [await world.post("crm", json=rows, headers=head) for _ in range(3)] == [202, 202, 429]


async def test_h5_a_full_quarantine_is_answered_429_and_what_is_understood_goes_on(caplog):
    async def full(entries, unproven=False):
        assert unproven
        if entries:
            raise QuarantineFull("as many bodies of this source wait in quarantine as may")

    world = World(form(kind="generic"))
    world.kept.set_aside = full
    answer = await world._ask("POST", "web", "203.0.113.1", content=b"\xff")
    assert answer.status_code == 429 and answer.headers["retry-after"] == "300"
    assert "wait in quarantine as may" in answer.json()["detail"]
    assert await world.post("web", json={"email": "a@b.example"}) == 202
    assert [record.code for record in caplog.records] == ["quarantine_full"]


class Stopped:
    def is_stopped(self, source):
        return True


async def test_m1_a_source_that_stopped_itself_is_told_to_come_back_and_one_without_proof_is_taken():
    world = World(SIGNED, form(), stops=Stopped())
    answer = await world._ask("POST", "crm", "203.0.113.1", json={})
    assert answer.status_code == 503 and answer.json()["type"] == "urn:stafett:problem:stopped"
    assert answer.headers["retry-after"] == "300"
    assert await world.post("web", data=FORM) == 202


async def test_m3_who_proves_nothing_is_kept_out_after_a_while_and_logged_once_a_second(caplog):
    world = World(SIGNED)
    answers = [await world.post("crm", json={}, headers={"x-sig": "00" * 32}) for _ in range(1500)]
    assert answers[:30] == [401] * 30 and set(answers[30:]) == {429}
    assert len(caplog.records) == 2, "one line for each reason"
    world.at = 2.0
    assert await world.post("crm", json={}, headers={"x-sig": "00" * 32}) == 401
    world.at = 2.01
    assert await world.post("crm", json={}, headers={"x-sig": "00" * 32}) == 401
    assert await world.post("crm", json={}, headers={"x-sig": "00" * 32}) == 429
    counts = {record.code: record.count for record in caplog.records[2:]}
    assert counts == {"wrong": 30, "kept_out": 1470}


async def test_m3_an_address_that_failed_keeps_out_no_other_and_no_other_source():
    world = World(SIGNED, form())
    for _ in range(40):
        await world.post("crm", json={})
    assert await world.post("crm", json={}) == 429
    assert await world.post("crm", "198.51.100.7", json={}) == 401
    assert await world.post("web", data=FORM) == 202


async def test_m3_nothing_of_a_body_is_read_of_who_is_kept_out():
    world, read = World(SIGNED), []

    async def body():
        read.append(1)
        yield b"{}"

    for _ in range(40):
        await world.post("crm", json={})
    assert await world.post("crm", content=body()) == 429
    # httpx itself asks for the first part; the hook asked for none.
    assert len(read) <= 1


async def test_m2_no_secret_that_proves_deliveries_answers_a_handshake(caplog):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "a secret of 24 letters.."}
    for kind in ("meta_lead_ads", "generic", "crm", "form", "linkedin", "hubspot"):
        world = World(Source(name="crm", kind=kind, verify=HMAC))
        assert await world.get("crm", params=asked) == 401
        assert await world.get("crm", params={"hub.verify_token": "x"}) == 401
        guesses = [await world.get("crm", params={**asked, "hub.verify_token": str(n)}) for n in range(100)]
        assert guesses.count(401) == 28 and guesses.count(429) == 72
        # What is asked of a form by GET is a form, which brings no proof.
        assert {record.code for record in caplog.records} == {"missing" if kind == "form" else "handshake", "kept_out"}
        caplog.clear()


async def test_m2_what_linkedin_asks_to_be_signed_can_be_no_delivery():
    world = World(Source(name="crm", kind="linkedin", verify=HMAC))
    assert await world.get("crm", params={"challengeCode": "0f2bb1d2-9a8e-4a1c-8f1e-2f4f4a0c7e11"}) == 200
    for code in ("hmacsha256=abc", "hmacsha256=", "a.b", "", "a" * 65, '{"a": 1}'):
        assert await world.get("crm", params={"challengeCode": code}) == 401


async def test_l8_a_name_of_no_source_is_answered_as_a_delivery_without_proof():
    world = World(SIGNED)
    there = await world._ask("POST", "crm", "203.0.113.1", json={})
    missing = await world._ask("POST", "nobody", "203.0.113.1", json={})
    assert (there.status_code, there.json()) == (missing.status_code, missing.json())


async def test_l8_names_cannot_be_listed_at_will(caplog):
    world = World(SIGNED)
    answers = [await world.post(f"name{n}", json={}) for n in range(100)]
    assert answers == [401] * 30 + [429] * 70
    assert [await world.get(f"name{n}") for n in range(5)] == [429] * 5
    assert len(caplog.records) == 2 and {record.source for record in caplog.records} == {"unknown"}


def test_h6_what_takes_long_is_told_by_what_is_in_it_and_not_by_bytes_alone():
    rows = json.dumps([{"email": f"a{n}@example.com"} for n in range(1000)]).encode()
    assert len(rows) < LARGE and takes_long(rows)
    for small in (b"email=anna@example.com&name=Anna+Ek&form_id=demo", json.dumps(FORM).encode(), b"a" * LARGE, b""):
        assert not takes_long(small)
    begun = time.thread_time()
    for _ in range(100):
        takes_long(b"a" * LARGE)
    assert time.thread_time() - begun < 0.2


async def test_h6_the_loop_goes_on_while_a_thousand_events_are_read():
    world, beats = World(form(kind="generic", max_events=1000, burst=5000, client_burst=5000)), []

    async def beat():
        while True:
            beats.append(time.monotonic())
            await asyncio.sleep(0.005)

    beating = asyncio.create_task(beat())
    rows = [{"email": f"a{n}@example.com", "name": "Anna Ek"} for n in range(900)]
    await asyncio.gather(*(world.post("web", json=rows) for _ in range(2)))
    beating.cancel()
    assert len(world.kept.signals) == 1800
    assert len(beats) > 10, "it was not stopped for the whole of it"


def test_buckets_refill_and_debts_are_paid_within_a_minute():
    buckets = Buckets(rate=2, burst=4)
    for _ in range(4):
        assert buckets.wait("a", 0.0) == 0
        buckets.charge("a", 0.0)
    assert buckets.wait("a", 0.0) == 1 and buckets.wait("b", 0.0) == 0
    assert buckets.wait("a", 0.5) == 0
    buckets.charge("a", 1.0, cost=1_000_000)
    assert 0 < buckets.wait("a", 1.0) <= 61
    assert buckets.wait("a", 62.0) == 0


def test_names_of_strangers_take_bounded_memory():
    buckets, lines = Buckets(1, 1, most=100), Sampled(most=100)
    for number in range(10_000):
        buckets.charge(number, 0.0)
        lines.count(number, 0.0)
    assert len(buckets._levels) == len(lines._seen) == 100
    assert buckets.wait(9_999, 0.0) == 1


@pytest.mark.parametrize("every", [1.0, 60.0])
def test_lines_say_how_often_it_happened_since(every):
    lines = Sampled(every)
    assert lines.count("a", 0.0) == 1
    assert [lines.count("a", 0.1) for _ in range(5)] == [None] * 5
    assert lines.count("b", 0.1) == 1
    assert lines.count("a", every) == 6
