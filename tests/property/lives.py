"""Lives of leads on the router's rows, and what must hold after each step of them, whoever chooses the steps."""

import json
from collections import Counter
from datetime import timedelta

from routing.lifecycle import DIALOGUE
from routing.model.ids import derive
from routing.model.records import Account
from routing.people.capacity import carrier, why_full, without
from routing.people.commands import to_signal
from routing.people.permissions import Principal
from schemas.commands import Command
from schemas.signals import (
    INTERNAL_KINDS,
    Actor,
    Company,
    Consent,
    IdentityKey,
    Kind,
    Person,
    Reference,
    Sales,
    Signal,
)
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.step import Step
from tests.memory import Memory
from tests.property import test_invariants as law
from tests.property.worlds import AGREEMENTS, ENDED, JOINERS, RULING, SEATS
from tests.setups import START, signal

LEADS = ("anna", "bo", "cia", "dan", "eva")
COLLEAGUES = LEADS[:3]
PERSONS = ("elin", "johan", "karin", "nils", "sara", "anders", "olof", "maja")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ABOUT_THE_ROSTER = frozenset(kind for kind in Kind if kind.startswith(("roster.", "pool.")))
FACTS = {
    "lead": LEADS,
    "kind": [kind for kind in Kind if kind not in INTERNAL_KINDS | ABOUT_THE_ROSTER] + law.driving * 5,
    "early": [0, 0, 0, 0, 1, 30, 90, 600, 5000, 50_000],
    "mode": ["live"] * 12 + ["import", "observe", "test"],
    "form_id": [None, "demo", "news", "not-now", "contact-sales"],
    "to": [None, None, None, *law.STAGES, "spam", "not_a_buyer", "do_not_contact", "active", "active"],
    "owner": [None, "elin", "johan", "karin", "nobody"],
    "actor": [None, None, None, "person", "automation"],
    "tags": [(), (), (), ("sales-ready",), ("enterprise",), ("not-now",), ("asked-to-wait",)],
    "consent": [None, None, "given", "withdrawn"],
    "automated": [False] * 5 + [True],
    "names_offer": [None, None, "first", "last"],
    "language": [None, "sv", "en", "fi"],
    "company": [None, None, {"name": "Acme"}, {"country": "SE", "employees": 120, "industry": "software"}],
    "reason": [None, "no time", "wrong timing", "not qualified"],
}
"""What a signal from outside may say; times in minutes."""
COMMANDS = {
    "lead": LEADS,
    "asker": [None, None, "maja", "elin", "sara", "lena"],
    "said": [
        {"command": "accept"},
        {"command": "reject", "reason": "no time"},
        {"command": "reject", "reason": "not_qualified", "criterion": "budget"},
        {"command": "claim"},
        {"command": "hold"},
        {"command": "release"},
        {"command": "brand_list", "lists": ["newsletter"]},
        *({"command": "disposition", "disposition": d} for d in ("spam", "do_not_contact", "active", "active")),
        *({"command": c, "person": p} for c in ("assign", "delegate") for p in ("karin", "nils", "olof", "johan")),
    ],
}
CHANGES = [
    *({"command": "absence", "person": person} for person in PERSONS),
    *({"command": "return", "person": person} for person in PERSONS),
    *({"command": "join", **joiner} for joiner in (*JOINERS, *JOINERS)),
    *({"command": "leave", "person": person} for person in PERSONS),
    *({"command": f"{what}_pool", "pool": pool} for what in ("pause", "resume", "resume") for pool in SEATS),
]
"""Of the roster: absences may have an end."""


class WatchedStep(Step):
    """Keeps each decision with what was before it."""

    def __init__(self, state, decided):
        super().__init__(state)
        self.decided = decided

    def apply(self, decision, signal):
        shared = self.state.shared
        before = self.state.snapshot.lead(decision.lead.id) if decision.lead is not None else None
        company = shared.accounts.get(decision.account.id) if decision.account is not None else None
        told = law.Told(signal, before, decision, dict(shared.ledgers), company)
        told.loads, told.roster = dict(shared.loads), self.state.ruling.roster
        self.decided.append(told)
        super().apply(decision, signal)


