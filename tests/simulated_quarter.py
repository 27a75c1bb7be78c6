"""A quarter of made-up lives as raw events and signals: what the store keeps, in plain JSON. No router decides here: what is asked is whether the
figures are counted right, of lives with late facts, corrections, merges, second passes, tests and imports.
"""

import random
from datetime import timedelta

import msgspec

from schemas.events import (
    Answerable,
    HandoverExpired,
    HandoverFollowedUp,
    HandoverLost,
    HandoverReturned,
    HandoverWithdrawn,
    LeadDispositionChanged,
    LeadMerged,
    LeadOwnerChanged,
    LeadParked,
    LeadQueued,
    LeadUnmerged,
    LeadUnparked,
    Owner,
    SlaCancelled,
)
from tests.forum import Life, hours

PEOPLE = {"elin": "field", "johan": "field", "karin": "key-accounts", None: None}
ANSWERABLE = [None, Answerable(person="sara", team="inside"), Answerable(person="lena")]
VOLUMES = [
    {"subject_kind": "organisation", "subject_id": "nordlys"},
    {"subject_kind": "organisation", "subject_id": "nordlys", "answerable": Answerable(person="lena")},
    {"subject_kind": "team", "subject_id": "field", "answerable": Answerable(team="field")},
    {"subject_kind": "team", "subject_id": "field"},
    {"subject_kind": "person", "subject_id": "elin"},
    {"subject_kind": "person", "subject_id": "karin", "answerable": Answerable(person="karin", team="key-accounts")},
]
SOURCES = ["web", "web", "web", "ads", "fair", "crm"]
COMPANIES = [
    {},
    {"industry": "software", "country": "SE", "employees": 120},
    {"industry": "Logistics", "country": "NO", "employees": 400},
    {"country": "DK", "employees": 5000},
    {"domain": "www.lakrits.example"},
    {"industry": "education", "country": "SE"},
]
QUARTER = 13 * 7 * 24
"""Hours."""


class _Teller:
    """Random steps of one life, each later than the one before, as a rule; some are told late."""

    def __init__(self, rng, number):
        self.rng, self.at = rng, rng.uniform(-QUARTER - 200, 7 * 24 + 30)
        self.life, self.number, self.clocks = Life(f"{number:06d}"), number, 0

    def later(self, most):
        self.at += self.rng.expovariate(3 / most)
        return self.at

    def recorded(self):
        """Most facts are told at once, some days later."""
        late = self.rng.uniform(0, 250) if self.rng.random() < 0.06 else 0.0
        return self.at + late

    def chance(self, share):
        return self.rng.random() < share

    def promise(self, side, policy, person, **more):
        """A clock of a promise, kept or broken, and perhaps corrected."""
        rng, due = self.rng, self.at + self.rng.uniform(1, 40)
        self.clocks += 1
        who = {
            "side": side,
            "policy": policy,
            "person": person,
            "team": PEOPLE[person],
            "clock": f"clk_{self.number}_{self.clocks}",
            **more,
        }
        fate = rng.random()
        if fate < 0.55:
            self.life.keep(min(due, self.at + rng.uniform(0, 30)), due, **who)
            return
        if fate < 0.62:
            fields = self.life._clock(due=due, **who)
            self.life.tell(SlaCancelled(**fields, reason="gone"), self.at)
            return
        self.life.break_(due, **who)
        if fate > 0.85:
            new = rng.choice(["fulfilled", "fulfilled", "running", "breached"])
            self.life.correct(new, due - rng.uniform(0, 5), due, recorded=due + rng.uniform(0, 300), **who)


def simulate(count, seed=1):
    """So many lives, one after the other."""
    rng = random.Random(seed)
    for number in range(count):
        yield _live(_Teller(rng, number))


def _live(t):
    rng, life = t.rng, t.life
    mode = rng.choices(["live", "import", "test", "observe"], [92, 4, 2, 2])[0]
    kind = "sales.follow_up" if t.chance(0.08) else "form.submitted"
    stage = "prospecting" if t.chance(0.1) else "contact"
    life.begin(t.at, rng.choice(SOURCES), kind, stage, mode=mode, recorded=t.recorded())
    _hear_form(t)
    if t.chance(0.05):
        life.tell(LeadOwnerChanged(from_owner=None, to_owner=Owner(person="elin"), rule="hunter"), t.at)
    for _ in range(2):
        _work_once(t)
        if life._stage != "nurturing" or not t.chance(0.2):
            break
        t.later(200)
    _beside(t)
    return life


def _hear_form(t):
    proof = "none" if t.chance(0.2) else "signed"
    form = t.rng.choice(["demo", "news", "pricing", None])
    campaign = t.rng.choice(["autumn", None])
    t.life.hear("form.submitted", t.at, company=t.rng.choice(COMPANIES), proof=proof, form_id=form, campaign=campaign)


def _work_once(t):
    life = t.life
    if t.chance(0.25):
        return
    life.move("qualification", t.later(40), recorded=t.recorded())
    t.promise("marketing", "judged", t.rng.choice([None, "elin"]), answerable=t.rng.choice(ANSWERABLE))
    if t.chance(0.05):
        t.promise(t.rng.choice(["marketing", "sales"]), "many", None, **t.rng.choice(VOLUMES))
    if t.chance(0.2):
        life.hear("note.added", t.later(5))
    if t.chance(0.15):
        life.meet("marketing_qualified", t.at)
    if t.chance(0.3):
        if t.chance(0.5):
            life.move("nurturing", t.later(60))
        return
    _hand_over(t)


