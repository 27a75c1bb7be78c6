"""Partitions are read in any order: what keeps each lead's and each pool's own order gives the same decisions, byte for byte."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decide import decide
from routing.draft import Context
from routing.envelope import Stamp, about, seal
from schemas.envelope import whole
from tests.property.test_invariants import RULES, World, steps


def told(lead, item, ledgers, now):
    """(decision, all that it says as text)."""
    decision = decide(lead, item, Context(RULES.agreement, RULES.roster, ledgers, None, now))
    events = []
    if decision.lead is not None:
        stamp = Stamp("nordlys", RULES.agreement.hash, now, 0)
        events = [whole(o.head, o.personal) for o in seal(decision.emissions, about(decision.lead), item, stamp)]
    state = decision.lead.model_dump_json() if decision.lead is not None else None
    clocks = [clock.model_dump_json() for clock in decision.clocks]
    moved = [ledger.model_dump_json() for ledger in decision.ledgers]
    evidence = json.dumps(decision.evidence, default=str)
    return decision, (state, events, clocks, moved, decision.outcome, decision.note, evidence)


def recorded(story):
    """[(lead, signal, now, whether it may look at a pool)] as the router met them."""
    world, found = World(company=False), []
    for step in story:
        one = world.tell(step)
        looked = (
            one.decision.ledgers
            or one.decision.transitions
            or one.decision.consulted
            or "owners" in one.decision.evidence
        )
        found.append((step["lead"], one.item, world.now, bool(looked)))
    return found


def replayed(history):
    leads, ledgers, said = {}, {}, {}
    for name, item, now, _ in history:
        decision, text = told(leads.get(name), item, ledgers, now)
        if decision.lead is not None:
            leads[name] = decision.lead
        ledgers = {**ledgers, **{ledger.pool: ledger for ledger in decision.ledgers}}
        said[item.id] = text
    return said


def interleaved(history, choose):
    """Another order that keeps each lead's own, and that of whatever looks at a pool."""
    queues = {}
    for entry in history:
        queues.setdefault(entry[0], []).append(entry)
    pools = [entry for entry in history if entry[3]]
    order = []
    while any(queues.values()):
        ready = [q for _, q in sorted(queues.items()) if q and (not q[0][3] or q[0] is pools[0])]
        entry = ready[choose(len(ready))].pop(0)
        if entry[3]:
            pools.pop(0)
        order.append(entry)
    return order


@settings(max_examples=200, deadline=None)
@given(steps, st.randoms(use_true_random=False))
def test_any_interleaving_that_keeps_the_order_of_leads_and_pools_gives_the_same_bytes(story, dice):
    history = recorded(story)
    other = interleaved(history, lambda count: dice.randrange(count))
    assert replayed(other) == replayed(history)
