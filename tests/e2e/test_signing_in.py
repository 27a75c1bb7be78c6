"""Signing in by a one-time link, as browsers and as strangers do it."""

import logging
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import pytest_asyncio

from services.bootstrap.page import new_link, sessions_of
from services.console.signing_in.sessions import digest_of
from tests.api import installed
from tests.page import PLACE, Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory):
    async with installed(tmp_path_factory.mktemp("page"), roles=()) as made:
        yield made


@asynccontextmanager
async def browser_at(api, **more):
    browser = Browser(api.app, **more)
    try:
        yield browser
    finally:
        await browser.close()


async def signed_in(api, browser, person=None):
    _, path = await new_link(api.parts, person)
    answer = await browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return path


async def test_a_stranger_is_asked_to_sign_in_in_their_language_and_a_program_is_told_a_problem(api):
    async with browser_at(api, language="sv") as browser:
        answer = await browser.get("/leads/lead_x?tab=clocks")
        assert answer.status_code == 401 and "Logga in" in answer.text and '<html lang="sv">' in answer.text
        assert 'href="/sign-in?next=%2Fleads%2Flead_x%3Ftab%3Dclocks"' in answer.text
        plain = await browser.get("/", accept="application/json")
        assert plain.status_code == 401 and plain.json()["type"] == "urn:stafett:problem:no_session"
        fragment = await browser.get("/now", hx_request="true")
        assert fragment.headers["hx-redirect"] == "/sign-in"


async def test_a_link_signs_the_first_manager_in_once(api):
    async with browser_at(api) as browser, browser_at(api) as other:
        path = await signed_in(api, browser)
        page = await browser.get("/me")
        assert page.status_code == 200 and "You are signed in as maja." in page.text and "Manager, Sales" in page.text
        again = await other.get(path)
        assert again.status_code == 403 and "stafett link" in again.text
        assert (await other.get("/me")).status_code == 401


async def test_a_link_is_not_used_up_by_a_program_that_looks_at_it(api):
    async with browser_at(api) as browser:
        _, path = await new_link(api.parts, "elin")
        assert (await browser.client.head(path)).status_code == 405
        embedded = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"}
        assert (await browser.get(path, **embedded)).status_code == 403
        assert (await browser.get(path)).status_code == 303


async def test_a_link_expires(api):
    async with browser_at(api) as browser:
        _, path = await new_link(api.parts, None)
        later = api.parts.now() + timedelta(minutes=16)
        store = api.parts.sessions
        assert await store.use_link(digest_of(path.rpartition("/")[2]), later) is None
        assert (await browser.get(path)).status_code == 403


async def test_who_left_the_roster_is_signed_out_and_signs_in_no_more(api):
    async with browser_at(api) as browser:
        await signed_in(api, browser, "anders")
        _, path = await new_link(api.parts, "anders")
        async with api.parts.store.batch() as batch:
            await batch.put_roster_changes('[{"change": "left", "at": "2026-01-01T00:00:00Z", "person": "anders"}]')
        assert (await browser.get("/me")).status_code == 401
        refused = await browser.get(path)
        assert refused.status_code == 403 and "not in the list" in refused.text


async def test_every_answer_is_kept_by_nobody_framed_by_nobody_and_runs_nothing_of_others(api):
    async with browser_at(api) as browser:
        stranger = await browser.get("/")
        await signed_in(api, browser)
        for answer in (
            stranger,
            await browser.get("/me"),
            await browser.get("/nowhere"),
            await browser.get("/sign-in"),
        ):
            headers = answer.headers
            assert headers["cache-control"] == "no-store" and headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "same-origin" and headers["x-content-type-options"] == "nosniff"
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy and "http" not in policy


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(api):
    async with browser_at(api) as browser:
        _, path = await new_link(api.parts, None)
        cookie = (await browser.get(path)).headers["set-cookie"].lower()
        assert cookie.startswith("stafett=") and "; httponly" in cookie and "; samesite=lax" in cookie
        assert "; path=/" in cookie and "domain" not in cookie


async def test_signing_out_ends_the_session_and_not_only_the_cookie(api):
    async with browser_at(api) as browser:
        await signed_in(api, browser)
        secret = browser.client.cookies["stafett"]
        gone = await browser.post("/sign-out", csrf=await browser.csrf())
        assert "signed out" in (await browser.follow(gone)).text
        assert "stafett" not in browser.client.cookies
        browser.client.cookies.set("stafett", secret)
        assert (await browser.get("/me")).status_code == 401


