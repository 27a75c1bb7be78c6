"""Signing in with a provider: the whole way by real HTTP and real keys, and what a forger, a thief of answers or a careless provider tries."""

import hmac
import itertools
import json
import logging
import time
from base64 import urlsafe_b64encode
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.api import installed
from tests.page import Browser
from tests.parts.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider
from tests.setups import EXAMPLES

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLACE = "https://leads.example.com"
ROSTER = (
    (EXAMPLES / "roster.yaml")
    .read_text()
    .replace('ids: {pipedrive: "9301", hubspot: "70301"}', 'ids: {pipedrive: "9301", oidc: sub-of-maja}')
    .replace(
        "  - id: lena\n    roles: [marketing]",
        "  - id: lena\n    roles: [marketing]\n    notify: {email: Lena@Example.com}",
    )
    .replace(
        'ids: {pipedrive: "9001", hubspot: "70001"}',
        'ids: {pipedrive: "9001", oidc: sub-of-sara}\n    notify: {email: sara@example.com}',
    )
    .replace('ids: {pipedrive: "9102", hubspot: "70102"}', "notify: {email: sales@example.com}")
    .replace('ids: {pipedrive: "9103", hubspot: "70103"}', "notify: {email: sales@example.com}")
)
_ADDRESSES = itertools.count(1)


@pytest.fixture(scope="module")
def provider_of_module():
    with oidc_provider(f"{PLACE}/sign-in/callback") as running:
        yield running


@pytest.fixture
def provider(provider_of_module: OidcProvider):
    provider_of_module.begin_again()
    return provider_of_module


def settings_for(provider):
    return {
        "STAFETT_HTTP_PUBLIC_URL": PLACE,
        "STAFETT_OIDC_ISSUER": provider.issuer,
        "STAFETT_OIDC_CLIENT_ID": CLIENT,
        "STAFETT_OIDC_CLIENT_SECRET": SECRET,
        "STAFETT_OIDC_ALLOW_PRIVATE": "true",
    }


@asynccontextmanager
async def page_at(folder, provider, **more):
    async with installed(
        folder, roles=(), files={"roster.yaml": ROSTER}, secrets={**settings_for(provider), **more}
    ) as api:
        yield api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory, provider_of_module):
    async with page_at(tmp_path_factory.mktemp("page"), provider_of_module) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(tmp_path, provider):
    """A process that has asked the provider nothing yet."""
    async with page_at(tmp_path, provider) as made:
        yield made


@pytest.fixture(autouse=True)
def well_behaved(provider):
    """Each test begins with a provider that does nothing wrong."""


@asynccontextmanager
async def browser_at(api):
    """Each at an address of its own: sign-ins of one are limited."""
    browser = Browser(api.app, place=PLACE, peer=f"203.0.113.{next(_ADDRESSES) % 250}")
    try:
        yield browser
    finally:
        await browser.close()


async def go_there(browser, path="/sign-in/start"):
    """The address on our page to which the provider sends the browser back."""
    there = await browser.get(path)
    assert there.status_code == 303, there.text
    async with httpx.AsyncClient() as client:
        back = await client.get(there.headers["location"])
    assert back.status_code == 302, back.text
    assert back.headers["location"].startswith(PLACE)
    return back.headers["location"].removeprefix(PLACE)


FROM_PROVIDER = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}


async def sign_in(browser, path="/sign-in/start"):
    return await browser.get(await go_there(browser, path), **FROM_PROVIDER)


async def test_somebody_of_the_roster_signs_in_and_comes_back_to_what_they_looked_at(api):
    async with browser_at(api) as browser:
        asked = await browser.get("/leads/lead_x?tab=clocks")
        ask = await browser.get(asked.text.split('class="button" href="')[1].split('"')[0])
        start = ask.text.split('class="button" href="')[1].split('"')[0]
        answer = await sign_in(browser, start)
        assert (answer.status_code, answer.headers["location"]) == (303, "/leads/lead_x?tab=clocks")
        page = await browser.get("/me")
        assert "You are signed in as maja." in page.text and "Manager, Sales" in page.text


