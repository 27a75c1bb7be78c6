"""An installation in this process: the HTTP application without a socket, router, relay and watcher as tasks."""

import asyncio
import hashlib
import json
import shutil
from base64 import b64encode
from contextlib import asynccontextmanager
from hmac import digest

import httpx

from schemas.api_keys import SCOPES
from services.bootstrap.http import app_of
from services.bootstrap.parts import parts_of
from services.bootstrap.running import BACKGROUND
from services.settings.reading import load
from tests.parts.sqlite import migrated_file
from tests.setups import EXAMPLES

SECRET = b"s" * 32
KEYS = {
    **{scope: (scope,) for scope in SCOPES},
    "all": tuple(SCOPES),
    "none": (),
    "facts": ("leads:read", "events:read", "ops:read"),
    "elin": ("commands:write",),
    "lena": ("commands:write",),
    "maja": ("commands:write",),
}
"""Keys by name; the key `leads:read` has that scope alone."""
_SOURCES = """
  - {name: load, kind: form, region: SE, rate: 100000, burst: 100000, verify: {scheme: none}}
  - {name: facts, kind: crm, rate: 100000, burst: 100000, may: [form, engagement, consent, sales, test], verify: {scheme: none}}
  - {name: cloud, kind: cloudevents, rate: 100000, burst: 100000, may: [form, engagement, consent, sales], verify: {scheme: none}}
"""


class Api:
    def __init__(self, client, parts, app, stopping):
        self.client, self.parts, self.app, self.stopping = client, parts, app, stopping

    async def get(self, path, key="all", status=200, **params):
        answer = await self.client.get(path, params=params, headers=bearer(key))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def form(self, source="load", **fields):
        answer = await self.client.post(f"/v1/hooks/{source}", data=fields)
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def fact(self, **fact):
        answer = await self.client.post("/v1/hooks/facts", json=fact)
        assert answer.status_code == 202, answer.text
        assert not answer.json()["quarantined"], answer.text
        return answer.json()

    async def settled(self):
        """Until everything posted is decided on and published."""
        async with asyncio.timeout(30):
            while not await self.is_all_decided() or await self.parts.store.outbox(1):
                await asyncio.sleep(0.02)

    async def is_all_decided(self):
        """Whether the router is past all that is on the log."""
        topic = self.parts.settings.topic("signals")
        ends = await self.parts.log.end_offsets(topic)
        at = await self.parts.store.all_positions("router", topic, self.parts.log.cluster)
        return all(at.get(p, 0) >= end for p, end in ends.items())


def bearer(name):
    return {"Authorization": f"Bearer sk_{name}"} if name else {}


@asynccontextmanager
async def installed(
    folder, *, extra="", agreement=None, keys=(), files=None, secrets=None, roles=("router", "relay", "sla")
):
    """`files` are further ones of the folder, by name; `secrets` further settings, another database among them. The folder's `.env` is for commands on it."""
    config = folder / "config"
    config.mkdir()
    for example in EXAMPLES.glob("*.yaml"):
        shutil.copy(example, config / example.name)
    if agreement is not None:
        (config / "agreement.yaml").write_text(agreement)
    with (config / "sources.yaml").open("a") as sources:
        sources.write(_SOURCES + extra)
    entries = [
        {"name": name, "sha256": hashlib.sha256(f"sk_{name}".encode()).hexdigest(), "scopes": list(scopes)}
        | ({"person": name} if name in ("elin", "lena", "maja") else {})
        | ({"acts_as": "everybody"} if name in ("commands:write", "all") else {})
        for name, scopes in KEYS.items()
    ]
    (config / "api_keys.yaml").write_text(json.dumps({"version": 1, "keys": [*entries, *keys]}))
    for name, text in (files or {}).items():
        (config / name).write_text(text)
    named = {
        "STAFETT_CONFIG_FOLDER": str(config),
        "STAFETT_DATABASE_URL": f"sqlite:///{folder}/s.db",
        "STAFETT_DEPLOYMENT_KEY": "k" * 64,
        "STAFETT_SECRET_CRM": f"whsec_{b64encode(SECRET).decode()}",
        "STAFETT_ROUTER_BATCH_WAIT": "1ms",
        "STAFETT_RELAY_POLL": "10ms",
        "STAFETT_KAFKA_PARTITIONS": "4",
        **(secrets or {}),
    }
    (config / ".env").write_text("".join(f"{name}={value}\n" for name, value in named.items()))
    settings = load(named)
    if "sqlite" in named["STAFETT_DATABASE_URL"]:
        await migrated_file(folder / "s.db")
    stopping = asyncio.Event()
    async with parts_of(settings) as parts:
        app = app_of(parts, stopping)
        tasks = [asyncio.create_task(BACKGROUND[role](parts)(stopping)) for role in roles]
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://stafett", timeout=90) as client:
                yield Api(client, parts, app, stopping)
        finally:
            stopping.set()
            await asyncio.gather(*tasks)
            # Uses of keys are written down beside the answers: what is under way needs the store for a moment more.
            await asyncio.gather(*(t for t in asyncio.all_tasks() if t.get_coro().__qualname__ == "Access._write_down"))


def signed(fact, ident, stamp):
    """(body, headers) of our own JSON, signed as Standard Webhooks has it."""
    body = json.dumps(fact).encode()
    proof = b64encode(digest(SECRET, f"{ident}.{stamp}.".encode() + body, "sha256")).decode()
    return body, {"webhook-id": ident, "webhook-timestamp": str(stamp), "webhook-signature": f"v1,{proof}"}
