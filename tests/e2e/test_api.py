"""The reading API as its users meet it: scopes, filters, cursors under change, the feed that waits, quarantine."""

import asyncio
import json
import time
from datetime import datetime, timedelta

import pytest
import yaml

from services.api.feed import Feed
from services.bootstrap.api import document
from services.observability import metrics
from tests.api import KEYS, bearer, installed
from tests.setups import EXAMPLES

IDS = {
    "digest": "0d5b7e2c91fa",
    "lead_id": "lead_none",
    "entry_id": "qua_none",
    "clock_id": "clk_none",
    "incident_id": "inc_none",
    "signal_id": "sig_none",
    "ident": "ho_none.1",
    "route": "hand_over",
    "pool": "none",
    "name": "none",
}
GUARDED = [
    (method, path.format(**IDS), operation["security"][0]["apiKey"][0])
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    if operation["security"]
]


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path) as made:
        yield made


async def people(api, *names, **fields):
    for name in names:
        await api.form(email=f"{name}@example.com", name=f"{name.title()} Ek", **fields)
    await api.settled()


async def lead_of(api, name):
    (lead,) = (await api.get("/v1/leads", email=f"{name}@example.com"))["leads"]
    return lead


# --- what came to nothing ---------------------------------------------------------------------------------------------
async def test_a_signal_that_came_to_nothing_is_listed_counted_and_explained(api):
    before = counted("facts", "no_lead", "no_such_offer")
    taken = await api.fact(fact="accepted", offer_id="ho_elsewhere.1")
    await api.settled()
    await api.fact(fact="won", email="nobody@example.com")
    await people(api, "anna")
    await api.fact(fact="accepted", email="anna@example.com")
    await api.settled()
    (first, second, third) = (await api.get("/v1/signals"))["signals"]
    assert (first["signal_id"], first["source"], first["kind"]) == (taken["signals"][0], "facts", "sales.accepted")
    assert (first["outcome"], first["reason"], first["note"]) == ("no_lead", "no_such_offer", "no such offer")
    assert (second["reason"], third["outcome"], third["reason"]) == ("nobody_known", "ignored", "no_open_handover")
    assert third["lead"] == (await lead_of(api, "anna"))["id"]
    assert counted("facts", "no_lead", "no_such_offer") == before + 1
    (entry,) = (await api.get(f"/v1/signals/{first['signal_id']}"))["history"]
    assert (entry["outcome"], entry["reason"]) == ("no_lead", "no_such_offer")
    explained = await api.client.get(
        f"/v1/leads/{third['lead']}/explain", headers={**bearer("all"), "accept": "text/plain"}
    )
    assert "came to nothing: ignored, no_open_handover" in explained.text


async def test_what_came_to_nothing_is_filtered_and_paged(api):
    for number in range(5):
        await api.fact(fact="won", email=f"nobody{number}@example.com")
    await api.settled()
    await api.fact(fact="accepted", handover_id="ho_elsewhere")
    await api.settled()
    found, after = [], ""
    while True:
        page = await api.get("/v1/signals", outcome="no_lead", source="facts", after=after, limit=2)
        found += [(one["reason"], one["signal_id"]) for one in page["signals"]]
        if (after := page["next"]) is None:
            break
    assert [reason for reason, _ in found] == ["nobody_known"] * 5 + ["no_such_handover"]
    assert len(set(found)) == 6
    for more in ({"outcome": "refused"}, {"source": "load"}, {"since": "2200-01-01T00:00:00Z"}):
        assert (await api.get("/v1/signals", **more))["signals"] == []
    for wrong in ({"outcome": "changed"}, {"since": "yesterday"}, {"after": "x"}, {"outcom": "refused"}):
        assert "query" in (await api.get("/v1/signals", status=422, **wrong))["detail"]


async def test_personal_data_of_what_came_to_nothing_is_for_keys_that_may_see_it(api):
    await api.fact(fact="won", email="nobody@example.com")
    await api.settled()
    (shown,) = (await api.get("/v1/signals"))["signals"]
    (hidden,) = (await api.get("/v1/signals", key="facts"))["signals"]
    assert shown["personal"]["person"]["email"] == "nobody@example.com"
    assert hidden["personal"] is None and "nobody@" not in json.dumps(hidden)


def counted(source, outcome, reason):
    return metrics.fates.labels(source, outcome, reason)._value.get()


