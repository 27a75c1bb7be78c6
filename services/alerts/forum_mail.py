"""The forum's report by mail: to each reader once, when the agreement says that the forum meets, by whichever process is up.

Each reader's mail is claimed in the store before it is sent. On kill -9 before the server took it, the claim runs out and another process
sends it; between the server's answer and our note of it, it is sent again with the same Message-ID, by which servers and readers know it
again. What fails is tried again for a day.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple

from routing.forum.frame import forum_of, meeting_over, usual_week
from routing.model.ids import derive
from routing.people.roster import Roster
from schemas.notify import Language
from schemas.words import probably
from services.alerts.channels.email import EmailSender
from services.alerts.channels.sender import Outcome
from services.forum.desk import ForumDesk
from services.forum.mail import ReportMail, mail_of
from services.ports.errors import PortError
from services.ports.forum import MailState, MailStore
from services.rules.ruling import Ruling

log = logging.getLogger("stafett.alerts")
EVERY = timedelta(minutes=1)
CLAIM = timedelta(minutes=10)
"""Beyond it whoever had it is gone: a report of many leads takes minutes."""
AGAIN = timedelta(minutes=15)
LATE = timedelta(days=1)
"""A forum that met longer ago is not mailed any more: `stafett report mail` sends it."""


class NoMail(Exception):
    """The report cannot be mailed; the text says what is missing."""


class Reader(NamedTuple):
    person: str
    address: str
    language: Language


class ForumMail:
    """`channels` are the mail channels by name, `ruling` what rules now with the roster of now."""

    def __init__(
        self,
        desk: ForumDesk,
        mails: MailStore,
        channels: dict[str, EmailSender],
        *,
        ruling: Callable[[], Awaitable[Ruling]],
        now: Callable[[], datetime],
    ) -> None:
        self._desk, self._mails, self._channels = desk, mails, channels
        self._ruling, self._now = ruling, now

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; a mail that is being sent is finished."""
        while not stop.is_set():
            try:
                await self.send_due()
            except (PortError, NoMail) as error:
                log.warning("the forum's report is not mailed", extra={"error": str(error)})
            try:
                await asyncio.wait_for(stop.wait(), EVERY.total_seconds())
            except TimeoutError:
                continue

    async def send_due(self) -> int:
        """The report of the forum that meets now, to those who have not got it; returns how many it was sent to. Raises NoMail,
        StoreUnavailable."""
        ruling, now = await self._ruling(), self._now()
        terms, week = ruling.agreement.file.forum, usual_week(ruling.agreement, now)
        if terms is None or not terms.to:
            return 0
        met = meeting_over(ruling.agreement, week)
        if not met <= now < met + LATE:
            return 0
        states = await self._mails.mails(week)
        open_ = [person for person in terms.to if states.get(person, "pending") == "pending"]
        sent = 0
        for reader in self.readers(ruling, open_) if open_ else []:
            if await self._mails.claim_mail(week, reader.person, now, now + CLAIM):
                outcome = await self.send(week, reader, ruling)
                await self._note(week, reader, outcome)
                sent += outcome.state == "sent"
        return sent

    async def _note(self, week: str, reader: Reader, outcome: Outcome) -> None:
        state: MailState = "sent" if outcome.state == "sent" else "refused" if outcome.state == "refused" else "pending"
        if state != "sent":
            log.warning("the forum's report was not taken", extra={"outcome": state, "error": outcome.error})
        now = self._now()
        await self._mails.finish_mail(week, reader.person, state=state, now=now, next_at=now + AGAIN)

    async def send(self, week: str, reader: Reader, ruling: Ruling) -> Outcome:
        """One reader's mail, now. Raises NoMail, StoreUnavailable, ValueError where it is no week."""
        sender = self._channel(forum_of(ruling.agreement.file).channel)
        report = await self._desk.report(await self._desk.frame(week))
        try:
            shown = mail_of(report, reader.language, self._desk.links(report))
            ident = derive("forum", report.organisation, report.week, report.known_on, reader.person)
            mail = compose(shown, reader, Stamp(sender.address, ident, self._now()))
            return await sender.send_mail(mail, (reader.address,))
        except (OSError, TimeoutError) as error:
            return Outcome("later", type(error).__name__)

    def _channel(self, name: str | None) -> EmailSender:
        if not self._channels:
            raise NoMail("alerts.yaml has no channel of the kind email")
        if name is None:
            return next(iter(self._channels.values()))
        if name not in self._channels:
            raise NoMail(f"forum.channel: `{name}` is no mail channel of alerts.yaml{probably(name, self._channels)}")
        return self._channels[name]

    def readers(self, ruling: Ruling, people: Sequence[str]) -> list[Reader]:
        """Those who are there and have an address. Raises NoMail where nobody has one."""
        language = forum_of(ruling.agreement.file).language
        found = [reader for person in people if (reader := _reader(ruling.roster, person, language)) is not None]
        if not found:
            raise NoMail(f"nobody of {', '.join(people) or 'forum.to'} is in the roster with `notify: {{email: ...}}`")
        return found


def _reader(roster: Roster, person: str, usual: Language) -> Reader | None:
    member = roster.people.get(person)
    if member is None or not member.active or member.notify is None or member.notify.email is None:
        return None
    return Reader(person, member.notify.email, member.language or usual)


class Stamp(NamedTuple):
    """From which address, with which id and when: the same week for the same reader has the same id."""

    sender: str
    ident: str
    at: datetime


def compose(shown: ReportMail, reader: Reader, stamp: Stamp) -> EmailMessage:
    """The whole mail."""
    made = EmailMessage()
    local, _, domain = stamp.sender.rpartition("@")
    made["From"] = Address("Stafett", username=local, domain=domain)
    made["To"] = reader.address
    made["Subject"] = " ".join(shown.subject.split())
    made["Date"] = format_datetime(stamp.at)
    made["Message-ID"] = f"<{stamp.ident}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(shown.text)
    made.add_alternative(shown.html, subtype="html")
    return made
