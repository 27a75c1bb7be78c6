"""Partitions are read in any order: what keeps the order of each lead, and of what several leads share (a pool's ledger, what
a person carries, a company, a promise of how many), gives the same rows and events, byte for byte."""

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.people.capacity import carrier
from services.router.deciding.shared_state import load_key, pool_key
from tests.memory import Memory
from tests.property.lives import FACTS, Lives
from tests.property.test_state_machine import USUAL, words
from tests.property.worlds import RULING

TALKS = ["form.submitted", "sales.accepted", "sales.follow_up", "sales.rejected", "sales.won"]
facts = st.one_of(words(USUAL, kind=TALKS), words(FACTS), st.none())
"""None: the clock that is due first falls due."""


class Recorded(Lives):
    """Keeps [(whose, signal, now, whether it may look at what several leads share)] as the router met them."""

    def __init__(self):
        super().__init__(twice=False)
        self.met_in_order = []

    def give(self, item):
        super().give(item)
        shares = any(map(self._shares, self.decider.decided)) or self.decider.ledger_keys
        self.met_in_order.append((item.partition_key, item, self.at, bool(shares)))

    def _shares(self, told):
        decision, before, after = told.decision, told.before, told.after
        looked = decision.transitions or decision.consulted or "owners" in decision.evidence or decision.tallied
        if after is None:
            return False
        company = before is None or before.account_id != after.account_id or decision.account != told.account
        return bool(looked) or company or carrier(before) != carrier(after)


def recorded(story):
    lives = Recorded()
    for said in story:
        lives.wait(7)
        if said is None:
            lives.fall_due()
        else:
            lives.tell(said)
    return lives.met_in_order


def replayed(history):
    """{signal: all that it wrote}, but for the salts of the history."""
    memory, wrote = Memory(RULING), {}
    for _, item, now, _ in history:
        memory.at = now
        writes = memory.give(item).decider.writes()
        kept = [row._replace(salt=None, digest=None) for row in writes.history]
        wrote[item.id] = writes._replace(history=kept)
    return wrote


def interleaved(history, choose):
    """Another order that keeps each lead's own, and that of whatever looks at what is shared."""
    queues = {}
    for entry in history:
        queues.setdefault(entry[0], []).append(entry)
    shared = [entry for entry in history if entry[3]]
    order = []
    while any(queues.values()):
        ready = [q for _, q in sorted(queues.items()) if q and (not q[0][3] or q[0] is shared[0])]
        entry = ready[choose(len(ready))].pop(0)
        if entry[3]:
            shared.pop(0)
        order.append(entry)
    return order


@settings(max_examples=150, deadline=None)
@given(st.lists(facts, min_size=2, max_size=20), st.randoms(use_true_random=False))
def test_any_interleaving_that_keeps_the_order_of_leads_and_of_what_they_share_gives_the_same_bytes(story, dice):
    history = recorded(story)
    other = interleaved(history, lambda count: dice.randrange(count))
    assert replayed(other) == replayed(history)


def test_the_orders_that_are_tried_share_a_pool_a_company_and_peoples_loads():
    usual = {name: values[0] for name, values in USUAL.items()}
    names = ("anna", "bo", "dan", "eva")
    facts = [{**usual, "lead": name, "kind": "form.submitted", "language": None} for name in names for _ in range(2)]
    history = recorded(facts)
    loads = [row.key for writes in replayed(history).values() for row in writes.ledgers]
    assert pool_key("field") in loads and load_key("elin") in loads
    assert len({row.id for writes in replayed(history).values() for row in writes.accounts}) == 1
    assert not all(entry[3] for entry in history), "some may be met in another order"
    assert [e[1].id for e in interleaved(history, lambda n: n - 1)] != [e[1].id for e in history]
