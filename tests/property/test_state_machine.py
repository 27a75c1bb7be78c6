"""Any order of whatever can happen to leads, people and agreements, folded on rows as the router does: Hypothesis looks for
one that breaks what must always hold (`tests.property.lives`), and shows the shortest that it finds.

STAFETT_MACHINE says how many orders are tried, 50 where it is absent.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.property.lives import CHANGES, COMMANDS, FACTS, LEADS, Lives
from tests.property.worlds import AGREEMENTS


def words(lists, **narrowed):
    return st.fixed_dictionaries({name: st.sampled_from(values) for name, values in {**lists, **narrowed}.items()})


USUAL = {**{name: values[:1] for name, values in FACTS.items()}, "lead": LEADS, "form_id": ["demo"]}
"""Whoever says no more than they must, so that stories come far."""
number = st.integers(0, 99)


class AnyLives(RuleBasedStateMachine):
    """Every rule ends with the look at all that must hold."""

    @initialize(kind=st.sampled_from(["prospect.listed", "email.sent", "form.submitted"]))
    def begin(self, kind):
        self.lives = Lives()
        self.lives.tell({**{name: values[0] for name, values in USUAL.items()}, "kind": kind})

    @rule(said=words(USUAL, kind=["form.submitted", "sales.accepted", "sales.follow_up", "email.replied", "sales.won"]))
    def a_plain_fact(self, said):
        self.lives.tell(said)

    @rule(said=words(FACTS), minutes=st.sampled_from([0, 1, 20, 300, 5000]))
    def a_fact(self, said, minutes):
        self.lives.wait(minutes)
        self.lives.tell(said)

    @rule(said=words(COMMANDS))
    def a_command(self, said):
        self.lives.ask(said)

    @rule(said=st.sampled_from(CHANGES), hours=st.sampled_from([None, 1, 200]))
    def the_roster_changes(self, said, hours):
        self.lives.change(said, hours)

    @rule(late=st.sampled_from([0, 0, 90, 5000]))
    def a_clock_falls_due(self, late):
        self.lives.fall_due(late)

    @rule(which=number)
    def a_signal_comes_again(self, which):
        self.lives.again(which)

    @rule(which=st.integers(0, len(AGREEMENTS) - 1), adopt=st.sampled_from([None, False, True]))
    def another_agreement(self, which, adopt):
        self.lives.publish(which, adopt)

    @rule()
    def periods_begin(self):
        self.lives.begin_periods()

    @rule(both=st.permutations(LEADS))
    def two_are_one(self, both):
        self.lives.merge(*both[:2])

    @precondition(lambda self: self.lives.gone)
    @rule(which=number)
    def one_is_two(self, which):
        self.lives.unmerge(which)


AnyLives.TestCase.settings = settings(
    max_examples=int(os.environ.get("STAFETT_MACHINE", "50")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
test_whatever_happens_in_whatever_order_every_invariant_holds = AnyLives.TestCase
