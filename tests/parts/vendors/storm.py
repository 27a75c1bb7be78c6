"""Hundreds of hand-overs with all that becomes of them, carried into a vendor while it fails and we are killed; then what is held there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import NamedTuple

import httpx
import msgspec

from schemas.envelope import Envelope
from schemas.sinks import CrmSink
from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.sinks import SqlSinks
from services.adapters.sql.store import SqlStore
from services.ports.rows import OutboxRow, Writes
from services.sinks.calls import Call, Caller, Reply
from services.sinks.carrying import Target
from services.sinks.http import Endpoint, HttpCaller
from services.sinks.limits import Allowance
from services.sinks.planning.plan import Settings
from services.sinks.role import SinkLoop
from services.sinks.vendor import Retracer, Vendor
from tests.parts.vendors.server import Held
from tests.sinks import NOW, Killed, event, offered

PEOPLE = {"anna": "7", "bo": "8", "cia": "9"}
"""Of our roster, with their ids at the vendor."""


class Expected(NamedTuple):
    """Of one hand-over when everything has arrived; `stage` by our name."""

    owner: str
    stage: str
    is_task_open: bool


class Story(NamedTuple):
    """Events in the order of the feed, and what they come to by the hand-over's id."""

    events: list[Envelope]
    expected: dict[str, Expected]


def tell_story(seed: int, count: int, ids: Mapping[str, str] = PEOPLE) -> Story:
    """So many leads, each handed over once; every third offer is rejected and followed by another for somebody else. `ids`: of our
    people at the vendor."""
    lots = random.Random(seed)
    lives = [_life(lots, n, ids) for n in range(count)]
    expected = {f"ho_{n}": end for n, (_, end) in enumerate(lives)}
    queues = [list(reversed(events)) for events, _ in lives]
    events: list[Envelope] = []
    while waiting := [queue for queue in queues if queue]:
        events.append(lots.choice(waiting).pop())
    return Story(events, expected)


def _life(lots: random.Random, n: int, ids: Mapping[str, str]) -> tuple[list[Envelope], Expected]:
    lead, handover = f"lead_{n}", f"ho_{n}"
    events: list[Envelope] = []
    owner, offer = lots.choice(list(PEOPLE)), 0

    def happens(kind: str, **data: object) -> None:
        events.append(event(kind, n * 100 + len(events), lead=lead, **data))

    def of_offer() -> dict[str, object]:
        return {"handover_id": handover, "pass_number": 1, "offer_id": f"{handover}.{offer}", "owner": _owner(owner)}

    while True:
        offer += 1
        email = f"person{n}@kund{n % 60}.example" if n % 20 else None
        made = offered(n * 100 + len(events), offer, owner, lead=lead, handover=handover, email=email)
        made.data["personal"]["person"]["phone"] = f"+4670{n:07}"
        made.data["dossier"] |= {"company_name": f"Kund {n % 60}", "company_domain": f"kund{n % 60}.example"}
        made.data["expires_at"] = f"2026-06-08T{13 + offer}:00:00Z"
        events.append(made)
        if offer == 3 or lots.random() > 0.35:
            break
        happens(lots.choice(["handover.rejected", "handover.expired"]), **of_offer(), expired_at="2026-06-08T13:00:00Z")
        owner = lots.choice([person for person in PEOPLE if person != owner])
    if lots.random() < 0.3:
        before, owner = owner, lots.choice([person for person in PEOPLE if person != owner])
        happens("lead.owner_changed", from_owner=_owner(before), to_owner=_owner(owner), rule="by hand")
    stage, is_task_open = "offered", True
    for kind, to, ends in _rest(lots):
        happens(f"handover.{kind}", **of_offer(), followed_up_at="2026-06-08T15:00:00Z")
        stage, is_task_open = to or stage, is_task_open and not ends
    return events, Expected(ids[owner], stage, is_task_open)


def _rest(lots: random.Random) -> list[tuple[str, str | None, bool]]:
    """What becomes of the last offer: the event, the stage that it leads to, and whether it ends the task."""
    accepted, followed_up = ("accepted", "accepted", False), ("followed_up", None, True)
    return lots.choice(
        [
            [],
            [accepted],
            [accepted, followed_up],
            [accepted, followed_up, ("won", "won", True)],
            [accepted, ("lost", "lost", True)],
            [("returned", "returned", True)],
        ]
    )


def _owner(person: str) -> dict[str, object]:
    return {"person": person, "ids": {}}


