"""Incidents over the API, by Slack's button, by the page behind a link, by the command line."""

import asyncio
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import pytest
import yaml

from services.alerts.tokens import token_of
from services.bootstrap.acknowledging import acknowledging_of
from services.bootstrap.running import BACKGROUND
from services.cli.main import main
from tests.alerting import breached
from tests.api import bearer, installed
from tests.setups import EXAMPLES
from tests.telling import announce

SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"
ALERTS = {
    "version": 1,
    "channels": [
        {"name": "room", "kind": "slack", "token": "STAFETT_SECRET_SLACK", "room": "C0123456", "signing_secret": "STAFETT_SECRET_SIGNING"},
        {"name": "duty", "kind": "pagerduty", "routing_key": "STAFETT_SECRET_DUTY", "webhook_secret": "STAFETT_SECRET_HOOK", "url": "https://127.0.0.1:1"},
    ],
}  # fmt: skip


def with_slack_id():
    roster = yaml.safe_load((EXAMPLES / "roster.yaml").read_text())
    next(p for p in roster["people"] if p["id"] == "elin")["notify"] = {"slack": "U0ELIN", "email": "elin@example.com"}
    return yaml.safe_dump(roster)


@pytest.fixture
async def api(tmp_path):
    files = {"alerts.yaml": yaml.safe_dump(ALERTS), "roster.yaml": with_slack_id()}
    secrets = {"STAFETT_SECRET_SLACK": "xoxb-1", "STAFETT_SECRET_SIGNING": SIGNING}
    secrets |= {"STAFETT_SECRET_DUTY": "R" * 32, "STAFETT_SECRET_HOOK": SIGNING}
    async with installed(tmp_path, files=files, secrets=secrets) as made:
        yield made


@pytest.fixture
async def breaches(api):
    """The role runs, and two promises were broken."""
    task = asyncio.create_task(BACKGROUND["alerts"](api.parts)(api.stopping))
    async with asyncio.timeout(20):
        await api.parts.incidents.fold_next([], lambda *_: None)
        await announce(api.parts.store, breached(1), breached(2))
        while len((await api.get("/v1/incidents"))["incidents"]) < 2:
            await asyncio.sleep(0.05)
    yield
    api.stopping.set()
    await task


async def post(api, path, key="incidents:write", status=200, **more):
    answer = await api.client.post(path, headers=bearer(key), **more)
    assert answer.status_code == status, answer.text
    return answer


async def test_incidents_are_listed_shown_and_acknowledged_by_the_keys_name(api, breaches):
    first, second = (await api.get("/v1/incidents"))["incidents"]
    assert (first["state"], first["level"], first["lead"] in ("lead_1", "lead_2")) == ("firing", "breach", True)
    assert await api.get(f"/v1/incidents/{first['id']}") == first
    done = (await post(api, f"/v1/incidents/{first['id']}/acknowledge")).json()["incidents"]
    assert [(i["state"], i["acknowledged_by"]) for i in done] == [("acknowledged", "incidents:write")]
    again = (await post(api, f"/v1/incidents/{first['id']}/acknowledge")).json()["incidents"]
    assert again == done
    assert [i["id"] for i in (await api.get("/v1/incidents", state="acknowledged"))["incidents"]] == [first["id"]]
    assert [i["id"] for i in (await api.get("/v1/incidents", state="firing"))["incidents"]] == [second["id"]]
    page = await api.get("/v1/incidents", limit=1)
    assert len((await api.get("/v1/incidents", limit=1, after=page["next"]))["incidents"]) == 1


async def test_who_may_not_acknowledge_does_not(api, breaches):
    (first, _) = (await api.get("/v1/incidents"))["incidents"]
    await post(api, f"/v1/incidents/{first['id']}/acknowledge", key="leads:read", status=403)
    await post(api, f"/v1/incidents/{first['id']}/acknowledge", key="", status=401)
    await post(api, "/v1/incidents/inc_none/acknowledge", status=404)
    await api.get("/v1/incidents/inc_none", status=404)
    assert {i["state"] for i in (await api.get("/v1/incidents"))["incidents"]} == {"firing"}


