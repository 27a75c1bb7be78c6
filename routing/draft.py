"""The sheet that one decision is worked out on: a copy of the lead, and what follows so far.

Only `routing.decide` makes one, and nothing of it outlives the decision, so that functions of the core may write on it
and `decide` is pure all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from routing.agreement.agreement import Agreement
from routing.agreement.definitions import Expression, Judge, Points
from routing.lifecycle import WORKED, Fact
from routing.model.identity import Others
from routing.model.kept_signal import restore_signal, to_keep
from routing.model.records import Account, Clock, Decision, Emission, Lead, Ledger, Link, Load, Tallied, Transition
from routing.people.capacity import carrier
from routing.people.roster import Roster
from schemas.events import Contact, EventData, Owner
from schemas.fates import Reason
from schemas.json_values import JsonObject
from schemas.signals import IdentityKey, Person, Signal, happened_at

_NOBODY = Person()
Purposes = Mapping[str, datetime]
"""What consent was withdrawn for, and when."""


class Context(NamedTuple):
    """All that a decision depends on beside the lead and the signal; recorded with it by hash or version.

    `others` are leads that the signal's identities name as well (id, kinds of identity); `links` the identities that may
    be linked; `match` says how the lead was found, where it was not by an address or an id alone; `brought` are the ids that found
    it with an address which is new to it; `erased`: it names nobody but somebody who was erased; `waiting` is what was withdrawn by those of its identities that are nobody's yet; `past` are agreements of before by hash, for the clocks that started under them.
    """

    agreement: Agreement
    roster: Roster
    ledgers: Mapping[str, Ledger]
    account: Account | None
    now: datetime
    others: Others = ()
    links: tuple[Link, ...] = ()
    match: Mapping[str, str] = MappingProxyType({})
    brought: tuple[IdentityKey, ...] = ()
    past: Mapping[str, Agreement] = MappingProxyType({})
    loads: Mapping[str, Load] = MappingProxyType({})
    waiting: Mapping[IdentityKey, Purposes] = MappingProxyType({})
    erased: bool = False

    def agreement_of(self, digest: str) -> Agreement:
        """The agreement that a clock started under; the one of now where it is that one, or is not at hand."""
        return self.past.get(digest, self.agreement)


class TurnKept(NamedTuple):
    """The person that a lead in a queue is kept for, and the pool that counted their turn."""

    person: str
    pool: str


class Draft:
    """`at` is when the fact happened, `instant` the same in whole seconds since 1970; `carried_by` had the lead as an open
    one before the signal. `learned` says that there is something
    to judge again: a fact of the lead is another one now, or it was let go. `was_asked`: the definitions of its stage were. `kept`:
    the turn that was counted for the person that the lead is kept for. `facts` are the names that the lifecycle's rows
    ask for; `heard` is what came during a hold that ends now, the newest first; `seller` is who won it, where it was won."""

    __slots__ = (
        "_asked_of",
        "_judge",
        "_judge_of_way",
        "_notes",
        "_own_clocks",
        "_reason",
        "_told",
        "account",
        "asked_account",
        "at",
        "carried_by",
        "clocks",
        "consulted",
        "context",
        "emissions",
        "evidence",
        "facts",
        "heard",
        "instant",
        "kept",
        "lead",
        "learned",
        "ledgers",
        "links",
        "loads",
        "moved_ledgers",
        "moved_loads",
        "seller",
        "signal",
        "tallied",
        "transitions",
        "was_asked",
    )

    def __init__(self, lead: Lead, signal: Signal, context: Context) -> None:
        self.lead = lead
        self.signal = signal
        self.context = context
        self.at = happened_at(signal)
        self.carried_by = carrier(lead)
        self.instant = int(self.at.timestamp())
        self.account = context.account
        self.ledgers: Mapping[str, Ledger] = context.ledgers
        self.moved_ledgers: dict[str, Ledger] = {}
        self.loads: Mapping[str, Load] = context.loads
        self.moved_loads: dict[str, Load] = {}
        self.consulted: frozenset[str] = frozenset()
        self.asked_account = False
        self.tallied: list[Tallied] = []
        self.clocks: dict[str, Clock] = {}
        self._own_clocks: dict[str, Clock] = {}
        self.links: tuple[Link, ...] = ()
        self.emissions: list[Emission] = []
        self.transitions: list[Transition] = []
        self.facts: set[Fact] = set()
        self.seller: str | None = None
        self.learned = False
        self.was_asked = False
        queue = lead.queue
        self.kept = TurnKept(queue.kept_for, queue.pool) if queue is not None and queue.kept_for is not None else None
        self._notes: list[str] = []
        self._reason: Reason | None = None
        self.evidence: JsonObject = {}
        self.heard: tuple[Signal, ...] = ()
        self._asked_of: Signal = signal
        self._judge: Judge | None = None
        self._judge_of_way: Judge | None = None
        self._told: Points | None = None

    def follow(self, other: Draft) -> None:
        """Takes over the account, the ledgers and the loads as the decision on another lead, of the same signal, left
        them."""
        if self.account is not None and other.account is not None and self.account.id == other.account.id:
            self.account = other.account
        self.ledgers = {**self.ledgers, **other.moved_ledgers}
        self.loads = {**self.loads, **other.moved_loads}

    @property
    def judge(self) -> Judge:
        """Expressions over the lead as it is now; made once, when first asked for."""
        if self._judge is None:
            self._judge = Judge(
                lead=self.lead,
                signal=self._asked_of,
                now=self.at,
                standards=self.context.agreement.standards,
                instant=self.instant,
            )
        return self._judge

    @property
    def judge_of_way(self) -> Judge:
        """The same, but of the signal that brought the lead to its stage: who gets it and what is promised depend on that,
        also where it waited, or is offered a second time."""
        brought = self.lead.brought
        if brought is None or brought.signal_id == self._asked_of.id:
            return self.judge
        if self._judge_of_way is None:
            signal, standards = restore_signal(brought, self.signal), self.context.agreement.standards
            self._judge_of_way = Judge(
                lead=self.lead, signal=signal, now=self.at, standards=standards, instant=self.instant
            )
        return self._judge_of_way

    def ask_of(self, signal: Signal) -> None:
        """Lets expressions see this signal from now on: what a hold kept back is judged by what came then."""
        self._asked_of, self._judge = signal, None

    def note_bringing_signal(self) -> None:
        """Keeps the signal that expressions see as the one that brought the lead to its stage of now."""
        lead, signal = self.lead, self._asked_of
        lead.brought = to_keep(signal, happened_at(signal)) if lead.stage in WORKED else None
        lead.form_id = signal.form_id or lead.form_id
        self.lead_changed()

    @property
    def straight_through(self) -> bool:
        """Whether the lead came into qualification and left it again by this one signal: nobody judged it."""
        to = [move.to_stage for move in self.transitions]
        later = self.transitions[to.index("qualification") + 1 :] if "qualification" in to else ()
        return any(move.from_stage == "qualification" for move in later)

    def forget_pass(self) -> None:
        """Forgets what was established in the pass that is over: it moves the lead no more."""
        self.lead.form_id = None
        self.facts.clear()
        self.lead_changed()

    def note_learned(self) -> None:
        """There is something to judge again: a fact of the lead is another one now, or it was let go."""
        self.learned = True

    def lead_changed(self) -> None:
        """Drops what was computed from the lead as it was before."""
        self._judge, self._judge_of_way = None, None

    def meets(self, definition: str) -> bool:
        """Whether the lead meets this definition of the agreement now; kept as evidence either way."""
        return self.holds(definition, self.context.agreement.definitions[definition])

    def holds(self, name: str, expression: Expression) -> bool:
        """Whether the expression that is called `name` holds of the lead now; kept as evidence either way."""
        judge = self.judge
        finding, evidence = judge.answer(expression)
        self.evidence.setdefault("definitions", {})[name] = evidence
        if finding.fault is not None:
            self.finding(f"`{name}` could not be judged: {finding.fault}")
        points = judge.points_asked_for
        if points is not self._told and points is not None:
            self.evidence["points"] = {"fit": points.fit, "intent": points.intent, "rules": points.parts}
            self._told = points
        return finding.met

    def finding(self, text: str) -> None:
        """Notes something that one side did not do as agreed, or that is wrong with the lead's data; kept as
        evidence."""
        findings = self.evidence.setdefault("findings", [])
        if text not in findings:
            findings.append(text)

    def ignore(self, reason: Reason, text: str) -> None:
        """Notes that the signal does not do what it means, or not all of it. Of several reasons the first is
        counted."""
        self._notes.append(text)
        self._reason = self._reason or reason

    def refuse(self, reason: Reason, why: str) -> None:
        """Notes that whoever asked for it may not, or that it cannot be; kept as evidence."""
        self.ignore(reason, f"refused: {why}")
        self.evidence["refused"] = why

    def emit(self, data: EventData, at: datetime | None = None) -> None:
        self.emissions.append(Emission(data, at or self.at))

    def put_clock(self, clock: Clock) -> None:
        if self.lead.clocks is not self._own_clocks:
            self.lead.clocks = self._own_clocks = dict(self.lead.clocks)
        self._own_clocks[clock.id] = self.clocks[clock.id] = clock

    def drop_clocks(self, gone: set[str]) -> None:
        """These clocks are kept with the lead no more; what is written of them stays."""
        self.lead.clocks = {key: clock for key, clock in self.lead.clocks.items() if key not in gone}

    def put_ledger(self, ledger: Ledger) -> None:
        self.ledgers = {**self.ledgers, ledger.pool: ledger}
        self.moved_ledgers[ledger.pool] = ledger

    def put_load(self, load: Load) -> None:
        self.loads = {**self.loads, load.person: load}
        self.moved_loads[load.person] = load

    def owner(self, person: str | None) -> Owner | None:
        return self.context.roster.owner(person)

    def make_decision(self) -> Decision:
        """The decision, with all that was written on the sheet. The lead gets its next version and the sequence of its
        last event."""
        lead = self.lead
        lead.version += 1
        lead.sequence += len(self.emissions)
        return Decision(
            lead=lead,
            account=self.account,
            ledgers=tuple(self.moved_ledgers.values()),
            clocks=tuple(self.clocks.values()),
            links=self.links,
            emissions=tuple(self.emissions),
            transitions=tuple(self.transitions),
            outcome="changed" if self.transitions or self.emissions else "recorded",
            note="; ".join(self._notes),
            evidence=self.evidence,
            loads=tuple(self.moved_loads.values()),
            consulted=self.consulted,
            asked_account=self.asked_account,
            tallied=tuple(self.tallied),
            reason=None if self.transitions or self.emissions else self._reason,
        )

    def contact(self) -> Contact | None:
        """Personal part of an event that a platform needs to find the person."""
        person = self.lead.personal.person
        return Contact(person=person) if person != _NOBODY else None
