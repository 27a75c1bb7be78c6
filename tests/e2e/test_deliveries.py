"""Deliveries of a running installation to a real receiver: test events, replays, subscriptions and secrets that change."""

import json
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from schemas.sources import Scheme
from services.ingest.proof.verify import Refused, Request, verify
from tests.e2e.test_up import ROOT, STAFETT, Installed

ONE, TWO = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "whsec_bmV3ZXJuZXdlcm5ld2VybmV3ZXJuZXdlcg=="
SCHEME = Scheme(scheme="standard_webhooks", secrets=("STAFETT_SECRET_X",))


class Receiver:
    """Keeps what it is sent; answers with `status`."""

    def __init__(self):
        self.got, self.status = [], 204

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def ids(self):
        return [headers["webhook-id"] for headers, _ in self.got]

    def until(self, count):
        until = time.monotonic() + 20
        while len(self.got) < count:
            assert time.monotonic() < until, self.ids
            time.sleep(0.05)
        return self.got


@contextmanager
def receiving():
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    receiver.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
def made(tmp_path, receiver):
    made = Installed(tmp_path / "mine")
    write_secret(made, ONE)
    with (made.folder / ".env").open("a") as env:
        env.write("STAFETT_SECRET_HOOK_FILE=hook\n")
    entry = {"name": "crm", "url": receiver.url, "events": ["handovers"], "secrets": ["STAFETT_SECRET_HOOK"]}
    text = json.dumps({"version": 1, "subscriptions": [entry | {"allow_private": True}]})
    (made.folder / "subscriptions.yaml").write_text(text)
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()


def write_secret(made, secret):
    (made.folder / "hook").write_text(f"{secret}\n")


def offer(made, name):
    assert made.post(email=f"{name}@example.com", name=name, form_id="demo").status_code == 202


def call(made, *words):
    done = subprocess.run(
        [*STAFETT, *words, "--config", str(made.folder)],
        cwd=ROOT,
        env=made.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def is_proven(got, secret):
    headers, body = got
    try:
        verify(SCHEME, [secret], Request("POST", "", headers, body), int(headers["webhook-timestamp"]))
    except Refused:
        return False
    return True


def test_a_test_event_is_signed_sent_once_and_its_fate_is_the_exit_status(made, receiver):
    status, out, _ = call(made, "delivery", "test", "crm")
    said = json.loads(out)
    assert (status, said["subscription"], said["taken"], said["status"], said["error"]) == (0, "crm", True, 204, None)
    ((headers, body),) = receiver.got
    event = json.loads(body)
    assert (event["type"], event["mode"], event["id"]) == ("stafett.delivery.tested.v1", "test", said["event_id"])
    assert headers["webhook-id"] == event["id"] and is_proven(receiver.got[0], ONE)
    receiver.status = 500
    status, out, _ = call(made, "delivery", "test", "crm")
    assert (status, json.loads(out)["taken"], json.loads(out)["status"]) == (1, False, 500)
    receiver.server.server_close()
    status, out, _ = call(made, "delivery", "test", "crm")
    assert (status, json.loads(out)["status"]) == (1, None) and json.loads(out)["error"]
    status, _, err = call(made, "delivery", "test", "nobody")
    assert (status, err) == (1, "nobody is no subscription; there are crm\n")


def test_one_event_and_a_window_are_replayed_by_command_with_the_same_ids(made, receiver):
    offer(made, "anna")
    offer(made, "bo")
    receiver.until(2)
    first = receiver.ids[0]
    status, out, _ = call(made, "delivery", "replay", "crm", "--event", first)
    assert (status, out) == (0, f"crm: {first} waits to be sent once more\n")
    assert receiver.until(3) and receiver.ids[2] == first
    status, out, _ = call(made, "delivery", "replay", "crm", "--from", "2026-01-01T00:00:00Z")
    assert (status, out) == (0, "crm: 2 events wait to be sent once more\n")
    receiver.until(5)
    assert sorted(receiver.ids[3:]) == sorted(receiver.ids[:2])
    status, _, err = call(
        made, "delivery", "replay", "crm", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"
    )
    assert (status, err) == (1, "no event of then is for crm\n")
    assert call(made, "delivery", "replay", "crm", "--event", "evt_none")[0] == 1
    leads = next(e["event"]["id"] for e in made.get("/v1/events")["events"] if "lead.created" in e["event"]["type"])
    status, _, err = call(made, "delivery", "replay", "crm", "--event", leads)
    assert status == 1 and "gets no such event" in err
    for wrong in ([], ["--event", first, "--from", "2026-01-01T00:00:00Z"], ["--from", "yesterday"], ["--to", "x"]):
        assert call(made, "delivery", "replay", "crm", *wrong)[0] == 2, wrong


def test_a_secret_is_changed_and_a_subscription_added_while_it_runs(made, receiver):
    offer(made, "anna")
    assert is_proven(receiver.until(1)[0], ONE)
    write_secret(made, TWO)
    deadline = time.monotonic() + 20
    number = 0
    while True:
        number += 1
        offer(made, f"bo{number}")
        last = receiver.until(1 + number)[-1]
        if is_proven(last, TWO):
            break
        assert is_proven(last, ONE) and time.monotonic() < deadline
        time.sleep(0.3)
    assert not is_proven(last, ONE)
    with receiving() as other:
        text = json.loads((made.folder / "subscriptions.yaml").read_text())
        text["subscriptions"].append(text["subscriptions"][0] | {"name": "ops", "url": other.url})
        (made.folder / "subscriptions.yaml").write_text(json.dumps(text))
        deadline = time.monotonic() + 20
        while "ops" not in call(made, "subscriptions", "list")[1]:
            assert time.monotonic() < deadline
        offer(made, "cia")
        assert is_proven(other.until(1)[0], TWO)