# --- queues -----------------------------------------------------------------------------------------------------------
async def test_leads_that_wait_are_listed_by_queue_with_since_and_why(tmp_path):
    text = (EXAMPLES / "agreement.yaml").read_text()
    waits = text.replace("pool: field\n", "pool: field\n        overflow: {hold: 720h elapsed}\n", 1)
    async with installed(tmp_path, agreement=waits) as api:
        for person in ("elin", "johan", "karin"):
            answer = await ask(
                api, "maja", command="absence", person=person, reason="ill", until="2200-01-01T00:00:00Z"
            )
            assert answer.status_code == 202, answer.text
        await api.settled()
        assert (await api.get("/v1/queues"))["queues"] == []
        await people(api, "anna", form_id="demo")
        await people(api, "bo", form_id="demo")
        (queue,) = (await api.get("/v1/queues"))["queues"]
        assert (queue["queue"], queue["pool"], queue["waiting"]) == ("hand_over/field", "field", 2)
        first = await api.get("/v1/queues/hand_over/field", limit=1)
        second = await api.get("/v1/queues/hand_over/field", limit=1, after=first["next"])
        anna, bo = [(await lead_of(api, name))["id"] for name in ("anna", "bo")]
        assert [page["leads"][0]["lead"] for page in (first, second)] == [anna, bo]
        (waits,) = first["leads"]
        assert waits["since"] == queue["since"] and waits["until"] > waits["since"] and waits["rule"] == "everybody"
        assert {one["person"]: one["codes"] for one in waits["passed"]}.keys() == {"elin", "johan", "karin"}
        assert waits["why"].startswith("nobody of pool field could take it: elin: away then")
        assert (await lead_of(api, "anna"))["owner"] is None
        types = [event["event"]["type"] for event in (await api.get("/v1/events", limit=100))["events"]]
        assert types.count("stafett.lead.queued.v1") == 2
        await api.client.get("/metrics", headers=bearer("all"))
        assert metrics.waiting_leads.labels("hand_over/field")._value.get() == 2
        await ask(api, "maja", command="assign", lead=anna, person="maja")
        await api.settled()
        assert (await api.get("/v1/queues"))["queues"][0]["waiting"] == 1
        for path in ("/v1/queues/hand_over/nobody", "/v1/queues/hand_over/-"):
            assert (await api.get(path))["leads"] == []
        await api.get("/v1/queues/nowhere/field", status=422)
        await api.get("/v1/queues/hand_over/field", status=422, after="x")


# --- keys and scopes --------------------------------------------------------------------------------------------------
async def test_each_route_refuses_a_key_without_its_scope_and_takes_one_with_it(api):
    for method, path, scope in GUARDED:
        for name in ("none", *[one for one in KEYS if scope not in KEYS[one]]):
            answer = await api.client.request(method, path, headers=bearer(name))
            assert answer.status_code == 403, (path, name)
            assert answer.json()["type"] == "urn:stafett:problem:no_scope"
            assert scope in answer.json()["detail"]
        answer = await api.client.request(method, path, headers=bearer(scope))
        assert answer.status_code in (200, 404, 409, 422), (path, answer.text)
        assert answer.status_code != 422 or answer.json()["detail"].startswith(("body", "query.key")), (
            "nothing was sent to a route that wants it"
        )


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer sk_wrong", "Basic sk_all", "sk_all"])
async def test_without_a_known_key_nothing_is_shown(api, header):
    for method, path, _ in GUARDED:
        answer = await api.client.request(method, path, headers={"Authorization": header})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_without_the_scope_for_it_no_answer_holds_personal_data(api):
    await people(api, "anna", form_id="demo", phone="0701234567", message="call anna@example.com")
    await api.client.post(
        "/v1/hooks/load", content=b'{"email": "bo@example.com"', headers={"content-type": "application/json"}
    )
    lead = await lead_of(api, "anna")
    (entry,) = (await api.get("/v1/quarantine"))["quarantine"]
    paths = ["/v1/leads", f"/v1/leads/{lead['id']}", f"/v1/leads/{lead['id']}/history", f"/v1/leads/{lead['id']}/explain",
             "/v1/clocks", "/v1/events", "/v1/snapshot", "/v1/quarantine", f"/v1/quarantine/{entry['id']}",
             "/v1/dead-letters"]  # fmt: skip
    for path in paths:
        said = json.dumps(await api.get(path, "facts"))
        assert not any(word in said for word in ("anna@", "Anna", "701234567", "bo@")), path
    assert (await api.get(f"/v1/leads/{lead['id']}"))["personal"]["person"]["full_name"] == "Anna Ek"
    assert "bo@example.com" in (await api.get(f"/v1/quarantine/{entry['id']}"))["body"]
    assert "anna@example.com" in json.dumps(await api.get("/v1/events"))


