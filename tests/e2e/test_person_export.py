"""What a person gets who asks for what is known of them: all of it, with its origin, and nothing of anybody else."""

import asyncio
import hashlib
import json

import jsonschema
import pytest

from schemas.export import schema
from services.adapters.sql.persons import SqlPersons
from services.cli.main import main
from tests.api import bearer, installed

ANNA = {"email": "anna@example.com", "name": "Anna Ek", "phone": "070-174 06 05", "company": "Fjord AB"}


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path) as made:
        yield made


async def export(api, status=200, key="all", **asked):
    answer = await api.client.post("/v1/persons/export", json=asked, headers=bearer(key))
    assert answer.status_code == status, answer.text
    return answer


async def told(api):
    """Anna by a form and by the CRM, and somebody else."""
    await api.form(**ANNA, message="a crane for the roof", newsletter="yes")
    await api.fact(fact="follow_up", email="anna@example.com", person={"full_name": "Anna Ek"}, reason="called back")
    await api.form(email="bo@example.com", name="Bo Lind", phone="070-174 06 05", message="nothing of hers")
    await api.settled()


async def test_the_file_has_every_fact_with_its_origin_and_fits_its_schema(api):
    await told(api)
    answer = await export(api, email="Anna@Example.com")
    assert answer.headers["cache-control"] == "no-store"
    file = answer.json()
    jsonschema.validate(file, schema("http.PersonExport"))
    (lead,) = file["leads"]
    facts = {fact["name"]: fact for fact in lead["facts"]}
    assert facts["email"]["value"] == "anna@example.com" and facts["email"]["source"] == "load"
    assert facts["email"]["proof"] == "none" and facts["answer:message"]["value"] == "a crane for the roof"
    assert facts["company_name"]["value"] == "Fjord AB" and facts["company_name"]["signal"].startswith("sig_")
    assert [signal["source"] for signal in file["signals"]][:2] == ["load", "facts"]
    assert file["signals"][0]["personal"]["person"]["full_name"] == "Anna Ek"
    assert {event["topic"] for event in file["events"]} >= {"leads"}
    assert "anna@example.com" in str([event["data"]["personal"] for event in file["events"]])
    assert file["complete"] is True
    assert not any(words in answer.text for words in ("bo@example.com", "Bo Lind", "nothing of hers"))


async def test_the_text_is_for_people_in_their_language(api):
    await told(api)
    swedish = (await export(api, email=ANNA["email"], format="text", language="sv")).text
    assert swedish.startswith("Vad nordlys vet om dig\n") and "enligt load" in swedish and "obevisat" in swedish
    assert "answer:message: a crane for the roof" in swedish and swedish.endswith("den är fullständig.\n")
    english = (await export(api, email=ANNA["email"], format="text")).text
    assert english.startswith("What nordlys knows of you\n") and english.endswith("it is complete.\n")


async def test_a_line_that_somebody_wrote_does_not_look_like_one_of_ours(api):
    await api.form(email="anna@example.com", message="x\nSlut på filen: den är fullständig.")
    await api.settled()
    shown = (await export(api, email=ANNA["email"], format="text", language="sv")).text
    assert shown.splitlines().count("Slut på filen: den är fullständig.") == 1


async def test_who_asks_is_noted_with_the_leads_and_nothing_of_the_person(api):
    await told(api)
    lead = (await export(api, email=ANNA["email"])).json()["leads"][0]["id"]
    rows = await SqlPersons(api.parts.store.engines)._all("SELECT * FROM person_requests")
    (row,) = [row._asdict() for row in rows]
    assert (row["kind"], row["state"], row["principal"], row["lead_id"]) == ("export", "done", "all", lead)
    assert json.loads(row["body"]) == {"leads": [lead]} and "anna" not in str(row)


async def test_only_a_key_with_the_scope_gets_it_and_of_its_brands_alone(tmp_path):
    south = {"name": "south", "sha256": hashlib.sha256(b"sk_south").hexdigest(), "scopes": ["persons:export"], "brands": ["sol"]}  # fmt: skip
    async with installed(tmp_path, keys=[south]) as api:
        await told(api)
        await export(api, 403, key="personal:read", email=ANNA["email"])
        await export(api, 401, key=None, email=ANNA["email"])
        await export(api, 404, key="south", email=ANNA["email"])
        await export(api, 200, key="persons:export", email=ANNA["email"])


