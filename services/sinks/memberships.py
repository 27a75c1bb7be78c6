"""Carrying out a plan at a marketing platform: a contact found, put into audiences, and taken out where only we had put it in.

A membership is one record for each contact and audience, whichever lead needs it; whoever changes it is alone, since `begin` gives it
to one event. One that a worker left half changed is the next event's that needs it, once nobody can be changing it any more. What the contact was before is committed before we change it. So on kill -9 after the change the next try finds it in,
and knows from the record that it was out: it is ours. A kill after it was taken out finds it as it was before, and that is what was
wanted. Only what somebody else does in the very moment between our look and our change cannot be told from our own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from schemas.envelope import Envelope
from schemas.sinks import RecordState
from schemas.sinks.marketing import MarketingSink
from services.ports.rows import RecordOut
from services.ports.sinks import SinkBook, SinkRecord, SinkStep
from services.sinks.audiences import IN, Membership, Presence, Who, membership_of
from services.sinks.outcomes import Trouble
from services.sinks.planning.memberships import (
    EVENTS,
    Enter,
    EraseContact,
    Identify,
    Leave,
    MarketingSettings,
    MembershipOperation,
    all_audiences,
    memberships_plan,
)
from services.sinks.platform import Platform
from services.sinks.stepping import Done, Errand, StepTaker

log = logging.getLogger("stafett.sinks")
BUSY = timedelta(seconds=5)
"""How long an event waits where another lead's event changes the same membership."""
CALLS_OF_A_CHANGE = 6
"""Time-outs from the claim of a membership to the end of its change at most: half of them for the look that comes first."""
NOBODY = "0"
"""The contact in requests that are only shown, where nobody was looked up."""


class MarketingTarget(NamedTuple):
    """A marketing sink with its platform in hand; `shown` as that of a CRM's."""

    settings: MarketingSettings
    platform: Platform
    shown: Callable[[], str] | None = None

    @property
    def sink(self) -> MarketingSink:
        return self.settings.sink

    @property
    def name(self) -> str:
        return self.sink.target

    @property
    def events(self) -> frozenset[str]:
        """The events of which something follows."""
        return EVENTS

    @property
    def is_showing(self) -> bool:
        """Whether it only shows what it would write."""
        return self.shown is not None

    def tell(self, _record: SinkRecord, _event: Envelope) -> Sequence[RecordOut]:
        """Nothing: an id that was learned is kept with the lead's record, and names nobody by itself."""
        return ()

    def take_request(self) -> str | None:
        """The requests that were noted and not sent, which are forgotten; None for a sink that writes."""
        return self.shown() if self.shown is not None else None

    def worker(self, book: SinkBook, now: Callable[[], datetime]) -> MembershipCarrier:
        """Who plans and carries out events here."""
        return MembershipCarrier(self, book, now)


