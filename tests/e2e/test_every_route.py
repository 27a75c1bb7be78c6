"""Every route of the API, tried by whoever should not come through, and every command by every role. The routes are those that the
application has: a new one is tried without a line here, and one that needs no key has its line in `OPEN`."""

import asyncio
import re

import pytest
import pytest_asyncio

from routing.agreement.agreement import content_hash
from routing.people.permissions import RIGHTS
from schemas.api_keys import SCOPES, KeyOrder, digest_of
from services.api.key_desk import KeyDesk
from services.bootstrap.running import BACKGROUND
from tests.api import bearer, installed
from tests.setups import EXAMPLES

pytestmark = pytest.mark.asyncio(loop_scope="module")
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("POST", "/v1/hooks/{source}"),
    ("GET", "/v1/hooks/{source}"),
    ("OPTIONS", "/v1/hooks/{source}"),
    ("GET", "/alerts/{token}"),
    ("POST", "/alerts/{token}"),
    ("POST", "/v1/alerts/slack/{channel}"),
    ("POST", "/v1/alerts/pagerduty/{channel}"),
}
"""They prove themselves otherwise, or say nothing; SECURITY.md names them."""
BRANDS = """
  - {name: nord, kind: form, brand: nord, region: SE, rate: 100000, burst: 100000, verify: {scheme: none}}
  - {name: sol, kind: form, brand: sol, region: SE, rate: 100000, burst: 100000, verify: {scheme: none}}
"""
AGREEMENT = (EXAMPLES / "agreement.yaml").read_text().replace("brands: [default]", "brands: [default, nord, sol]")
PEOPLE = {
    "sara": "sdr",
    "anders": "sdr",
    "elin": "sales",
    "olof": "account_manager",
    "lena": "marketing",
    "maja": "manager",
}
WORDS = {
    "the owner": "owner",
    "the person": "oneself",
    "a manager": "manager",
    "account manager": "account_manager",
    "SDR": "sdr",
    "an SDR": "sdr",
}


def entry(name, scopes, **more):
    return {"name": name, "sha256": digest_of(f"sk_{name}"), "scopes": list(scopes), **more}


KEYS = (
    entry("over", SCOPES, expires="2020-01-01T00:00:00+00:00"),
    entry("only-nord", SCOPES, brands=["nord"], acts_as="everybody"),
    *(entry(f"but-{scope.replace(':', '-')}", [one for one in SCOPES if one != scope]) for scope in SCOPES),
    *(entry(f"as-{person}", ["commands:write"], person=person) for person in PEOPLE),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory):
    """With a lead of each brand, decided on; from then on nobody decides, so that no command changes anything."""
    folder = tmp_path_factory.mktemp("routes")
    async with installed(folder, extra=BRANDS, agreement=AGREEMENT, keys=KEYS, roles=()) as made:
        stop = asyncio.Event()
        roles = [asyncio.create_task(BACKGROUND[role](made.parts)(stop)) for role in ("router", "relay")]
        for brand, who in (("nord", "vera"), ("nord", "anna"), ("nord", "bo"), ("sol", "vera")):
            await made.form(brand, email=f"{who}@target.example", name=f"Vera {brand}", company=f"Target {brand}")
            head = {"content-type": "application/x-www-form-urlencoded; charset=nonsense"}
            await made.client.post(f"/v1/hooks/{brand}", content=b"\xff\xfe", headers=head)
        await made.settled()
        made.merged = await lead_of(made, "nord", "bo")
        merge = {"command": "merge", "lead": await lead_of(made, "nord"), "other": made.merged, "reason": "one person"}
        assert (await ask(made, "POST", "/v1/commands", "sk_all", merge)).status_code == 202
        await made.settled()
        stop.set()
        await asyncio.gather(*roles)
        desk = KeyDesk(made.parts.keys, dict, made.parts.reading.key_uses, made.parts.now)
        _, made.revoked = await desk.make("revoked", KeyOrder(scopes=tuple(SCOPES)), None)
        await asyncio.sleep(1.1)
        assert (await ask(made, "GET", "/v1/leads", made.revoked)).status_code == 200
        await desk.revoke("revoked", None)
        await asyncio.sleep(1.1)
        yield made


