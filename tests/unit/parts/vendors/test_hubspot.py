"""The stand-in for HubSpot: its rules, without a socket."""

import pytest

from tests.parts.vendors.faults import COMMIT_THEN_DROP, Limit, Plan
from tests.parts.vendors.hubspot import HubSpotApi
from tests.parts.vendors.hubspot_account import ALL_SCOPES, KEY, MembersList, Owner
from tests.parts.vendors.hubspot_answers import BURST, LOCKED, passing_faults
from tests.parts.vendors.hubspot_records import Property
from tests.parts.vendors.published import from_environment
from tests.parts.vendors.server import ask

TOKEN = {"authorization": "Bearer pat-eu1-stand-in"}
AT = "2026-11-30T10:00:00Z"


@pytest.fixture(scope="module")
def published():
    return from_environment("2026-09")


@pytest.fixture
def api(request, published):
    owners = {"7": Owner("7", "bo@firma.example"), "8": Owner("8", "eva@firma.example", True)}
    made = HubSpotApi(owners=owners, oracle=published)
    made.add_property("deals", Property(KEY, is_unique=True))
    yield made
    assert made.violations == [] or "not_as_described" in request.node.name


def call(api, method, path, body=None):
    answer = api.answer(ask(method, path, body, headers=TOKEN))
    return answer.status, answer.body


def upsert(api, key="ho_1", noun="deals", by=KEY, **values):
    properties = {"dealname": "Firma AB", "dealstage": "offered", **values} if noun == "deals" else values
    one = {"id": key, "idProperty": by, "properties": properties}
    return call(api, "POST", f"/crm/objects/2026-09/{noun}/batch/upsert", {"inputs": [one]})


def made(api, noun, near=(), **values):
    types = {("notes", "deals"): 214, ("tasks", "deals"): 216, ("notes", "contacts"): 202}
    associations = [
        {
            "to": {"id": ident},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": types[(noun, other)]}],
        }
        for other, ident in near
    ]
    body = {"properties": values, "associations": associations}
    return call(api, "POST", f"/crm/objects/2026-09/{noun}", body)


def test_an_upsert_by_a_unique_property_makes_one_deal_and_then_changes_it(api):
    status, first = upsert(api, hubspot_owner_id="7")
    again, second = upsert(api, dealname="Firma AB (2)")
    assert (status, again) == (200, 200)
    assert [body["results"][0]["new"] for body in (first, second)] == [True, False]
    assert first["results"][0]["id"] == second["results"][0]["id"]
    (held,) = api.truth().values()
    assert (len(held.ids), held.owner, held.stage) == (1, "7", "offered")