class MembershipCarrier(StepTaker[MembershipOperation]):
    """Carries out errands at one platform."""

    def __init__(self, target: MarketingTarget, book: SinkBook, now: Callable[[], datetime]) -> None:
        super().__init__(target, book, now)
        self._target, self._platform = target, target.platform
        self._timeout = timedelta(seconds=target.sink.timeout_seconds)
        self._shown_contact: str | None = None

    async def carry(self, event: Envelope, until: datetime) -> None:
        """Plans what follows from the event, and carries it out. Raises Trouble, StoreUnavailable."""
        plan = memberships_plan(event, event.body(), self._target.settings, await self._memberships_of(event.subject))
        await self.carry_out(Errand(event, plan, until, {}))

    async def carry_out_operation(
        self, errand: Errand[MembershipOperation], operation: MembershipOperation, step: SinkStep
    ) -> Done:
        match operation:
            case Identify():
                return await self._identify(errand, operation, step)
            case Enter():
                return await self._enter(errand, operation, step)
            case Leave():
                return await self._leave(errand, operation, step)
            case EraseContact():
                return await self._erase_contact(errand)
            case _:
                assert_never(operation)

    async def _memberships_of(self, lead_id: str) -> list[Membership]:
        """Those that the lead holds: of the records that were made for it, and of its contact's that were made for another lead."""
        records = await self._book.records(self._target.name, lead_id)
        contact = next((r.vendor_id for r in records if r.kind == "contact" and r.state == "present"), None)
        kept = {record.key: record for record in records if record.kind == "membership"}
        if contact is not None:
            for audience in all_audiences(self._target.sink):
                key = Membership(contact, audience, "suppression").key
                record = await self._book.record(self._target.name, "membership", key)
                kept |= {key: record} if record is not None else {}
        memberships = [membership_of(record.before) for record in kept.values()]
        return [one for one in memberships if one is not None and lead_id in one.holders]

    async def _identify(self, errand: Errand[MembershipOperation], operation: Identify, step: SinkStep) -> Done:
        """By the id that a webhook told, else by the one that we know, else by the address."""
        who, self._shown_contact = operation.who, NOBODY
        record = await self._book.record(self._target.name, "contact", errand.lead_id)
        contact = await self._read_first(who.known_id, record.vendor_id if record is not None else None)
        outcome = "found"
        if contact is None and who.email is not None:
            contact = await self._platform.find(who.email)
            if contact is None and operation.create:
                contact, outcome = await self._make_contact(errand, who, record, step), "created"
        self._shown_contact = contact
        if contact is None:
            return Done("nobody_there", state="skipped")
        is_new = record is None or record.vendor_id != contact
        # What is found after a create of ours that was not answered is what it made.
        is_ours = outcome == "created" or (record is not None and record.state == "making")
        adopted = not is_ours and (record is None or record.adopted or is_new)
        known = (record or self._new_contact(errand))._replace(state="present", vendor_id=contact, adopted=adopted)
        return Done(outcome, known._replace(seen_at=self._now()), is_new=is_new)

    async def _make_contact(
        self, errand: Errand[MembershipOperation], who: Who, before: SinkRecord | None, step: SinkStep
    ) -> str | None:
        """Announced before it leaves, so that one which was not answered is known as ours. What the platform refused is taken back: then
        it is as it was `before`."""
        if self._target.is_showing:
            return await self._platform.create(who)
        making = self._new_contact(errand)
        if not await self._book.begin(making, step, before, self._now() - self._longest_change):
            raise Trouble("locked", "another_event_is_making_it", wait=BUSY)
        try:
            contact = await self._platform.create(who)
        except Trouble as trouble:
            # An earlier one that was not answered may have made it all the same.
            if trouble.kind != "unknown" and (before is None or before.state != "making"):
                await self._take_back(making, before, step)
            raise
        if contact is None:
            await self._take_back(making, before, step)
        return contact

    async def _take_back(self, making: SinkRecord, before: SinkRecord | None, step: SinkStep) -> None:
        if before is None or before.state == "making":
            await self._book.release(making, step)
        else:
            await self._book.finish(step, before)

    def _new_contact(self, errand: Errand[MembershipOperation]) -> SinkRecord:
        lead, event = errand.lead_id, errand.event_id
        return SinkRecord(self._target.name, "contact", lead, lead, state="making", made_by=event, sent_at=self._now())

    async def _read_first(self, *ids: str | None) -> str | None:
        """The first of these contacts that is there."""
        for ident in dict.fromkeys(ids):
            if ident is not None and (contact := await self._platform.read(ident)) is not None:
                return contact
        return None

    async def _enter(self, errand: Errand[MembershipOperation], operation: Enter, step: SinkStep) -> Done:
        contact = await self._contact_of(errand)
        if contact is None:
            return Done("nobody_there", state="skipped")
        wanted = Membership(contact, operation.audience, operation.purpose)
        record = await self._record_of(wanted)
        kept = _membership_in(record)
        is_held = record is not None and record.state == "present" and _is_held_by(errand.lead_id, kept)
        if is_held and (await self._platform.presence(contact, operation.audience)).is_in:
            return Done("unchanged")
        if self._target.is_showing:
            return await self._show_entering(contact, operation)
        locked = await self._lock(errand, wanted, step, record)
        try:
            return await self._put_in(errand, operation, locked, step)
        except Trouble as trouble:
            await self._unlock(trouble, record, locked, step)
            if trouble.kind == "gone":
                return Done("nobody_there", state="skipped", code=trouble.code)
            raise

    async def _show_entering(self, contact: str, operation: Enter) -> Done:
        if contact != NOBODY and (await self._platform.presence(contact, operation.audience)).is_in:
            return Done("is_in_already", state="planned")
        await self._platform.enter(contact, operation.audience)
        raise Trouble("refused_setup", "a_sink_that_only_shows_has_written")

    async def _put_in(
        self, errand: Errand[MembershipOperation], operation: Enter, record: SinkRecord, step: SinkStep
    ) -> Done:
        """What follows from how the contact is in the audience now, and what we know of it."""
        membership = _membership_in(record)
        assert membership is not None  # noqa: S101 - `_lock` gives no record without one
        self._wait_until_settled(record)
        presence = await self._platform.presence(membership.contact, membership.audience)
        is_ours = bool(membership.holders) and membership.was is not None and not record.adopted
        mine = membership.with_holder(errand.lead_id, operation.reason)._replace(purpose=operation.purpose)
        if presence.is_in:
            if not membership.holders:
                # Somebody else had put it in before us, and it stays in when we no longer need it.
                kept = mine._replace(was=presence.word)
                return Done("adopted", self._present(errand, record, kept)._replace(adopted=True))
            return Done("entered" if is_ours else "adopted", self._present(errand, record, mine))
        before = mine if is_ours else mine._replace(was=presence.word)
        entering = self._present(errand, record, before)._replace(state="making", adopted=False)
        self._insist_on_time(record)
        await self._book.finish(step, entering)
        await self._platform.enter(membership.contact, membership.audience)
        return Done("entered", entering._replace(state="present", seen_at=self._now()))

    async def _leave(self, errand: Errand[MembershipOperation], operation: Leave, step: SinkStep) -> Done:
        record = await self._record_of(operation.membership)
        kept = _membership_in(record)
        if record is None or kept is None or not _is_held_by(errand.lead_id, kept):
            return Done("not_held", state="skipped")
        if self._target.is_showing:
            return (await self._take_out(errand, record, kept))._replace(state="planned")
        locked = await self._lock(errand, kept, step, record)
        try:
            return await self._take_out(errand, locked, _membership_in(locked) or kept)
        except Trouble as trouble:
            await self._unlock(trouble, record, locked, step)
            if trouble.kind == "gone":
                return Done("nobody_there", self._absent(locked, kept), code=trouble.code)
            raise

    async def _take_out(self, errand: Errand[MembershipOperation], record: SinkRecord, membership: Membership) -> Done:
        rest = membership.without(errand.lead_id)
        if rest.holders:
            return Done("needed_by_others", self._present(errand, record, rest))
        if record.adopted or membership.was is None:
            return Done("was_in_before_us", self._absent(record, rest))
        self._wait_until_settled(record)
        presence = await self._platform.presence(membership.contact, membership.audience)
        if presence.word == IN:
            return await self._restore(errand, record, membership)
        if presence.word != membership.was:
            self._note_finding(errand, membership, presence)
            return Done("changed_there", self._absent(record, rest), code=presence.word)
        return Done("unchanged", self._absent(record, rest))

    async def _restore(self, errand: Errand[MembershipOperation], record: SinkRecord, membership: Membership) -> Done:
        """What the platform takes back for nobody, as it may not for somebody who unsubscribed, is left and told."""
        was = membership.was or ""
        self._insist_on_time(record)
        try:
            await self._platform.restore(membership.contact, membership.audience, was)
        except Trouble as trouble:
            if trouble.kind != "refused_data":
                raise
            self._note_finding(errand, membership, Presence(trouble.code, is_in=True))
            return Done("not_taken_back", self._absent(record, membership), code=trouble.code)
        return Done("left", self._absent(record, membership))

    async def _erase_contact(self, errand: Errand[MembershipOperation]) -> Done:
        """One of others, and one that ours was merged into, stay: only what we made is deleted."""
        record = await self._book.record(self._target.name, "contact", errand.lead_id)
        if record is None:
            return Done("nobody_there", state="skipped")
        match record.state:
            case "gone" | "erased":
                return Done("nobody_there", state="skipped")
            case "making" | "present":
                return await self._take_contact_away(record)
            case _:
                assert_never(record.state)

    async def _take_contact_away(self, record: SinkRecord) -> Done:
        if self._target.sink.erased == "leave":
            return Done("left")
        if record.vendor_id is None:
            # It is being made still: only its address would find it, and nobody knows that any more.
            raise Trouble("refused_data", "create_was_never_answered")
        if record.adopted:
            return Done("left")
        there = await self._platform.read(record.vendor_id)
        if there is not None and there != record.vendor_id:
            return Done("left", code="merged_into_another")
        try:
            await self._platform.delete(record.vendor_id)
        except Trouble as trouble:
            if trouble.kind != "gone":
                raise
        outcome = "deleted" if there is not None else "gone"
        return Done(outcome, record._replace(state="erased", seen_at=self._now()))

    def _wait_until_settled(self, record: SinkRecord) -> None:
        """Raises Trouble (locked) while a look-up may still tell how it was before we changed it last."""
        settled = record.seen_at + self._platform.settle if record.seen_at is not None else None
        if settled is not None and self._now() < settled:
            raise Trouble("locked", "not_settled_yet", wait=settled - self._now())

    def _insist_on_time(self, record: SinkRecord) -> None:
        """Raises Trouble (transient) where the look took so long that somebody else could begin while our change is on its way."""
        if record.sent_at is None or self._now() > record.sent_at + CALLS_OF_A_CHANGE / 2 * self._timeout:
            raise Trouble("transient", "look_took_too_long")

    async def _lock(
        self, errand: Errand[MembershipOperation], wanted: Membership, step: SinkStep, seen: SinkRecord | None
    ) -> SinkRecord:
        """The record as it is once nobody else may change it. Raises Trouble (locked) while somebody else may be changing it, or has
        since it was read as `seen`."""
        now = self._now()
        if now + CALLS_OF_A_CHANGE * self._timeout >= errand.until:
            raise Trouble("transient", "claim_ran_out")
        making = SinkRecord(
            self._target.name,
            "membership",
            wanted.key,
            lead_id=errand.lead_id,
            state="making",
            made_by=errand.event_id,
            vendor_id=wanted.contact,
            before=wanted.to_json(),
            sent_at=now,
        )
        if not await self._book.begin(making, step, seen, now - self._longest_change):
            raise Trouble("locked", "another_event_is_changing_it", wait=BUSY)
        return await self._record_of(wanted) or making

    @property
    def _longest_change(self) -> timedelta:
        """Whoever began so long ago is over with it, and so is the platform: what it is like there now is what came of it."""
        return (CALLS_OF_A_CHANGE + 1) * self._timeout + self._platform.settle

    async def _unlock(self, trouble: Trouble, before: SinkRecord | None, locked: SinkRecord, step: SinkStep) -> None:
        """Others may change the record again where it is sure that nothing was changed; else it stays ours until we know."""
        if trouble.kind in ("unknown", "transient") or (before is not None and before.state == "making"):
            return
        if locked.seen_at is None:
            await self._book.release(locked, step)
            return
        kept = _membership_in(locked)
        state: RecordState = "present" if kept is not None and kept.holders else "gone"
        await self._book.finish(
            step, locked._replace(state=state, vendor_id=kept.contact if kept is not None else None)
        )

    def _present(self, errand: Errand[MembershipOperation], record: SinkRecord, membership: Membership) -> SinkRecord:
        """Held by the leads of the membership; the record is kept with one of them."""
        lead_id = record.lead_id if record.lead_id in membership.holders else next(iter(membership.holders))
        record = record._replace(state="present", vendor_id=membership.contact, before=membership.to_json())
        return record._replace(lead_id=lead_id, made_by=errand.event_id, seen_at=self._now())

    def _absent(self, record: SinkRecord, membership: Membership) -> SinkRecord:
        """Nothing is held any more, so the next time we look again what the contact was before."""
        kept = membership._replace(was=None, holders={})
        record = record._replace(state="gone", vendor_id=membership.contact, before=kept.to_json(), adopted=False)
        return record._replace(seen_at=self._now())

    def _note_finding(self, errand: Errand[MembershipOperation], membership: Membership, presence: Presence) -> None:
        finding = {"sink": self._target.sink.name, "event_id": errand.event_id, "audience": str(membership.audience)}
        log.warning("changed by others, so left as it is", extra={**finding, "state": presence.word})

    async def _record_of(self, membership: Membership) -> SinkRecord | None:
        return await self._book.record(self._target.name, "membership", membership.key)

    async def _contact_of(self, errand: Errand[MembershipOperation]) -> str | None:
        """The lead's contact there. Where nothing is written, nothing is kept: it is whoever was looked up a moment ago."""
        if self._target.is_showing:
            return self._shown_contact
        steps = await self._book.steps(self._target.name, errand.event_id)
        is_found = any(step.name == "contact" and step.state == "done" for step in steps)
        record = await self._book.record(self._target.name, "contact", errand.lead_id)
        return record.vendor_id if is_found and record is not None else None


def _membership_in(record: SinkRecord | None) -> Membership | None:
    return membership_of(record.before) if record is not None else None


def _is_held_by(lead_id: str, membership: Membership | None) -> bool:
    return membership is not None and lead_id in membership.holders