def _hand_over(t):
    rng, life = t.rng, t.life
    life.move("hand_over", t.later(30), recorded=t.recorded())
    if t.chance(0.2):
        life.hear("sales.meeting_booked", t.at)
    for number in range(1, rng.randint(1, 3) + 1):
        person = rng.choice(["elin", "johan", "karin"])
        life.offer(t.later(4), person, number, rng.choice(["sales_qualified", "sales_qualified", "sales_ready"]))
        t.promise("sales", "answer", person)
        answer = rng.random()
        if answer < 0.2:
            handover = life._handover(person)
            lapse = (
                HandoverWithdrawn(**handover, reason="ill")
                if t.chance(0.3)
                else HandoverExpired(**handover, expired_at=hours(t.later(20)))
            )
            life.tell(lapse, t.at)
            continue
        t.later(20)
        if answer < 0.45:
            reason, criterion = rng.choice(
                [("no time", None), ("Not qualified", "budget"), ("not_qualified", "need"), ("not qualified", None)]
            )
            life.reject(t.at, reason, criterion, person, recorded=t.recorded())
            life.move("nurturing", t.at)
            return
        life.accept(t.at, person, recorded=t.recorded())
        _deal(t, person)
        return


def _deal(t, person):
    rng, life = t.rng, t.life
    if t.chance(0.15):
        return
    life.tell(HandoverFollowedUp(**life._handover(person), followed_up_at=hours(t.later(20))), t.at)
    life.move("deal", t.at, recorded=t.recorded())
    t.promise("sales", "follow-up", person)
    if t.chance(0.6):
        life.hear("sales.meeting_booked", t.later(30))
        life.hear(rng.choice(["sales.meeting_held", "sales.meeting_cancelled"]), t.later(60))
    amount, currency = round(rng.uniform(1000, 90000), 3), rng.choice(["SEK", "SEK", "EUR", None])
    if t.chance(0.7):
        life.hear("deal.updated", t.later(10), amount=amount, currency=currency)
    if t.chance(0.6):
        life.meet("opportunity", t.at)
    if t.chance(0.3):
        life.hear("note.added", t.later(10))
    _end(t, person, amount, currency)


def _end(t, person, amount, currency):
    """Won, lost, given back or still open."""
    rng, life = t.rng, t.life
    end = rng.random()
    if end < 0.3:
        return
    t.later(300)
    if end < 0.65:
        life.win(t.at, amount if t.chance(0.9) else None, currency, person, outside_process=t.chance(0.05))
        if t.chance(0.1):
            life.win(t.later(50), 100.005, "SEK", person)
    elif end < 0.85:
        life.tell(HandoverLost(**life._handover(person), reason="price"), t.at)
    elif end < 0.95:
        life.tell(HandoverReturned(**life._handover(person), reason="later"), t.at)
    else:
        life.reject(t.at, "not_qualified", "need", person)
    life.move("nurturing", t.at)


def _beside(t):
    """Queues, holds, dispositions, merges."""
    life, subject, start = t.life, f"lead_{t.life.name}", t.at
    if t.chance(0.05):
        queued = LeadQueued(
            stage="hand_over",
            route="hand_over",
            rule="r",
            pool=t.rng.choice(["field", "sdr"]),
            since=hours(start),
            until=hours(start + 9),
        )
        life.tell(queued, t.later(3))
        if t.chance(0.5):
            life.tell(LeadOwnerChanged(from_owner=None, to_owner=Owner(person="elin"), rule="everybody"), t.later(10))
    if t.chance(0.04):
        life.tell(LeadParked(by="maja"), t.later(5))
        if t.chance(0.4):
            life.tell(LeadUnparked(by="maja"), t.later(50))
    if t.chance(0.04):
        life.tell(
            LeadDispositionChanged(from_disposition="active", to_disposition=t.rng.choice(["spam", "active"])),
            t.later(5),
        )
    if t.chance(0.05):
        life.tell(LeadMerged(kept="lead_other", gone=subject, by="sara"), t.later(30), recorded=t.recorded())
        if t.chance(0.3):
            life.tell(LeadUnmerged(kept="lead_other", gone=subject, by="sara"), t.later(30))
    elif t.chance(0.05):
        life.tell(LeadMerged(kept=subject, gone="lead_other", by="sara"), t.later(30))


def raw_events(life):
    """As the feed has them, without what the forum does not look at."""
    for event in life.events:
        yield {
            "id": event.id,
            "type": event.data.type_name,
            "subject": f"lead_{life.name}",
            "time": _text(event.at),
            "recordedtime": _text(event.recorded_at),
            "mode": event.mode,
            "data": msgspec.to_builtins(event.data),
        }


def raw_signals(life):
    """As history has them."""
    for heard in life.signals:
        yield {
            "id": heard.id,
            "subject": f"lead_{life.name}",
            "kind": heard.kind,
            "mode": heard.mode,
            "time": _text(heard.at),
            "recordedtime": _text(heard.recorded_at),
            "facts": msgspec.to_builtins(heard.facts),
        }


def _text(at):
    return (at - timedelta(microseconds=at.microsecond)).isoformat()
