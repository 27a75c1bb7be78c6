"""The worker of one sink after the other: fan out, claim, plan, carry out, finish or put off.

A sink is one more target of the feed: it has its place there, one event of a lead at a time, and its claims run out like those
of a subscription. On kill -9 between a step and our note of it the claim runs out, the plan is made again, and the carrier goes
on from what its steps and records say; `carrying.py` tells what becomes of the call that was on its way.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from schemas.certain import certain
from schemas.envelope import Envelope, mode_of
from schemas.events import LeadErased
from schemas.sinks import Sink
from services.loops.doorbell import Doorbell
from services.observability.tracing import Fields, Traces, traceparent_in
from services.ports.deliveries import HELD, Attempt, DeliveryQueue, Due, Health, Outcome
from services.ports.errors import Fenced, PortError
from services.ports.sinks import SinkBook, SinkWaiting
from services.sinks.limits import OWN_LIMIT
from services.sinks.outcomes import SPARED, Trouble, TroubleKind
from services.sinks.verdicts import Verdict, judge_trouble

log = logging.getLogger("stafett.sinks")
STEP = 1.0
"""Seconds after which a step claims no more: new events are looked for."""
LOOK = timedelta(seconds=30)
"""How often it is looked for what was noted and is due."""
LOOK_AGAIN = timedelta(minutes=15)
"""When it is looked for again, where it is still not written."""
CALLS = 12
"""Calls that the longest plan makes; the claim of an event holds while they may take."""


class Worker(Protocol):
    """Plans what follows from an event, and carries it out."""

    async def carry(self, event: Envelope, until: datetime) -> None:
        """`until` is when our claim of it ends. Raises Trouble, StoreUnavailable."""


class LoopTarget(Protocol):
    """What the loop needs of a sink: a CRM's or a marketing platform's."""

    @property
    def name(self) -> str: ...
    @property
    def sink(self) -> Sink: ...
    @property
    def events(self) -> frozenset[str]: ...
    @property
    def is_showing(self) -> bool:
        """Whether it only shows what it would write."""

    def worker(self, book: SinkBook, now: Callable[[], datetime]) -> Worker: ...


class SinkLoop:
    """One sink's loop, so that a slow or paused one holds up nobody else."""

    def __init__(
        self,
        target: LoopTarget,
        deliveries: DeliveryQueue,
        book: SinkWaiting,
        now: Callable[[], datetime],
        *,
        bell: Doorbell | None = None,
        on_outcome: Callable[[str, TroubleKind | str], None] = lambda _target, _outcome: None,
        traces: Traces | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._traces = traces
        self._target, self._deliveries, self._now, self._book = target, deliveries, now, book
        self._touches_at: datetime | None = None
        self._may_wait_for_somebody = True
        self._worker = target.worker(book, now)
        self._bell, self._on_outcome, self._on_step = bell or Doorbell(), on_outcome, on_step
        self._held_until: datetime | None = None
        self._troubles_in_a_row = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; events in hand are finished."""
        while not stop.is_set():
            self._on_step()
            try:
                busy = await self.step()
            except PortError as error:
                log.warning("cannot write", extra={"sink": self._target.sink.name, "error": type(error).__name__})
                busy = 0
                await asyncio.sleep(0.5)
            if not busy:
                await self._bell.wait(0.2)

    async def step(self) -> int:
        """One round; returns how much there was to do. Raises StoreUnavailable."""
        now = self._now()
        fanned_out = await self._deliveries.fan_out(self._target.name, self._matches, now)
        if self._touches_at is None or now >= self._touches_at:
            self._touches_at = now + LOOK
            await self._book.resume_touches(self._target.name, now, now + LOOK_AGAIN)
        if self._may_wait_for_somebody:
            self._may_wait_for_somebody = False
            await self._book.pass_over_erased(self._target.name, now)
        return fanned_out + await self._carry_what_is_due()

    async def _carry_what_is_due(self) -> int:
        """How many were tried. Those that are over are noted together, and once half of the places are free more is claimed, so that
        one slow lead does not keep the others back, for `STEP` seconds. Raises StoreUnavailable once all are over."""
        tries: set[asyncio.Task[Outcome | None]] = set()
        count, begun = 0, time.monotonic()
        fault: BaseException | None = None
        may_claim = True
        try:
            while True:
                if may_claim and len(tries) <= self._places // 2:
                    try:
                        due = await self._claim(self._places - len(tries))
                    except PortError as error:
                        fault, due = error, []
                    tries |= {asyncio.create_task(self._deliver(item)) for item in due}
                    count += len(due)
                    may_claim = bool(due) and fault is None and time.monotonic() - begun < STEP
                if not tries:
                    break
                over, tries = await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
                fault = await self._note(over) or fault
                may_claim = may_claim and fault is None
        finally:
            # A step that is ended from outside leaves nobody writing behind it.
            for task in tries:
                task.cancel()
            await asyncio.gather(*tries, return_exceptions=True)
        if fault is not None:
            raise fault
        return count

    @property
    def _places(self) -> int:
        """How many are tried at a time; after an outage one event tries whether it is over."""
        is_alone = self._troubles_in_a_row >= 5 or self._target.is_showing
        return 1 if is_alone else self._target.sink.concurrency

    async def _claim(self, limit: int) -> list[Due]:
        now = self._now()
        if self._held_until is not None and now < self._held_until:
            return []
        until = now + timedelta(seconds=CALLS * self._target.sink.timeout_seconds)
        return await self._deliveries.claim(self._target.name, now, until, limit)

    async def _note(self, over: set[asyncio.Task[Outcome | None]]) -> BaseException | None:
        """What these came to, in one commit; the first fault of theirs, which ends the step once the others are over."""
        faults = [fault for task in over if (fault := task.exception()) is not None]
        outcomes = [outcome for task in over if task.exception() is None and (outcome := task.result()) is not None]
        try:
            await self._deliveries.finish_all(outcomes) if outcomes else None
        except PortError as error:
            faults.append(error)
        return faults[0] if faults else None

    def _matches(self, _topic: str, event_type: str, head: str) -> bool:
        if event_type not in self._target.events or mode_of(head) != "live":
            return False
        self._may_wait_for_somebody |= event_type == LeadErased.type_name
        brands = self._target.sink.brands
        return not brands or Envelope.model_validate_json(f"{head}null}}}}").source.rpartition("/")[2] in brands

    async def _deliver(self, due: Due) -> Outcome | None:
        """As `_carry`, as a step of the trace that its event belongs to, where it belongs to one."""
        parent = traceparent_in(due.body) if self._traces is not None else None
        if self._traces is None or parent is None:
            return await self._carry(due)
        with self._traces.step("sinks", "write", parent) as under:
            outcome = await self._carry(due)
            state = "lost" if outcome is None else outcome.state
            fields: Fields = {
                "sink": self._target.sink.name,
                "event": due.event_id,
                "attempt": due.attempts + 1,
                "state": state,
            }
            under.add(fields, failed=state != "delivered")
        return outcome

    async def _carry(self, due: Due) -> Outcome | None:
        """What came of it; None where it is no longer ours."""
        begun = time.monotonic()
        try:
            await self._worker.carry(Envelope.model_validate_json(due.body), certain(due.until, "it is claimed"))
        except Trouble as trouble:
            return await self._put_off(due, trouble, begun)
        except Fenced:
            # Whoever took over goes on from what was kept.
            log.warning("somebody else has it now", extra={"sink": self._target.sink.name, "event_id": due.event_id})
            return None
        except PortError:
            raise
        except Exception as error:
            # A fault of ours in one event: its lead waits and is shown, the others go on.
            log.exception("a sink failed", extra={"sink": self._target.sink.name, "event_id": due.event_id})
            return await self._put_off(due, Trouble("refused_data", f"fault_of_ours_{type(error).__name__}"), begun)
        self._troubles_in_a_row = 0
        self._on_outcome(self._target.sink.name, "done")
        return Outcome(due, self._attempt(begun, None), state="delivered", next_at=None, judge=_take_as_sound)

    async def _put_off(self, due: Due, trouble: Trouble, begun: float) -> Outcome:
        self._troubles_in_a_row += trouble.kind in ("transient", "unknown")
        # An event that gets further with each try waits as if it began: what counts is how often this step failed.
        before = trouble.tries - 1 if trouble.tries else due.attempts - due.spared
        verdict = judge_trouble(trouble, before, self._troubles_in_a_row, seed=due.id)
        self._on_outcome(self._target.sink.name, trouble.kind)
        shown = {
            "sink": self._target.sink.name,
            "event_id": due.event_id,
            "outcome": trouble.kind,
            "code": trouble.code,
        }
        log.warning("not written", extra={**shown, "field": trouble.field})
        await self._hold(verdict)
        self._may_wait_for_somebody |= verdict.wait is None
        again = HELD if verdict.wait is None else self._now() + verdict.wait
        judge = partial(_take_as_failing, now=self._now()) if _takes_nothing(trouble) else None
        attempt, spare = self._attempt(begun, trouble), trouble.kind in SPARED
        return Outcome(due, attempt, state="pending", next_at=again, spare=spare, judge=judge)

    async def _hold(self, verdict: Verdict) -> None:
        if verdict.hold:
            self._held_until = max(self._held_until or self._now(), self._now() + verdict.hold)
        if verdict.pause is not None and await self._deliveries.disable(self._target.name, verdict.pause):
            log.error("sink paused", extra={"sink": self._target.sink.name, "reason": verdict.pause})

    def _attempt(self, begun: float, trouble: Trouble | None) -> Attempt:
        return Attempt(self._now(), None, str(trouble) if trouble else None, int((time.monotonic() - begun) * 1000))


def _takes_nothing(trouble: Trouble) -> bool:
    """Whether it says that nothing is taken now, whichever lead it is of; our own limit, and what the vendor refuses of one record, do not."""
    return trouble.kind in ("transient", "unknown", "spent") or (
        trouble.kind == "throttled" and trouble.code != OWN_LIMIT
    )


def _take_as_failing(before: Health, now: datetime) -> Health:
    """It has failed since the first trouble after the last event that was taken."""
    return before._replace(failing_since=before.failing_since or now)


def _take_as_sound(before: Health) -> Health:
    return before._replace(failing_since=None)
