"""As a user would: `stafett new`, `stafett up`, webhooks in, answers out, kill -9 in between."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from copy import copy
from datetime import datetime
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent.parent
STAFETT = [sys.executable, "-m", "services.cli.main"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installed:
    def __init__(self, folder):
        made = self.call("new", str(folder), env=os.environ)
        self.folder, self.key = folder, made.split("only now: ")[1].split()[0]
        self.env = {**os.environ, "STAFETT_HTTP_PORT": str(free_port()), "STAFETT_LOG_LEVEL": "WARNING"}
        self.url = f"http://127.0.0.1:{self.env['STAFETT_HTTP_PORT']}"
        self.process = None

    def call(self, *words, env=None):
        done = subprocess.run(
            [*STAFETT, *words], cwd=ROOT, env=env or self.env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def at(self, folder):
        """The same, where its folder is now; not started."""
        there = copy(self)
        there.folder, there.process = folder, None
        there.env = self.env | {"STAFETT_HTTP_PORT": str(free_port())}
        there.url = f"http://127.0.0.1:{there.env['STAFETT_HTTP_PORT']}"
        return there

    def start(self):
        with (self.folder / "up.log").open("ab") as out:
            command = [*STAFETT, "up", "--config", str(self.folder)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=out, stderr=out)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=1).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "up.log").read_text())

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(30)

    def get(self, path, **params):
        answer = httpx.get(f"{self.url}{path}", params=params, headers={"Authorization": f"Bearer {self.key}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, **form):
        return httpx.post(f"{self.url}/v1/hooks/web", data=form, timeout=10)

    def until(self, path, ready, **params):
        until = time.monotonic() + 20
        while not ready(found := self.get(path, **params)):
            assert time.monotonic() < until, found
            time.sleep(0.05)
        return found


@contextmanager
def running(folder):
    made = Installed(folder)
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("up") / "mine") as made:
        yield made


@pytest.fixture
def installed(shared):
    """The one of all tests that do not mind each other's leads; who stops it leaves that to the next to start."""
    if shared.process.poll() is not None:
        shared.start()
    return shared


@pytest.fixture
def alone(tmp_path):
    with running(tmp_path / "mine") as made:
        yield made


