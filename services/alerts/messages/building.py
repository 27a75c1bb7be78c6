"""A message from incidents as they are now: what is said to this reader, the same for every channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple, assert_never
from urllib.parse import quote

from routing.incidents.records import Incident, IncidentState, Level, Notification, NotificationKind
from schemas.json_values import JsonObject
from schemas.notify import Language
from services.alerts.messages.times import instant_text, length_text
from services.alerts.messages.words import WORDS, Words

SHOWN = 5
"""Incidents that a summary names, the oldest."""


class About(NamedTuple):
    """Of a lead, as far as it is known: the person's name and the company's."""

    name: str | None = None
    company: str | None = None


class Reader(NamedTuple):
    """Who reads it: in which language, in which zone; `address` is where they are told, None for a place of the channel's own."""

    language: Language
    zone: tzinfo
    address: str | None = None


class Links(NamedTuple):
    """Where a message leads; None where nobody said where we are. `lead` and `explain` have `{lead}` and `{clock}` in them,
    `acknowledge` and `all_of_them` are whole."""

    lead: str | None = None
    explain: str | None = None
    acknowledge: str | None = None
    all_of_them: str | None = None


class Item(NamedTuple):
    """One incident in words. `who` and what is made of it are personal."""

    incident: Incident
    who: str
    headline: str
    facts: Sequence[tuple[str, str]]
    explain: str | None
    lead: str | None


class Message(NamedTuple):
    """One message. `status` is that of all it tells of, `thread_status` that of its whole thread. `items` are those named, `total` all of them; `open_ones` of
    the whole thread. `receipt` is what the channel answered to the thread's first message, None for the first."""

    notification: Notification
    reader: Reader
    words: Words
    now: datetime
    status: IncidentState
    thread_status: IncidentState
    level: Level
    subject: str
    intro: Sequence[str]
    items: Sequence[Item]
    more: str | None
    total: int
    open_ones: int
    links: Links
    incidents: Sequence[Incident]
    receipt: str | None

    @property
    def acknowledge_id(self) -> str:
        """What somebody acknowledges who has seen it: the incident, or all that it tells of."""
        return self.incidents[0].id if self.total == 1 else self.notification.id

    @property
    def kind(self) -> NotificationKind:
        """What kind of message it is."""
        return self.notification.kind


class Material(NamedTuple):
    """What a message is made of: the incidents that it tells of, oldest first, those of its whole thread, and the leads."""

    incidents: Sequence[Incident]
    thread: Sequence[Incident]
    receipt: str | None
    about: Mapping[str, About]


def build(notification: Notification, material: Material, reader: Reader, links: Links, now: datetime) -> Message:
    """The message as of `now`."""
    words, incidents = WORDS[reader.language], material.incidents
    shown = incidents if len(incidents) <= SHOWN else incidents[:SHOWN]
    writer = _Writer(words, reader, links=links, about=material.about, now=now)
    open_ones = sum(incident.is_open for incident in material.thread)
    hidden = len(incidents) - len(shown)
    return Message(
        notification=notification,
        reader=reader,
        words=words,
        now=now,
        status=status_of(incidents),
        thread_status=status_of(material.thread or incidents),
        level="breach" if any(i.level == "breach" for i in incidents) else "warning",
        subject=writer.subject(notification, incidents),
        intro=writer.intro(notification, incidents),
        items=[writer.item(incident) for incident in shown],
        more=words.more.format(n=hidden) if hidden else None,
        total=len(incidents),
        open_ones=open_ones,
        links=links,
        incidents=incidents,
        receipt=material.receipt,
    )


def items_of(
    incidents: Sequence[Incident], about: Mapping[str, About], reader: Reader, *, links: Links, now: datetime
) -> dict[str, Item]:
    """What is said of each as of `now`, by its id, for a place that is told of all of them one by one."""
    writer = _Writer(WORDS[reader.language], reader, links=links, about=about, now=now)
    return {incident.id: writer.item(incident) for incident in incidents}


def status_of(incidents: Sequence[Incident]) -> IncidentState:
    """Firing while one is, acknowledged while one is open, else resolved."""
    states = {incident.state for incident in incidents}
    order: tuple[IncidentState, ...] = ("firing", "acknowledged")
    return next((state for state in order if state in states), "resolved")