async def test_signing_out_everywhere_ends_the_sessions_of_all_browsers(api):
    async with browser_at(api) as one, browser_at(api) as two, browser_at(api) as elins:
        await signed_in(api, one)
        await signed_in(api, two)
        await signed_in(api, elins, "elin")
        assert (await one.post("/sign-out/everywhere", csrf=await one.csrf())).status_code == 303
        assert (await two.get("/me")).status_code == 401
        assert (await elins.get("/me")).status_code == 200


async def test_a_sign_in_begins_a_new_session_and_ends_the_one_that_the_browser_had(api):
    async with browser_at(api) as browser:
        browser.client.cookies.set("stafett", "chosen-by-somebody-else")
        await signed_in(api, browser)
        first = browser.client.cookies.get("stafett", domain="127.0.0.1")
        assert first != "chosen-by-somebody-else"
        browser.client.cookies.clear()
        browser.client.cookies.set("stafett", first)
        await signed_in(api, browser, "elin")
        assert await sessions_of(api.parts).find(first) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "null", "sec_fetch_site": None},
        {"origin": None, "sec_fetch_site": None},
        {"origin": "http://127.0.0.1:9090", "sec_fetch_site": "same-site"},
        {"origin": None, "sec_fetch_site": "none"},
    ],
)
async def test_nothing_is_done_that_another_site_asks_for_even_with_the_token(api, headers):
    async with browser_at(api) as browser:
        await signed_in(api, browser)
        refused = await browser.post("/sign-out", csrf=await browser.csrf(), **headers)
        assert refused.status_code == 403 and (await browser.get("/me")).status_code == 200


async def test_nothing_is_done_without_the_sessions_own_token(api):
    async with browser_at(api) as browser, browser_at(api) as other:
        await signed_in(api, browser)
        await signed_in(api, other, "elin")
        of_another = await other.csrf()
        assert of_another != await browser.csrf()
        for sent in (None, "", of_another):
            assert (await browser.post("/sign-out", csrf=sent)).status_code == 403
        assert (await browser.post("/sign-out", x_csrf_token=of_another)).status_code == 403
        too_much = await browser.post("/sign-out", data={"reason": "x" * 70_000}, csrf=await browser.csrf())
        assert too_much.status_code == 413
        assert (await browser.post("/sign-out", x_csrf_token=await browser.csrf())).status_code == 303


@pytest.mark.parametrize(
    "place", ["http://evil.example:8080", "http://stafett.evil.example", "http://127.0.0.1.nip.io"]
)
async def test_a_name_of_the_internet_that_leads_to_this_machine_is_refused(api, place):
    async with browser_at(api, place=place) as browser:
        _, path = await new_link(api.parts, None)
        assert (await browser.get(path)).status_code == 403


@pytest.mark.parametrize("place", [PLACE, "http://localhost:8080", "http://[::1]:8080", "http://localhost"])
async def test_the_names_of_this_machine_are_not(api, place):
    async with browser_at(api, place=place) as browser:
        await signed_in(api, browser)
        assert (await browser.get("/me")).status_code == 200


async def test_a_proxy_gives_the_page_of_this_machine_to_nobody(api):
    async with browser_at(api) as browser:
        _, path = await new_link(api.parts, None)
        assert (await browser.get(path, x_forwarded_for="203.0.113.7")).status_code == 403


async def test_programs_paths_are_answered_as_ever_beside_the_page(api):
    async with browser_at(api) as browser:
        assert (await browser.get("/healthz")).json() == {"status": "ok"}
        for path in ("/v1/leads", "/v1/nothing"):
            answer = await browser.get(path)
            assert answer.headers["content-type"] == "application/problem+json", path


async def test_no_log_line_has_a_link_or_a_cookie(api, caplog):
    caplog.set_level(logging.DEBUG)
    async with browser_at(api) as browser:
        path = await signed_in(api, browser)
        await browser.get("/me")
        secrets = (path.rpartition("/")[2], browser.client.cookies["stafett"], await browser.csrf())
        ours = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("stafett"))
        assert not [secret for secret in secrets if secret in ours]
