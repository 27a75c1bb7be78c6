"""Signed webhooks to a real server on this machine: order, retries, redirects, signatures that the receiver verifies."""

import asyncio
import json
from datetime import timedelta
from email.utils import format_datetime

import pytest

from schemas.sources import Scheme
from schemas.subscriptions import Breaker, RateValue, Subscription
from services.adapters.sql.deliveries import SqlDeliveries
from services.delivery.role import Delivery, Subscriber
from services.ingest.proof.verify import Request, verify
from services.outbound.client import is_public
from services.outbound.posting import Poster
from services.ports.errors import StoreUnavailable
from tests.setups import setup, signal

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """Answers with the statuses it is given, then 204."""

    def __init__(self):
        self.got, self.statuses, self.extra = [], [], ""

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/hook"
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.split("\r\n")[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        status = self.statuses.pop(0) if self.statuses else 204
        self.got.append((status, headers, body))
        extra = "Location: http://127.0.0.1:1/\r\n" if status == 302 else self.extra
        writer.write(f"HTTP/1.1 {status} X\r\n{extra}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


@pytest.fixture
async def receiver():
    async with Receiver() as made:
        yield made


def worker(running, receiver, schedule=(timedelta(seconds=1),) * 5, **more):
    given = {"name": "crm", "url": receiver.url, "events": ("stafett.handover.*",), "secrets": ("STAFETT_SECRET_X",)}
    subscriber = Subscriber(Subscription(**{**given, "allow_private": True, **more}), (SECRET,))

    async def subscribers():
        return {subscriber.subscription.name: subscriber}

    return Delivery(
        SqlDeliveries(running.store.engines), subscribers, lambda: running.at, schedule=schedule
    ), subscriber


async def rounds(running, delivery, subscriber, count=12):
    async with Poster() as poster:
        for _ in range(count):
            await delivery.step(poster, subscriber)
            running.at += timedelta(seconds=2)


async def forms(running, delivery, subscriber, count):
    """So many leads, each with an event of its own."""
    await rounds(running, delivery, subscriber, 1)
    for number in range(count):
        await running.give(signal(number, "form.submitted", lead=f"lead{number}", form_id="demo", at=running.at))


async def offered(running, delivery, subscriber):
    await rounds(running, delivery, subscriber, 1)
    await running.give(
        signal(1, "form.submitted", form_id="demo", at=running.at), signal(2, "sales.accepted", at=running.at)
    )


def kinds(receiver, status=204):
    return [json.loads(body)["type"] for got, _, body in receiver.got if got == status]


async def test_events_arrive_signed_in_the_leads_order_with_the_very_bytes_of_the_feed(running, receiver):
    delivery, subscriber = worker(running, receiver)
    await offered(running, delivery, subscriber)
    await rounds(running, delivery, subscriber)
    assert kinds(receiver) == ["stafett.handover.offered.v1", "stafett.handover.accepted.v1"]
    feed = await running.events()
    for _, headers, body in receiver.got:
        assert body.decode() in feed
        request = Request("POST", "", headers, body)
        verify(
            Scheme(scheme="standard_webhooks", secrets=("STAFETT_SECRET_X",)),
            [SECRET],
            request,
            int(headers["webhook-timestamp"]),
        )


async def test_a_tool_that_reads_no_envelopes_gets_the_same_event_flat_and_signed_the_same_way(running, receiver):
    delivery, subscriber = worker(running, receiver, payload="flat")
    await offered(running, delivery, subscriber)
    await rounds(running, delivery, subscriber)
    envelopes = {event["id"]: event for event in map(json.loads, await running.events())}
    assert len(receiver.got) == 2
    for _, headers, body in receiver.got:
        flat, envelope = json.loads(body), envelopes[headers["webhook-id"]]
        assert headers["content-type"] == "application/json"
        assert not any(isinstance(value, dict | list) for value in flat.values())
        assert (flat["event_id"], flat["event_type"]) == (envelope["id"], envelope["type"])
        assert flat["handover_id"] == envelope["data"]["handover_id"]
        if flat["event_type"] == "stafett.handover.offered.v1":
            assert flat["personal_person_email"] == "anna@example.com"
        scheme = Scheme(scheme="standard_webhooks", secrets=("STAFETT_SECRET_X",))
        verify(scheme, [SECRET], Request("POST", "", headers, body), int(headers["webhook-timestamp"]))


@pytest.mark.parametrize("status", [500, 429, 302])
async def test_what_is_not_taken_is_tried_again_and_nothing_of_the_lead_overtakes_it(running, receiver, status):
    receiver.statuses = [status, status]
    delivery, subscriber = worker(running, receiver)
    await offered(running, delivery, subscriber)
    await rounds(running, delivery, subscriber)
    assert [got for got, _, _ in receiver.got] == [status, status, 204, 204]
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got[:3]}) == 1
    assert kinds(receiver) == ["stafett.handover.offered.v1", "stafett.handover.accepted.v1"]


