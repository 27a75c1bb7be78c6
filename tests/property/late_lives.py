"""Random lives of one hand-over in which sales answers and calls, and is often heard late; and an oracle that walks through
every minute and says whose promise was broken. It knows the offers, the facts and when each happened, and nothing of clocks."""

import random
from datetime import timedelta
from typing import NamedTuple

from schemas.signals import Actor
from tests.setups import START
from tests.stories import DONE, MINUTE, Story, rules

ANSWER, STEP, WAITS, EXPIRES = 90, 480, 300, 180
"""Minutes."""
UNTIL = 30 * 60
POLICIES = [
    {"name": "answer", "metric": "acceptance", "starts": "offer", "target": f"{ANSWER}m elapsed"},
    {"name": "step", "metric": "follow_up", "starts": "offer", "target": f"{STEP}m elapsed"},
    {"name": "waits", "metric": "follow_up", "starts": "hand_over", "target": f"{WAITS}m elapsed"},
]
KINDS = ("sales.accepted", "sales.accepted", "sales.rejected", "sales.follow_up", "sales.follow_up")


class Fact(NamedTuple):
    """What `by` did at a minute after START, and when it was heard."""

    kind: str
    by: str
    at: int
    heard: int


class Life:
    """One lead; somebody who was offered it does something, at any time since, which is heard now."""

    def __init__(self, seed):
        self.dice, self.facts = random.Random(seed), []
        self.accepts = self.dice.random() < 0.6
        handover = {"offer_expires": f"{EXPIRES}m elapsed", "calendar": None, "follow_up_accepts": self.accepts}
        self.told = Story(rules(POLICIES, handover=handover)).offered()

    def run(self):
        now = 0
        while (now := now + self.dice.choice((5, 20, 40, 95, 130, 300))) < UNTIL:
            self.told.wait(now * MINUTE)
            self._act(now)
        self.told.wait(UNTIL * MINUTE)
        return self

    def _act(self, now):
        offer = self.dice.choice(self.told.lead.handover.offers)
        since = minute(offer.offered_at)
        at = now if self.dice.random() < 0.3 else self.dice.randint(since, now)
        one = Fact(self.dice.choice(KINDS), offer.person, at, now)
        more = {"sales": DONE} if one.kind == "sales.follow_up" else {}
        if one.kind == "sales.rejected":
            more = {"reason": self.dice.choice(("no time", "wrong timing"))}
        self.facts.append(one)
        actor = Actor(kind="person", reference=one.by)
        self.told.tell(one.kind, at * MINUTE, now=now * MINUTE, actor=actor, **more)

    def broken_clocks(self):
        """(policy, what it is of) of every promise that the product holds for broken at the end."""
        clocks = self.told.lead.clocks.values()
        return {(clock.policy, clock.subject_id) for clock in clocks if clock.state == "breached"}

    def standing_breaches(self):
        """The same by the events: breaches that were told and not taken back, each told once."""
        standing, said = {}, []
        for data in self.told.said:
            if data.type_name == "stafett.sla.breached.v1":
                said.append(data.clock_id)
                standing[data.clock_id] = (data.policy, data.subject_id)
            elif data.type_name == "stafett.sla.corrected.v1":
                standing.pop(data.clock_id, None)
                if data.new == "breached":
                    standing[data.clock_id] = (data.policy, data.subject_id)
        assert len(said) == len(set(said)), "one breach per clock"
        return set(standing.values())


def minute(at):
    return int((at - START) / MINUTE)


def oracle(life):
    """(policy, what it is of) of every broken promise, found by walking from minute to minute."""
    opened, found = life.told.lead.handover, set()
    closed = minute(opened.closed_at) if opened.closed_at is not None else UNTIL
    for offer in opened.offers:
        begin = minute(offer.offered_at)
        end = closed if offer.is_live else minute(offer.decided_at)
        answers = {"sales.accepted", "sales.rejected"} | ({"sales.follow_up"} if life.accepts else set())
        # Whoever takes over what they had lost answers their new offer with that.
        taken = any(f.by == offer.person and f.heard == begin and f.kind == "sales.accepted" for f in life.facts)
        if not taken and _is_broken(life.facts, offer.person, answers, (begin, end), ANSWER, offer.state == "expired"):
            found.add(("answer", offer.id))
        if _is_broken(life.facts, offer.person, {"sales.follow_up"}, (begin, end), STEP):
            found.add(("step", offer.id))
    if _is_broken(life.facts, None, {"sales.follow_up"}, (0, closed), WAITS):
        found.add(("waits", opened.id))
    return found


def _is_broken(facts, person, kinds, life, target, expired=False):
    begin, end = life
    for now in range(begin, min(end, UNTIL) + 1):
        if any(f.at == now and f.kind in kinds and person in (None, f.by) for f in facts):
            return False
        if now == begin + target or (expired and now == end):
            return True
    return False


def timing(life):
    """How many facts were heard late, and by how much at most."""
    late = [fact.heard - fact.at for fact in life.facts if fact.heard > fact.at]
    return len(late), timedelta(minutes=max(late, default=0))
