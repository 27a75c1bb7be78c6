"""After a person was erased nothing names them any more, in no table and no file; only what they do themselves brings them back."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.erasing import SqlErasing
from services.adapters.sql.sinks import SqlSinks
from services.bootstrap.persons import eraser_of
from services.cli.main import main
from services.ports.sinks import SinkRecord
from tests.api import bearer, installed
from tests.erasing import Planted, hits_in_files, hits_in_tables

WANTS = {"reason": "asked by letter", "dry_run": False}
ROLES = ("router", "relay", "sla")
LAWFUL = """
  - {name: desk, kind: crm, rate: 100000, burst: 100000, may: [form, engagement, consent, sales, import, erasure], verify: {scheme: token, header: x-token, secrets: [STAFETT_SECRET_DESK]}}
"""
SECRETS = {"STAFETT_SECRET_DESK": "d" * 32}


@pytest.fixture
async def api(tmp_path):
    async with installed(tmp_path, extra=LAWFUL, secrets=SECRETS, roles=ROLES) as made:
        yield made


async def tell(api, **fact):
    answer = await api.client.post("/v1/hooks/desk", json=fact, headers={"x-token": "d" * 32})
    assert answer.status_code == 202 and not answer.json()["quarantined"], answer.text
    return answer.json()


async def post(api, path, status=202, **body):
    answer = await api.client.post(path, json=body, headers=bearer("all"))
    assert answer.status_code == status, answer.text
    return answer.json()


async def erase(api, **asked):
    """Until it is done; the receipts."""
    taken = await post(api, "/v1/persons/erase", **WANTS, **asked)
    await finished(api, taken["erasures"])
    return [(await api.get(f"/v1/persons/erasures/{ident}")) for ident in taken["erasures"]]


async def finished(api, idents=()):
    eraser = eraser_of(api.parts)
    async with asyncio.timeout(60):
        await api.settled()
        while await SqlErasing(api.parts.store.engines).open_erasures(100):
            await eraser.step()
        while not await eraser.compact():
            await asyncio.sleep(0.1)
        for ident in idents:
            assert (await api.get(f"/v1/persons/erasures/{ident}"))["state"] == "done"


async def leads_of(api, person):
    return (await api.get("/v1/leads", email=person.email))["leads"]


async def known(api, *people):
    """Each by a form, by the CRM, as a meeting; and in a body that nobody could read."""
    for person in people:
        await api.form(**person.form())
        await tell(api, fact="contact.updated", **person.contact())
        await tell(api, fact="sales.meeting_booked", **person.contact(id=f"m{person.number}"))
        answer = await api.client.post(
            "/v1/hooks/load", content=f"\xff {person.email} {person.words[9]}".encode("latin-1")
        )
        assert answer.status_code == 202
    await api.settled()


async def test_nothing_names_who_was_erased_and_all_of_the_others_is_there(api, tmp_path):
    gone, stays = [Planted(n) for n in range(3)], [Planted(n) for n in range(10, 13)]
    await known(api, *gone, *stays)
    before = await hits_in_tables(api.parts.store.engines, stays)
    assert len(await hits_in_tables(api.parts.store.engines, gone)) >= 5
    for person in gone:
        (receipt,) = await erase(api, email=person.email)
        said = receipt["receipt"]
        assert said["emptied"]["history"] >= 3 and said["emptied"]["quarantine_bodies"] == 1 and said["tombstones"] >= 3
        assert len(said["sha256"]) == 64 and not hits_in_text(json.dumps(receipt), gone)
    engines = api.parts.store.engines
    assert await hits_in_tables(engines, gone) == {}
    assert await hits_in_tables(engines, stays) == before
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert hits_in_files(files, gone) == {} and hits_in_files(files, stays)
    shown = (await api.client.get("/metrics", headers=bearer("all"))).text
    assert not hits_in_text(shown, gone)
    with closing(sqlite3.connect(tmp_path / "s.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def hits_in_text(held, people):
    return [word for person in people for word in person.words if word in held.casefold()]


async def test_offers_and_clocks_end_and_everybody_is_told_once(api):
    person = Planted(1)
    await known(api, person)
    (lead,) = await leads_of(api, person)
    assert lead["stage"] == "hand_over"
    await erase(api, lead=lead["id"])
    await erase(api, lead=lead["id"])
    after = await api.get(f"/v1/leads/{lead['id']}")
    assert (after["disposition"], after["owner"], after["personal"], after["references"]) == ("erased", None, None, [])
    assert not [
        c for c in (await api.get("/v1/clocks", lead=lead["id"]))["clocks"] if c["state"] in ("running", "paused")
    ]
    events = [
        e["event"] for e in (await api.get("/v1/events", limit=500))["events"] if e["event"]["subject"] == lead["id"]
    ]
    (erased,) = [event for event in events if event["type"] == "stafett.lead.erased.v1"]
    assert erased["data"]["references"][0]["id"] == "700001" and erased["data"]["reason"] == "asked by letter"
    assert "stafett.handover.withdrawn.v1" in [event["type"] for event in events]
    assert [int(e["sequence"]) for e in events] == list(range(1, len(events) + 1))


async def test_no_sync_and_no_import_brings_them_back_but_a_form_of_theirs_does(api):
    person = Planted(1)
    await known(api, person)
    await erase(api, email=person.email)
    await tell(api, fact="contact.updated", **person.contact(id="again"))
    await tell(api, fact="contact.created", mode="import", asserted={}, **person.contact(id="import"))
    await tell(api, fact="won", **person.contact(id="won"))
    await tell(
        api, fact="contact.updated", references=[person.reference], person={"full_name": person.first}, id="by-id"
    )
    await api.settled()
    assert await leads_of(api, person) == []
    reasons = {one["reason"] for one in (await api.get("/v1/signals"))["signals"]}
    assert "person_erased" in reasons
    await eraser_of(api.parts).sweep()
    assert await hits_in_tables(api.parts.store.engines, [person]) == {}
    await api.form(email=person.email, message="me again")
    await api.settled()
    (lead,) = await leads_of(api, person)
    assert lead["disposition"] == "active" and lead["personal"]["answers"] == {"message": "me again"}
    await tell(api, fact="contact.updated", **person.contact(id="later"))
    await api.settled()
    assert [one["id"] for one in await leads_of(api, person)] == [lead["id"]]


async def test_who_was_never_a_lead_is_kept_out_as_well(api):
    await known(api, Planted(2))
    stranger = Planted(1)
    await tell(api, fact="won", **stranger.contact())
    await api.settled()
    assert await hits_in_tables(api.parts.store.engines, [stranger])
    await erase(api, email=stranger.email)
    assert await hits_in_tables(api.parts.store.engines, [stranger]) == {}
    await tell(api, fact="contact.created", **stranger.contact(id="sync"))
    await api.settled()
    assert await leads_of(api, stranger) == []


async def test_a_source_erases_only_where_its_file_lets_it(api):
    first, second = Planted(1), Planted(2)
    await known(api, first, second)
    await tell(api, fact="contact.deleted", **first.contact(id="gone"))
    answer = await api.client.post("/v1/hooks/facts", json={"fact": "person.erasure_requested", "email": second.email})
    assert len(answer.json()["quarantined"]) == 1
    await finished(api)
    assert await leads_of(api, first) == [] and len(await leads_of(api, second)) == 1
    await tell(api, fact="person.erasure_requested", email=second.email, id="asked")
    await finished(api)
    assert await hits_in_tables(api.parts.store.engines, [first]) == {}
    assert [row.principal for row in await rows(api)] == ["desk", "desk"]


async def rows(api):
    async with api.parts.store.engines.read() as conn:
        return (await conn.execute(text("SELECT * FROM person_requests ORDER BY asked_at"))).all()


async def test_what_was_merged_is_erased_with_it(api):
    person, other = Planted(1), Planted(2)
    await known(api, person, other)
    ids = [(await leads_of(api, one))[0]["id"] for one in (person, other)]
    await post(api, "/v1/commands", command="merge", lead=ids[0], other=ids[1], reason="one person")
    await api.settled()
    await tell(api, fact="person.erasure_requested", email=other.email, id="asked")
    await finished(api)
    await finished(api)
    assert await hits_in_tables(api.parts.store.engines, [person, other]) == {}
    await tell(api, fact="contact.updated", **other.contact(id="sync"))
    await api.settled()
    assert await leads_of(api, other) == [] and await leads_of(api, person) == []


async def test_the_command_says_what_would_go_and_only_then_does_it(api, tmp_path, capsys):
    person = Planted(1)
    await known(api, person)
    config = ["--config", str(tmp_path / "config")]
    asked = ["person", "erase", person.email, "--reason", "asked by letter", *config]
    assert await asyncio.to_thread(main, asked) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["holds"]["history"] >= 3 and said["erasures"] == []
    assert len(await leads_of(api, person)) == 1
    assert await asyncio.to_thread(main, [*asked, "--yes"]) == 0
    (ident,) = json.loads(capsys.readouterr().out)["erasures"]
    await finished(api, [ident])
    assert await asyncio.to_thread(main, ["person", "receipt", ident, *config]) == 0
    assert json.loads(capsys.readouterr().out)["receipt"]["emptied"]["leads"] == 1


async def test_an_erasure_that_is_killed_between_two_steps_goes_on_and_counts_nothing_twice(api, monkeypatch):
    person = Planted(1)
    await known(api, person)
    await post(api, "/v1/persons/erase", **WANTS, email=person.email)
    await api.settled()
    store = SqlErasing(api.parts.store.engines)
    for step in ("empty_of_lead", "bodies", "drop_bodies", "log_bodies", "put_logged"):
        whole = getattr(SqlErasing, step)

        async def killed(*values, whole=whole):
            await whole(*values)
            raise ConnectionAbortedError

        with monkeypatch.context() as broken:
            broken.setattr(SqlErasing, step, killed)
            with pytest.raises(ConnectionAbortedError):
                await eraser_of(api.parts).step()
        assert len(await store.open_erasures(10)) == 1
    await finished(api)
    (row,) = await rows(api)
    assert json.loads(row.body)["emptied"]["quarantine_bodies"] == 1 and row.personal is None
    assert await hits_in_tables(api.parts.store.engines, [person]) == {}


async def test_the_answer_says_how_far_the_crms_are(api):
    person = Planted(3)
    await known(api, person)
    (lead,) = await leads_of(api, person)
    book, engines = SqlSinks(api.parts.store.engines), api.parts.store.engines
    await SqlDeliveries(engines).fan_out("sink/crm", lambda *_: False, datetime.now(UTC))
    record = SinkRecord("sink/crm", "contact", lead["id"], lead["id"], state="present", made_by="evt_1", vendor_id="7")
    await book.adopt(record)
    (receipt,) = await erase(api, lead=lead["id"])
    assert [(one["sink"], one["kind"], one["state"]) for one in receipt["sinks"]] == [("crm", "contact", "present")]
    await book.adopt(record._replace(state="erased", seen_at=datetime.now(UTC)))
    (one,) = (await api.get(f"/v1/persons/erasures/{receipt['id']}"))["sinks"]
    assert one["state"] == "erased" and one["at"] is not None