async def test_cookies_are_of_this_host_and_tls_alone_and_the_attempts_is_gone(api):
    async with browser_at(api) as browser:
        started = await browser.get("/sign-in/start")
        answer = await sign_in(browser)
        for cookie in (*started.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")):
            assert cookie.startswith("__Host-stafett") and "Secure" in cookie and "HttpOnly" in cookie, cookie
            assert "Path=/" in cookie and "domain" not in cookie.lower() and "SameSite=lax" in cookie
        assert answer.headers["strict-transport-security"]
        assert list(browser.client.cookies) == ["__Host-stafett"]


async def test_an_answer_of_the_provider_works_once(api):
    async with browser_at(api) as browser:
        started = await browser.get("/sign-in/start")
        assert started.status_code == 303
        back = await go_there(browser)
        attempt = browser.client.cookies["__Host-stafett-sign-in"]
        assert (await browser.get(back)).status_code == 303
        again = await browser.get(back)
        assert again.status_code == 400 and "start again" in again.text
        browser.client.cookies.set("__Host-stafett-sign-in", attempt, domain="leads.example.com")
        assert (await browser.get(back)).status_code == 400, "the code is spent, whoever kept the cookie"


async def test_an_answer_in_another_browser_signs_nobody_in(api):
    async with browser_at(api) as victim, browser_at(api) as thief, browser_at(api) as bystander:
        back = await go_there(thief)
        assert (await bystander.get(back)).status_code == 400
        await go_there(victim)
        assert (await victim.get(back)).status_code == 400
        assert "__Host-stafett" not in victim.client.cookies


@pytest.mark.parametrize(
    "change",
    [
        {"state": "x" * 43}, {"state": ""}, {"iss": "https://evil.example"}, {"iss": ""}, {"code": ""}, {"code": "made-up"},
        {"code": "c" * 5000},
    ],
    ids=str,
)  # fmt: skip
async def test_a_changed_answer_is_refused(api, change):
    async with browser_at(api) as browser:
        back = urlsplit(await go_there(browser))
        query = {name: values[0] for name, values in parse_qs(back.query).items()} | change
        answer = await browser.client.get(back.path, params=query)
        assert answer.status_code == 400
        assert (await browser.get("/me")).status_code == 401


async def test_who_changes_their_mind_at_the_provider_is_told_so_without_its_words(api, provider):
    provider.refuses = "access_denied"
    async with browser_at(api) as browser:
        answer = await sign_in(browser)
        assert answer.status_code == 400 and "access_denied" not in answer.text


INSTANTS = {"expired": {"exp": -120}, "not yet": {"nbf": 600}, "issued in the future": {"iat": 600}}
"""Seconds from the moment at which the test runs, which a long run of tests reaches long after it was begun."""
WRONG_CLAIMS = {
    "for another": {"aud": "another"},
    "for several, none of which asked": {"aud": [CLIENT, "another"], "azp": "another"},
    "for several, nobody says who asked": {"aud": [CLIENT, "another"]},
    "by another": {"iss": "https://evil.example"},
    "of another attempt": {"nonce": "n" * 43},
    "of no attempt": {"nonce": None},
    "without an end": {"exp": None},
    "without a subject": {"sub": None},
    "with another access token": {"at_hash": "x" * 22},
}


@pytest.mark.parametrize("wrong", [*WRONG_CLAIMS, *INSTANTS])
async def test_a_token_that_is_not_for_this_attempt_is_refused(api, provider, wrong):
    now = int(time.time())
    provider.token_claims = WRONG_CLAIMS.get(wrong) or {name: now + by for name, by in INSTANTS[wrong].items()}
    async with browser_at(api) as browser:
        assert (await sign_in(browser)).status_code == 400
        assert (await browser.get("/me")).status_code == 401


def part(value):
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(header, claims):
    return f"{part({**header, 'alg': 'none'})}.{part(claims)}."


def tampered(provider):
    def sign(header, claims):
        head, _, proof = provider.sign_properly(header, {**claims, "sub": "sub-of-sara"}).split(".")
        return f"{head}.{part(claims)}.{proof}"

    return sign


def signed_with_the_public_key(provider):
    def sign(header, claims):
        signed = f"{part({**header, 'alg': 'HS256'})}.{part(claims)}"
        proof = hmac.digest(provider.keys[-1].as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{urlsafe_b64encode(proof).decode().rstrip('=')}"

    return sign


def signed_with_our_secret(header, claims):
    return jwt.encode({**header, "alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])


def signed_with_another_key(header, claims):
    return jwt.encode(header, claims, OidcProvider.new_key(), algorithms=["RS256"])


FORGERIES = {
    "unsigned": lambda _: unsigned,
    "tampered": tampered,
    "HMAC with the public key": signed_with_the_public_key,
    "HMAC with the client's secret": lambda _: signed_with_our_secret,
    "another key": lambda _: signed_with_another_key,
    "no token": lambda _: lambda header, claims: "a.b",
    "too long": lambda _: lambda header, claims: "a" * 40_000,
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_token_is_refused(api, provider, forge):
    provider.sign = forge(provider)
    async with browser_at(api) as browser:
        assert (await sign_in(browser)).status_code == 400
        assert (await browser.get("/me")).status_code == 401


async def test_clocks_may_differ_by_the_skew_and_no_more(api, provider):
    for exp, status in ((int(time.time()) - 20, 303), (int(time.time()) - 90, 400)):
        provider.token_claims = {"exp": exp}
        async with browser_at(api) as browser:
            assert (await sign_in(browser)).status_code == status


async def test_new_keys_of_the_provider_are_asked_for_once_a_minute_at_most(fresh, provider, monkeypatch):
    provider.calls.clear()
    async with browser_at(fresh) as browser:
        assert (await sign_in(browser)).status_code == 303
        provider.keys = [provider.new_key()]
        monkeypatch.setattr("services.console.signing_in.provider.KEYS_AGAIN", timedelta(0))
        assert (await sign_in(browser)).status_code == 303
        assert provider.calls.count("/keys") == 2
        monkeypatch.undo()
        provider.keys = [provider.new_key()]
        for _ in range(3):
            assert (await sign_in(browser)).status_code == 400
        assert provider.calls.count("/keys") == 2


WHO = {
    "by a verified address": ({"sub": "s1", "email": "lena@example.com", "email_verified": True}, "lena"),
    "by an address that nobody verified": ({"sub": "s1", "email": "lena@example.com", "email_verified": False}, None),
    "by an address of which nothing is said": ({"sub": "s1", "email": "lena@example.com"}, None),
    "by an address that is verified in words": (
        {"sub": "s1", "email": "lena@example.com", "email_verified": "true"},
        None,
    ),
    "by the address of somebody with an id": ({"sub": "s1", "email": "sara@example.com", "email_verified": True}, None),
    "by an address that two have": ({"sub": "s1", "email": "sales@example.com", "email_verified": True}, None),
    "by their id": ({"sub": "sub-of-sara", "email": "lena@example.com", "email_verified": True}, "sara"),
    "nobody": ({"sub": "s1", "email": "anna@evil.example", "email_verified": True}, None),
    "a person's id here": ({"sub": "maja"}, None),
}


@pytest.mark.parametrize(("somebody", "person"), WHO.values(), ids=WHO)
async def test_who_signs_in_is_found_in_the_roster(api, provider, somebody, person):
    provider.somebody = somebody
    async with browser_at(api) as browser:
        answer = await sign_in(browser)
        if person is None:
            assert answer.status_code == 403 and "not in the list of people" in answer.text
            assert (await browser.get("/me")).status_code == 401
        else:
            assert f"signed in as {person}." in (await browser.get("/me")).text


async def test_roles_are_those_that_both_the_roster_and_the_provider_give(tmp_path, provider):
    claim = {
        "STAFETT_OIDC_ROLES_CLAIM": "realm_access.roles",
        "STAFETT_OIDC_ROLE_NAMES": "crm-user=sales, boss=manager",
    }
    async with page_at(tmp_path, provider, **claim) as api:
        for roles, shown in ((["crm-user", "x"], "Sales"), (["boss", "sdr", "crm-user"], "Manager, Sales")):
            provider.somebody = {"sub": "sub-of-maja", "realm_access": {"roles": roles}}
            async with browser_at(api) as browser:
                await sign_in(browser)
                assert f"Roles: {shown}<" in (await browser.get("/me")).text
        for roles in ({"roles": ["sdr", "admin"]}, {"roles": {}}, {}, None, "manager"):
            provider.somebody = {"sub": "sub-of-maja", "realm_access": roles}
            async with browser_at(api) as browser:
                assert (await sign_in(browser)).status_code == 403, roles


async def test_a_provider_that_is_away_is_told_and_found_again(fresh, provider):
    provider.is_away = True
    async with browser_at(fresh) as browser:
        away = await browser.get("/sign-in/start")
        assert away.status_code == 503 and "does not answer" in away.text
        provider.is_away = False
        back = await go_there(browser)
        provider.is_away = True
        assert (await browser.get(back)).status_code == 503
        provider.is_away = False
        assert (await sign_in(browser)).status_code == 303


@pytest.mark.parametrize(
    "other",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": None},
    ],
    ids=str,
)
async def test_a_provider_that_describes_itself_wrongly_is_not_used(fresh, provider, other):
    provider.other = other
    async with browser_at(fresh) as browser:
        assert (await browser.get("/sign-in/start")).status_code == 503


async def test_an_address_inside_is_not_called_unless_the_settings_say_so(tmp_path, provider):
    async with page_at(tmp_path, provider, STAFETT_OIDC_ALLOW_PRIVATE="false") as api, browser_at(api) as browser:
        assert (await browser.get("/sign-in/start")).status_code == 503
        assert provider.calls == []


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "%2F%2Fevil.example", "/a b"]
)
async def test_nobody_is_sent_elsewhere_after_signing_in(api, path):
    async with browser_at(api) as browser:
        started = await browser.client.get("/sign-in/start", params={"next": path})
        assert started.status_code == 303
        answer = await browser.get(await go_there_from(started))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def go_there_from(started):
    async with httpx.AsyncClient() as client:
        return (await client.get(started.headers["location"])).headers["location"].removeprefix(PLACE)


async def test_one_address_cannot_make_us_ask_the_provider_without_end(api, provider):
    async with browser_at(api) as browser:
        statuses = []
        for _ in range(35):
            await browser.get("/sign-in/start")
            cookie = browser.client.cookies["__Host-stafett-sign-in"]
            statuses.append((await browser.get("/sign-in/callback?code=x&state=y")).status_code)
            assert cookie
        assert statuses[0] == 400 and statuses[-1] == 429
        assert provider.calls.count("/token") == 0


async def test_signing_out_leads_to_the_providers_own_end(api, provider):
    async with browser_at(api) as browser:
        await sign_in(browser)
        gone = await browser.post("/sign-out", csrf=await browser.csrf())
        assert f'href="{provider.issuer}/end"' in (await browser.follow(gone)).text
        assert (await browser.get("/me")).status_code == 401


async def test_a_link_signs_nobody_in_here(api):
    from services.bootstrap.page import new_link

    _, path = await new_link(api.parts, None)
    async with browser_at(api) as browser:
        assert (await browser.get(path)).status_code == 404


async def test_no_log_line_has_a_code_a_token_a_name_or_an_address(api, provider, caplog):
    caplog.set_level(logging.DEBUG)
    provider.somebody = {"sub": "s1", "email": "anna@evil.example", "email_verified": True, "name": "Anna Evil"}
    async with browser_at(api) as browser:
        back = await go_there(browser)
        code = parse_qs(urlsplit(back).query)["code"][0]
        await browser.get(back)
        await browser.get(back)
        provider.token_claims = {"exp": 1}
        await sign_in(browser)
    ours = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("stafett"))
    assert "a sign-in failed" in ours
    for secret in (code, "anna@", "Anna", "s1", SECRET, "elin@example.com"):
        assert secret not in ours, secret