class _Writer:
    def __init__(self, words: Words, reader: Reader, links: Links, about: Mapping[str, About], now: datetime) -> None:
        self._words, self._reader, self._links, self._about, self._now = words, reader, links, about, now

    def subject(self, notification: Notification, incidents: Sequence[Incident]) -> str:
        """One line without line breaks: what it is about, of one or of many."""
        words, over = self._words, sum(not incident.is_open for incident in incidents)
        match notification.kind:
            case "late":
                return words.found_late.format(n=len(incidents))
            case "held":
                return words.held.format(n=len(incidents) - over, over=over)
            case "news" | "summary" | "update":
                return self._subject_of(incidents)
            case _:
                assert_never(notification.kind)

    def _subject_of(self, incidents: Sequence[Incident]) -> str:
        words, status, count = self._words, status_of(incidents), len(incidents)
        policies = sorted({incident.policy for incident in incidents})
        given: JsonObject = {"n": count, "policy": ", ".join(policies)}
        one = count == 1
        if one:
            given["who"] = self.who(incidents[0])
        match status:
            case "firing":
                template = self._firing(incidents)
            case "acknowledged":
                template = words.seen if one else words.seen_many
                by = next((i.acknowledged_by for i in incidents if i.acknowledged_by is not None), None)
                given["by"] = by or words.nobody
            case "resolved":
                template = words.over if one else words.over_many
            case _:
                assert_never(status)
        return " ".join(template.format(**given).split())

    def _firing(self, incidents: Sequence[Incident]) -> str:
        words, one = self._words, len(incidents) == 1
        if all(incident.is_of_target for incident in incidents):
            return words.stopped if one else words.stopped_many
        if any(incident.level == "breach" for incident in incidents):
            return words.broken if one else words.broken_many
        return words.due_soon if one else words.due_soon_many

    def intro(self, notification: Notification, incidents: Sequence[Incident]) -> list[str]:
        """What is said before the first incident: of how it came to be told so, and that not all are named."""
        words = self._words
        oldest = [words.oldest] if len(incidents) > SHOWN else []
        match notification.kind:
            case "late":
                noticed = min((i.noticed_at for i in incidents if i.noticed_at is not None), default=self._now)
                return [words.found_late_why.format(at=self._instant(noticed)), *oldest]
            case "held":
                return [words.held_why, *oldest]
            case "news" | "summary" | "update":
                return oldest
            case _:
                assert_never(notification.kind)

    def item(self, incident: Incident) -> Item:
        words = self._words
        facts = [
            (words.promise, f"{incident.policy} ({incident.target})" if incident.target else incident.policy),
            (words.owner, incident.owner or incident.team or words.nobody),
        ]
        if incident.is_of_target:
            facts = [(words.why, incident.detail)] if incident.detail else []
        if incident.counted is not None:
            against = f" / {incident.counted_against}" if incident.counted_against is not None else ""
            facts.append((words.promise, words.counted.format(counted=f"{incident.counted}{against}")))
        if incident.state == "firing":
            facts.append((words.to_do, words.tasks.get(incident.metric, words.tasks["custom"])))
        return Item(
            incident=incident,
            who=self.who(incident),
            headline=f"{self.who(incident)}: {self.due(incident)}",
            facts=facts,
            explain=link_of(self._links.explain, incident),
            lead=link_of(self._links.lead, incident),
        )

    def who(self, incident: Incident) -> str:
        """Name and company; the id of a lead of which neither is known; the subject of a promise by number; a receiver's name."""
        if incident.lead is None:
            return incident.subject_id if incident.subject_kind in ("person", "team", "target") else incident.policy
        about = self._about.get(incident.subject, About())
        return " ".join(", ".join(filter(None, [about.name, about.company])).split()) or incident.subject

    def due(self, incident: Incident) -> str:
        words, at = self._words, self._instant(incident.due_at)
        if incident.is_of_target and incident.is_open:
            return words.stopped_since.format(at=at, late=self._length(incident.due_at))
        if incident.state == "resolved":
            over = words.resolutions[incident.resolution] if incident.resolution is not None else ""
            return f"{words.due_was.format(at=at)}; {over}"
        if incident.due_at > self._now:
            return words.due_in.format(at=at, left=self._length(incident.due_at))
        late = words.due_late.format(at=at, late=self._length(incident.due_at))
        return f"{late}; {words.rung.format(n=incident.rungs)}" if incident.rungs else late

    def _length(self, due_at: datetime) -> str:
        return length_text(abs(self._now - due_at), self._reader.language)

    def _instant(self, at: datetime) -> str:
        return instant_text(at, self._reader.zone, self._reader.language)


def link_of(template: str | None, incident: Incident) -> str | None:
    """Where it leads for this incident; None where it has no lead. Ids have nothing in them that a URL could not have; a promise's has
    a colon."""
    if template is None or incident.is_of_target or ("{lead}" in template and incident.lead is None):
        return None
    return template.replace("{lead}", quote(incident.subject)).replace("{clock}", quote(incident.about))


def text_lines(message: Message) -> list[str]:
    """The message as plain text, line by line, without its subject."""
    words, lines = message.words, list(message.intro)
    for item in message.items:
        lines += ["", item.headline]
        lines += [f"{name}: {value}" for name, value in item.facts]
        lines += [f"{words.why}: {item.explain}"] if item.explain else []
        lines += [f"{words.lead}: {item.lead}"] if item.lead else []
    lines += ["", message.more] if message.more else []
    links = message.links
    lines += ["", f"{words.all_of_them}: {links.all_of_them}"] if message.more and links.all_of_them else []
    if links.acknowledge and message.status == "firing":
        lines += ["", f"{words.acknowledge}: {links.acknowledge}", words.acknowledge_about]
    return lines
