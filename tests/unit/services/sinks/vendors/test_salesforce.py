"""Salesforce as a sink writes to it: records found, made, changed and linked, and what each of its answers means."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.sinks.vendors import SalesforceSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Made, Trouble
from services.sinks.records import Key, Wanted
from services.sinks.vendors.salesforce import KEY, Salesforce
from services.sinks.vendors.salesforce_calls import AGAIN, whole
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.faults import Answer
from tests.parts.vendors.salesforce import BUSY, CONCURRENT, EXPIRED, LOCKED, OWN_RULE, SPENT, SalesforceApi
from tests.parts.vendors.salesforce_records import Field, error

STAGES = {
    "offered": "Offered",
    "accepted": "Accepted",
    "returned": "Returned",
    "won": "Closed Won",
    "lost": "Closed Lost",
}
CONTACT = Key("contact", "lead_1", email="eva@kund.example", phone="+46701112233")
DEAL, NOTE, TASK = Key("opportunity", "ho_1"), Key("note", "ho_1/dossier"), Key("task", "ho_1.1")
SELLER = "005000000000007AAA"


@pytest.fixture
def clock():
    return [datetime(2026, 11, 30, 9, tzinfo=UTC)]


@pytest.fixture
def api(clock):
    made = SalesforceApi()
    made.records.fields["Opportunity"][KEY] = Field(KEY, most=80, is_external_id=True, is_unique=True)
    made.records.add_user(SELLER)
    made.records.now = lambda: clock[0]
    yield made
    assert made.violations == []


@pytest.fixture
def org(api, clock):
    return vendor(api, clock)


def vendor(api, clock, secret=None, **values):
    fields = {"name": "crm", "kind": "salesforce", "mode": "live", "secret": "STAFETT_SECRET_SF", "client_id": "client",
              "base_url": "https://org.my.salesforce.com", "stages": STAGES, **values}  # fmt: skip
    sink = SalesforceSink.model_validate(fields)
    return Salesforce(sink, StandInCaller(api), secret or api.client[1], lambda: clock[0])


async def make(org, key, parents=None, **values):
    return await org.create(key, org.render(Wanted(key, values)), parents or {})


async def deal_of(org):
    return await make(org, DEAL, name="Kund AB", stage="Offered")


async def test_a_hand_over_is_a_contact_an_account_and_an_opportunity_with_two_tasks(api, org):
    contact = await make(org, CONTACT, email=CONTACT.email, first_name="Eva")
    company = await make(org, Key("company", "kund.example"), name="Kund AB", domain="kund.example")
    deal = await make(org, DEAL, name="Kund AB", owner=SELLER, stage="Offered")
    for _ in range(2):
        await org.link(deal.vendor_id, "contact", contact.vendor_id)
        await org.link(deal.vendor_id, "company", company.vendor_id)
    parents = {"opportunity": deal.vendor_id, "contact": contact.vendor_id, "company": company.vendor_id}
    note = await make(org, NOTE, parents, text=f"Eva\n\n{NOTE.marker}")
    task = await make(
        org,
        TASK,
        parents,
        subject="Kund AB",
        text=TASK.marker,
        state="open",
        owner=SELLER,
        due_at="2026-12-01T09:00:00.000000Z",
    )
    (held,) = api.truth().values()
    assert held.owner == SELLER and held.contacts == (contact.vendor_id,) and held.open_tasks == (("Kund AB", SELLER),)
    assert held.notes == ("Eva\n\nStafett ho_1/dossier",)
    row = api.records.at("Opportunity", deal.vendor_id)
    assert row["AccountId"] == company.vendor_id and row["CloseDate"] == "2027-02-28"
    assert api.records.at("Contact", contact.vendor_id)["LastName"] == "Eva"
    made = api.records.at("Task", task.vendor_id)
    assert (made["ActivityDate"], made["WhoId"], made["Status"]) == ("2026-12-01", contact.vendor_id, "Not Started")
    assert deal.url == f"https://org.my.salesforce.com/{deal.vendor_id}"
    for key, known in (
        (CONTACT, contact),
        (Key("company", "kund.example"), company),
        (DEAL, deal),
        (NOTE, note),
        (TASK, task),
    ):
        assert (await org.find(key, (), parents)).vendor_id == known.vendor_id, key
    assert len(api.requests("log in")) == 1


async def test_a_second_create_of_an_opportunity_is_the_same_one(api, org):
    assert await deal_of(org) == await deal_of(org)
    assert len(api.truth()["ho_1"].ids) == 1
    assert [kind for kind in org.kinds if org.is_repeatable(kind)] == ["opportunity"]


async def test_what_reads_back_is_in_the_shape_in_which_it_is_written(api, org):
    api.records.fields["Opportunity"]["Due__c"] = Field("Due__c", "datetime")
    extra = {"Due__c": "2026-12-01T09:00:00.000000Z", "Amount": 5000, "Description": "a\nb"}
    fields = org.render(Wanted(DEAL, {"name": "Kund AB", "stage": "Offered"}, extra))
    made = await org.create(DEAL, fields, {})
    api.records.at("Opportunity", made.vendor_id)["Due__c"] = "2026-12-01T09:00:00.000+0000"
    api.records.at("Opportunity", made.vendor_id)["Description"] = "a\r\nb"
    match = await org.find(DEAL, fields, {})
    assert match.fields == fields and match.stage == "Offered" and match.is_closed is False


async def test_a_contact_of_a_duplicate_rule_is_taken_only_with_the_same_address(api, org):
    ours = api.records.create("Contact", {"LastName": "Ek", "Email": "eva@kund.example"})
    assert await make(org, CONTACT, email=CONTACT.email) == Made(
        ours, f"https://org.my.salesforce.com/{ours}", adopted=True
    )
    other = CONTACT._replace(email="other@kund.example")
    api.records.create("Contact", {"LastName": "Alm", "Phone": "+46701112233"})
    with pytest.raises(Trouble) as caught:
        await make(org, other, email=other.email, last_name="Alm", phone="+46701112233")
    assert (caught.value.kind, caught.value.code, caught.value.field) == (
        "refused_data",
        "DUPLICATES_DETECTED",
        "Contact",
    )


async def test_a_contact_is_made_although_a_rule_objects_where_that_is_agreed(api, clock):
    api.records.create("Contact", {"LastName": "Ek", "Email": "eva@kund.example"})
    made = await make(vendor(api, clock, allow_duplicates=True), CONTACT, email=CONTACT.email)
    assert not made.adopted and len(api.records.objects["Contact"]) == 2


async def test_a_contact_is_known_by_its_id_else_its_address_else_its_number(api, org):
    ids = [api.records.create("Contact", {"LastName": n, **more}, may_double=True) for n, more in
           (("a", {}), ("b", {"Email": "Eva@kund.example"}), ("c", {"Phone": "+46701112233"}))]  # fmt: skip
    asked = [CONTACT._replace(known_id=ids[0]), CONTACT, CONTACT._replace(email=None)]
    assert [(await org.find(key, (), {})).vendor_id for key in asked] == ids
    assert await org.find(CONTACT._replace(email="it's'@x.example"), (), {}) is None
    assert await org.find(CONTACT._replace(email=None, phone=None), (), {}) is None


async def test_who_was_merged_is_read_as_who_is_left_and_who_was_deleted_is_gone(api, org):
    ids = [api.records.create("Contact", {"LastName": name}) for name in ("Ek", "Eek")]
    api.records.merge("Contact", ids[0], ids[1])
    assert (await org.read("contact", ids[1], ("LastName",))).vendor_id == ids[0]
    deal = await deal_of(org)
    api.records.delete("Opportunity", deal.vendor_id)
    assert await org.read("opportunity", deal.vendor_id, ()) is None
    with pytest.raises(Trouble) as caught:
        await org.update("opportunity", deal.vendor_id, {"Name": "x"})
    assert caught.value.kind == "gone"


@pytest.mark.parametrize("is_merged", [True, False])
async def test_a_contact_that_is_no_more_is_replaced_by_who_is_left_of_it(api, org, is_merged):
    deal, contact = await deal_of(org), await make(org, CONTACT, email=CONTACT.email)
    left = api.records.create("Contact", {"LastName": "Ek"})
    if is_merged:
        api.records.merge("Contact", left, contact.vendor_id)
    else:
        api.records.delete("Contact", contact.vendor_id)
    parents = {"opportunity": deal.vendor_id, "contact": contact.vendor_id}
    task = await make(org, TASK, parents, subject="x", text=TASK.marker, state="open")
    assert api.records.at("Task", task.vendor_id).get("WhoId") == (left if is_merged else None)
    for _ in range(2):
        await org.link(deal.vendor_id, "contact", contact.vendor_id)
    assert api.truth()["ho_1"].contacts == ((left,) if is_merged else ())
    api.records.delete("Opportunity", deal.vendor_id)
    with pytest.raises(Trouble, match="gone"):
        await org.link(deal.vendor_id, "contact", api.records.create("Contact", {"LastName": "Alm"}))


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_contact_belongs_to_the_account_where_that_is_still_there(api, org, is_there):
    account = api.records.create("Account", {"Name": "Kund AB"})
    if not is_there:
        api.records.delete("Account", account)
    contact = await make(org, CONTACT, {"company": account}, email=CONTACT.email)
    assert api.records.at("Contact", contact.vendor_id).get("AccountId") == (account if is_there else None)


@pytest.mark.parametrize(
    ("site", "is_ours"),
    [
        ("https://www.Kund.example/se", True),
        ("kund.example", True),
        ("notkund.example", False),
        ("x.example/kund.example", False),
    ],
)
async def test_an_account_is_known_by_the_host_of_its_site(api, org, site, is_ours):
    api.records.create("Account", {"Name": "Kund AB", "Website": site})
    assert (await org.find(Key("company", "kund.example"), ("Name",), {}) is not None) is is_ours


@pytest.mark.parametrize(("status", "is_left"), [("Not Started", False), ("Completed", True)])
async def test_a_cancelled_task_is_taken_away_unless_somebody_has_done_it(api, org, status, is_left):
    deal = await deal_of(org)
    task = await make(org, TASK, {"opportunity": deal.vendor_id}, subject="x", text=TASK.marker, state="open")
    row = api.records.at("Task", task.vendor_id)
    row["Status"] = status
    await org.update("task", task.vendor_id, org.render(Wanted(TASK, {"state": "cancelled"})))
    assert row["IsDeleted"] is not is_left


async def test_a_text_that_is_too_long_keeps_its_last_line(org):
    text = org.render(Wanted(NOTE, {"text": "x" * 40_000 + "\n" + NOTE.marker}))["Description"]
    assert len(text) == 32_000 and text.endswith(f"…\n{NOTE.marker}")
    assert len(org.render(Wanted(DEAL, {"name": "x" * 500}))["Name"]) == 120


async def test_a_session_that_has_ended_is_begun_again_for_the_same_call(api, org):
    await deal_of(org)
    api.tokens.clear()
    assert (await org.find(DEAL, (), {})) is not None
    assert len(api.requests("log in")) == 2 and await org.whoami() == api.records.me


async def test_the_last_of_the_day_of_the_org_is_left_to_others(api, org, clock):
    api.day = 20
    for _ in range(19):
        await deal_of(org)
    with pytest.raises(Trouble) as caught:
        await deal_of(org)
    assert (caught.value.kind, caught.value.wait) == ("spent", AGAIN) and api.used == 19
    api.day, clock[0] = 100, clock[0] + AGAIN
    await deal_of(org)


FAULTS = [
    (LOCKED.answer, "locked", "UNABLE_TO_LOCK_ROW", None),
    (BUSY.answer, "transient", "SERVER_UNAVAILABLE", None),
    (SPENT.answer, "spent", "REQUEST_LIMIT_EXCEEDED", None),
    (CONCURRENT.answer, "throttled", "REQUEST_LIMIT_EXCEEDED", None),
    (EXPIRED.answer, "transient", "INVALID_SESSION_ID", None),
    (OWN_RULE.answer, "refused_data", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Budget__c"),
    (error(400, "REQUIRED_FIELD_MISSING", "x", "Region__c"), "refused_data", "REQUIRED_FIELD_MISSING", "Region__c"),
    (error(400, "INACTIVE_OWNER_OR_USER", "x", "OwnerId"), "refused_data", "INACTIVE_OWNER_OR_USER", "OwnerId"),
    (error(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "x", "StageName"), "refused_setup", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "StageName"),
    (error(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "x", "LeadSource"), "refused_data", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "LeadSource"),
    (error(400, "INVALID_FIELD", "No such column 'X__c'"), "refused_setup", "INVALID_FIELD", None),
    (error(404, "ENTITY_IS_DELETED", "x"), "gone", "ENTITY_IS_DELETED", None),
    (Answer(400, {"error": "invalid_client", "error_description": "x"}), "refused_setup", "invalid_client", None),
    (Answer(300, ["/a", "/b"]), "refused_setup", "external_id_is_not_unique", None),
    (Answer(502, "<html>", {"content-type": "text/html"}), "unknown", "http_502_no_json", None),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind", "code", "field"), FAULTS, ids=[f"{f[1]}-{f[2]}-{f[3]}" for f in FAULTS])
def test_an_answer_is_judged_by_its_code(answer, kind, code, field):
    body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    with pytest.raises(Trouble) as caught:
        whole(Reply(answer.status, {}, body.encode()), is_write=True)
    assert (caught.value.kind, caught.value.code, caught.value.field) == (kind, code, field)


async def test_a_set_up_that_is_right_has_no_problems(org):
    assert await org.check({"bo": SELLER, "bo again": SELLER[:15]}) == []


async def test_every_problem_of_a_set_up_is_told_at_once_with_its_fix(api, clock):
    del api.records.fields["Opportunity"][KEY]
    api.records.add_user("005000000000009AAA", is_active=False)
    fields = {
        "contact": {"LeadSource": {"of": "dossier.source", "words": {"web": "Internet"}}},
        "opportunity": {"X__c": {"of": "lead.id"}, "IsClosed": {"value": True}},
    }
    org = vendor(api, clock, fields=fields, stages={"accepted": "Nowhere"})
    problems = await org.check({"eva": "005000000000009AAA"})
    for part in ("Opportunity has no field Stafett_Handover_Id__c", "fields.contact.LeadSource: `Internet` is none of its values (Web, Partner)", "fields.opportunity.X__c: there is no",
                 "fields.opportunity.IsClosed: it cannot be written", "stages.offered is missing", "stages.accepted: there is no stage `Nowhere`", "roster: eva is"):  # fmt: skip
        assert any(part in problem for problem in problems), (part, problems)
    assert len(problems) == 7


async def test_a_key_that_is_not_unique_and_a_secret_that_is_wrong_are_problems(api, clock):
    api.records.fields["Opportunity"][KEY] = Field(KEY, is_external_id=True)
    assert [problem[:22] for problem in await vendor(api, clock).check({})] == [KEY]
    problems = await vendor(api, clock, secret="wrong").check({})
    assert len(problems) == 4 and all("invalid_client" in problem for problem in problems)


async def org_and_calls(api, clock):
    """An org that has looked for a deal, and the calls that it made."""
    calls, caller = [], StandInCaller(api)

    async def note_call(call):
        calls.append(call)
        return await caller(call)

    org = vendor(api, clock)
    org._salesforce._caller = note_call
    await deal_of(org)
    return org, calls


async def test_no_secret_is_in_what_is_shown(api, clock):
    org, calls = await org_and_calls(api, clock)
    assert len(calls) == 2
    for call in calls:
        assert api.client[1] not in call.describe() and "00D!" not in call.describe()
    assert timedelta(0) == org.settle


async def test_each_call_says_who_we_are_by_the_name_that_change_events_tell(api, clock):
    _, calls = await org_and_calls(api, clock)
    said = [call.headers.get("sforce-call-options") for call in calls if not call.path.startswith("/services/oauth2")]
    assert said and set(said) == {"client=Stafett"}


def test_the_name_is_our_app_without_a_word_in_the_file_and_can_be_another():
    values = {
        "name": "crm",
        "kind": "salesforce",
        "base_url": "https://x.my.salesforce.com",
        "client_id": "c",
        "secret": "STAFETT_SECRET_S",
    }
    assert SalesforceSink.model_validate(values).app == "Stafett"
    assert SalesforceSink.model_validate({**values, "app": "baton"}).client_name == "baton"
    with pytest.raises(ValueError, match="app"):
        SalesforceSink.model_validate({**values, "app": "two; words"})
