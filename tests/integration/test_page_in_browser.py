"""The page in a real Chromium, on a real server: every screen in both languages, narrow and wide, by keyboard alone, live, and with
nothing that keeps people from using it. One browser and one installation for all."""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect

from services.console.navigation import SCREENS as NAVIGATION
from tests.page_server import PageServer, first_news
from tests.parts.browser import FLAGS, axe, chromium
from tests.setups import EXAMPLES

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
SHOTS = os.environ.get("STAFETT_SCREENSHOTS")
"""A folder to write pictures into: `make screenshots`."""
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
SCREENS = {
    "now": "/",
    "wall": "/?wall=1",
    "lead": "/leads/{lead}",
    "people": "/people",
    "person": "/people/elin",
    "flow": "/flow",
    "flow-leads": "/flow/leads?kind=in&of=*",
    "agreement": "/agreement",
    "plumbing": "/plumbing",
    "forum": "/forum?week={week}&known=2100-01-01T00:00:00Z",
    "behind": "/forum/behind?week={week}&known=2100-01-01T00:00:00Z&at=leads_in.by_week.7.0",
}
STILL = {"agreement", "forum", "behind", "flow-leads"}
"""Those that follow nothing: a report is of a moment."""
PATIENCE = 20_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory):
    found = chromium()
    async with async_playwright() as playwright, PageServer(tmp_path_factory.mktemp("page")) as server:
        browser = await playwright.chromium.launch(executable_path=found.path, env=found.env, args=FLAGS)
        try:
            yield World(browser, server)
        finally:
            await browser.close()


class World:
    def __init__(self, browser, server):
        self.browser, self.server = browser, server

    async def page(self, person="maja", language="en", size="wide", **more):
        """A page of somebody who is signed in; whatever it says on its console is kept in `said`."""
        width, height = SIZES[size]
        context = await self.browser.new_context(
            locale={"en": "en-GB", "sv": "sv-SE"}[language], viewport={"width": width, "height": height}, **more
        )
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        page.said = []
        page.on(
            "console", lambda message: page.said.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: page.said.append(str(error)))
        await page.goto(await self.server.link(person))
        return page

    def path(self, screen):
        week = f"{datetime.now(ZoneInfo('Europe/Stockholm')):%G-W%V}"
        return self.server.url + SCREENS[screen].format(lead=self.server.leads["anna"], week=week)


async def is_live(page):
    await expect(page.locator("body.live")).to_have_count(1, timeout=PATIENCE)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "sv"])
async def test_every_screen_is_whole_and_open_to_everybody(world, language, size):
    page = await world.page(language=language, size=size)
    script = axe()
    for screen in SCREENS:
        await page.goto(world.path(screen))
        assert await page.locator("html").get_attribute("lang") == language
        if screen not in STILL:
            await is_live(page)
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{screen} is wider than its window by {wide}"
        for details in await page.query_selector_all("main details"):
            await details.evaluate("place => { place.open = true }")
        # Its own context is no page's: the policy holds for what pages bring, not for who looks at them.
        await page.evaluate(script)
        found = await page.evaluate(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        broken = [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found["violations"]]
        assert broken == [], f"{screen}: {broken}"
        assert len(found["passes"]) > 15, "it was looked at"
        await picture(page, f"{screen}-{language}-{size}")
    assert page.said == []
    await page.context.close()


async def picture(page, name):
    if SHOTS:
        for details in await page.query_selector_all("main details"):
            await details.evaluate("place => { place.open = false }")
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def test_dark_mode_is_open_to_everybody_too(world):
    page = await world.page(color_scheme="dark", reduced_motion="reduce")
    for screen in ("now", "lead", "forum"):
        await page.goto(world.path(screen))
        if screen not in STILL:
            await is_live(page)
        await page.evaluate(axe())
        found = await page.evaluate("axe.run({runOnly: ['color-contrast']})")
        assert found["violations"] == [], screen
        await picture(page, f"{screen}-dark")
    await page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_report_that_people_take_away_is_open_to_everybody(world, scheme, tmp_path):
    page = await world.page(color_scheme=scheme)
    await page.goto(world.path("forum"))
    async with page.expect_download() as download:
        await page.get_by_role("link", name="HTML").click()
    await (await download.value).save_as(tmp_path / "forum.html")
    await page.goto(f"file://{tmp_path}/forum.html")
    await page.evaluate(axe())
    found = await page.evaluate("axe.run()")
    broken = [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found["violations"]]
    assert broken == [] and len(found["passes"]) > 15
    await page.context.close()


async def test_an_action_point_is_entered_and_closed_by_keyboard_alone(world):
    page = await world.page(language="sv")
    await page.goto(world.server.url + "/forum")
    await tab_to(page, "Kom överens om något")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Ring Cia igen")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Elin")
    await page.get_by_label("Till när").fill("2099-12-24")
    await page.get_by_label("Till när").focus()
    await tab_to(page, "Kom överens")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("nästa rapport frågar efter det")
    await tab_to(page, "Hur gick det?")
    await page.keyboard.press("Enter")
    await tab_to(page, "Avsluta")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("antecknat hur det gick")
    assert page.said == []
    await page.context.close()


