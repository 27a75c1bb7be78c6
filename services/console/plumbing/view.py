"""What runs and what does not, as the page shows it: from rows of the store to what is said of them. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, assert_never
from urllib.parse import urlencode

from routing.incidents.silence import Silence
from services.api.sinks import TARGET
from services.api.unnamed import unnamed_place, unnamed_reason
from services.console.language.reader import Reader
from services.console.plumbing.desk import Unread
from services.console.plumbing.reasons import ReasonText, set_aside_text
from services.console.plumbing.words import fate_text, reason_text, source_text
from services.ports.plumbing import FateCounts, Receiver
from services.ports.reading import Counts, HistoryEntry
from services.ports.rows import DeadLetter, Quarantine

BEHIND = 1000
"""Events that a receiver may be behind the feed while nothing is wrong: what was fanned out a moment ago."""
Act = Literal["resume", "enable"]


class Depth(NamedTuple):
    """One figure. `worth`: it is worth a look; `section` is what it leads to on the page, "" where nothing does."""

    name: str
    number: str
    worth: bool
    section: str = ""


class LetterRow(NamedTuple):
    """What could not be processed: `name` is what another try is asked for by, the lead or the letter."""

    name: str
    lead_id: str | None
    source: str
    since: str
    reason: ReasonText
    error: str


class EntryRow(NamedTuple):
    """A body that was not understood; `place` and `reason` are without what the sender chose, unless the reader may see it."""

    id: str
    source: str
    since: str
    reason: ReasonText
    place: str
    size: str


class NothingRow(NamedTuple):
    """So many signals of a source came to nothing for one reason; `url` lists them."""

    source: str
    outcome: str
    reason: str
    number: str
    url: str


class SilentRow(NamedTuple):
    source: str
    since: str
    text: str


class ReceiverRow(NamedTuple):
    """A sink or a subscription. `state` is how it is, `why` in the words of who set it so; `act` is what can be asked for."""

    name: str
    kind: str
    waiting: str
    state: str
    why: str
    worth: bool
    act: Act | None


class SignalRow(NamedTuple):
    """One signal that came to nothing."""

    id: str
    at: str
    source: str
    outcome: str
    reason: str
    lead_id: str | None


def depths_of(counts: Counts, unread: Unread | None, reader: Reader) -> list[Depth]:
    """How much waits where."""
    unknown = reader.say("not known")
    return [
        Depth(
            reader.say("signals to decide on"),
            str(unread.signals) if unread is not None else unknown,
            unread is None,
        ),
        Depth(reader.say("to complete first"), str(unread.thin) if unread is not None else unknown, unread is None),
        Depth(reader.say("waiting for the log"), str(counts.spool), counts.spool > 0),
        Depth(reader.say("events to publish"), str(counts.outbox), False),
        Depth(reader.say("leads that stand still"), str(counts.held_leads), counts.held_leads > 0, "letters"),
        Depth(reader.say("not understood"), str(counts.quarantine), counts.quarantine > 0, "quarantine"),
    ]


def letter_rows(letters: Sequence[DeadLetter], reader: Reader) -> list[LetterRow]:
    """One for each lead, the first that failed, and one for each letter that names no lead."""
    found: dict[str, LetterRow] = {}
    for letter in letters:
        name = letter.lead_id or letter.id
        found.setdefault(
            name,
            LetterRow(
                name=name,
                lead_id=letter.lead_id,
                source=source_text(letter.source, reader),
                since=reader.instant(letter.recorded_at),
                reason=set_aside_text(letter.reason, reader),
                error=letter.error_class,
            ),
        )
    return list(found.values())


def entry_rows(entries: Sequence[Quarantine], reader: Reader, *, whole: bool) -> list[EntryRow]:
    """In the same order. `whole`: with what the sender chose, which may be personal."""
    return [
        EntryRow(
            id=entry.id,
            source=entry.source,
            since=reader.instant(entry.received_at),
            reason=set_aside_text(entry.reason if whole else unnamed_reason(entry.reason, entry.source), reader),
            place=entry.place if whole else unnamed_place(entry.place, entry.source),
            size=size_text(entry.size, reader),
        )
        for entry in entries
    ]


def size_text(size: int, reader: Reader) -> str:
    """Bytes as people say them; what was erased has none."""
    if size == 0:
        return reader.say("erased")
    return f"{size} B" if size < 1024 else f"{round(size / 1024)} KiB"


def nothing_rows(found: FateCounts, since: datetime, reader: Reader) -> list[NothingRow]:
    """The most first, as they were counted. `since` is from when on they are listed."""
    more = "" if found.is_all else "+"
    return [
        NothingRow(
            source=source_text(count.source, reader),
            outcome=fate_text(count.fate, reader),
            reason=reason_text(count.reason, reader),
            number=f"{count.number}{more}",
            url=signals_url(count.source, count.fate, since),
        )
        for count in found.counts
    ]


def signals_url(source: str | None, fate: str, since: datetime, after: str = "") -> str:
    """The list of signals that came to nothing."""
    members = {"source": source or "", "outcome": fate, "since": since.isoformat(timespec="minutes"), "after": after}
    return f"/plumbing/signals?{urlencode({name: value for name, value in members.items() if value})}"


def silent_rows(silences: Mapping[str, Silence], reader: Reader) -> list[SilentRow]:
    """By name."""
    return [
        SilentRow(
            source=name,
            since=reader.instant(silence.since),
            text=reader.say(
                "nothing for %(hours)s hours; in the same hours of the weeks before it was %(usual)s",
                hours=silence.hours,
                usual=", ".join(map(str, silence.usual)),
            ),
        )
        for name, silence in sorted(silences.items())
    ]


def receiver_rows(receivers: Sequence[Receiver], reader: Reader) -> list[ReceiverRow]:
    """Those that something is wrong with first."""
    rows = [_receiver_row(one, reader) for one in receivers]
    return sorted(rows, key=lambda row: not row.worth)


def _receiver_row(one: Receiver, reader: Reader) -> ReceiverRow:
    is_sink = one.name.startswith(TARGET)
    acts: Act = "resume" if is_sink else "enable"
    state, worth = _state_of(one, reader)
    return ReceiverRow(
        name=one.name.removeprefix(TARGET),
        kind=reader.say("CRM or platform") if is_sink else reader.say("subscription"),
        waiting=f"{one.waiting}{'' if one.is_all else '+'}",
        state=state,
        why=one.disabled or "",
        worth=worth,
        act=acts if one.disabled is not None else None,
    )


def _state_of(one: Receiver, reader: Reader) -> tuple[str, bool]:
    """(in words, whether it is worth a look)."""
    if one.disabled is not None:
        return reader.say("paused: it is sent nothing"), True
    match one.pause:
        case "open":
            at = reader.instant(one.failing_since or reader.now)
            return reader.say("takes nothing since %(at)s; it is tried now and then", at=at), True
        case "throttled":
            if one.paused_until is not None and one.paused_until > reader.now:
                return reader.say("asked us to wait until %(at)s", at=reader.instant(one.paused_until)), False
        case None:
            pass
        case _:
            assert_never(one.pause)
    if one.failing_since is not None:
        return reader.say("fails since %(at)s; it is tried again", at=reader.instant(one.failing_since)), True
    if one.behind > BEHIND:
        return reader.say("is %(n)s events behind", n=one.behind), True
    return reader.say("takes what it is sent"), False


def signal_rows(entries: Sequence[HistoryEntry], reader: Reader) -> Iterator[SignalRow]:
    """In the same order."""
    for entry in entries:
        row = entry.row
        yield SignalRow(
            id=row.signal_id,
            at=reader.instant(row.recorded_at),
            source=source_text(row.source, reader),
            outcome=fate_text(row.fate, reader),
            reason=reason_text(row.reason, reader),
            lead_id=row.lead_id,
        )
