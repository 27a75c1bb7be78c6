"""Thin webhooks completed by the sender's API: a real server of each API's documented shape, with its faults."""

import asyncio
import json
from collections import defaultdict
from datetime import timedelta

import pytest

from schemas.signals import Parsed
from schemas.sources import Source
from services.ingest.enrich import GROUP, Enricher
from services.ingest.fetching.fetcher import Fetcher
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import parse
from services.loops.positions import positions_of
from services.ports.signal_records import once_more, record_of
from tests.setups import SETUPS, START, setup

KEY = b"k" * 32
CONTACT = {
    "id": "512",
    "properties": {
        "email": "Anna@Example.com", "firstname": "Anna", "lastname": "Ek", "phone": "+46 8 123 45 67", "company": "Acme AB",
        "website": "acme.example", "industry": "software", "country": "Sweden", "numberofemployees": "120",
    },
}  # fmt: skip
META = {
    "id": "900100200300", "created_time": "2026-02-02T09:00:00+0000", "form_id": "77", "ad_id": "5",
    "field_data": [
        {"name": "email", "values": ["bo@bolag.example"]}, {"name": "full_name", "values": ["Bo Berg"]},
        {"name": "what_do_you_need?", "values": ["A demo"]},
    ],
}  # fmt: skip
LINKEDIN = {
    "id": "abc-1",
    "submittedAt": 1770022800000,
    "form": {
        "content": {"questions": [{"questionId": 1, "predefinedField": "EMAIL"}, {"questionId": 2, "name": "Budget"}]}
    },
    "formResponse": {
        "answers": [
            {"questionId": 1, "answerDetails": {"textQuestionAnswer": {"answer": "cia@firma.example"}}},
            {"questionId": 2, "answerDetails": {"textQuestionAnswer": {"answer": "10 000"}}},
        ]
    },
}
SALESFORCE = {
    "Id": "00Q000000000001AAA",
    "Email": "dan@hus.example",
    "FirstName": "Dan",
    "LastName": "Hus",
    "Company": "Hus AB",
}


