"""What SDRs and salespeople do with what they are given, as their CRM tells it: most in time, some late, some never."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from schemas.json_values import JsonObject, JsonValue
from services.cli.demo.month.agenda import Cast

SDRS = frozenset({"sara", "anders"})
HABITS = {"elin": (84, 4, 2, 10), "johan": (70, 12, 5, 13), "karin": (66, 10, 8, 16)}
USUAL = (76, 8, 4, 12)
"""Of a hundred offers: how many are called in time, late, never answered, and given back."""
REASONS: tuple[dict[str, JsonValue], ...] = (
    {"reason": "not qualified", "criterion": "budget"},
    {"reason": "not qualified", "criterion": "too small"},
    {"reason": "not qualified", "criterion": "budget"},
    {"reason": "wrong timing"},
    {"reason": "no time"},
    {"reason": "already a customer"},
)
LOST = ("Chose a competitor", "No budget this year", "Built it themselves")


class Offer(NamedTuple):
    """One lead as it was offered to somebody."""

    offer_id: str
    email: str
    seller: str


class Workers:
    """They act on what they are told: the events."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._emails: dict[str, str] = {}
        self._stages: dict[str, str] = {}
        self._owners: dict[str, str | None] = {}
        self._theirs: dict[str, str] = {}

    def react(self, events: Iterable[JsonObject]) -> None:
        """Plans what follows from each."""
        for event in events:
            lead, data = event["subject"], event["data"]
            match event["type"]:
                case "stafett.lead.created.v1":
                    self._emails[lead] = data["personal"]["person"]["email"]
                    self._stages[lead] = data["stage"]
                case "stafett.lead.stage_changed.v1":
                    self._stages[lead] = data["to_stage"]
                    if data["to_stage"] == "qualification":
                        self._plan_judgement(lead)
                case "stafett.lead.owner_changed.v1":
                    self._owners[lead] = (data["to_owner"] or {}).get("person")
                case "stafett.handover.offered.v1":
                    email, seller = data["personal"]["person"]["email"], data["owner"]["person"]
                    self._plan_answer(Offer(data["offer_id"], email, seller))
                case "stafett.handover.expired.v1" | "stafett.handover.withdrawn.v1":
                    self._theirs.pop(data["offer_id"], None)
                case _:
                    pass

    def _plan_judgement(self, lead: str) -> None:
        """Whoever has it calls and says what came of it; one in ten waits too long."""
        hours = (90.0, 130.0) if self._cast.dice.random() < 0.1 else (0.5, 20.0)
        self._cast.later(hours, partial(self._judge, lead))

    async def _judge(self, lead: str) -> None:
        cast, email, owner = self._cast, self._emails[lead], self._owners.get(lead)
        if self._stages[lead] != "qualification" or owner is None:
            return
        await cast.tell("outreach.logged", email, activity_type="call", actor=_by(owner))
        if owner not in SDRS:
            # A salesperson, because of a colleague of the lead: they book a meeting, or nothing comes of it yet.
            await cast.tell("meeting_booked", email, actor=_by(owner))
            return
        said = cast.dice.random()
        if said < 0.85:
            tag = "sales-ready" if said < 0.45 else "not-now"
            await cast.tell("tag.added", email, tags=[tag], actor=_by(owner))
        else:
            cast.later((8, 40), partial(self._judge, lead))

    def _plan_answer(self, offer: Offer) -> None:
        cast, acts = self._cast, (self._take, self._take_and_forget, None, self._give_back)
        self._theirs[offer.offer_id] = offer.seller
        (act,) = cast.dice.choices(acts, weights=HABITS.get(offer.seller, USUAL))
        if act is not None:
            cast.later((0.1, 2.5), partial(act, offer))

    async def _take(self, offer: Offer) -> None:
        if await self._accept(offer):
            self._cast.later((0.1, 3), partial(self._call, offer))

    async def _take_and_forget(self, offer: Offer) -> None:
        if await self._accept(offer):
            self._cast.later((26, 70), partial(self._call, offer))

    async def _accept(self, offer: Offer) -> bool:
        if self._theirs.get(offer.offer_id) != offer.seller:
            return False
        await self._cast.tell("accepted", offer.email, offer_id=offer.offer_id, actor=_by(offer.seller))
        return True

    async def _give_back(self, offer: Offer) -> None:
        if self._theirs.pop(offer.offer_id, None) is not None:
            why = self._cast.dice.choice(REASONS)
            await self._cast.tell("rejected", offer.email, offer_id=offer.offer_id, actor=_by(offer.seller), **why)

    async def _call(self, offer: Offer) -> None:
        """The first of some steps: most calls lead to a meeting."""
        cast = self._cast
        if self._theirs.get(offer.offer_id) != offer.seller:
            return
        await self._step(offer)
        if cast.dice.random() < 0.7:
            await cast.tell("meeting_booked", offer.email, actor=_by(offer.seller))
            cast.later((30, 180), partial(self._meet, offer))
        else:
            cast.later((48, 160), partial(self._end, offer, 0))

    async def _step(self, offer: Offer) -> None:
        await self._cast.tell("follow_up", offer.email, activity_type="call", done=True, actor=_by(offer.seller))

    async def _meet(self, offer: Offer) -> None:
        cast = self._cast
        if cast.dice.random() < 0.12:
            await cast.tell("meeting_cancelled", offer.email, actor=_by(offer.seller))
            cast.later((40, 120), partial(self._end, offer, 0))
            return
        amount = cast.dice.choice((45_000, 80_000, 95_000, 125_000, 180_000, 260_000))
        await cast.tell("meeting_held", offer.email, amount=amount, currency="SEK", actor=_by(offer.seller))
        cast.later((30, 240), partial(self._end, offer, amount))

    async def _end(self, offer: Offer, amount: int) -> None:
        """Who was met may buy; else it is lost, or goes on."""
        cast, said = self._cast, self._cast.dice.random()
        if amount and said < 0.45:
            await cast.tell("won", offer.email, amount=amount, currency="SEK", actor=_by(offer.seller))
        elif said < 0.75:
            reason = cast.dice.choice(LOST)
            await cast.tell("lost", offer.email, reason=reason, actor=_by(offer.seller))
        else:
            await self._step(offer)
            cast.later((60, 200), partial(self._end, offer, amount))


def _by(person: str) -> dict[str, JsonValue]:
    """A person of the roster did it."""
    return {"kind": "person", "reference": person}
