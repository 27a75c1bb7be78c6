"""A fleet with a receiver of webhooks beside it, whose processes are begun again one by one while it is under load."""

import json
import os
import time

import httpx

from tests.chaos.check import Checker
from tests.parts.fleet import ROLES, ROOT, Fleet
from tests.parts.process import end, free_port, spawn
from tests.parts.receiver import Receiver

ORDER = ("relay", "router-1", "router-2", "delivery", "ingest")
"""In which processes are replaced: ingest last, since it answers what the others have to understand."""


class TendedFleet(Fleet):
    """`envs` are further settings by process; each has a port that says whether it is ready, beside its metrics.
    `checker` is the class that judges it afterwards."""

    checker = Checker

    def __init__(self, edits=(), bootstrap=None):
        super().__init__(edits, bootstrap)
        self.receiver = Receiver()
        entries = {"version": 1, "subscriptions": [self.receiver.subscription()]}
        (self.config / "subscriptions.yaml").write_text(json.dumps(entries))
        self.ports = {}

    def watch_url(self):
        """Where whoever watches reads the store."""
        return self.postgres.url()

    def begin(self, name):
        self.ports[name] = free_port()
        env = self.env | {"STAFETT_METRICS_PORT": str(self.ports[name])}
        self.processes[name] = spawn(self.program(name), self.folder / f"{name}.log", cwd=self.place(name), env=env)

    def program(self, name):
        """Command and arguments of a process."""
        return self.command(*ROLES[name])

    def place(self, _name):
        """The folder in which a process begins."""
        return ROOT

    def replace(self, name, seconds=60):
        """Another process, and once it is ready SIGTERM for the one before, as Kubernetes does; the one that has the port of all goes first.
        Gives the seconds until the new one is ready; raises AssertionError where it never is."""
        older, begun = self.processes[name], time.monotonic()
        if name == "ingest":
            end(older)
        self.begin(name)
        while not self.is_ready(name):
            ended = self.processes[name].poll()
            assert ended is None and time.monotonic() < begun + seconds, (name, ended, self.said())
            time.sleep(0.1)
        end(older)
        return time.monotonic() - begun

    def is_ready(self, name):
        """Whether the process says so itself."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=8).json()["status"] == "ready"
        except (httpx.HTTPError, ValueError):
            return False

    def call(self, *words, env=None):
        """What a command says. Raises AssertionError where it fails."""
        return self._call(*words, "--config", str(self.config), env={**os.environ, **self.env, **(env or {})})

    def close(self):
        super().close()
        self.receiver.close()