async def test_after_the_last_try_the_event_is_given_up_and_the_next_one_goes(running, receiver):
    receiver.statuses = [500, 500, 500]
    delivery, subscriber = worker(running, receiver, schedule=(timedelta(seconds=1),) * 2)
    await offered(running, delivery, subscriber)
    await rounds(running, delivery, subscriber)
    assert kinds(receiver) == ["stafett.handover.accepted.v1"]
    stored = SqlDeliveries(running.store.engines)
    (state,) = await stored.states()
    assert (state.pending, state.failed) == (0, 1)
    tried = await stored.attempts("crm", failed=True)
    assert [(t.state, t.number, t.status, t.error) for t in tried] == [("failed", n, 500, None) for n in (1, 2, 3)]
    assert [t.state for t in await stored.attempts("crm")] == ["failed"] * 3 + ["delivered"]
    assert await stored.attempts("another") == []


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"secret": "whsec_no base64"}, "Error"),
        ({"url": "https://127.0.0.1:99999/"}, "ValueError"),
        ({"url": "https://127.0.0.1/\x7f"}, "InvalidURL"),
    ],
)
async def test_whatever_an_attempt_fails_with_is_noted_and_the_others_go_on(running, receiver, wrong, error):
    delivery, subscriber = worker(running, receiver)
    other = Subscriber(subscriber.subscription.model_copy(update={"name": "other"}), (SECRET,))
    config = {"name": "broken", "url": wrong.get("url", receiver.url)}
    broken = Subscriber(subscriber.subscription.model_copy(update=config), (wrong.get("secret", SECRET),))
    await rounds(running, delivery, broken, 1)
    await offered(running, delivery, other)
    await rounds(running, delivery, broken, 2)
    await rounds(running, delivery, other)
    assert {t.error for t in await SqlDeliveries(running.store.engines).attempts("broken")} == {error}
    assert kinds(receiver) == ["stafett.handover.offered.v1", "stafett.handover.accepted.v1"]


async def test_410_disables_the_subscription_and_enabling_it_sends_everything_since_in_order(running, receiver):
    receiver.statuses = [410]
    delivery, subscriber = worker(running, receiver)
    await offered(running, delivery, subscriber)
    await rounds(running, delivery, subscriber)
    assert len(receiver.got) == 1
    (state,) = await SqlDeliveries(running.store.engines).states()
    assert (state.disabled, state.pending) == ("the receiver answered 410 Gone", 2)
    assert await SqlDeliveries(running.store.engines).disable("crm", None)
    await rounds(running, delivery, subscriber)
    assert kinds(receiver) == ["stafett.handover.offered.v1", "stafett.handover.accepted.v1"]


async def state_of(running):
    (state,) = await SqlDeliveries(running.store.engines).states()
    return state


@pytest.mark.parametrize(("status", "extra"), [(429, "Retry-After: 60\r\n"), (503, "Retry-After: {date}\r\n")])
async def test_a_receiver_that_asks_for_a_pause_is_asked_nothing_about_anybody_until_it_is_over(
    running, receiver, status, extra
):
    delivery, subscriber = worker(running, receiver)
    await forms(running, delivery, subscriber, 6)
    receiver.statuses = [status]
    receiver.extra = extra.format(date=format_datetime(running.at + timedelta(seconds=60), usegmt=True))
    subscriber = subscriber._replace(
        subscription=subscriber.subscription.model_copy(update={"rate": RateValue(1, "s"), "burst": 1})
    )
    await rounds(running, delivery, subscriber, 15)
    assert [got for got, _, _ in receiver.got] == [status]
    assert (await state_of(running)).pause == "throttled"
    running.at += timedelta(seconds=60)
    await rounds(running, delivery, subscriber, 10)
    assert [got for got, _, _ in receiver.got] == [status] + [204] * 6
    assert (await state_of(running))[5:] == (0, None, None, None)