class Storm:
    """One sink over the real store, the real sender and a clock of its own, which jumps over the waits.

    `deaths`: to which share of the calls we are killed, half of them before the call leaves, half before its answer is told.
    `meanwhile` is called between the rounds, for what people do in the CRM. `caller` answers in place of the sender and its sockets.
    `ids`: of our people at the vendor.
    """

    def __init__(
        self,
        store: SqlStore,
        sink: CrmSink,
        make_vendor: Callable[[Caller], Vendor],
        *,
        seed: int,
        deaths: float = 0.0,
        meanwhile: Callable[[], None] = lambda: None,
        caller: Caller | None = None,
        ids: Mapping[str, str] = PEOPLE,
    ) -> None:
        self.now: datetime = NOW
        self.kills = 0
        self.sink, self.deliveries, self.book = sink, SqlDeliveries(store.engines), SqlSinks(store.engines)
        self._store, self._make_vendor, self._deaths = store, make_vendor, deaths
        self._lots, self._meanwhile, self._caller = random.Random(seed), meanwhile, caller
        self._ids = ids

    @property
    def retraces(self) -> bool:
        """Whether the vendor says which contacts were made at a time."""

        async def nobody(call: Call) -> Reply:
            raise Killed

        return isinstance(self._make_vendor(nobody), Retracer)

    async def begin(self, events: list[Envelope]) -> None:
        """The sink is there, then the events come into its feed."""
        await self.deliveries.fan_out(self.sink.target, lambda *_: False, self.now)
        await self.add(events)

    async def add(self, events: list[Envelope]) -> None:
        """More of them."""
        async with self._store.batch() as batch:
            await batch.write(Writes(outbox=[_row(one) for one in events]))
        epoch = await self._store.acquire_lease("relay", "me", 60)
        while rows := await self._store.outbox(500):
            await self._store.move_to_events(rows, "relay", epoch, self.now)

    async def carry_on(self, rounds: int = 15000) -> None:
        """Until nothing waits for the sink, or it is paused."""
        async with AsyncExitStack() as stack:
            loop = await self._start(stack)
            for _ in range(rounds):
                try:
                    busy = await loop.step()
                except Killed:
                    self.kills += 1
                    await self._end_everything()
                    await stack.aclose()
                    loop = await self._start(stack)
                    busy = 0
                self._meanwhile()
                self.now += timedelta(seconds=0.2 if busy else 20)
                if not busy and await self._is_over():
                    return
        refused = await self.book.list_steps(self.sink.target, refused=True)
        why = [f"{step.event_id} {step.name}: {step.outcome} {step.code} {step.field}" for step in refused[:5]]
        raise AssertionError(f"events still wait after {rounds} rounds: {why}")

    async def _is_over(self) -> bool:
        (state,) = [one for one in await self.deliveries.states() if one.subscription == self.sink.target]
        return state.pending == 0 or state.disabled is not None

    async def _start(self, stack: AsyncExitStack) -> SinkLoop:
        caller = self._caller
        if caller is None:
            client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30))
            endpoint = Endpoint(self.sink.base_url, self.sink.timeout_seconds, self.sink.allow_private)
            caller = HttpCaller(client, endpoint, Allowance(None, None), lambda: self.now)
        settings = Settings(self.sink, lambda owner: self._ids.get(owner.person), "crm")
        target = Target(settings, self._make_vendor(self._mortal(caller)), lambda record, event: ())
        return SinkLoop(target, self.deliveries, self.book, lambda: self.now)

    def _mortal(self, caller: Caller) -> Caller:
        life = self.kills

        async def call(one: Call) -> Reply:
            lot = self._lots.random()
            if lot < self._deaths / 2 or self.kills != life:
                raise Killed
            answer = await caller(one)
            if lot < self._deaths or self.kills != life:
                raise Killed
            return answer

        return call

    async def _end_everything(self) -> None:
        """What else the process had in hand ends with its next call."""
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


def differences(truth: dict[str, Held], expected: dict[str, Expected], stages: dict[str, str]) -> list[str]:
    """What is held otherwise than it should be: one opportunity of each hand-over, its owner and stage, one note, one contact, the task
    of the last offer alone, where it is open."""
    found = [f"{key}: nobody handed it over" for key in truth.keys() - expected.keys()]
    for key, want in expected.items():
        held = truth.get(key)
        if held is None:
            found.append(f"{key}: it is not there")
            continue
        tasks = tuple(owner for _, owner in held.open_tasks)
        is_right = (len(held.ids), held.stage, held.owner) == (1, stages[want.stage], want.owner)
        marked = [note for note in held.notes if f"Stafett {key}/dossier" in note]
        if not is_right or len(held.notes) != 1 or len(marked) != 1 or len(held.contacts) != 1:
            found.append(f"{key}: {held} instead of {want}")
        elif tasks != ((want.owner,) if want.is_task_open else ()):
            found.append(f"{key}: {held.open_tasks} instead of {want}")
    return found


def _row(one: Envelope) -> OutboxRow:
    whole = one.model_dump(mode="json", exclude_none=True)
    data = whole.pop("data")
    personal = data.pop("personal", None)
    text = msgspec.json.encode({**whole, "data": data}).decode()
    head = f'{text[: -len("}}")]},"personal":'
    body = msgspec.json.encode(personal).decode() if personal is not None else None
    return OutboxRow(one.id, "handovers", one.subject, int(one.sequence), one.type, one.partitionkey, head, body)