# --- leads ------------------------------------------------------------------------------------------------------------
async def test_leads_are_found_by_address_stage_and_owner_alone_and_together(api):
    await people(api, "anna", "bo", form_id="demo")
    await api.form(email="cia@other.example.net", form_id="news")
    await api.settled()
    anna, bo = [await lead_of(api, name) for name in ("anna", "bo")]
    (cia,) = (await api.get("/v1/leads", email="cia@other.example.net"))["leads"]

    async def found(**filters):
        return {lead["id"] for lead in (await api.get("/v1/leads", **filters))["leads"]}

    assert await found() == {anna["id"], bo["id"], cia["id"]}
    assert await found(stage="hand_over") == {anna["id"], bo["id"]}
    assert await found(owner=anna["owner"]) == {anna["id"], bo["id"]}, "one account, one owner"
    assert await found(owner=cia["owner"]) == {cia["id"]}
    assert await found(owner=anna["owner"], stage="qualification") == set()
    assert await found(email="ANNA@example.com", stage="hand_over") == {anna["id"]}
    body = {"email": "ANNA@example.com", "stage": "hand_over", "limit": 10}
    search = await api.client.post("/v1/leads/search", json=body, headers=bearer("leads:read"))
    assert (search.status_code, [lead["id"] for lead in search.json()["leads"]]) == (200, [anna["id"]])
    assert search.json()["leads"][0]["personal"] is None, "the same right as for the list"
    for wrong, place in (
        ({"email": "no address"}, "body.email"),
        ({"emial": "a@b.example"}, "body"),
        ({"owner": "ellin"}, "body.owner"),
    ):
        refused = await api.client.post("/v1/leads/search", json=wrong, headers=bearer("all"))
        assert refused.status_code == 422 and refused.json()["detail"].startswith(place) and "ellin" not in refused.text
    old = await api.client.get("/v1/leads", params={"email": "anna@example.com"}, headers=bearer("all"))
    assert old.headers["deprecation"].startswith("@") and "/v1/leads/search" in old.headers["link"]
    assert "deprecation" not in (await api.client.get("/v1/leads", headers=bearer("all"))).headers
    assert await found(email="nobody@example.com") == await found(brand="other") == set()
    assert (await api.get("/v1/leads", status=422, email="no address"))["type"] == "urn:stafett:problem:invalid"
    assert (await api.get("/v1/leads", status=422, stage="limbo"))["detail"].startswith("query.stage")
    pages, after = [], ""
    while after is not None:
        page = await api.get("/v1/leads", limit=1, after=after)
        pages, after = pages + page["leads"], page["next"]
    assert [lead["id"] for lead in pages] == sorted({anna["id"], bo["id"], cia["id"]})


async def test_history_is_paged_in_the_order_of_decisions(api):
    await people(api, *["anna"] * 5, form_id="news")
    for number in range(5):
        await api.fact(fact="email.opened", email="anna@example.com", id=str(number))
    await api.settled()
    lead, rows, after = await lead_of(api, "anna"), [], 0
    while after is not None:
        page = await api.get(f"/v1/leads/{lead['id']}/history", limit=2, after=after)
        rows, after = rows + page["history"], page["next"]
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert [row["kind"] for row in rows][-5:] == ["email.opened"] * 5


async def test_an_explanation_is_text_for_people_and_json_for_programs(api):
    await people(api, "anna", form_id="demo")
    await api.fact(fact="rejected", email="anna@example.com", id="r", reason="wrong timing")
    await api.settled()
    lead = await lead_of(api, "anna")
    path = f"/v1/leads/{lead['id']}/explain"
    answer = await api.client.get(path, headers={**bearer("leads:read"), "Accept": "text/plain"})
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.text
    assert text.startswith(f"{lead['id']} has been in nurturing (recycle) since")
    for said in ("moved from contact to qualification by row `engaged`", "definition `sales_qualified` was met",
                 "by rule `everybody` of pool field", "below the fair share", "by row `handed_back`, because of rejected",
                 "nobody has it: nurturing: rejected"):  # fmt: skip
        assert said in text
    made = await api.get(path)
    assert made["text"] == text and len(made["steps"]) == 2
    assert (await api.get(path, limit=1))["next"] is not None


