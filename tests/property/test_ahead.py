"""A batch is decided on while the one before it is written and another router moves what all share: what comes out is what
would have come out had we waited."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.loaded import NOTHING, row_of
from services.router.transaction import decided, locked, moved_on, settled, written
from services.rows import Record
from services.signal_records import decode, record_of
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


class Two:
    """Two batches of ours, the second one decided on before the first one is committed."""

    def __init__(self, memory):
        self.memory, self.tx = memory, Transaction(memory)

    async def decided(self, batch, over=NOTHING):
        return await decided(self.tx, batch, RULING, self.memory.at, 0, over)

    async def committed(self, fold, seen):
        assert await locked(self.tx, fold, seen)
        return await written(self.tx, fold)

    async def ahead(self, first, second, meanwhile):
        """(what the second came to, whether the first was decided anew)"""
        seen, fold = await self.decided(first)
        over = fold.overlay()
        later, ahead = await self.decided(second, over)
        meanwhile()
        came = await self.committed(fold, seen)
        holds = came is fold or moved_on(ahead, over, fold, came)
        if not (holds and await locked(self.tx, ahead, later)):
            _, ahead = await self.decided(second)
        return await settled(self.tx, ahead), came is not fold


def batch_of(entries):
    return [decode(Record("t", 0, 0, b"k", record_of(item, "t").value)) for _, item, _, _ in entries]


async def met(story, chosen):
    """(what the second batch comes to decided ahead, and once the first was there, and whether the first was decided anew)"""
    history = recorded(story)
    keys = sorted({entry[0] for entry in history})
    ours = {key for at, key in enumerate(keys) if at in chosen}
    third = len(history) // 3
    memory = Memory(RULING)
    for _, item, now, _ in history[:third]:
        memory.at = now
        memory.give(item)
    memory.at = max([memory.at, *(now for *_, now, _ in history)])
    first, second = history[third : 2 * third], history[2 * third :]
    others = [item for key, item, _, _ in first if key not in ours]
    batches = [batch_of([entry for entry in part if entry[0] in ours]) for part in (first, second)]
    two = Two(memory)
    ahead, anew = await two.ahead(*batches, lambda: memory.give(*others))
    _, afterwards = await two.decided(batches[1])
    return comes_to(ahead, memory), comes_to(afterwards, memory), anew


def comes_to(fold, memory):
    """All that it writes but for links that are there already: another router met the company as well."""
    links = [row for row in fold.writes().links if memory.links.get(row[:3]) != row.subject_id]
    return said(fold.writes()._replace(links=links))


@settings(max_examples=150, deadline=None)
@given(st.lists(counting, min_size=6, max_size=30), KEYS)
async def test_what_is_decided_ahead_is_what_would_be_decided_afterwards(story, chosen):
    ahead, afterwards, _ = await met(story, chosen)
    assert ahead == afterwards


def usual(lead, **more):
    return {**{name: values[0] for name, values in USUAL.items()}, "language": None, "lead": lead, **more}


async def test_the_stories_that_are_tried_decide_anew_what_was_decided_ahead():
    """Bo's turn moves the pool under Anna's, and what follows about Anna was decided on as if it had not."""
    story = [
        usual("eva", kind="page.visited", form_id=None),
        usual("dan", kind="page.visited", form_id=None),
        usual("anna", kind="form.submitted"),
        usual("bo", kind="form.submitted"),
        usual("anna", kind="sales.follow_up"),
        usual("cia", kind="form.submitted"),
    ]
    keys = [entry[0] for entry in recorded(story)]
    ours = {at for at, key in enumerate(sorted(set(keys))) if key != keys[3]}
    ahead, afterwards, anew = await met(story, ours)
    assert anew and ahead == afterwards
    (_, _, ledgers, *_), _, _ = ahead
    assert row_of("elin") in {row.pool for row in ledgers}, "the second batch leans on what she carries as well"


async def test_a_batch_decided_ahead_sees_the_leads_and_identities_that_the_one_before_makes():
    story = [
        usual("eva", kind="page.visited", form_id=None),
        usual("anna", kind="page.visited", form_id=None),
        usual("anna", kind="page.visited", form_id=None),
    ]
    ahead, afterwards, _ = await met(story, set(range(5)))
    assert ahead == afterwards
    (leads, *_), _, _ = ahead
    assert [row.version for row in leads] == [2], "no second lead of hers"
