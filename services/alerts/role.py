"""The loops: events are folded into incidents, what waits becomes messages, each channel sends its own.

On kill -9 an event is folded again or was wholly: incidents, notices and the place in the feed move in one transaction, and so do
notices and the messages that take them up. Between a channel's answer and our note of it the claim runs out, and the message is
sent again with the same id: by it PagerDuty, Alertmanager, webhooks and mail clients know it again; Slack and Teams show it twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import partial

import msgspec

from routing.incidents.changes import Folded
from routing.incidents.folding import TYPES, Happening, fold
from routing.incidents.grouping import Composed, compose, zone_at
from routing.incidents.recipients import Audience, address_of
from routing.incidents.records import Destination, Incident
from routing.incidents.targets import TargetTrouble, fold_targets
from routing.people.roster import Roster
from schemas.alert_channels import AlertmanagerChannel, Channel
from schemas.alerts import AlertsFile
from schemas.envelope import whole
from schemas.events import EVENT_TYPES
from schemas.json_values import JsonObject
from services.alerts.channels.alertmanager import AlertmanagerSender
from services.alerts.channels.sender import Outcome, Sender
from services.alerts.messages.building import SHOWN, About, Item, Links, Material, Message, Reader, build, items_of
from services.alerts.schedule import judge_try
from services.loops.steps import step_within
from services.observability.tracing import Fields, Traces, traceparent_in
from services.ports.errors import PortError
from services.ports.incidents import FeedEvent, Incidents, Outgoing, Waiting

log = logging.getLogger("stafett.alerts")
POLL = 0.5
"""Seconds between two looks where there is nothing to do."""
TIMEOUT = timedelta(seconds=15)
"""For one try."""
SPARE = timedelta(seconds=5)
"""Beyond it a claim has run out: whoever had it is gone."""
PAGE = 500
TARGETS_EVERY = timedelta(seconds=15)
LOOK = timedelta(minutes=1)
LONGEST = timedelta(minutes=5)
"""What a round may take beyond a minute: channels are told one after the other."""
"""What waits is looked at so often, though nothing came and nothing is ready: the roster may have changed."""
AboutLeads = Callable[[Sequence[str]], Awaitable[Mapping[str, About]]]


class Alerts:
    """One process folds at a time, whichever; each channel has a loop of its own, so that a slow one slows nobody else. `roster` gives
    the one in force, `troubles` the receivers that are sent nothing, `about` names and companies of leads, `links(ident, person)` where a message leads, in which that person acknowledges what has that id. `readers` look for acknowledgements where a
    channel does not send them."""

    def __init__(
        self,
        incidents: Incidents,
        file: AlertsFile,
        senders: Mapping[str, Sender],
        *,
        roster: Callable[[], Awaitable[Roster]],
        about: AboutLeads,
        links: Callable[[str, str], Links],
        troubles: Callable[[], Awaitable[Sequence[TargetTrouble]]],
        now: Callable[[], datetime],
        usual_zone: tzinfo,
        readers: Sequence[Callable[[], Awaitable[int]]] = (),
        on_try: Callable[[str, str], None] = lambda _, __: None,
        traces: Traces | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._traces = traces
        self._incidents, self._file, self._senders = incidents, file, senders
        self._roster, self._about, self._links, self._now = roster, about, links, now
        self._troubles, self._targets_at = troubles, now()
        self._zone, self._on_try, self._on_step = usual_zone, on_try, on_step
        self._readers = readers
        self._looked_at: tuple[int, int] | None = None
        self._look_at = now()
        self._held: dict[str, datetime] = {}
        self._told_again: dict[str, datetime] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; the tries under way are finished. Without channels there is nothing to do."""
        if not self._file.channels:
            await stop.wait()
            return
        loops = [self._repeat(self.fold_and_compose, stop)]
        loops += [self._repeat(partial(self.send_due, channel), stop) for channel in self._file.channels]
        loops += [self._repeat(read, stop) for read in self._readers]
        await asyncio.gather(*loops)

    async def _repeat(self, step: Callable[[], Awaitable[int]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._on_step()
            try:
                async with step_within("alerts", longer=LONGEST):
                    busy = await step()
            except PortError as error:
                log.warning("cannot tell anybody", extra={"error": type(error).__name__})
                busy = 0
            if not busy:
                try:
                    await asyncio.wait_for(stop.wait(), POLL)
                except TimeoutError:
                    continue

    async def fold_and_compose(self) -> int:
        """One round: the next events, then the messages that are ready; returns how much there was to do."""
        audience = Audience(self._file, await self._roster(), self._now())
        passed = await self._incidents.fold_next(sorted(TYPES), lambda event, known: _fold(event, known, audience))
        await self._watch_targets(audience)

        return passed + await self._compose(audience)

    async def _watch_targets(self, audience: Audience) -> None:
        """Now and then: whether each receiver of events is sent some."""
        if audience.now < self._targets_at:
            return
        self._targets_at = audience.now + TARGETS_EVERY
        troubles = await self._troubles()
        await self._incidents.fold_targets(lambda known: fold_targets(troubles, known, audience))

    async def _compose(self, audience: Audience) -> int:
        """What waits is looked at when something came, when something is ready, and now and then."""
        waiting = await self._incidents.waiting()
        count, _ = waiting
        if count == 0 or (waiting == self._looked_at and audience.now < self._look_at):
            return 0
        self._look_at = audience.now + LOOK

        def compose_all(waiting: Waiting) -> Composed:
            pending, incidents = waiting.notices, waiting.incidents
            made = compose(pending, incidents, waiting.last_sent, audience=audience, usual_zone=self._zone)
            self._look_at = min(self._look_at, made.next_at or self._look_at)
            return made

        composed = await self._incidents.compose(compose_all)
        self._looked_at = waiting if composed == 0 else None
        return composed

    async def send_due(self, channel: Channel) -> int:
        """The next message of one channel; returns how many there were. One at a time, in order: what is claimed by a process that is
        killed waits for the claim to run out."""
        now = self._now()
        if self._held.get(channel.name, now) > now:
            return 0
        await self._tell_again(channel, now)
        claims = await self._incidents.claim(channel.name, now, now + TIMEOUT + SPARE, 1)
        for outgoing in claims:
            await self._try(channel, outgoing, await self._roster())
        return len(claims)

    async def _try(self, channel: Channel, outgoing: Outgoing, roster: Roster) -> None:
        notification, outcome = outgoing.notification, Outcome("refused", "nobody is there any more")
        message = await self._message(channel, outgoing, roster)
        if message is not None:
            outcome = await self._traced_send(channel, outgoing, message)
        now = self._now()
        verdict = judge_try(notification.id, outgoing.attempts, outcome)
        if outcome.state != "sent":
            told = {"channel": channel.name, "notification": notification.id, "attempt": outgoing.attempts + 1}
            log.warning("a message was not taken", extra={**told, "outcome": verdict.state, "error": outcome.error})
        self._on_try(channel.kind, {"pending": "later"}.get(verdict.state, verdict.state))
        if verdict.hold is not None:
            self._held[channel.name] = now + verdict.hold
        await self._incidents.finish(
            notification.id,
            now=now,
            state=verdict.state,
            next_at=now + verdict.wait if verdict.wait is not None else None,
            error=outcome.error,
            receipt=outcome.receipt,
        )

    async def _traced_send(self, channel: Channel, outgoing: Outgoing, message: Message) -> Outcome:
        """The try as a step of the trace that its first incident with one belongs to."""
        parent = next((one.traceparent for one in outgoing.incidents if one.traceparent is not None), None)
        if self._traces is None or parent is None:
            return await self._send(channel, message)
        with self._traces.step("alerts", "tell", parent) as under:
            outcome = await self._send(channel, message)
            fields: Fields = {
                "channel": channel.name,
                "notification": outgoing.notification.id,
                "attempt": outgoing.attempts + 1,
            }
            under.add({**fields, "incidents": len(outgoing.incidents)}, failed=outcome.state != "sent")
        return outcome

    async def _send(self, channel: Channel, message: Message) -> Outcome:
        try:
            async with asyncio.timeout(TIMEOUT.total_seconds()):
                return await self._senders[channel.name].send(message)
        except Exception as error:  # noqa: BLE001 - noted with the try; it ends neither the role nor the other channels
            return Outcome("later", type(error).__name__)

    async def _message(self, channel: Channel, outgoing: Outgoing, roster: Roster) -> Message | None:
        """None where nobody is there to be told: the person left, or has no address there any more."""
        notification = outgoing.notification
        where = Destination(notification.channel, notification.person)
        address = None
        if where.person and (address := address_of(roster, where.person, channel)) is None:
            return None
        if not outgoing.incidents:
            return None
        thread = await self._incidents.thread(notification)
        leads = {i.lead for i in outgoing.incidents[:SHOWN] if i.lead is not None}
        material = Material(outgoing.incidents, thread.incidents, thread.receipt, await self._about(sorted(leads)))
        reader = self._reader(channel, where, roster, address)
        ident = outgoing.incidents[0].id if len(outgoing.incidents) == 1 else notification.id
        return build(notification, material, reader, links=self._links(ident, where.person), now=self._now())

    def _reader(self, channel: Channel, where: Destination, roster: Roster, address: str | None) -> Reader:
        """Whoever reads it there: a person as the roster says, a room as the file does."""
        member = roster.people.get(where.person)
        language = (member.language if member is not None else channel.language) or self._file.language
        audience = Audience(self._file, roster, self._now())
        return Reader(language, zone_at(audience, where, channel, self._zone), address)

    async def _tell_again(self, channel: Channel, now: datetime) -> None:
        """An Alertmanager forgets what it was told when it starts again."""
        sender = self._senders[channel.name]
        if not isinstance(channel, AlertmanagerChannel) or not isinstance(sender, AlertmanagerSender):
            return
        if self._told_again.setdefault(channel.name, now) + channel.repeat > now:
            return
        self._told_again[channel.name] = now
        after, where = "", Destination(channel.name)
        while page := await self._incidents.incidents(None, after, PAGE):
            known = [incident for incident in page if incident.thread_at(where) is not None]
            leads = sorted({incident.lead for incident in known if incident.lead is not None})
            reader = self._reader(channel, where, await self._roster(), None)
            about, links = await self._about(leads), self._links("", "")
            outcome = await self._again(sender, known, items_of(known, about, reader, links=links, now=now), now)
            if outcome.state != "sent":
                log.warning("what is open was not told again", extra={"channel": channel.name, "error": outcome.error})
                return
            after = page[-1].id

    async def _again(
        self, sender: AlertmanagerSender, known: Sequence[Incident], named: Mapping[str, Item], now: datetime
    ) -> Outcome:
        try:
            async with asyncio.timeout(TIMEOUT.total_seconds()):
                return await sender.tell(known, self._links("", ""), now, named)
        except Exception as error:  # noqa: BLE001 - the next round tells it; it ends neither the role nor the other channels
            return Outcome("later", type(error).__name__)


class _Read(msgspec.Struct):
    """As much of an envelope as an incident takes in."""

    data: JsonObject


_READ = msgspec.json.Decoder(_Read)


def _fold(event: FeedEvent, known: Mapping[str, Incident], audience: Audience) -> Folded:
    """Events of trials and tests tell nobody, unless the file asks for them."""
    try:
        data = msgspec.convert(_READ.decode(whole(event.head, None)).data, EVENT_TYPES[event.type])
    except msgspec.MsgspecError as error:
        log.error(
            "an event cannot be read; nobody is told of it",
            extra={"event_id": event.event_id, "error": type(error).__name__},
        )
        return Folded()
    if data.mode not in audience.file.modes:
        return Folded()
    folded = fold(Happening(event.event_id, event.subject, data), known, audience)
    traceparent = traceparent_in(event.head)
    if traceparent is None or not folded.incidents:
        return folded
    return folded._replace(incidents=[incident.but(traceparent=traceparent) for incident in folded.incidents])
