"""The vendors' stand-ins on their real sockets: what a client sees of each kind of fault."""

import socket
import time

import httpx
import pytest

from tests.parts.vendors.faults import COMMIT_THEN_DROP, DROP_BEFORE, HTML_403, Plan, commit_then_silence
from tests.parts.vendors.hubspot import HubSpotApi
from tests.parts.vendors.hubspot_account import KEY
from tests.parts.vendors.hubspot_records import Property
from tests.parts.vendors.published import from_environment
from tests.parts.vendors.server import serve

ONE = {"inputs": [{"id": "ho_1", "idProperty": KEY, "properties": {"dealname": "Firma AB", "dealstage": "offered"}}]}
PATH = "/crm/objects/2026-09/deals/batch/upsert"


@pytest.fixture
def api():
    made = HubSpotApi(plan=Plan(), oracle=from_environment("2026-09"))
    made.add_property("deals", Property(KEY, is_unique=True))
    return made


@pytest.fixture
def client(api):
    headers = {"authorization": "Bearer pat-eu1-stand-in"}
    with serve(api) as url, httpx.Client(base_url=url, headers=headers, timeout=5, trust_env=False) as made:
        yield made


def test_a_connection_serves_one_request_after_the_other(api, client):
    answers = [client.post(PATH, json=ONE) for _ in range(3)]
    assert [a.json()["results"][0]["new"] for a in answers] == [True, False, False]
    assert api.violations == [] and [entry.status for entry in api.log] == [200] * 3
    assert client.request("DELETE", "/crm/objects/2026-09/deals/1").status_code == 204


@pytest.mark.parametrize(("fault", "is_written"), [(DROP_BEFORE, False), (COMMIT_THEN_DROP, True)])
def test_a_connection_that_breaks_leaves_the_client_without_an_answer(api, client, fault, is_written):
    api.plan.once(fault)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.post(PATH, json=ONE)
    assert bool(api.truth()) is is_written
    assert client.post(PATH, json=ONE).json()["results"][0]["new"] is not is_written


def test_what_is_answered_too_late_was_done(api, client):
    api.plan.once(commit_then_silence(1.5))
    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        client.post(PATH, json=ONE, timeout=0.3)
    assert time.monotonic() - started < 1.2 and list(api.truth()) == ["ho_1"]
    assert client.get("/account-info/2026-09/details").status_code == 200, "others do not wait for it"


def test_a_request_that_was_cut_off_never_arrived(api, client):
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=5) as raw:
        head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n"
        raw.sendall(head.encode() + b'{"inputs":')
    assert client.get("/account-info/2026-09/details").status_code == 200
    assert [entry.route for entry in api.log] == ["account"] and api.violations == []


def test_a_page_of_a_firewall_is_a_page(api, client):
    api.plan.once(HTML_403)
    answer = client.post(PATH, json=ONE)
    assert answer.status_code == 403 and answer.headers["content-type"].startswith("text/html")
    assert "Cloudflare" in answer.text