@pytest.mark.parametrize(
    ("values", "name", "code"),
    [
        ({"nonsense": "1"}, "nonsense", "PROPERTY_DOESNT_EXIST"),
        ({"dealstage": "no such stage"}, "dealstage", "INVALID_OPTION"),
        ({"amount": "1 000"}, "amount", "INVALID_NUMBER"),
        ({"closedate": "tomorrow"}, "closedate", "INVALID_DATE"),
        ({"hubspot_owner_id": "8"}, "hubspot_owner_id", "INVALID_OWNER_ID"),
        ({"dealname": ""}, "dealname", "REQUIRED_PROPERTY"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_with_the_property_named(api, values, name, code):
    status, body = upsert(api, **values)
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    (detail,) = body["errors"]
    assert (detail["code"], detail["context"]) == (code, {"propertyName": [name]})
    assert api.truth() == {}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/crm/objects/2026-09/deals", {"properties": {"amount": 5}, "associations": []}),
        ("POST", "/crm/objects/2026-09/deals", {"properties": {}}),
        ("POST", "/crm/objects/2026-09/deals", {"properties": {}, "associations": [], "extra": 1}),
        ("POST", "/crm/objects/2026-09/deals", None),
        ("GET", "/crm/objects/2026-09/deals/1?property=dealname", None),
        ("GET", "/crm/objects/2026-09/deals/1", {"a": 1}),
        ("GET", "/crm/objects/2026-09/deals/1/associations/contacts", None),
        ("GET", "/crm/v3/objects/deals/1", None),
    ],
)
def test_a_request_that_is_not_as_described_is_refused_and_noted_as_a_violation(api, method, path, body):
    status, _ = call(api, method, path, body)
    assert status in (400, 404) and len(api.violations) >= 1


def test_a_contact_that_is_there_is_named_by_its_id_in_the_words_of_a_conflict(api):
    _, body = made(api, "contacts", email="Anna@Firma.example")
    status, refusal = made(api, "contacts", email="anna@firma.example")
    assert (status, refusal["category"]) == (409, "CONFLICT")
    assert refusal["message"] == f"Contact already exists. Existing ID: {body['id']}"


def test_a_value_that_another_deal_has_is_refused(api):
    _, first = upsert(api)
    _, second = upsert(api, "ho_2")
    path = f"/crm/objects/2026-09/deals/{second['results'][0]['id']}"
    status, body = call(api, "PATCH", path, {"properties": {KEY: "ho_1"}})
    assert (status, body["errors"][0]["code"]) == (400, "CONFLICTING_UNIQUE_VALUE")
    assert first["results"][0]["id"] in body["message"]


def test_notes_and_tasks_hang_on_what_they_were_made_beside(api):
    _, deal = upsert(api)
    ident = deal["results"][0]["id"]
    near = [("deals", ident)]
    made(api, "notes", near, hs_timestamp=AT, hs_note_body="dossier")
    _, task = made(api, "tasks", near, hs_timestamp=AT, hs_task_subject="Call", hubspot_owner_id="7")
    path = f"/crm/objects/2026-09/deals/{ident}?properties=dealname&associations=notes,tasks,contacts"
    _, body = call(api, "GET", path)
    assert body["associations"]["tasks"] == {"results": [{"id": task["id"], "type": "deal_to_task"}]}
    assert "contacts" not in body["associations"]
    (held,) = api.truth().values()
    assert held.notes == ("dossier",) and held.open_tasks == (("Call", "7"),)
    call(api, "PATCH", f"/crm/objects/2026-09/tasks/{task['id']}", {"properties": {"hs_task_status": "COMPLETED"}})
    (held,) = api.truth().values()
    assert held.open_tasks == () and held.tasks == 1


def test_an_association_of_a_type_that_is_not_for_these_records_is_refused(api):
    body = {
        "properties": {"hs_timestamp": AT},
        "associations": [
            {"to": {"id": "1"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 216}]}
        ],
    }
    status, refusal = call(api, "POST", "/crm/objects/2026-09/notes", body)
    assert (status, refusal["category"]) == (400, "VALIDATION_ERROR")


def test_linking_a_contact_again_changes_nothing(api):
    _, deal = upsert(api)
    _, person = made(api, "contacts", email="anna@firma.example")
    ident = deal["results"][0]["id"]
    path = f"/crm/objects/2026-09/deals/{ident}/associations/default/contacts/{person['id']}"
    assert [call(api, "PUT", path)[0] for _ in range(2)] == [200, 200]
    (held,) = api.truth().values()
    assert held.contacts == (person["id"],)
    _, rows = call(api, "POST", "/crm/associations/2026-09/deals/contacts/batch/read", {"inputs": [{"id": ident}]})
    assert [to["toObjectId"] for to in rows["results"][0]["to"]] == [int(person["id"])]


def search(api, value):
    wanted = {"propertyName": KEY, "operator": "EQ", "value": value}
    body = {"filterGroups": [{"filters": [wanted]}], "sorts": [], "properties": [KEY], "limit": 10, "after": ""}
    return call(api, "POST", "/crm/objects/2026-09/deals/search", body)[1]["total"]


def test_a_search_sees_a_record_only_when_it_is_indexed_and_a_read_at_once(api):
    from datetime import UTC, datetime, timedelta

    at = datetime(2026, 11, 30, tzinfo=UTC)
    api.records.now, api.records.lag = (lambda: at), timedelta(seconds=30)
    upsert(api)
    assert search(api, "ho_1") == 0
    assert call(api, "GET", f"/crm/objects/2026-09/deals/ho_1?idProperty={KEY}")[0] == 200
    at += timedelta(seconds=31)
    assert search(api, "ho_1") == 1