def routes_of(app):
    """(method, path) of everything that the application answers; the page beside it has a test of its own."""
    for route in app.routes:
        inside = route.original_router.routes if hasattr(route, "original_router") else [route]
        yield from ((method, one.path) for one in inside for method in one.methods - {"HEAD"})


def scopes_of(app):
    """{(method, path): the scope that the document says}."""
    paths = app.openapi()["paths"].items()
    return {
        (method.upper(), path): asked["security"][0]["apiKey"][0]
        for path, operations in paths
        for method, asked in operations.items()
        if asked["security"]
    }


async def ask(api, method, path, key=None, body=None):
    filled = re.sub(r"\{\w+\}", "x", path)
    head = {"Authorization": f"Bearer {key}"} if key else {}
    return await api.client.request(method, filled, headers=head, json=body)


async def lead_of(api, brand, who="vera"):
    (lead,) = (await api.get("/v1/leads", brand=brand, email=f"{who}@target.example"))["leads"]
    return lead["id"]


async def test_every_route_needs_a_key_or_is_known_to_need_none(api):
    every, guarded = set(routes_of(api.app)), set(scopes_of(api.app))
    assert len(guarded) > 50 and guarded <= every
    assert every - guarded <= OPEN


async def test_no_route_opens_without_a_key_or_with_a_wrong_an_expired_or_a_revoked_one(api):
    for method, path in scopes_of(api.app):
        for key in (None, "sk_nobody", "sk_over", api.revoked, "sk_all x", "sk_al"):
            answer = await ask(api, method, path, key)
            assert answer.status_code in (401, 429), (method, path, key)


async def test_no_route_opens_to_a_key_with_every_scope_but_its_own_and_each_does_to_its_own(api):
    for (method, path), scope in scopes_of(api.app).items():
        without = await ask(api, method, path, f"sk_but-{scope.replace(':', '-')}")
        assert (without.status_code, without.json()["type"]) == (403, "urn:stafett:problem:no_scope"), (method, path)
    for (method, path), scope in scopes_of(api.app).items():
        if (method, path) not in {("GET", "/v1/events"), ("DELETE", "/v1/keys/{name}")}:
            answer = await ask(api, method, path, f"sk_{scope}")
            assert answer.status_code != 401 and "no_scope" not in answer.text, (method, path)


async def test_a_key_of_another_brand_reads_nothing_of_this_one_on_any_route(api):
    theirs = await lead_of(api, "sol")
    history = (await api.get(f"/v1/leads/{theirs}/history"))["history"]
    entries = (await api.get("/v1/quarantine"))["quarantine"]
    ids = {
        "lead_id": theirs,
        "ident": theirs,
        "signal_id": history[0]["signal_id"],
        "entry_id": next(one["id"] for one in entries if one["source"] == "sol"),
        "clock_id": next((one["id"] for one in (await api.get("/v1/clocks", lead=theirs))["clocks"]), "none"),
    }
    tried = 0
    for method, path in scopes_of(api.app):
        if method != "GET":
            continue
        filled = re.sub(r"\{(\w+)\}", lambda name: ids.get(name[1], "x"), path)
        asked = {"brand": "sol"} if path in {"/v1/leads", "/v1/snapshot"} else {}
        everything = await api.client.get(filled, headers=bearer("all"), params=asked)
        answer = await api.client.get(filled, headers=bearer("only-nord"), params=asked)
        named = {theirs, ids["signal_id"], ids["entry_id"], "Target sol", "Vera sol", "vera sol"}
        tried += any(word in everything.text for word in named)
        if path.startswith("/v1/agreements") or path in {"/metrics", "/v1/roster", "/v1/audit"}:
            named = {"Target sol", "Vera sol"}
        assert not [word for word in named if word in answer.text], (path, answer.text[:300])
    assert tried >= 8, "most of it is there to be seen"


