"""Keys are made, listed and revoked while everything runs, by the command line and over HTTP; none gives more than it has."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.api_keys import digest_of
from services.bootstrap.keyring import Keyring
from services.cli.main import main
from services.ports.errors import StoreUnavailable
from tests.api import bearer, installed

SOON = (datetime.now(UTC) + timedelta(days=30)).isoformat()
LATER = (datetime.now(UTC) + timedelta(days=90)).isoformat()


def entry(name, *scopes, **more):
    return {"name": name, "sha256": digest_of(f"sk_{name}"), "scopes": ["keys:write", "keys:read", *scopes], **more}


KEYS = (
    entry("plain", "leads:read"),
    entry("lena-keys", "leads:read", "commands:write", person="lena"),
    entry("nord-keys", "leads:read", brands=["nord"]),
    entry("short", "leads:read", expires=SOON),
    entry("admin", "leads:read", "commands:write", acts_as="everybody"),
)


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path, keys=KEYS, roles=()) as made:
        yield made


async def make(api, name, by="plain", **order):
    asked = {"scopes": ["leads:read"], **order}
    return await api.client.put(f"/v1/keys/{name}", json=asked, headers=bearer(by))


async def revoke(api, name, by="plain"):
    answer = await api.client.delete(f"/v1/keys/{name}", headers=bearer(by))
    return answer.status_code


async def opens(api, key):
    head = {"Authorization": f"Bearer {key}"}
    return (await api.client.get("/v1/leads", headers=head)).status_code == 200


async def names(api, by="plain"):
    return {one["name"]: one for one in (await api.get("/v1/keys", by))["keys"]}


async def test_a_key_opens_at_once_is_shown_once_and_opens_nothing_once_it_is_revoked(api):
    answer = await make(api, "dashboard", expires=SOON)
    assert answer.status_code == 201, answer.text
    key = answer.json()["key"]
    assert await opens(api, key)
    for _ in range(100):
        listed = (await names(api))["dashboard"]
        if listed["last_used_at"]:
            break
        await asyncio.sleep(0.05)
    assert (listed["made_by"], listed["origin"], listed["revoked_at"]) == ("plain", "api", None) and listed[
        "last_used_at"
    ]
    assert key not in json.dumps(await names(api)) and digest_of(key) not in json.dumps(await names(api))
    assert await revoke(api, "dashboard") == 204
    assert not await opens(api, key)
    assert (await names(api))["dashboard"]["revoked_at"] and await revoke(api, "dashboard") == 404
    assert (await make(api, "dashboard")).json()["type"] == "urn:stafett:problem:taken"


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("plain", {"scopes": ["leads:read", "personal:read"]}),
        ("plain", {"scopes": []}),
        ("plain", {"scopes": ["everything"]}),
        ("plain", {"person": "maja"}),
        ("plain", {"acts_as": "everybody"}),
        ("plain", {"expires": "2020-01-01T00:00:00Z"}),
        ("lena-keys", {}),
        ("lena-keys", {"person": "maja"}),
        ("lena-keys", {"acts_as": "everybody"}),
        ("nord-keys", {}),
        ("nord-keys", {"brands": ["nord", "sol"]}),
        ("short", {}),
        ("short", {"expires": LATER}),
        ("admin", {"person": "lena", "acts_as": "everybody"}),
        ("admin", {"sha256": "0" * 64}),
    ],
)
async def test_a_key_gives_no_more_than_it_has(api, by, order):
    answer = await make(api, "more", by, **order)
    assert answer.status_code in (403, 422), answer.text
    assert "more" not in await names(api)


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("plain", {}),
        ("plain", {"scopes": ["keys:write"], "brands": ["nord"], "expires": SOON}),
        ("lena-keys", {"person": "lena", "scopes": ["commands:write"]}),
        ("nord-keys", {"brands": ["nord"]}),
        ("short", {"expires": SOON}),
        ("admin", {"person": "maja", "scopes": ["commands:write"]}),
        ("admin", {"acts_as": "everybody"}),
    ],
)
async def test_a_key_gives_what_it_has(api, by, order):
    answer = await make(api, "same", by, **order)
    assert answer.status_code == 201, answer.text
    assert (await names(api))["same"]["made_by"] == by


async def test_a_key_revokes_itself_and_what_does_no_more_than_it_and_nothing_of_another_brand(api):
    await make(api, "mine")
    await make(api, "theirs", "admin", scopes=["commands:write"])
    await make(api, "of-nord", brands=["nord"])
    assert await revoke(api, "theirs") == 403 and await revoke(api, "mine", "nord-keys") == 404
    assert "mine" not in await names(api, "nord-keys") and "of-nord" in await names(api, "nord-keys")
    assert await revoke(api, "of-nord", "nord-keys") == 204 and await revoke(api, "mine") == 204
    assert await revoke(api, "theirs", "admin") == 204
    assert await revoke(api, "plain", "admin") == 409, "the file's are taken out of the file"
    head = {"Authorization": f"Bearer {(await make(api, 'itself', scopes=['keys:write'])).json()['key']}"}
    assert (await api.client.delete("/v1/keys/itself", headers=head)).status_code == 204
    assert (await api.client.delete("/v1/keys/itself", headers=head)).status_code == 401


async def test_names_that_mean_somebody_else_are_taken(api):
    for name in ("operator", "plain"):
        assert (await make(api, name)).status_code == 409
    assert (await make(api, "Operator")).status_code == 422 and (await make(api, "a%20b")).status_code == 422


async def test_who_made_and_revoked_a_key_is_in_the_audit(api):
    await make(api, "dashboard", by="admin")
    await revoke(api, "dashboard", by="admin")
    uses = (await api.get("/v1/audit", "audit:read"))["uses"]
    assert {(use["actor"], use["action"], use["subject"]) for use in uses} == {
        ("admin", "makeKey", "dashboard"),
        ("admin", "revokeKey", "dashboard"),
    }


async def test_the_command_line_and_a_running_process_see_the_same_keys(api, capsys):
    folder = ["--config", str(api.parts.settings.path(api.parts.settings.files.api_keys).parent)]

    async def stafett(*words):
        assert await asyncio.to_thread(main, ["key", *words, *folder]) == 0
        return capsys.readouterr().out

    printed = await stafett("make", "lab", "--scope", "leads:read", "--brand", "nord", "--expires", SOON)
    key = printed.partition("only now: ")[2].strip()
    await asyncio.sleep(1.1)
    assert await opens(api, key)
    assert {json.loads(line)["name"] for line in (await stafett("list", "--json")).splitlines()} >= {"lab", "plain"}
    listed = await stafett("list")
    assert "operator" in listed and "nord" in listed and key not in listed
    await stafett("revoke", "lab")
    await asyncio.sleep(1.1)
    assert not await opens(api, key)
    assert await asyncio.to_thread(main, ["key", "revoke", "plain", *folder]) == 1
    assert "api_keys.yaml" in capsys.readouterr().err


async def test_a_key_of_a_person_or_a_brand_that_nothing_knows_is_made_with_a_warning(api, capsys):
    folder = ["--config", str(api.parts.settings.path(api.parts.settings.files.api_keys).parent)]
    order = ["lost", "--scope", "leads:read", "--person", "nobody", "--brand", "nowhere"]
    assert await asyncio.to_thread(main, ["key", "make", *order, *folder]) == 0
    said = capsys.readouterr()
    assert "only now" in said.out and "brand nowhere" in said.err and "nobody is not in the roster" in said.err


async def test_while_the_store_is_away_the_keys_of_before_go_on(api, monkeypatch):
    key = (await make(api, "dashboard")).json()["key"]
    at = [0.0]
    ring = Keyring(api.parts.settings, api.parts.keys, lambda: at[0])
    assert "dashboard" in await ring()

    async def away():
        raise StoreUnavailable

    monkeypatch.setattr(api.parts.keys, "keys", away)
    at[0] = 1.5
    assert {"dashboard", "plain"} <= (await ring()).keys() and digest_of(key) == (await ring())["dashboard"].digest


async def test_without_a_file_the_keys_of_the_store_are_all(tmp_path):
    async with installed(tmp_path, roles=()) as api:
        path = api.parts.settings.path(api.parts.settings.files.api_keys)
        key = (await make(api, "only", by="all")).json()["key"]
        path.unlink()
        ring = Keyring(api.parts.settings, api.parts.keys)
        assert {name: one.digest for name, one in (await ring()).items()} == {"only": digest_of(key)}