def press(value, member="U0ELIN", action="acknowledge"):
    payload = {"type": "block_actions", "user": {"id": member}, "actions": [{"action_id": action, "value": value}]}
    return urlencode({"payload": json.dumps(payload)}).encode()


def slack_headers(body, stamp=None, secret=SIGNING):
    stamp = str(int(time.time()) if stamp is None else stamp)
    proof = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-slack-signature": f"v0={proof}", "x-slack-request-timestamp": stamp,
        "content-type": "application/x-www-form-urlencoded",
    }  # fmt: skip


async def test_slacks_button_acknowledges_as_the_person_who_pressed_it(api, breaches):
    first, second = (i["id"] for i in (await api.get("/v1/incidents"))["incidents"])
    for ident, member, by in ((first, "U0ELIN", "elin"), (second, "U0STRANGER", "slack U0STRANGER")):
        body = press(ident, member)
        answer = await api.client.post("/v1/alerts/slack/room", content=body, headers=slack_headers(body))
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await api.get(f"/v1/incidents/{ident}"))["acknowledged_by"] == by


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        (lambda b: slack_headers(b, secret="another"), "room", 401),
        (lambda b: slack_headers(b, stamp=time.time() - 400), "room", 401),
        (lambda b: slack_headers(b, stamp=0), "room", 401),
        (lambda b: {}, "room", 401),
        (lambda b: slack_headers(b) | {"x-slack-request-timestamp": "x"}, "room", 401),
        (lambda b: slack_headers(b), "another", 404),
    ],
)
async def test_what_slack_did_not_sign_acknowledges_nothing(api, breaches, headers, path, status):
    (first, _) = (await api.get("/v1/incidents"))["incidents"]
    body = press(first["id"])
    answer = await api.client.post(f"/v1/alerts/slack/{path}", content=body, headers=headers(body))
    assert answer.status_code == status
    assert (await api.get(f"/v1/incidents/{first['id']}"))["state"] == "firing"


@pytest.mark.parametrize(
    "body", [b"", b"payload=", b"payload=[]", b"\xff", press("inc_1", action="other"), b"payload={}"]
)
async def test_presses_that_are_not_ours_are_answered_and_change_nothing(api, breaches, body):
    answer = await api.client.post("/v1/alerts/slack/room", content=body, headers=slack_headers(body))
    assert answer.status_code == 200
    assert {i["state"] for i in (await api.get("/v1/incidents"))["incidents"]} == {"firing"}


def acknowledged_there(key, kind="incident.acknowledged", user="PELIN"):
    return json.dumps({"event": {"event_type": kind, "agent": {"id": user}, "data": {"incident_key": key}}}).encode()


def duty_headers(body, secret=SIGNING):
    return {"x-pagerduty-signature": f"v1=0,v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


async def test_what_is_acknowledged_in_pagerduty_is_acknowledged_here_and_stops_no_clock(api, breaches):
    (first, second) = (await api.get("/v1/incidents"))["incidents"]
    for _ in range(2):  # PagerDuty may send it again
        body = acknowledged_there(first["id"])
        answer = await api.client.post("/v1/alerts/pagerduty/duty", content=body, headers=duty_headers(body))
        assert (answer.status_code, answer.content) == (200, b"")
    seen = await api.get(f"/v1/incidents/{first['id']}")
    assert (seen["state"], seen["acknowledged_by"]) == ("acknowledged", "pagerduty PELIN")
    assert (await api.get(f"/v1/incidents/{second['id']}"))["state"] == "firing"


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        (lambda b: duty_headers(b, secret="another"), "duty", 401),
        (lambda b: duty_headers(b + b" "), "duty", 401),
        (lambda b: {}, "duty", 401),
        (lambda b: duty_headers(b), "another", 404),
    ],
)
async def test_what_pagerduty_did_not_sign_acknowledges_nothing(api, breaches, headers, path, status):
    (first, _) = (await api.get("/v1/incidents"))["incidents"]
    body = acknowledged_there(first["id"])
    answer = await api.client.post(f"/v1/alerts/pagerduty/{path}", content=body, headers=headers(body))
    assert answer.status_code == status
    assert (await api.get(f"/v1/incidents/{first['id']}"))["state"] == "firing"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        acknowledged_there(None),
        acknowledged_there("inc_none"),
        acknowledged_there("x", "pagey.ping"),
    ],
)
async def test_other_events_of_pagerduty_are_answered_and_change_nothing(api, breaches, body):
    answer = await api.client.post("/v1/alerts/pagerduty/duty", content=body, headers=duty_headers(body))
    assert answer.status_code == 200
    assert {i["state"] for i in (await api.get("/v1/incidents"))["incidents"]} == {"firing"}


