"""Every route of the page, tried by whoever should not come through: a stranger, another site, an expired session, another role, another
brand. A route that is not in `ROUTES` fails: who adds one says here who may see it."""

import asyncio
import json
import logging
import re
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from starlette.routing import Mount, Route

from routing.agreement.agreement import content_hash
from services.bootstrap.page import new_link
from services.console.signing_in.guard import is_open
from services.console.signing_in.sessions import digest_of
from services.ports.sessions import Session
from tests.api import installed
from tests.page import Browser
from tests.setups import EXAMPLES

pytestmark = pytest.mark.asyncio(loop_scope="module")
PEOPLE = ("sara", "anders", "elin", "olof", "lena", "maja", "nora")
"""An SDR whose lead it is, another of no team with her, a salesperson, an account manager, marketing, the manager, and a manager of
another brand."""
EVERYBODY = frozenset(PEOPLE)
MANAGERS = frozenset({"maja", "nora"})
WHO_SEE_ALL = MANAGERS | {"lena"}
WHO_SEES_THE_LEAD = frozenset({"sara", "lena", "maja"})
THE_FORUM = frozenset({"lena", "maja", "nora"})
WHO_ENTERS = THE_FORUM - {"nora"}
"""Entries are of no brand."""
NOW = "known=2100-01-01T00:00:00Z"
"""What nobody can know yet is as known now."""
A_FIGURE = f"/forum/behind?week={datetime.now(ZoneInfo('Europe/Stockholm')):%G-W%V}&{NOW}&at=leads_in.by_week.7.0"
"""The leads that came in this week."""
WHO_SIGNS = frozenset({"elin", "olof", "lena", "maja", "nora"})
AGREEMENT = content_hash((EXAMPLES / "agreement.yaml").read_text())
WHO_SEES_SARA = frozenset({"sara", "lena", "maja", "nora"})


class Allowed(NamedTuple):
    """Who gets on at this address with a session. `path` has the lead's id in the place of `{lead}`."""

    people: frozenset[str] = EVERYBODY
    path: str | None = None


ROUTES = {
    ("GET", "/"): Allowed(),
    ("GET", "/live"): Allowed(path="/live?from=0"),
    ("GET", "/me"): Allowed(),
    ("POST", "/sign-out"): Allowed(),
    ("POST", "/sign-out/everywhere"): Allowed(),
    ("GET", "/leads/{lead_id}"): Allowed(WHO_SEES_THE_LEAD, "/leads/{lead}"),
    ("POST", "/leads/{lead_id}/{action}"): Allowed(WHO_SEES_THE_LEAD, "/leads/{lead}/hold"),
    ("GET", "/forum"): Allowed(THE_FORUM),
    ("GET", "/forum/behind"): Allowed(frozenset({"lena", "maja"}), A_FIGURE),
    ("GET", "/forum/report"): Allowed(THE_FORUM, "/forum/report?format=csv"),
    ("POST", "/forum/entries"): Allowed(WHO_ENTERS),
    ("POST", "/forum/entries/{entry_id}"): Allowed(WHO_ENTERS, "/forum/entries/ent_x"),
    ("GET", "/agreement"): Allowed(),
    ("GET", "/agreement/{digest}"): Allowed(path=f"/agreement/{AGREEMENT}"),
    ("GET", "/agreement/{digest}/agreement.yaml"): Allowed(path=f"/agreement/{AGREEMENT}/agreement.yaml"),
    ("POST", "/agreement/proposal"): Allowed(WHO_SIGNS),
    ("POST", "/agreement/approve"): Allowed(WHO_SIGNS),
    ("GET", "/people"): Allowed(),
    ("GET", "/people/{person}"): Allowed(WHO_SEES_SARA, "/people/sara?show=kept"),
    ("POST", "/people/{person}/{action}"): Allowed(WHO_SEES_SARA, "/people/sara/absence"),
    ("GET", "/flow"): Allowed(WHO_SEE_ALL),
    ("GET", "/flow/leads"): Allowed(WHO_SEE_ALL, "/flow/leads?kind=in&of=*"),
    ("GET", "/plumbing"): Allowed(MANAGERS),
    ("GET", "/plumbing/signals"): Allowed(MANAGERS),
    ("POST", "/plumbing/{action}"): Allowed(MANAGERS, "/plumbing/redrive"),
}
OPEN_ROUTES = {
    ("GET", "/sign-in"),
    ("GET", "/sign-in/link/{secret}"),
    ("GET", "/signed-out"),
    ("GET", "/assets/{digest}/{name:path}"),
}
STREAMS = {"/live"}
"""Answers that do not end: their beginning says enough."""
SIGNING_OUT = {"/sign-out", "/sign-out/everywhere"}