async def test_a_webhook_is_on_every_open_page_within_a_second(world):
    now, lead = await world.page(), await world.page(person="elin", language="sv")
    await now.goto(world.path("now"))
    await lead.goto(world.path("lead"))
    await is_live(now)
    await is_live(lead)
    await now.evaluate(
        """() => { window.seen = new Promise(done => new MutationObserver(() => {
            if (document.body.textContent.includes('Lena Live')) done(Date.now()); }).observe(document.body, {childList: true, subtree: true})) }"""
    )
    sent = await now.evaluate("Date.now()")
    await world.server.form(email="lena@live.example", name="Lena Live", form_id="demo")
    took = await now.evaluate("window.seen") - sent
    print(f"a webhook was on an open page after {took:.0f} ms")
    assert took < PATIENCE
    await world.server.fact(fact="accepted", email="anna@nordhamn.example", id="acc-1")
    await expect(lead.get_by_text("Elin tog sig an det").first).to_be_visible(timeout=PATIENCE)
    for page in (now, lead):
        assert page.said == []
        await page.context.close()


async def test_the_countdown_runs_by_the_clock_of_the_server(world):
    page = await world.page()
    await page.clock.install(time="2031-01-01T00:00:00Z")
    await page.goto(world.path("now"))
    first = page.locator("[data-due]").first
    before = await first.text_content()
    assert "left" in before and "late" not in before, "the browser's clock is years ahead and does not matter"
    due = int(await first.get_attribute("data-due"))
    stamp = int(await page.locator("[data-now]").get_attribute("data-now"))
    await page.clock.run_for(due - stamp - 30_000)
    assert "s left" in await first.text_content()
    await expect(page.locator("tr.soon").first).to_be_visible()
    await page.clock.run_for(60_000)
    assert await first.text_content() == "30 s late" or "s late" in await first.text_content()
    await expect(page.locator("tr.overdue").first).to_be_visible()
    await page.context.close()


async def test_everything_can_be_done_by_keyboard(world):
    page = await world.page()
    await page.goto(world.path("now"))
    await page.keyboard.press("Tab")
    assert await focus(page) == "To the content"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
    await tab_to(page, "Show only some")
    await page.keyboard.press("Enter")
    await tab_to(page, "Bo Lind")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Bo Lind")).to_be_visible()
    await tab_to(page, "Give to")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Karin")
    await page.keyboard.press("Tab")
    await page.keyboard.type("speaks their trade")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("the new owner is told")
    await expect(page.get_by_text("Maja gave the lead to Karin")).to_be_visible(timeout=PATIENCE)
    assert page.said == []
    await page.context.close()