async def test_a_clock_and_an_assignment_are_explained_as_json_and_for_people(api):
    await people(api, "anna", form_id="demo")
    lead = await lead_of(api, "anna")
    clock = next(c for c in (await api.get("/v1/clocks", lead=lead["id"]))["clocks"] if c["policy"] == "lead-waits")
    offer = lead["handover"]["offers"][0]["id"]
    for path, kind in ((f"/v1/clocks/{clock['id']}/explain", "clock"), (f"/v1/assignments/{offer}/explain", "who")):
        made = await api.get(path)
        answer = await api.client.get(path, headers={**bearer("leads:read"), "Accept": "text/plain"})
        assert answer.text == made["text"] and answer.headers["content-type"].startswith("text/plain")
        if kind == "clock":
            assert made["counted_seconds"] > 0 and made["intervals"][0]["from"] == made["started_at"]
        else:
            assert made["person"] == lead["owner"] and {"elin", "johan"} <= {c["person"] for c in made["candidates"]}
    whole = (await api.get(f"/v1/leads/{lead['id']}/explain"))["now"]
    assert whole["assignment"]["offer_id"] == offer and len(whole["clocks"]) >= 3
    for missing in ("/v1/clocks/clk_none/explain", "/v1/assignments/ho_none.1/explain"):
        assert (await api.client.get(missing, headers=bearer("leads:read"))).status_code == 404


@pytest.mark.parametrize(
    ("accept", "text"),
    [("*/*", False), ("text/plain", True), ("application/json, text/plain", False), ("text/plain, */*;q=0.1", True),
     ("text/plain;q=0.2, application/json;q=0.9", False), ("text/html, text/*;q=0.8, application/json;q=x", True)],
)  # fmt: skip
def test_the_accept_header_is_weighed(accept, text):
    from services.api.leads import prefers_text

    assert prefers_text(accept) is text


async def test_a_misspelt_filter_is_refused_and_not_answered_with_everybody(api):
    await people(api, "anna", "bo")
    said = (await api.get("/v1/leads", status=422, emial="anna@example.com"))["detail"]
    assert said.startswith("query: an unknown parameter; there are email, stage") and "did you mean `email`?" in said
    assert "emial" not in said
    assert len((await api.get("/v1/leads", email="anna@example.com"))["leads"]) == 1
    none = (await api.get("/v1/status", status=422, after="1"))["detail"]
    assert none == "query: an unknown parameter; there are none"


# --- the feed ---------------------------------------------------------------------------------------------------------
async def test_a_reader_who_waits_is_answered_as_soon_as_there_is_news(api):
    await people(api, "anna")
    page = await api.get("/v1/events", limit=500)
    # Of leads: late in a month the organisation's promise is news as well.
    waiting = asyncio.create_task(api.get("/v1/events", after=page["next"], topic="leads", wait=30))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    begun = time.monotonic()
    await people(api, "bo")
    found = await waiting
    assert time.monotonic() - begun < 5
    assert found["events"][0]["position"] > page["next"]


async def test_a_reader_who_waits_in_vain_is_answered_in_time_and_told_where_to_go_on(api):
    await people(api, "anna")
    page = await api.get("/v1/events", limit=500)
    begun = time.monotonic()
    found = await api.get("/v1/events", after=0, topic="handovers", wait=1)
    assert 0.9 <= time.monotonic() - begun < 5
    # Late in a month the organisation's promise is warned of meanwhile: the head moves on, on another topic.
    assert found["events"] == [] and found["next"] == found["head"] >= page["head"]
    assert (await api.get("/v1/events", status=422, wait=61))["detail"].startswith("query.wait")


async def test_a_process_that_ends_answers_who_waits(api):
    waiting = asyncio.create_task(api.get("/v1/events", topic="leads", wait=60))
    await asyncio.sleep(0.3)
    api.stopping.set()
    assert (await asyncio.wait_for(waiting, 3))["events"] == []


async def test_only_so_many_may_wait(api, monkeypatch):
    monkeypatch.setattr("services.api.feed.MAX_WAITING", 2)
    counts, pause = set(), Feed._pause

    async def counted(feed):
        counts.add(feed._waiting)
        await pause(feed)

    monkeypatch.setattr(Feed, "_pause", counted)
    waiting = [asyncio.create_task(api.get("/v1/events", topic="leads", wait=5)) for _ in range(2)]
    async with asyncio.timeout(5):
        while 2 not in counts:
            await asyncio.sleep(0.01)
    assert (await api.get("/v1/events", topic="leads", status=429, wait=2))["type"] == "urn:stafett:problem:too_many"
    assert (await api.get("/v1/events", topic="leads"))["events"] == [], "who does not wait is answered"
    await asyncio.gather(*waiting)


async def test_a_snapshot_and_the_feed_from_its_position_miss_nothing_while_everything_changes(api):
    """Leads come and move while the snapshot is paged and the feed followed; the two together give the end state."""
    stop = asyncio.Event()

    async def change():
        number = 0
        while not stop.is_set() or number < 80:
            await api.form(
                email=f"p{number % 40}@example.com", form_id=("news", "demo", "not-now")[number % 3], n=str(number)
            )
            number += 1
            await asyncio.sleep(0)

    await people(api, *[f"p{number}" for number in range(20)])
    changing = asyncio.create_task(change())
    await asyncio.sleep(0.2)
    known, after, position = {}, "", None
    while after is not None:
        page = await api.get("/v1/snapshot", limit=3, after=after)
        position = page["position"] if position is None else position
        known |= {lead["id"]: (lead["stage"], lead["sequence"]) for lead in page["leads"]}
        after = page["next"]
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    stop.set()
    await changing
    await api.settled()
    seen = []
    while (page := await api.get("/v1/events", after=position, limit=7))["events"]:
        for entry in page["events"]:
            seen.append(entry["position"])
            event, sequence = entry["event"], int(entry["event"]["sequence"])
            if not event["subject"].startswith("lead_"):
                continue  # a promise of the organisation, which has clocks and no stage
            stage, at = known.get(event["subject"], (None, 0))
            if sequence <= at:
                continue
            assert sequence == at + 1, "nothing is missed between the snapshot and the feed"
            moved = {"stafett.lead.created.v1": "stage", "stafett.lead.stage_changed.v1": "to_stage"}.get(event["type"])
            known[event["subject"]] = (event["data"][moved] if moved else stage, sequence)
        position = page["next"]
    assert seen and seen == list(range(seen[0], seen[0] + len(seen)))
    ends, after = {}, ""
    while after is not None:
        page = await api.get("/v1/leads", after=after, limit=500)
        ends |= {lead["id"]: (lead["stage"], lead["sequence"]) for lead in page["leads"]}
        after = page["next"]
    assert known == ends and len(ends) == 40


async def test_a_cursor_over_leads_shows_each_once_while_more_arrive(api):
    await people(api, *[f"p{number}" for number in range(30)])
    before = {lead["id"] for lead in (await api.get("/v1/leads", limit=500))["leads"]}
    found, after = [], ""
    while after is not None:
        page = await api.get("/v1/leads", limit=4, after=after)
        found, after = found + [lead["id"] for lead in page["leads"]], page["next"]
        await people(api, f"q{len(found)}")
    assert found == sorted(set(found)) and before <= set(found)


# --- quarantine -------------------------------------------------------------------------------------------------------
async def post_unclear(api, body=b'{"when": "today", "data": {"email": "anna@example.com"}}'):
    answer = await api.client.post("/v1/hooks/cloud", content=body, headers={"content-type": "application/json"})
    (entry,) = answer.json()["quarantined"]
    return entry


async def test_what_was_not_understood_is_shown_without_what_it_says(api):
    entry = await post_unclear(api)
    shown = await api.get(f"/v1/quarantine/{entry}", "ops:read")
    assert shown["shape"] == {"when": "text", "data": {"email": "text"}}
    assert (shown["body"], shown["source"], shown["bytes"]) == (None, "cloud", 56)
    assert "anna" not in json.dumps(shown)
    await api.get("/v1/quarantine/qua_none", status=404)


