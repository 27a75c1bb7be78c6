"""Subscriptions over the API, on a running installation with a real receiver."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from services.adapters.sql.subscriptions import SqlSubscriptions
from tests.api import bearer, installed
from tests.e2e.test_deliveries import ONE, TWO, is_proven, receiving

ROLES = ("router", "relay", "sla", "delivery")
PRIVATE = {"STAFETT_DELIVERY_PRIVATE_BY_API": "true"}


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path, roles=ROLES, secrets=PRIVATE) as made:
        yield made


async def ask(api, method, path="", status=200, key="all", **body):
    answer = await api.client.request(
        method, f"/v1/subscriptions{path}", headers=bearer(key), **({"json": body} if body else {})
    )
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def make(api, receiver, name="crm", **more):
    order = {"name": name, "url": receiver.url, "events": ["handovers"], "allow_private": True, **more}
    return await ask(api, "POST", status=201, **order)


async def until(ready):
    async with asyncio.timeout(20):
        while not (found := ready()):
            await asyncio.sleep(0.05)
    return found


async def finished(api, count):
    """Until so many tries are noted."""
    async with asyncio.timeout(20):
        while len((await ask(api, "GET", "/crm/attempts"))["attempts"]) < count:
            await asyncio.sleep(0.05)


async def offer(api, *names):
    for name in names:
        await api.form(email=f"{name}@example.com", name=name, form_id="demo")
    await api.settled()


async def test_one_that_is_made_gets_what_comes_next_and_its_secret_is_shown_once(api, receiver):
    await offer(api, "before")
    made = await make(api, receiver, rate="100/s")
    assert made["secret"].startswith("whsec_") and made["origin"] == "api" and made["made_by"] == "all"
    assert (made["rate"], made["secrets"], made["state"]["pending"]) == ("100/s", 1, 0)
    await offer(api, "anna")
    (got,) = await until(lambda: receiver.got)
    assert is_proven(got, made["secret"]) and json.loads(got[1])["data"]["personal"]["person"]["email"].startswith(
        "anna@"
    )
    await finished(api, 1)
    shown = await ask(api, "GET", "/crm")
    listed = await ask(api, "GET")
    assert listed == {"subscriptions": [shown]}
    assert made["secret"] not in json.dumps([shown, listed]) and "secret" not in shown
    (row,) = await SqlSubscriptions(api.parts.store.engines).all()
    assert made["secret"].removeprefix("whsec_").encode() not in row.secrets and made["secret"] not in row.body
    (tried,) = (await ask(api, "GET", "/crm/attempts"))["attempts"]
    assert (tried["event_id"], tried["state"], tried["status"]) == (got[0]["webhook-id"], "delivered", 204)


async def test_a_secret_of_ones_own_is_taken_and_a_weak_one_is_not(api, receiver):
    assert (await make(api, receiver, secret=ONE))["secret"] == ONE
    for weak in ("whsec_c2hvcnQ=", "no base64!"):
        order = {"name": "x", "url": receiver.url, "events": ["sla"], "allow_private": True, "secret": weak}
        problem = await ask(api, "POST", status=422, **order)
        assert problem["detail"].startswith("body.secret: ") and weak not in problem["detail"]


async def test_a_change_holds_for_the_next_event_and_the_rest_stays(api, receiver):
    made = await make(api, receiver, burst=5, rate="10/s")
    changed = await ask(api, "PATCH", "/crm", payload="flat", rate=None, burst=None)
    assert (changed["payload"], changed["rate"], changed["url"]) == ("flat", None, receiver.url)
    await asyncio.sleep(2)
    await offer(api, "anna")
    (got,) = await until(lambda: receiver.got)
    assert json.loads(got[1])["personal_person_email"] == "anna@example.com" and is_proven(got, made["secret"])
    for wrong in ({"burst": 3}, {"events": ["nothing"]}, {"url": None}, {"name": "other"}, {"rate": "fast"}):
        problem = await ask(api, "PATCH", "/crm", status=422, **wrong)
        assert problem["detail"].startswith("body"), problem


async def test_a_new_secret_signs_first_and_the_old_one_for_a_while(api, receiver):
    made = await make(api, receiver)
    new = await ask(api, "POST", "/crm/secrets", status=201, keep_old="2s")
    assert new["secret"] != made["secret"] and (await ask(api, "GET", "/crm"))["secrets"] == 2
    await asyncio.sleep(1.1)
    tested = await ask(api, "POST", "/crm/test")
    assert (
        tested["taken"] and is_proven(receiver.got[-1], new["secret"]) and is_proven(receiver.got[-1], made["secret"])
    )
    await asyncio.sleep(1.2)
    await ask(api, "POST", "/crm/test")
    assert is_proven(receiver.got[-1], new["secret"]) and not is_proven(receiver.got[-1], made["secret"])
    assert (await ask(api, "POST", "/crm/secrets", status=201, secret=TWO))["secret"] == TWO
    for _ in range(12):
        last = await ask(api, "POST", "/crm/secrets", status=201, keep_old="1h")
    assert (await ask(api, "GET", "/crm"))["secrets"] == 10
    await asyncio.sleep(2)
    await offer(api, "anna")
    await until(lambda: len(receiver.got) == 3)
    assert is_proven(receiver.got[-1], last["secret"])


async def test_one_that_is_deleted_is_sent_nothing_more(api, receiver):
    await make(api, receiver)
    await offer(api, "anna")
    await until(lambda: receiver.got)
    assert await ask(api, "DELETE", "/crm", status=204) is None
    await ask(api, "GET", "/crm", status=404)
    await ask(api, "DELETE", "/crm", status=404)
    await offer(api, "bo")
    await asyncio.sleep(1.5)
    assert len(receiver.got) == 1
    await make(api, receiver)
    await offer(api, "cia")
    await until(lambda: len(receiver.got) == 2)
    assert "cia@" in receiver.got[-1][1].decode()


async def test_one_that_is_disabled_keeps_its_place(api, receiver):
    await make(api, receiver)
    disabled = await ask(api, "POST", "/crm/disable")
    assert disabled["state"]["disabled"] == "over the API, by all"
    await offer(api, "anna", "bo")
    await asyncio.sleep(0.5)
    assert receiver.got == []
    assert (await ask(api, "POST", "/crm/enable"))["state"]["disabled"] is None
    await until(lambda: len(receiver.got) == 2)


async def test_events_are_replayed_one_by_one_and_by_window(api, receiver):
    await make(api, receiver)
    before = datetime.now().astimezone()
    await offer(api, "anna", "bo")
    await until(lambda: len(receiver.got) == 2)
    first = receiver.ids[0]
    assert await ask(api, "POST", "/crm/replay", status=202, event=first) == {"events": 1}
    await until(lambda: len(receiver.got) == 3)
    window = {"from": before.isoformat(), "to": (before + timedelta(hours=1)).isoformat()}
    assert await ask(api, "POST", "/crm/replay", status=202, **window) == {"events": 2}
    await until(lambda: len(receiver.got) == 5)
    assert receiver.ids[2] == first and set(receiver.ids[3:]) == set(receiver.ids[:2])
    await ask(api, "POST", "/crm/replay", status=404, event="evt_none")
    await ask(api, "POST", "/none/replay", status=404, event=first)
    for wrong in ({"event": first, **window}, {"to": window["to"]}, {"from": "yesterday"}):
        await ask(api, "POST", "/crm/replay", status=422, **wrong)


async def test_a_test_event_says_what_a_receiver_made_of_it(api, receiver):
    await make(api, receiver)
    receiver.status = 500
    tested = await ask(api, "POST", "/crm/test")
    assert (tested["taken"], tested["status"], tested["error"]) == (False, 500, None)
    receiver.server.server_close()
    tested = await ask(api, "POST", "/crm/test")
    assert (tested["taken"], tested["status"]) == (False, None) and tested["error"].endswith("Error")


async def test_names_are_given_once_and_those_of_the_file_are_the_files(tmp_path, receiver):
    async with installed(tmp_path, secrets={**PRIVATE, "STAFETT_SECRET_HOOK": ONE}) as api:
        entry = {"name": "ops", "url": receiver.url, "events": ["sla"], "secrets": ["STAFETT_SECRET_HOOK"]}
        text = json.dumps({"version": 1, "subscriptions": [entry | {"allow_private": True}]})
        (tmp_path / "config" / "subscriptions.yaml").write_text(text)
        await make(api, receiver)
        order = {"url": receiver.url, "events": ["sla"], "allow_private": True}
        taken = await ask(api, "POST", status=409, name="crm", **order)
        assert taken["type"] == "urn:stafett:problem:taken"
        for method, path, body in [
            ("POST", "", {"name": "ops", **order}),
            ("PATCH", "/ops", {"payload": "flat"}),
            ("DELETE", "/ops", {}),
            ("POST", "/ops/secrets", {"keep_old": "1h"}),
        ]:
            problem = await ask(api, method, path, status=409, **body)
            assert problem["type"] == "urn:stafett:problem:of_the_file" and "subscriptions.yaml" in problem["detail"]
        shown = (await ask(api, "GET"))["subscriptions"]
        assert [(one["name"], one["origin"], one["secrets"]) for one in shown] == [
            ("crm", "api", 1),
            ("ops", "file", 1),
        ]
        assert (await ask(api, "POST", "/ops/test"))["taken"] and is_proven(receiver.got[-1], ONE)
        await ask(api, "POST", "/ops/disable", status=404)


async def test_there_are_no_more_of_them_than_may_be(api, receiver):
    for number in range(50):
        await make(api, receiver, name=f"n{number}", events=["sla"])
    order = {"name": "more", "url": receiver.url, "events": ["sla"], "allow_private": True}
    assert (await ask(api, "POST", status=409, **order))["type"] == "urn:stafett:problem:full"


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"url": "http://crm.example.com/"}, "use https"),
        ({"url": "ftp://crm.example.com/"}, "body.url"),
        ({"url": "https://user:word@crm.example.com/"}, "has a user or a password"),
        ({"allow_private": True}, "STAFETT_DELIVERY_PRIVATE_BY_API"),
        ({"allow_private": True, "url": "http://169.254.169.254/"}, "STAFETT_DELIVERY_PRIVATE_BY_API"),
        ({"name": "No name"}, "body.name"),
        ({"secrets": ["STAFETT_SECRET_CRM"]}, "secrets"),
        ({"breaker": {"failures": 0}}, "body.breaker.failures"),
        ({"schedule": []}, "body.schedule"),
    ],
)
async def test_what_no_file_may_say_and_what_reaches_inside_is_refused(tmp_path, more, rule):
    async with installed(tmp_path, roles=()) as api:
        order = {"name": "crm", "url": "https://crm.example.com/", "events": ["sla"], **more}
        assert rule in (await ask(api, "POST", status=422, **order))["detail"]
        assert (await ask(api, "GET"))["subscriptions"] == []


async def test_a_public_name_that_leads_inside_is_not_called(tmp_path):
    async with installed(tmp_path, roles=()) as api:
        await ask(api, "POST", status=201, name="crm", url="https://localhost/", events=["sla"])
        tested = await ask(api, "POST", "/crm/test")
        assert (tested["taken"], tested["error"]) == (False, "AddressRefused")


async def test_a_key_of_one_brand_sees_and_makes_none(tmp_path, receiver):
    keys = [
        {"name": "nord", "key": "sk_nord_of_one_brand_alone", "scopes": ["subscriptions:read", "subscriptions:write"]}
    ]
    async with installed(tmp_path, roles=(), keys=[keys[0] | {"brands": ["nord"]}]) as api:
        order = {"name": "crm", "url": "https://crm.example.com/", "events": ["sla"]}
        for method, path, body in [
            ("GET", "", {}),
            ("POST", "", order),
            ("POST", "/crm/test", {}),
            ("DELETE", "/crm", {}),
        ]:
            problem = await ask(api, method, path, status=403, key="nord_of_one_brand_alone", **body)
            assert problem["type"] == "urn:stafett:problem:refused"


async def test_one_that_another_deployment_key_sealed_is_shown_and_can_be_given_a_new_secret(tmp_path, receiver):
    async with installed(tmp_path, roles=(), secrets=PRIVATE) as api:
        await make(api, receiver)
        store = SqlSubscriptions(api.parts.store.engines)
        (row,) = await store.all()
        assert await store.change(row._replace(revision=2, secrets=b"\x00" * 60))
        assert (await ask(api, "GET", "/crm"))["secrets"] == 0
        await ask(api, "POST", "/crm/secrets", status=201, secret=ONE)
        assert (await ask(api, "POST", "/crm/test"))["taken"] and is_proven(receiver.got[0], ONE)
