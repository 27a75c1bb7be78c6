"""Signing in with a real Keycloak: `make keycloak`. What a careless or a forging provider does is in tests/e2e/test_provider_sign_in.py."""

import asyncio
import itertools
import time
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from tests.api import installed
from tests.page import Browser
from tests.parts.keycloak import CLIENT, PEOPLE, SECRET, Keycloak
from tests.setups import EXAMPLES

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLACE = "https://leads.example.com"
ROSTER = (
    (EXAMPLES / "roster.yaml")
    .read_text()
    .replace('hubspot: "70301"}', f"oidc: {PEOPLE['maja'][0]}}}")
    .replace("roles: [marketing]", "roles: [marketing]\n    notify: {email: lena@example.com}")
    .replace('hubspot: "70103"}', 'hubspot: "70103"}\n    notify: {email: karin@example.com}')
)
_ADDRESSES = itertools.count(1)


@pytest.fixture(scope="module")
def keycloak():
    part = Keycloak(f"{PLACE}/sign-in/callback")
    try:
        yield part.start()
    finally:
        part.close()


@asynccontextmanager
async def page_at(folder, keycloak, **more):
    secrets = {
        "STAFETT_HTTP_PUBLIC_URL": PLACE,
        "STAFETT_OIDC_ISSUER": keycloak.issuer,
        "STAFETT_OIDC_CLIENT_ID": CLIENT,
        "STAFETT_OIDC_CLIENT_SECRET": SECRET,
        "STAFETT_OIDC_ALLOW_PRIVATE": "true",
        "STAFETT_OIDC_ROLES_CLAIM": "realm_access.roles",
        "STAFETT_OIDC_ROLE_NAMES": "sales-lead=manager",
        **more,
    }
    async with installed(folder, roles=(), files={"roster.yaml": ROSTER}, secrets=secrets) as api:
        yield api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory, keycloak):
    async with page_at(tmp_path_factory.mktemp("page"), keycloak) as made:
        yield made


@asynccontextmanager
async def browser_at(api):
    browser = Browser(api.app, place=PLACE, peer=f"203.0.113.{next(_ADDRESSES)}")
    try:
        yield browser
    finally:
        await browser.close()


async def come_back(browser, keycloak, login):
    """The path on our page to which Keycloak sends whoever typed their password."""
    there = await browser.get("/sign-in/start")
    assert there.status_code == 303, there.text
    back = await asyncio.to_thread(keycloak.sign_in, there.headers["location"], login)
    assert back.startswith(f"{PLACE}/sign-in/callback?"), back[:2000]
    return back.removeprefix(PLACE)


async def test_a_manager_signs_in_with_the_roles_that_both_give(api, keycloak):
    async with browser_at(api) as browser:
        answer = await browser.get(await come_back(browser, keycloak, "maja"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        page = (await browser.get("/me")).text
        assert "signed in as maja." in page and "<h1>Maja Ek</h1>" in page and "Roles: Manager<" in page


async def test_a_verified_address_is_enough_and_one_that_is_not_is_nothing(api, keycloak):
    async with browser_at(api) as lena, browser_at(api) as karin, browser_at(api) as stranger:
        assert (await lena.get(await come_back(lena, keycloak, "lena"))).status_code == 303
        assert "Roles: Marketing<" in (await lena.get("/me")).text
        for browser, login in ((karin, "karin"), (stranger, "stranger")):
            refused = await browser.get(await come_back(browser, keycloak, login))
            assert refused.status_code == 403 and "not in the list of people" in refused.text
            assert (await browser.get("/me")).status_code == 401


async def test_a_wrong_password_brings_nobody_back(api, keycloak):
    async with browser_at(api) as browser:
        there = await browser.get("/sign-in/start")
        page = await asyncio.to_thread(keycloak.sign_in, there.headers["location"], "maja", "wrong")
        assert "Invalid username or password" in page


async def test_a_replayed_callback_is_answered_400(api, keycloak):
    async with browser_at(api) as browser:
        back = await come_back(browser, keycloak, "maja")
        attempt = browser.client.cookies["__Host-stafett-sign-in"]
        assert (await browser.get(back)).status_code == 303
        assert (await browser.get(back)).status_code == 400
        browser.client.cookies.set("__Host-stafett-sign-in", attempt, domain="leads.example.com")
        assert (await browser.get(back)).status_code == 400, "Keycloak takes no code twice"


async def test_a_code_of_another_attempt_is_refused(api, keycloak):
    async with browser_at(api) as thief, browser_at(api) as victim:
        stolen = parse_qs(urlsplit(await come_back(thief, keycloak, "maja")).query)["code"][0]
        own = urlsplit(await come_back(victim, keycloak, "maja"))
        query = {name: values[0] for name, values in parse_qs(own.query).items()} | {"code": stolen}
        assert (await victim.client.get(own.path, params=query)).status_code == 400


async def test_a_session_expires(tmp_path, keycloak):
    short = {"STAFETT_SESSION_IDLE": "2s", "STAFETT_SESSION_LIFETIME": "2s"}
    async with page_at(tmp_path, keycloak, **short) as api, browser_at(api) as browser:
        assert (await browser.get(await come_back(browser, keycloak, "maja"))).status_code == 303
        until = time.monotonic() + 60
        while (await browser.get("/me")).status_code != 401:
            assert time.monotonic() < until
            await asyncio.sleep(0.2)


async def test_signing_out_ends_the_session_and_leads_to_keycloaks_own_end(api, keycloak):
    async with browser_at(api) as browser:
        await browser.get(await come_back(browser, keycloak, "maja"))
        gone = await browser.post("/sign-out", csrf=await browser.csrf())
        page = (await browser.follow(gone)).text
        assert (await browser.get("/me")).status_code == 401
        end = page.split(f'href="{keycloak.issuer}')[1].split('"')[0]
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            assert "Do you want to log out?" in (await client.get(f"{keycloak.issuer}{end}")).text
