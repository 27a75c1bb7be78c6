"""An installation in this process whose time is ours: webhooks go in by its own HTTP application, and what falls due on the way falls
due at its own instant. Nothing is written into a table but by the parts that always do.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import httpx

from schemas.envelope import whole
from schemas.json_values import JsonObject
from services.adapters.sql.console import SqlPageReading
from services.bootstrap.forum import forum_desk
from services.bootstrap.http import app_of
from services.bootstrap.parts import Parts, parts_of
from services.bootstrap.roles import Watches, relay_of, router_of, watches_of
from services.cli.demo.senders import Post
from services.forum.desk import ForumDesk
from services.ports.console import Sight, Tally, Wanted
from services.ports.log import LogConsumer
from services.relay.role import Relay
from services.router.role import Router
from services.settings import Settings

PAGE = 500
"""Events that are read at a time."""
GROUP = "router"
MOST_TRIES = 20
"""Looks at clocks that are due at one instant, each of which may start the next."""


class Stuck(RuntimeError):
    """A clock that is due does not move on, or a webhook was not taken."""


class StoryTime:
    """The time of the story; it only moves forward."""

    def __init__(self, begin: datetime) -> None:
        self.at = begin

    def __call__(self) -> datetime:
        return self.at


class _Roles(NamedTuple):
    """What runs in an installation, here step by step."""

    router: Router
    relay: Relay
    watches: Watches
    consumer: LogConsumer


class World:
    """`forum` is where people enter what they agreed on."""

    def __init__(self, parts: Parts, time: StoryTime, roles: _Roles, client: httpx.AsyncClient) -> None:
        self._parts, self._time, self._roles, self._client = parts, time, roles, client
        self._topic = parts.settings.topic("signals")
        self._read = 0
        self.webhooks = self.events = 0
        self.forum: ForumDesk = forum_desk(parts)

    @property
    def now(self) -> datetime:
        """In the story."""
        return self._time.at

    async def post(self, post: Post) -> None:
        """A webhook, as a platform sends it. Raises Stuck where it is not taken."""
        answer = await self._client.post(f"/v1/hooks/{post.source}", content=post.body, headers=post.headers)
        if answer.status_code != httpx.codes.ACCEPTED or answer.json()["quarantined"]:
            raise Stuck(f"{post.source}: {answer.status_code} {answer.text}")
        self.webhooks += 1

    async def settle(self) -> list[JsonObject]:
        """Decides on all that came in and publishes what follows: the envelopes of the new events, in their order."""
        roles, log = self._roles, self._parts.log
        while True:
            reached = await self._parts.store.all_positions(GROUP, self._topic, log.cluster)
            ends = await log.end_offsets(self._topic)
            if all(reached.get(partition, 0) >= end for partition, end in ends.items()):
                break
            await roles.router.step(roles.consumer)
        await roles.relay.drain()
        return await self._new_events()

    async def next_due(self) -> datetime | None:
        """When a clock falls due next."""
        return await self._parts.store.next_due()

    def pass_to(self, at: datetime) -> None:
        """It is this time now."""
        self._time.at = max(self._time.at, at)

    async def announce(self, due: datetime) -> None:
        """It is this time now, and what is due is told to the router."""
        self.pass_to(due)
        await self._roles.watches.clocks.sweep()

    async def waits(self, tonight: datetime) -> Tally:
        """How many wait for somebody, as the page counts them."""
        return await SqlPageReading(self._parts.store.engines).tally(Sight(), Wanted(), self.now, tonight)

    async def look_around(self) -> None:
        """The watches that look now and then."""
        watches = self._roles.watches
        for watch in (watches.periods, watches.absences, watches.limbo):
            await watch.sweep()

    async def _new_events(self) -> list[JsonObject]:
        found: list[JsonObject] = []
        while page := await self._parts.reading.events(after=self._read, limit=PAGE):
            self._read = page[-1].position
            found += [json.loads(whole(entry.row.head, entry.row.personal)) for entry in page]
        self.events += len(found)
        return found


@asynccontextmanager
async def world_of(settings: Settings, time: StoryTime) -> AsyncIterator[World]:
    """On the settings' store, which has its schema. Raises as `parts_of` and `app_of` do."""
    async with parts_of(settings, time) as parts:
        stopping = asyncio.Event()
        app = app_of(parts, stopping)
        consumer = parts.log.consumer(settings.topic("signals"), GROUP)
        roles = _Roles(router_of(parts), relay_of(parts), watches_of(parts), consumer)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://stafett") as client:
                yield World(parts, time, roles, client)
        finally:
            stopping.set()
            await consumer.stop()
            await roles.relay.release()


async def due_before(world: World, at: datetime) -> Sequence[JsonObject]:
    """Lets fall due what is due first, if that is not after `at`: the events that follow; none where nothing is due. Raises Stuck."""
    last, tries = None, 0
    while (due := await world.next_due()) is not None and due <= at:
        tries = tries + 1 if due == last else 0
        if tries > MOST_TRIES:
            raise Stuck(f"a clock that was due at {due} does not move on")
        last = due
        await world.announce(due)
        if events := await world.settle():
            return events
    return []