async def test_a_key_of_another_brand_changes_nothing_of_this_one(api):
    theirs, own = await lead_of(api, "sol"), await lead_of(api, "nord")
    before = await api.get(f"/v1/leads/{theirs}")
    for asked in bodies(theirs, own, own):
        if "lead" in asked:
            answer = await ask(api, "POST", "/v1/commands", "sk_only-nord", asked)
            assert answer.status_code in (403, 404), asked
    for path in ("/v1/persons/export", "/v1/persons/erase"):
        answer = await ask(api, "POST", path, "sk_only-nord", {"lead": theirs, "reason": "because"})
        assert answer.status_code >= 400, path
    assert await api.get(f"/v1/leads/{theirs}") == before


def bodies(lead, other, merged):
    """A body of each command."""
    on_lead = {
        "accept": {}, "reject": {"criterion": "budget"}, "claim": {}, "assign": {"person": "johan"}, "delegate": {"person": "johan"},
        "hold": {}, "release": {}, "brand_list": {"lists": ["news"]}, "disposition": {"disposition": "spam"},
        "merge": {"other": other}, "unmerge": {"other": merged},
    }  # fmt: skip
    others = {
        "absence": {"person": "johan"}, "return": {"person": "johan"}, "join": {"member": {"id": "cia", "roles": ["sales"]}},
        "leave": {"person": "karin"}, "pause_pool": {"pool": "field"}, "resume_pool": {"pool": "field"},
        "approve": {"hash": content_hash(AGREEMENT), "side": "sales"},
    }  # fmt: skip
    assert on_lead.keys() | others.keys() == RIGHTS.keys()
    reason = {"reject": "not_qualified"}
    for name, more in (on_lead | others).items():
        about = {"lead": lead} if name in on_lead else {}
        yield {"command": name, "reason": reason.get(name, "because"), **about, **more}


def rights_of_docs():
    """{command: the words of who may ask} of the table in docs/commands.md."""
    table = (EXAMPLES.parents[1] / "docs/commands.md").read_text().partition("| command |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| .+ \| (.+?) \|$", table, re.MULTILINE)
    said = {}
    for commands, who in rows:
        words = who.partition(", with a key")[0].split(", ")
        said |= {name: {WORDS.get(word, word) for word in words} for name in re.findall(r"`(\w+)`", commands)}
    return said


def may(person, asked, owner, who):
    if asked["command"] == "approve" and PEOPLE[person] == "marketing":
        return False  # For the side of marketing, not for this one.
    about = {"owner"} if person == owner else set()
    about |= {"oneself"} if asked.get("person") == person else set()
    return bool(who & ({PEOPLE[person]} | about))


async def test_every_command_is_for_the_roles_that_the_page_says(api):
    lead, other = await api.get(f"/v1/leads/{await lead_of(api, 'nord')}"), await lead_of(api, "nord", "anna")
    said = rights_of_docs()
    assert said.keys() == RIGHTS.keys() and lead["owner"] in PEOPLE
    allowed = 0
    for person in PEOPLE:
        own = [{"command": name, "reason": "because", "person": person} for name in ("absence", "return")]
        for asked in [*bodies(lead["id"], other, api.merged), *own]:
            answer = await ask(api, "POST", "/v1/commands", f"sk_as-{person}", asked)
            expected = may(person, asked, lead["owner"], said[asked["command"]])
            allowed += expected
            detail = answer.json().get("detail", "")
            if expected:
                assert answer.status_code == 202, (person, asked, answer.text)
            else:
                assert answer.status_code == 403 and re.search(r"is for |none of the roles", detail), (person, asked)
    assert 40 < allowed < 100
