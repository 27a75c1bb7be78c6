"""Taking a person out of one record there: the record is deleted, or emptied of what we wrote, as the file says.

Each step may be taken again: what is gone is gone, and what is blank is not written. On kill -9 after the call and before our note
of it, it is asked for once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from schemas.json_values import JsonValue
from schemas.sinks import CrmSink, FieldRule, RecordKind, ValueName
from schemas.sinks.mapping import ANSWERS
from services.ports.sinks import SinkRecord
from services.ports.written import is_ours, noted_fields
from services.sinks.outcomes import Trouble
from services.sinks.records import Fields, Key, Match, Parents, Wanted
from services.sinks.stepping import Done
from services.sinks.vendor import Retracer, Span, Vendor

CLOCKS = timedelta(minutes=1)
"""How far their clock may be from ours."""
_OWN: tuple[ValueName, ...] = ("email", "first_name", "last_name", "full_name", "phone")


class Eraser(NamedTuple):
    """Erases at one CRM. `now` is the instant of this try."""

    vendor: Vendor
    sink: CrmSink
    now: datetime

    async def erase(self, record: SinkRecord, parents: Parents, *, are_known: bool) -> Done:
        """What came of it, and the record with nothing in it that tells of what we wrote. `parents` is what it hangs on, `are_known`
        whether that is all of it. Raises Trouble."""
        if record.kind == "touches":
            return Done("emptied", self._without_traces(record)._replace(vendor_id=None))
        if self.sink.erased == "leave":
            return Done("left", self._without_traces(record)._replace(state=record.state))
        if record.state == "making" and record.sent_at is not None:
            record = await self._after_unanswered_create(record, record.sent_at, parents, are_known=are_known)
        vendor_id = record.vendor_id
        if vendor_id is None or record.state != "present":
            return Done("nothing_there", self._without_traces(record))
        match record.kind:
            case "note" | "task":
                outcome, code = await self._delete(record.kind, vendor_id), None
            case "contact" | "opportunity":
                outcome, code = await self._erase_or_empty(record, record.kind, vendor_id)
            case _:
                outcome, code = "left", None
        return Done(outcome, self._without_traces(record), code=code)

    async def _after_unanswered_create(
        self, record: SinkRecord, sent_at: datetime, parents: Parents, *, are_known: bool
    ) -> SinkRecord:
        """The record as it is there, by our key, which nobody but us writes: it is ours. Raises Trouble: `unknown` while a look-up may
        still miss it, `refused_data` where one that finds nothing says nothing: an address that nobody knows any more finds no contact
        where the vendor cannot say which ones were made at that time, and what it keeps single itself may have no look-up."""
        kind = record.kind
        match kind:
            case "touches" | "membership":
                return record
            case "contact" | "company" | "opportunity" | "note" | "task":
                key = Key(kind, record.key)
            case _:
                assert_never(kind)
        there = await self.vendor.find(key, self.vendor.render(Wanted(key, {})), parents)
        if there is not None:
            return record._replace(state="present", vendor_id=there.vendor_id, adopted=False)
        believed_at = sent_at + timedelta(seconds=self.sink.timeout_seconds) + self.vendor.settle
        if self.now < believed_at:
            raise Trouble("unknown", "not_settled_yet", wait=believed_at - self.now)
        is_contact = key.kind == "contact"
        if is_contact and isinstance(self.vendor, Retracer):
            return await self._retrace(record, key, self.vendor, Span(sent_at - CLOCKS, believed_at + CLOCKS))
        if is_contact or self.vendor.is_repeatable(key.kind) or not are_known:
            raise Trouble("refused_data", "create_was_never_answered")
        return record

    async def _retrace(self, record: SinkRecord, key: Key, vendor: Retracer, span: Span) -> SinkRecord:
        """The contact as it is there, among those that were made at that time: the one whose address, or else number, is what we wrote, of
        which a digest is kept. As it was where there is none. Raises Trouble (refused_data) where that cannot be told."""
        noted = noted_fields(record.written)
        shared = _names_of(self.vendor, key, "first_name", "last_name", "full_name")
        telling = [(_names_of(self.vendor, key, name) - shared) & noted for name in ("email", "phone")]
        names = next(filter(None, telling), frozenset[str]())
        if not names:
            raise Trouble("refused_data", "create_was_never_answered")
        there = await vendor.contacts_made(span, sorted(names))
        ours = [one for one in there if any(is_ours(record.written, name, one.fields.get(name)) for name in names)]
        if len(ours) > 1:
            raise Trouble("refused_data", "create_was_never_answered")
        return record._replace(state="present", vendor_id=ours[0].vendor_id, adopted=False) if ours else record

    async def _erase_or_empty(self, record: SinkRecord, kind: RecordKind, vendor_id: str) -> tuple[str, str | None]:
        """(outcome, why it was only emptied where it should have been deleted)."""
        names = _personal_fields(self.vendor, self.sink, record, kind)
        match = await self.vendor.read(kind, vendor_id, names)
        if match is None:
            return "gone", None
        match = match._replace(fields={name: match.fields.get(name) for name in names})
        # One that was merged into another is somebody else's record now.
        is_ours_alone = not record.adopted and match.vendor_id == vendor_id
        if self.sink.erased != "delete" or not is_ours_alone or match.is_closed:
            return await self._empty_or_delete(record, kind, match, is_ours_alone=is_ours_alone)
        if not self.vendor.deletes_for_good:
            # A recycle bin keeps nothing of what was blank before.
            await self._empty(record, kind, match, is_ours_alone=True)
        try:
            return await self._delete(kind, vendor_id), None
        except Trouble as trouble:
            if trouble.kind not in ("refused_data", "refused_setup"):
                raise
            return await self._empty(record, kind, match, is_ours_alone=True), trouble.code

    async def _empty_or_delete(
        self, record: SinkRecord, kind: RecordKind, match: Match, *, is_ours_alone: bool
    ) -> tuple[str, str | None]:
        """A hand-over that was returned and that nobody may change there is deleted: it is in nobody's books."""
        try:
            return await self._empty(record, kind, match, is_ours_alone=is_ours_alone), None
        except Trouble as trouble:
            is_returned = kind == "opportunity" and match.is_closed and match.stage == self.sink.stages.returned
            if not (is_ours_alone and is_returned and trouble.kind == "refused_data"):
                raise
            return await self._delete(kind, match.vendor_id), trouble.code

    async def _delete(self, kind: RecordKind, vendor_id: str) -> str:
        try:
            await self.vendor.delete(kind, vendor_id)
        except Trouble as trouble:
            if trouble.kind != "gone":
                raise
            return "gone"
        return "deleted"

    async def _empty(self, record: SinkRecord, kind: RecordKind, match: Match, *, is_ours_alone: bool) -> str:
        """Of a record of others only the fields that hold what we wrote there."""
        names = [name for name, value in match.fields.items() if is_ours_alone or is_ours(record.written, name, value)]
        fields = _blank_fields(self.vendor, record, kind, sorted(names))
        changes = {name: value for name, value in fields.items() if not _is_same(match.fields.get(name), value)}
        if changes:
            await self.vendor.update(kind, match.vendor_id, changes)
        return "emptied"

    def _without_traces(self, record: SinkRecord) -> SinkRecord:
        return record._replace(state="erased", url=None, digest=None, written=None, before=None, seen_at=self.now)