async def test_a_receiver_that_fails_is_spared_probed_and_then_gets_all_at_once_in_each_leads_order(running, receiver):
    breaker = Breaker(failures=3, pause=timedelta(seconds=60), longest=timedelta(hours=1))
    delivery, subscriber = worker(running, receiver, breaker=breaker, schedule=(timedelta(hours=1),) * 2)
    await forms(running, delivery, subscriber, 6)
    await running.give(*[signal(f"x{n}", "sales.accepted", lead=f"lead{n}", at=running.at) for n in range(6)])
    receiver.statuses = [500] * 9
    await rounds(running, delivery, subscriber, 20)
    assert len(receiver.got) == 6, "all that was under way, then nothing"
    assert (await state_of(running)).pause == "open"
    for waits, asked in ((60, 7), (120, 8), (240, 9)):
        running.at += timedelta(seconds=waits)
        await rounds(running, delivery, subscriber, 2)
        assert len(receiver.got) == asked
    running.at += timedelta(seconds=480)
    await rounds(running, delivery, subscriber, 4)
    by_lead = {}
    for status, _, body in receiver.got:
        if status == 204:
            by_lead.setdefault(json.loads(body)["subject"], []).append(json.loads(body)["type"].split(".")[2])
    assert list(by_lead.values()) == [["offered", "accepted"]] * 6
    assert (await state_of(running)).failed == 0, "probes give nothing up"


async def test_a_receiver_that_takes_nothing_for_days_is_disabled_and_enabling_it_sends_everything(
    running, receiver, caplog
):
    breaker = Breaker(
        failures=2, pause=timedelta(hours=1), longest=timedelta(hours=12), disable_after=timedelta(days=2)
    )
    delivery, subscriber = worker(running, receiver, breaker=breaker, schedule=(timedelta(hours=1),))
    await forms(running, delivery, subscriber, 3)
    receiver.statuses = [500] * 100
    for _ in range(60):
        running.at += timedelta(hours=1)
        await rounds(running, delivery, subscriber, 1)
    state = await state_of(running)
    assert state.disabled.startswith("it took nothing since 2026-11-24T") and state.pending == 3 and state.failed == 0
    assert "subscription disabled: its receiver took nothing for days" in caplog.messages
    receiver.statuses = []
    assert await SqlDeliveries(running.store.engines).disable("crm", None)
    await rounds(running, delivery, subscriber, 2)
    assert kinds(receiver) == ["stafett.handover.offered.v1"] * 3


async def test_no_more_is_sent_than_the_rate_says(running, receiver):
    delivery, subscriber = worker(running, receiver, rate="1/s", burst=2)
    await forms(running, delivery, subscriber, 10)
    before = len(receiver.got)
    counts = []
    for _ in range(4):
        await rounds(running, delivery, subscriber, 1)  # of two seconds
        counts.append(len(receiver.got) - before)
    assert counts == [2, 4, 6, 8]


async def test_a_private_address_is_refused_unless_the_subscription_allows_it(running, receiver):
    delivery, subscriber = worker(running, receiver, url=receiver.url.replace("http:", "https:"), allow_private=False)
    await offered(running, delivery, subscriber)
    await rounds(running, delivery, subscriber)
    assert receiver.got == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:10.0.0.1", "0.0.0.0", "224.0.0.1"],  # noqa: S104 - an address that is refused
)
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


async def test_one_slow_answer_does_not_keep_the_others_back(running, receiver):
    delivery, subscriber = worker(running, receiver)
    delivery._concurrency = 2
    await forms(running, delivery, subscriber, 6)
    asked = []
    at_once = delivery._answer

    async def answer(poster, outlet, due, *, now):
        asked.append(due.event_id)
        if len(asked) == 1:
            async with asyncio.timeout(20):
                while len(asked) < 6:
                    await asyncio.sleep(0.01)
        return await at_once(poster, outlet, due, now=now)

    delivery._answer = answer
    await rounds(running, delivery, subscriber, 1)
    assert len(set(asked)) == 6 and len(receiver.got) == 6


async def test_while_the_store_is_away_nothing_under_way_is_cut_off(running, receiver):
    delivery, subscriber = worker(running, receiver)
    await forms(running, delivery, subscriber, 3)
    finish_all = delivery._deliveries.finish_all
    noted = []

    async def away(outcomes):
        noted.append(len(outcomes))
        raise StoreUnavailable

    delivery._deliveries.finish_all = away
    with pytest.raises(StoreUnavailable):
        await rounds(running, delivery, subscriber, 1)
    assert len(receiver.got) == sum(noted) == 3, "each was tried to its end"
    delivery._deliveries.finish_all = finish_all
    running.at += timedelta(minutes=1)
    await rounds(running, delivery, subscriber, 1)
    assert sorted(headers["webhook-id"] for _, headers, _ in receiver.got[3:]) == sorted(
        headers["webhook-id"] for _, headers, _ in receiver.got[:3]
    )