REACH = """() => { window.reached = new Map(); document.addEventListener('focusin', event => {
    const style = getComputedStyle(event.target);
    window.reached.set(event.target, style.outlineStyle !== 'none' && style.outlineWidth !== '0px'); }); }"""
LEFT_OUT = """() => [...document.querySelectorAll('a[href], button, select, textarea, summary, input:not([type=hidden])')]
    .filter(place => place.checkVisibility() && !place.disabled && !window.reached.get(place))
    .map(place => `${window.reached.has(place) ? 'nobody sees the focus of' : 'no way to'} ${place.outerHTML.slice(0, 120)}`)"""


async def test_everything_of_every_screen_is_reached_and_seen_by_keyboard(world):
    page = await world.page()
    for screen in SCREENS:
        await page.goto(world.path(screen))
        for details in await page.query_selector_all("main details"):
            await details.evaluate("place => { place.open = true }")
        await page.evaluate(REACH)
        # More than there are places: what scrolls has the focus too.
        for _ in range(2 * await page.locator("a, button, select, textarea, summary, input").count()):
            await page.keyboard.press("Tab")
        assert await page.evaluate(LEFT_OUT) == [], screen
    await page.context.close()


async def test_every_screen_of_the_navigation_is_looked_at():
    assert {screen.path for screen in NAVIGATION} <= {urlsplit(path).path for path in SCREENS.values()}


async def focus(page):
    return " ".join(
        (await page.evaluate("document.activeElement.innerText || document.activeElement.value || ''")).split()
    )


async def tab_to(page, text):
    for _ in range(80):
        await page.keyboard.press("Tab")
        if text in await focus(page):
            shown = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert shown != "none", f"nobody sees that {text} has the focus"
            return
    raise AssertionError(f"no way to {text} by keyboard")


async def test_people_follow_what_happens_and_say_by_keyboard_that_they_are_away(world):
    page, other = await world.page(), await world.page(person="lena")
    await page.goto(f"{world.server.url}/people")
    await is_live(page)
    count = "[...document.querySelectorAll('#people tbody td.number:nth-of-type(2) a')].reduce((sum, one) => sum + Number(one.lastChild.textContent), 0)"
    before = await page.evaluate(count)
    await world.server.form(email="kim@people.example", name="Kim Ny", form_id="demo")
    async with asyncio.timeout(PATIENCE / 1000):
        while await page.evaluate(count) <= before:
            await asyncio.sleep(0.1)
    await other.goto(f"{world.server.url}/people/lena")
    await tab_to(other, "I will be away")
    await other.keyboard.press("Enter")
    await tab_to(other, "Say so")
    await other.keyboard.press("Enter")
    await expect(other.get_by_role("status")).to_contain_text("nobody new is given to them")
    await expect(other.get_by_text("away, nobody knows until when")).to_be_visible()
    await tab_to(other, "I am back")
    await other.keyboard.press("Enter")
    await expect(other.get_by_role("status")).to_contain_text("they are back")
    for one in (page, other):
        assert one.said == []
        await one.context.close()


async def test_a_new_version_is_pasted_and_approved(world):
    page = await world.page()
    await page.goto(f"{world.server.url}/agreement")
    await page.get_by_text("Look at a new version").click()
    example = (EXAMPLES / "agreement.yaml").read_text()
    await page.locator("textarea").fill(example.replace("target: 24h elapsed", "target: 8h elapsed"))
    await page.get_by_role("button", name="Show it").click()
    await expect(page.get_by_text("Call or write: within 8 h, from the hand-over on.").first).to_be_visible()
    await page.evaluate(axe())
    found = await page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    assert [one["id"] for one in found["violations"]] == []
    await picture(page, "proposal")
    await page.locator("select[name=side]").select_option("marketing")
    await page.get_by_role("button", name="Approve it").click()
    await expect(page.get_by_role("status")).to_contain_text("you approved it")
    await expect(page.get_by_text("Maja approved for marketing")).to_be_visible()
    assert page.said == []
    await page.context.close()


