"""`python -m tests.property.model --signals 100000 --seed 1`: random lives of leads, every invariant after each signal.

Late, out of order and doubled signals, absences that come and go, agreements that change while clocks run, leads that are
merged and parted again. The same seed tells the same stories; a broken invariant ends the run and names the seed and the step.
"""

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from routing.agreement import compile_agreement
from routing.commands import Principal, to_signal
from routing.merging import join
from schemas.commands import Command
from services.ruling import Ruling
from tests.property import test_invariants as law
from tests.setups import EXAMPLES
from tests.stories import rules

TEXT = (EXAMPLES / "agreement.yaml").read_text()
AGREEMENTS = (
    compile_agreement(TEXT),
    compile_agreement(
        TEXT.replace("signal.form_id in ['demo', 'contact-sales', 'pricing']", "signal.form_id == 'demo'")
    ),
)
AWAY = ("2027-01-01T00:00:00+00:00", "2028-12-31T00:00:00+00:00")
ROSTERS = tuple(rules(absences=away).roster for away in ({}, {"elin": [AWAY]}, {"johan": [AWAY]}, {"karin": [AWAY]}))
LEADS = ("anna", "bo", "cia", "dan", "eva", "filip", "greta")
STORY = 250
"""Signals of one world; then another one begins, so that openings come up as often as endings."""
LISTS = {
    "early": [0, 0, 0, 0, 1, 30, 90, 600, 5000, 50_000],
    "pause": [0, 1, 20, 60, 300, 1500, 5000],
    "mode": ["live"] * 10 + ["import", "observe", "test"],
    "form_id": [None, "demo", "news", "not-now", "contact-sales"],
    "to": [None, None, None, *law.STAGES, "spam", "not_a_buyer", "do_not_contact", "active"],
    "owner": [None, "elin", "johan", "karin", "nobody"],
    "actor": [None, None, None, "person", "automation"],
    "tags": [(), (), (), ("sales-ready",), ("enterprise",), ("not-now",)],
    "consent": [None, None, "given", "withdrawn"],
    "automated": [False] * 5 + [True],
    "names_offer": [None, None, "first", "last"],
    "due": [False, False, False, True],
}
LAWS = (law._one_stage, law._no_limbo, law._pass_rises, law._never_backwards, law._import_is_quiet, law._account)


