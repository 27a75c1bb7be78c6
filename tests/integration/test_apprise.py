"""Apprise as a channel, against a real HTTP server: what arrives, and where its connections cannot lead."""

import json
import logging
import os
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from schemas.alert_channels import AppriseChannel
from schemas.yamlfile import FileError
from services.alerts.channels import apprise as channel_module
from services.alerts.channels.apprise import MEND, AppriseSender
from services.alerts.messages.building import About
from services.bootstrap.alerting import alerts_of, senders_of
from services.settings import load
from tests.alerting import breached, fulfilled
from tests.unit.services.alerts.messages.test_building import message

ANNA = {"lead_1": About("Anna Ek", "Fjordkraft")}
SECRET = "geheimnis"


class Receiver:
    """Keeps what was posted; `answers` are taken from the front, then 200. An answer is a status, a URL to go to, or None for none."""

    def __init__(self):
        self.bodies, self.paths, self.answers, self.port = [], [], [], None

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        self.paths.append(handler.path)
        self.bodies.append(json.loads(body) if body else None)
        answer = self.answers.pop(0) if self.answers else 200
        if answer is None:
            time.sleep(3)
            return
        handler.send_response(307 if isinstance(answer, str) else answer)
        if isinstance(answer, str):
            handler.send_header("location", answer)
        handler.send_header("content-length", "0")
        handler.end_headers()


@contextmanager
def receiver():
    made = Receiver()
    handler = type(
        "Handler",
        (BaseHTTPRequestHandler,),
        {"do_POST": lambda handler: made.take(handler), "log_message": lambda *_: None},
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def there():
    with receiver() as made:
        yield made


def channel(hosts=("127.0.0.1",), *, allow_private=True):
    fields = {"name": "else", "kind": "apprise", "url": "STAFETT_SECRET_APPRISE", "service": "json", "hosts": hosts}
    return AppriseChannel.model_validate({**fields, "allow_private": allow_private})


def sender(there, host="127.0.0.1", **more):
    return AppriseSender(channel(**more), f"json://{SECRET}:{SECRET}@{host}:{there.port}/in?cto=2&rto=2")


async def test_a_message_arrives_with_everything_that_is_said(there):
    outcome = await sender(there).send(message(breached(1), about=ANNA))
    assert outcome.state == "sent"
    (body,) = there.bodies
    assert body["title"] == "Broken promise: follow-up: Anna Ek, Fjordkraft"
    assert "https://" in body["message"] and "Anna Ek, Fjordkraft" in body["message"]
    assert body["type"] == "failure"
    await sender(there).send(message(breached(1), fulfilled(1), about=ANNA, kind="update"))
    assert there.bodies[1]["type"] == "success" and there.bodies[1]["title"].startswith("Over: ")


async def test_an_address_inside_is_reached_only_where_the_file_says_so(there):
    outcome = await sender(there, allow_private=False).send(message(breached(1)))
    assert (outcome.state, outcome.error, outcome.pause) == ("later", "address_is_not_public", MEND)
    assert there.bodies == []


async def test_a_host_that_is_not_listed_is_not_even_looked_up(there):
    outcome = await sender(there, hosts=("push.example.com",)).send(message(breached(1)))
    assert (outcome.state, outcome.error) == ("later", "host_is_not_listed")
    assert there.bodies == []


async def test_a_redirect_leads_to_listed_hosts_alone(there):
    with receiver() as inside:
        there.answers = [f"http://localhost:{inside.port}/taken"]
        outcome = await sender(there).send(message(breached(1)))
        assert (outcome.state, outcome.error) == ("later", "host_is_not_listed")
        assert len(there.bodies) == 1 and inside.bodies == []


async def test_a_proxy_of_the_environment_is_not_asked(there, monkeypatch):
    with receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await sender(there).send(message(breached(1)))).state == "sent"
        assert proxy.paths == [] and len(there.bodies) == 1