async def test_a_link_shows_a_page_and_only_its_button_acknowledges(api, breaches):
    (first, _) = (await api.get("/v1/incidents"))["incidents"]
    url = f"/alerts/{token_of(api.parts.key, first['id'], 'elin')}"
    assert "elin" not in url
    for _ in range(2):
        page = await api.client.get(url)
        assert page.status_code == 200 and '<form method="post">' in page.text
    assert (await api.get(f"/v1/incidents/{first['id']}"))["state"] == "firing", "a scanner opens every link"
    assert "form-action 'self'" in page.headers["content-security-policy"]
    done = await api.client.post(url)
    assert done.status_code == 200 and "Seen by elin" in done.text
    assert (await api.get(f"/v1/incidents/{first['id']}"))["acknowledged_by"] == "elin"


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1] + ("a" if t[-1] != "a" else "b"), lambda t: t.partition(".")[0], lambda t: "x" + t]
)
async def test_a_link_that_we_did_not_make_opens_nothing(api, breaches, change):
    (first, _) = (await api.get("/v1/incidents"))["incidents"]
    url = f"/alerts/{change(token_of(api.parts.key, first['id'], 'elin'))}"
    assert (await api.client.get(url)).status_code == 404
    assert (await api.client.post(url)).status_code == 404
    assert (await api.get(f"/v1/incidents/{first['id']}"))["state"] == "firing"


async def test_where_somebody_is_told_is_personal(api):
    hidden = (await api.get("/v1/roster", key="facts"))["people"]
    shown = (await api.get("/v1/roster"))["people"]
    of_elin = [next(p for p in people if p["id"] == "elin")["notify"] for people in (hidden, shown)]
    assert of_elin[0] is None and of_elin[1]["slack"] == "U0ELIN"


async def test_the_command_line_lists_and_acknowledges(api, breaches, tmp_path, capsys, monkeypatch):
    done = await acknowledging_of(api.parts)("inc_none", "x")
    assert done == []
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path}/s.db", "DEPLOYMENT_KEY": "k" * 64, "SECRET_SLACK": "x", "SECRET_SIGNING": SIGNING,
        "SECRET_CRM": "whsec_c2VjcmV0",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"STAFETT_{name}", value)
    at = ["--config", str(tmp_path / "config")]
    assert await asyncio.to_thread(main, ["incidents", "list", *at]) == 0
    table = capsys.readouterr().out
    assert table.count("inc_") == 2 and "follow-up" in table
    ident = next(word for word in table.split() if word.startswith("inc_"))
    assert await asyncio.to_thread(main, ["incidents", "acknowledge", ident, "--person", "elin", *at]) == 0
    assert capsys.readouterr().out == f"{ident}: acknowledged by elin\n"
    assert await asyncio.to_thread(main, ["incidents", "acknowledge", "inc_none", *at]) == 1
    assert "there is no incident" in capsys.readouterr().err
    assert await asyncio.to_thread(main, ["incidents", "list", "--state", "acknowledged", "--json", *at]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == ident
