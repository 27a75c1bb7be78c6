"""Carrying out a plan: one operation after the other, each outcome committed before the next begins.

On kill -9 before a create left, its step stands as `sending` and nothing is there: the look-up says so and it is made. After it
left, the look-up finds it and it is taken over, where the vendor sees at once what was committed; where it does not, we wait
`Vendor.settle` before a look-up that finds nothing is believed. Where the vendor makes one record of two creates with one key,
it is sent again. A change is sent again: it sets what is set already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, assert_never

from schemas.envelope import Envelope
from schemas.json_values import JsonValue
from schemas.sinks import CrmSink, RecordKind
from schemas.sinks.base import HandoverStage
from services.ports.rows import RecordOut
from services.ports.sinks import SinkBook, SinkRecord, SinkStep, StepState
from services.sinks.calls import Shown
from services.sinks.outcomes import Made, Trouble
from services.sinks.planning.operations import Change, Ensure, Link, Operation, Plan
from services.sinks.planning.plan import Settings
from services.sinks.planning.stages import may_move
from services.sinks.records import Fields, Key, Match, Parents, Wanted
from services.sinks.vendor import Vendor

BUSY = timedelta(seconds=2)
"""How long an event waits where another one is making the record that it needs."""
_REQUEST = 60_000
"""Characters of a request that is kept to be shown."""


class Errand(NamedTuple):
    """One event on its way into a sink. `until` is when our claim of it ends: no create is sent after it."""

    event: Envelope
    plan: Plan
    until: datetime

    @property
    def event_id(self) -> str:
        return self.event.id

    @property
    def lead_id(self) -> str:
        return self.event.subject


class Target(NamedTuple):
    """A sink with its vendor in hand. `settings` is what plans are made with, `tell` turns an id that was learned into the signals
    that say so; `shown` gives, and forgets, the requests that were noted and not sent, None for a sink that writes."""

    settings: Settings
    vendor: Vendor
    tell: Callable[[SinkRecord, Envelope], Sequence[RecordOut]]
    shown: Callable[[], str] | None = None

    @property
    def sink(self) -> CrmSink:
        return self.settings.sink

    @property
    def name(self) -> str:
        return self.sink.target


class _Done(NamedTuple):
    """What came of an operation, and the record as it is now."""

    outcome: str
    record: SinkRecord | None = None
    state: StepState = "done"
    is_new: bool = False


class Carrier:
    """Carries out errands at one target. Not shared by two errands of one lead: the claim of deliveries sees to it."""

    def __init__(self, target: Target, book: SinkBook, now: Callable[[], datetime]) -> None:
        self._target, self._book, self._now = target, book, now
        self._vendor, self._sink = target.vendor, target.sink

    async def carry_out(self, errand: Errand) -> None:
        """Every operation that is not done yet, in order. Raises Trouble at the first that fails, once its step is kept;
        StoreUnavailable."""
        past = {step.name: step for step in await self._book.steps(self._target.name, errand.event_id)}
        for operation in errand.plan:
            step = past.get(operation.name)
            if step is not None and step.state in ("done", "planned", "skipped"):
                continue
            await self._take_step(errand, operation, step.attempts + 1 if step is not None else 1)

    async def _take_step(self, errand: Errand, operation: Operation, attempt: int) -> None:
        step = SinkStep(
            self._target.name,
            errand.event_id,
            operation.name,
            errand.lead_id,
            state="sending",
            attempts=attempt,
            at=self._now(),
        )
        try:
            done = await self._carry_out_operation(errand, operation, step)
        except Trouble as trouble:
            state: StepState = "refused" if trouble.kind in ("refused_data", "refused_setup", "gone") else "waiting"
            kept = step._replace(state=state, at=self._now(), outcome=trouble.kind, code=trouble.code)
            await self._book.finish(kept._replace(field=trouble.field, correlation=trouble.correlation))
            raise
        request = self._target.shown() if self._target.shown is not None else None
        signals = self._target.tell(done.record, errand.event) if done.record is not None and done.is_new else ()
        kept = step._replace(
            state=done.state, at=self._now(), outcome=done.outcome, request=request and request[:_REQUEST]
        )
        await self._book.finish(kept, done.record if done.state == "done" else None, signals)

    async def _carry_out_operation(self, errand: Errand, operation: Operation, step: SinkStep) -> _Done:
        try:
            match operation:
                case Ensure():
                    return await self._ensure(errand, operation, step)
                case Change():
                    return await self._change(operation)
                case Link():
                    return await self._link(operation)
                case _:
                    assert_never(operation)
        except Shown:
            return _Done("planned", state="planned")

    async def _ensure(self, errand: Errand, operation: Ensure, step: SinkStep) -> _Done:
        key = operation.wanted.key
        if key.kind not in self._vendor.kinds:
            return _Done("not_known_there", state="skipped")
        record = await self._record_of(key)
        parents = await self._parents(operation.hangs_on)
        wanted = self._with_stage(operation.wanted, operation.stage)
        fields = self._vendor.render(wanted)
        if record is not None and record.state == "present" and record.digest == _digest(fields):
            return _Done("unchanged")
        match = await self._look_up(record, key, fields, parents)
        if match is not None:
            return await self._bring_up_to_date(errand, operation, record, match)
        if record is not None and record.state != "making" and (outcome := _taken_away(key.kind)):
            return _Done(outcome, record._replace(state="gone", seen_at=self._now()))
        return await self._make(errand, key, fields, parents=parents, record=record, step=step)

    async def _look_up(self, record: SinkRecord | None, key: Key, fields: Fields, parents: Parents) -> Match | None:
        """The record as it is there: by its id where we know it, else by our key."""
        if record is not None and record.state == "present" and record.vendor_id is not None:
            match = await self._vendor.read(key.kind, record.vendor_id, fields)
            if match is not None:
                return match
        return await self._vendor.find(key, fields, parents)

    async def _bring_up_to_date(
        self, errand: Errand, operation: Ensure, record: SinkRecord | None, match: Match
    ) -> _Done:
        wanted, now = operation.wanted, self._now()
        if match.is_closed and operation.stage is not None:
            raise Trouble("refused_data", "opportunity_is_closed_there")
        fields = self._vendor.render(self._with_stage(wanted, operation.stage))
        changes = self._changes(wanted, match)
        changes |= self._stage_change(operation.stage, match, wanted.key)
        if changes:
            await self._vendor.update(wanted.key.kind, match.vendor_id, changes)
        was_made_now = record is not None and record.state == "making"
        is_new = record is None or record.vendor_id != match.vendor_id
        known = record or self._new_record(errand, wanted.key)
        known = known._replace(
            state="present",
            vendor_id=match.vendor_id,
            url=match.url or known.url,
            digest=_digest(fields),
            adopted=known.adopted or (is_new and not was_made_now),
            seen_at=now,
        )
        outcome = "updated" if changes else "adopted" if is_new else "unchanged"
        return _Done(outcome, known, is_new=is_new)

    def _changes(self, wanted: Wanted, match: Match) -> dict[str, JsonValue]:
        """What has to be written: blanks, and what is ours where it differs."""
        fields = self._vendor.render(wanted)
        if wanted.owned is None:
            ours = frozenset(fields)
        else:
            values = {name: value for name, value in wanted.values.items() if name in wanted.owned}
            ours = frozenset(self._vendor.render(wanted._replace(values=values, extra={}))) | wanted.owned
            # The key's own fields are in every rendering, and are no reason to overwrite.
            ours -= frozenset(self._vendor.render(wanted._replace(values={}, extra={}))) - wanted.owned
        return {
            name: value
            for name, value in fields.items()
            if (name in ours and match.fields.get(name) != value) or _is_blank(match.fields.get(name))
        }

    def _stage_change(self, stage: HandoverStage | None, match: Match, key: Key) -> dict[str, JsonValue]:
        """The stage, where the record may move there. Raises Trouble (refused_data) for a record that is closed."""
        stages = self._sink.stages
        stage_id = getattr(stages, stage) if stage is not None else None
        if stage is None or stage_id is None or match.stage == stage_id:
            return {}
        if not may_move(stages, match.stage, is_closed=match.is_closed, to=stage):
            return {}
        empty = frozenset(self._vendor.render(Wanted(key, {})))
        rendered = self._vendor.render(Wanted(key, {"stage": stage_id}))
        return {name: value for name, value in rendered.items() if name not in empty}

    async def _make(
        self,
        errand: Errand,
        key: Key,
        fields: Fields,
        *,
        parents: Parents,
        record: SinkRecord | None,
        step: SinkStep,
    ) -> _Done:
        now = self._now()
        if self._target.shown is not None:
            await self._vendor.create(key, fields, parents)
            raise Trouble("refused_setup", "a_sink_that_only_shows_has_written")
        if record is not None and record.state == "making" and record.sent_at is not None:
            self._wait_until_settled(key, record.sent_at, now)
        if now >= errand.until:
            raise Trouble("transient", "claim_ran_out")
        making = self._new_record(errand, key)._replace(state="making", sent_at=now)
        if not await self._book.begin(making, step):
            raise Trouble("locked", "another_event_is_making_it", wait=BUSY)
        try:
            made = await self._vendor.create(key, fields, parents)
        except Trouble as trouble:
            if trouble.kind != "unknown":
                # The vendor said no, so that nothing was made and the look-up that comes next may be believed.
                await self._book.release(making, step)
            raise
        return _after_create(making, made, fields, now)

    def _wait_until_settled(self, key: Key, sent_at: datetime, now: datetime) -> None:
        """Raises Trouble (unknown) while a look-up may still miss what an earlier create made."""
        if not self._vendor.is_repeatable(key.kind) and now < sent_at + self._vendor.settle:
            raise Trouble("unknown", "not_settled_yet", wait=sent_at + self._vendor.settle - now)

    async def _change(self, operation: Change) -> _Done:
        key = operation.wanted.key
        record = await self._record_of(key)
        if record is None or record.state != "present" or record.vendor_id is None:
            return _Done("never_made_there", state="skipped")
        fields = self._vendor.render(operation.wanted)
        match = await self._vendor.read(key.kind, record.vendor_id, fields)
        if match is None:
            return _Done("gone", record._replace(state="gone", seen_at=self._now()))
        changes = self._changes(operation.wanted, match) if not match.is_closed else {}
        changes |= self._stage_change(operation.stage, match, key)
        if changes:
            await self._vendor.update(key.kind, match.vendor_id, changes)
        return _Done(
            "updated" if changes else "unchanged", record._replace(vendor_id=match.vendor_id, seen_at=self._now())
        )

    async def _link(self, operation: Link) -> _Done:
        opportunity, other = [await self._record_of(key) for key in (operation.opportunity, operation.other)]
        if opportunity is None or other is None or opportunity.vendor_id is None or other.vendor_id is None:
            return _Done("never_made_there", state="skipped")
        await self._vendor.link(opportunity.vendor_id, operation.other.kind, other.vendor_id)
        return _Done("linked")

    async def _record_of(self, key: Key) -> SinkRecord | None:
        return await self._book.record(self._target.name, key.kind, key.text)

    async def _parents(self, keys: Sequence[Key]) -> Parents:
        records = [await self._record_of(key) for key in keys]
        ids = {record.kind: record.vendor_id for record in records if record is not None}
        if self._target.shown is not None:
            # Nothing is made, so nobody has given an id.
            ids = {key.kind: ids.get(key.kind) or "0" for key in keys}
        return {kind: vendor_id for kind, vendor_id in ids.items() if vendor_id is not None}

    def _with_stage(self, wanted: Wanted, stage: HandoverStage | None) -> Wanted:
        stage_id = getattr(self._sink.stages, stage) if stage is not None else None
        return wanted if stage_id is None else wanted._replace(values={**wanted.values, "stage": stage_id})

    def _new_record(self, errand: Errand, key: Key) -> SinkRecord:
        return SinkRecord(
            self._target.name, key.kind, key.text, lead_id=errand.lead_id, state="making", made_by=errand.event_id
        )


def _after_create(making: SinkRecord, made: Made, fields: Fields, now: datetime) -> _Done:
    # One that was there already was not written yet: with no digest the next event brings it up to date.
    digest = None if made.adopted else _digest(fields)
    record = making._replace(
        state="present", vendor_id=made.vendor_id, url=made.url, digest=digest, adopted=made.adopted, seen_at=now
    )
    return _Done("adopted" if made.adopted else "created", record, is_new=True)


def _taken_away(kind: RecordKind) -> str | None:
    """What comes of a record of ours that somebody took away there: a note or task stays away; None for those that others hang
    on, which are made again. Raises Trouble (gone) for an opportunity: only a person makes it again, by `forget`."""
    match kind:
        case "opportunity":
            raise Trouble("gone", "opportunity_is_no_longer_there")
        case "note" | "task":
            return "taken_away_there"
        case "contact" | "company":
            return None
        case _:
            assert_never(kind)


def _is_blank(value: JsonValue) -> bool:
    return value is None or value is False or value in ("", [])


def _digest(fields: Fields) -> str:
    return sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()