async def test_without_scripts_everything_is_there(world):
    page = await world.page(java_script_enabled=False)
    await page.goto(world.path("now"))
    await expect(page.get_by_text("Anna Ek")).to_be_visible()
    await page.get_by_text("Show only some").click()
    await page.locator("select[name=owner]").select_option("johan")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.get_by_text("Anna Ek")).to_have_count(0)
    assert "owner=johan" in page.url
    await page.context.close()


async def test_fifty_pages_follow_two_hundred_who_wait(world):
    """Over the lines that pages listen to, without fifty windows."""
    server = world.server
    client, head = await server.listener("maja"), await server.api.parts.reading.head()
    waits = [asyncio.create_task(first_news(client, head)) for _ in range(50)]
    await server.fill(200)
    assert all(position > head for position in await asyncio.gather(*waits))
    await client.aclose()


SEE = """name => { window.seen = new Promise(done => new MutationObserver(() => {
    if (document.body.innerText.includes(name)) done(Date.now()); }).observe(document.body, {childList: true, subtree: true, characterData: true})) }"""
"""When somebody who looks at the page first sees a name."""


async def test_a_webhook_is_seen_within_a_second_where_two_hundred_wait(world):
    """From the moment at which it is posted until its row is shown, in a view of few of those who wait."""
    await world.server.fill(200)
    page = await world.page()
    await page.goto(f"{world.server.url}/?stage=qualification")
    await is_live(page)
    delays = []
    for number in range(5):
        await page.wait_for_timeout(1500)
        await page.evaluate(SEE, f"Sven Snabb {number}")
        sent = await page.evaluate("Date.now()")
        person = {"email": f"s{number}@snabb{number}.example", "name": f"Sven Snabb {number}"}
        await world.server.form(form_id="newsletter", **person)
        delays.append(await asyncio.wait_for(page.evaluate("window.seen"), 30) - sent)
    print("seen after", ", ".join(f"{delay:.0f} ms" for delay in delays))
    assert sorted(delays)[2] <= 1000, delays
    assert page.said == []
    await page.context.close()


@pytest.mark.parametrize("trouble", ["an error", "no answer"])
async def test_a_board_that_could_not_be_asked_for_stays_says_so_and_is_asked_for_again(world, trouble):
    page = await world.page()
    await page.goto(f"{world.server.url}/?stage=qualification")
    await is_live(page)
    rows = await page.locator("table.board tbody tr").count()
    refused = []

    async def refuse(route):
        if route.request.headers.get("hx-request") != "true" or refused:
            return await route.fallback()
        refused.append(route.request.url)
        if trouble == "an error":
            return await route.fulfill(status=503, content_type="text/html", body="<h1>That did not work</h1>")
        return await route.abort()

    await page.route("**/*", refuse)
    name = f"Rut {'Fel' if trouble == 'an error' else 'Tyst'}"
    await page.evaluate(SEE, name)
    await world.server.form(form_id="newsletter", email=f"rut@{name[4:].lower()}.example", name=name)
    await expect(page.locator("body.live")).to_have_count(0, timeout=PATIENCE)
    assert await page.locator("table.board tbody tr").count() >= rows > 0, "what was there is there still"
    await asyncio.wait_for(page.evaluate("window.seen"), 30)
    await is_live(page)
    assert len(refused) == 1
    await page.context.close()


async def test_those_who_wait_are_shown_in_pages(world):
    await world.server.fill(200)
    page = await world.page()
    await page.goto(world.path("now"))
    assert await page.locator("table.board tbody tr").count() == 50
    await page.get_by_role("link", name="Next page").click()
    await expect(page.get_by_role("link", name="First page")).to_be_visible()
    assert await page.locator("table.board tbody tr").count() == 50
    await page.context.close()
