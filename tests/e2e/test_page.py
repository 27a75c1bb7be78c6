"""The page over HTTP, as browsers of people with different roles get it."""

import asyncio
import gzip
import re
from contextlib import asynccontextmanager

import pytest

from services.bootstrap.page import new_link
from tests.api import installed
from tests.page import Browser

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
STRICT = ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'")


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path) as made:
        yield made


@asynccontextmanager
async def signed_in(api, person, language="en"):
    browser = Browser(api.app, language=language)
    _, path = await new_link(api.parts, person)
    await browser.get(path)
    try:
        yield browser
    finally:
        await browser.close()


async def read(browser, path="/"):
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def lead_of(api, **form):
    await api.form(**{"form_id": "demo", "name": "Anna Ek", "company": "Nordhamn AB", **form})
    await api.settled()
    (lead,) = (await api.get("/v1/leads", email=form["email"]))["leads"]
    return lead


async def test_the_board_shows_who_waits_for_what_and_who_has_it_in_the_readers_language(api):
    lead = await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "maja") as english, signed_in(api, "maja", "sv") as swedish:
        for browser, words in (
            (english, ("Who waits now", "1 lead waits", "Accept or say no", "Elin", "Anna Ek", "Nordhamn AB", "CE")),
            (swedish, ("Vem väntar nu", "1 lead väntar", "Tacka ja eller nej", "Tiderna är de i Europe/Stockholm.")),
        ):
            text = await read(browser)
            assert [word for word in words if word not in text] == []
            assert f"/leads/{lead['id']}" in text


async def test_a_lead_is_one_story_without_a_single_word_of_ours(api):
    lead = await lead_of(api, email="anna@nordhamn.example", message="We lose leads.")
    async with signed_in(api, "maja") as browser:
        text = await read(browser, f"/leads/{lead['id']}")
    for words in (
        "Anna Ek filled in the form “demo”", "We lose leads.", "Offered to Elin", "Because it was their turn in field",
        "Johan", "had been given none either", "large accounts", "did not apply", "What happens next",
        "The offer to Elin ends; then somebody else is asked", "within 2 h of working time", "How the time was counted",
    ):  # fmt: skip
        assert words in text, words
    shown = re.sub(r"<[^>]+>", " ", text.partition("<main")[2])
    for ours in ("form.submitted", "hand_over", "handover", "stafett.", "row `", "sig_", "clk_", "not_met", "touched", "sla.", "None"):  # fmt: skip
        assert ours not in shown, ours


async def test_what_others_wrote_is_never_markup(api):
    lead = await lead_of(api, email="x@evil.example", name=HOSTILE, company=HOSTILE, message=HOSTILE, **{HOSTILE: "1"})
    async with signed_in(api, "maja") as browser:
        for path in ("/", "/?wall=1", f"/leads/{lead['id']}", f"/?owner={HOSTILE}&queue={HOSTILE}"):
            text = await read(browser, path)
            assert "<img src=x" not in text
        text = await read(browser, f"/leads/{lead['id']}")
        assert "&#34;&#39;&amp;" in text, "what the parser leaves of it is shown as it was written"


async def test_an_open_board_asks_for_itself_without_what_is_around_it_and_everybody_gets_their_own(api):
    await lead_of(api, email="anna@nordhamn.example")
    async with (
        signed_in(api, "maja") as maja,
        signed_in(api, "johan") as johan,
        signed_in(api, "maja", "sv") as swedish,
    ):
        for view in ("/", "/?wall=1"):
            whole = await read(maja, view)
            section = (await maja.get(view, hx_request="true")).text
            assert section.lstrip().startswith("<section") and "<html" not in section and "csrf" not in section
            assert section.strip().partition("data-now")[2][16:] in whole, "the same as in the page"
            assert "Vem väntar nu" in (await swedish.get(view, hx_request="true")).text
        assert "Anna Ek" in (await maja.get("/", hx_request="true")).text
        assert "Anna Ek" not in (await johan.get("/", hx_request="true")).text


async def test_filters_stand_in_the_address_and_nobody_waits_where_nobody_does(api):
    lead = await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "maja") as browser:
        assert lead["id"] in await read(browser, "/?owner=elin&stage=hand_over&promise=answer")
        for query in ("owner=johan", "owner=-", "stage=deal", "due=overdue", "queue=hand_over/field"):
            text = await read(browser, f"/?{query}")
            assert lead["id"] not in text and "Nobody waits in this view." in text, query
        assert 'value="elin" selected' in await read(browser, "/?owner=elin")