def routes_in(routes, before=""):
    for route in routes:
        if isinstance(route, Mount):
            yield from routes_in(route.routes, before + route.path)
        else:
            assert isinstance(route, Route), "whoever adds another kind of route says here how it is tried"
            for method in route.methods - {"HEAD"}:
                yield method, before + route.path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory):
    roster = (EXAMPLES / "roster.yaml").read_text()
    other = "  - id: nora\n    roles: [manager]\n    brands: [another]\n\npools:"
    async with installed(
        tmp_path_factory.mktemp("page"), files={"roster.yaml": roster.replace("\npools:", other, 1)}
    ) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lead(api):
    """The id of a lead of Sara's."""
    await api.form(
        email="vera.danielsson@target.example", name="Vera Danielsson", phone="+46701234567", company="Target AB"
    )
    await api.settled()
    ((found,),) = [(one,) for one in (await api.get("/v1/leads"))["leads"]]
    assert found["owner"] == "sara"
    return found["id"]


@pytest.fixture
def routes(api):
    (beside,) = [one for one in api.app.user_middleware if "page" in one.kwargs]
    return sorted(set(routes_in(beside.kwargs["page"]._app.routes)))


@asynccontextmanager
async def browser_at(api):
    browser = Browser(api.app)
    try:
        yield browser
    finally:
        await browser.close()


@asynccontextmanager
async def somebody_at(api, person):
    async with browser_at(api) as browser:
        _, path = await new_link(api.parts, person)
        assert (await browser.get(path)).status_code == 303
        yield browser


def address(path, lead):
    allowed = next((one for (_, at), one in ROUTES.items() if at == path), None)
    return ((allowed.path if allowed else None) or path).replace("{lead}", lead)


