"""Random lives of leads at a marketing platform: what should be so is kept beside, and looked at after each event."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from services.sinks.audiences import Audience
from services.sinks.memberships import MarketingTarget, MembershipCarrier
from services.sinks.outcomes import Trouble
from tests.marketing import nurture_left, nurtured, released, started
from tests.sinks import NOW, Killed, MemoryBook

EMAILS = {"lead_1": "eva@kund.example", "lead_2": "ola@kund.example", "lead_3": "eva@kund.example"}
"""Two leads are one contact."""


class Stage(NamedTuple):
    """A platform with Eva and Ola on it. `contacts` are their ids there by address, `audiences` tells in which audiences somebody is, `put`
    puts somebody in by hand. `quiet` is what suppression means; of the others each is an audience of its own."""

    target: Callable[[], MarketingTarget]
    contacts: dict[str, str]
    audiences: Callable[[str], set[Audience]]
    put: Callable[[str, Audience], None]
    quiet: Audience
    news: Audience
    tracks: dict[str, Audience]
    pumps: Audience


class Storm:
    """`disturb` is called before each event with the lots, to make faults; the book is killed now and then by itself."""

    def __init__(self, stage: Stage, seed: int, disturb=lambda lots: None):
        self.stage, self.book, self.now, self.disturb = stage, MemoryBook(), NOW, disturb
        self.lots = random.Random(seed)
        self.needs: dict[tuple[str, Audience], set[str]] = {}
        self.others: set[tuple[str, Audience]] = set()

    async def live(self, events=20):
        """Lets so many events happen, each until it is done; asserts after each that everybody is where they should be."""
        self.put_by_hand()
        for number in range(1, events + 1):
            happened = self.draw(number)
            self.disturb(self.lots)
            self.book.kill_at = self.lots.choice((None, None, self.lots.randrange(8)))
            await self.insist(happened)
            self.book.kill_at = None
            for email, contact in self.stage.contacts.items():
                theirs = {audience for who, audience in self.others if who == contact}
                ours = {audience for (who, audience), leads in self.needs.items() if leads and who == contact}
                assert self.stage.audiences(contact) == ours | theirs, (number, happened.type, email)
        assert all(record.state != "making" for record in self.book.kept.values())

    async def insist(self, happened):
        for _ in range(80):
            carrier = MembershipCarrier(self.stage.target(), self.book, lambda: self.now)
            try:
                await carrier.carry(happened, self.now + timedelta(hours=1))
            except (Trouble, Killed) as trouble:
                if isinstance(trouble, Trouble) and trouble.kind.startswith("refused"):
                    raise
                self.now += timedelta(seconds=10)
            else:
                return
        raise AssertionError("never done")

    def put_by_hand(self):
        """Some are in audiences of ours by somebody else's hand from the beginning, and stay in them."""
        for contact in self.stage.contacts.values():
            for audience in (self.stage.quiet, *self.stage.tracks.values()):
                if self.lots.random() < 0.2:
                    self.others.add((contact, audience))
                    self.stage.put(contact, audience)

    def draw(self, number):
        """An event, and what follows from it."""
        stage, lots, lead = self.stage, self.lots, self.lots.choice(list(EMAILS))
        who = {"lead": lead, "email": EMAILS[lead]}
        nurturing = {*stage.tracks.values(), stage.pumps}
        match lots.choice(("started", "changed", "released", "nurtured", "left")):
            case "started" | "changed" as kind:
                exempt = lots.choice(((), ("newsletter",)))
                self.drop(lead, {stage.news})
                self.need(lead, {stage.quiet, *((stage.news,) if exempt else ())})
                return started(number, kind=kind, exempt=exempt, **who)
            case "released":
                self.drop(lead, {stage.quiet, stage.news})
                return released(number, **who)
            case "nurtured":
                track, programme = lots.choice(list(stage.tracks)), lots.choice((None, "pumps"))
                self.drop(lead, nurturing)
                self.need(lead, {stage.tracks[track], *((stage.pumps,) if programme else ())})
                return nurtured(number, track=track, programme=programme, **who)
            case _:
                self.drop(lead, nurturing)
                return nurture_left(number, lead=lead)

    def need(self, lead, audiences):
        for audience in audiences:
            self.needs.setdefault((self.stage.contacts[EMAILS[lead]], audience), set()).add(lead)

    def drop(self, lead, audiences):
        for (_, audience), leads in self.needs.items():
            if audience in audiences:
                leads.discard(lead)