async def test_a_wall_names_no_person(api):
    await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "maja") as browser:
        text = await read(browser, "/?wall=1")
    assert "Nordhamn AB" in text and "Anna" not in text and "nordhamn.example" not in text


async def test_a_salesperson_sees_their_own_leads_and_marketing_no_notes(api):
    lead = await lead_of(api, email="anna@nordhamn.example")
    fact = {"fact": "follow_up", "email": "anna@nordhamn.example", "id": "f1", "activity_type": "call"}
    await api.fact(**fact, fields={"note": "Secretly wants a discount"})
    await api.settled()
    async with signed_in(api, "elin") as owner, signed_in(api, "johan") as other, signed_in(api, "lena") as marketing:
        assert lead["id"] in await read(owner) and "discount" in await read(owner, f"/leads/{lead['id']}")
        assert lead["id"] not in await read(other)
        for path in (f"/leads/{lead['id']}", "/leads/lead_aaaaaaaaaaaaaaaaaaaaaaaaaa", "/leads/x"):
            answer = await other.get(path)
            assert answer.status_code == 404 and "not yours to see" in answer.text
        text = await read(marketing, f"/leads/{lead['id']}")
        assert "discount" not in text and "is for salespeople" in text
        assert 'action="/leads/' not in text.partition('class="actions"')[0]
        assert "Accept" not in re.sub(r"<[^>]+>", "", text.partition('class="actions"')[2].partition("</section>")[0])


async def ask(browser, lead, action, **fields):
    text = await read(browser, f"/leads/{lead['id']}")
    csrf = re.search(r'name="csrf" value="([\w-]+)"', text)[1]
    found = re.search(rf'action="/leads/{lead["id"]}/{action}".*?name="once" value="([\w-]+)"', text, re.DOTALL)
    once = found[1] if found else "made-up"
    return await browser.post(f"/leads/{lead['id']}/{action}", csrf=csrf, data={"once": once, **fields})


async def test_each_action_is_a_command_under_ones_own_right(api):
    lead = await lead_of(api, email="anna@nordhamn.example")

    async def state():
        await api.settled()
        return await api.get(f"/v1/leads/{lead['id']}")

    async with signed_in(api, "elin") as elin, signed_in(api, "maja") as maja:
        answer = await ask(elin, lead, "accept")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/leads/{lead['id']}?done=accept")
        assert "Now follow up" in await read(elin, answer.headers["location"])
        assert (await state())["handover"]["accepted_at"] is not None
        assert (await ask(maja, lead, "assign", person="johan", reason="knows them")).status_code == 303
        assert (await state())["owner"] == "johan"
        assert (await elin.get(f"/leads/{lead['id']}")).status_code == 404, "it is not hers any more"
        assert (await ask(maja, lead, "claim")).status_code == 303
        assert (await state())["owner"] == "maja"
        assert (await ask(maja, lead, "hold", until="2099-01-01", reason="on leave")).status_code in (303, 409)
        assert (await ask(maja, lead, "reject", reason="wrong timing")).status_code == 303
        assert (await state())["stage"] == "nurturing"
        assert (await ask(maja, lead, "disposition", disposition="spam", reason="a robot")).status_code == 303
        assert (await state())["disposition"] == "spam"
        story = await read(maja, f"/leads/{lead['id']}")
    for line in ("Elin accepted the lead", "Maja gave the lead to Johan", "Maja gave the lead back: wrong timing"):
        assert line in story, line


async def test_what_cannot_be_done_is_said_in_words_and_nothing_is_done(api):
    lead = await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "maja") as maja:
        for action, fields, words in (
            ("reject", {}, "Something is missing"),
            ("reject", {"reason": "not qualified"}, "say which criterion"),
            ("hold", {"until": "tomorrow", "reason": "x"}, "That is no day"),
            ("assign", {"person": "nobody-here", "reason": "x"}, "That cannot be done now"),
            ("assign", {"person": "johan", "reason": "x" * 301}, "Something is missing"),
        ):
            answer = await ask(maja, lead, action, **fields)
            assert answer.status_code == 409 and words in answer.text, (action, fields)
        assert (await ask(maja, lead, "merge")).status_code == 404, "no such button"
        text = await read(maja, f"/leads/{lead['id']}")
        csrf = re.search(r'name="csrf" value="([\w-]+)"', text)[1]
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = await maja.post(f"/leads/{lead['id']}/claim", csrf=csrf, **headers)
            assert answer.status_code == 403
        assert (await maja.post(f"/leads/{lead['id']}/claim", csrf="wrong")).status_code == 403
    await api.settled()
    assert (await api.get(f"/v1/leads/{lead['id']}"))["owner"] == "elin"