async def test_a_number_that_two_leads_have_is_nobodys_until_one_is_named(api):
    await told(api)
    problem = (await export(api, 409, phone="+46 70 174 06 05")).json()
    assert problem["type"] == "urn:stafett:problem:ambiguous" and problem["detail"].count("lead_") == 2
    (anna,) = (await export(api, email=ANNA["email"])).json()["leads"]
    assert (await export(api, lead=anna["id"])).json()["leads"] == [anna]


async def test_who_names_nobody_gets_a_problem(api):
    await told(api)
    for asked in ({"email": "nobody@example.com"}, {"email": "no address"}, {"phone": "x"}, {"lead": "lead_none"}):
        await export(api, 404, **asked)
    twice, long, more = {"email": "a@b.se", "lead": "lead_x"}, {"email": "a" * 400}, {"email": "a@b.se", "more": 1}
    for asked in ({}, twice, long, more):
        await export(api, 422, **asked)


async def test_what_was_merged_is_the_same_persons(api):
    await told(api)
    await api.form(email="anna.ek@fjord.example", message="from work")
    await api.settled()
    first, other = [
        (await export(api, email=email)).json()["leads"][0]["id"] for email in (ANNA["email"], "anna.ek@fjord.example")
    ]
    asked = {"command": "merge", "lead": first, "other": other, "reason": "one person"}
    answer = await api.client.post("/v1/commands", json=asked, headers=bearer("all"))
    assert answer.status_code == 202, answer.text
    await api.settled()
    for named in ({"email": ANNA["email"]}, {"email": "anna.ek@fjord.example"}, {"lead": other}):
        file = (await export(api, **named)).json()
        assert {lead["id"] for lead in file["leads"]} == {first, other}
        assert "from work" in str(file["signals"])


async def test_the_command_writes_two_files_for_their_owner_alone(api, tmp_path, capsys):
    await told(api)
    config = str(tmp_path / "config")
    there = tmp_path / "anna.json"
    there.touch(mode=0o644)
    asked = [
        "person",
        "export",
        "anna@example.com",
        "--to",
        str(tmp_path / "anna"),
        "--language",
        "sv",
        "--config",
        config,
    ]
    assert await asyncio.to_thread(main, asked) == 0
    assert capsys.readouterr().out == f"{there} and {tmp_path / 'anna.txt'}: 1 leads\n"
    for path in (there, tmp_path / "anna.txt"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(there.read_text())["leads"][0]["facts"]
    assert (tmp_path / "anna.txt").read_text().startswith("Vad nordlys")
    nobody = ["person", "export", "nobody@example.com", "--to", str(tmp_path / "none"), "--config", config]
    assert await asyncio.to_thread(main, nobody) == 1
    assert "nobody is known" in capsys.readouterr().err and not (tmp_path / "none.json").exists()


async def test_what_was_said_of_consents_is_evidence_that_outlives_what_was_withdrawn_before_they_were_known(api):
    withdrawn = {"purpose": "email", "state": "withdrawn", "at": "2026-01-05T09:00:00Z"}
    await api.fact(fact="consent.withdrawn", email=ANNA["email"], consents=[withdrawn], id="c1")
    await api.settled()
    await api.form(**ANNA, form_id="newsletter-v3")
    given = {"purpose": "phone", "state": "given", "basis": "call me, wording of May", "at": "2026-02-05T09:00:00Z"}
    await api.fact(fact="consent.given", email=ANNA["email"], consents=[given], id="c2")
    await api.settled()
    (lead,) = (await api.get("/v1/leads", email=ANNA["email"]))["leads"]
    page = await api.get(f"/v1/persons/{lead['id']}/consents")
    assert page["current"]["email"] == "withdrawn" and page["next"] is None
    jsonschema.validate(page, schema("http.ConsentPage"))
    said = [(one["purpose"], one["state"], one["basis"], one["source"], one["proof"]) for one in page["statements"]]
    assert said == [
        ("email", "withdrawn", None, None, None),
        ("phone", "given", "call me, wording of May", "facts", "none"),
    ]
    assert page["statements"][0]["signal"] is None and page["statements"][1]["signal"].startswith("sig_")
    short = await api.get(f"/v1/persons/{lead['id']}/consents", limit=1)
    assert len(short["statements"]) == 1 and short["next"]
    await api.get("/v1/persons/lead_none/consents", status=404)
