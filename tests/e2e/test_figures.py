"""The forum over HTTP: a week's figures, entries, and lists of leads and clocks by source, time, person and team."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api import bearer, installed


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path) as made:
        await made.form(email="anna@example.com", form_id="demo")
        await made.form(email="bo@firma.example", form_id="news")
        await made.settled()
        yield made


async def post(api, entry, key="maja", status=200):
    answer = await api.client.post("/v1/forum/entries", json=entry, headers=bearer(key))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_the_figures_of_this_week_count_what_came_in_over_http(api):
    year, week, _ = datetime.now(UTC).isocalendar()
    made = await api.get("/v1/figures", week=f"{year}-W{week:02d}")
    (section,) = [section for section in made["sections"] if section["name"] == "leads_in"]
    (table,) = [table for table in section["tables"] if table["name"] == "by_source"]
    (row,) = table["rows"]
    assert (row["labels"], row["figures"][0]["value"]) == (["load"], 2)
    assert row["figures"][0]["behind"]["count"] == 2
    assert (await api.get("/v1/figures"))["week"] < made["week"]


async def test_what_is_no_week_is_refused(api):
    assert "write it as 2026-W48" in (await api.get("/v1/figures", week="48", status=422))["detail"]


async def test_entries_are_entered_listed_and_refused_with_the_field(api):
    action = {"kind": "action", "what": "Ask Anna again", "who": "elin", "by": "2026-12-04"}
    (first,) = (await post(api, action))["entries"]
    (second,) = (await post(api, {**action, "state": "done"}))["entries"]
    assert (second["id"], second["entry"]["state"]) == (first["id"], "done")
    assert [e["entry"]["state"] for e in (await api.get("/v1/forum/entries"))["entries"]] == ["done"]
    assert "`majja` is not in the roster" in (await post(api, {**action, "who": "majja"}, status=422))["detail"]
    assert "currency" in (await post(api, {"kind": "cost", "side": "sales", "amount": 1}, status=422))["detail"]
    await post(api, action, key="leads:read", status=403)


async def ids(api, path, **wanted):
    page = await api.get(path, **wanted)
    return {row["id"] for row in page.get("leads", page.get("clocks"))}


async def test_leads_and_clocks_are_filtered_by_source_time_person_and_team(api):
    everybody = await ids(api, "/v1/leads")
    assert len(everybody) == 2
    assert await ids(api, "/v1/leads", source="load") == everybody and not await ids(api, "/v1/leads", source="web")
    now = datetime.now(UTC)
    assert await ids(api, "/v1/leads", since=(now - timedelta(hours=1)).isoformat()) == everybody
    assert not await ids(api, "/v1/leads", since=(now + timedelta(hours=1)).isoformat())
    assert await ids(api, "/v1/leads", due_before=(now + timedelta(days=60)).isoformat()) == everybody
    assert not await ids(api, "/v1/leads", due_before=now.isoformat())
    for wrong in ({"team": "nobodys"}, {"owner": "x@y.example"}):
        assert not await ids(api, "/v1/leads", **wrong), "as it always was: version 1 only grows"
        refused = await api.client.post("/v1/leads/search", json=wrong, headers=bearer("leads:read"))
        assert refused.status_code == 422 and refused.json()["detail"].startswith(f"body.{next(iter(wrong))}: ")
        assert "x@y" not in refused.text, "and never what was sent"
    clocks = await ids(api, "/v1/clocks", source="load")
    assert clocks and clocks == await ids(api, "/v1/clocks")
    owners = {lead["owner"] for lead in (await api.get("/v1/leads"))["leads"]}
    mine = await ids(api, "/v1/clocks", person=owners.pop())
    assert mine and mine < clocks
    assert not await ids(api, "/v1/clocks", person="ellin") and not await ids(api, "/v1/clocks", team="nobodys")
    assert not await ids(api, "/v1/clocks", person="olof"), "he is there and has none"
    assert not await ids(api, "/v1/clocks", due_before=now.isoformat())
    assert await ids(api, "/v1/clocks", since=now.isoformat()) == clocks