@dataclass
class Run:
    """What was seen; `told` by the name of the stage, event or row."""

    dice: random.Random
    told: Counter = field(default_factory=Counter)
    breached: set = field(default_factory=set)
    sequences: dict = field(default_factory=dict)
    away: dict = field(default_factory=dict)

    def story(self, number, count):
        """One world of `count` signals."""
        world = law.World(rules=Ruling(AGREEMENTS[0], ROSTERS[0]))
        world.past = {agreement.hash: agreement for agreement in AGREEMENTS}
        given, self.away = [], {}
        for step in range(count):
            self._change_the_world(world)
            try:
                if self.dice.random() < 0.03:
                    self._join(number, world)
                if given and self.dice.random() < 0.03:
                    self._again(world, self.dice.choice(given))
                    continue
                told = world.tell(self._step())
                given.append(told.item)
                self._check(number, world, told)
            except AssertionError as error:
                raise AssertionError(f"story {number}, step {step}: {error}") from error

    def _change_the_world(self, world):
        dice, now = self.dice, world.rules
        if dice.random() < 0.02:
            world.rules = now._replace(agreement=dice.choice(AGREEMENTS))
            self.told["the agreement changed"] += now.agreement is not world.rules.agreement
        if dice.random() < 0.05:
            world.rules = world.rules._replace(roster=dice.choice(ROSTERS))
            self.told["the roster changed"] += now.roster is not world.rules.roster

    def _step(self):
        kinds = [*law.outside, *law.driving, *law.driving, *law.driving, *law.driving]
        step = {name: self.dice.choice(values) for name, values in LISTS.items()}
        name = self.dice.choice(LEADS)
        # What names somebody who is merged finds the one they are one with; clocks fall due where they are.
        lead = name if step["due"] else self.away.get(name, (name,))[0]
        return step | {"kind": self.dice.choice(kinds), "lead": lead}

    def _join(self, number, world):
        """Two at random are merged, or one who was merged is parted again."""
        dice, command = self.dice, "merge"
        names = [name for name in LEADS if name in world.leads and name not in self.away]
        if self.away and dice.random() < 0.5:
            command, gone = "unmerge", dice.choice(sorted(self.away))
            kept = self.away[gone][0]
        elif len(names) > 1:
            kept, gone = dice.sample(names, 2)
        else:
            return
        leads = world.leads[kept], world.leads[gone]
        contexts = tuple(world.context() for _ in leads)
        ask = Command.model_validate(
            {"command": command, "reason": "same", "lead": leads[0].id, "other": leads[1].id}
        ).root
        world.count += 1
        item = to_signal(ask, Principal("desk"), world.now, str(world.count), "default", "p")
        before = [lead.model_dump_json() for lead in leads]
        told = join(*leads, item, contexts)
        assert [lead.model_dump_json() for lead in leads] == before, "join changes no argument"
        assert told == join(*leads, item, contexts), "the same arguments give the same decisions"
        self._take(number, world, item, kept, told.kept, 0)
        if told.gone is None:
            self.told[f"{command} refused"] += 1
            return
        self._take(number, world, item, gone, told.gone, len(told.kept.emissions))
        self.told[command] += 1
        if command == "merge":
            self.away[gone] = kept, leads[1]
        else:
            self._as_before(self.away.pop(gone)[1], world.leads[gone], world.rules.roster, world.now)

    def _take(self, number, world, item, name, decision, count):
        world.take(name, decision, item, count)
        for outgoing in world.envelopes:
            where = (number, outgoing.lead_id)
            assert outgoing.sequence == self.sequences.get(where, 0) + 1, "the sequence has no gap"
            self.sequences[where] = outgoing.sequence
        world.envelopes.clear()
        lead = decision.lead
        assert lead.limbo is None
        assert lead.merged_into is None or not [c for c in lead.clocks.values() if c.next_at and c.state != "running"]
        for ledger in decision.ledgers:
            assert all(entry.given >= 0 for entry in ledger.entries.values())

    def _as_before(self, was, now, roster, at):
        """Parted again it stands where it stood; clocks go on, or had been over by then."""
        if was.owner is not None and roster.why_away(was.owner, at) is None:
            held = was.stage, was.pass_number, was.recent, was.personal
            assert (now.stage, now.pass_number, now.recent, now.personal) == held
            assert (now.owner, now.unowned_reason) == (was.owner, was.unowned_reason)
            for ident, clock in was.clocks.items():
                if clock.open:
                    assert now.clocks[ident].state in (clock.state, "breached", "paused", "running"), clock.policy
                    # An absence may have been taken back meanwhile.
                    assert now.clocks[ident].due_at >= clock.due_at or now.clocks[ident].away != clock.away

    def _again(self, world, item):
        """The inbox drops a repetition: the router never decides on it, so the model does not either."""
        assert item.id in {f"sig_{n}" for n in range(1, world.count + 1)}
        self.told["doubled"] += 1

    def _check(self, number, world, told):
        for check in LAWS:
            check(world, told)
        self.told["signals"] += 1
        self.told["late"] += told.item.occurred_at < told.item.received_at
        for move in told.decision.transitions:
            self.told[f"row {move.row}"] += 1
        assert told.before is None or told.before.merged_into is None or not told.decision.transitions
        for ledger in told.decision.ledgers:
            before = told.ledgers.get(ledger.pool)
            turns = ledger.seq - (before.seq if before else 0)
            counts = [sum(e.given for e in known.entries.values()) for known in (ledger, before) if known]
            assert counts[0] - (counts[1] if before else 0) == turns >= 1, "a ledger counts each turn once"
        for emission in told.decision.emissions:
            data = emission.data
            self.told[data.type_name.removeprefix("stafett.").removesuffix(".v1")] += 1
            if data.type_name == "stafett.sla.breached.v1":
                assert (number, data.clock_id) not in self.breached, "a clock breaches once"
                assert emission.at == data.due_at <= data.noticed_at <= world.now
                self.breached.add((number, data.clock_id))
        for outgoing in world.envelopes:
            where = (number, outgoing.lead_id)
            assert outgoing.sequence == self.sequences.get(where, 0) + 1, "the sequence has no gap"
            self.sequences[where] = outgoing.sequence
        world.envelopes.clear()


def main(signals, seed, say=print):
    """Runs and says what was seen; AssertionError with the place where an invariant is broken."""
    run, begun, number = Run(random.Random(seed)), time.monotonic(), 0
    while run.told["signals"] < signals:
        number += 1
        run.story(number, min(STORY, signals))
    say(
        f"{run.told['signals']} signals in {number} worlds, seed {seed}, {time.monotonic() - begun:.0f} s; all invariants held"
    )
    for name, count in sorted(run.told.items()):
        say(f"  {name}: {count}")
    return run.told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(0 if main(given.signals, given.seed) else 1)