@pytest.mark.parametrize("answer", [500, 401])
async def test_what_is_not_taken_is_tried_again(there, answer):
    there.answers = [answer]
    outcome = await sender(there).send(message(breached(1)))
    assert (outcome.state, outcome.error) == ("later", "not_taken")


async def test_a_place_that_hangs_is_left_when_its_time_is_over(there, monkeypatch):
    monkeypatch.setattr(channel_module, "TIMEOUT", 2.5)
    there.answers = [None]
    begun = time.monotonic()
    slow = AppriseSender(channel(), f"json://127.0.0.1:{there.port}/in?rto=30")
    outcome = await slow.send(message(breached(1)))
    assert (outcome.state, outcome.error) == ("later", "no_answer_in_time") and time.monotonic() - begun < 10


async def test_a_url_that_apprise_does_not_know_waits_for_somebody(there):
    outcome = await AppriseSender(channel(), "nonsense://x").send(message(breached(1)))
    assert (outcome.state, outcome.error, outcome.pause) == ("later", "url_is_not_understood", MEND)


async def test_nothing_of_the_secret_is_said_anywhere(there, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    there.answers = [500]
    for host in ("127.0.0.1", "other.example.com"):
        outcome = await sender(there, host=host).send(message(breached(1)))
        assert SECRET not in repr(outcome)
    out, err = capfd.readouterr()
    assert SECRET not in caplog.text + out + err


ATTEMPTS = {
    "a literal address": "socket.create_connection(('127.0.0.1', PORT))",
    "a name without a look": "socket.socket().connect(('localhost', PORT))",
    "a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "a socket of the machine": "socket.socket(socket.AF_UNIX).connect('/dev/log')",
    "another look": "socket.gethostbyname('localhost')",
    "a program": "subprocess.run(['true'])",
    "a shell": "os.system('true')",
    "its own function again": "socket._socket.getaddrinfo('localhost', PORT)",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_the_guard_cannot_be_gone_around(there, attempt):
    """In a process of its own: a hook is never taken away again."""
    code = f"""
import os, socket, subprocess
from services.alerts.channels.apprise_process import Forbidden, Guard
PORT = {there.port}
guard = Guard(["push.example.com"], allow_private=False)
guard.install()
try:
    {attempt}
except Forbidden:
    os._exit(7)
os._exit(0)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], environment)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert there.bodies == []


def settings_with(tmp_path, url, **more):
    entry = {
        "name": "else",
        "kind": "apprise",
        "url": "STAFETT_SECRET_APPRISE",
        "service": "tgram",
        "hosts": ["api.telegram.org"],
    }
    (tmp_path / "alerts.yaml").write_text(json.dumps({"version": 1, "channels": [{**entry, **more}]}))
    return load({"STAFETT_CONFIG_FOLDER": str(tmp_path), "STAFETT_SECRET_APPRISE": url})


def test_a_secret_of_another_service_is_refused_at_the_start_without_being_shown(tmp_path):
    settings = settings_with(tmp_path, f"json://{SECRET}@127.0.0.1/")
    with pytest.raises(FileError) as refused:
        senders_of(settings, alerts_of(settings), None)
    assert "does not begin with `tgram://`" in str(refused.value) and SECRET not in str(refused.value)


def test_without_the_extra_the_file_says_what_to_install(tmp_path, monkeypatch):
    settings = settings_with(tmp_path, "tgram://1:x/2")
    assert set(senders_of(settings, alerts_of(settings), None)) == {"else"}
    monkeypatch.setattr("services.bootstrap.alerting.is_installed", lambda: False)
    with pytest.raises(FileError, match=r"pip install 'stafett\[apprise\]'"):
        senders_of(settings, alerts_of(settings), None)


def test_hosts_have_to_be_listed(tmp_path):
    settings = settings_with(tmp_path, "tgram://1:x/2", hosts=[])
    with pytest.raises(FileError, match="hosts"):
        alerts_of(settings)
