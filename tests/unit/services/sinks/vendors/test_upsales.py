"""Upsales: what is asked of it, and what each of its answers means."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.sinks.vendors import UpsalesSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble
from services.sinks.records import Key, Wanted
from services.sinks.vendors.upsales import Upsales
from services.sinks.vendors.upsales_calls import whole
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.faults import Answer, Fault
from tests.parts.vendors.upsales import (
    BUSY,
    KEY,
    OTHERS,
    PRODUCT,
    STAGES,
    TASK_KEY,
    THROTTLED,
    TOKEN,
    TYPE,
    UNAUTHORISED,
    UpsalesApi,
)
from tests.parts.vendors.upsales_records import error

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
CONTACT = Key("contact", "lead_1", email="eva+x@kund.example", phone="+46701112233")
COMPANY, DEAL = Key("company", "kund.example"), Key("opportunity", "ho_1")
NOTE, TASK = Key("note", "ho_1/dossier"), Key("task", "ho_1.1")


@pytest.fixture
def api():
    made = UpsalesApi()
    made.records.now = lambda: NOW
    made.add_user("7")
    made.add_user("8", is_active=False)
    yield made
    assert made.violations == []


def sink(**values):
    fields = {"name": "crm", "kind": "upsales", "mode": "live", "secret": "STAFETT_SECRET_UPSALES", "stages": STAGES}
    numbers = {"key_field": KEY, "task_key_field": TASK_KEY, "product": PRODUCT, "task": {"type": str(TYPE)}}
    return UpsalesSink.model_validate({**fields, **numbers, **values})


def vendor(api, secret=TOKEN, **values):
    return Upsales(sink(**values), StandInCaller(api), secret, lambda: NOW)


async def make(upsales, key, parents=None, **values):
    return (await upsales.create(key, upsales.render(Wanted(key, values)), parents or {})).vendor_id


async def trouble(doing):
    with pytest.raises(Trouble) as caught:
        await doing
    return caught.value


async def hand_over(upsales):
    company = await make(upsales, COMPANY, name="Kund AB", domain="kund.example")
    contact = await make(
        upsales, CONTACT, {"company": company}, email=CONTACT.email, first_name="Eva", phone=CONTACT.phone
    )
    parents = {"company": company, "contact": contact}
    deal = await make(upsales, DEAL, parents, name="Kund AB – Eva", owner="7", stage=STAGES["offered"])
    return {**parents, "opportunity": deal}


async def test_a_hand_over_is_an_order_of_a_contact_with_notes_and_a_to_do(api):
    upsales = vendor(api)
    parents = await hand_over(upsales)
    note = await make(upsales, NOTE, parents, text=f"Eva & co\n\n{NOTE.marker}")
    due = "2026-12-01T09:00:00.000000Z"
    text = f"call\n\n{TASK.marker}"
    task = await make(upsales, TASK, parents, subject="K" * 120, text=text, state="open", owner="7", due_at=due)
    (held,) = api.truth().values()
    assert held.ids == (parents["opportunity"],) and (held.owner, held.stage) == ("7", STAGES["offered"])
    assert held.contacts == (parents["contact"],) and held.notes == (
        "--- Stafett ---\nEva & co\n\nStafett ho_1/dossier",
    )
    assert held.open_tasks == (("K" * 100, "7"),)
    order = api.records.kept["orders"][int(parents["opportunity"])]
    assert order["date"] == "2027-02-28" and order["probability"] == 10 and note == parents["opportunity"]
    assert order["orderRow"] == [{"product": {"id": PRODUCT}, "quantity": 1, "price": 0, "listPrice": 0}]
    row = api.records.kept["activities"][int(task)]
    assert (row["date"], row["activityType"]["id"], row["client"]["id"]) == (
        "2026-12-01",
        TYPE,
        int(parents["company"]),
    )
    ids = {**parents, "note": note, "task": task}
    for key in (COMPANY, CONTACT, DEAL, NOTE, TASK):
        assert (await upsales.find(key, (), parents)).vendor_id == ids[key.kind], key
    assert all(entry.request.headers["cookie"] == f"token={TOKEN}" for entry in api.log)
    assert not any(TOKEN in entry.request.path or "token" in entry.request.query for entry in api.log)


async def test_what_reads_back_is_in_the_shape_in_which_it_is_written(api):
    api.records.custom["order"][30] = {"id": 30, "name": "Campaign", "datatype": "String", "editable": 1}
    upsales = vendor(api)
    parents = await hand_over(upsales)
    key = Key("opportunity", "ho_2")
    wanted = Wanted(key, {"name": " Kund AB ", "owner": "7", "stage": "22"}, {"custom_30": "web"})
    fields = upsales.render(wanted)
    await upsales.create(key, fields, parents)
    match = await upsales.find(key, fields, {})
    assert match.fields == fields and (match.stage, match.is_closed) == ("22", False)
    task = upsales.render(
        Wanted(TASK, {"subject": "K", "owner": "7", "state": "open", "due_at": "2026-12-01T09:00:00Z", "text": "x\ny"})
    )
    await upsales.create(TASK, task, parents)
    assert (await upsales.find(TASK, task, {})).fields == task


async def test_fields_of_their_own_are_said_again_when_one_changes(api):
    api.records.custom["order"][30] = {"id": 30, "name": "Campaign", "datatype": "String", "editable": 1}
    upsales = vendor(api)
    deal = (await hand_over(upsales))["opportunity"]
    await upsales.update("opportunity", deal, {"custom_30": "web"})
    match = await upsales.read("opportunity", deal, (f"custom_{KEY}", "custom_30"))
    assert match.fields == {f"custom_{KEY}": "ho_1", "custom_30": "web"}


async def test_a_list_that_heeds_no_filter_makes_nobody_else_ours(api):
    upsales = vendor(api)
    await hand_over(upsales)
    rows = [*api.records.kept["orders"].values()]
    api.plan.once(Fault("unfiltered", "instead", Answer(200, {"error": None, "data": rows})), "list")
    assert await upsales.find(Key("opportunity", "ho_9"), (), {}) is None


async def test_a_contact_of_others_is_found_by_address_or_number_unless_it_was_put_away(api):
    theirs = api.records.add("contacts", {"email": "Eva+X@kund.example", "phone": CONTACT.phone})
    upsales = vendor(api)
    assert (await upsales.find(CONTACT, (), {})).vendor_id == str(theirs)
    assert (await upsales.find(CONTACT._replace(email=None), (), {})).vendor_id == str(theirs)
    known = CONTACT._replace(email="other@kund.example", known_id=str(theirs))
    assert (await upsales.find(known, (), {})).vendor_id == str(theirs)
    api.records.kept["contacts"][theirs]["active"] = 0
    assert await upsales.find(CONTACT, (), {}) is None


@pytest.mark.parametrize("site", ["kund.example", "www.Kund.example", "https://kund.example"])
async def test_a_company_is_found_however_its_site_is_written(api, site):
    theirs = api.records.add("accounts", {"name": "Kund", "webpage": site})
    assert (await vendor(api).find(COMPANY, (), {})).vendor_id == str(theirs)


async def test_whoever_has_no_company_hangs_on_the_one_for_others(api):
    refused = await trouble(make(vendor(api), CONTACT, email=CONTACT.email))
    assert (refused.kind, refused.field) == ("refused_data", "company_for_others")
    contact = await make(vendor(api, company_for_others=OTHERS), CONTACT, email=CONTACT.email)
    assert api.records.kept["contacts"][int(contact)]["client"]["id"] == OTHERS
    assert api.records.kept["contacts"][int(contact)]["lastName"] == CONTACT.email


async def test_what_people_wrote_around_our_part_of_the_notes_stays(api):
    upsales = vendor(api)
    parents = await hand_over(upsales)
    deal = int(parents["opportunity"])
    api.records.kept["orders"][deal]["notes"] = "They like blue."
    await make(upsales, NOTE, parents, text=f"first\n\n{NOTE.marker}")
    api.records.kept["orders"][deal]["notes"] += "\nCall on Monday."
    fields = upsales.render(Wanted(NOTE, {"text": f"second\n\n{NOTE.marker}"}))
    match = await upsales.read("note", str(deal), fields)
    assert match.fields["notes"].startswith("--- Stafett ---\nfirst") and match.fields != fields
    await upsales.update("note", str(deal), fields)
    notes = api.records.kept["orders"][deal]["notes"]
    assert notes == f"They like blue.\n\n--- Stafett ---\nsecond\n\n{NOTE.marker}\nCall on Monday."
    assert (await upsales.read("note", str(deal), fields)).fields == fields
    await make(upsales, NOTE, parents, text=f"second\n\n{NOTE.marker}")
    assert api.records.kept["orders"][deal]["notes"] == notes, "what is written again is there once"
    api.records.kept["orders"][deal]["notes"] = "They like blue."
    assert await upsales.read("note", str(deal), fields) is None


async def test_a_task_is_done_by_its_day_and_taken_away_where_it_is_not_needed(api):
    upsales = vendor(api)
    parents = await hand_over(upsales)
    first = await make(upsales, TASK, parents, subject="K", owner="7", state="open")
    await upsales.update("task", first, {"state": "done"})
    match = await upsales.read("task", first, ("state",))
    assert match.is_closed and match.fields == {"state": "done"}
    assert api.records.kept["activities"][int(first)]["closeDate"] == "2026-11-30"
    await upsales.update("task", first, {"state": "cancelled"})
    second = await make(upsales, Key("task", "ho_1.2"), parents, subject="K", owner="7", state="open")
    await upsales.update("task", second, {"state": "cancelled"})
    assert [*api.records.kept["activities"]] == [int(first)], "what somebody has done stays"


@pytest.mark.parametrize(("stage", "probability"), [("12", 100), ("7", 0)])
async def test_a_stage_brings_its_probability_and_may_end_an_opportunity(api, stage, probability):
    upsales = vendor(api)
    deal = (await hand_over(upsales))["opportunity"]
    await upsales.update("opportunity", deal, {"stage": int(stage)})
    match = await upsales.read("opportunity", deal, ())
    assert (match.stage, match.is_closed) == (stage, True)
    assert api.records.kept["orders"][int(deal)]["probability"] == probability
    assert len([entry for entry in api.requests("list") if entry.request.path == "/orderstages"]) == 1


async def test_a_contact_that_is_on_the_opportunity_is_not_written_again(api):
    upsales = vendor(api)
    parents = await hand_over(upsales)
    writes = len(api.requests("change"))
    await upsales.link(parents["opportunity"], "contact", parents["contact"])
    await upsales.link(parents["opportunity"], "company", parents["company"])
    assert len(api.requests("change")) == writes
    api.records.kept["orders"][int(parents["opportunity"])]["contact"] = None
    await upsales.link(parents["opportunity"], "contact", parents["contact"])
    assert api.truth()["ho_1"].contacts == (parents["contact"],)


async def test_what_is_gone_reads_as_nothing_and_is_not_written(api):
    upsales = vendor(api)
    assert await upsales.read("opportunity", "999", ()) is None
    assert (await trouble(upsales.update("opportunity", "999", {"description": "x"}))).kind == "gone"
    assert (await trouble(upsales.read("opportunity", "no-number", ()))).kind == "gone"


@pytest.mark.parametrize(
    ("answer", "kind", "field"),
    [
        (THROTTLED, "throttled", None),
        (error(429, "ThrottleLimit", "Too many", told_with=200), "throttled", None),
        (error(400, "SessionWriteLimit", "Too many writes"), "throttled", None),
        (Answer(429, "<html>", {"content-type": "text/html"}), "throttled", None),
        (UNAUTHORISED, "refused_setup", "secret"),
        (error(403, "Forbidden", "No access"), "refused_setup", None),
        (error(404, "NotFound", "Not found"), "gone", None),
        (Answer(404, "Cannot PUT", {"content-type": "text/html"}), "refused_setup", "base_url"),
        (error(400, "InvalidParameter", "Eva: description is not valid"), "refused_data", "description"),
        (error(400, "InvalidParameter", "user is not valid", told_with=200), "refused_data", "user"),
        (Answer(200, {"error": "nothing was said", "data": None}), "refused_data", None),
        (BUSY, "unknown", None),
        (error(500, "ServerError", "Server error", told_with=200), "unknown", None),
        (Answer(502, "<html>Bad Gateway</html>", {"content-type": "text/html"}), "unknown", None),
        (Answer(200, "<html>log in</html>", {"content-type": "text/html"}), "unknown", None),
    ],
)  # fmt: skip - one answer a line
def test_an_answer_means_what_its_body_says(answer, kind, field):
    reply = reply_of(answer)
    with pytest.raises(Trouble) as caught:
        whole(reply, is_write=True, sent={"description": "Eva", "user": {"id": 7}})
    assert (caught.value.kind, caught.value.field) == (kind, field)
    assert "Eva" not in str(caught.value)
    if kind == "throttled":
        assert caught.value.wait == timedelta(seconds=4 if answer is THROTTLED else 10)
    if kind == "unknown":
        with pytest.raises(Trouble) as caught:
            whole(reply, is_write=False)
        assert caught.value.kind == "transient"


def reply_of(answer):
    is_page = "content-type" in answer.headers
    return Reply(answer.status, answer.headers, answer.body.encode() if is_page else json.dumps(answer.body).encode())


async def test_we_are_who_made_our_records_and_not_the_login(api):
    assert await vendor(api).whoami() == "2"


async def test_the_check_finds_nothing_in_an_account_that_is_right(api):
    assert await vendor(api, company_for_others=OTHERS).check({"anna": "7"}) == []


async def test_the_check_tells_every_problem_with_the_likely_fix(api):
    api.records.custom["order"][30] = {"id": 30, "name": "Campaign", "datatype": "String", "locked": 1}
    api.records.custom["order"][KEY]["datatype"] = "Integer"
    api.records.kept["products"][PRODUCT]["active"] = 0
    fields = {
        "contact": {"title": "answers.role", "custom_3": "lead.id"},
        "opportunity": {"custom_30": "dossier.source"},
    }
    stages = {"offered": "12", "accepted": "22", "won": "21", "lost": "77"}
    upsales = vendor(api, fields=fields, stages=stages, task={"type": "99"}, task_key_field=13, company_for_others=98)
    problems = await upsales.check({"anna": "7", "bo": "8", "cia": "9"})
    starts = [
        "fields.contact.custom_3: there is no such field (it has no fields of its own; cellPhone, title)",
        "fields.opportunity.custom_30: `Campaign` cannot be written",
        "key_field: `Stafett` is a Integer; our id is a text",
        "task_key_field: activities have no field 13 of their own (12 is Stafett)",
        "stages.offered: Won has a probability of 100; it needs 1 to 99, an opportunity",
        "stages.won: Offered has a probability of 10; it needs 100",
        "stages.lost: there is no stage 77 (7 is Lost, ",
        "product: there is no active product 5",
        "task.type: there is no type 99 of activities (10 is Todo)",
        "company_for_others: there is no company 98",
        "roster: bo is 8 there, which is no active user",
        "roster: cia is 9 there",
    ]
    assert len(problems) == len(starts)
    for start in starts:
        assert any(problem.startswith(start) for problem in problems), (start, problems)


async def test_a_filter_that_is_not_heeded_is_told_before_anything_is_there_twice(api):
    rows = Answer(200, {"error": None, "data": [{"id": 1}]})
    upsales = vendor(api)
    caller = upsales._upsales._caller

    async def unfiltered(call):
        return reply_of(rows) if "custom=" in call.path else await caller(call)

    upsales._upsales._caller = unfiltered
    problems = await upsales.check({"anna": "7"})
    assert [problem.partition(":")[0] for problem in problems] == [
        "orders by key_field",
        "activities by task_key_field",
    ]


async def test_a_key_that_is_refused_ends_the_check(api):
    assert (await trouble(vendor(api, secret="wrong").check({}))).kind == "refused_setup"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"stages": {"offered": "New"}}, "`New` is no number of a stage"),
        ({"stages": {"accepted": "22"}}, "`offered` is missing"),
        ({"task": {}}, "`type` is missing"),
        ({"company": False}, "`company_for_others` is needed"),
    ],
)
def test_the_file_says_what_could_never_work(values, problem):
    with pytest.raises(ValueError, match=problem):
        sink(**values)


async def test_what_the_lead_did_is_another_part_of_the_notes_than_the_dossier(api):
    upsales = vendor(api)
    parents = await hand_over(upsales)
    touches = Key("note", "ho_1/touches")
    made = [await make(upsales, key, parents, text=f"first\n\n{key.marker}") for key in (NOTE, touches)]
    await upsales.update("note", made[1], upsales.render(Wanted(touches, {"text": f"second\n\n{touches.marker}"})))
    (held,) = api.truth().values()
    assert held.notes == tuple(
        f"--- Stafett ---\n{text}\n\nStafett ho_1/{name}"
        for text, name in (("first", "dossier"), ("second", "touches"))
    )
    found = [await upsales.find(key, ("notes",), parents) for key in (NOTE, touches)]
    assert [one.vendor_id for one in found] == made
    assert found[1].fields["notes"] == held.notes[1]
