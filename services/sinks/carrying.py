"""Carrying out a plan: one operation after the other, each outcome committed before the next begins.

On kill -9 before a create left, its step stands as `sending` and nothing is there: the look-up says so and it is made. After it
left, the look-up finds it and it is taken over, where the vendor sees at once what was committed; where it does not, we wait
`Vendor.settle` before a look-up that finds nothing is believed. Where the vendor makes one record of two creates with one key,
it is sent again. A change is sent again: it sets what is set already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from schemas.envelope import Envelope
from schemas.events import LeadErased, LeadMerged
from schemas.json_values import JsonValue
from schemas.sinks import CrmSink, RecordKind
from schemas.sinks.base import HandoverStage
from services.ports.rows import RecordOut
from services.ports.sinks import WAITING, SinkBook, SinkRecord, SinkStep
from services.ports.written import TOLD, is_ours, note_fields, note_values
from services.sinks.erasing import Eraser
from services.sinks.kept import after_create, digest_of, is_blank, may_wait, newest_handover, taken_away
from services.sinks.limits import waiting_where_short
from services.sinks.outcomes import Trouble
from services.sinks.planning.answers import OUTCOMES
from services.sinks.planning.erasure import erasure_plan
from services.sinks.planning.merging import merge_plan
from services.sinks.planning.operations import Change, Collect, Ensure, Erase, Link, Operation, Plan, Spread
from services.sinks.planning.plan import Settings, events_of, plan_of
from services.sinks.planning.stages import may_move
from services.sinks.planning.touches import BATCH
from services.sinks.records import Fields, Key, Match, Parents, Wanted
from services.sinks.stepping import Done, Errand, StepTaker
from services.sinks.vendor import Vendor

NAMES_PEOPLE = ("contact", "opportunity")
"""Kinds in which others write as well: of these is kept which fields are ours, for an erasure."""
_OURS_ALONE = ("note", "task")
"""What nobody but us changes or makes: one that was written as it should be now need not be read again."""
CALLS_OF_A_CREATE = 4
"""So many time-outs a create may take at most, with a log-in and its own waits."""
BUSY = timedelta(seconds=2)
"""How long an event waits where another one is making the record that it needs."""


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

    @property
    def events(self) -> frozenset[str]:
        """The events of which something follows."""
        return events_of(self.sink)

    @property
    def is_showing(self) -> bool:
        """Whether it only shows what it would write."""
        return self.shown is not None

    def take_request(self) -> str | None:
        """The requests that were noted and not sent, which are forgotten; None for a sink that writes."""
        return self.shown() if self.shown is not None else None

    def worker(self, book: SinkBook, now: Callable[[], datetime]) -> Carrier:
        """Who plans and carries out events here."""
        return Carrier(self, book, now)


class Known(NamedTuple):
    """What we know of a record, and how it is there."""

    record: SinkRecord | None
    match: Match


class Making(NamedTuple):
    """A record that has to be made. `record` is what we know of it, `asked_at` when it was looked for, `marks` what is told of by
    webhooks once it is made."""

    key: Key
    fields: Fields
    parents: Parents
    record: SinkRecord | None
    asked_at: datetime
    marks: str | None = None


class Carrier(StepTaker[Operation]):
    """Carries out errands at one CRM."""

    def __init__(self, target: Target, book: SinkBook, now: Callable[[], datetime]) -> None:
        super().__init__(target, book, now)
        self._target, self._vendor, self._sink = target, target.vendor, target.sink
        self._timeout = timedelta(seconds=target.sink.timeout_seconds)

    async def carry(self, event: Envelope, until: datetime) -> None:
        """Plans what follows from the event, and carries it out. `until` is when our claim of it ends. Raises Trouble,
        StoreUnavailable."""
        records = await self._book.records(self._target.name, event.subject)
        body, newest = event.body(), newest_handover(records)
        plan: Plan
        match body:
            case LeadErased():
                plan = erasure_plan(records, deletes=self._sink.erased == "delete")
            case LeadMerged():
                # Told of both leads: the kept one's own turn is the one that links.
                is_kept = event.subject == body.kept
                plan = merge_plan(body, await self._book.records(self._target.name, body.gone)) if is_kept else ()
            case _:
                plan = plan_of(event, body, self._target.settings, newest)
                if isinstance(body, OUTCOMES) and await self._is_told_there(event):
                    plan = tuple(op._replace(is_told_there=True) if isinstance(op, Change) else op for op in plan)
        await self.carry_out(Errand(event, plan, until, {(record.kind, record.key): record for record in records}))

    async def _is_told_there(self, event: Envelope) -> bool:
        """Whether the signal that caused it came from this CRM."""
        source = self._sink.source
        return source is not None and await self._book.source_of_signal(event.causationid) == source

    async def carry_out_operation(self, errand: Errand[Operation], operation: Operation, step: SinkStep) -> Done:
        match operation:
            case Ensure():
                key = operation.wanted.key
                with waiting_where_short(may_wait(errand.records.get((key.kind, key.text)), key)):
                    return await self._ensure(errand, operation, step)
            case Change():
                return await self._change(errand, operation, step)
            case Link():
                return await self._link(errand, operation)
            case Collect() | Spread():
                return await self._keep_touches(errand, operation)
            case Erase():
                eraser = Eraser(self._vendor, self._sink, self._now())
                parents = await self._parents(errand, operation.hangs_on)
                are_known = len(parents) == len(operation.hangs_on)
                return await eraser.erase(errand.records[operation.kind, operation.key], parents, are_known=are_known)
            case _:
                assert_never(operation)

    async def _ensure(self, errand: Errand[Operation], operation: Ensure, step: SinkStep) -> Done:
        key = operation.wanted.key
        if key.kind not in self._vendor.kinds:
            return Done("not_known_there", state="skipped")
        record = await self._record_of(errand, key)
        parents = await self._parents(errand, operation.hangs_on)
        wanted = self._with_stage(operation.wanted, operation.stage)
        fields = self._vendor.render(wanted)
        if (
            key.kind in _OURS_ALONE
            and record is not None
            and record.state == "present"
            and record.digest == digest_of(fields)
        ):
            return Done("unchanged")
        asked_at = self._now()
        match = await self._look_up(record, key, fields, parents)
        if match is not None:
            return await self._bring_up_to_date(errand, operation, Known(record, match), step)
        if record is not None and record.state != "making" and (outcome := taken_away(key.kind)):
            return Done(outcome, record._replace(state="gone", seen_at=self._now()))
        marks = note_values(None, wanted.values, TOLD, self._now())
        if key.kind in NAMES_PEOPLE:
            marks = note_fields(marks, fields, self._now())
        making = Making(key, fields, parents=parents, record=record, asked_at=asked_at, marks=marks)
        return await self._make(errand, making, step)

    async def _look_up(self, record: SinkRecord | None, key: Key, fields: Fields, parents: Parents) -> Match | None:
        """The record as it is there: by its id where we know it, else by our key."""
        if record is not None and record.state == "present" and record.vendor_id is not None:
            match = await self._vendor.read(key.kind, record.vendor_id, fields)
            if match is not None:
                return match
        return await self._vendor.find(key, fields, parents)

    async def _bring_up_to_date(
        self, errand: Errand[Operation], operation: Ensure, there: Known, step: SinkStep
    ) -> Done:
        (record, match), wanted, now = there, operation.wanted, self._now()
        if match.is_closed and operation.stage is not None:
            raise Trouble("refused_data", "opportunity_is_closed_there")
        fields = self._vendor.render(self._with_stage(wanted, operation.stage))
        changes = self._changes(wanted, match)
        changes |= self._stage_change(operation.stage, match, wanted.key)
        was_made_now = record is not None and record.state == "making"
        is_new = record is None or record.vendor_id != match.vendor_id
        known = record or self._new_record(errand, wanted.key)
        known = known._replace(written=self._marks(known, self._with_stage(wanted, operation.stage), changes))
        if changes:
            # Of a record that was ours before: one that is new is told of together with its id.
            await self._announce(step, known if record is not None and not is_new else None, before=record)
            await self._update(step, record, match.vendor_id, wanted.key.kind, changes=changes)
        known = known._replace(
            state="present",
            vendor_id=match.vendor_id,
            url=match.url or known.url,
            digest=digest_of(fields),
            adopted=known.adopted or (is_new and not was_made_now),
            is_over=False,
            seen_at=now,
        )
        outcome = "updated" if changes else "adopted" if is_new else "unchanged"
        return Done(outcome, known, is_new=is_new)

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
            if (name in ours and match.fields.get(name) != value) or is_blank(match.fields.get(name))
            if not (is_blank(value) and is_blank(match.fields.get(name)))
        }

    def _stage_change(
        self, stage: HandoverStage | None, match: Match, key: Key, *, is_told_there: bool = False
    ) -> dict[str, JsonValue]:
        """The stage, where the record may move there. Raises Trouble (refused_data) for a record that is closed."""
        stages = self._sink.stages
        stage_id = getattr(stages, stage) if stage is not None else None
        if stage is None or stage_id is None or match.stage == stage_id:
            return {}
        if not may_move(stages, match.stage, is_closed=match.is_closed, to=stage, is_told_there=is_told_there):
            return {}
        empty = frozenset(self._vendor.render(Wanted(key, {})))
        rendered = self._vendor.render(Wanted(key, {"stage": stage_id}))
        return {name: value for name, value in rendered.items() if name not in empty}

    async def _make(self, errand: Errand[Operation], wanted: Making, step: SinkStep) -> Done:
        key, fields, parents, record, asked_at, marks = wanted
        if self._target.shown is not None:
            await self._vendor.create(key, fields, parents)
            raise Trouble("refused_setup", "a_sink_that_only_shows_has_written")
        # One that another event makes is that event's to wait for, until nobody can be making it: `begin` refuses it.
        if record is not None and record.made_by == errand.event_id and record.state == "making" and record.sent_at:
            self._wait_until_settled(key, record.sent_at, asked_at)
        now = self._now()
        if now + CALLS_OF_A_CREATE * self._timeout >= errand.until:
            raise Trouble("transient", "claim_ran_out")
        # By the marks an erasure knows it again, should nobody answer.
        making = self._new_record(errand, key)._replace(state="making", sent_at=now, written=marks)
        if not await self._book.begin(making, step, record, asked_at - self._longest_create):
            raise Trouble("locked", "another_event_is_making_it", wait=BUSY)
        try:
            made = await self._vendor.create(key, fields, parents)
        except Trouble as trouble:
            if trouble.kind == "unknown":
                # It may go on there from now on, not from when it left.
                await self._book.begin(making._replace(sent_at=self._now()), step)
            else:
                # The vendor said no, so that nothing was made and the look-up that comes next may be believed.
                await self._book.release(making, step)
            raise
        return after_create(making._replace(written=None if made.adopted else marks), made, fields, now)

    @property
    def _longest_create(self) -> timedelta:
        """So long after a create of somebody else was about to leave, a look-up that found nothing is right: whoever made it is over
        with it, and so is the vendor."""
        return (CALLS_OF_A_CREATE + 1) * self._timeout + self._vendor.settle

    def _wait_until_settled(self, key: Key, sent_at: datetime, now: datetime) -> None:
        """Raises Trouble (unknown) while a look-up may still miss what an earlier create made: the vendor may work on it for as long
        as we would have waited, and its index may be late after that."""
        believed_at = sent_at + self._timeout + self._vendor.settle
        if not self._vendor.is_repeatable(key.kind) and now < believed_at:
            raise Trouble("unknown", "not_settled_yet", wait=believed_at - now)

    def _marks(self, record: SinkRecord, wanted: Wanted, changes: Fields) -> str | None:
        """What is told of by webhooks, as it is there once the changes are written."""
        empty = self._vendor.render(Wanted(wanted.key, {}))
        written = [
            name
            for name in TOLD
            if name in wanted.values
            and any(
                field in changes and field not in empty
                for field in self._vendor.render(Wanted(wanted.key, {name: wanted.values[name]}))
            )
        ]
        marks = note_values(record.written, wanted.values, written, self._now())
        return note_fields(marks, changes, self._now()) if changes and wanted.key.kind in NAMES_PEOPLE else marks

    async def _announce(self, step: SinkStep, record: SinkRecord | None, before: SinkRecord | None) -> None:
        """Marks are kept before the write leaves: its webhook may be faster than our note of it."""
        if record is not None and before is not None and record.written != before.written:
            await self._book.finish(step, before._replace(written=record.written))

    async def _update(
        self, step: SinkStep, before: SinkRecord | None, vendor_id: str, kind: RecordKind, *, changes: Fields
    ) -> None:
        """Marks of a write that was refused are taken back at once: whoever writes that value themselves is not taken for us. One that
        was not answered may have happened, so its marks stay."""
        try:
            await self._vendor.update(kind, vendor_id, changes)
        except Trouble as trouble:
            if before is not None and before.vendor_id == vendor_id and trouble.kind != "unknown":
                await self._book.finish(step, before)
            raise

    async def _change(self, errand: Errand[Operation], operation: Change, step: SinkStep) -> Done:
        key = operation.wanted.key
        record = await self._record_of(errand, key)
        if record is None or record.state != "present" or record.vendor_id is None:
            return Done("never_made_there", state="skipped")
        fields = self._vendor.render(operation.wanted)
        if operation.stage is None and fields == self._vendor.render(Wanted(key, {})):
            return Done("not_known_there", state="skipped")
        match = await self._vendor.read(key.kind, record.vendor_id, fields)
        if match is None and key.kind == "opportunity":
            # Somebody may have made another record of it, which has our key.
            parents = await self._parents(errand, [Key("contact", record.lead_id)])
            match = await self._vendor.find(key, fields, parents)
        if match is None:
            return Done("gone", record._replace(state="gone", seen_at=self._now()))
        wanted = operation.wanted
        if key.kind == "contact":
            # Others write there too: what stands there as we wrote it may be written again, and what is blank.
            ours = (name for name, value in match.fields.items() if is_ours(record.written, name, value))
            wanted = wanted._replace(owned=frozenset({*self._sink.owns, *ours}))
        changes = self._changes(wanted, match) if not match.is_closed else {}
        changes |= self._stage_change(operation.stage, match, key, is_told_there=operation.is_told_there)
        marks = self._marks(record, self._with_stage(operation.wanted, operation.stage), changes)
        if changes:
            await self._announce(step, record._replace(written=marks), before=record)
            await self._update(step, record, match.vendor_id, key.kind, changes=changes)
        is_over = record.is_over or operation.stage in ("returned", "won", "lost")
        # One that ours was merged into is somebody else's, and stays so.
        adopted = record.adopted or match.vendor_id != record.vendor_id
        kept = record._replace(vendor_id=match.vendor_id, adopted=adopted, is_over=is_over, written=marks)
        outcome = "updated" if changes else "unchanged"
        return Done(outcome, kept._replace(seen_at=self._now()), is_new=match.vendor_id != record.vendor_id)

    async def _link(self, errand: Errand[Operation], operation: Link) -> Done:
        opportunity, other = [await self._record_of(errand, key) for key in (operation.opportunity, operation.other)]
        if opportunity is None or other is None or opportunity.vendor_id is None or other.vendor_id is None:
            return Done("never_made_there", state="skipped")
        await self._vendor.link(opportunity.vendor_id, operation.other.kind, other.vendor_id)
        return Done("linked")

    async def _keep_touches(self, errand: Errand[Operation], operation: Collect | Spread) -> Done:
        """They wait from the first that is not written; whoever looks for what is due has this event come again then."""
        kept = errand.records.get(("touches", operation.handover_id))
        if isinstance(operation, Spread):
            return Done("written", kept and kept._replace(vendor_id=None, sent_at=None, seen_at=self._now()))
        record = kept or SinkRecord(
            self._target.name,
            "touches",
            operation.handover_id,
            lead_id=errand.lead_id,
            state="present",
            made_by=errand.event_id,
        )
        due = record.sent_at if record.vendor_id == WAITING and record.sent_at is not None else self._now() + BATCH
        record = record._replace(vendor_id=WAITING, sent_at=due, made_by=errand.event_id, before=operation.touches)
        return Done("collected", record)

    async def _record_of(self, errand: Errand[Operation], key: Key) -> SinkRecord | None:
        """As it was read with the lead's, or kept since; one of another lead, as a company's, is read when it is needed first."""
        known = errand.records.get((key.kind, key.text))
        if known is None and (known := await self._book.record(self._target.name, key.kind, key.text)) is not None:
            errand.records[key.kind, key.text] = known
        return known

    async def _parents(self, errand: Errand[Operation], keys: Sequence[Key]) -> Parents:
        records = {key.kind: await self._record_of(errand, key) for key in keys}
        ids = {kind: record.vendor_id for kind, record in records.items() if record is not None}
        if self._target.shown is not None:
            # Nothing is made, so nobody has given an id.
            ids = {key.kind: ids.get(key.kind) or "0" for key in keys}
        return {kind: vendor_id for kind, vendor_id in ids.items() if vendor_id is not None}

    def _with_stage(self, wanted: Wanted, stage: HandoverStage | None) -> Wanted:
        stage_id = getattr(self._sink.stages, stage) if stage is not None else None
        return wanted if stage_id is None else wanted._replace(values={**wanted.values, "stage": stage_id})

    def _new_record(self, errand: Errand[Operation], key: Key) -> SinkRecord:
        return SinkRecord(
            self._target.name, key.kind, key.text, lead_id=errand.lead_id, state="making", made_by=errand.event_id
        )
