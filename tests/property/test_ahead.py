"""A batch is decided on while the one before it is written, and looks while that one is decided on, and another router moves
what all share: what comes out is what would have come out had we waited."""

from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ports.rows import Record
from services.ports.signal_records import decode, record_of
from services.router.deciding.shared_state import load_key
from services.router.deciding.snapshot import NOTHING
from services.router.transaction import BatchTransaction
from tests.memory import Memory
from tests.property.test_order import recorded
from tests.property.test_shared import KEYS, Locking, counting, said
from tests.property.test_state_machine import USUAL
from tests.property.worlds import RULING


class Transaction(Locking):
    """Reads what is committed."""

    async def write(self, writes):
        self.memory._keep(writes)

    async def links(self, keys):
        return {key: self.memory.links[key] for key in keys if key in self.memory.links}

    async def withdrawals(self, keys):
        return {key: self.memory.withdrawals[key] for key in keys if key in self.memory.withdrawals}

    async def links_of(self, ids):
        return {key: who for key, who in self.memory.links.items() if who in ids}

    async def read_leads(self, ids):
        return {ident: self.memory.leads[ident] for ident in ids if ident in self.memory.leads}

    async def lock_leads(self, ids):
        return {ident: row.version for ident, row in (await self.read_leads(ids)).items()}

    async def read_accounts(self, ids):
        return {ident: self.memory.accounts[ident] for ident in ids if ident in self.memory.accounts}

    async def read_ledgers(self, pools):
        return {pool: self.memory.ledgers[pool] for pool in pools if pool in self.memory.ledgers}


class Rules:
    """What rules does not change."""

    async def read(self, _):
        return RULING, None


class Row:
    """Three batches of ours: the first is written while the second is decided on and the third looks."""

    def __init__(self, memory):
        self.memory, self.tx = memory, Transaction(memory)

    async def begin(self, batch):
        work = BatchTransaction(self.tx, batch, self.memory.at)
        await work.read_ruling(Rules())
        return work

    async def decide(self, batch, over=NOTHING):
        work = await self.begin(batch)
        await work.decide(0, over)
        return work

    async def commit(self, work, is_valid):
        await work.lock_leads(is_valid=is_valid)
        await work.write()
        return work.decider

    async def ahead(self, first, second, third, meanwhile):
        """(what the third came to, whether each of the others came out otherwise than the next one was decided on)"""
        one = await self.decide(first)
        expected = one.decider
        two = await self.decide(second, expected.overlay())
        three = await self.begin(third)
        await three.look_up_early()
        meanwhile[0]()
        came = await self.commit(one, True)
        is_valid = came is expected or two.rebase(NOTHING, expected, came)
        below, expected_second = came.overlay(), two.decider
        await three.decide(0, below.followed_by(expected_second.overlay()))
        meanwhile[1]()
        then = await self.commit(two, is_valid)
        is_valid = then is expected_second or three.rebase(below, expected_second, then)
        await three.lock_leads(is_valid=is_valid)
        await three.lock_shared_and_redecide()
        return three.decider, (came is not expected, then is not expected_second)


def batch_of(entries):
    return [decode(Record("t", 0, 0, b"k", record_of(item, "t").value)) for _, item, _, _ in entries]


async def met(story, chosen):
    """(what the third batch comes to decided ahead, and once the others were there, and which of them were decided again)"""
    history = recorded(story)
    keys = sorted({entry[0] for entry in history})
    ours = {key for at, key in enumerate(keys) if at in chosen}
    part = -(-len(history) // 4)
    base, *parts = [history[at : at + part] for at in range(0, 4 * part, part or 1)] or [[]] * 4
    memory = Memory(RULING)
    for _, item, now, _ in base:
        memory.at = now
        memory.give(item)
    memory.at = max([memory.at, *(now for *_, now, _ in history)])
    batches = [batch_of([entry for entry in found if entry[0] in ours]) for found in parts]
    others = [[item for key, item, _, _ in found if key not in ours] for found in parts]
    row = Row(memory)
    ahead, again = await row.ahead(*batches, [partial(memory.give, *found) for found in others])
    afterwards = (await row.decide(batches[2])).decider
    return comes_to(ahead, memory), comes_to(afterwards, memory), again


def comes_to(decider, memory):
    """All that it writes but for links that are there already: another router met the company as well."""
    links = [row for row in decider.writes().links if memory.links.get(row[:3]) != row.subject_id]
    return said(decider.writes()._replace(links=links))


@settings(max_examples=150, deadline=None)
@given(st.lists(counting, min_size=8, max_size=32), KEYS)
async def test_what_is_decided_ahead_is_what_would_be_decided_afterwards(story, chosen):
    ahead, afterwards, _ = await met(story, chosen)
    assert ahead == afterwards


def usual(lead, **more):
    return {**{name: values[0] for name, values in USUAL.items()}, "language": None, "lead": lead, **more}


async def test_the_stories_that_are_tried_decide_again_what_was_decided_ahead():
    """Bo's turn moves the pool under Anna's, and what follows about Anna was decided on as if it had not."""
    story = [
        usual("eva", kind="page.visited", form_id=None),
        usual("dan", kind="page.visited", form_id=None),
        usual("anna", kind="form.submitted"),
        usual("bo", kind="form.submitted"),
        usual("anna", kind="sales.follow_up"),
        usual("bo", kind="sales.follow_up"),
        usual("anna", kind="sales.follow_up"),
        usual("cia", kind="form.submitted"),
    ]
    keys = [entry[0] for entry in recorded(story)]
    ours = {at for at, key in enumerate(sorted(set(keys))) if key != keys[3]}
    ahead, afterwards, again = await met(story, ours)
    assert again == (True, True) and ahead == afterwards
    (_, _, ledgers, *_), _, _ = ahead
    assert load_key("elin") in {row.key for row in ledgers}, "the second batch depends on what she carries as well"


async def test_a_batch_decided_ahead_sees_the_leads_and_identities_that_the_one_before_makes():
    story = [
        usual("eva", kind="page.visited", form_id=None),
        *[usual("anna", kind="page.visited", form_id=None)] * 3,
    ]
    ahead, afterwards, _ = await met(story, set(range(5)))
    assert ahead == afterwards
    (leads, *_), _, _ = ahead
    assert [row.version for row in leads] == [3], "no second lead of hers"