def _names_of(vendor: Vendor, key: Key, *names: ValueName) -> frozenset[str]:
    """The vendor's names of fields that hold these values of ours."""
    constant = vendor.render(Wanted(key, {})).keys()
    return frozenset(vendor.render(Wanted(key, dict.fromkeys(names, "x"))).keys() - constant)


def _is_same(held: object, wanted: object) -> bool:
    return held == wanted or (held in (None, "", []) and wanted in (None, "", []))


def _personal_fields(vendor: Vendor, sink: CrmSink, record: SinkRecord, kind: RecordKind) -> frozenset[str]:
    """The vendor's names of the fields of this contact or opportunity that may name the person."""
    key = Key(kind, record.key)
    values: dict[ValueName, JsonValue] = dict.fromkeys(_OWN, "x") if kind == "contact" else {"name": "x"}
    mapped = sink.fields.contact if kind == "contact" else dict(_personal_rules(sink.fields.opportunity))
    constant = vendor.render(Wanted(key, {})).keys()
    return frozenset({*vendor.render(Wanted(key, values)).keys() - constant, *mapped})


def _blank_fields(vendor: Vendor, record: SinkRecord, kind: RecordKind, names: Sequence[str]) -> Fields:
    """What these fields hold from now on; an opportunity is called by our id of the hand-over."""
    fields = dict(vendor.empty(kind, names))
    if kind == "opportunity":
        named = vendor.render(Wanted(Key(kind, record.key), {"name": record.key}))
        fields |= {name: value for name, value in named.items() if name in fields}
    return fields


def _personal_rules(rules: Mapping[str, FieldRule]) -> Iterator[tuple[str, FieldRule]]:
    for name, rule in rules.items():
        if any(path.startswith(("contact.", ANSWERS)) for path in (*rule.of, *rule.join)):
            yield name, rule
