"""A fleet each of whose processes reaches PostgreSQL by a way of its own, and all of them Kafka by one, and a receiver beside it."""

import json

from sqlalchemy import make_url

from tests.parts.fleet import ROLES, ROOT, Fleet
from tests.parts.kafka import KafkaBroker
from tests.parts.process import free_port, spawn
from tests.parts.receiver import Receiver
from tests.parts.silent_proxy import SilentProxy


class SilentFleet(Fleet):
    """`stores` are the ways to PostgreSQL by process, `way_to_kafka` is all processes' and the checker's."""

    def __init__(self, edits=()):
        self.receiver, self._port = Receiver(), free_port()
        super().__init__(edits, bootstrap=f"127.0.0.1:{self._port}")
        self.kafka = KafkaBroker(self.kafka_flags, advertised=self._port)
        self.way_to_kafka = SilentProxy(self.kafka.port, self._port).__enter__()
        entry = self.receiver.subscription()
        (self.config / "subscriptions.yaml").write_text(json.dumps({"version": 1, "subscriptions": [entry]}))
        self.stores = {}

    def prepare(self):
        super().prepare()
        socket = f"{self.postgres.folder}/.s.PGSQL.5432"
        self.stores = {name: SilentProxy(socket).__enter__() for name in ROLES}

    def begin(self, name):
        at = self.stores[name].port
        url = make_url(self.env["STAFETT_DATABASE_URL"]).set(host="127.0.0.1", port=at, query={})
        env = self.env | {"STAFETT_DATABASE_URL": url.render_as_string(hide_password=False)}
        self.processes[name] = spawn(self.command(*ROLES[name]), self.folder / f"{name}.log", cwd=ROOT, env=env)

    def close(self):
        super().close()
        for way in (*self.stores.values(), self.way_to_kafka):
            way.__exit__()
        self.receiver.close()
