"""Dynamics 365 Sales: what is asked of it, and what each of its answers means."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.sinks.vendors import DynamicsSink
from services.sinks.calls import Reply, Shown
from services.sinks.http import ShowingCaller
from services.sinks.outcomes import Trouble
from services.sinks.records import Key, Wanted
from services.sinks.vendors.dynamics import Dynamics
from services.sinks.vendors.dynamics_calls import trouble_of
from tests.parts.vendors import dynamics_answers as answers
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.dynamics import CLIENT, DIRECTORY, LASTS, SECRET, WE, DynamicsApi
from tests.parts.vendors.dynamics_tables import Tables
from tests.parts.vendors.faults import Answer, Fault

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
ANNA, GONE = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
NOBODY = "ffffffff-0000-4000-8000-000000000000"
STAGES = {"offered": "100000001", "accepted": "100000002", "returned": "100000003", "won": "3", "lost": "4"}
CONTACT = Key("contact", "lead_1", email="eva@kund.example", phone="+46701112233")
COMPANY, DEAL = Key("company", "kund.example"), Key("opportunity", "ho_1")
NOTE, TASK = Key("note", "ho_1/dossier"), Key("task", "ho_1.1")


@pytest.fixture
def api():
    made = DynamicsApi(tables=Tables(users={ANNA: True, GONE: False, WE: True}, keys={"new_stafettid"}))
    made.now = made.tables.now = lambda: NOW
    yield made
    assert made.violations == []


def sink(**values):
    fields = {
        "name": "crm",
        "kind": "dynamics",
        "mode": "live",
        "base_url": "https://nordlys.crm4.dynamics.example",
        "secret": "STAFETT_SECRET_DYNAMICS",
        "directory": DIRECTORY,
        "client_id": CLIENT,
        "stages": STAGES,
        **values,
    }
    return DynamicsSink.model_validate(fields)


def vendor(api, secret=SECRET, **values):
    return Dynamics(sink(**values), StandInCaller(api), secret, lambda: api.now())


async def make(dynamics, key, parents=None, **values):
    return await dynamics.create(key, dynamics.render(Wanted(key, values)), parents or {})


async def trouble(doing):
    with pytest.raises(Trouble) as caught:
        await doing
    return caught.value


async def test_a_hand_over_is_a_contact_and_an_opportunity_with_a_note_and_a_task_beside_it(api):
    dynamics = vendor(api)
    company = await make(dynamics, COMPANY, name="Kund AB", domain="kund.example")
    contact = await make(dynamics, CONTACT, {"company": company.vendor_id}, email=CONTACT.email, first_name="Eva")
    parents = {"company": company.vendor_id, "contact": contact.vendor_id}
    deal = await make(dynamics, DEAL, parents, name="Kund AB", owner=ANNA.upper(), stage="100000001")
    parents = {**parents, "opportunity": deal.vendor_id}
    note = await make(dynamics, NOTE, parents, text=f"Eva & co\n\n{NOTE.marker}")
    due = "2026-12-01T09:00:00.000000Z"
    task = await make(dynamics, TASK, parents, subject="Kund AB", state="open", owner=ANNA, due_at=due, priority="high")
    (held,) = api.truth().values()
    assert held.ids == (deal.vendor_id,) and held.owner == ANNA and held.stage == "100000001"
    assert held.contacts == (contact.vendor_id,) and held.open_tasks == (("Kund AB", ANNA),)
    assert held.notes == ("<p>Eva &amp; co</p><p>Stafett ho_1/dossier</p>",)
    assert api.tables.rows["contact"][contact.vendor_id]["parentcustomerid"] == company.vendor_id
    row = api.tables.rows["task"][task.vendor_id]
    assert (row["scheduledend"], row["prioritycode"], row["statuscode"]) == ("2026-12-01T09:00:00Z", 2, 2)
    assert deal.url.endswith(f"/main.aspx?pagetype=entityrecord&etn=opportunity&id={deal.vendor_id}")
    for key, made in ((COMPANY, company), (CONTACT, contact), (DEAL, deal), (NOTE, note), (TASK, task)):
        match = await dynamics.find(key, (), parents)
        assert match.vendor_id == made.vendor_id, key
    assert {entry.request.headers["authorization"] for entry in api.log[1:]} == {"Bearer token-1"}


async def test_what_reads_back_is_in_the_shape_in_which_it_is_written(api):
    rules = {
        "new_answerby": "offer.expires_at",
        "opportunityratingcode": {"of": "dossier.source", "words": {"web": "1"}},
    }
    dynamics = vendor(api, fields={"opportunity": {**rules, "description": "dossier.campaign"}})
    extra = {"new_answerby": "2026-12-01T09:00:00.000000Z", "opportunityratingcode": "1", "description": "a\nb"}
    fields = dynamics.render(Wanted(DEAL, {"name": "Kund AB", "owner": ANNA.upper(), "stage": "100000001"}, extra))
    assert fields["opportunityratingcode"] == 1 and fields["new_answerby"] == "2026-12-01T09:00:00Z"
    await dynamics.create(DEAL, fields, {})
    match = await dynamics.find(DEAL, fields, {})
    assert match.fields == fields and match.stage == "100000001" and match.is_closed is False


async def test_a_second_create_makes_no_second_record_and_overwrites_nothing(api):
    dynamics = vendor(api)
    first = await make(dynamics, DEAL, name="Kund AB")
    api.tables.rows["opportunity"][first.vendor_id]["name"] = "as a person called it"
    second = await make(dynamics, DEAL, name="Kund AB")
    assert (second.vendor_id, second.adopted) == (first.vendor_id, True)
    assert [row["name"] for row in api.tables.rows["opportunity"].values()] == ["as a person called it"]
    assert all(dynamics.is_repeatable(kind) for kind in dynamics.kinds)


async def test_an_alternate_key_is_what_an_opportunity_is_known_by_where_there_is_one(api):
    dynamics = vendor(api, key_column="new_stafettid")
    first = await make(dynamics, DEAL, name="Kund AB")
    second = await make(dynamics, DEAL, name="Kund AB")
    assert first.vendor_id == second.vendor_id and UUID(first.vendor_id).version == 4
    assert (await dynamics.find(DEAL, ("name",), {})).fields == {"name": "Kund AB"}
    assert await dynamics.find(Key("opportunity", "ho'2"), (), {}) is None
    creates = [entry.request for entry in api.requests("upsert")]
    assert all("new_stafettid" not in json.loads(request.body) for request in creates)


async def test_two_leads_of_one_address_are_one_contact(api):
    dynamics = vendor(api)
    first = await make(dynamics, CONTACT, email=CONTACT.email)
    second = await make(dynamics, CONTACT._replace(text="lead_2"), email=CONTACT.email)
    assert second.vendor_id == first.vendor_id and second.adopted


async def test_a_contact_of_others_is_found_by_address_or_number_and_a_merge_is_followed(api):
    tables, dynamics = api.tables, vendor(api)
    theirs, left = "cccccccc-0000-4000-8000-000000000001", "cccccccc-0000-4000-8000-000000000002"
    tables.insert("contact", theirs, {"emailaddress1": "Eva@Kund.example", "mobilephone": CONTACT.phone})
    assert (await dynamics.find(CONTACT, (), {})).vendor_id == theirs
    assert (await dynamics.find(CONTACT._replace(email=None), (), {})).vendor_id == theirs
    tables.insert("contact", left, {"firstname": "Eva"})
    api.merge("contact", left, theirs)
    assert (await dynamics.read("contact", theirs, ("firstname",))).fields == {"firstname": "Eva"}
    assert (await dynamics.find(CONTACT, (), {})).vendor_id == left
    tables.rows["contact"][theirs]["merged"] = False
    assert await dynamics.find(CONTACT, (), {}) is None, "one that was put away is nobody's contact"


@pytest.mark.parametrize("site", ["kund.example", "https://www.Kund.example/", "http://kund.example"])
async def test_a_company_is_found_however_its_site_is_written(api, site):
    theirs = "cccccccc-0000-4000-8000-000000000003"
    api.tables.insert("account", theirs, {"name": "Kund", "websiteurl": site})
    assert (await vendor(api).find(COMPANY, (), {})).vendor_id == theirs
    assert await vendor(api).find(Key("company", "und.example"), (), {}) is None


async def test_a_text_that_a_stranger_wrote_is_cut_to_what_its_column_takes(api):
    contact = await make(vendor(api), CONTACT, email=CONTACT.email, last_name="E" * 80)
    assert api.tables.rows["contact"][contact.vendor_id]["lastname"] == "E" * 50


async def test_whoever_has_no_name_is_called_by_their_address(api):
    contact = await make(vendor(api), CONTACT, email=CONTACT.email)
    assert api.tables.rows["contact"][contact.vendor_id]["lastname"] == CONTACT.email


async def test_a_quote_in_an_address_ends_no_literal(api):
    key = CONTACT._replace(email="o'brien' or emailaddress1 ne '@kund.example")
    assert await vendor(api).find(key, (), {}) is None


async def test_only_what_is_there_is_changed(api):
    dynamics = vendor(api)
    deal = await make(dynamics, DEAL, name="Kund AB", stage="100000001")
    await dynamics.update("opportunity", deal.vendor_id, {"ownerid": ANNA, "statuscode": 100_000_002})
    row = api.tables.rows["opportunity"][deal.vendor_id]
    assert (row["ownerid"], row["statuscode"], row["name"]) == (ANNA, 100_000_002, "Kund AB")
    gone = await trouble(dynamics.update("opportunity", NOBODY, {"name": "x"}))
    assert gone.kind == "gone" and NOBODY not in api.tables.rows["opportunity"]


@pytest.mark.parametrize(("stage", "state", "route"), [("3", 1, "win"), ("4", 2, "lose")])
async def test_an_opportunity_is_closed_by_its_own_action(api, stage, state, route):
    dynamics = vendor(api)
    deal = await make(dynamics, DEAL, name="Kund AB")
    await dynamics.update("opportunity", deal.vendor_id, {"statuscode": int(stage), "ownerid": ANNA})
    match = await dynamics.read("opportunity", deal.vendor_id, ("ownerid",))
    assert (match.stage, match.is_closed, match.fields) == (stage, True, {"ownerid": ANNA})
    assert len(api.requests(route)) == 1 and api.tables.rows["opportunity"][deal.vendor_id]["statecode"] == state


async def test_a_column_of_your_own_for_the_stages_closes_nothing(api):
    dynamics = vendor(api, stage_column="opportunityratingcode", stages={"offered": "1", "won": "3"})
    deal = await make(dynamics, DEAL, name="Kund AB", stage="1")
    await dynamics.update("opportunity", deal.vendor_id, {"opportunityratingcode": 3})
    match = await dynamics.read("opportunity", deal.vendor_id, ())
    assert (match.stage, match.is_closed) == ("3", False)


@pytest.mark.parametrize(("state", "codes"), [("done", (1, 5)), ("cancelled", (2, 6))])
async def test_a_task_ends_with_state_and_reason_together(api, state, codes):
    dynamics = vendor(api)
    task = await make(dynamics, TASK, subject="Kund AB", state="open")
    fields = dynamics.render(Wanted(TASK, {"state": state}))
    await dynamics.update("task", task.vendor_id, fields)
    match = await dynamics.read("task", task.vendor_id, fields)
    assert match.is_closed and tuple(match.fields.values()) == codes


async def test_a_link_that_is_there_is_not_written_again(api):
    dynamics = vendor(api)
    contact = await make(dynamics, CONTACT, email=CONTACT.email)
    deal = await make(dynamics, DEAL, name="Kund AB")
    for _ in range(2):
        await dynamics.link(deal.vendor_id, "contact", contact.vendor_id)
    assert api.tables.rows["opportunity"][deal.vendor_id]["parentcontactid"] == contact.vendor_id
    assert len(api.requests("upsert")) == 3


async def test_a_token_is_kept_and_renewed_before_it_ends(api):
    dynamics = vendor(api)
    for minutes in (0, 30, 54, 56):
        api.now = lambda minutes=minutes: NOW + timedelta(minutes=minutes)
        assert await dynamics.whoami() == WE
    assert timedelta(minutes=55) < LASTS and len(api.requests("token")) == 2
    assert [entry.status for entry in api.requests("who am i")] == [200] * 4


async def test_a_token_that_was_withdrawn_is_asked_for_once_more(api):
    dynamics = vendor(api)
    await dynamics.whoami()
    api.tokens.clear()
    assert (await make(dynamics, DEAL, name="Kund AB")).vendor_id in api.tables.rows["opportunity"]
    assert len(api.requests("token")) == 2
    api.plan.once(Fault("401", "instead", answers.NO_TOKEN), "who am i", times=2)
    refused = await trouble(dynamics.whoami())
    assert (refused.kind, refused.code) == ("refused_setup", "http_401")


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (
            Answer(503, {"error": "temporarily_unavailable", "error_description": "AADSTS90033: busy"}),
            "transient",
            "AADSTS90033",
        ),
        (
            Answer(429, {"error": "temporarily_unavailable"}, {"retry-after": "7"}),
            "throttled",
            "temporarily_unavailable",
        ),
        (
            Answer(400, {"error": "unauthorized_client", "error_description": "AADSTS700016: no app"}),
            "refused_setup",
            "AADSTS700016",
        ),
        (Answer(502, "<html>", {"content-type": "text/html"}), "transient", "http_502"),
        (Answer(200, {}), "transient", "login_without_token"),
    ],
)  # fmt: skip - one answer a line
async def test_what_the_login_answers(api, answer, kind, code):
    api.plan.once(Fault("login", "instead", answer), "token")
    found = await trouble(vendor(api).whoami())
    assert (found.kind, found.code) == (kind, code)


async def test_a_wrong_secret_is_said_without_it(api):
    found = await trouble(vendor(api, secret="another-secret").whoami())
    assert (found.kind, found.code, found.field) == ("refused_setup", "AADSTS7000215", "secret")
    assert "another-secret" not in str(found)


async def test_what_is_only_shown_needs_no_token_and_shows_no_secret():
    caller = ShowingCaller()
    with pytest.raises(Shown):
        await make(Dynamics(sink(), caller, SECRET, lambda: NOW), DEAL, name="Kund AB", owner=ANNA)
    shown = caller.take()
    assert shown.startswith("PATCH /api/data/v9.2/opportunities(") and f"/systemusers({ANNA})" in shown
    assert SECRET not in shown and "Bearer" not in shown and "token" not in shown


OTHER = "The property 'new_x' does not exist on type 'Microsoft.Dynamics.CRM.opportunity'. Make sure"
SELECTED = "Could not find a property named 'new_x' on type 'Microsoft.Dynamics.CRM.opportunity'."
LITERAL = "Cannot convert the literal 'Eva Ek' to the expected type 'Edm.Int32'."
BOUND = "An undeclared property 'new_who' which only has property annotations in the payload"


@pytest.mark.parametrize(
    ("answer", "kind", "field"),
    [
        (answers.too_many(17), "throttled", None),
        (answers.CONCURRENT, "throttled", None),
        (answers.NO_TOKEN, "refused_setup", None),
        (answers.missing_privilege(WE, "prvCreateOpportunity"), "refused_setup", "prvCreateOpportunity"),
        (answers.missing_privilege(ANNA, "prvReadOpportunity"), "refused_data", "ownerid"),
        (answers.error(403, "0x80040225", f"The specified user(Id = {ANNA}) is disabled."), "refused_data", "ownerid"),
        (answers.error(403, "0x80072560", "The user is not a member of the organization."), "refused_setup", None),
        (answers.not_there("opportunity", NOBODY), "gone", None),
        (answers.error(404, "", f"opportunity With Id = {NOBODY} Does Not Exist"), "gone", None),
        (answers.not_there("systemuser", NOBODY), "refused_data", "systemuser"),
        (
            answers.error(404, "0x8006088a", "Resource not found for the segment 'opportunities'."),
            "refused_setup",
            "base_url",
        ),
        (answers.payload("opportunities", OTHER), "refused_setup", "new_x"),
        (answers.payload("opportunities", BOUND), "refused_setup", "new_who"),
        (answers.error(400, "0x80060888", SELECTED), "refused_setup", "new_x"),
        (answers.payload("opportunities", LITERAL), "refused_data", None),
        (answers.error(400, "0x80044331", answers.TOO_LONG.format("subject", "task", 200)), "refused_data", "subject"),
        (
            answers.error(400, "0x8004431a", answers.NO_CHOICE.format(9, "new_size", "account", "1,2")),
            "refused_data",
            "new_size",
        ),
        (answers.DUPLICATE, "refused_data", "opportunity"),
        (answers.KEY_TAKEN, "refused_data", "opportunity"),
        (answers.PLUG_IN, "refused_data", None),
        (answers.UNEXPECTED, "unknown", None),
        (Answer(502, "<html>Bad Gateway</html>", {"content-type": "text/html"}), "unknown", None),
        (Answer(404, "<html>no such site</html>", {"content-type": "text/html"}), "refused_setup", "base_url"),
        (Answer(413, None), "refused_data", None),
        (Answer(501, None), "refused_setup", None),
    ],
)  # fmt: skip - one answer a line
def test_an_answer_means_what_its_body_says(answer, kind, field):
    found = trouble_of(reply_of(answer), table="opportunity", is_write=True, owner=ANNA)
    assert (found.kind, found.field) == (kind, field)
    assert "Eva" not in f"{found} {found.code}"
    if kind == "throttled":
        assert found.wait == timedelta(seconds=int(answer.headers["retry-after"]))
    if kind == "unknown":
        assert trouble_of(reply_of(answer), table="opportunity", is_write=False).kind == "transient"
    if isinstance(answer.body, dict):
        assert found.correlation == "c0ffee00-0000-4000-8000-000000000001"


def reply_of(answer):
    return Reply(answer.status, answer.headers, json.dumps(answer.body).encode() if answer.body else b"")


async def test_a_rule_for_duplicates_is_heard_only_where_it_was_asked_for(api):
    api.duplicate_rules = True
    api.tables.insert("contact", NOBODY, {"telephone1": CONTACT.phone})
    refused = await trouble(make(vendor(api, detect_duplicates=True), CONTACT, phone=CONTACT.phone))
    assert (refused.kind, refused.code, refused.field) == ("refused_data", "0x80040333", "contact")
    assert (await make(vendor(api), CONTACT, phone=CONTACT.phone)).vendor_id != NOBODY


async def test_another_record_with_our_key_is_told_and_not_taken(api):
    api.tables.insert("opportunity", NOBODY, {"new_stafettid": "ho_1"})
    dynamics = vendor(api, fields={"opportunity": {"new_stafettid": "handover.id"}})
    fields = dynamics.render(Wanted(DEAL, {"name": "Kund AB"}, {"new_stafettid": "ho_1"}))
    refused = await trouble(dynamics.create(DEAL, fields, {}))
    assert (refused.kind, refused.code) == ("refused_data", "another_record_has_this_key")


async def test_the_check_finds_nothing_in_an_environment_that_is_right(api):
    assert await vendor(api, key_column="new_stafettid").check({"anna": ANNA.upper()}) == []


async def test_the_check_tells_every_problem_with_the_likely_fix(api):
    fields = {
        "contact": {"JobTitle": "answers.role", "masterid": "lead.id", "createdon": "event.time"},
        "company": {"numberofemployees": {"of": "company.employees", "words": {"1": "many"}}},
        "opportunity": {
            "opportunityratingcode": "dossier.source",
            "name": {"of": "dossier.source", "words": {"a": "1"}},
        },
    }
    stages = {"offered": "100000001", "accepted": "77", "won": "4", "returned": "5"}
    dynamics = vendor(api, fields=fields, stages=stages, key_column="name")
    problems = await dynamics.check({"anna": ANNA, "bo": GONE, "cia": "7", "eve": NOBODY})
    starts = [
        "fields.contact.JobTitle: there is no such column; its logical name is needed, in small letters",
        "fields.contact.masterid: it is a Lookup",
        "fields.contact.createdon: Dynamics sets it by itself",
        "fields.company.numberofemployees: it is a Integer; write numbers in `words`",
        "fields.opportunity.opportunityratingcode: it is a choice; say in `words`",
        "fields.opportunity.name: it is a text, and words",
        "stages.accepted: statuscode has no choice 77 (1 is Reason 1, ",
        "stages.returned: 5 is no reason of an opportunity that is open",
        "stages.won: 4 is no reason of an opportunity that is won",
        "key_column: opportunity has no alternate key of name alone",
        "roster: cia is 7 there, which is no id of a user",
        "roster: bo is aaaaaaaa-0000-4000-8000-000000000002 there, which is no user who is enabled",
        "roster: eve is ffffffff",
    ]
    assert len(problems) == len(starts)
    for start in starts:
        assert any(problem.startswith(start) for problem in problems), (start, problems)


async def test_what_may_not_be_read_is_a_problem_and_the_rest_is_looked_at(api):
    api.plan.once(Fault("403", "instead", answers.missing_privilege(WE, "prvReadEntity")), "attributes")
    (problem,) = await vendor(api).check({"anna": ANNA})
    assert problem == "the columns of contact cannot be read: 0x80040220; the application user lacks prvReadEntity"


async def test_a_key_whose_index_is_not_made_yet_is_told(api):
    found = Answer(200, {"value": [{"KeyAttributes": ["new_stafettid"], "EntityKeyIndexStatus": "Pending"}]})
    api.plan.once(Fault("pending", "instead", found), "keys")
    (problem,) = await vendor(api, key_column="new_stafettid").check({})
    assert problem == "key_column: the key of new_stafettid is Pending, not Active; its index is not made yet"


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"stages": {"offered": "New"}}, "`New` is no number of a choice of statuscode"),
        ({"authority": "http://login.example"}, "use https; the client secret is sent there"),
    ],
)
def test_the_file_says_what_could_never_work(values, place):
    with pytest.raises(ValueError, match=place):
        sink(**values)