def test_up_tells_its_address_once_it_answers_there_also_on_a_port_that_the_system_chose(tmp_path):
    new = subprocess.run(
        [*STAFETT, "new", "mine"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
    )
    assert new.returncode == 0
    env = {**os.environ, "STAFETT_HTTP_PORT": "0", "STAFETT_LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT)}
    command = [*STAFETT, "up", "--config", "mine"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = iter(process.stdout.readline, "")
            url = next(line.split()[-1] for line in lines if line.startswith("stafett: listening on "))
            assert httpx.get(f"{url}/healthz", timeout=10).status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)
    assert not url.endswith(":0") and process.returncode == 0


def test_a_form_becomes_a_handover_that_explains_itself(installed):
    answer = installed.post(email="Anna@Example.com", name="Anna Ek", form_id="demo", company="Acme")
    assert answer.status_code == 202
    found = installed.until("/v1/leads", lambda said: said["leads"], email="anna@example.com")
    lead = found["leads"][0]
    assert lead["stage"] == "hand_over"
    assert lead["personal"]["person"]["full_name"] == "Anna Ek"
    why = installed.get(f"/v1/leads/{lead['id']}/explain")
    assert "definition `sales_qualified` was met" in why["text"]
    assert f"given to {lead['owner']} by rule `everybody` of pool field" in why["text"]
    feed = installed.until("/v1/events", lambda said: said["events"])
    assert "stafett.handover.offered.v1" in [entry["event"]["type"] for entry in feed["events"]]
    assert [entry["position"] for entry in feed["events"]] == list(range(1, len(feed["events"]) + 1))


def test_an_unsigned_or_unreadable_delivery_is_refused_or_set_aside_in_the_open(installed):
    assert httpx.post(f"{installed.url}/v1/hooks/crm", json={"fact": "won"}).status_code == 401
    unread = httpx.post(
        f"{installed.url}/v1/hooks/web", content=b"{no json", headers={"content-type": "application/json"}
    )
    assert unread.status_code == 202
    aside = installed.get("/v1/quarantine")["quarantine"]
    assert [entry["id"] for entry in aside] == unread.json()["quarantined"]
    assert httpx.post(f"{installed.url}/v1/hooks/web", content=b"x" * 2**21).status_code == 413
    missing = httpx.get(f"{installed.url}/v1/leads")
    assert (missing.status_code, missing.headers["content-type"]) == (401, "application/problem+json")


def test_what_was_answered_202_survives_kill_9(installed):
    async def load():
        async with httpx.AsyncClient() as client:
            kill_at = time.monotonic() + 1.0

            async def one(number):
                form = {"email": f"p{number}@example.com", "form_id": "news"}
                try:
                    answer = await client.post(f"{installed.url}/v1/hooks/web", data=form, timeout=5)
                except httpx.HTTPError:
                    return []
                return answer.json()["signals"] if answer.status_code == 202 else []

            promised, number = [], 0
            while time.monotonic() < kill_at + 0.3:
                found = await asyncio.gather(*(one(number + i) for i in range(20)))
                promised += [ident for part in found for ident in part]
                number += 20
                if time.monotonic() > kill_at and installed.process.poll() is None:
                    installed.process.kill()
                await asyncio.sleep(0.1)
            return promised

    # The unsigned source is bounded in rate, so some are answered 429: they were promised nothing.
    promised = asyncio.run(load())
    installed.process.wait(10)
    assert promised
    installed.start()
    installed.until("/v1/status", lambda said: said["outbox"] == 0)

    def recorded():
        events = [
            json.loads(line)
            for line in installed.call(
                "events", "tail", "--from-start", "--once", "--config", str(installed.folder)
            ).splitlines()
        ]
        return [event["causationid"] for event in events if event["type"] == "stafett.lead.created.v1"]

    until = time.monotonic() + 20
    while set(promised) - set(found := recorded()) and time.monotonic() < until:
        time.sleep(0.2)
    assert not set(promised) - set(found)
    assert len(found) == len(set(found)), "once each"


def test_a_stop_is_orderly_and_quick(installed):
    begun = time.monotonic()
    assert installed.stop() == 0
    assert time.monotonic() - begun < 10


def test_a_dead_letter_that_names_no_lead_is_redriven_or_dropped_by_its_own_id(installed):
    (file,) = installed.folder.rglob("*.db")
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("INSERT INTO spool (topic, key, body) VALUES ('stafett.signals.v1', x'00', x'7b')")
        conn.commit()
    config = ("--config", str(installed.folder))

    def letters(state):
        return [json.loads(line) for line in installed.call("dlq", "list", "--state", state, *config).splitlines()]

    installed.until("/v1/dead-letters", lambda said: said["dead_letters"])
    (letter,) = letters("dead")
    assert letter["lead_id"] is None
    assert datetime.fromisoformat(letter["recorded_at"]).tzinfo is not None
    installed.call("dlq", "redrive", letter["id"], *config)
    installed.until("/v1/dead-letters", lambda said: len(said["dead_letters"]) == 2)
    (again,) = letters("dead")
    assert again["origin"] != letter["origin"]
    assert installed.call("dlq", "drop", again["id"], *config) == "dropped\n"
    assert (letters("dead"), len(letters("redriven")), len(letters("dropped"))) == ([], 1, 1)


def test_a_file_restored_from_a_backup_goes_on_where_the_backup_ended(alone):
    for number in range(3):
        assert alone.post(email=f"r{number}@example.com", form_id="demo").status_code == 202
    alone.until("/v1/leads", lambda said: len(said["leads"]) == 3)
    (file,) = alone.folder.rglob("*.db")
    config = ("--config", str(alone.folder))
    backup = str(alone.folder / "backup")
    assert "rows of" in alone.call("backup", backup, *config)
    assert alone.post(email="late@example.com", form_id="demo").status_code == 202
    alone.until("/v1/leads", lambda said: len(said["leads"]) == 4)
    alone.stop()
    for beside in (*file.parent.glob("*.db-*"), file):
        beside.unlink()
    assert "compared with what was saved" in alone.call("restore", backup, *config)
    alone.start()
    assert len(alone.get("/v1/leads")["leads"]) == 3
    assert alone.post(email="late@example.com", form_id="demo").status_code == 202
    alone.until("/v1/leads", lambda said: len(said["leads"]) == 4)
    events = alone.until("/v1/events", lambda said: said["head"] and said["events"])["events"]
    assert len({entry["event"]["id"] for entry in events}) == len(events)


def test_a_moved_folder_goes_on_and_a_copy_of_a_running_one_is_an_installation_of_its_own(alone, tmp_path):
    def people(one):
        return {lead["personal"]["person"]["email"] for lead in one.get("/v1/leads")["leads"]}

    assert alone.post(email="anna@example.com", form_id="news").status_code == 202
    alone.until("/v1/leads", lambda said: said["leads"])
    copied = alone.at(Path(shutil.copytree(alone.folder, tmp_path / "copy")))
    alone.stop()
    moved = alone.at(Path(shutil.move(alone.folder, tmp_path / "moved")))
    for one, email in ((copied, "bo@example.com"), (moved, "cia@example.com")):
        one.start()
        try:
            assert people(one) == {"anna@example.com"}
            assert one.post(email=email, form_id="news").status_code == 202
            one.until("/v1/leads", lambda said: len(said["leads"]) == 2)
            assert people(one) == {"anna@example.com", email}
        finally:
            one.stop()
    assert not alone.folder.exists()
