"""What people do about a sink by hand: have it checked, see what it would write, say which record there is ours.

Each act is one commit, or, for `adopt`, a signal on the log after it: killed between the two, the same command brings the signal,
which has the same id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, assert_never

from routing.model.records import Lead
from routing.people.roster import ROLES, Roster
from schemas.envelope import Envelope
from schemas.events import EventData, HandoverOffered
from schemas.sinks import RecordKind
from schemas.sinks.file import EverySink
from schemas.sinks.vendors import AnySink
from schemas.words import probably
from schemas.yamlfile import FileError
from services.bootstrap.parts import Parts
from services.bootstrap.reconciling import hook_of
from services.bootstrap.sinks import SinkParts, client_for_sinks, source_problems, when_problems
from services.bootstrap.sinks_file import read_every_sink, read_sinks
from services.ports.sinks import SinkRecord, SinkStep
from services.settings import Settings
from services.sinks.checking import Person, clock_problems, entry_problems, people_problems, user_problems
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.webhooks import WebhookLister, ask_for_problems
from services.sinks.records import Key, Wanted
from services.sinks.showing import show_plan
from services.sinks.vendor import Vendor


class NoSuch(ValueError):
    """What was named is not there; the text says what is."""


class Checked(NamedTuple):
    """`user` is who the vendor says that we are, None where it does not say; `note` says why it does not yet, which is no problem."""

    user: str | None
    problems: Sequence[str]
    note: str | None = None


class Shown(NamedTuple):
    """An event and what would be written because of it. `trouble` is why the plan ends early."""

    event: Envelope
    steps: Sequence[SinkStep]
    trouble: str | None


def sink_named(settings: Settings, name: str) -> EverySink:
    """Raises NoSuch with the name that was probably meant, FileError."""
    sinks = {sink.name: sink for sink in read_every_sink(settings)}
    if name not in sinks:
        there_are = f"there are {', '.join(sorted(sinks))}" if sinks else "there are none"
        path = settings.path(settings.files.sinks)
        raise NoSuch(f"{name} is no sink of {path}; {there_are}{probably(name, sinks)}")
    return sinks[name]


async def check_sink(parts: Parts, sink: AnySink) -> Checked:
    """Asks the vendor, and looks at the entry and the roster. Raises FileError, SettingsError, StoreUnavailable."""
    problems = [
        line for of, line in source_problems(parts.settings, read_sinks(parts.settings)) if of.name == sink.name
    ]
    # What has no `user` yet is told with the id to write, below.
    problems = [line for line in problems if "`source` needs `user`" not in line]
    problems += [line for of, line in when_problems(parts.settings, read_sinks(parts.settings)) if of.name == sink.name]
    ruling = parts.ruling()
    async with client_for_sinks() as client:
        made = SinkParts(parts, client)
        caller = made.caller(sink)
        vendor = made.vendor(sink, caller)
        people = list(_people(ruling.roster, made, sink))
        problems += entry_problems(sink, vendor, ruling.agreement.file.brands)
        problems += people_problems(people, made.system_of_ids(sink))
        there = await _ask(vendor, {p.name: p.vendor_id for p in people if p.vendor_id is not None})
        if sink.source is not None and sink.webhooks and isinstance(vendor, WebhookLister) and there.user:
            problems += await ask_for_problems(vendor, hook_of(parts.settings, sink.source))
        problems += clock_problems(caller.clock_offset)
    problems += [*(user_problems(sink, there.user) if there.user is not None else ()), *there.problems]
    return there._replace(problems=list(dict.fromkeys(problems)))


async def _ask(vendor: Vendor, owners: dict[str, str]) -> Checked:
    """What the vendor says."""
    user, note, problems = None, None, list[str]()
    try:
        user = await vendor.whoami()
    except Trouble as trouble:
        if trouble.kind == "gone":
            note = trouble.code
        else:
            problems.append(words_of(trouble))
    try:
        problems += await vendor.check(owners)
    except Trouble as trouble:
        problems.append(words_of(trouble))
    return Checked(user, problems, note)


def _people(roster: Roster, made: SinkParts, sink: AnySink) -> Iterator[Person]:
    """Whoever may be given a lead on any route."""
    roles = {role for route in ROLES.values() for role in route}
    find = made.plan_settings(sink).owner_id
    for owner in roster.owners(m.id for m in roster.file.people if m.active and roles & set(m.roles)):
        yield Person(owner.person, find(owner))


def words_of(trouble: Trouble) -> str:
    """Trouble for a person who has to do something about it."""
    what = f"{trouble.code}" + (f" ({trouble.field})" if trouble.field else "")
    match trouble.kind:
        case "refused_setup":
            return f"refused, and so would all be: {what}"
        case "refused_data":
            return f"refused for this record: {what}"
        case "gone":
            return f"no longer there: {what}"
        case "throttled" | "spent":
            return f"no more calls are allowed now: {what}"
        case "locked":
            return f"the record is busy: {what}"
        case "transient" | "unknown":
            return f"no answer that can be used: {what}"
        case _:
            assert_never(trouble.kind)


async def plan_sink(parts: Parts, sink: AnySink, name: str, *, offline: bool) -> Shown:
    """What would be written because of an event, or of the newest offer of a lead. `offline`: nothing is asked, as if nothing were
    there that we do not know of. Raises NoSuch, FileError, SettingsError, StoreUnavailable."""
    event = await event_named(parts, name, (HandoverOffered,), "that was ever offered to anybody")
    async with client_for_sinks() as client:
        target = SinkParts(parts, client).showing_target(sink, asks=not offline)
        steps, trouble = await show_plan(event, target, parts.sinks, parts.now)
    return Shown(event, steps, None if trouble is None else words_of(trouble))


async def event_named(parts: Parts, name: str, types: Sequence[type[EventData]], lead: str) -> Envelope:
    """The event, or a lead's newest of the first of these types that it has any of. `lead` says what a lead has to be. Raises NoSuch,
    StoreUnavailable."""
    for event_type in types:
        if (text := await parts.sinks.newest_event_text(name, event_type.type_name)) is not None:
            return Envelope.model_validate_json(text)
    if (text := await parts.sinks.event_text(name)) is None:
        raise NoSuch(f"{name} is no event of the feed, and no lead {lead}")
    return Envelope.model_validate_json(text)


async def adopt_record(
    parts: Parts, sink: AnySink, kind: RecordKind, *, key: str, vendor_id: str, lead_id: str, offline: bool
) -> SinkRecord:
    """From now on this record there is ours under that key, which our own intake is told as well. `offline`: nobody asks whether it is
    there. Raises NoSuch, Trouble, FileError, SettingsError, StoreUnavailable, LogUnavailable."""
    row = await parts.reading.lead(lead_id)
    if row is None:
        raise NoSuch(f"{lead_id} is no lead")
    lead = Lead.read(row.state)
    async with client_for_sinks() as client:
        made = SinkParts(parts, client)
        url = None
        if not offline:
            vendor = made.vendor(sink, made.caller(sink))
            url = await _url_of(vendor, kind, key, vendor_id)
        record = SinkRecord(
            sink.target,
            kind,
            key,
            lead_id=lead.id,
            state="present",
            made_by="operator",
            vendor_id=vendor_id,
            url=url,
            adopted=True,
            seen_at=parts.now(),
        )
        signals = made.link_signals(sink, record, _handover_of(kind, key, lead), lead.partition_key)
    await parts.sinks.adopt(record)
    if signals:
        await parts.log.append(list(signals))
    return record


async def _url_of(vendor: Vendor, kind: RecordKind, key: str, vendor_id: str) -> str | None:
    try:
        match = await vendor.read(kind, vendor_id, vendor.render(Wanted(Key(kind, key), {})))
    except Trouble as trouble:
        raise FileError([f"whether there is a {kind} {vendor_id} there: {words_of(trouble)}"]) from None
    if match is None:
        raise NoSuch(f"there is no {kind} {vendor_id} there; if there is, say --offline")
    return match.url


def _handover_of(kind: RecordKind, key: str, lead: Lead) -> str | None:
    """The hand-over that a record is of, by our key."""
    match kind:
        case "opportunity":
            return key
        case "note":
            return key.partition("/")[0]
        case "task":
            return key.rpartition(".")[0]
        case "contact" | "company":
            return lead.handover.id if lead.handover is not None else None
        case _:
            assert_never(kind)
