"""A marketing platform in memory, and the events that reach it, for tests of what a sink does there."""

from datetime import timedelta

import msgspec

from schemas.sinks.marketing import MarketingSink
from services.ports.rows import OutboxRow, Writes
from services.sinks.audiences import IN, Audience, Presence
from services.sinks.memberships import MarketingTarget
from services.sinks.outcomes import Trouble
from services.sinks.planning.memberships import MarketingSettings
from tests.sinks import NOW, Killed, event

QUIET, NEWS, WARM, COLD, PUMPS = (
    Audience("segment", "1"),
    Audience("tag", "news"),
    Audience("segment", "3"),
    Audience("automation", "4"),
    Audience("tag", "pumps"),
)


class AnySink(MarketingSink):
    """Of a kind that has everything."""

    system = "memory"


class MemoryPlatform:
    """`ins` are the pairs of contact and audience that are so. `faults` are taken from the front before each change: `drop` does it
    and answers nothing, `lose` does nothing and answers nothing, `kill` does it and ends the process, `kill_before` ends it before;
    None lets it pass. `changes` are those that were made by us. `settle`: so long by `clock` a look-up tells what was before."""

    def __init__(self, settle=timedelta(0), clock=lambda: NOW, **emails):
        self.contacts, self.settle, self.clock, self.before = dict(emails), settle, clock, []
        self.ins, self.changes, self.faults, self.words, self.merged = set(), [], [], {}, {}

    async def read(self, contact):
        contact = self.merged.get(contact, contact)
        return contact if contact in self.contacts else None

    async def find(self, email):
        return next((ident for ident, address in self.contacts.items() if address == email), None)

    async def create(self, who):
        if who.email.startswith("forgotten"):
            return None
        known = await self.find(who.email)
        if known is None:
            known = f"c{len(self.contacts) + 1}"
            self._change(("create", known), lambda: self.contacts.__setitem__(known, who.email))
        return known

    async def delete(self, contact):
        self._change(("delete", contact), lambda: self._forget(contact))

    def _forget(self, contact):
        self.contacts.pop(contact, None)
        self.ins = {pair for pair in self.ins if pair[0] != contact}

    async def presence(self, contact, audience):
        if contact not in self.contacts:
            raise Trouble("gone", "no_such_contact")
        if word := self.words.get((contact, audience)):
            return Presence(word, is_in=True)
        seen = next((ins for at, ins in self.before if at > self.clock() - self.settle), self.ins)
        is_in = (contact, audience) in seen
        return Presence(IN if is_in else "out", is_in)

    async def enter(self, contact, audience):
        self._change(("enter", contact, audience), lambda: self.ins.add((contact, audience)))

    async def restore(self, contact, audience, word):
        assert word == "out"
        self._change(("restore", contact, audience), lambda: self.ins.discard((contact, audience)))

    async def check(self, audiences):
        return []

    async def whoami(self):
        return "api"

    def of(self, contact):
        """The audiences that this contact is in."""
        return {audience for ident, audience in self.ins if ident == contact}

    def _change(self, what, do):
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Trouble):
            raise fault
        if fault == "lose":
            raise Trouble("unknown", "no_answer")
        if fault == "kill_before":
            raise Killed
        if self.settle:
            self.before.append((self.clock(), set(self.ins)))
        do()
        self.changes.append(what)
        if fault == "kill":
            raise Killed
        if fault == "drop":
            raise Trouble("unknown", "no_answer")


def marketing_sink(**values):
    """A sink with an audience for everything."""
    fields = {
        "name": "mail",
        "mode": "live",
        "base_url": "https://mail.example.com",
        "suppression": {"segment": "1", "exempt": {"newsletter": {"tag": "news"}}},
        "tracks": {"warm_up": {"segment": "3"}, "recycle": {"automation": "4"}},
        "programmes": {"pumps": {"tag": "pumps"}},
        "stopped_lists": {"newsletter": {"tag": "no-news"}},
        **values,
    }
    return AnySink.model_validate(fields)


def marketing_target(platform, sink=None, shown=None):
    settings = MarketingSettings(sink or marketing_sink(), "memory")
    return MarketingTarget(settings, platform, shown)


def _about(email, known_id):
    references = [{"system": "memory", "object": "person", "id": known_id}] if known_id else []
    personal = {"person": {"email": email, "first_name": "Eva"}, "answers": {}} if email else None
    return {"references": references, "personal": personal}


EVA = "eva@kund.example"


def started(number=1, *, kind="started", lead="lead_1", email=EVA, known_id=None, reason="hand_over", exempt=()):
    about = _about(email, known_id)
    return event(f"suppression.{kind}", number, lead=lead, reason=reason, exempt_lists=list(exempt), **about)


def released(number=2, *, lead="lead_1", email=EVA, reason="rejected"):
    return event("suppression.released", number, lead=lead, reason=reason, **_about(email, None))


def nurtured(number=3, *, lead="lead_1", email=EVA, track="recycle", own_track=None, programme=None, known_id=None):
    return event(
        "nurture.entered",
        number,
        lead=lead,
        track=track,
        own_track=own_track,
        programme=programme,
        reason="rejected",
        pass_number=1,
        **_about(email, known_id),
    )


def nurture_left(number=4, *, lead="lead_1", track="recycle"):
    return event("nurture.left", number, lead=lead, track=track, to_stage="qualification")


async def feed(store, *events, now):
    """Puts these events into the feed of a real store."""
    rows = [
        OutboxRow(e.id, "marketing", e.subject, number, e.type, "key", *_halves(e)) for number, e in enumerate(events)
    ]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, now)


def _halves(happened):
    whole = happened.model_dump(mode="json", exclude={"traceparent"})
    personal = whole["data"].pop("personal", None)
    head = msgspec.json.encode(whole).decode()
    return f'{head[:-2]},"personal":', None if personal is None else msgspec.json.encode(personal).decode()
