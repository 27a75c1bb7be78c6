"""`stafett up` is killed between a channel's taking of a message and our note of it: the next start sends it again, with the same id."""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from services.adapters.sql.store import SqlStore
from services.cli.main import main
from tests.alerting import breached
from tests.parts.process import end, free_port, spawn
from tests.telling import announce


class Receiver:
    """The first request is never answered."""

    def __init__(self):
        self.got, self._release = [], threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                receiver.got.append((self.headers["webhook-id"], body))
                if len(receiver.got) == 1:
                    receiver._release.wait(60)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                """Nothing is printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/alerts"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._release.set()
        self.server.shutdown()
        self.server.server_close()


def until(condition, seconds):
    end_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_at, "it did not happen"
        time.sleep(0.1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "mine"]) == 0
    return tmp_path / "mine"


async def test_a_message_that_was_under_way_when_the_process_was_killed_comes_again_with_the_same_id(folder):
    log, port = folder.parent / "up.log", free_port()
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    environment = {**os.environ, "STAFETT_HTTP_PORT": str(port), "STAFETT_SECRET_ALERTS": secret}
    command = [sys.executable, "-m", "services.cli.main", "up", "--config", str(folder)]

    def start():
        made = spawn(command, log, env=environment)
        until(lambda: log.read_text().count("listening on") == start.count + 1, 60)
        start.count += 1
        return made

    start.count = 0
    with Receiver() as receiver:
        channel = {
            "name": "ours", "kind": "webhook", "url": receiver.url, "secrets": ["STAFETT_SECRET_ALERTS"],
            "allow_private": True,
        }  # fmt: skip
        (folder / "alerts.yaml").write_text(yaml.safe_dump({"version": 1, "group_wait": "0s", "channels": [channel]}))
        process = start()
        try:
            time.sleep(2)
            store = SqlStore(f"sqlite+aiosqlite:///{folder}/stafett.db", exclusive=False)
            await store.start()
            await announce(store, breached(1), breached(2))
            await store.close()
            until(lambda: receiver.got, 30)
            end(process, kill=True)
            process = start()
            until(lambda: len(receiver.got) == 2, 60)
        finally:
            end(process)
    (first, again) = receiver.got
    # Not all of their words: how late it is changes with the hour.
    assert first[0] == again[0]
    assert [one["id"] for one in first[1]["incidents"]] == [one["id"] for one in again[1]["incidents"]]
    assert first[1]["total"] == 2 and first[1]["level"] == "breach"