async def status_of(browser, method, path, csrf=None, is_refused=True, **headers):
    """Of the answer's head: a stream has no end, and is 200 where nothing is refused."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "POST":
        return (await browser.post(path, csrf=csrf, **headers)).status_code
    if path.partition("?")[0] not in STREAMS:
        return (await browser.client.request(method, path, headers=said)).status_code
    task = asyncio.create_task(browser.client.get(path, headers=said))
    done, _ = await asyncio.wait([task], timeout=30.0 if is_refused else 0.5)
    if done:
        return task.result().status_code
    task.cancel()
    return 200


async def test_every_route_is_one_that_somebody_thought_about(routes):
    assert set(routes) <= set(ROUTES) | OPEN_ROUTES
    assert {(method, path) for method, path in routes if is_open(path)} <= OPEN_ROUTES


async def test_a_stranger_comes_through_nowhere(api, routes, lead):
    async with browser_at(api) as browser:
        for method, path in routes:
            if (method, path) not in OPEN_ROUTES:
                assert await status_of(browser, method, address(path, lead)) == 401, (method, path)
        for path in ("/nothing", "/leads", "/sign-in-not", "/sign-out/", "/assets", "//", "/v1x", "/static/../me"):
            assert (await browser.get(path)).status_code == 401, path


async def test_no_method_that_a_route_has_not_is_answered_to_a_stranger(api, routes, lead):
    async with browser_at(api) as browser:
        for path in {path for _, path in routes if not is_open(path)}:
            for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"):
                answer = await browser.client.request(method, address(path, lead))
                assert answer.status_code in (401, 403), (method, path)


async def test_an_expired_or_an_unknown_session_comes_through_nowhere(api, routes, lead):
    now = api.parts.now()
    expired = Session(
        digest_of("expired"), "maja", now - timedelta(days=2), now - timedelta(seconds=1), now + timedelta(days=1)
    )
    await api.parts.sessions.open(expired, 100)
    for secret in ("expired", "never-made", "", "x" * 5000, "%C3%A5"):
        async with browser_at(api) as browser:
            browser.client.headers["cookie"] = f"stafett={secret}"
            for method, path in routes:
                if (method, path) not in OPEN_ROUTES:
                    assert await status_of(browser, method, address(path, lead)) == 401, (method, path, secret[:9])


async def test_each_role_and_brand_gets_on_where_it_may_and_nowhere_else(api, routes, lead):
    for person in PEOPLE:
        async with somebody_at(api, person) as browser:
            csrf = await browser.csrf()
            for method, path in routes:
                if (method, path) in OPEN_ROUTES or path in SIGNING_OUT:
                    continue
                may = person in ROUTES[method, path].people
                if may and method == "POST":
                    continue
                status = await status_of(browser, method, address(path, lead), csrf, not may)
                assert status == 200 if may else status in (403, 404), (person, method, path, status)
    history = await api.get(f"/v1/leads/{lead}/history")
    assert "command" not in json.dumps(history), "nobody who was refused has asked for anything"


ANOTHER_SITE = (
    {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
    {"origin": "http://127.0.0.1:9999", "sec_fetch_site": "same-site"},
    {"origin": "null", "sec_fetch_site": "cross-site"},
    {"origin": None, "sec_fetch_site": None},
)


async def test_another_site_does_nothing_and_embeds_nothing(api, routes, lead):
    async with somebody_at(api, "maja") as browser:
        csrf = await browser.csrf()
        for method, path in routes:
            at = address(path, lead).replace("{secret}", "x").replace("{digest}/{name:path}", "x/y")
            if method == "POST":
                for headers in ANOTHER_SITE:
                    assert await status_of(browser, method, at, csrf, **headers) == 403, (path, headers)
                assert await status_of(browser, method, at) == 403, f"{path} without a token"
                assert await status_of(browser, method, at, "x" * 43) == 403, f"{path} with another token"
            else:
                for dest in ("iframe", "image", "script", "object", "empty"):
                    embedded = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": dest}
                    assert await status_of(browser, method, at, **embedded) == 403, (path, dest)
        assert (await browser.get("/me")).status_code == 200, "and is still signed in"


async def test_pages_hold_no_personal_data_and_no_secret_in_their_addresses(api, routes, lead, caplog):
    caplog.set_level(logging.DEBUG)
    async with somebody_at(api, "maja") as browser:
        csrf = await browser.csrf()
        secrets = ("vera", "danielsson", "target.example", "70123", browser.client.cookies["stafett"], csrf)
        for method, path in routes:
            if method != "GET" or path in STREAMS or is_open(path):
                continue
            page = await browser.get(address(path, lead))
            addresses = re.findall(r'(?:href|src|action|formaction|hx-[a-z-]+|data-[a-z-]+)="([^"]*)"', page.text)
            for secret in secrets:
                # What opens a mail or a call is no address of a page: it is in no log and goes to nobody else.
                ours = [one for one in addresses if not one.startswith(("mailto:", "tel:"))]
                shown = [one for one in ours if secret.lower() in one.lower() and "csrf" not in one.lower()]
                assert not shown, (path, secret)
    lines = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("stafett"))
    assert not [secret for secret in secrets if secret.lower() in lines.lower()]


async def test_every_answer_has_the_headers_of_the_page(api, routes, lead):
    async with somebody_at(api, "maja") as browser:
        for method, path in routes:
            if method != "GET" or path in STREAMS or path in OPEN_ROUTES:
                continue
            headers = (await browser.get(address(path, lead))).headers
            assert headers["x-frame-options"] == "DENY" and headers["x-content-type-options"] == "nosniff", path
            if "{digest}" not in path and not path.startswith("/sign-in/link"):
                assert headers["cache-control"] == "no-store", path
            policy = headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy and "unsafe" not in policy, path


@pytest.mark.parametrize(
    "next_path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/%0d%0aset-cookie:a=b",
        "/\r\nset-cookie: a=b",
        "javascript:alert(1)",
    ],
)
async def test_nobody_is_sent_elsewhere(api, next_path):
    async with somebody_at(api, "maja") as browser:
        answer = await browser.client.get("/sign-in", params={"next": next_path})
        assert answer.status_code == 303 and "set-cookie" not in answer.headers
        target = answer.headers["location"]
        assert target == "/" or (target.startswith("/") and target[1:2] not in ("/", "\\") and "\n" not in target), (
            target
        )


async def test_the_page_opens_no_door_of_programs_and_a_key_opens_no_page(api, lead):
    async with somebody_at(api, "maja") as browser:
        for path in ("/v1/leads", f"/v1/leads/{lead}", "/v1/quarantine", "/metrics"):
            assert (await browser.get(path)).status_code == 401, path
    async with browser_at(api) as browser:
        assert (await browser.get("/me", authorization="Bearer sk_all")).status_code == 401
