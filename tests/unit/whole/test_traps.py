"""The traps that lead routers and webhook senders fall into, each by its name, and how none of them is fallen into here."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from routing.assignment.rotation import rotate
from routing.calendar.business_time import compile_calendar, due_at
from routing.draft import Context
from routing.model.records import Ledger, LedgerEntry, Load
from routing.people.capacity import why_full, with_one_more
from routing.people.roster import Roster
from routing.upkeep.merging import join
from schemas.calendar import WEEKDAYS, Calendar
from schemas.duration import parse_target
from schemas.roster import RosterFile
from schemas.signals import Signal
from schemas.subscriptions import Subscription
from services.delivery.role import Delivery, Subscriber
from services.delivery.schedule import SCHEDULE
from services.ingest.proof.verify import Refused, verify
from services.outbound.posting import Poster
from services.ports.deliveries import Due
from services.ports.rows import ClockRow, LedgerRow, Record
from services.ports.signal_records import decode, record_of
from services.router.cached_reads import CachedReads
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.shared_state import pool_key
from services.router.deciding.snapshot import NOTHING
from services.router.look_up import look_up
from services.sla.watcher import Watcher
from tests.property.test_invariants import PLAIN, World
from tests.property.test_shared import lock_and_redecide
from tests.setups import START, ruling, signal
from tests.signed import BODY, NAME, post, scheme
from tests.stories import DAY, HOUR, MINUTE, Story, rules
from tests.unit.routing.assignment.test_rotation import Turns, roster
from tests.unit.routing.upkeep.test_merging import asked as merge_asked
from tests.unit.routing.upkeep.test_merging import lead_of
from tests.unit.services.ingest.test_hooks import HMAC, Kept, client, source

STOCKHOLM = ZoneInfo("Europe/Stockholm")
OFFICE_DAYS = WEEKDAYS[:5]
PROMISE = {"name": "call", "metric": "follow_up", "starts": "offer", "target": "24h elapsed"}


def office(hours=(("09:00", "18:00"),), days=OFFICE_DAYS, **more):
    return compile_calendar(Calendar(zone="Europe/Stockholm", week=dict.fromkeys(days, hours), **more))


def at(*parts):
    return datetime(*parts, tzinfo=STOCKHOLM)


# Business time.


def test_keeping_the_time_of_day_when_skipping_a_closed_day():
    assert office().add_business(at(2026, 6, 6, 15), 4 * HOUR) == at(2026, 6, 8, 13), "a Saturday's, due on Monday"


def test_yesterdays_closing_hour_after_a_jump():
    week = {"thu": [("09:00", "18:00")], "fri": [("09:00", "13:00")], "mon": [("09:00", "18:00")]}
    calendar = compile_calendar(Calendar(zone="Europe/Stockholm", week=week))
    assert calendar.add_business(at(2026, 6, 4, 17), 6 * HOUR) == at(2026, 6, 8, 10)


def test_one_interval_per_weekday_only():
    lunch = office(hours=(("08:00", "12:00"), ("13:00", "17:00")))
    assert lunch.add_business(at(2026, 6, 8, 11), 2 * HOUR) == at(2026, 6, 8, 14)


def test_an_empty_calendar_that_loops_for_ever():
    with pytest.raises(ValidationError, match="no open time"):
        Calendar(zone="Europe/Stockholm", week={})


def calls(act):
    """How many functions it takes."""
    count = 0

    def seen(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def test_per_second_loops():
    """A year of open time is computed in about as many steps as an hour."""
    calendar, start = office(), at(2026, 1, 7, 9)
    hour, year = parse_target("1h business"), parse_target("2080h business")
    assert due_at(start, year, calendar) > start + timedelta(days=300), "and what is looked up is there now"
    assert calls(lambda: due_at(start, year, calendar)) <= calls(lambda: due_at(start, hour, calendar)) + 20


def test_minute_rounded_pauses():
    pause = (at(2026, 6, 8, 10, 0, 10), at(2026, 6, 8, 10, 0, 11))
    assert office().add_business(at(2026, 6, 8, 10), MINUTE, [pause]) == at(2026, 6, 8, 10, 1, 1)


def test_one_day_meaning_wall_clock_while_24_h_means_working_hours():
    for unclear in ("24h", "1d", "90m"):
        with pytest.raises(ValueError, match=f"`{unclear}` does not say which time"):
            parse_target(unclear)
    friday = at(2026, 6, 5, 16)
    assert due_at(friday, parse_target("24h elapsed"), office()) == at(2026, 6, 6, 16)
    assert due_at(friday, parse_target("24h business"), office()) == at(2026, 6, 10, 13)
    assert due_at(friday, parse_target("1 business day"), office()) == at(2026, 6, 8, 18)


# Breaches.


async def test_breach_only_noticed_on_save_or_by_a_5_minute_cron():
    class OneDue:
        async def next_due(self, now):
            return START + timedelta(seconds=1.5)

    watcher = Watcher(OneDue(), None, "signals", lambda: START, sweep=timedelta(minutes=5))
    assert await watcher._until_next() == 1.5, "it wakes at the instant, however seldom it looks otherwise"
    (breach,) = Story(rules([PROMISE])).offered().tell("sales.accepted").wait(2 * DAY, late=HOUR).all("sla.breached")
    assert (breach.due_at, breach.noticed_at) == (START + DAY, START + DAY + HOUR), "nobody touched the lead"


def test_check_then_insert_of_a_breach():
    """Two watchers find the same clock due: what they announce is one signal, and if it came twice, still one breach."""
    story = Story(rules([PROMISE])).offered()
    clock = story.clock("call")
    row = ClockRow(clock.id, story.lead.id, clock.policy, clock.state, 0, clock.due_at, clock.next_at, "k", body(clock))
    first, second = (Watcher(None, None, "t", lambda: START)._record(row, START + DAY).value for _ in range(2))
    assert first == second
    announced = Signal.read(first)
    assert announced.clock.revision == clock.revision
    assert len(story.take(announced).take(announced).all("sla.breached")) == 1
    assert story.decision.note == "the clock is over, or was changed since"


def body(clock):
    return clock.text()


# Who gets it.


class Moved:
    """A transaction in which the pool's ledger is another one by the time it is locked."""

    def __init__(self, read, locked):
        self.read, self.locked, self.asked = read, locked, []

    async def nothing(self, *_):
        return {}

    links = withdrawals = read_leads = read_accounts = lock_accounts = open_leads = nothing

    async def read_ledgers(self, pools):
        return {pool_key("field"): self.read}

    async def lock_ledgers(self, pools):
        self.asked += pools
        return {pool: self.locked if pool == pool_key("field") else LedgerRow(*pool, 0, "") for pool in pools}


def ledger_row(seq, **shorts):
    entries = {person: LedgerEntry(given=seq, short=short) for person, short in shorts.items()}
    return LedgerRow("pool", "field", seq, Ledger(pool="field", seq=seq, entries=entries).text())


async def test_rotation_pointer_read_and_written_without_a_lock():
    """Another router gave Elin her turn between our look and our lock: the turn is chosen again, from what was locked."""
    tx = Moved(ledger_row(4, elin=0.6, johan=-0.3, karin=-0.3), ledger_row(5, elin=-0.4, johan=0.5, karin=-0.1))
    item = signal(1, "form.submitted", form_id="demo")
    batch = [decode(Record("t", 0, 0, b"k", record_of(item, "t").value))]
    _, snapshot = await look_up(CachedReads(tx), batch, ruling(), NOTHING)
    decider = BatchDecider(snapshot, ruling(), START, 0)
    decider.decide(batch)
    writes = (await lock_and_redecide(tx, decider)).writes()
    assert pool_key("field") in tx.asked
    (field,) = [row for row in writes.ledgers if row.key == pool_key("field")]
    assert field.seq == 6, "it follows the ledger that was locked"
    assert [row.owner for row in writes.leads] == ["johan"]


def test_monthly_caps_rounded_to_a_daily_quota_of_zero():
    """Ten a month may all come on one day, and then no more until the next month."""
    member = {"id": "elin", "roles": ["sales"], "capacity": {"per_month": 10}}
    people, load = Roster(RosterFile.model_validate({"version": 1, "people": [member]})), Load(person="elin")
    for number in range(10):
        assert why_full("elin", people, {"elin": load}, START) is None, number
        load = with_one_more(load, START)
    assert why_full("elin", people, {"elin": load}, START + 6 * DAY) == "full"
    assert why_full("elin", people, {"elin": load}, START + 7 * DAY) is None, "December"


@pytest.mark.parametrize("missing", ["absent", "no seat"])
def test_rotation_that_floods_somebody_who_joined_or_came_back_from_leave(missing):
    turns = Turns()
    if missing == "absent":
        turns.give(100, codes=lambda _: {"a": "absent"})
    else:
        turns.give(100, roster(b=1, c=1))
    assert turns.ledger.entries.get("a", LedgerEntry()).given == 0
    assert turns.give(9) == {"a": 3, "b": 3, "c": 3}


def history():
    """A digest of all that is said, kept and explained of some leads who share a pool and a company."""
    world, told = World(), []
    for kind in ("form.submitted", "sales.accepted", "sales.follow_up", "sales.rejected", "tag.added", "sales.won"):
        for lead in ("anna", "bo", "cia", "dan"):
            step = {**PLAIN, "kind": kind, "lead": lead, "tags": ("enterprise", "asked-to-wait"), "consent": "given"}
            told.append(world.tell(step).decision.evidence)
    said = [o.head + (o.personal or "") for o in world.envelopes]
    kept = [lead.text() for lead in world.leads.values()]
    kept += [ledger.text() for ledger in world.ledgers.values()]
    return hashlib.sha256(json.dumps([said, kept, told, world.rules.agreement.hash]).encode()).hexdigest()


def test_randomness_without_a_recorded_seed():
    """The same signals give the same bytes in a process that orders sets and keys in another way."""
    script = "from tests.unit.whole.test_traps import history; print(history())"
    folder = Path(__file__).parents[3]
    for seed in ("1", "2"):
        there = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(folder)}
        found = subprocess.run([sys.executable, "-c", script], env=there, cwd=folder, capture_output=True, check=True)
        assert found.stdout.decode().strip() == history()


def test_absent_people_still_getting_leads():
    away = rules(absences={"elin": [("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z")]}).roster
    ledger = Ledger(pool="field", entries={"elin": LedgerEntry(short=50.0)})
    found = rotate(away.pool("field"), ledger, away, START, frozenset())
    assert found.person == "johan"
    assert found.why["candidates"][0] == {"person": "elin", "weight": 1.0, "code": "absent"}
    assert rotate(away.pool("field"), ledger, away, START + DAY, frozenset()).person == "elin", (
        "back on the day she said"
    )


def test_nobody_available_means_limbo():
    away = ("2026-01-01T00:00:00Z", None)
    everybody = {person: [away] for person in ("sara", "anders", "elin", "johan", "karin", "maja")}
    story = Story(rules(absences=everybody)).offered()
    assert (story.lead.stage, story.lead.owner, story.lead.limbo) == ("hand_over", "maja", None)
    assert story.lead.handover.offers[-1].state == "open", "the last resort is always named"
    assert story.all("lead.escalated"), "and managers hear that even they are away"


STAMPS = {"version": 0, "sequence": 0, "clocks": {}, "proposed": (), "merged_into": None}


def test_merge_that_deletes_the_loser():
    kept, gone = lead_of("anna"), lead_of("bo", form_id="news")
    before = gone.lead.but(**STAMPS)
    told = join(kept.lead, gone.lead, *merging("merge", kept, gone, HOUR))
    kept.lead, loser = told.kept.lead, told.gone.lead
    assert loser.merged_into == kept.lead.id
    assert (loser.stage, loser.record) == (gone.lead.stage, gone.lead.record), "it stands still as it was"
    gone.lead = loser
    parted = join(kept.lead, loser, *merging("unmerge", kept, gone, 2 * HOUR)).gone.lead
    assert parted.merged_into is None
    assert parted.but(**STAMPS) == before, "and goes on as it was"


def merging(name, kept, gone, after):
    context = Context(kept.rules.agreement, kept.rules.roster, {}, None, START + after)
    return merge_asked(name, kept.lead, gone.lead, after), (context, context)


# Webhooks out.


class Queue:
    """Stands for the store's deliveries: one row, and what is written of it."""

    def __init__(self, attempts=0):
        self.rows, self.attempts, self.finished = {"d"}, attempts, []

    async def fan_out(self, subscription, matches, now, limit, *, begins):
        return 0

    async def claim(self, subscription, now, until, limit, pace=None):
        return [Due("d", "evt_1", self.attempts, "{}")] if not self.finished else []

    async def finish_all(self, outcomes):
        for due, attempt, state, next_at, _, _ in outcomes:
            self.finished.append((attempt.status, attempt.error, state, next_at))
            if state == "delivered":
                self.rows.discard(due.id)


