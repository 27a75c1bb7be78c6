"""The port `WorkloadReading`, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from routing.model.records import Clock
from schemas.events import Answerable
from services.adapters.sql.workloads import SqlWorkloadReading
from services.ports.instants import micros
from services.ports.reading import Place
from services.ports.rows import ClockRow, LeadRow, Writes
from services.ports.workloads import PromiseSpan, Workload
from tests.plans import plans_over

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TONIGHT = NOW + 12 * HOUR
WEEK = PromiseSpan(NOW - 60 * HOUR, NOW + 108 * HOUR, frozenset({"queue"}), {"dossier"})


@pytest.fixture
def workloads(store):
    return SqlWorkloadReading(store.engines)


def lead(ident, owner="elin", **changes):
    plain = LeadRow(ident, "default", "hand_over", "active", owner, None, False, 1, "{}", None, None, NOW)
    return plain._replace(**changes)


def clock(ident, lead_id, hours, state="running", person="elin", policy="answer", promise=None, body="{}"):
    due = NOW + hours * HOUR
    act_by = due if state == "running" else None
    return ClockRow(ident, lead_id, policy, state, 1, due, due, "key", body, promise, person, act_by)


def answered_by(person):
    """What the store keeps of a clock that is over."""
    return Clock(
        id="clk", policy="dossier", metric="record_complete", subject_kind="lead", subject_id="lead_a", started_at=NOW, target="t",
        due_at=NOW, agreement="a", cause="c", side="marketing", state="breached", answerable=Answerable(person=person),
    ).text()  # fmt: skip


async def write(store, **rows):
    async with store.batch() as batch:
        await batch.write(Writes(**rows))


async def figures(workloads, people=("elin", "johan"), brands=None):
    found = await workloads.workloads(people, brands, WEEK, now=NOW, tonight=TONIGHT)
    assert found.is_all
    return found.people


async def test_each_carries_their_own_open_leads_and_what_is_due_first_of_each(store, workloads):
    await write(
        store,
        leads=[
            lead("lead_a"),
            lead("lead_b", stage="deal"),
            lead("lead_c", stage="qualification", brand="other"),
            lead("lead_d", stage="nurturing"),
            lead("lead_e", disposition="spam"),
            lead("lead_f", "johan"),
            lead("lead_g", "karin"),
            lead("lead_h", None),
        ],
        clocks=[
            clock("clk_a1", "lead_a", -1),
            clock("clk_a2", "lead_a", 2),
            clock("clk_b", "lead_b", 3),
            clock("clk_c", "lead_c", 13),
            clock("clk_e", "lead_e", -1),
            clock("clk_f", "lead_f", 0),
            clock("clk_h", "lead_h", -1),
        ],
    )
    assert await figures(workloads) == {
        "elin": Workload(open=3, overdue=1, today=1),
        "johan": Workload(open=1, overdue=1),
    }
    assert (await figures(workloads, brands=["other"]))["elin"] == Workload(open=1)
    assert await figures(workloads, brands=[]) == {"elin": Workload(), "johan": Workload()}
    assert [one.id for one in await workloads.open_leads("elin", None)] == ["lead_a", "lead_b", "lead_c"]
    assert [one.id for one in await workloads.open_leads("elin", ["default"], "lead_a", 1)] == ["lead_b"]


async def test_promises_are_those_due_in_the_span_of_whoever_they_measure(store, workloads):
    await write(
        store,
        leads=[lead("lead_a"), lead("lead_b", "johan"), lead("lead_c", brand="other")],
        clocks=[
            clock("clk_kept", "lead_a", -2, "fulfilled"),
            clock("clk_early", "lead_c", 100, "fulfilled"),
            clock("clk_broken", "lead_b", -3, "breached"),
            clock("clk_broken_later", "lead_a", -2, "breached"),
            clock("clk_same_instant", "lead_a", -2, "breached"),
            clock("clk_before", "lead_a", -61, "breached"),
            clock("clk_after", "lead_a", 108, "fulfilled"),
            clock("clk_our_own", "lead_a", -1, "breached", policy="queue"),
            clock("clk_marketings", "lead_a", -1, "breached", policy="dossier"),
            clock("clk_saras", "lead_a", -1, "breached", "sara", "dossier", body=answered_by("sara")),
            clock("clk_of_before", "lead_a", -1, "breached", "sara", "dossier"),
            clock("clk_volume", None, -1, "fulfilled", promise="many"),
            clock("clk_volume_before", None, -61, "breached", promise="many"),
            clock("clk_volume_runs", None, 1, promise="many"),
            clock("clk_cancelled", "lead_a", -1, "cancelled"),
            clock("clk_johans", "lead_b", -1, "fulfilled", person="johan"),
            clock("clk_nobodys", "lead_b", -1, "fulfilled", person=None),
        ],
    )
    found = await figures(workloads)
    assert (found["elin"].kept, found["elin"].broken) == (2, 3)
    assert (found["johan"].kept, found["johan"].broken) == (1, 0)
    assert (await figures(workloads, brands=["other"]))["elin"] == Workload(open=1, kept=1)
    assert (await figures(workloads, ("elin", "sara")))["sara"] == Workload(broken=1), "of what names her"

    async def listed(verdict, **more):
        return [one.clock.id for one in await workloads.promises("elin", verdict, None, WEEK, **more)]

    assert [row.id for row in await workloads.volumes(WEEK)] == ["clk_volume"]
    assert [one.clock.id for one in await workloads.promises("sara", "breached", None, WEEK)] == ["clk_saras"]
    assert await listed("fulfilled") == ["clk_kept", "clk_early"]
    assert await listed("breached") == ["clk_broken", "clk_broken_later", "clk_same_instant"]
    (first,) = await workloads.promises("elin", "breached", None, WEEK, limit=1)
    assert (first.clock.id, first.lead.id) == ("clk_broken", "lead_b"), "with the lead as it is now"
    after = Place(micros(NOW - 2 * HOUR), "clk_broken_later")
    assert await listed("breached", after=after) == ["clk_same_instant"]


async def test_turns_are_those_of_the_pools_that_are_named_and_were_used(store, workloads):
    async with store.engines.write() as conn:
        for kind, name in (("pool", "south"), ("pool", "north"), ("person", "west")):
            row = {"kind": kind, "name": name, "state": f'"{name}"'}
            await conn.execute(
                text("INSERT INTO ledgers (kind, name, seq, state) VALUES (:kind, :name, 1, :state)"), row
            )
    assert await workloads.turns(["south", "west", "east"]) == {"south": '"south"'}
    assert await workloads.turns([]) == {}


async def test_more_than_is_counted_is_said_to_be_more(store, workloads, monkeypatch):
    monkeypatch.setattr("services.adapters.sql.workloads.COUNTED", 3)
    leads = [lead(f"lead_{n}") for n in range(4)]
    await write(store, leads=leads[:3])
    assert (await workloads.workloads(["elin"], None, WEEK, now=NOW, tonight=TONIGHT)).is_all
    await write(store, leads=leads[3:])
    found = await workloads.workloads(["elin"], None, WEEK, now=NOW, tonight=TONIGHT)
    assert not found.is_all and found.people["elin"].open >= 3


MANY = """INSERT INTO leads (id, brand, stage, disposition, owner, held, version, state, updated_at)
    SELECT 'lead_' || n, 'default', CASE WHEN n % 300 = 0 THEN 'deal' ELSE 'nurturing' END, 'active', 'p' || n % 20, false, 1, '{}', 1 FROM generate_series(1, 60000) n;
    INSERT INTO clocks (id, lead_id, policy, state, revision, due_at, partition_key, body, act_by, person)
    SELECT 'clk_' || n, 'lead_' || n, 'answer', CASE WHEN n % 3 = 0 THEN 'breached' ELSE 'fulfilled' END, 1, n, 'k', '{}',
        CASE WHEN n % 500 = 0 THEN n END, 'p' || n % 20 FROM generate_series(1, 60000) n;
    INSERT INTO ledgers (kind, name, seq, state) SELECT 'pool', 'pool_' || n, 1, '{}' FROM generate_series(1, 5000) n"""


@pytest.mark.parametrize("migrated_url", ["real-postgres"], indirect=True)
async def test_no_question_about_people_reads_through_a_table_that_grows(store, workloads, monkeypatch):
    plans = await plans_over(MANY, store, workloads, monkeypatch)
    beginning = datetime(1970, 1, 1, tzinfo=UTC)
    span = PromiseSpan(beginning, beginning + timedelta(microseconds=1000), frozenset({"queue"}))
    for people in ([f"p{n}" for n in range(20)], ["p1", "p2"]):
        for brands in (None, ["default"]):
            await workloads.workloads(people, brands, span, now=beginning, tonight=NOW)
    await workloads.open_leads("p7", None, "lead_2")
    await workloads.promises("p7", "breached", ["default"], span, after=Place(500, "clk_500"))
    await workloads.turns(["sdr-south", "field"])
    await workloads.volumes(span)
    assert len(plans) == 4 + 4, "all that is counted of people is one question"
    for plan in plans:
        assert "Seq Scan" not in plan, plan