class Watched(BatchDecider):
    """Its steps are watched."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.decided = []

    def begin_step(self):
        return WatchedStep(self.state, self.decided)


class Lives(Memory):
    """One world. Each method is one thing that happens; AssertionError where what must hold does not. `met` counts what
    came to pass."""

    def __init__(self, twice=True):
        super().__init__(RULING, START + 60 * DAY)
        self.twice, self.met = twice, Counter()
        self.count, self.given, self.names = 0, [], {}
        self.sequences, self.breached, self.silent, self.ids = {}, set(), {}, set()
        self.gone, self.checked = {}, 0

    # --- what happens ---------------------------------------------------------------------------------------------
    def wait(self, minutes):
        self.at += minutes * MINUTE

    def tell(self, said):
        """A signal from outside, late where it is `early`."""
        self.count += 1
        lead = self.known(said["lead"])
        offers = lead.handover.offers if lead is not None and lead.handover is not None else ()
        named = {"first": offers[0].id, "last": offers[-1].id}.get(said["names_offer"]) if offers else None
        item = signal(
            self.count, said["kind"], said["lead"], at=self.at - said["early"] * MINUTE,
            mode=said["mode"], form_id=said["form_id"], tags=said["tags"], automated=said["automated"],
            sales=Sales(to=said["to"], owner_id=said["owner"], done=True) if said["to"] or said["owner"] else None,
            actor=Actor(kind=said["actor"], reference=said["owner"]) if said["actor"] else Actor(),
            consents=(Consent(purpose="email", state=said["consent"]),) if said["consent"] else (),
            references=(Reference(system="crm", object="person", id=said["lead"]),), offer_id=named,
            language=said["language"], company=Company(**(said["company"] or {})), reason=said["reason"],
            person=Person(email=f"{said['lead']}@example.com"),
        )  # fmt: skip
        names = (*item.identities, IdentityKey(kind="company", digest="acme"))
        self._live(item.but(**({"identities": names} if said["lead"] in COLLEAGUES else {})))

    def again(self, number):
        """A repeated delivery: the inbox lets it through once."""
        if self.given:
            before = dict(self.leads), len(self.outbox), dict(self.clocks), len(self.history)
            self.give(self.given[number % len(self.given)])
            assert before == (self.leads, len(self.outbox), self.clocks, len(self.history)), "no second effect"
            self.met["doubled"] += 1

    def ask(self, said):
        """A command about a lead; who asks may have no right to."""
        lead = self.known(said["lead"])
        if lead is not None:
            self._command({"lead": lead.id, **said["said"]}, said["asker"])

    def change(self, said, hours=None):
        """The roster changes; an absence ends after so many hours, where somebody knows."""
        ends = {"until": self.at + hours * HOUR} if hours and said["command"] == "absence" else {}
        before = self.ruling.roster.version
        self._command({**said, **ends}, None, key="roster")
        self.met[f"roster: {said['command']}"] += self.ruling.roster.version != before

    def fall_due(self, late_minutes=0):
        """The clock that is due first, of a lead or a promise."""
        if (row := self.next_due()) is not None:
            self.announce(row, late_minutes * MINUTE)

    def publish(self, number, adopt=None):
        """Another agreement rules from now on; with `adopt` said, every open clock is reckoned anew, under it or not."""
        if AGREEMENTS[number] is not self.ruling.at(self.at).agreement:
            self.ruling = self.ruling._replace(timeline=(*self.ruling.timeline, (self.at, AGREEMENTS[number])))
            self.met["the agreement changed"] += 1
        for ident in sorted(self.leads) if adopt is not None else ():
            self._own("recheck", "clock.recheck", lead_id=ident, reason="adopt" if adopt else None)

    def begin_periods(self):
        self._own("periods", "period.begun")

    def merge(self, one, two):
        """Two leads are one person; whether they may be merged is the core's to say."""
        kept, gone = self.names.get(one), self.names.get(two)
        if kept is None or gone is None or kept == gone:
            return
        before = self.lead(gone)
        self._command({"command": "merge", "lead": kept, "other": gone}, None)
        after = self.lead(gone)
        if before.merged_into is None and after.merged_into == kept:
            self.gone[gone] = before
            self.met["merge"] += 1
            law.assert_stands_still(after)
        else:
            self.met["merge refused"] += 1

    def unmerge(self, number):
        """One of those that are merged is parted again: it stands where it stood."""
        if not self.gone:
            return
        gone = sorted(self.gone)[number % len(self.gone)]
        kept = self.lead(gone).merged_into
        self._command({"command": "unmerge", "lead": kept, "other": gone}, None)
        if self.lead(gone).merged_into is None:
            law.assert_as_before(self.gone.pop(gone), self.lead(gone), self.ruling.roster, self.at, ended=ENDED)
            self.met["unmerge"] += 1

    # --- how it is told -------------------------------------------------------------------------------------------
    def known(self, name):
        """The lead that a signal about this person is about."""
        ident = self.names.get(name)
        while ident is not None and self.lead(ident).merged_into is not None:
            ident = self.lead(ident).merged_into
        return self.lead(ident) if ident is not None else None

    def _command(self, said, asker, key="k"):
        self.count += 1
        ask = Command.model_validate({"reason": "asked", **said}).root
        self._live(to_signal(ask, Principal("desk", asker), self.at, str(self.count), "default", key))

    def _own(self, what, kind, **more):
        self.count += 1
        ident = derive("sig", what, self.count)
        self._live(
            Signal(kind=kind, id=ident, dedupe_key=ident, source="operator", occurred_at=self.at, received_at=self.at,
                   partition_key="k", **more)
        )  # fmt: skip

    def _live(self, item):
        item = item.but(received_at=self.at)
        self.given.append(item)
        self.give(item)

    # --- what must hold -------------------------------------------------------------------------------------------
    def decide(self, batch):
        decider = Watched(self.snapshot(), self.ruling, self.at, 0)
        decider.decide(batch)
        if self.twice:
            other = BatchDecider(self.snapshot(), self.ruling, self.at, 0)
            other.decide(batch)
            one, two = decider.writes(), other.writes()
            assert one.outbox == two.outbox and one.leads == two.leads, "the same rows give the same decisions"
            assert one.clocks == two.clocks and one.ledgers == two.ledgers
        return decider

    def after(self):
        assert not self.letters, f"no signal is a dead letter: {self.letters[-1].reason}"
        for told in self.decider.decided:
            self._decided(told)
        self._said()
        self._accounts()

    def _decided(self, told):
        lead, item = told.after, told.item
        law.assert_quiet(told)
        if lead is None:
            return
        if told.before is None:
            name = next(name for name in LEADS if lead.partition_key == f"key-{name}")
            self.names.setdefault(name, lead.id)
        self.met["signals"] += 1
        self.met["late"] += item.occurred_at < item.received_at
        joins = item.kind in (Kind.LEAD_MERGE, Kind.LEAD_UNMERGE)
        for check in (law._one_stage, law._no_limbo, law._pass_rises, *(() if joins else (law._never_backwards,))):
            check(None, told)
        for move in told.decision.transitions:
            self.met[f"row {move.row}"] += 1
        if told.before is not None and told.before.merged_into is not None and not joins:
            assert not told.decision.transitions and told.before.stage == lead.stage, "it stands still"
        if not joins:
            law.assert_ledgers_count(told)
        self._turns(told)
        self._silence(told)
        waits = [c for c in lead.clocks.values() if c.policy == "queue" and c.open]
        assert len(waits) <= 1 and (not waits or lead.merged_into or lead.stage in ("qualification", "hand_over"))
        assert bool(waits) == (lead.queue is not None), "it stands in line as long as it waits"
        assert not waits or lead.merged_into or lead.owner is None, "what waits for somebody is nobody's"
        self.met["waits in a queue"] += bool(waits)

    def _turns(self, told):
        """Whoever had a turn could take it."""
        item, roster, loads = told.item, told.roster, told.loads
        if told.before is not None:
            # Who has the lead, or was given it in this pass before, needs no more room for it.
            loads = without(loads, told.before, carrier(told.before))
        for owner in told.decision.evidence.get("owners", ()):
            if "candidates" not in owner or item.mode != "live":
                continue
            person = owner["person"]
            assert roster.why_away(person, self.at) is None and roster.off_hours(person, self.at) is None
            assert why_full(person, roster, loads, self.at) is None, "nobody is given more than their capacity"
            assert not roster.pool(owner["pool"]).paused
            self.met[f"a turn of {owner['pool']}"] += 1

    def _silence(self, told):
        lead = told.after
        for name, data in zip(told.types(), told.said, strict=True):
            self.silent[lead.id] = law._heard(name, data, self.silent.get(lead.id, False))
        law.assert_silent(told, bool(self.silent.get(lead.id)))

    def _said(self):
        for row in self.outbox[self.checked :]:
            assert row.sequence == self.sequences.get(row.lead_id, 0) + 1, "the sequence has no gap"
            self.sequences[row.lead_id] = row.sequence
            assert row.event_id not in self.ids, "each event has an id of its own"
            self.ids.add(row.event_id)
            name = row.type.removeprefix("stafett.").removesuffix(".v1")
            self.met[name] += 1
            if name == "sla.breached":
                data = json.loads(f"{row.head}null}}}}")["data"]
                assert data["clock_id"] not in self.breached, "a clock breaches once"
                assert data["due_at"] <= data["noticed_at"]
                self.breached.add(data["clock_id"])
        self.checked = len(self.outbox)

    def _accounts(self):
        for row in self.accounts.values():
            for ident, person in Account.read(row.state).open.items():
                lead = self.leads[ident]
                assert lead.disposition == "active" and lead.stage in DIALOGUE and lead.owner == person
