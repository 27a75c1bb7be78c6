"""One process per role, as in production, on a PostgreSQL of its own and a Kafka of its own or one that is there."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from base64 import b64decode, b64encode
from hmac import digest
from pathlib import Path

import httpx

from services.cli.support.environment import _lines
from tests.parts.kafka import SWIFT, KafkaBroker
from tests.parts.postgres import PostgresServer
from tests.parts.process import end, free_port, spawn

ROOT = Path(__file__).parent.parent.parent
RUNTIME = "stafett_run"
STAFETT = [sys.executable, "-m", "services.cli.main"]
ROLES = {
    "ingest": ("ingest",),
    "router-1": ("router",),
    "router-2": ("router",),
    "relay": ("relay", "--watch"),
    "delivery": ("delivery",),
}


class Fleet:
    """`start` brings everything up, `close` takes it away. `edits` are (written, instead) for the example agreement;
    `bootstrap` is a Kafka that is there, where the topics get names of their own."""

    kafka_flags = SWIFT

    def __init__(self, edits=(), bootstrap=None):
        self.folder = Path(tempfile.mkdtemp(prefix="stafett-fleet-"))
        self.config = self.folder / "mine"
        self.kafka, self.postgres = KafkaBroker(self.kafka_flags) if bootstrap is None else None, PostgresServer()
        self.bootstrap = bootstrap or self.kafka.bootstrap
        self.processes = {}
        self.url = f"http://127.0.0.1:{free_port()}"
        self.key = self._call("new", str(self.config), env=os.environ).split("only now: ")[1].split()[0]
        settings = dict(_lines(self.config / ".env"))
        self._secret = b64decode(settings["STAFETT_SECRET_CRM"].removeprefix("whsec_"))
        agreement = self.config / "agreement.yaml"
        text = agreement.read_text("utf-8")
        for written, instead in edits:
            assert written in text
            text = text.replace(written, instead)
        agreement.write_text(text, "utf-8")

    def start(self):
        self.prepare()
        for name in ROLES:
            self.begin(name)
        self.wait_ready()
        return self

    def prepare(self):
        """Servers, topics and schema, and no role yet."""
        if self.kafka:
            self.kafka.start()
        self.postgres.start()
        self.env = os.environ | {
            "STAFETT_DATABASE_URL": self.postgres.url(),
            "STAFETT_LOG_URL": f"kafka://{self.bootstrap}",
            "STAFETT_KAFKA_TOPIC_PREFIX": "stafett" if self.kafka else f"t{uuid.uuid4().hex[:8]}",
            "STAFETT_KAFKA_REPLICATION_FACTOR": "1",
            "STAFETT_KAFKA_MIN_INSYNC_REPLICAS": "1",
            "STAFETT_KAFKA_PARTITIONS": "6",
            "STAFETT_HTTP_PORT": self.url.rsplit(":", 1)[1],
            "STAFETT_LOG_LEVEL": "WARNING",
            **self.settings(),
        }
        self._call("topics", "apply", "--config", str(self.config))
        self._call("db", "upgrade", "--config", str(self.config))
        self._restrict()

    def settings(self):
        """Further ones, of kinds of fleets."""
        return {}

    def _restrict(self):
        """From here on as a role that may use the tables and no more, as in production."""
        rights = f"CREATE ROLE {RUNTIME} LOGIN; {self._call('db', 'grants', RUNTIME)}"
        where = ("-h", self.postgres.folder, "-U", "postgres", "-d", "postgres")
        self.postgres.tool("psql", *where, "-v", "ON_ERROR_STOP=1", "-c", rights)
        self.env["STAFETT_DATABASE_URL"] = self.postgres.url(user=RUNTIME)

    def command(self, *words):
        return [*STAFETT, *words, "--config", str(self.config)]

    def begin(self, name):
        self.processes[name] = spawn(self.command(*ROLES[name]), self.folder / f"{name}.log", cwd=ROOT, env=self.env)

    def kill(self, name):
        end(self.processes[name], kill=True)

    def ended(self):
        """Roles whose process ended by itself, with its status and the end of what it said."""
        found = {}
        for name, process in self.processes.items():
            if process.poll() is not None:
                found[name] = process.returncode, (self.folder / f"{name}.log").read_text(errors="replace")[-600:]
        return found

    def said(self):
        """The last lines of each role, for whoever has to find out what went wrong."""
        logs = {name: (self.folder / f"{name}.log").read_text(errors="replace") for name in self.processes}
        return "\n".join(f"--- {name}\n{text[-1500:]}" for name, text in logs.items())

    def stall(self, name, stop):
        """SIGSTOP or SIGCONT: a process that stands still and wakes up as a zombie."""
        self.processes[name].send_signal(signal.SIGSTOP if stop else signal.SIGCONT)

    def wait_ready(self, seconds=240):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=8).json()["status"] == "ready":
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError((self.folder / "ingest.log").read_text(errors="replace")[-2000:])

    def signed(self, fact):
        """(body, headers) of a fact of our own JSON, signed as Standard Webhooks has it."""
        body, ident, stamp = json.dumps(fact).encode(), f"msg_{fact['id']}", str(int(time.time()))
        proof = b64encode(digest(self._secret, f"{ident}.{stamp}.".encode() + body, "sha256")).decode()
        return body, {
            "webhook-id": ident,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{proof}",
            "content-type": "application/json",
        }

    def close(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            end(process)
        if self.kafka:
            self.kafka.close()
        self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, *words, env=None):
        done = subprocess.run(
            [*STAFETT, *words], cwd=ROOT, env=env or self.env, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout
