"""The forum on the page: the week's report with what is behind its figures, what people take away, and what both sides enter."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from services.bootstrap.forum import forum_desk
from services.bootstrap.page import new_link
from services.forum.formats import render_report
from tests.api import installed
from tests.page import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")
WEEK = f"{datetime.now(ZoneInfo('Europe/Stockholm')):%G-W%V}"
NOW = f"/forum?week={WEEK}&known=2100-01-01T00:00:00Z"
"""What nobody can know yet is as known now."""
HOSTILE = "<img src=x>"
TOMORROW = (datetime.now(ZoneInfo("Europe/Stockholm")) + timedelta(days=2)).date().isoformat()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory):
    async with installed(tmp_path_factory.mktemp("forum")) as made:
        await made.form(email="anna@acme.example", name="Anna Ek", company="Acme AB", form_id="demo")
        await made.form(email="bo@bolag.example", name="Bo & Co", company="Bolaget", form_id=HOSTILE)
        await made.settled()
        yield made


async def browser_of(api, person, language="en"):
    browser = Browser(api.app, language=language)
    _, path = await new_link(api.parts, person)
    assert (await browser.get(path)).status_code == 303
    return browser


@pytest_asyncio.fixture(loop_scope="module")
async def maja(api):
    browser = await browser_of(api, "maja")
    yield browser
    await browser.close()


def texts(page):
    return re.sub(r"<[^>]+>", " ", page.text)


def figure_links(page, section, table):
    found = re.findall(r'<td><a href="([^"]+)">([^<]+)</a>', page.text)
    return [(href.replace("&amp;", "&"), text) for href, text in found if f"at={section}.{table}." in href]


async def test_the_report_of_a_week_is_shown_with_charts_and_tables(maja):
    page = await maja.get(NOW)
    assert page.status_code == 200 and page.headers["cache-control"] == "no-store"
    assert f"Weekly forum, {WEEK}" in page.text and page.text.count("<svg") > 5
    assert "Hand-overs" in page.text and HOSTILE not in page.text


async def test_a_figure_leads_to_the_leads_behind_it_and_each_with_its_ids(api, maja):
    href, text = figure_links(await maja.get(NOW), "leads_in", "by_week")[-1]
    assert text == "2" and "known=" in href
    page = await maja.get(href)
    assert "2 events and signals say so." in page.text and "Leads in, By week" in texts(page)
    assert "Anna Ek" in page.text and "Bo &amp; Co" in page.text
    leads = set(re.findall(r"/leads/(lead_\w+)", page.text))
    assert leads == {lead["id"] for lead in (await api.get("/v1/leads"))["leads"]}
    events = (await api.get("/v1/events", after=0, limit=500))["events"]
    created = {e["event"]["id"] for e in events if e["event"]["type"] == "stafett.lead.created.v1"}
    assert created and all(ident in page.text for ident in created)


async def test_a_figure_that_nothing_is_behind_is_no_link_and_no_page(maja):
    page = await maja.get(NOW)
    assert not figure_links(page, "customers", "against_budget")
    for place in ("customers.by_month.0.0", "leads_in.by_week.99.0", "leads_in.none.0.0", "x", "leads_in.by_week.0.99"):
        answer = await maja.get(f"/forum/behind?week={WEEK}&at={place}")
        assert answer.status_code == 404, place
    for query in ("week=48", "week=2026-W60", "known=monday"):
        assert (await maja.get(f"/forum?{query}")).status_code == 404, query


async def test_what_is_taken_away_is_what_the_command_gives(api, maja):
    known = api.parts.now().isoformat().replace("+00:00", "Z")
    desk = forum_desk(api.parts)
    report = await desk.report(await desk.frame(WEEK, datetime.fromisoformat(known)))
    for form, begin in (("json", b'{"version":1'), ("csv", b"week,"), ("html", b"<!doctype html>"), ("pdf", b"%PDF-")):
        answer = await maja.get(f"/forum/report?week={WEEK}&known={known}&format={form}")
        assert answer.status_code == 200 and answer.content == render_report(report, form, "en"), form
        assert answer.content.startswith(begin)
        assert answer.headers["content-disposition"] == f'attachment; filename="forum-{WEEK}.{form}"'
        assert answer.headers["cache-control"] == "no-store"
    assert (await maja.get("/forum/report?format=exe")).status_code == 404


async def test_an_action_point_is_agreed_on_and_asked_about_until_it_is_closed(api, maja):
    csrf = await maja.csrf()
    entry = {"kind": "action", "what": "Ask Cia again", "who": "elin", "by": TOMORROW, "week": WEEK}
    page = await maja.follow(await maja.post("/forum/entries", csrf=csrf, data=entry))
    assert "It is noted, and the next report asks about it." in page.text and "Ask Cia again" in page.text
    (listed,) = [e for e in (await api.get("/v1/forum/entries"))["entries"] if e["entry"]["kind"] == "action"]
    assert listed["by"] == "maja" and listed["entry"]["who"] == "elin"
    assert "Elin, by" in texts(page) and f"/forum/entries/{listed['id']}" in page.text
    gone = await maja.post(f"/forum/entries/{listed['id']}", csrf=csrf, data={"state": "done", "note": "she buys"})
    page = await maja.follow(gone)
    assert "she buys" in page.text and f"/forum/entries/{listed['id']}" not in page.text, "it is closed"
    assert (await maja.post("/forum/entries/ent_none", csrf=csrf, data={"state": "done"})).status_code == 404
    assert (await maja.post(f"/forum/entries/{listed['id']}", csrf=csrf, data={"state": "odd"})).status_code == 409


async def test_costs_and_lessons_are_in_the_figures(maja):
    csrf, day = await maja.csrf(), f"{datetime.now(ZoneInfo('Europe/Stockholm')):%Y-%m-%d}"
    cost = {"kind": "cost", "side": "sales", "amount": "31 000,50", "currency": "SEK", "from": day, "to": day}
    assert "It counts" in (await maja.follow(await maja.post("/forum/entries", csrf=csrf, data=cost))).text
    lesson = {"kind": "lesson", "about": "content", "name": "demo", "words": "They ask for prices first."}
    await maja.post("/forum/entries", csrf=csrf, data=lesson)
    page = await maja.get(NOW)
    assert "31,000.5 SEK" in page.text and "They ask for prices first." in page.text
    economy = page.text[page.text.index('id="economy"') :]
    assert "SEK\xa031,000.50" in economy or "31,000.50" in economy
    for wrong in (cost | {"amount": "much"}, cost | {"to": "2020-01-01"}, lesson | {"name": ""}):
        answer = await maja.post("/forum/entries", csrf=csrf, data=wrong)
        assert answer.status_code == 409 and "look at the form again" in answer.text
    assert (await maja.post("/forum/entries", csrf=csrf, data={"kind": "odd"})).status_code == 404


async def test_each_side_enters_its_own_costs_and_only_who_meets_sees_the_forum(api):
    lena, elin = await browser_of(api, "lena", "sv"), await browser_of(api, "elin")
    page = await lena.get("/forum")
    assert "Veckoforum" in page.text and 'value="marketing"' in page.text and 'value="sales"' not in page.text
    cost = {"kind": "cost", "side": "sales", "amount": "1", "currency": "SEK", "from": "2026-11-01", "to": "2026-11-02"}
    answer = await lena.post("/forum/entries", csrf=await lena.csrf(), data=cost)
    assert answer.status_code == 409 and "Varje sida lägger in sina egna kostnader." in answer.text
    assert (await elin.get("/forum")).status_code == 404 and 'href="/forum"' not in (await elin.get("/")).text
    answer = await elin.post("/forum/entries", csrf=await elin.csrf(), data=cost | {"amount": "2"})
    assert answer.status_code == 404
    entries = (await api.get("/v1/forum/entries"))["entries"]
    assert not [e for e in entries if e["entry"].get("amount") in ("1", "2", 1, 2)]
    await lena.close()
    await elin.close()


@pytest.mark.parametrize(
    "asked",
    ["week=0001-W01", "week=9999-W52", "week=0000-W10", "known=0001-01-01T00:00", "known=9999-12-31T23:59", "known=0001-01-01T00:00:00%2B10:00"],
)  # fmt: skip
async def test_the_ends_of_the_calendar_are_no_week_and_no_instant(maja, asked):
    for path in ("/forum", "/forum/behind", "/forum/report"):
        assert (await maja.get(f"{path}?{asked}")).status_code == 404, path


async def test_what_was_known_earlier_is_without_what_came_since(api, maja):
    page = await maja.get(f"/forum?week={WEEK}&known=2020-01-01T00:00:00Z")
    assert page.status_code == 200 and not figure_links(page, "leads_in", "by_week")
    assert "Ask Cia again" not in page.text
    local = await maja.get(f"/forum?week={WEEK}&known=2020-01-01T01:00")
    assert "known=2020-01-01T00%3A00%3A00Z" in local.text, "a browser writes the reader's clock"
