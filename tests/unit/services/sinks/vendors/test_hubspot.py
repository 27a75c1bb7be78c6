"""HubSpot as a sink writes to it: records found, made, changed and linked, and what each of its answers means."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.sinks.vendors import HubspotSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Made, Trouble
from services.sinks.records import Key, Wanted
from services.sinks.vendors.hubspot import KEY, Hubspot
from services.sinks.vendors.hubspot_calls import whole
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.faults import HTML_403, Answer, Limit
from tests.parts.vendors.hubspot import HubSpotApi
from tests.parts.vendors.hubspot_account import ALL_SCOPES, Owner
from tests.parts.vendors.hubspot_answers import (
    BURST,
    DAILY,
    EMPTY_207,
    LOCKED,
    MIGRATING,
    NO_SCOPE,
    OWN_RULE,
    UNAUTHORISED,
    error,
    invalid_properties,
    not_there,
    too_many,
)
from tests.parts.vendors.hubspot_records import Property, choice
from tests.parts.vendors.published import from_environment
from tests.parts.vendors.server import ask

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SECRET = "pat-eu1-stand-in"
STAGES = {
    "offered": "offered",
    "accepted": "accepted",
    "returned": "returned",
    "won": "closedwon",
    "lost": "closedlost",
}
CONTACT = Key("contact", "lead_1", email="eva@kund.example", phone="+46701112233")
DEAL, NOTE, TASK = Key("opportunity", "ho_1"), Key("note", "ho_1/dossier"), Key("task", "ho_1.1")


@pytest.fixture(scope="module")
def published():
    return from_environment("2026-09")


@pytest.fixture
def api(published):
    owners = {"7": Owner("7", "bo@firma.example"), "8": Owner("8", "eva@firma.example", True)}
    made = HubSpotApi(owners=owners, oracle=published)
    made.add_property("deals", Property(KEY, is_unique=True))
    made.records.now, made.burst = (lambda: NOW), Limit(10_000, 10)
    yield made
    assert made.violations == []


def sink(**values):
    fields = {
        "name": "crm",
        "kind": "hubspot",
        "mode": "live",
        "secret": "STAFETT_SECRET_HUBSPOT",
        "stages": STAGES,
        **values,
    }
    return HubspotSink.model_validate(fields)


def vendor(api, secret=SECRET, **values):
    return Hubspot(sink(**values), StandInCaller(api), secret, lambda: NOW)


async def make(hubspot, key, parents=None, **values):
    return await hubspot.create(key, hubspot.render(Wanted(key, values)), parents or {})


async def test_a_hand_over_is_a_contact_and_a_deal_with_a_note_and_a_task_beside_it(api):
    hubspot = vendor(api)
    contact = await make(hubspot, CONTACT, email=CONTACT.email, first_name="Eva", owner="7")
    deal = await make(hubspot, DEAL, name="Kund AB", owner="7", stage="offered")
    await hubspot.link(deal.vendor_id, "contact", contact.vendor_id)
    parents = {"opportunity": deal.vendor_id, "contact": contact.vendor_id}
    note = await make(hubspot, NOTE, parents, text=f"Eva & co\n\n{NOTE.marker}")
    task = await make(
        hubspot,
        TASK,
        parents,
        subject="Kund AB",
        text=TASK.marker,
        state="open",
        owner="7",
        due_at="2026-12-01T09:00:00.000000Z",
    )
    (held,) = api.truth().values()
    assert held.ids == (deal.vendor_id,) and held.owner == "7" and held.stage == "offered"
    assert held.contacts == (contact.vendor_id,) and held.open_tasks == (("Kund AB", "7"),)
    assert held.notes == ("<p>Eva &amp; co</p><p>Stafett ho_1/dossier</p>",)
    assert deal.url == f"https://app.hubspot.com/contacts/62515/record/0-3/{deal.vendor_id}"
    for key, made in ((CONTACT, contact), (DEAL, deal), (NOTE, note), (TASK, task)):
        match = await hubspot.find(key, (), parents)
        assert match.vendor_id == made.vendor_id, key
    assert api.records.at("tasks", task.vendor_id).properties["hs_timestamp"] == "2026-12-01T09:00:00.000Z"


async def test_a_lead_is_made_beside_its_contact_and_has_the_note_and_the_task(api):
    api.add_property("leads", Property(KEY, is_unique=True))
    hubspot = vendor(api, opportunity="lead")
    contact = await make(hubspot, CONTACT, email=CONTACT.email)
    lead = await make(hubspot, DEAL, {"contact": contact.vendor_id}, name="Kund AB", owner="7", stage="offered")
    parents = {"opportunity": lead.vendor_id, "contact": contact.vendor_id}
    await hubspot.link(lead.vendor_id, "contact", contact.vendor_id)
    await make(hubspot, NOTE, parents, text=f"Eva\n\n{NOTE.marker}")
    await make(hubspot, TASK, parents, subject="Kund AB", text=TASK.marker, state="open", owner="7")
    (held,) = api.truth().values()
    assert (held.ids, held.owner, held.stage) == ((lead.vendor_id,), "7", "offered")
    assert held.contacts == (contact.vendor_id,) and len(held.notes) == 1 and held.tasks == 1
    assert not hubspot.is_repeatable("opportunity"), (
        "a lead is not upserted, so it is looked for before it is made again"
    )
    for key in (DEAL, NOTE, TASK):
        assert await hubspot.find(key, (), parents) is not None, key
    assert [route for route in api.log if "labels" in str(route)]


async def test_a_lead_is_over_in_the_stages_of_won_and_lost_and_nowhere_else(api):
    api.add_property("leads", Property(KEY, is_unique=True))
    hubspot = vendor(api, opportunity="lead")
    contact = await make(hubspot, CONTACT, email=CONTACT.email)
    lead = await make(hubspot, DEAL, {"contact": contact.vendor_id}, name="Kund AB", stage="offered")
    for stage, is_over in (("accepted", False), ("closedlost", True)):
        api.records.update(api.records.at("leads", lead.vendor_id), {"hs_pipeline_stage": stage})
        match = await hubspot.read("opportunity", lead.vendor_id, ())
        assert (match.stage, match.is_closed) == (stage, is_over)


async def test_the_check_of_leads_looks_at_leads(api):
    problems = await vendor(api, opportunity="lead", pipeline="other").check({})
    assert any(problem.startswith(f"leads have no property {KEY}") for problem in problems)
    assert "pipeline: there is no pipeline other (default is Sales)" in problems


async def test_what_reads_back_is_in_the_shape_in_which_it_is_written(api):
    hubspot = vendor(api)
    api.add_property("deals", Property("stafett_due_at", "datetime", "date"))
    api.add_property("deals", Property("budget", "number", "number"))
    extra = {"stafett_due_at": "2026-12-01T09:00:00.000000Z", "budget": 5000, "description": "a\nb"}
    fields = hubspot.render(Wanted(DEAL, {"name": "Kund AB", "stage": "offered"}, extra))
    await hubspot.create(DEAL, fields, {})
    match = await hubspot.find(DEAL, fields, {})
    assert match.fields == fields and match.stage == "offered" and match.is_closed is False


async def test_a_second_create_of_a_deal_is_the_same_deal(api):
    hubspot = vendor(api)
    first = await make(hubspot, DEAL, name="Kund AB", stage="offered")
    second = await make(hubspot, DEAL, name="Kund AB", stage="offered")
    assert first == second and len(api.truth()["ho_1"].ids) == 1
    assert [kind for kind in hubspot.kinds if hubspot.is_repeatable(kind)] == ["opportunity"]


async def test_a_contact_that_is_there_already_is_adopted(api):
    api.records.create("contacts", {"email": "Eva@Kund.example", "firstname": "Evelina"})
    made = await make(vendor(api), CONTACT, email=CONTACT.email)
    (record,) = api.records.objects["contacts"].values()
    assert made == Made(record.id, adopted=True) and record.properties["firstname"] == "Evelina"


async def test_a_contact_is_known_by_its_id_else_its_address_else_its_number(api):
    hubspot, create = vendor(api), api.records.create
    by_id = create("contacts", {"email": "other@kund.example"})
    by_address = create("contacts", {"email": "eva@kund.example"})
    by_number = create("contacts", {"phone": "+46701112233"})
    for known, record in (
        (CONTACT._replace(known_id=by_id.id), by_id),
        (CONTACT._replace(known_id="999"), by_address),
        (CONTACT, by_address),
        (CONTACT._replace(email=None), by_number),
    ):
        match = await hubspot.find(known, ("email",), {})
        assert match.vendor_id == record.id
    assert await hubspot.find(CONTACT._replace(email=None, phone=None), (), {}) is None
    assert await hubspot.find(CONTACT._replace(email="nobody@kund.example"), (), {}) is None


async def test_who_was_merged_is_read_as_who_is_left(api):
    ids = [api.records.create("contacts", {"email": f"{name}@kund.example"}).id for name in ("eva", "evelina")]
    api.records.merge("contacts", ids[0], ids[1])
    match = await vendor(api).read("contact", ids[1], ("email",))
    assert match.vendor_id == ids[0] and match.fields == {"email": "eva@kund.example"}


async def test_a_record_that_somebody_took_away_is_gone(api):
    hubspot = vendor(api)
    deal = await make(hubspot, DEAL, name="Kund AB", stage="offered")
    api.records.archive(api.records.at("deals", deal.vendor_id))
    assert await hubspot.read("opportunity", deal.vendor_id, ()) is None
    with pytest.raises(Trouble) as caught:
        await hubspot.update("opportunity", deal.vendor_id, {"dealname": "x"})
    assert caught.value.kind == "gone"


@pytest.mark.parametrize("is_merged", [True, False])
async def test_what_another_record_hangs_on_is_replaced_by_what_is_left_of_it(api, is_merged):
    hubspot = vendor(api)
    deal, contact = (
        await make(hubspot, DEAL, name="x", stage="offered"),
        await make(hubspot, CONTACT, email=CONTACT.email),
    )
    other = api.records.create("contacts", {"firstname": "Evelina"})
    if is_merged:
        api.records.merge("contacts", other.id, contact.vendor_id)
    else:
        api.records.archive(api.records.at("contacts", contact.vendor_id))
    task = await make(
        hubspot, TASK, {"opportunity": deal.vendor_id, "contact": contact.vendor_id}, subject="x", state="open"
    )
    beside = api.records.beside(api.records.at("tasks", task.vendor_id), "contacts")
    assert [record.id for record in beside] == ([other.id] if is_merged else [])
    await hubspot.link(deal.vendor_id, "contact", contact.vendor_id)
    assert api.truth()["ho_1"].contacts == ((other.id,) if is_merged else ())
    api.records.archive(api.records.at("deals", deal.vendor_id))
    for call in (
        hubspot.link(deal.vendor_id, "contact", other.id),
        make(hubspot, TASK, {"opportunity": deal.vendor_id}, subject="x"),
    ):
        with pytest.raises(Trouble, match="gone"):
            await call


async def test_a_contact_is_made_beside_its_company(api):
    company = api.records.create("companies", {"domain": "kund.example"})
    contact = await make(vendor(api), CONTACT, {"company": company.id}, email=CONTACT.email)
    assert api.records.beside(company, "contacts") == [api.records.at("contacts", contact.vendor_id)]


async def test_a_deal_that_is_closed_says_so(api):
    hubspot = vendor(api)
    deal = await make(hubspot, DEAL, name="Kund AB", stage="closedwon")
    match = await hubspot.read("opportunity", deal.vendor_id, ())
    assert match.is_closed and match.stage == "closedwon"


@pytest.mark.parametrize(("status", "is_left"), [("NOT_STARTED", False), ("COMPLETED", True)])
async def test_a_cancelled_task_is_taken_away_unless_somebody_has_done_it(api, status, is_left):
    hubspot = vendor(api)
    deal = await make(hubspot, DEAL, name="Kund AB", stage="offered")
    task = await make(hubspot, TASK, {"opportunity": deal.vendor_id}, subject="x", text=TASK.marker, state="open")
    record = api.records.at("tasks", task.vendor_id)
    api.records.update(record, {"hs_task_status": status}, by="7")
    await hubspot.update("task", task.vendor_id, hubspot.render(Wanted(TASK, {"state": "cancelled"})))
    assert record.is_archived is not is_left
    await hubspot.update("task", task.vendor_id, {"hs_task_status": "CANCELLED"})


@pytest.mark.parametrize("state", ["open", "done"])
async def test_a_task_is_open_or_done_and_its_priority_is_theirs(api, state):
    hubspot = vendor(api, task={"type": "CALL"})
    fields = hubspot.render(Wanted(TASK, {"state": state, "priority": "high"}))
    words = {"open": "NOT_STARTED", "done": "COMPLETED"}
    assert fields == {"hs_task_status": words[state], "hs_task_priority": "HIGH", "hs_task_type": "CALL"}


async def test_a_note_is_ours_only_by_its_last_line(api):
    hubspot = vendor(api)
    deal = await make(hubspot, DEAL, name="Kund AB", stage="offered")
    parents = {"opportunity": deal.vendor_id}
    assert await hubspot.find(NOTE, (), parents) is None
    await make(hubspot, NOTE._replace(text="ho_11/dossier"), parents, text="other\nStafett ho_1/dossier2")
    await make(hubspot, NOTE, parents, text=f"they wrote: {NOTE.marker}, and more")
    assert await hubspot.find(NOTE, (), parents) is None
    ours = await make(hubspot, NOTE, parents, text=f"dossier\n{NOTE.marker}")
    match = await hubspot.find(NOTE, ("hs_note_body",), parents)
    assert match.vendor_id == ours.vendor_id
    assert await hubspot.find(NOTE, (), {}) is None


async def test_of_many_notes_beside_a_deal_ours_is_found_on_any_page(api):
    hubspot = vendor(api)
    deal = await make(hubspot, DEAL, name="Kund AB", stage="offered")
    parents = {"opportunity": deal.vendor_id}
    for n in range(230):
        await make(hubspot, Key("note", f"x{n}"), parents, text=f"note {n}")
    ours = await make(hubspot, NOTE, parents, text=NOTE.marker)
    assert (await hubspot.find(NOTE, (), parents)).vendor_id == ours.vendor_id
    assert len(api.requests("batch read")) == 3 and len(api.requests("associations")) == 3


async def test_a_company_is_found_by_its_domain_once_the_index_has_it(api):
    hubspot, at = vendor(api), NOW
    api.records.now, api.records.lag = (lambda: at), timedelta(seconds=30)
    key = Key("company", "kund.example")
    made = await make(hubspot, key, name="Kund AB", domain="kund.example")
    assert await hubspot.find(key, (), {}) is None
    at += hubspot.settle
    assert (await hubspot.find(key, ("name",), {})).vendor_id == made.vendor_id


FAULTS = [
    (BURST.answer, "throttled", "TEN_SECONDLY_ROLLING", None, 10),
    (too_many("SECONDLY"), "throttled", "SECONDLY", None, 1),
    (DAILY.answer, "spent", "DAILY", None, None),
    (LOCKED.answer, "locked", "LOCKED", None, 2),
    (MIGRATING.answer, "transient", "http_477", None, 60),
    (HTML_403.answer, "throttled", "http_403_page", None, 60),
    (UNAUTHORISED.answer, "refused_setup", "INVALID_AUTHENTICATION", None, None),
    (NO_SCOPE.answer, "refused_setup", "MISSING_SCOPES", "crm.objects.deals.write", None),
    (OWN_RULE.answer, "refused_data", "REQUIRED_PROPERTY", "budget_band", None),
    (invalid_properties([("nonsense", "PROPERTY_DOESNT_EXIST", "x")]), "refused_setup", "PROPERTY_DOESNT_EXIST", "nonsense", None),
    (invalid_properties([("dealstage", "INVALID_OPTION", "x")]), "refused_setup", "INVALID_OPTION", "dealstage", None),
    (invalid_properties([("country", "INVALID_OPTION", "x")]), "refused_data", "INVALID_OPTION", "country", None),
    (invalid_properties([("hubspot_owner_id", "INVALID_OWNER_ID", "x")]), "refused_data", "INVALID_OWNER_ID", "hubspot_owner_id", None),
    (error(400, "VALIDATION_ERROR", 'Property values were not valid: [{"isValid":false,"name":"amount"}]'), "refused_data", "VALIDATION_ERROR", "amount", None),
    (error(400, "VALIDATION_ERROR", "One or more associations are not valid"), "gone", "VALIDATION_ERROR", None, None),
    (error(409, "CONFLICT", "Something else is there"), "locked", "CONFLICT", None, None),
    (not_there("5"), "gone", "OBJECT_NOT_FOUND", None, None),
    (EMPTY_207.answer, "locked", "OBJECT_WRITE_CONFLICT", None, None),
    (Answer(207, {"results": [], "errors": [invalid_properties([("a", "b", "c")]).body]}), "refused_data", "b", "a", None),
    (Answer(500, {"status": "error", "message": "x"}), "unknown", "http_500", None, None),
    (Answer(502, "<html>", {"content-type": "text/html"}), "unknown", "http_502", None, None),
    (Answer(404, "<html>", {"content-type": "text/html"}), "refused_setup", "no_such_path", "base_url", None),
    (Answer(200, "<html>", {"content-type": "text/html"}), "unknown", "no_json", None, None),
]  # fmt: skip


def reply(answer):
    is_page = isinstance(answer.body, str)
    return Reply(answer.status, {}, (answer.body if is_page else json.dumps(answer.body)).encode())


@pytest.mark.parametrize(("answer", "kind", "code", "field", "seconds"), FAULTS, ids=[f"{f[1]}-{f[2]}" for f in FAULTS])
def test_an_answer_is_judged_by_its_body(answer, kind, code, field, seconds):
    with pytest.raises(Trouble) as caught:
        whole(reply(answer), is_write=True)
    trouble = caught.value
    assert (trouble.kind, trouble.code, trouble.field) == (kind, code, field)
    assert trouble.wait == (timedelta(seconds=seconds) if seconds else None)


@pytest.mark.parametrize("status", [500, 502])
def test_a_read_that_came_to_nothing_is_just_asked_again(status):
    with pytest.raises(Trouble) as caught:
        whole(Reply(status, {}, b"<html>"), is_write=False)
    assert caught.value.kind == "transient"


def test_no_value_of_a_record_comes_out_of_a_message():
    answer = error(400, "VALIDATION_ERROR", 'eva@kund.example is bad: [{"name":"email","value":"eva@kund.example"}]')
    with pytest.raises(Trouble) as caught:
        whole(reply(answer), is_write=True)
    assert "kund" not in str(caught.value) and caught.value.field == "email" and caught.value.correlation


async def test_a_set_up_that_is_right_has_no_problems(api):
    assert await vendor(api).check({"bo": "7"}) == []


async def test_every_problem_of_a_set_up_is_told_at_once_with_its_fix(api):
    del api.records.properties["deals"][KEY]
    api.add_property("deals", choice("segment", "smb", "enterprise"))
    stages = {"offered": "appointment", "won": "closedwon"}
    fields = {
        "opportunity": {"nonsense": {"of": "lead.id"}, "segment": {"of": "dossier.source", "words": {"web": "small"}}},
        "contact": {"hs_lead_status": {"value": "NEW"}},
    }
    problems = await vendor(api, stages=stages, fields=fields).check({"bo": "7", "eva": "8"})
    assert len(problems) == 6
    for part in ("deals have no property stafett_handover_id: make it in Settings", "fields.opportunity.nonsense: there is no such",
                 "fields.opportunity.segment: `small` is none of its values (enterprise, smb)", "fields.contact.hs_lead_status",
                 "stages.offered: the pipeline has no stage appointment", "roster: eva is 8 there"):  # fmt: skip
        assert any(part in problem for problem in problems), (part, problems)


async def test_a_set_up_with_another_pipeline_or_no_stage_or_a_key_that_is_not_unique_says_so(api):
    api.add_property("deals", Property(KEY))
    problems = await vendor(api, pipeline="other", stages={}).check({})
    assert [problem.partition(" ")[0] for problem in problems] == [KEY, "stages.offered", "pipeline:"]


async def test_what_the_key_may_not_read_is_a_problem_and_the_rest_is_looked_at(api):
    api.keys["few"] = ALL_SCOPES - {"crm.objects.owners.read"}
    problems = await vendor(api, secret="few").check({"bo": "7"})
    assert problems == ["pipelines and owners cannot be read: MISSING_SCOPES: the key needs crm.objects.owners.read"]
    problems = await vendor(api, secret="wrong").check({})
    assert len(problems) == 5 and all("INVALID_AUTHENTICATION" in problem for problem in problems)


async def test_who_we_are_is_who_wrote_our_key(api):
    hubspot = vendor(api)
    with pytest.raises(Trouble) as caught:
        await hubspot.whoami()
    assert caught.value.code == "no_deal_of_ours_yet"
    await make(hubspot, DEAL, name="Kund AB", stage="offered")
    assert await hubspot.whoami() == "us"


def test_the_request_that_is_shown_has_no_secret(api):
    caller = StandInCaller(api)
    calls = []

    async def noting(call):
        calls.append(call)
        return await caller(call)

    hubspot = Hubspot(sink(), noting, SECRET, lambda: NOW)
    import asyncio

    asyncio.run(make(hubspot, DEAL, name="Kund AB", stage="offered"))
    (call,) = calls
    assert SECRET not in call.describe() and call.is_write
    assert call.describe().startswith("POST /crm/objects/2026-09/deals/batch/upsert")
    assert (
        api.answer(ask("GET", "/account-info/2026-09/details", headers={"authorization": f"Bearer {SECRET}"})).status
        == 200
    )
