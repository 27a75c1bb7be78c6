"""Capacity is exact with the real store: counted under lock, over batches, freed when a lead is over."""

from datetime import timedelta

import pytest

from routing.people.roster import Roster
from schemas.roster import RosterFile
from tests.setups import record, ruling, setup, signal


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


def limited():
    rules = ruling()
    said = rules.roster.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for person in said["people"]:
        if person["id"] in ("elin", "johan", "karin"):
            person["capacity"] = {"open": 2}
            person.pop("absences", None)
    return rules._replace(roster=Roster(RosterFile.model_validate(said)))


async def owners(running):
    found = {}
    for row in await running.reading.leads(limit=100):
        found[row.owner] = found.get(row.owner, 0) + (row.stage == "hand_over")
    return found


async def test_nobody_has_more_open_leads_than_their_capacity_within_a_batch_and_over_batches(running):
    rules = limited()
    running.router._rules._in_force._files = lambda: rules
    items = [signal(n, "form.submitted", lead=f"p{n}", form_id="demo", at=running.at) for n in range(9)]
    await running.log.append([record(item, running.topic) for item in items[:5]])
    await running.route(5)
    await running.log.append([record(item, running.topic) for item in items[5:]])
    await running.route(4)
    found = await owners(running)
    assert {person: found[person] for person in ("elin", "johan", "karin")} == {"elin": 2, "johan": 2, "karin": 2}
    assert found["maja"] == 3, "the agreement's last resort"
    (one,) = [row for row in await running.reading.leads(limit=100) if row.owner == "elin"][:1]
    lead = next(n for n in range(9) if items[n].partition_key in one.state)
    running.at += timedelta(hours=1)
    await running.give(signal(50, "sales.rejected", lead=f"p{lead}", at=running.at, reason="wrong timing"))
    running.at += timedelta(hours=1)
    await running.give(signal(51, "form.submitted", lead="late", form_id="demo", at=running.at))
    late = [row for row in await running.reading.leads(limit=100) if "key-late" in row.state]
    assert late[0].owner == "elin"
