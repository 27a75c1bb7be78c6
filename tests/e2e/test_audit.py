"""Who saw and changed what, as somebody who has to answer that asks for it."""

import json

import pytest

from schemas.api_keys import digest_of
from services.bootstrap.page import new_link
from services.cli.main import main
from tests.api import bearer, installed
from tests.page import Browser

KEYS = (
    {"name": "auditor", "sha256": digest_of("sk_auditor"), "scopes": ["audit:read"]},
    {"name": "counting", "sha256": digest_of("sk_counting"), "scopes": ["leads:read"]},
)


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path, keys=KEYS) as made:
        yield made


async def uses(api, **asked):
    answer = await api.client.get("/v1/audit", params=asked, headers=bearer("auditor"))
    assert answer.status_code == 200, answer.text
    return answer.json()["uses"]


async def test_every_look_at_a_person_and_every_change_is_told_with_who_it_was(api, capsys):
    await api.form(form_id="demo", name="Anna Ek", company="Nordhamn AB", email="anna@nordhamn.example")
    await api.settled()
    (lead,) = (await api.get("/v1/leads", email="anna@nordhamn.example"))["leads"]
    for _ in range(2):
        await api.get(f"/v1/leads/{lead['id']}")
    await api.client.get("/v1/leads", headers=bearer("counting"))
    for key in ("all", "counting"):
        await api.client.post("/v1/leads/search", json={"email": "anna@nordhamn.example"}, headers=bearer(key))
    asked = {"command": "accept", "lead": lead["id"], "reason": "mine"}
    await api.client.post("/v1/commands", json=asked, headers=bearer("elin"))
    browser = Browser(api.app)
    _, path = await new_link(api.parts, "maja")
    await browser.get(path)
    for place in ("/", f"/leads/{lead['id']}", "/leads/lead_of_nobody"):
        await browser.get(place)
    await browser.post(f"/leads/{lead['id']}/hold", csrf="wrong")
    await browser.close()

    found = {(use["door"], use["actor"], use["action"], use["subject"], use["status"]) for use in await uses(api)}
    assert found >= {
        ("api", "all", "listLeads", "", 200),
        ("api", "all", "searchLeads", "", 200),
        ("api", "all", "getLead", lead["id"], 200),
        ("api", "elin", "command", "", 202),
        ("page", "maja", "GET /", "", 200),
        ("page", "maja", "GET /leads/{lead_id}", lead["id"], 200),
        ("page", "maja", "GET /leads/{lead_id}", "", 404),
    }, found
    assert not [use for use in found if use[1] == "counting"], "it may see nothing personal and changed nothing"
    assert "anna" not in json.dumps(await uses(api)).casefold(), "it names no person but ours"
    assert {use["actor"] for use in await uses(api, actor="maja")} == {"maja"}
    assert {use["subject"] for use in await uses(api, subject=lead["id"])} == {lead["id"]}

    answer = await api.client.get("/v1/audit", headers=bearer("leads:read"))
    assert answer.status_code == 403


async def test_who_guesses_writes_nothing_of_theirs_there(api):
    browser = Browser(api.app)
    _, path = await new_link(api.parts, "elin")
    await browser.get(path)
    await browser.get(path)
    csrf = await browser.csrf()
    for place in ("/people/%00", "/people/anna@nordhamn.example/x", "/leads/guessed-1/x"):
        await browser.get(place)
        await browser.post(place, csrf=csrf)
    await browser.close()
    for name in ("%00", "guessed-2"):
        await api.client.post(f"/v1/subscriptions/{name}/enable", headers=bearer("counting"))
    found = await uses(api)
    assert {use["subject"] for use in found} == {""} and "nordhamn" not in str(found) and "guessed" not in str(found), (
        found
    )
    assert [use for use in found if use["status"] >= 400], "that it was refused is told"


async def test_the_command_line_lists_the_same(api, tmp_path, capsys):
    await api.get("/v1/leads")
    folder = str(tmp_path / "config")
    assert await run("audit", "--config", folder, "--json") == 0
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["actor"], line["action"], line["times"]) == ("all", "listLeads", 1)
    assert await run("audit", "--config", folder, "--actor", "all", "--since", "2026-01-01T00:00:00Z") == 0
    assert "listLeads" in capsys.readouterr().out
    assert await run("audit", "--config", folder, "--since", "yesterday") == 2
    assert "yesterday" in capsys.readouterr().err


async def run(*words):
    """In a thread of its own, since it has a loop of its own."""
    import asyncio

    return await asyncio.to_thread(main, list(words))
