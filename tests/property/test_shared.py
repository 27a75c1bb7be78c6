"""Another router moves pools, companies and loads between our look and our lock: what comes out is what would have come out
had we looked only then."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ports.rows import AccountRow, LedgerRow, Record
from services.ports.signal_records import decode, record_of
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.shared_state import SharedState, load_key
from services.router.deciding.snapshot import Snapshot
from services.router.transaction import BatchTransaction
from tests.memory import Memory
from tests.property.test_order import facts, recorded
from tests.property.test_state_machine import USUAL
from tests.property.worlds import RULING


class Locking:
    """The transaction's locks, on rows as they are now."""

    def __init__(self, memory):
        self.memory = memory

    async def lock_accounts(self, ids):
        return {ident: self.memory.accounts.get(ident, AccountRow(ident, "")) for ident in ids}

    async def lock_ledgers(self, pools):
        return {pool: self.memory.ledgers.get(pool, LedgerRow(*pool, 0, "")) for pool in pools}

    async def open_leads(self, people):
        found = self.memory.opens()
        return {person: found[person] for person in people}


async def met(story, whose):
    """(decided on rows that had moved and again once locked, decided on the rows of now, whether anything was decided again)"""
    history = recorded(story)
    memory, half = Memory(RULING), len(history) // 2
    for _, item, now, _ in history[:half]:
        memory.at = now
        memory.give(item)
    accounts, ledgers, opens = dict(memory.accounts), dict(memory.ledgers), memory.opens()
    later = history[half:]
    memory.give(*[item for key, item, _, _ in later if key not in whose])
    ours = [decode(Record("t", 0, 0, b"k", record_of(item, "t").value)) for key, item, _, _ in later if key in whose]
    stale = decide(memory, ours, SharedState(accounts, ledgers, opens))
    done = await lock_and_redecide(Locking(memory), stale)
    fresh = decide(memory, ours, SharedState(memory.accounts, memory.ledgers, memory.opens()))
    return done, fresh, done is not stale


def decide(memory, batch, shared):
    snapshot = Snapshot(memory.links, memory.leads, shared, links_of=memory.links, withdrawals=memory.withdrawals)
    decider = BatchDecider(snapshot, RULING, memory.at, 0)
    decider.decide(batch)
    return decider


async def lock_and_redecide(tx, decider):
    work = BatchTransaction(tx, (), decider.state.now)
    work._decider = decider
    await work.lock_shared_and_redecide()
    return work.decider


def said(writes):
    """All of them; of the order only that of each lead."""
    history = sorted((row._replace(salt=None, digest=None) for row in writes.history), key=lambda row: row.signal_id)
    parts = [sorted(getattr(writes, name)) for name in ("leads", "accounts", "ledgers", "links", "clocks")]
    outbox = sorted(writes.outbox, key=lambda row: (row.lead_id, row.sequence))
    assert not writes.dead_letters, "no signal is a dead letter"
    return parts, outbox, history


counting = facts.map(lambda said: {**said, "mode": "live"} if said and said["mode"] == "observe" else said)
"""On trial a pool's ledger does not move, so it is looked at without a lock and says how it stood then."""
KEYS = st.sets(st.integers(0, 4), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(st.lists(counting, min_size=4, max_size=24), KEYS)
async def test_what_leans_on_moved_rows_is_decided_as_if_they_had_been_read_afterwards(story, chosen):
    keys = sorted({entry[0] for entry in recorded(story)})
    done, fresh, _ = await met(story, {key for at, key in enumerate(keys) if at in chosen})
    assert said(done.writes()) == said(fresh.writes())


async def test_the_stories_that_are_tried_move_what_others_lean_on():
    usual = {name: values[0] for name, values in USUAL.items()}
    story = [
        {**usual, "lead": name, "kind": "form.submitted", "language": None} for name in ("anna", "bo", "cia", "eva")
    ]
    first, *_ = [entry[0] for entry in recorded(story[-1:])]
    done, fresh, again = await met(story, {first})
    assert again and said(done.writes()) == said(fresh.writes())
    assert load_key("elin") in done.ledger_keys or done.ledger_keys, "it depended on a pool"


async def test_what_leans_on_nothing_shared_is_decided_once():
    usual = {name: values[0] for name, values in USUAL.items()}
    quiet = {**usual, "kind": "page.visited", "form_id": None}
    story = [{**quiet, "lead": name} for name in ("anna", "bo", "dan", "eva")] * 2
    done, _, again = await met(story, {entry[0] for entry in recorded(story)[:1]})
    assert not again and not done.ledger_keys and not done.account_ids
