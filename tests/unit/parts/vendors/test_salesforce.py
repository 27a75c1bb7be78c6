"""The stand-in for Salesforce: its rules, without a socket."""

from urllib.parse import quote

import pytest

from tests.parts.vendors.salesforce import DATA, KEY, SalesforceApi
from tests.parts.vendors.salesforce_records import Field
from tests.parts.vendors.server import ask

OPPORTUNITY = {"Name": "Firma AB", "StageName": "Offered", "CloseDate": "2026-12-24"}


@pytest.fixture
def api():
    made = SalesforceApi()
    made.records.fields["Opportunity"][KEY] = Field(KEY, most=80, is_external_id=True, is_unique=True)
    made.records.add_user("005000000000009AAA", is_active=False)
    made.tokens.add("t")
    return made


def call(api, method, path, body=None, **headers):
    answer = api.answer(ask(method, DATA + path, body, headers={"authorization": "Bearer t", **headers}))
    return answer.status, answer.body


def upsert(api, key="ho_1", **more):
    return call(api, "PATCH", f"/sobjects/Opportunity/{KEY}/{key}", {**OPPORTUNITY, **more})


def query(api, soql, kind="query"):
    status, body = call(api, "GET", f"/{kind}?q={quote(soql)}")
    return body["records"] if status == 200 else body[0]["errorCode"]


def test_an_upsert_by_external_id_makes_one_and_then_changes_it(api):
    (made, first), (changed, second) = upsert(api), upsert(api, StageName="Accepted")
    assert (made, changed) == (201, 200) and first["id"] == second["id"]
    assert [first["created"], second["created"]] == [True, False]
    (held,) = api.truth().values()
    assert (len(held.ids), held.stage, held.owner) == (1, "Accepted", api.records.me)


def test_an_external_id_that_several_have_changes_none_of_them(api):
    api.records.fields["Opportunity"][KEY] = Field(KEY, is_external_id=True)
    for _ in range(2):
        api.records.create("Opportunity", {**OPPORTUNITY, KEY: "ho_1"})
    status, body = upsert(api, StageName="Accepted")
    assert status == 300 and len(body) == 2
    assert {row["StageName"] for row in api.records.objects["Opportunity"].values()} == {"Offered"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Nonsense__c": "1"}, "INVALID_FIELD"), ({KEY: "ho_1"}, "INVALID_FIELD"), ({"IsClosed": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"StageName": "Nowhere"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"), ({"Name": "x" * 121}, "STRING_TOO_LONG"),
        ({"CloseDate": None}, "REQUIRED_FIELD_MISSING"), ({"CloseDate": "soon"}, "JSON_PARSER_ERROR"), ({"Amount": "5"}, "JSON_PARSER_ERROR"),
        ({"OwnerId": "005000000000009AAA"}, "INACTIVE_OWNER_OR_USER"), ({"OwnerId": "005x"}, "INVALID_CROSS_REFERENCE_KEY"),
    ],
)  # fmt: skip
def test_a_value_that_breaks_a_rule_is_refused_with_its_code(api, values, code):
    status, body = upsert(api, **values)
    assert (status, body[0]["errorCode"]) == (400, code) and api.truth() == {}


def test_a_duplicate_rule_names_the_contact_that_is_there_unless_it_may_be_saved(api):
    body = {"LastName": "Ek", "Email": "eva@kund.example"}
    _, first = call(api, "POST", "/sobjects/Contact", body)
    status, refusal = call(api, "POST", "/sobjects/Contact", {**body, "Email": "EVA@kund.example"})
    (match,) = refusal[0]["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert (status, match["record"]["Id"]) == (400, first["id"])
    allowed = {"sforce-duplicate-rule-header": "allowSave=true"}
    assert call(api, "POST", "/sobjects/Contact", body, **allowed)[0] == 201


def test_a_query_sees_what_was_committed_and_nothing_that_was_deleted(api):
    _, made = upsert(api, Name="it's 100%")
    where = "SELECT Id, Name FROM Opportunity WHERE Stafett_Handover_Id__c = 'ho_1' LIMIT 1"
    assert [row["Name"] for row in query(api, where)] == ["it's 100%"]
    assert query(api, r"SELECT Id FROM Opportunity WHERE Name = 'it\'s 100%' AND IsClosed = false LIMIT 1")
    assert query(api, r"SELECT Id FROM Opportunity WHERE Name LIKE '%s 100\%' LIMIT 1")
    assert not query(api, "SELECT Id FROM Opportunity WHERE Name LIKE 's 100%' LIMIT 1")
    assert call(api, "DELETE", f"/sobjects/Opportunity/{made['id']}")[0] == 204
    assert query(api, where) == [] and len(query(api, where, "queryAll")) == 1
    assert (
        call(api, "PATCH", f"/sobjects/Opportunity/{made['id']}", {"Name": "x"})[1][0]["errorCode"]
        == "ENTITY_IS_DELETED"
    )


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM Opportunity WHERE Name = 'x' OR Name = 'y' LIMIT 1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE Name = 'it's' LIMIT 1", "MALFORMED_QUERY"),
        ("SELECT Nonsense FROM Opportunity WHERE Name = 'x' LIMIT 1", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE Description = 'x' LIMIT 1", "INVALID_FIELD"),
    ],
)
def test_a_query_that_salesforce_would_not_take_is_refused(api, soql, code):
    assert query(api, soql) == code


def test_who_was_merged_is_deleted_and_says_who_is_left(api):
    ids = [api.records.create("Contact", {"LastName": name}) for name in ("Ek", "Eek")]
    api.records.merge("Contact", ids[0], ids[1])
    soql = " ".join(["SELECT MasterRecordId FROM Contact WHERE Id =", repr(ids[1]), "LIMIT 1"])
    assert query(api, soql) == []
    (row,) = query(api, soql, "queryAll")
    assert row["MasterRecordId"] == ids[0]


def test_a_session_comes_with_the_right_secret_and_every_answer_says_how_much_of_the_day_is_used(api):
    form = "grant_type=client_credentials&client_id=client&client_secret="
    headers = {"content-type": "application/x-www-form-urlencoded"}
    request = ask("POST", "/services/oauth2/token", headers=headers)
    answers = [api.answer(request._replace(body=(form + secret).encode())) for secret in ("wrong", api.client[1])]
    assert [answer.status for answer in answers] == [400, 200]
    assert answers[1].body["access_token"] in api.tokens
    api.day = 1
    upsert(api)
    assert api.answer(ask("GET", f"{DATA}/sobjects/Task/describe")).status == 401
    status, body = upsert(api)
    assert (status, body[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED") and api.violations == []