def test_a_record_that_is_archived_is_gone_and_its_key_is_free(api):
    _, first = upsert(api)
    path = f"/crm/objects/2026-09/deals/{first['results'][0]['id']}"
    assert call(api, "DELETE", path)[0] == 204
    assert call(api, "GET", path)[0] == call(api, "PATCH", path, {"properties": {"amount": "1"}})[0] == 404
    assert call(api, "GET", f"{path}?archived=true")[0] == 200
    _, second = upsert(api)
    assert second["results"][0]["new"] is True and len(api.truth()["ho_1"].ids) == 1


def test_who_was_merged_is_answered_as_who_is_left_by_id_and_by_either_address(api):
    ids = [made(api, "contacts", email=f"{name}@firma.example")[1]["id"] for name in ("anna", "a.berg")]
    body = {"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}
    assert call(api, "POST", "/crm/objects/2026-09/contacts/merge", body)[0] == 200
    for asked in (ids[1], "a.berg@firma.example?idProperty=email", "anna@firma.example?idProperty=email"):
        assert call(api, "GET", f"/crm/objects/2026-09/contacts/{asked}")[1]["id"] == ids[0]
    _, again = upsert(api, "a.berg@firma.example", "contacts", "email", phone="+46 8 1")
    assert (again["results"][0]["new"], again["results"][0]["id"]) == (False, ids[0])


def inputs(*keys, trace=False):
    rows = [
        {"id": key, "idProperty": KEY, "properties": {"dealname": key, "dealstage": "offered" if ok else "x"}}
        for key, ok in keys
    ]
    return {"inputs": [{**row, **({"objectWriteTraceId": row["id"]} if trace else {})} for row in rows]}


def test_one_bad_input_refuses_a_whole_batch_unless_each_has_a_trace_id(api):
    path = "/crm/objects/2026-09/deals/batch/upsert"
    status, _ = call(api, "POST", path, inputs(("ho_1", True), ("ho_2", False)))
    assert status == 400 and api.truth() == {}
    status, body = call(api, "POST", path, inputs(("ho_1", True), ("ho_2", False), trace=True))
    assert status == 207 and list(api.truth()) == ["ho_1"]
    assert [row["context"] for row in body["errors"]] == [{"objectWriteTraceId": ["ho_2"]}]


@pytest.mark.parametrize(
    ("token", "status", "category"),
    [({}, 401, "INVALID_AUTHENTICATION"), ({"authorization": "Bearer other"}, 401, "INVALID_AUTHENTICATION"),
     ({"authorization": "Bearer reads"}, 403, "MISSING_SCOPES")],
)  # fmt: skip
def test_who_may_not_write_is_told_whether_the_key_or_its_scopes_are_wrong(api, token, status, category):
    api.keys["reads"] = frozenset(scope for scope in ALL_SCOPES if scope.endswith(".read"))
    answer = api.answer(ask("PATCH", "/crm/objects/2026-09/deals/1", {"properties": {"amount": "1"}}, headers=token))
    assert (answer.status, answer.body["category"]) == (status, category)
    if status == 403:
        assert answer.body["errors"][0]["context"] == {"requiredGranularScopes": ["crm.objects.deals.write"]}


@pytest.mark.parametrize(("limit", "policy"), [("burst", "TEN_SECONDLY_ROLLING"), ("daily", "DAILY")])
def test_over_a_limit_the_answer_names_its_policy_and_nothing_is_written(api, limit, policy):
    setattr(api, limit, Limit(1, 60))
    upsert(api)
    status, body = upsert(api, "ho_2")
    assert (status, body["policyName"], body["errorType"]) == (429, policy, "RATE_LIMIT")
    assert list(api.truth()) == ["ho_1"]


@pytest.mark.parametrize(("fault", "is_written"), [(COMMIT_THEN_DROP, True), (LOCKED, False), (BURST, False)])
def test_a_fault_is_before_or_after_the_effect_and_is_in_the_log(api, fault, is_written):
    api.plan.once(fault, "upsert")
    upsert(api)
    assert bool(api.truth()) is is_written
    assert [(entry.route, entry.fault) for entry in api.log] == [("upsert", fault.name)]


def test_under_all_passing_faults_somebody_who_repeats_an_upsert_has_one_deal(api):
    api.plan, api.burst = Plan(11, passing_faults(0.05)), Limit(100_000, 10)
    for n in range(200):
        for _ in range(20):
            answer = api.answer(
                ask("POST", "/crm/objects/2026-09/deals/batch/upsert", inputs((f"ho_{n}", True)), headers=TOKEN)
            )
            if answer.status == 200:
                break
        else:
            pytest.fail("it was never answered")
    assert all(len(held.ids) == 1 for held in api.truth().values()) and len(api.truth()) == 200
    assert len(api.plan.came) == 9


def test_members_of_a_list_come_and_go_and_only_of_a_list_that_is_kept_by_hand(api):
    api.lists |= {"12": MembersList("In dialogue"), "13": MembersList("Everybody", is_manual=False)}
    _, person = made(api, "contacts", email="anna@firma.example")
    body = {"recordIdsToAdd": [person["id"], "999"], "recordIdsToRemove": []}
    path = "/crm/lists/2026-09/12/memberships/add-and-remove"
    answers = [call(api, "PUT", path, body)[1] for _ in range(2)]
    assert [a["recordsIdsAdded"] for a in answers] == [[person["id"]], []]
    assert answers[0]["recordIdsMissing"] == ["999"]
    _, rows = call(api, "GET", f"/crm/lists/2026-09/records/0-1/{person['id']}/memberships")
    assert [row["listId"] for row in rows["results"]] == ["12"]
    _, gone = call(api, "PUT", path, {"recordIdsToAdd": [], "recordIdsToRemove": [person["id"]]})
    assert gone["recordIdsRemoved"] == [person["id"]] and api.lists["12"].members == {}
    assert call(api, "PUT", path.replace("12", "13"), body)[0] == 400
    assert call(api, "GET", "/crm/lists/2026-09/13")[1]["list"]["processingType"] == "DYNAMIC"


def test_the_account_tells_what_a_check_of_the_set_up_asks_for(api):
    _, owners = call(api, "GET", "/crm/owners/2026-09?email=bo@firma.example")
    assert [owner["id"] for owner in owners["results"]] == ["7"]
    assert call(api, "GET", "/crm/owners/2026-09?email=eva@firma.example")[1]["results"] == []
    _, properties = call(api, "GET", "/crm/properties/2026-09/deals")
    assert [p["name"] for p in properties["results"] if p["hasUniqueValue"]] == [KEY]
    _, pipelines = call(api, "GET", "/crm/pipelines/2026-09/deals")
    assert "offered" in [stage["id"] for stage in pipelines["results"][0]["stages"]]
    assert call(api, "GET", "/account-info/2026-09/details")[1]["timeZone"] == "Europe/Stockholm"
    body = {"name": "stafett_x", "label": "X", "type": "string", "fieldType": "text", "groupName": "dealinformation"}
    path = "/crm/properties/2026-09/deals"
    assert [call(api, "POST", path, {**body, "hasUniqueValue": True})[0] for _ in range(2)] == [201, 409]


def test_what_a_property_was_is_told_with_who_changed_it(api):
    _, deal = upsert(api)
    record = api.records.at("deals", deal["results"][0]["id"])
    api.records.update(record, {"dealstage": "accepted"}, by="7")
    path = f"/crm/objects/2026-09/deals/{record.id}?propertiesWithHistory=dealstage"
    history = call(api, "GET", path)[1]["propertiesWithHistory"]["dealstage"]
    assert [(h["value"], h["sourceType"]) for h in history] == [("accepted", "CRM_UI"), ("offered", "INTEGRATION")]