async def test_what_is_refused_is_said_in_the_readers_language(api):
    lead = await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "elin", "sv") as elin, signed_in(api, "maja", "sv") as maja:
        answer = await ask(elin, lead, "assign", person="johan", reason="kan branschen")
        assert answer.status_code == 409 and "bara dessa får begära det: Chef" in answer.text
        answer = await ask(maja, lead, "assign", person="nobody-here", reason="kan branschen")
        assert "finns inte bland dem som arbetar här" in answer.text and "roster" not in answer.text


async def test_the_same_form_sent_twice_asks_once(api):
    lead = await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "maja") as maja:
        text = await read(maja, f"/leads/{lead['id']}")
        csrf = re.search(r'name="csrf" value="([\w-]+)"', text)[1]
        for _ in range(2):
            data = {"once": "assign-1", "person": "johan", "reason": "knows them"}
            assert (await maja.post(f"/leads/{lead['id']}/assign", csrf=csrf, data=data)).status_code == 303
        await api.settled()
        assert (await read(maja, f"/leads/{lead['id']}")).count("Maja gave the lead to Johan") == 1


async def test_pages_run_only_files_of_ours_keep_nothing_and_are_small(api):
    await asyncio.gather(*(api.form(form_id="demo", email=f"p{n}@kund.example", name=f"Person {n}") for n in range(60)))
    lead = await lead_of(api, email="anna@nordhamn.example")
    async with signed_in(api, "maja") as browser:
        for path in ("/", f"/leads/{lead['id']}", "/people", "/people/elin"):
            answer = await browser.get(path)
            policy = answer.headers["content-security-policy"]
            assert all(part in policy for part in STRICT) and "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            text = answer.text
            assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:|https?://", text.replace("http://www.w3.org", "")), path  # fmt: skip
            sizes = {"page": len(gzip.compress(text.encode()))}
            for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', text):
                file = await browser.client.get(name, headers={"accept-encoding": "gzip"})
                assert file.status_code == 200 and "immutable" in file.headers["cache-control"]
                sizes[name] = int(file.headers["content-length"])
            assert len(sizes) >= 5 and sum(sizes.values()) < 100_000, sizes
        for name in ("/assets/0000/console.css", "/assets/x/../../app.py"):
            assert (await browser.get(name)).status_code == 404


async def test_open_pages_are_told_news_by_position_and_strangers_nothing(api):
    async with signed_in(api, "maja") as browser:
        head = re.search(r"/live\?from=(\d+)", await read(browser))[1]
        events = asyncio.create_task(first_news(browser, f"/live?from={head}"))
        await lead_of(api, email="anna@nordhamn.example")
        assert int((await events)["id"]) > int(head)
        again = await first_news(browser, f"/live?from={head}", {"last-event-id": "0"})
        assert again["event"] == "news" and again["data"] == again["id"]
    stranger = Browser(api.app)
    assert (await stranger.get("/live?from=0")).status_code == 401
    await stranger.close()


async def first_news(browser, path, headers=None):
    """The first event of the stream that is no ping. A transport in this process hands a stream over at its end, so it is read as the
    application sends it."""
    request = browser.client.build_request("GET", path, headers=headers)
    app = browser.client._transport.app
    found, told, gone = {}, asyncio.Event(), asyncio.Event()

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        for line in message.get("body", b"").decode().splitlines():
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                found[name] = value
        if "data" in found:
            told.set()

    scope = {
        "type": "http", "method": "GET", "path": request.url.path, "raw_path": request.url.raw_path, "query_string": request.url.query,
        "headers": [(k.lower(), v) for k, v in request.headers.raw], "scheme": "http", "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 50000), "http_version": "1.1", "asgi": {"version": "3.0"}, "root_path": "",
    }  # fmt: skip
    serving = asyncio.create_task(app(scope, receive, send))
    async with asyncio.timeout(30):
        await told.wait()
    gone.set()
    await serving
    return found
