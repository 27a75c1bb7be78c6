"""The port `Incidents`, on both engines."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from routing.incidents.changes import acknowledge
from routing.incidents.folding import TYPES, Happening, fold
from routing.incidents.grouping import compose
from routing.incidents.recipients import Audience
from routing.incidents.targets import TargetTrouble, fold_targets
from schemas.envelope import Envelope, whole
from schemas.events import EVENT_TYPES
from services.adapters.sql.incidents import SqlIncidents
from services.ports.rows import OutboxRow, Writes
from tests.alerting import MINUTE, NOW, PAGER, Desk, breached, fulfilled

SOON = NOW + timedelta(seconds=60)


def head_of(data):
    body = msgspec.to_builtins(data)
    text = msgspec.json.encode({"mode": "live", "type": data.type_name, "data": {**body, "personal": None}}).decode()
    return text[: -len("null}}")]


NUMBERS = itertools.count(1)


async def happen(store, *told):
    """(data, subject) of each event."""
    rows = [
        OutboxRow(f"evt_{n}", data.topic, subject, n, data.type_name, "key", head_of(data), None)
        for n, (data, subject) in zip(NUMBERS, told, strict=False)
    ]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(1000), "relay", epoch, NOW)


@pytest.fixture
def role(store):
    return Role(SqlIncidents(store.engines))


class Role:
    """Folds and composes as the role does."""

    def __init__(self, incidents, *channels):
        self.incidents, self.desk = incidents, Desk(*channels or [PAGER])
        self.at = NOW

    @property
    def audience(self):
        return Audience(self.desk.file, self.desk.roster, self.at)

    async def fold(self, limit=500):
        def one(event, known):
            data = msgspec.convert(msgspec.json.decode(whole(event.head, None))["data"], EVENT_TYPES[event.type])
            return fold(Happening(event.event_id, event.subject, data), known, self.audience)

        return await self.incidents.fold_next(sorted(TYPES), one, limit)

    async def compose(self):
        return await self.incidents.compose(
            lambda w: compose(w.notices, w.incidents, w.last_sent, audience=self.audience, usual_zone=UTC)
        )

    async def claim(self, at=None, limit=10):
        at = at or self.at
        return await self.incidents.claim("pager", at, at + timedelta(seconds=30), limit)


async def test_it_begins_with_the_next_event_and_each_is_folded_once(store, role):
    await happen(store, (breached(9), "lead_9"))
    assert await role.fold() == 0, "what was before it began is not told"
    await happen(store, (breached(1), "lead_1"), (breached(2), "lead_2"), (fulfilled(1), "lead_1"))
    assert [await role.fold(limit=2), await role.fold(), await role.fold()] == [2, 1, 0]
    (open_one,) = await role.incidents.incidents(None, "", 10)
    (over,) = await role.incidents.incidents("resolved", "", 10)
    assert (open_one.about, over.about, over.resolution) == ("clk_2", "clk_1", "kept")
    assert await role.incidents.incident(over.id) == over
    assert await role.incidents.incident("inc_none") is None


async def test_two_processes_fold_no_event_twice(store, role):
    await role.fold()
    await happen(store, *[(breached(n), f"lead_{n}") for n in range(20)])
    other = Role(SqlIncidents(store.engines))
    assert sum(await asyncio.gather(role.fold(), other.fold())) == 20
    assert await role.compose() == 0
    role.at += MINUTE
    other.at += MINUTE
    assert sum(await asyncio.gather(role.compose(), other.compose())) == 1
    (sent,) = await role.claim()
    assert len(sent.incidents) == 20


async def test_a_fold_that_fails_leaves_everything_as_it_was(store, role):
    await role.fold()
    await happen(store, (breached(1), "lead_1"))

    def broken(event, known):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await role.incidents.fold_next(sorted(TYPES), broken)
    assert await role.fold() == 1


async def told(store, role, *events):
    await role.fold()
    await happen(store, *events)
    await role.fold()
    role.at += MINUTE
    await role.compose()


async def test_a_message_is_claimed_by_one_and_again_once_the_claim_is_over(store, role):
    await told(store, role, (breached(1), "lead_1"))
    (first,) = await role.claim()
    assert (first.attempts, [i.about for i in first.incidents]) == (0, ["clk_1"])
    assert await role.claim(role.at + timedelta(seconds=29)) == []
    (again,) = await role.claim(role.at + timedelta(seconds=30))
    assert again == first
    assert await role.incidents.claim("other", role.at + MINUTE, role.at + MINUTE, 10) == []


async def finish(role, sent, state, *, next_at=None, receipt=None):
    given = {"now": role.at, "state": state, "next_at": next_at, "error": None, "receipt": receipt}
    await role.incidents.finish(sent.notification.id, **given)


async def test_what_follows_in_a_thread_waits_for_what_is_before_it_and_knows_what_was_answered(store, role):
    await told(store, role, (breached(1), "lead_1"))
    await happen(store, (fulfilled(1), "lead_1"))
    await role.fold()
    assert await role.compose() == 1
    (first,) = await role.claim()
    assert first.notification.kind == "news"
    await finish(role, first, "pending", next_at=role.at + MINUTE)
    assert await role.claim() == []
    role.at += MINUTE
    (again,) = await role.claim()
    assert (again.notification.id, again.attempts) == (first.notification.id, 1)
    assert (await role.incidents.thread(again.notification)).receipt is None
    await finish(role, again, "sent", receipt='{"ts":"1"}')
    (update,) = await role.claim()
    state = await role.incidents.thread(update.notification)
    assert (update.notification.kind, state.receipt) == ("update", '{"ts":"1"}')
    assert [i.state for i in state.incidents] == ["resolved"]
    await finish(role, update, "failed")
    assert await role.claim(role.at + timedelta(days=9)) == []


async def test_what_is_finished_stays_so(store, role):
    await told(store, role, (breached(1), "lead_1"))
    (sent,) = await role.claim()
    await finish(role, sent, "sent", receipt="one")
    await finish(role, sent, "pending", next_at=role.at)
    assert await role.claim() == [] and (await role.incidents.thread(sent.notification)).receipt == "one"


async def test_a_message_is_found_by_the_receipt_that_its_channel_gave(store, role):
    await told(store, role, (breached(1), "lead_1"))
    (first,) = await role.claim()
    assert await role.incidents.message_of("pager", "$one") is None
    await finish(role, first, "sent", receipt="$one")
    await happen(store, (breached(2), "lead_2"))
    await role.fold()
    role.at += 5 * MINUTE
    await role.compose()
    (second,) = await role.claim()
    await finish(role, second, "sent", receipt="$two")
    assert await role.incidents.message_of("pager", "$one") == first.notification.id
    assert await role.incidents.message_of("pager", "$two") == second.notification.id
    assert await role.incidents.message_of("pager", "$three") is None
    assert await role.incidents.message_of("sales-room", "$one") is None, "another channel gave that receipt"


async def test_of_messages_with_one_receipt_the_first_is_meant(store, role):
    await told(store, role, (breached(1), "lead_1"))
    (first,) = await role.claim()
    await finish(role, first, "sent", receipt="$one")
    role.at += MINUTE
    await happen(store, (fulfilled(1), "lead_1"))
    await role.fold()
    await role.compose()
    (update,) = await role.claim()
    await finish(role, update, "sent", receipt="$one")
    assert await role.incidents.message_of("pager", "$one") == first.notification.id


async def test_groupings_keep_their_distance_by_what_was_sent(store, role):
    await told(store, role, (breached(1), "lead_1"))
    await happen(store, (breached(2), "lead_2"))
    await role.fold()
    role.at += MINUTE
    assert await role.compose() == 0
    role.at += 4 * MINUTE
    assert await role.compose() == 1


@pytest.mark.parametrize("by", ["incident", "message"])
async def test_one_acknowledgement_covers_all_that_a_message_told_of(store, role, by):
    await told(store, role, (breached(1), "lead_1"), (breached(2), "lead_2"))
    (sent,) = await role.claim()
    ident = sent.incidents[0].id if by == "incident" else sent.notification.id
    done = await role.incidents.acknowledge(ident, lambda i: acknowledge(i, "elin", role.audience))
    assert [(i.state, i.acknowledged_by) for i in done] == [("acknowledged", "elin")] * len(done)
    listed = await role.incidents.incidents("acknowledged", "", 10)
    assert len(listed) == len(done) == (1 if by == "incident" else 2)
    assert await role.incidents.acknowledge("ntf_none", lambda i: acknowledge(i, "elin", role.audience)) == []


async def test_incidents_are_paged_by_id_and_seen_by_brand(store, role):
    await told(store, role, *[(breached(n), f"lead_{n}") for n in range(5)])
    first = await role.incidents.incidents(None, "", 3)
    rest = await role.incidents.incidents(None, first[-1].id, 3)
    assert len({i.id for i in [*first, *rest]}) == 5
    assert await role.incidents.incidents(None, "", 10, brands=["default"]) == [], "there are no such leads"


def test_the_events_of_this_file_are_read_as_the_feed_is():
    body = {"specversion": "1.0", "id": "e", "source": "s", "subject": "lead_1", "time": datetime.now(UTC).isoformat()}
    parsed = msgspec.json.decode(whole(head_of(breached(1)), None))
    more = dict.fromkeys(
        ["dataschema", "partitionkey", "sequence", "correlationid", "causationid", "agreementversion"], "x"
    )
    assert Envelope.model_validate(
        {**body, **more, **parsed, "datacontenttype": "application/json", "recordedtime": body["time"]}
    ).body() == breached(1)


async def test_what_waits_is_counted_and_each_that_comes_is_seen(store, role):
    assert await role.incidents.waiting() == (0, 0)
    await role.fold()
    await happen(store, (breached(1), "lead_1"))
    await role.fold()
    one = await role.incidents.waiting()
    role.at += MINUTE
    await happen(store, (breached(2), "lead_2"))
    await role.fold()
    assert one[0] == 1 and await role.incidents.waiting() > one
    await role.compose()
    assert (await role.incidents.waiting())[0] == 0


async def test_receivers_are_folded_beside_events_and_only_changes_are_written(store, role):
    trouble = TargetTrouble("crm", "410 Gone")
    seen = []

    def one(known):
        seen.append(sorted(known))
        return fold_targets([trouble], known, role.audience)

    for _ in range(2):
        await role.incidents.fold_targets(one)
    (incident,) = await role.incidents.incidents(None, "", 10)
    assert (incident.about, incident.detail) == ("target/crm", "410 Gone")
    assert seen == [[], [], ["target/crm"]], "looked at, then under the lock; the second time there is nothing to write"
    await role.incidents.fold_targets(lambda known: fold_targets([], known, role.audience))
    assert await role.incidents.incidents(None, "", 10) == []
