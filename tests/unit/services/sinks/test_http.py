"""Calls over HTTP: where they go, and which of them are shown."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.sinks.calls import Call, Shown
from services.sinks.http import Endpoint, HttpCaller, ShowingCaller
from services.sinks.limits import Allowance, Bucket
from services.sinks.outcomes import Trouble


def caller(handler, allowance=None, now=None, **values):
    endpoint = Endpoint("http://127.0.0.1:8069", **{"timeout": 5, "allow_private": True, **values})
    client = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return HttpCaller(client, endpoint, allowance or Allowance(None, None), now or (lambda: datetime.now(UTC)))


async def test_a_call_goes_below_the_address_of_its_sink_or_to_the_server_that_it_names():
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx.Response(204)

    call = caller(answer)
    await call(Call("GET", "/api/x?y=1"))
    await call(Call("POST", "/token", b"z", base="http://127.0.0.2:8070"))
    assert asked == ["http://127.0.0.1:8069/api/x?y=1", "http://127.0.0.2:8070/token"]


async def test_another_server_is_looked_at_as_the_own_one_is():
    with pytest.raises(Trouble) as caught:
        await caller(lambda _: httpx.Response(204), allow_private=False)(Call("POST", "/token", base="http://10.0.0.1"))
    assert (caught.value.kind, caught.value.code) == ("refused_setup", "address_is_not_public")


async def test_what_only_logs_in_is_not_shown():
    showing = ShowingCaller()
    for call in (Call("POST", "/token", b"secret", is_login=True), Call("PATCH", "/x", is_write=True)):
        with pytest.raises(Shown):
            await showing(call)
    assert showing.take() == "PATCH /x"


async def test_an_answer_says_how_much_is_left_and_by_which_clock_it_was_sent():
    now = datetime(2026, 11, 30, 9, tzinfo=UTC)
    headers = {"x-ratelimit-remaining": "0", "date": "Mon, 30 Nov 2026 08:58:00 GMT"}
    allowance = Allowance(Bucket(100, timedelta(seconds=100)), None)
    call = caller(lambda _: httpx.Response(200, headers=headers), allowance, lambda: now)
    assert call.clock_offset is None
    await call(Call("GET", "/x"))
    assert call.clock_offset == timedelta(minutes=2)
    assert allowance.reserve(1, now) == timedelta(seconds=1)


@pytest.mark.parametrize("date", ["yesterday", "", "Mon, 30 Nov 2026 08:58:00 -0000"])
async def test_a_date_that_is_none_says_nothing(date):
    call = caller(lambda _: httpx.Response(200, headers={"date": date}))
    await call(Call("GET", "/x"))
    assert call.clock_offset is None