class Server:
    """Answers by path with what it was told, in turn; the last one stays. `None` never answers."""

    def __init__(self):
        self.asked, self.answers = [], defaultdict(list)
        self.over = asyncio.Event()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.over.set()
        self.server.close()
        await asyncio.sleep(0.01)  # those that hang hang up

    def says(self, path, *answers):
        self.answers[path] = [
            answer if isinstance(answer, tuple) or answer is None else (200, answer) for answer in answers
        ]

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        self.asked.append(
            (path, {k.lower(): v for k, _, v in (x.partition(": ") for x in head.split("\r\n")[1:] if x)})
        )
        known = next((key for key in self.answers if path.startswith(key)), None)
        waiting = self.answers[known] if known else [(404, {})]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if answer is None:
            await self.over.wait()
            writer.close()
            return
        status, said = answer[:2]
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        extra = "".join(f"{name}: {value}\r\n" for name, value in (answer[2] if len(answer) > 2 else {}).items())
        writer.write(
            f"HTTP/1.1 {status} X\r\n{extra}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def server():
    async with Server() as made:
        yield made


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


@pytest.fixture(params=SETUPS)
async def everywhere(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


def source(kind, server, **more):
    fetch = {
        "token": "STAFETT_SECRET_API",
        "base_url": server.url,
        "allow_private": True,
        "per_second": 1000,
        "patience": 5,
    }
    return Source(name="s", kind=kind, region="SE", verify={"scheme": "none"}, fetch={**fetch, **more})


def thin(kind, configured, body, minutes=0):
    found = parse(kind, json.dumps(body).encode(), "application/json", {})
    assert all(isinstance(item, Parsed) for item in found), found
    at = START + timedelta(minutes=minutes)
    return [to_signal(item.but(occurred_at=at), configured, at, KEY) for item in found]


def hubspot(event, what="contact.creation", ident=512, **more):
    return {
        "eventId": event, "subscriptionId": 1, "portalId": 9, "occurredAt": 1770022800000, "subscriptionType": what,
        "objectId": ident, "changeSource": "CRM_UI", **more,
    }  # fmt: skip


class At:
    """The role with its consumer, beside a set-up."""

    def __init__(self, running, configured):
        self.topic = running.topic.replace(".signals.", ".thin.")
        self.running, self.seen = running, []
        self.role = Enricher(
            running.store, running.log, self.topic, running.topic, {"s": Fetcher(configured, "t0ken")}, KEY,
            lambda: running.at, on_fetch=lambda name, outcome: self.seen.append(outcome),
        )  # fmt: skip
        self.consumer = running.log.consumer(self.topic, GROUP)

    async def put(self, *signals):
        await self.running.log.append([record_of(item, self.topic) for item in signals])

    async def step(self, count):
        done = 0
        async with asyncio.timeout(30):
            while done < count:
                records = await self.role._poll(self.consumer)
                if records:
                    await self.role.handle(records, self.consumer)
                    done += len(records)

    async def end(self):
        await self.consumer.stop()


@pytest.fixture
async def at():
    made = []

    def make(running, configured):
        made.append(At(running, configured))
        return made[-1]

    yield make
    for one in made:
        await one.end()


async def leads(running):
    return [(row, json.loads(row.personal)["person"] if row.personal else {}) for row in await running.reading.leads()]


async def test_a_contact_that_hubspot_only_names_becomes_a_lead_with_its_facts_in_every_set_up(everywhere, server, at):
    configured = source("hubspot", server)
    server.says("/crm/objects/2026-09/contacts/512", CONTACT)
    made = at(everywhere, configured)
    touch = hubspot(1), hubspot(2, "contact.propertyChange", propertyName="hs_lead_status", propertyValue="NEW")
    await made.put(*[s for body in touch for s in thin("hubspot", configured, [body])])
    await made.step(2)
    await everywhere.route(2)
    ours = [s.id for body in touch for s in thin("hubspot", configured, [body])]
    rows = [(await everywhere.reading.history_of_signal(ident))[0].row for ident in ours]
    assert [row.signal_id for row in rows] == ours
    assert json.loads(rows[0].personal)["person"]["email"] == "Anna@Example.com"
    assert json.loads(rows[0].facts)["company"]["name"] == "Acme AB"
    path, headers = server.asked[0]
    assert headers["authorization"] == "Bearer t0ken" and "t0ken" not in path
    assert len(server.asked) == 1, "what was just asked is not asked again"
    found = await everywhere.reading.dead_letters()
    assert found == []


@pytest.mark.parametrize(
    ("kind", "body", "path", "answer", "email"),
    [
        ("meta_lead_ads",
         {"object": "page", "entry": [{"id": "1", "time": 1, "changes": [{"field": "leadgen", "value": {"leadgen_id": "900100200300", "form_id": "77", "created_time": 1770022800}}]}]},
         "/v23.0/900100200300?fields=", META, "bo@bolag.example"),
        ("linkedin",
         {"type": "LEAD_ACTION", "leadGenFormResponse": "abc-1", "leadAction": "CREATED", "occurredAt": 1770022800000},
         "/rest/leadFormResponses/abc-1", LINKEDIN, "cia@firma.example"),
    ],
)  # fmt: skip
async def test_an_ad_platforms_lead_is_asked_for_by_its_id(running, server, at, kind, body, path, answer, email):
    configured = source(kind, server)
    server.says(path, answer)
    made = at(running, configured)
    await made.put(*thin(kind, configured, body))
    await made.step(1)
    await running.route(1)
    ((_, person),) = await leads(running)
    assert person["email"] == email
    assert [asked.startswith(path) for asked, _ in server.asked] == [True]


async def test_a_step_that_names_an_unknown_id_finds_the_lead_that_a_form_made(running, server, at):
    form = Source(name="web", kind="form", verify={"scheme": "none"})
    touch = Parsed(kind="form.submitted", dedupe_key="f1", occurred_at=START, person={"email": "eva@firma.example"})
    await running.log.append([record_of(to_signal(touch, form, START, KEY), running.topic)])
    await running.route(1)
    configured = source("pipedrive", server)
    server.says("/api/v2/deals/9", {"data": {"id": 9, "person_id": 31}})
    person = {"id": 31, "name": "Eva Berg", "emails": [{"value": "Eva@Firma.example", "primary": True}]}
    server.says("/api/v2/persons/31", {"data": person})
    call = {"id": 1, "type": "call", "done": True, "deal_id": 9}
    body = {"meta": {"action": "change", "entity": "activity", "id": "d1"}, "data": call, "previous": {"done": False}}
    made = at(running, configured)
    (signal,) = thin("pipedrive", configured, body, 5)
    await made.put(signal)
    await made.step(1)
    await running.route(1)
    ((lead, known),) = await leads(running)
    (entry,) = await running.reading.history_of_signal(signal.id)
    assert (entry.row.lead_id, known["full_name"]) == (lead.id, "Eva Berg")
    # From then on the deal alone is enough, without asking.
    again = {**body, "meta": {**body["meta"], "id": "d2"}}
    (later,) = thin("pipedrive", configured, again, 6)
    await running.log.append([record_of(later, running.topic)])
    await running.route(1)
    assert [e.row.lead_id for e in await running.reading.history_of_signal(later.id)] == [lead.id]


async def test_a_deal_of_nobody_known_is_joined_to_its_contact(server):
    configured = source("hubspot", server)
    server.says(
        "/crm/objects/2026-09/deals/21?associations=contacts",
        {
            "id": "21",
            "properties": {},
            "associations": {"contacts": {"results": [{"id": "512", "type": "deal_to_contact"}]}},
        },
    )
    server.says("/crm/objects/2026-09/contacts/512", CONTACT)
    (signal,) = thin("hubspot", configured, [hubspot(1, "deal.creation", 21)])
    fetcher = Fetcher(configured, "t0ken")
    assert fetcher.wants(signal)
    facts = await fetcher.complete(signal)
    assert facts.person.email == "Anna@Example.com" and facts.company.employees == 120
    assert {(r.object, r.id) for r in facts.references} == {("deal", "21"), ("person", "512")}
    await fetcher.close()


async def test_a_record_of_salesforce_is_asked_for_by_what_its_id_says_it_is(server):
    configured = source("salesforce", server)
    server.says("/services/data/v62.0/sobjects/Lead/00Q000000000001AAA", SALESFORCE)
    parsed = Parsed(
        kind="contact.updated", dedupe_key="x", occurred_at=START,
        references=({"system": "salesforce", "object": "person", "id": "00Q000000000001AAA"},),
    )  # fmt: skip
    fetcher = Fetcher(configured, "t0ken")
    facts = await fetcher.complete(to_signal(parsed, configured, START, KEY))
    assert (facts.person.email, facts.person.last_name, facts.company.name) == ("dan@hus.example", "Hus", "Hus AB")
    await fetcher.close()


LEADGEN = {"object": "page", "entry": [{"id": "1", "time": 1, "changes": [
    {"field": "leadgen", "value": {"leadgen_id": "900100200300", "form_id": "77", "created_time": 1770022800}}]}]}  # fmt: skip


@pytest.mark.parametrize(
    "faults",
    [[(500, {})], [(503, {}, {"Retry-After": "0"})], [(429, {}, {"Retry-After": "1"})], [(408, {}), (502, b"<html>")]],
    ids=["500", "503", "429", "twice"],
)
async def test_what_fails_for_a_while_is_asked_again(running, server, at, faults):
    configured = source("meta_lead_ads", server)
    server.says("/v23.0/900100200300", *faults, META)
    made = at(running, configured)
    await made.put(*thin("meta_lead_ads", configured, LEADGEN))
    await made.step(1)
    await running.route(1)
    ((_, person),) = await leads(running)
    assert person["email"] == "bo@bolag.example"
    assert made.seen == ["failed"] * len(faults) + ["fetched"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((401, {}), "it answered 401"),
        ((302, {}, {"Location": "http://127.0.0.1:1/"}), "it answered 302"),
        ((200, b"{" * 9), "it answered what cannot be read: not JSON"),
        ((200, b" " * (1024 * 1024 + 1)), "it answered over 1048576 bytes"),
        ((200, {"id": "900100200300"}), "the API's answer is not what this kind of source answers"),
        ((500, {}), "it answered 500, for 0 s"),
    ],
    ids=["401", "redirect", "no-json", "huge", "other-shape", "500-for-long"],
)
async def test_what_cannot_be_completed_is_a_dead_letter_and_a_redrive_completes_it(
    running, server, at, answer, reason
):
    configured = source("meta_lead_ads", server, patience=0)
    server.says("/v23.0/900100200300", answer)
    made = at(running, configured)
    await made.put(*thin("meta_lead_ads", configured, LEADGEN))
    await made.step(1)
    (letter,) = await running.reading.dead_letters()
    assert (letter.state, letter.error_class, letter.lead_id) == ("dead", "NotFetched", None)
    assert letter.reason == f"the API of s: {reason}" and "t0ken" not in str(letter)
    assert letter.origin.startswith(f"{made.topic}/")
    server.says("/v23.0/900100200300", META)
    await running.log.append([once_more(letter, made.topic)])
    await made.step(1)
    await running.route(1)
    ((_, person),) = await leads(running)
    assert person["email"] == "bo@bolag.example"


async def test_a_defect_of_ours_sets_that_one_signal_aside_and_the_others_are_completed(
    running, server, at, monkeypatch
):
    configured = source("hubspot", server)
    for ident, address in (("512", "a@x.example"), ("513", "b@x.example")):
        server.says(f"/crm/objects/2026-09/contacts/{ident}", {"id": ident, "properties": {"email": address}})
    first, second = (thin("hubspot", configured, [hubspot(n, ident=ident)], n)[0] for n, ident in ((1, 512), (2, 513)))
    complete = Fetcher.complete

    async def broken(self, signal):
        if signal.id == first.id:
            raise AttributeError("a defect")
        return await complete(self, signal)

    monkeypatch.setattr(Fetcher, "complete", broken)
    made = at(running, configured)
    await made.put(first, second)
    await made.step(2)
    (letter,) = await running.reading.dead_letters()
    assert letter.signal_id == first.id and letter.reason.startswith("AttributeError at ")
    await running.route(1)
    ((_, person),) = await leads(running)
    assert person["email"] == "b@x.example"


async def test_what_the_store_refuses_of_a_thin_signal_is_kept_as_bytes(running, server, at):
    configured = source("hubspot", server, patience=0)
    server.says("/crm/objects/2026-09/contacts/512", (401, {}))
    (signal,) = thin("hubspot", configured, [hubspot(1, ident=512)])
    made = at(running, configured)
    await made.put(signal.but(attempt=10**30))
    await made.step(1)
    (letter,) = await running.reading.dead_letters()
    assert letter.raw is not None or letter.signal_id == signal.id


async def test_a_record_that_is_gone_goes_on_as_it_came(running, server, at):
    configured = source("hubspot", server)
    made = at(running, configured)
    (signal,) = thin("hubspot", configured, [hubspot(1)])
    await made.put(signal)
    await made.step(1)
    await running.route(1)
    assert made.seen == ["gone"] and await running.reading.dead_letters() == []
    assert [entry.row.signal_id for entry in await running.reading.history_of_signal(signal.id)] == [signal.id]


async def test_a_key_that_waits_for_the_api_holds_no_other_and_keeps_its_own_order(running, server, at):
    configured = source("hubspot", server, patience=20)
    server.says("/crm/objects/2026-09/contacts/512", (500, {}), (500, {}), CONTACT)
    server.says("/crm/objects/2026-09/contacts/513", {"id": "513", "properties": {"email": "eva@x.example"}})
    first, second = (thin("hubspot", configured, [hubspot(i, ident=512)], i)[0] for i in (1, 2))
    (other,) = thin("hubspot", configured, [hubspot(3, ident=513)], 3)
    made = at(running, configured)
    await made.put(first, second, other)
    await made.step(3)
    topic, got = running.topic, []
    reader = running.log.consumer(topic, "look")
    async with asyncio.timeout(20):
        while len(got) < 3:
            if fresh := reader.partitions_to_seek():
                await reader.seek(await positions_of(running.store, running.log, "look", topic, sorted(fresh)))
            got += await reader.poll(10, 0.2)
    await reader.stop()
    order = [json.loads(record.value)["id"] for record in got]
    assert order.index(first.id) < order.index(second.id)
    assert set(order) == {first.id, second.id, other.id}


async def test_killed_between_the_append_and_the_positions_it_has_one_effect(everywhere, server, at):
    configured = source("meta_lead_ads", server)
    server.says("/v23.0/900100200300", META)
    made = at(everywhere, configured)
    (signal,) = thin("meta_lead_ads", configured, LEADGEN)
    await made.put(signal)

    async def killed(*_):
        raise ConnectionAbortedError

    made.role._commit = killed
    with pytest.raises(ConnectionAbortedError):
        await made.step(1)
    await made.end()
    again = at(everywhere, configured)
    await again.step(1)
    await everywhere.route(2)
    recorded = await everywhere.reading.history_of_signal(signal.id)
    assert len(recorded) == 1, "the same id, which the inbox drops"
    assert len(await everywhere.reading.leads()) == 1


async def test_the_api_is_not_asked_at_an_address_that_is_not_public(running, server, at):
    configured = source("meta_lead_ads", server)
    closed = configured.model_copy(update={"fetch": configured.fetch.model_copy(update={"allow_private": False})})
    made = at(running, closed)
    await made.put(*thin("meta_lead_ads", closed, LEADGEN))
    await made.step(1)
    (letter,) = await running.reading.dead_letters()
    assert letter.reason == "the API of s: the API's name leads to an address that is not public"
    assert server.asked == []


async def test_it_stops_while_it_waits_for_an_api_and_asks_again_after_the_next_start(running, server, at):
    configured = source("meta_lead_ads", server)
    server.says("/v23.0/900100200300", None)
    made, stop = at(running, configured), asyncio.Event()
    await made.put(*thin("meta_lead_ads", configured, LEADGEN))
    role = asyncio.create_task(made.role.run(stop))
    async with asyncio.timeout(20):
        while not server.asked:
            await asyncio.sleep(0.01)
        stop.set()
        await role
    server.says("/v23.0/900100200300", META)
    again = at(running, configured)
    await again.step(1)
    await running.route(1)
    assert len(await running.reading.leads()) == 1


def test_a_source_says_what_is_wrong_with_its_fetch():
    def refused(**more):
        with pytest.raises(ValueError) as error:
            Source(**{"name": "s", "kind": "hubspot", "verify": {"scheme": "none"}, **more})
        return str(error.value)

    token = {"token": "STAFETT_SECRET_API"}
    assert (
        "`fetch` is for the kinds close, gohighlevel, hubspot, linkedin, meta_lead_ads, pipedrive, salesforce"
        in refused(kind="form", fetch=token)
    )
    assert "needs `base_url`" in refused(kind="salesforce", fetch=token)
    assert "begins with https" in refused(fetch={**token, "base_url": "http://api.example"})