async def retry(api, entry, key="all"):
    return await api.client.post(f"/v1/quarantine/{entry}/retry", headers=bearer(key))


async def test_a_body_is_read_again_after_its_source_was_corrected_and_counts_once(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    async with installed(folder) as api:
        body = json.dumps(
            {"fact": "form.submitted", "email": "anna@example.com", "form_id": "demo", "id": "1"}
        ).encode()
        entry = await post_unclear(api, body)
        unclear = await retry(api, entry)
        assert unclear.status_code == 409
        assert unclear.json()["type"] == "urn:stafett:problem:still_unclear"
        assert (await retry(api, entry, "ops:read")).status_code == 403
        sources = api.parts.settings.path(api.parts.settings.files.sources)
        sources.write_text(sources.read_text().replace("kind: cloudevents", "kind: crm"))
        from services.bootstrap.http import app_of

        api.client._transport.app = app_of(api.parts, api.stopping)
        done = await retry(api, entry)
        assert (done.status_code, done.json()["quarantined"]) == (202, [])
        await api.settled()
        assert (await lead_of(api, "anna"))["stage"] == "hand_over"
        assert (await api.get("/v1/quarantine"))["quarantine"] == []
        assert (await retry(api, entry)).status_code == 404
        again = await api.client.post("/v1/hooks/cloud", content=body, headers={"content-type": "application/json"})
        assert again.json()["signals"] == done.json()["signals"], "the same delivery is the same signal"


async def test_a_body_whose_source_is_gone_says_so(api):
    entry = await post_unclear(api)
    sources = api.parts.settings.path(api.parts.settings.files.sources)
    sources.write_text(sources.read_text().replace("name: cloud,", "name: other,"))
    from services.bootstrap.http import app_of

    api.client._transport.app = app_of(api.parts, api.stopping)
    answer = await retry(api, entry)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:stafett:problem:no_longer_kept")


# --- errors -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("DELETE", "/v1/leads", 405), ("GET", "/v1/leads/%00", 404),
     ("GET", "/v1/leads?after=%00", 422), ("GET", "/v1/leads?limit=0", 422), ("GET", "/v1/events?after=-1", 422),
     ("GET", f"/v1/events?after={2**70}", 422), ("GET", "/v1/leads/x/history?after=x", 422), ("POST", "/v1/hooks/no", 401)],
)  # fmt: skip
async def test_every_error_is_a_problem_that_repeats_nothing_of_the_request(api, method, path, status):
    answer = await api.client.request(method, path, headers=bearer("all"))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert set(answer.json()) == {"type", "title", "status", "detail"}


async def test_a_defect_of_ours_is_a_problem_without_internals(api, monkeypatch):
    async def broken(*_, **__):
        raise ZeroDivisionError("anna@example.com")

    monkeypatch.setattr(api.parts.reading.__class__, "counts", broken)
    answer = await api.client.get("/v1/status", headers=bearer("all"))
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:stafett:problem:internal")
    assert "anna" not in answer.text and "ZeroDivision" not in answer.text


async def test_the_status_names_sources_that_are_silent(api):
    now = api.parts.now()
    begin = now.replace(minute=0, second=0, microsecond=0)
    hours = [begin - timedelta(weeks=week, hours=hour) for week in range(6) for hour in range(9)]
    usual = {("web", hour): 9 for hour in hours if hour < now - timedelta(hours=5)}
    await api.parts.traffic.add(usual, now - timedelta(weeks=9))
    (silent,) = (await api.get("/v1/status"))["sources"]
    assert silent["source"] == "web" and silent["why"].startswith("nothing came for ")
    assert datetime.fromisoformat(silent["since"]) < now - timedelta(hours=4)


