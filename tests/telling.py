"""The role `alerts` on a store, with `now` in the test's hand: events go into the feed, messages out by real channels."""

import itertools
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace

import httpx
import msgspec

from routing.incidents.changes import acknowledge
from routing.incidents.recipients import Audience
from schemas.alerts import AlertsFile
from services.adapters.sql.incidents import SqlIncidents
from services.adapters.sql.reading import SqlReading
from services.alerts.role import Alerts
from services.bootstrap.alerting import about_leads, links_of, senders_of
from services.ports.rows import OutboxRow, Writes
from services.settings.reading import load as load_settings
from tests.alerting import NOW, PEOPLE, roster

NUMBERS = itertools.count(1)
KEY = b"k" * 32


class Teller:
    """`give` puts events into the feed, `step` is one round of folding and of every channel, `wait` lets time pass before it."""

    def __init__(self, store, file, settings, client, people):
        self.store, self.file, self.at = store, file, NOW
        self.incidents = SqlIncidents(store.engines)
        self.roster = roster(people)
        self.tries, self.troubles = [], []

        async def roster_now():
            return self.roster

        self.role = Alerts(
            self.incidents,
            file,
            senders_of(settings, file, client),
            roster=roster_now,
            about=partial(about_leads, SimpleNamespace(reading=SqlReading(store.engines))),
            troubles=self.trouble_now,
            links=partial(links_of, settings, KEY, file),
            now=lambda: self.at,
            usual_zone=NOW.tzinfo,
            on_try=lambda kind, outcome: self.tries.append((kind, outcome)),
        )

    async def trouble_now(self):
        return self.troubles

    async def give(self, *events):
        """(data, subject) of each, or data alone of a lead."""
        await announce(self.store, *events)
        epoch = await self.store.acquire_lease("relay", "me", 10)
        while left := await self.store.outbox(1000):
            await self.store.move_to_events(left, "relay", epoch, self.at)

    async def step(self):
        while await self.role.fold_and_compose():
            pass
        for channel in self.file.channels:
            while await self.role.send_due(channel):
                pass

    async def wait(self, delta):
        await self.role.fold_and_compose()
        self.at += delta
        await self.step()

    async def acknowledge(self, ident, by="elin"):
        audience = Audience(self.file, self.roster, self.at)
        return await self.incidents.acknowledge(ident, lambda incident: acknowledge(incident, by, audience))

    async def open_ones(self):
        return await self.incidents.incidents(None, "", 1000)


async def announce(store, *events):
    """Into the outbox: (data, subject) of each event, or data alone of a lead."""
    pairs = [e if isinstance(e, tuple) else (e, e.subject_id.partition(".")[0]) for e in events]
    rows = [
        OutboxRow(f"evt_{n}", data.topic, subject, n, data.type_name, "key", head_of(data), None)
        for (data, subject), n in zip(pairs, NUMBERS, strict=False)
    ]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))


def head_of(data):
    """As the feed keeps it, as far as anybody looks."""
    body = {**msgspec.to_builtins(data), "personal": None}
    text = msgspec.json.encode({"mode": data.mode, "type": data.type_name, "data": body}).decode()
    return text[: -len("null}}")]


@asynccontextmanager
async def teller(store, *channels, secrets=None, people=PEOPLE, public_url=None, timeout=1.0, **more):
    given = {f"STAFETT_SECRET_{name}": value for name, value in (secrets or {}).items()}
    given |= {"STAFETT_HTTP_PUBLIC_URL": public_url} if public_url else {}
    file = AlertsFile.model_validate({"version": 1, "channels": list(channels), **more})
    async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
        made = Teller(store, file, load_settings(given), client, people)
        await made.role.fold_and_compose()
        yield made