async def sent(answer, attempts=0):
    """(queue, paths asked, whether the row was there while the receiver was asked) after one try at a receiver on this machine, which
    answers with these lines; None: with nothing."""
    queue, asked, there = Queue(attempts), [], []

    async def handle(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split()[1].decode())
        there.append("d" in queue.rows and not queue.finished)
        writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode() if answer is not None else b"")
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    crm = Subscription(name="crm", url=url, allow_private=True, events=("*",), secrets=NAME)
    delivery = Delivery(queue, dict, lambda: START)
    async with server, Poster() as poster:
        await delivery.step(poster, Subscriber(crm, (base64.b64encode(b"key").decode(),)))
    return queue, asked, there


@pytest.mark.parametrize(("answer", "left"), [("204 No Content", set()), ("404 Not Found", {"d"}), (None, {"d"})])
async def test_a_webhook_queue_row_deleted_before_the_status_code_was_checked(answer, left):
    queue, _, there = await sent(answer)
    assert there == [True], "it is still there while the receiver has not answered"
    assert queue.rows == left


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_no_retry_on_429_or_5xx(status):
    queue, _, _ = await sent(f"{status} No")
    ((said, _, state, next_at),) = queue.finished
    assert (said, state) == (status, "pending")
    assert 0.9 * SCHEDULE[0] <= next_at - START <= 1.1 * SCHEDULE[0]
    asked = await sent(f"{status} No\r\nRetry-After: 3600")
    assert asked[0].finished[0][3] - START >= 0.9 * HOUR, "when the receiver says so"
    if status == 429:
        return  # it says nothing of the event, which is given up after very many of them (test_delivery_outcomes.py)
    last = await sent(f"{status} No", attempts=len(SCHEDULE))
    assert last[0].finished == [(status, None, "failed", None)], "given up in the end, and noted"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_following_redirects_on_delivery(status):
    queue, asked, _ = await sent(f"{status} Elsewhere\r\nLocation: /elsewhere")
    assert asked == ["/hook"]
    assert queue.finished[0][2] == "pending", "a redirect is no success"


# Webhooks in.


async def test_re_serialising_a_body_before_checking_its_signature():
    raw = b'{ "email" : "\\u00e5sa@x.example", "n": 1.0, "n2":1e2 }'
    again = json.dumps(json.loads(raw)).encode()
    async with client(source("form", HMAC)) as http:
        for signed, status in ((raw, 202), (again, 401)):
            proof = hmac.digest(b"s3same", signed, "sha256").hex()
            answer = await http.post("/v1/hooks/s", content=raw, headers={"x-sig": proof})
            assert answer.status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"x-hub-signature": "sha1=" + hmac.digest(b"s", BODY, "sha1").hex()},
        {"x-hub-signature-256": "sha1=" + hmac.digest(b"s", BODY, "sha1").hex()},
        {"x-hub-signature-256": "sha512=" + hmac.digest(b"s", BODY, "sha512").hex()},
        {"authorization": "Basic " + base64.b64encode(b"s:s").decode()},
        {"x-hub-signature-256": "none="},
    ],
)
def test_inferring_the_scheme_from_the_header(headers):
    """Each of these proofs would do for a source of that scheme."""
    how = scheme("hmac", header="X-Hub-Signature-256", prefix="sha256=")
    with pytest.raises(Refused):
        verify(how, ["s"], post(headers), 0)
    right = {"x-hub-signature-256": "sha256=" + hmac.digest(b"s", BODY, "sha256").hex()}
    verify(how, ["s"], post(right), 0)


async def test_4xx_for_one_bad_event_in_a_batch_of_a_hundred():
    kept = Kept()
    rows = [{"event": "open", "email": f"p{n}@x.example", "id": str(n)} for n in range(99)]
    rows.insert(50, {"event": "weather"})
    async with client(source("generic"), kept) as http:
        answer = await http.post("/v1/hooks/s", json=rows)
    assert answer.status_code == 202
    assert (len(kept.signals), len(kept.aside)) == (99, 1)
