"""People and keys have a life: who left may do nothing, keys expire, see their brands alone, and are read again (H4, M7, L7, L10)."""

import asyncio
import json
import os
import re

import pytest

from schemas.api_keys import SCOPES, digest_of
from tests.api import bearer, installed
from tests.setups import EXAMPLES

BRANDS = """
  - {name: nord, kind: form, brand: nord, region: SE, rate: 100000, burst: 100000, verify: {scheme: none}}
  - {name: sol, kind: form, brand: sol, region: SE, rate: 100000, burst: 100000, verify: {scheme: none}}
  - {name: sol-crm, kind: crm, brand: sol, rate: 100000, burst: 100000, may: [form, engagement, consent, sales], verify: {scheme: none}}
"""


AGREEMENT = (EXAMPLES / "agreement.yaml").read_text().replace("brands: [default]", "brands: [default, nord, sol]")


def entry(name, *scopes, **more):
    return {"name": name, "sha256": digest_of(f"sk_{name}"), "scopes": list(scopes or SCOPES), **more}


KEYS = (
    entry("only-nord", brands=["nord"], acts_as="everybody"),
    entry("only-sol", brands=["sol"], acts_as="everybody"),
    entry("nobody", "commands:write", "leads:read"),
    entry("nils", "commands:write", "leads:read", person="nils"),
    entry("over", expires="2020-01-01T00:00:00+00:00"),
    entry("ahead", expires="2999-01-01T00:00:00+00:00"),
)


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path, extra=BRANDS, agreement=AGREEMENT, keys=KEYS) as made:
        yield made


async def command(api, key="all", idempotency=None, **asked):
    head = bearer(key) | ({"Idempotency-Key": idempotency} if idempotency else {})
    answer = await api.client.post("/v1/commands", json={"reason": "because", **asked}, headers=head)
    return answer.status_code, answer.json()


async def until(look):
    for _ in range(200):
        if found := await look():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


async def join(api, person, *roles):
    member = {"id": person, "roles": list(roles)}
    status, said = await command(api, command="join", member=member)
    assert status == 202, said
    await api.settled()


async def test_h4_who_left_may_do_nothing_and_their_key_opens_nothing(api):
    await join(api, "nils", "manager")
    pool = (await api.get("/v1/roster"))["pools"][0]["name"]
    assert (await command(api, "nils", command="pause_pool", pool=pool))[0] == 202
    await api.get("/v1/leads", "nils")
    assert (await command(api, command="leave", person="nils"))[0] == 202
    await api.settled()
    for asked in (
        {"command": "pause_pool", "pool": pool},
        {"command": "join", "member": {"id": "evil2", "roles": ["manager"]}},
        {"command": "return", "person": "nils"},
        {"command": "leave", "person": "elin"},
    ):
        status, said = await command(api, "nils", **asked)
        assert status == 401 and said["detail"] == "nils left; their key opens nothing"
    assert (await api.get("/v1/leads", "nils", status=401))["detail"] == "nils left; their key opens nothing"


async def test_l10_a_key_without_a_person_acts_for_others_only_where_it_says_so(api):
    await api.form(email="anna@example.com", form_id="demo")
    await api.settled()
    lead = (await api.get("/v1/leads"))["leads"][0]["id"]
    status, said = await command(api, "nobody", command="hold", lead=lead)
    assert status == 403 and "acts_as: everybody" in said["detail"]
    assert (await command(api, "all", command="hold", lead=lead))[0] == 202


async def test_l7_one_idempotency_key_is_one_command(api):
    await api.form(email="anna@example.com", form_id="demo")
    await api.settled()
    lead = (await api.get("/v1/leads"))["leads"][0]["id"]
    first = await command(api, idempotency="7f3a", command="hold", lead=lead)
    assert first[0] == 202
    assert await command(api, idempotency="7f3a", command="hold", lead=lead) == first
    status, said = await command(api, idempotency="7f3a", command="release", lead=lead)
    assert (status, said["type"]) == (409, "urn:stafett:problem:other_command")
    assert (await command(api, "only-nord", idempotency="7f3a", command="leave", person="elin"))[0] == 202, (
        "another key's idempotency keys are its own"
    )


async def test_a_key_that_expired_opens_nothing(api):
    assert (await api.get("/v1/leads", "over", status=401))["detail"] == "this key expired"
    await api.get("/v1/leads", "ahead")


async def both(api):
    """A lead, an event, a clock and a body that was set aside, of each brand."""
    for name in ("nord", "sol"):
        await api.form(name, email="anna@example.com", name=f"Anna {name}", form_id="demo", company=f"{name} AB",
                       message="we need a demo", employees="120", country="SE", industry="software")  # fmt: skip
        head = {"content-type": "application/x-www-form-urlencoded; charset=nonsense"}
        await api.client.post(f"/v1/hooks/{name}", content=b"\xff\xfe", headers=head)
    await api.client.post("/v1/hooks/sol-crm", json=[{"fact": "nonsense"}])
    await api.settled()


async def ids(api, key):
    leads = (await api.get("/v1/leads", key, brand="nord"))["leads"] + (await api.get("/v1/leads", key, brand="sol"))[
        "leads"
    ]
    return {lead["brand"]: lead["id"] for lead in leads}


