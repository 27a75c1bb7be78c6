"""The worker: fan out, claim, send, finish or put off.

On kill -9 between the subscriber's answer and our note of it the claim runs out and the event is sent again with the same
`webhook-id`: at least once, never lost. A probe that is cut off so is made again once its claim runs out. How a receiver is,
and how far its pace is used up, is in the store beside its place in the feed: a restart forgets neither.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from schemas.envelope import mode_of
from schemas.subscriptions import SubscriptionTerms
from services.delivery.breaker import judge_health, text_of, turn_of
from services.delivery.rounds import Ahead, Round
from services.delivery.schedule import SCHEDULE, judge_attempt, outcome_of
from services.delivery.sending import Outlet
from services.loops.doorbell import Doorbell
from services.loops.steps import step_within
from services.observability.tracing import Traces, traceparent_in
from services.outbound.client import retry_after
from services.outbound.posting import Poster
from services.ports.deliveries import Attempt, Change, DeliveryQueue, Due, Health, Matches, Outcome, Pace
from services.ports.errors import PortError

log = logging.getLogger("stafett.delivery")
FAN_OUT = 500
"""Events of the feed that become deliveries in one transaction."""
LOOK = 0.5
"""Seconds between two looks at who subscribes."""


class Subscriber(NamedTuple):
    """A subscription with its secrets in hand. `is_stored`: it was made over the API, with its place in the feed; a loop that
    has not heard yet that it was removed must not give it another."""

    subscription: SubscriptionTerms
    secrets: tuple[str, ...]
    is_stored: bool = False

    @property
    def pace(self) -> Pace | None:
        """How fast it may be sent to; None where it says nothing."""
        rate, burst = self.subscription.rate, self.subscription.burst
        return Pace(rate.interval, burst if burst is not None else rate.a_second) if rate is not None else None


Subscribers = Callable[[], Awaitable[Mapping[str, Subscriber]]]
"""Those of now, by name."""


Answer = tuple[int | None, str | None, str | None]
"""(status, class of the error, `Retry-After`) of one try."""


class Delivery:
    """Each subscription has its own loop, so that a slow subscriber slows nobody else; the loop takes the subscription as it
    is now at each step, and ends once there is none of its name. While the whole service is on `trial`, only those who asked
    for trials are sent anything; the others' place in the feed moves on."""

    def __init__(
        self,
        deliveries: DeliveryQueue,
        subscribers: Subscribers,
        now: Callable[[], datetime],
        *,
        timeout: timedelta = timedelta(seconds=15),
        connect_timeout: timedelta = timedelta(seconds=5),
        concurrency: int = 20,
        schedule: Sequence[timedelta] = SCHEDULE,
        bell: Doorbell | None = None,
        trial: bool = False,
        on_attempt: Callable[[str], None] = lambda _: None,
        traces: Traces | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._deliveries, self._subscribers, self._now = deliveries, subscribers, now
        self._timeout, self._connect_timeout = timeout, connect_timeout
        self._concurrency, self._schedule = concurrency, schedule
        self._bell, self._trial = bell or Doorbell(), trial
        self._on_attempt, self._on_step, self._traces = on_attempt, on_step, traces
        self._current: Mapping[str, Subscriber] = {}
        self._aheads: dict[str, Ahead] = {}
        self._is_stopping: Callable[[], bool] = lambda: False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; tries under way are finished."""
        self._is_stopping = stop.is_set
        async with Poster(self._connect_timeout) as poster, asyncio.TaskGroup() as group:
            loops: dict[str, asyncio.Task[None]] = {}
            while not stop.is_set():
                self._on_step()
                self._current = await self._subscribers()
                loops = {name: loop for name, loop in loops.items() if not loop.done()}
                for name in self._current.keys() - loops.keys():
                    loops[name] = group.create_task(self._serve(poster, name, stop))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK)

    async def _serve(self, poster: Poster, name: str, stop: asyncio.Event) -> None:
        while not stop.is_set() and (subscriber := self._current.get(name)) is not None:
            self._on_step()
            try:
                async with step_within("delivery", longer=2 * self._timeout):
                    busy = await self.step(poster, subscriber)
            except PortError as error:
                log.warning("cannot deliver", extra={"error": type(error).__name__})
                busy = 0
                await asyncio.sleep(0.5)
            if not busy:
                await self._bell.wait(0.2)

    async def step(self, poster: Poster, subscriber: Subscriber) -> int:
        """One round for one subscription; returns how much there was to do."""
        line = _Line(self._deliveries, subscriber, self._now, trial=self._trial, timeout=self._timeout)
        looked_at = await line.look()
        outlet = Outlet(subscriber.subscription, subscriber.secrets)
        tried = await Round(
            line,
            partial(self._try, poster, subscriber, outlet),
            concurrency=self._concurrency,
            ahead=self._ahead_of(subscriber),
            has_more=looked_at == FAN_OUT,
            is_stopping=self._is_stopping,
        ).run()
        return looked_at + tried

    def _ahead_of(self, subscriber: Subscriber) -> Ahead:
        name, has_pace = subscriber.subscription.name, subscriber.pace is not None
        ahead = self._aheads.get(name)
        if ahead is None or ahead.has_pace != has_pace:
            ahead = self._aheads[name] = Ahead(self._concurrency, has_pace=has_pace)
        return ahead

    async def _try(self, poster: Poster, subscriber: Subscriber, outlet: Outlet, due: Due) -> Outcome:
        now, begun, subscription = self._now(), time.monotonic(), subscriber.subscription
        status, error, pause = await self._traced_answer(poster, outlet, due, now=now)
        schedule = subscription.schedule if subscription.schedule is not None else self._schedule
        verdict = judge_attempt(due, status, retry_after(pause, now) if pause is not None else None, schedule)
        outcome = outcome_of(verdict, status, error)
        self._on_attempt(outcome)
        if outcome != "delivered":
            told = {"subscription": subscription.name, "event_id": due.event_id, "attempt": due.attempts + 1}
            log.warning("attempt failed", extra={**told, "outcome": outcome, "status": status, "error": error})

        def judge(health: Health) -> Health:
            rules = subscription.breaker
            return judge_health(health, verdict, now, status, breaker=rules, is_probe=due.is_probe)

        return Outcome(
            due,
            Attempt(now, status, error, int((time.monotonic() - begun) * 1000)),
            state=verdict.state,
            next_at=now + verdict.wait if verdict.wait is not None else None,
            spare=verdict.spare,
            judge=judge,
        )

    async def _traced_answer(self, poster: Poster, outlet: Outlet, due: Due, *, now: datetime) -> Answer:
        """The try as a step of the trace that its event belongs to, where it belongs to one."""
        parent = traceparent_in(due.body) if self._traces is not None else None
        if self._traces is None or parent is None:
            return await self._answer(poster, outlet, due, now=now)
        with self._traces.step("delivery", "deliver", parent) as under:
            answer = await self._answer(poster, outlet, due, now=now, trace=under.traceparent)
            status, error, _ = answer
            fields: dict[str, str | int] = {
                "subscription": outlet.name,
                "event": due.event_id,
                "attempt": due.attempts + 1,
            }
            if status is not None:
                fields["status"] = status
            under.add(fields, failed=error is not None)
        return answer

    async def _answer(
        self, poster: Poster, outlet: Outlet, due: Due, *, now: datetime, trace: str | None = None
    ) -> Answer:
        """One try; `trace` goes along as its `traceparent`."""
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                answer = await outlet.send(poster, due.event_id, due.body, now, trace=trace)
        except Exception as raised:  # noqa: BLE001 - noted with the attempt; it ends neither the role nor the others
            return None, type(raised).__name__, None
        return answer.status, None, answer.retry_after


class _Line:
    """One subscription's part of the queue, for one round."""

    def __init__(
        self,
        deliveries: DeliveryQueue,
        subscriber: Subscriber,
        now: Callable[[], datetime],
        *,
        trial: bool,
        timeout: timedelta,
    ) -> None:
        self._deliveries, self._now, self._timeout = deliveries, now, timeout
        self._name, self._pace = subscriber.subscription.name, subscriber.pace
        self._matches, self._begins = matcher_of(subscriber.subscription, trial=trial), not subscriber.is_stored

    async def look(self) -> int:
        """How many events of the feed were looked at."""
        return await self._deliveries.fan_out(self._name, self._matches, self._now(), FAN_OUT, begins=self._begins)

    async def fan_out(self) -> bool:
        return await self.look() == FAN_OUT

    async def claim(self, limit: int) -> list[Due]:
        now = self._now()
        until = now + 2 * self._timeout + timedelta(seconds=10)
        return await self._deliveries.claim(self._name, now, until, limit, pace=self._pace)

    async def note(self, outcomes: Sequence[Outcome]) -> None:
        change = await self._deliveries.finish_all(outcomes)
        if change is not None:
            _log_turn(self._name, change)

    async def release(self, dues: Sequence[Due]) -> None:
        await self._deliveries.release(dues)

    async def is_paused(self) -> bool:
        return await self._deliveries.is_paused(self._name, self._now())


def matcher_of(subscription: SubscriptionTerms, *, trial: bool) -> Matches:
    """Which events the subscription gets. `trial`: the whole service is on trial."""

    def matches(topic: str, event_type: str, head: str) -> bool:
        if trial and "observe" not in subscription.modes:
            return False
        return subscription.wants(topic, event_type) and mode_of(head) in subscription.modes

    return matches


def _log_turn(name: str, change: Change) -> None:
    turn = turn_of(change)
    if turn is None:
        return
    is_over = change.after.disabled is not None
    level = logging.ERROR if is_over else logging.WARNING if turn == "opened" else logging.INFO
    log.log(level, text_of(turn), extra={"subscription": name, "count": change.after.failures})
