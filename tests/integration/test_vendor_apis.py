"""Whom a CRM's activity or deal is with, asked of each API in its documented shape, and what its faults lead to."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from schemas.signals import Kind, Parsed
from schemas.sources import Source
from services.ingest.configured.sales import with_sales_words
from services.ingest.fetching.asking import Gone, Later, Refused
from services.ingest.fetching.fetcher import Fetcher
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import parse
from tests.integration.test_enrich import CONTACT, KEY, SALESFORCE, START, Server, hubspot
from tests.integration.test_enrich import source as configured_source

PEOPLE = {
    "/api/v2/persons/31": {"success": True, "data": {"id": 31, "first_name": "Eva", "last_name": "Berg", "org_id": 4,
                           "emails": [{"value": "x@other.example", "primary": False}, {"value": "eva@firma.example", "primary": True}],
                           "phones": [{"value": "+46 70 111 22 33", "primary": True}]}},
    "/api/v1/contact/cont_1/": {"id": "cont_1", "lead_id": "lead_1", "name": "Eva Berg",
                                "emails": [{"email": "eva@firma.example", "type": "office"}], "phones": []},
    "/contacts/ghl1": {"contact": {"id": "ghl1", "firstName": "Eva", "lastName": "Berg", "email": "eva@firma.example",
                       "companyName": "Firma AB", "locationId": "loc"}},
}  # fmt: skip
ONE_CONTACT = {"id": "lead_1", "name": "Firma AB", "contacts": [PEOPLE["/api/v1/contact/cont_1/"]]}


@pytest.fixture
async def server():
    async with Server() as made:
        for path, answer in PEOPLE.items():
            made.says(path, answer)
        yield made


def signal_of(configured, body):
    (found,) = parse(configured.kind, json.dumps(body).encode(), "application/json", {})
    assert isinstance(found, Parsed), found
    return to_signal(with_sales_words(found, configured.sales), configured, START, KEY)


async def completed(configured, body):
    fetcher = Fetcher(configured, "t0ken")
    try:
        signal = signal_of(configured, body)
        assert fetcher.wants(signal)
        return await fetcher.complete(signal)
    finally:
        await fetcher.close()


def pipedrive(entity, data, previous=None):
    return {
        "meta": {"action": "change", "entity": entity, "id": "d1", "company_id": "77"},
        "data": data,
        "previous": previous or {},
    }


def close(noun, data, **more):
    event = {"id": "e1", "object_type": noun, "object_id": "o1", "action": "updated", "organization_id": "org"}
    return {"event": {**event, "data": data, "previous_data": {}, **more}}


CASES = [
    ("pipedrive", pipedrive("activity", {"id": 1, "type": "call", "done": True, "person_id": 31}, {"done": False}), {},
     ["/api/v2/persons/31"], ("person", "31")),
    ("pipedrive", pipedrive("activity", {"id": 1, "type": "call", "done": True, "deal_id": 9}, {"done": False}),
     {"/api/v2/deals/9": {"data": {"id": 9, "person_id": 31}}}, ["/api/v2/deals/9", "/api/v2/persons/31"], ("person", "31")),
    ("pipedrive", pipedrive("activity", {"id": 1, "type": "call", "done": True, "lead_id": "0f2bb1d2-9a8e-4a1c-8f1e-2f4f4a0c7e11"}, {"done": False}),
     {"/v1/leads/0f2bb1d2-9a8e-4a1c-8f1e-2f4f4a0c7e11": {"data": {"id": "0f2bb1d2-9a8e-4a1c-8f1e-2f4f4a0c7e11", "person_id": 31}}}, ["/v1/leads/0f2bb1d2-9a8e-4a1c-8f1e-2f4f4a0c7e11", "/api/v2/persons/31"], ("person", "31")),
    ("close", close("activity.call", {"id": "o1", "contact_id": "cont_1", "lead_id": "lead_1"}), {},
     ["/api/v1/contact/cont_1/"], ("person", "cont_1")),
    ("close", close("lead", {"id": "lead_1", "status_id": "s2"}, previous_data={"status_id": "s1"}, lead_id="lead_1"),
     {"/api/v1/lead/lead_1/": ONE_CONTACT, "/api/v1/lead/o1/": ONE_CONTACT}, ["/api/v1/lead/o1/"], ("person", "cont_1")),
    ("gohighlevel", {"type": "TaskComplete", "locationId": "loc", "id": "t1", "contactId": "ghl1"}, {},
     ["/contacts/ghl1"], ("person", "ghl1")),
    ("gohighlevel", {"type": "OpportunityStageUpdate", "locationId": "loc", "id": "op1", "pipelineStageId": "s"},
     {"/opportunities/op1": {"opportunity": {"id": "op1", "contactId": "ghl1"}}}, ["/opportunities/op1", "/contacts/ghl1"], ("person", "ghl1")),
]  # fmt: skip
NAMES = ["person", "deal", "lead-of-theirs", "contact", "lead-of-one", "task", "opportunity"]


@pytest.mark.parametrize(("kind", "body", "more", "paths", "reference"), CASES, ids=NAMES)
async def test_whom_it_is_with_is_asked_for(server, kind, body, more, paths, reference):
    configured = configured_source(kind, server)
    for path, answer in more.items():
        server.says(path, answer)
    facts = await completed(configured, body)
    assert facts.person.email == "eva@firma.example"
    assert [urlsplit(path).path for path, _ in server.asked] == paths
    assert reference in {(r.object, r.id) for r in facts.references}
    assert {r.system for r in facts.references} == {kind} and len({r.account for r in facts.references}) == 1


@pytest.mark.parametrize(
    ("kind", "body", "header", "value"),
    [
        ("pipedrive", CASES[0][1], "x-api-token", "t0ken"),
        ("close", CASES[3][1], "authorization", "Basic " + base64.b64encode(b"t0ken:").decode()),
        ("gohighlevel", CASES[5][1], "authorization", "Bearer t0ken"),
    ],
)
async def test_each_api_gets_the_token_as_it_wants_it(server, kind, body, header, value):
    await completed(configured_source(kind, server), body)
    ((path, headers),) = server.asked
    assert headers[header] == value and "t0ken" not in path


@pytest.mark.parametrize(("kind", "body", "more", "paths", "reference"), CASES, ids=NAMES)
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [((404, {}), Gone), ((401, {}), Refused), ((429, {}, {"Retry-After": "1"}), Later), ((500, {}), Later),
     ((200, []), Exception), ((200, {"data": {"person_id": []}, "contact": 5, "opportunity": [1], "contacts": {}}), Exception)],
    ids=["gone", "unauthorised", "too-many", "broken", "no-object", "other-shape"],
)  # fmt: skip
async def test_a_fault_of_any_request_on_the_way_is_told_and_nothing_is_made_up(
    server, kind, body, more, paths, reference, answer, outcome
):
    configured = configured_source(kind, server)
    for i, path in enumerate(paths):
        for known, said in {**PEOPLE, **more}.items():
            server.says(known, said)
        server.says(path, answer)
        if outcome is Exception:
            with pytest.raises((Gone, Refused)):
                await completed(configured, body)
        else:
            with pytest.raises(outcome):
                await completed(configured, body)
        assert urlsplit(server.asked[-1][0]).path == path, i


async def test_of_a_company_with_two_contacts_neither_is_chosen(server):
    both = {**ONE_CONTACT, "contacts": [*ONE_CONTACT["contacts"], {"id": "cont_2", "name": "Bo"}]}
    server.says("/api/v1/lead/", both)
    with pytest.raises(Gone):
        await completed(configured_source("close", server), CASES[4][1])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("pipedrive", pipedrive("person", {"id": 31, "name": "Eva"})),
        ("pipedrive", pipedrive("organization", {"id": 4, "name": "Firma AB"})),
        ("close", close("contact", {"id": "cont_1", "name": "Eva"})),
        ("close", close("lead", {"id": "o1"}, action="merged", meta={"merge_source_lead_id": "o2"})),
        ("gohighlevel", {"type": "ContactUpdate", "locationId": "loc", "id": "ghl1"}),
    ],
)
def test_what_the_webhook_has_in_full_is_not_asked_for(kind, body):
    told = {"token": "STAFETT_SECRET_API"}
    configured = Source(name="s", kind=kind, verify={"scheme": "none"}, fetch=told)
    assert not Fetcher(configured, "t0ken").wants(signal_of(configured, body))


# --- Salesforce
def change(noun, ident, **fields):
    head = {
        "entityName": noun,
        "changeType": "UPDATE",
        "recordIds": [ident],
        "transactionKey": "t",
        "sequenceNumber": 1,
    }
    return {"ChangeEventHeader": head, **fields}


ROLES = "/services/data/v62.0/query"
CONTACT_ROW = {**SALESFORCE, "Id": "003000000000001AAA"}


async def test_an_opportunity_is_with_the_contact_of_its_role(server):
    server.says(ROLES, {"totalSize": 1, "records": [{"ContactId": "003000000000001AAA"}]})
    server.says("/services/data/v62.0/sobjects/Contact/003000000000001AAA", CONTACT_ROW)
    facts = await completed(
        configured_source("salesforce", server), change("Opportunity", "006000000000001AAA", StageName="Demo")
    )
    assert facts.person.email == "dan@hus.example"
    assert {(r.object, r.id) for r in facts.references} == {
        ("deal", "006000000000001AAA"),
        ("person", "003000000000001AAA"),
    }
    (query,) = parse_qs(urlsplit(server.asked[0][0]).query)["q"]
    assert "FROM OpportunityContactRole WHERE OpportunityId = '006000000000001AAA' ORDER BY IsPrimary DESC" in query


@pytest.mark.parametrize("ident", ["006' OR Name != '", "006000000000001AAA000", "006å"])
async def test_what_is_no_id_is_never_part_of_a_query(server, ident):
    with pytest.raises(Gone):
        await completed(configured_source("salesforce", server), change("Opportunity", ident, StageName="Demo"))
    assert server.asked == []


async def test_a_task_that_is_done_is_asked_whom_it_was_with(server):
    server.says(
        "/services/data/v62.0/sobjects/Task/00T000000000001AAA", {"WhoId": None, "WhatId": "006000000000001AAA"}
    )
    server.says(ROLES, {"records": [{"ContactId": "003000000000001AAA"}]})
    server.says("/services/data/v62.0/sobjects/Contact/003000000000001AAA", CONTACT_ROW)
    facts = await completed(
        configured_source("salesforce", server), change("Task", "00T000000000001AAA", Status="Completed")
    )
    assert (facts.kind, facts.person.last_name) == (Kind.SALES_FOLLOW_UP, "Hus")


async def test_an_opportunity_without_a_contact_goes_on_as_it_came(server):
    server.says(ROLES, {"totalSize": 0, "records": []})
    with pytest.raises(Gone):
        await completed(
            configured_source("salesforce", server), change("Opportunity", "006000000000001AAA", StageName="Demo")
        )


# --- HubSpot's activities
def activity(what, **properties):
    near = {
        "contacts": {"results": [{"id": "512", "type": f"{what}_to_contact"}]},
        "deals": {"results": [{"id": "21"}]},
    }
    return {"id": "7", "properties": {"hubspot_owner_id": "9101", **properties}, "associations": near}


@pytest.mark.parametrize(
    ("what", "properties", "kind"),
    [
        ("call", {"hs_call_direction": "OUTBOUND", "hs_call_status": "COMPLETED"}, Kind.SALES_FOLLOW_UP),
        ("call", {"hs_call_direction": "INBOUND", "hs_call_status": "COMPLETED"}, Kind.CALL_RECEIVED),
        ("call", {"hs_call_direction": "OUTBOUND", "hs_call_status": "NO_ANSWER"}, Kind.OUTREACH_LOGGED),
        ("call", {}, Kind.SALES_FOLLOW_UP),
        ("email", {"hs_email_direction": "EMAIL", "hs_email_status": "SENT"}, Kind.SALES_FOLLOW_UP),
        ("email", {"hs_email_direction": "INCOMING_EMAIL"}, Kind.EMAIL_REPLIED),
        ("email", {"hs_email_direction": "EMAIL", "hs_email_status": "FAILED"}, Kind.ACTIVITY_CREATED),
        ("meeting", {}, Kind.SALES_MEETING_BOOKED),
    ],
)
@pytest.mark.parametrize("expanded", [True, False])
async def test_an_activity_of_hubspot_tells_which_way_it_went_and_whom_it_is_with(
    server, what, properties, kind, expanded
):
    types = {"call": "0-48", "email": "0-49", "meeting": "0-47"}
    event = (
        hubspot(1, "object.creation", 7, objectTypeId=types[what]) if expanded else hubspot(1, f"{what}.creation", 7)
    )
    server.says(f"/crm/objects/2026-09/{what}s/7", activity(what, **properties))
    server.says("/crm/objects/2026-09/contacts/512", CONTACT)
    facts = await completed(configured_source("hubspot", server), [event])
    assert (facts.kind, facts.person.email, facts.sales.owner_id) == (kind, "Anna@Example.com", "9101")
    assert {("person", "512"), ("deal", "21"), ("activity", "7")} == {(r.object, r.id) for r in facts.references}


@pytest.mark.parametrize(("noun", "type_id"), [("deals", "0-3"), ("leads", "0-136")])
async def test_whom_a_deal_or_a_lead_of_hubspot_is_with_is_read_off_the_record_itself(server, noun, type_id):
    associated = {"contacts": {"results": [{"id": "512", "type": "x"}, {"id": "513", "type": "x"}]}}
    server.says(f"/crm/objects/2026-09/{noun}/21", {"id": "21", "properties": {}, "associations": associated})
    server.says("/crm/objects/2026-09/contacts/512", CONTACT)
    facts = await completed(
        configured_source("hubspot", server), [hubspot(1, "object.creation", 21, objectTypeId=type_id)]
    )
    assert facts.person.email == "Anna@Example.com"
    (first, headers), (second, _) = server.asked
    assert first == f"/crm/objects/2026-09/{noun}/21?associations=contacts"
    assert second.startswith("/crm/objects/2026-09/contacts/512?properties=email,firstname,")
    assert headers["authorization"] == "Bearer t0ken"


async def test_a_deal_of_hubspot_with_no_contact_goes_on_as_it_came(server):
    server.says("/crm/objects/2026-09/deals/21", {"id": "21", "properties": {}})
    with pytest.raises(Gone):
        await completed(configured_source("hubspot", server), [hubspot(1, "deal.creation", 21)])


async def test_who_is_left_of_a_merge_is_asked_for(server):
    server.says("/crm/objects/2026-09/contacts/512", CONTACT)
    merge = hubspot(1, "contact.merge", 512, primaryObjectId=512, mergedObjectIds=[511])
    facts = await completed(configured_source("hubspot", server), [merge])
    assert (facts.kind, facts.person.email) == (Kind.SALES_MERGED, "Anna@Example.com")


async def test_an_incoming_call_of_nobody_is_still_no_step_of_ours(server):
    server.says("/crm/objects/2026-09/calls/7", {"id": "7", "properties": {"hs_call_direction": "INBOUND"}})
    facts = await completed(configured_source("hubspot", server), [hubspot(1, "call.creation", 7)])
    assert (facts.kind, facts.person.email) == (Kind.CALL_RECEIVED, None)


async def test_mail_counts_as_a_step_only_where_it_is_agreed_to(server):
    server.says("/crm/objects/2026-09/emails/7", activity("email", hs_email_direction="EMAIL", hs_email_status="SENT"))
    server.says("/crm/objects/2026-09/contacts/512", CONTACT)
    configured = configured_source("hubspot", server)
    strict = configured.model_copy(update={"sales": configured.sales.model_copy(update={"follow_up_types": ("call",)})})
    facts = await completed(strict, [hubspot(1, "email.creation", 7)])
    assert facts.kind == Kind.ACTIVITY_UPDATED