async def test_a_store_that_is_away_is_a_problem_that_says_when_to_come_again(api, monkeypatch):
    from services.ports.errors import StoreUnavailable

    async def away(*_, **__):
        raise StoreUnavailable

    monkeypatch.setattr(api.parts.reading.__class__, "counts", away)
    answer = await api.client.get("/v1/status", headers=bearer("all"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


# --- commands ---------------------------------------------------------------------------------------------------------
async def ask(api, key, **command):
    return await api.client.post("/v1/commands", json={"reason": "because", **command}, headers=bearer(key))


async def test_a_command_is_carried_out_and_the_history_tells_who_asked(api):
    await people(api, "anna", form_id="demo")
    lead = await lead_of(api, "anna")
    other = next(person for person in ("elin", "karin") if person != lead["owner"])
    taken = await ask(api, "maja", command="assign", lead=lead["id"], person=other)
    assert taken.status_code == 202, taken.text
    await api.settled()
    assert (await lead_of(api, "anna"))["owner"] == other
    (row,) = [
        r
        for r in (await api.get(f"/v1/leads/{lead['id']}/history"))["history"]
        if r["signal_id"] == taken.json()["signal"]
    ]
    assert row["facts"]["command"] == {"name": "assign", "principal": "maja", "person": "maja"}


async def test_a_command_that_the_role_does_not_allow_is_refused_and_says_who_may(api):
    await people(api, "anna", form_id="demo")
    lead = await lead_of(api, "anna")
    refused = await ask(api, "elin", command="assign", lead=lead["id"], person="karin")
    assert (refused.status_code, refused.json()["detail"]) == (403, "assign is for manager")
    missing = await ask(api, "maja", command="assign", lead=lead["id"], person="nobody")
    assert (missing.status_code, missing.json()["detail"]) == (404, "nobody is not in the roster")
    wrong = await ask(api, "maja", command="assign", lead="x", person="karin")
    assert wrong.status_code == 422


async def test_the_same_idempotency_key_is_one_command(api):
    headers = {**bearer("maja"), "idempotency-key": "once"}
    body = {"command": "absence", "person": "elin", "reason": "ill"}
    answers = [await api.client.post("/v1/commands", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    await api.settled()
    roster = await api.get("/v1/roster")
    assert roster["away"]["elin"] == "absent"
    (elin,) = [person for person in roster["people"] if person["id"] == "elin"]
    assert len(elin["absences"]) == 1


async def test_a_volume_promise_is_a_clock_of_no_lead_and_explains_what_was_counted(tmp_path):
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    file["calendars"]["always"] = {"zone": "Europe/Stockholm", "week": {day: [["00:00", "24:00"]] for day in days}}
    file["sla"]["volumes"][0] |= {"calendar": "always", "at_least": "100000", "first": "pro_rata"}
    async with installed(tmp_path, agreement=yaml.safe_dump(file)) as api:
        async with asyncio.timeout(30):
            while not (await api.get("/v1/clocks", policy="qualified-leads"))["clocks"]:
                await asyncio.sleep(0.05)
        await people(api, "anna", form_id="demo")
        assert (await api.get("/v1/clocks", policy="not-rejected"))["clocks"] == [], "judged from the next month on"
        (clock,) = (await api.get("/v1/clocks", policy="qualified-leads"))["clocks"]
        assert (clock["lead_id"], clock["subject_kind"], clock["state"]) == (None, "organisation", "running")
        said = await api.get(f"/v1/clocks/{clock['id']}/explain")
        assert "(100000 hand_over a month, pro rata)" in said["text"] and "1 counted so far" in said["text"]


async def test_two_leads_are_merged_and_parted_by_command_and_told_apart_at_once_where_they_cannot(api):
    await people(api, "anna", "bo", form_id="news")
    anna, bo = await lead_of(api, "anna"), await lead_of(api, "bo")
    pair = {"lead": anna["id"], "other": bo["id"]}
    assert (await ask(api, "maja", command="merge", **pair)).status_code == 202
    await api.settled()
    assert (await lead_of(api, "bo"))["id"] == anna["id"], "the other's address finds the one that is kept"
    shown = await api.get(f"/v1/leads/{bo['id']}")
    assert shown["merged_into"] == anna["id"]
    assert (await api.get(f"/v1/leads/{anna['id']}"))["merged"] == [bo["id"]]
    assert f"merged into {anna['id']}" in (await api.get(f"/v1/leads/{bo['id']}/explain"))["text"]
    again = await ask(api, "maja", command="merge", **pair)
    assert again.status_code == 403 and "already" in again.json()["detail"]
    gone = await ask(api, "maja", command="claim", lead=bo["id"])
    assert gone.status_code == 403 and anna["id"] in gone.json()["detail"]
    assert (await ask(api, "maja", command="unmerge", **pair)).status_code == 202
    await api.settled()
    assert (await lead_of(api, "bo"))["id"] == bo["id"]
