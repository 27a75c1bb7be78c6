"""A lead's story in the test's own words: signals one after the other, the watcher's announcements between them."""

import json
from datetime import timedelta

import yaml

from routing.agreement.agreement import compile_agreement
from routing.decide import decide
from routing.draft import Context
from routing.explain.clock import explain_clock
from routing.explain.lead import Step, assignments, explain_lead
from routing.people.commands import to_signal
from routing.people.permissions import Principal
from routing.people.roster import Roster
from schemas.commands import Command
from schemas.roster import RosterFile
from schemas.signals import ClockDue, Sales
from services.rules.ruling import Ruling
from tests.setups import EXAMPLES, START, signal

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DONE = Sales(activity_type="call", done=True)


def rules(policies=(), absences=None, **changes):
    """The example's rules with these promises instead, and other values under these keys (None: left out); `absences` as
    {person: [(from, to), ...]}."""
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    file["sla"] = {"policies": list(policies)}
    for key, value in changes.items():
        both = {**file.get(key, {}), **value} if isinstance(value, dict) else value
        file[key] = {k: v for k, v in both.items() if v is not None} if isinstance(both, dict) else both
    people = yaml.load((EXAMPLES / "roster.yaml").read_text(), yaml.BaseLoader)
    for person in people["people"]:
        if absences and person["id"] in absences:
            person["absences"] = [{"from": a, "to": b} if b else {"from": a} for a, b in absences[person["id"]]]
    return Ruling(compile_agreement(yaml.safe_dump(file)), Roster(RosterFile.model_validate(people)))


def changed(**changes):
    """The example's rules with other values under these keys."""
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    file |= changes
    return Ruling(compile_agreement(yaml.safe_dump(file)), rules().roster)


class Story:
    """`after` is a time since START; `now` the router's, where it is behind. `said` has every event."""

    def __init__(self, ruling):
        self.rules, self.lead, self.ledgers, self.account, self.count, self.said = ruling, None, {}, None, 0, []
        self.at, self.past = START, {}

    def tell(self, kind, after=None, now=None, **more):
        self.count += 1
        at = START + (after if after is not None else self.count * MINUTE)
        self.at = max(self.at, at if now is None else START + now)
        return self.take(signal(self.count, kind, at=at, **more).but(received_at=self.at))

    def ask(self, command, after=None, by="maja", **more):
        """Somebody asks for a command about the lead."""
        self.count += 1
        self.at = max(self.at, START + (after if after is not None else self.count * MINUTE))
        said = Command.model_validate({"command": command, "lead": self.lead.id, "reason": "agreed", **more}).root
        return self.take(to_signal(said, Principal("desk", by), self.at, f"k{self.count}", "default", "p"))

    def take(self, item):
        context = Context(self.rules.agreement, self.rules.roster, self.ledgers, self.account, self.at, past=self.past)
        self.decision = decide(self.lead, item, context)
        self.lead = self.decision.lead or self.lead
        self.ledgers |= {ledger.pool: ledger for ledger in self.decision.ledgers}
        self.account = self.decision.account
        self.said += [e.data for e in self.decision.emissions]
        return self

    def wait(self, until, late=timedelta(0)):
        """Time passes to START + until; what falls due is announced in due order, `late` after its instant."""
        until += START
        while due := self._next(until):
            self.at = max(self.at, due.next_at + late)
            body = ClockDue(
                clock_id=due.id, revision=due.revision, lead_id=self.lead.id, due_at=due.next_at, noticed_at=self.at
            )
            announced = signal(f"due{due.id}{due.revision}", "clock.due", at=due.next_at, clock=body)
            self.take(announced.but(received_at=self.at))
        self.at = max(self.at, until)
        return self

    def _next(self, until):
        clocks = self.lead.clocks if self.lead is not None else {}
        waiting = [c for c in clocks.values() if c.next_at is not None and c.next_at <= until]
        return min(waiting, key=lambda c: (c.next_at, c.id), default=None)

    def offered(self):
        return self.tell("form.submitted", timedelta(0), form_id="demo")

    def dealt(self):
        return self.offered().tell("sales.accepted").tell("sales.follow_up", sales=DONE)

    def all(self, name, policy=None):
        """Bodies of this event, of that policy."""
        found = [d for d in self.said if d.type_name == f"stafett.{name}.v1"]
        return [d for d in found if policy is None or d.policy == policy]

    def clock(self, policy):
        """The newest clock of this policy."""
        return max((c for c in self.lead.clocks.values() if c.policy == policy), key=lambda c: c.started_at)


class Kept(Story):
    """A story that keeps its history as the store would."""

    def __init__(self, ruling):
        super().__init__(ruling)
        self.steps = []

    def take(self, item):
        super().take(item)
        said = {
            "agreement": self.rules.agreement.hash,
            "roster": self.rules.roster.version,
            "transitions": [list(move) for move in self.decision.transitions],
            "evidence": self.decision.evidence,
        }
        self.steps.append(Step(item.id, item.kind, item.occurred_at, self.at, json.loads(json.dumps(said))))
        return self

    def known(self, digest):
        return self.rules.agreement if digest == self.rules.agreement.hash else None

    def explained(self):
        return explain_lead(self.lead, self.steps, self.known, self.at)

    def clock_explained(self, policy):
        clock = self.clock(policy)
        return explain_clock(clock, self.rules.agreement.calendar(clock.calendar), self.at, self.lead.id)

    def assigned(self):
        return assignments(self.lead.id, self.steps, self.known)


def sample_clock():
    """The explanation that docs/sla.md shows: a pause, lunch, an hour away."""
    answer = {
        "name": "answer", "metric": "acceptance", "starts": "offer", "target": "4h business", "calendar": "stockholm",
        "absences": True, "pause_on": ["sales.meeting_booked"], "resume_on": ["sales.meeting_cancelled"],
    }  # fmt: skip
    told = Kept(rules([answer], {"elin": [("2026-11-24T13:00:00+01:00", "2026-11-24T14:00:00+01:00")]})).offered()
    told.tell("sales.meeting_booked", 30 * MINUTE).tell("sales.meeting_cancelled", HOUR).tell(
        "sales.accepted", 5 * HOUR
    )
    return told.clock_explained("answer").text
