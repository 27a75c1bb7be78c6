"""Every key that can be replaced is replaced under load, as docs/operations.md has it: of the sender, of the receiver, of the API; those that
seal signals replace themselves meanwhile. Nobody is refused."""

import json
import secrets
import threading
import time
from base64 import b64decode, b64encode

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.maintenance.fleet import TendedFleet

BOUND = 20.0
SETTLING = 3.0
"""Seconds after which every process has looked at its files and keys again."""


class KeyedFleet(TendedFleet):
    """`client` reads the API all the while with the key that it has."""

    def __init__(self, edits=()):
        super().__init__(edits)
        self.values = {"STAFETT_SECRET_CRM": f"whsec_{b64encode(self._secret).decode()}"}
        self.receiver.keys = (self._secret,)
        self.client = None

    def settings(self):
        return {"STAFETT_KAFKA_SEAL_PERIOD": "30s"}

    def write_secret(self, name):
        """Another secret in the folder's .env."""
        self.values[name] = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
        dotenv = self.config / ".env"
        replace(dotenv, f"{dotenv.read_text('utf-8')}{name}={self.values[name]}\n")

    def key(self, name):
        return b64decode(self.values[name].removeprefix("whsec_"))

    def name_sender(self, *names):
        """In sources.yaml, in this order."""
        file = self.config / "sources.yaml"
        before = f"secrets: [{', '.join(self.named)}]"
        whole = file.read_text("utf-8")
        assert before in whole
        replace(file, whole.replace(before, f"secrets: [{', '.join(names)}]"))
        self.named = names
        time.sleep(SETTLING)

    named = ("STAFETT_SECRET_CRM",)

    def name_receiver(self, *names):
        entry = self.receiver.subscription() | {"secrets": list(names)}
        replace(self.config / "subscriptions.yaml", json.dumps({"version": 1, "subscriptions": [entry]}))
        time.sleep(SETTLING)

    def sign_with(self, name):
        self._secret = self.key(name)

    def answer_to(self, name):
        """The status of a delivery that this secret signs, about nobody new."""
        ours, self._secret = self._secret, self.key(name)
        body, headers = self.signed({"id": "p1@chaos.example-0", "email": "p1@chaos.example", "fact": "email.clicked"})
        self._secret = ours
        return httpx.post(f"{self.url}/v1/hooks/crm", content=body, headers=headers, timeout=30).status_code

    def make_key(self, name):
        said = self.call("key", "make", name, "--scope", "leads:read", "--scope", "ops:read")
        return next(word for word in said.split() if word.startswith("sk_"))

    async def count(self, statement):
        """What the store counts."""
        engine = create_async_engine(self.postgres.url())
        async with engine.connect() as conn:
            number = (await conn.execute(text(statement))).scalar_one()
        await engine.dispose()
        return number

    def status_of(self, key):
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.get(f"{self.url}/v1/status", headers=headers, timeout=30).status_code

    def close(self):
        if self.client is not None:
            self.client.close()
        super().close()


class Reader:
    """Reads the API five times a second with `key`; `statuses` counts what it was answered."""

    def __init__(self, fleet, key):
        self.key, self.statuses, self._fleet, self._over = key, {}, fleet, threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while not self._over.wait(0.2):
            status = self._fleet.status_of(self.key)
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def close(self):
        self._over.set()


def replace(file, content):
    """In one step, as a mount of secrets does."""
    fresh = file.with_name(f"{file.name}.fresh")
    fresh.write_text(content, "utf-8")
    fresh.replace(file)


def steps(fleet):
    old, new = "STAFETT_SECRET_CRM", "STAFETT_SECRET_CRM_NEW"
    hook = "STAFETT_SECRET_HOOK_NEW"

    def name_both():
        fleet.write_secret(new)
        fleet.name_sender(new, old)
        fleet.sign_with(new)

    def take_senders_old_one_out():
        fleet.name_sender(new)
        assert fleet.answer_to(old) == 401, "what the old secret signs is still believed"

    def sign_for_receiver_with_both():
        fleet.write_secret(hook)
        fleet.name_receiver(hook, old)
        fleet.receiver.keys = (fleet.key(hook),)

    def take_receivers_old_one_out():
        fleet.name_receiver(hook)

    def read_with_a_key_of_the_store():
        fleet.client = Reader(fleet, fleet.make_key("reader-1"))

    def change_key_of_the_api():
        before, fleet.client.key = fleet.client.key, fleet.make_key("reader-2")
        time.sleep(1)
        fleet.call("key", "revoke", "reader-1")
        time.sleep(SETTLING)
        assert fleet.status_of(before) == 401, "a revoked key still opens something"

    async def count_what_was_refused():
        fleet.client.close()
        sealed = await fleet.count("SELECT count(*) FROM log_keys WHERE secret IS NULL")
        print(f"the reader was answered {fleet.client.statuses}; {sealed} keys of signals were thrown away", flush=True)
        print(f"{fleet.receiver.unproven} webhooks that the receiver could not prove", flush=True)
        assert set(fleet.client.statuses) == {200} and not fleet.receiver.unproven and sealed

    return [
        ("a reader begins with a key of the store", read_with_a_key_of_the_store),
        ("the sender has another secret", name_both),
        ("its old secret is out", take_senders_old_one_out),
        ("the receiver has another secret", sign_for_receiver_with_both),
        ("its old secret is out, too", take_receivers_old_one_out),
        ("the reader has another key", change_key_of_the_api),
        ("nobody was refused", count_what_was_refused),
    ]
