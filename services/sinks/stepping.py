"""What every sink does with the operations of a plan: those that are not done yet, in their order, each outcome committed before the
next begins. What an operation does is the carrier's own.

On kill -9 the steps that were committed stand; the plan is made again, and the first step that is not done is taken once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from schemas.envelope import Envelope
from schemas.sinks import KeptKind
from services.ports.rows import RecordOut
from services.ports.sinks import SinkBook, SinkRecord, SinkStep, StepState
from services.sinks.calls import Shown
from services.sinks.outcomes import SPARED, Trouble

_REQUEST = 60_000
"""Characters of a request that is kept to be shown."""


class Named(Protocol):
    """An operation: its outcome is kept under its name, which no other of its plan has."""

    @property
    def name(self) -> str: ...


O = TypeVar("O", bound=Named)  # noqa: E741 - of a type variable, read where an operation stands


class Errand(NamedTuple, Generic[O]):
    """One event on its way into a sink. `until` is when our claim of it ends: no create is sent after it, and nothing is kept
    of it once somebody else has claimed it. `records` are those that were read or kept on
    the way: while the claim holds, nobody else writes them."""

    event: Envelope
    plan: tuple[O, ...]
    until: datetime
    records: dict[tuple[KeptKind, str], SinkRecord]

    @property
    def event_id(self) -> str:
        return self.event.id

    @property
    def lead_id(self) -> str:
        return self.event.subject


class Done(NamedTuple):
    """What came of an operation, and the record as it is now."""

    outcome: str
    record: SinkRecord | None = None
    state: StepState = "done"
    is_new: bool = False
    code: str | None = None


class StepTarget(Protocol):
    """What a step needs of a sink."""

    @property
    def name(self) -> str: ...
    @property
    def tell(self) -> Callable[[SinkRecord, Envelope], Sequence[RecordOut]]:
        """Turns an id that was learned into the signals that say so."""

    def take_request(self) -> str | None:
        """The requests that were noted and not sent, which are forgotten; None for a sink that writes."""


class StepTaker(Generic[O]):
    """Carries out errands at one target. Not shared by two errands of one lead: the claim of deliveries sees to it."""

    def __init__(self, target: StepTarget, book: SinkBook, now: Callable[[], datetime]) -> None:
        self._step_target, self._book, self._now = target, book, now

    async def carry_out(self, errand: Errand[O]) -> None:
        """Every operation that is not done yet, in order. Raises Trouble at the first that fails, once its step is kept;
        StoreUnavailable."""
        past = {step.name: step for step in await self._book.steps(self._step_target.name, errand.event_id)}
        for operation in errand.plan:
            step = past.get(operation.name)
            if step is not None and step.state in ("done", "planned", "skipped"):
                continue
            await self._take_step(errand, operation, step)

    async def carry_out_operation(self, errand: Errand[O], operation: O, step: SinkStep) -> Done:
        """What the operation does, and what came of it. Raises Trouble, Shown."""
        raise NotImplementedError

    async def _take_step(self, errand: Errand[O], operation: O, before: SinkStep | None) -> None:
        """`before` is what became of the step when it was tried last."""
        target = self._step_target
        step = SinkStep(
            target.name,
            errand.event_id,
            operation.name,
            errand.lead_id,
            state="sending",
            attempts=before.attempts + 1 if before is not None else 1,
            at=self._now(),
            spared=before.spared if before is not None else 0,
            held_until=errand.until,
        )
        try:
            done = await self.carry_out_operation(errand, operation, step)
        except Shown:
            done = Done("planned", state="planned")
        except Trouble as trouble:
            state: StepState = "refused" if trouble.kind in ("refused_data", "refused_setup", "gone") else "waiting"
            kept = step._replace(state=state, at=self._now(), outcome=trouble.kind, code=trouble.code)
            kept = kept._replace(spared=step.spared + (trouble.kind in SPARED))
            await self._book.finish(kept._replace(field=trouble.field, correlation=trouble.correlation))
            trouble.tries = kept.attempts - kept.spared
            raise
        request = target.take_request()
        signals = target.tell(done.record, errand.event) if done.record is not None and done.is_new else ()
        kept = step._replace(state=done.state, at=self._now(), outcome=done.outcome, code=done.code)
        kept = kept._replace(request=request and request[:_REQUEST])
        record = done.record if done.state == "done" else None
        await self._book.finish(kept, record, signals)
        if record is not None:
            errand.records[record.kind, record.key] = record