async def test_m7_a_key_of_a_brand_sees_nothing_of_another_anywhere(api):
    await both(api)
    every = await ids(api, "all")
    assert every.keys() == {"nord", "sol"}
    assert await ids(api, "only-nord") == {"nord": every["nord"]}
    theirs = every["sol"]
    for path in (f"/v1/leads/{theirs}", f"/v1/leads/{theirs}/history", f"/v1/leads/{theirs}/explain"):
        await api.get(path, "only-sol")
        await api.get(path, "only-nord", status=404)
    history = (await api.get(f"/v1/leads/{theirs}/history"))["history"]
    await api.get(f"/v1/signals/{history[0]['signal_id']}", "only-nord", status=404)
    for clock in (await api.get("/v1/clocks", lead=theirs))["clocks"]:
        await api.get(f"/v1/clocks/{clock['id']}/explain", "only-nord", status=404)
    await api.get(f"/v1/assignments/{theirs}/explain", "only-nord", status=404)
    for path, name in (("/v1/snapshot", "leads"), ("/v1/events", "events"), ("/v1/clocks", "clocks"),
                       ("/v1/quarantine", "quarantine"), ("/v1/dead-letters", "dead_letters"), ("/v1/signals", "signals")):  # fmt: skip
        said = await api.get(path, "only-nord", limit=500)
        text = json.dumps(said[name])
        assert theirs not in text and "sol" not in text.replace("resol", ""), path
        whole = await api.get(path, limit=500)
        assert len(said[name]) <= len(whole[name])
    assert (await api.get("/v1/snapshot", "only-nord"))["leads"] and (await api.get("/v1/quarantine", "only-nord"))[
        "quarantine"
    ]
    assert (await api.get("/v1/events", "only-nord"))["events"]


async def test_m7_a_key_of_a_brand_changes_nothing_of_another(api):
    await both(api)
    every = await ids(api, "all")
    status, said = await command(api, "only-nord", command="hold", lead=every["sol"])
    assert status == 404, said
    assert (await command(api, "only-nord", command="hold", lead=every["nord"]))[0] == 202
    status, said = await command(api, "only-nord", command="merge", lead=every["nord"], other=every["sol"])
    assert status == 404, said
    entry_id = next(e["id"] for e in (await api.get("/v1/quarantine"))["quarantine"] if e["source"] == "sol")
    await api.get(f"/v1/quarantine/{entry_id}", "only-nord", status=404)
    answer = await api.client.post(f"/v1/quarantine/{entry_id}/retry", headers=bearer("only-nord"))
    assert answer.status_code == 404


def write(api, keys):
    path = api.parts.settings.path(api.parts.settings.files.api_keys)
    path.write_text(keys if isinstance(keys, str) else json.dumps({"version": 1, "keys": keys}))
    os.utime(path, ns=(1, 1 + len(path.read_text())))


async def test_h4_keys_are_read_again_when_the_file_changes(api, caplog):
    await api.get("/v1/leads", "all")
    write(
        api,
        [entry("new-one"), {"name": "plain", "key": "sk_plain_and_long_enough_to_be_taken", "scopes": ["leads:read"]}],
    )
    await until(lambda: opens(api, "new-one"))
    assert not await opens(api, "all")
    assert await opens(api, "plain_and_long_enough_to_be_taken")
    assert "written in plain" in caplog.text and "sk_plain" not in caplog.text
    write(api, "version: 1\nkeys: [{")
    await asyncio.sleep(1.2)
    assert await opens(api, "new-one"), "a file that cannot be read takes nobody's key away"
    assert api.parts.pulses.states().get("api_keys") == "FileError"
    write(api, [entry("all")])
    await until(lambda: opens(api, "all"))
    assert "api_keys" not in api.parts.pulses.states() and not await opens(api, "new-one")


async def opens(api, key):
    return (await api.client.get("/v1/leads", headers=bearer(key))).status_code == 200


async def test_l8_wrong_keys_are_limited_and_logged_once_a_second_and_a_right_one_is_never_kept_out(api, caplog):
    answers = [(await api.client.get("/v1/leads", headers=bearer(f"guess{n}"))).status_code for n in range(500)]
    assert set(answers) == {401, 429} and answers[:50] == [401] * 50 and answers.count(429) > 400
    await api.get("/v1/leads", "all")
    lines = [record for record in caplog.records if record.getMessage() == "an API key was refused"]
    assert 1 <= len(lines) <= 60 and all(record.code == "no_key" for record in lines)
    assert sum(record.count for record in lines) <= 500


async def test_the_last_use_of_a_key_is_noted(api):
    await api.get("/v1/leads", "all")
    uses = await until(api.parts.reading.key_uses)
    assert uses.keys() == {"all"} and (api.parts.now() - uses["all"]).total_seconds() < 60


async def test_m8_metrics_are_for_keys_that_may_and_the_page_loads_nothing(api):
    for key, status in (("", 401), ("leads:read", 403), ("metrics:read", 200)):
        assert (await api.client.get("/metrics", headers=bearer(key))).status_code == status
    page = await api.client.get("/docs")
    assert page.status_code == 200 and "listLeads" not in page.text and "/v1/leads/{lead_id}" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    # Addresses in examples of bodies are text and load nothing.
    shown = re.sub(r"&quot;https://[^&<>]*&quot;", "", page.text.replace("https://stafett", ""))
    for outside in ("http://", "https://", "<script", "src=", "@import", "url("):
        assert outside not in shown, outside
