"""Pipedrive as a sink writes to it: records found, made, changed and linked, and what each of its answers means."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from schemas.sinks.vendors import PipedriveSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.webhooks import Hook, ask_for_problems
from services.sinks.records import Key, Wanted
from services.sinks.vendors.pipedrive import Pipedrive
from services.sinks.vendors.pipedrive_calls import LEFT_IN_PEACE, PipedriveCalls, trouble_of
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.faults import DROP_BEFORE, HTML_403, UNAVAILABLE
from tests.parts.vendors.pipedrive import BURST, DOMAIN, KEY, PASSWORD, TOKEN, PipedriveApi, add_webhook

STAGES = {"offered": "1", "accepted": "2", "returned": "3", "won": "won", "lost": "lost"}
CONTACT = Key("contact", "lead_1", email="eva@kund.example", phone="+46701112233")
COMPANY, DEAL = Key("company", "kund.example"), Key("opportunity", "ho_1")
NOTE, TASK = Key("note", "ho_1/dossier"), Key("task", "ho_1.1")


@pytest.fixture
def clock():
    return [datetime(2026, 11, 30, 9, tzinfo=UTC)]


@pytest.fixture
def api(clock):
    made = PipedriveApi(now=lambda: clock[0], users={1: True, 7: True, 9: False})
    yield made
    assert made.violations == []


def sink(**values):
    fields = {"name": "crm", "kind": "pipedrive", "mode": "live", "secret": "STAFETT_SECRET_PD", "base_url": "https://firma.pipedrive.com",
              "stages": STAGES, "key_field": KEY, "domain_field": DOMAIN, **values}  # fmt: skip
    return PipedriveSink.model_validate(fields)


def vendor(api, clock, token=TOKEN, **values):
    return Pipedrive(sink(**values), StandInCaller(api), token, lambda: clock[0])


@pytest.fixture
def crm(api, clock):
    return vendor(api, clock)


async def make(crm, key, parents=None, **values):
    return await crm.create(key, crm.render(Wanted(key, values)), parents or {})


async def deal_of(crm):
    contact = await make(crm, CONTACT, email=CONTACT.email, first_name="Eva", last_name="Ek")
    return await make(crm, DEAL, {"contact": contact.vendor_id}, name="Kund AB", owner="7", stage="1"), contact


async def test_a_hand_over_is_a_person_an_organisation_and_a_deal_with_a_note_and_an_activity(api, crm, clock):
    company = await make(crm, COMPANY, name="Kund AB")
    contact = await make(
        crm, CONTACT, {"company": company.vendor_id}, email=CONTACT.email, first_name="Eva", last_name="Ek"
    )
    parents = {"company": company.vendor_id, "contact": contact.vendor_id}
    deal = await make(crm, DEAL, parents, name="Kund AB", owner="7", stage="1")
    parents["opportunity"] = deal.vendor_id
    note = await make(crm, NOTE, parents, text=f"Eva\n\n{NOTE.marker}")
    task = await make(
        crm,
        TASK,
        parents,
        subject="Kund AB",
        text=TASK.marker,
        state="open",
        owner="7",
        due_at="2026-12-01T09:30:00.000000Z",
    )
    (held,) = api.truth().values()
    assert (held.owner, held.stage, held.contacts, held.open_tasks) == (
        "7",
        "1",
        (contact.vendor_id,),
        (("Kund AB", "7"),),
    )
    row = api.tables["activities"][int(task.vendor_id)]
    assert (row["due_date"], row["due_time"], row["participants"]) == (
        "2026-12-01",
        "09:30",
        [{"person_id": int(contact.vendor_id), "primary": True}],
    )
    assert (
        api.tables["persons"][int(contact.vendor_id)]["name"] == "Eva Ek"
        and deal.url == f"https://firma.pipedrive.com/deal/{deal.vendor_id}"
    )
    clock[0] += crm.settle
    for key, made in ((CONTACT, contact), (COMPANY, company), (DEAL, deal), (NOTE, note), (TASK, task)):
        assert (await crm.find(key, (), parents)).vendor_id == made.vendor_id, key


async def test_a_lead_is_of_its_person_and_has_the_note_and_the_activity(api, clock):
    crm = vendor(api, clock, opportunity="lead", stages={})
    company = await make(crm, COMPANY, name="Kund AB")
    contact = await make(crm, CONTACT, email=CONTACT.email, full_name="Eva Ek")
    parents = {"company": company.vendor_id, "contact": contact.vendor_id}
    lead = await make(crm, DEAL, parents, name="Kund AB", owner="7")
    parents["opportunity"] = lead.vendor_id
    await make(crm, NOTE, parents, text=f"Eva\n\n{NOTE.marker}")
    await make(crm, TASK, parents, subject="Kund AB", text=TASK.marker, state="open", owner="7")
    await crm.update("opportunity", lead.vendor_id, crm.render(Wanted(DEAL, {"owner": "1"})))
    (held,) = api.truth().values()
    assert (held.ids, held.owner, held.stage, held.contacts) == ((lead.vendor_id,), "1", None, (contact.vendor_id,))
    assert len(held.notes) == 1 and held.open_tasks == (("Kund AB", "7"),)
    assert lead.url == f"https://firma.pipedrive.com/leads/inbox/{lead.vendor_id}"
    for key in (DEAL, NOTE, TASK):
        assert await crm.find(key, (), parents) is not None, key
    (row,) = api.tables["leads"].values()
    assert (row[KEY], row["organization_id"]) == ("ho_1", int(company.vendor_id))


async def test_a_lead_that_became_a_deal_is_gone_and_one_in_the_archive_is_closed(api, clock):
    crm = vendor(api, clock, opportunity="lead", stages={})
    contact = await make(crm, CONTACT, email=CONTACT.email)
    lead = await make(crm, DEAL, {"contact": contact.vendor_id}, name="Kund AB")
    (row,) = api.tables["leads"].values()
    row["is_archived"] = True
    assert (await crm.read("opportunity", lead.vendor_id, ())).is_closed
    row["is_deleted"] = True
    assert await crm.read("opportunity", lead.vendor_id, ()) is None


@pytest.mark.parametrize("values", [{"stages": {"offered": "1"}}, {"stages": {}, "pipeline": 1}])
def test_a_lead_has_neither_stages_nor_a_pipeline(values):
    with pytest.raises(ValidationError, match="leave"):
        sink(opportunity="lead", **values)


async def test_a_deal_is_seen_at_once_and_a_person_once_the_index_has_them(crm, clock):
    deal, contact = await deal_of(crm)
    assert (await crm.find(DEAL, (), {"contact": contact.vendor_id})).vendor_id == deal.vendor_id
    assert await crm.find(CONTACT, (), {}) is None
    clock[0] += crm.settle
    assert (await crm.find(CONTACT, (), {})).vendor_id == contact.vendor_id
    assert not any(crm.is_repeatable(kind) for kind in crm.kinds)


async def test_what_reads_back_is_in_the_shape_in_which_it_is_written(api, crm, clock):
    other = "c" * 40
    api.fields["dealFields"][other] = "varchar"
    contact = await make(crm, CONTACT, email=CONTACT.email)
    fields = crm.render(Wanted(DEAL, {"name": "Kund AB", "owner": "7", "stage": "1"}, {other: "web", "value": 5}))
    made = await crm.create(DEAL, fields, {"contact": contact.vendor_id})
    for match in (
        await crm.find(DEAL, fields, {"contact": contact.vendor_id}),
        await crm.read("opportunity", made.vendor_id, fields),
    ):
        assert match.fields == fields and match.stage == "1" and match.is_closed is False


@pytest.mark.parametrize(
    ("change", "stage", "is_closed"),
    [({"status": "won"}, "won", True), ({"is_archived": True}, "1", True), ({"stage_id": 2}, "2", False)],
)
async def test_a_deal_that_has_ended_or_is_archived_is_closed(api, crm, change, stage, is_closed):
    deal, _ = await deal_of(crm)
    api.tables["deals"][int(deal.vendor_id)] |= change
    match = await crm.read("opportunity", deal.vendor_id, ())
    assert (match.stage, match.is_closed) == (stage, is_closed)


async def test_won_and_lost_are_what_a_deal_ended_as(api, crm):
    deal, _ = await deal_of(crm)
    await crm.update("opportunity", deal.vendor_id, {"status": "lost"})
    assert crm.render(Wanted(DEAL, {"stage": "lost"})) == {"status": "lost", KEY: "ho_1"}
    assert api.truth()["ho_1"].stage == "lost"


async def test_of_many_notes_and_deals_ours_is_found_on_any_page(api, crm):
    deal, contact = await deal_of(crm)
    parents = {"opportunity": deal.vendor_id, "contact": contact.vendor_id}
    for n in range(1100):
        api.make(
            "notes", {"deal_id": int(deal.vendor_id), "content": f"<p>{n}</p><p>Stafett ho_1/dossier, they said</p>"}
        )
        api.make("deals", {"title": "x", "person_id": int(contact.vendor_id)})
    assert await crm.find(NOTE, (), parents) is None
    note = await make(crm, NOTE, parents, text=NOTE.marker)
    assert (await crm.find(NOTE, (), parents)).vendor_id == note.vendor_id
    other = await make(crm, Key("opportunity", "ho_2"), parents, name="x")
    assert (await crm.find(Key("opportunity", "ho_2"), (), parents)).vendor_id == other.vendor_id
    assert await crm.find(NOTE, (), {}) is None and await crm.find(DEAL, (), {}) is None


@pytest.mark.parametrize("is_done", [True, False])
async def test_a_cancelled_activity_is_taken_away_unless_somebody_has_done_it(api, crm, is_done):
    deal, _ = await deal_of(crm)
    task = await make(crm, TASK, {"opportunity": deal.vendor_id}, subject="x", text=TASK.marker, state="open")
    row = api.tables["activities"][int(task.vendor_id)]
    row["done"] = is_done
    await crm.update("task", task.vendor_id, crm.render(Wanted(TASK, {"state": "cancelled"})))
    assert row["is_deleted"] is not is_done
    assert (
        crm.render(Wanted(TASK, {"state": "done"})) == {"done": True}
        and crm.render(Wanted(TASK, {"state": "open"})) == {}
    )


async def test_what_was_deleted_there_is_gone(api, crm):
    deal, _ = await deal_of(crm)
    api.tables["deals"][int(deal.vendor_id)]["is_deleted"] = True
    assert await crm.read("opportunity", deal.vendor_id, ()) is None
    with pytest.raises(Trouble, match="gone"):
        await crm.update("opportunity", deal.vendor_id, {"title": "x"})
    with pytest.raises(Trouble, match="gone"):
        await crm.read("opportunity", "../users", ())


async def test_a_person_is_linked_where_the_deal_has_none(api, crm):
    deal, contact = await deal_of(crm)
    other = await make(crm, CONTACT, email="other@kund.example")
    await crm.link(deal.vendor_id, "contact", other.vendor_id)
    assert api.truth()["ho_1"].contacts == (contact.vendor_id,)
    api.tables["deals"][int(deal.vendor_id)]["person_id"] = None
    await crm.link(deal.vendor_id, "contact", other.vendor_id)
    assert api.truth()["ho_1"].contacts == (other.vendor_id,)


async def test_without_a_field_for_the_domain_there_are_no_organisations(api, clock):
    assert vendor(api, clock, domain_field=None).kinds == {"contact", "opportunity", "note", "task"}


@pytest.mark.parametrize(
    ("status", "error", "kind", "field"),
    [
        (400, "Validation failed: value: it is needed", "refused_data", "value"), (400, "Validation failed: owner_id: x", "refused_data", "owner_id"),
        (400, "Validation failed: stage_id: x", "refused_setup", "stage_id"), (400, "Validation failed: custom_fields: x", "refused_setup", "custom_fields"),
        (401, "unauthorized access", "refused_setup", None), (402, "x", "refused_setup", None), (404, "x", "gone", None), (410, "x", "gone", None), (500, "x", "unknown", None),
    ],
)  # fmt: skip
def test_an_answer_is_judged_by_its_status_and_the_field_that_it_names(status, error, kind, field):
    trouble = trouble_of(status, {"success": False, "error": error}, is_write=True)
    assert (trouble.kind, trouble.field) == (kind, field)


@pytest.mark.parametrize(
    ("status", "kind"), [(403, "throttled"), (502, "unknown"), (401, "refused_setup"), (404, "refused_setup")]
)
def test_a_page_is_judged_as_one(status, kind):
    trouble = trouble_of(status, None, is_write=True)
    assert trouble.kind == kind and (trouble.wait == LEFT_IN_PEACE) is (status == 403)
    assert trouble_of(502, None, is_write=False).kind == "transient"


async def test_a_cap_of_the_plan_is_a_matter_of_the_set_up():
    trouble = trouble_of(403, {"success": False, "code": "feature_capping_deals_limit"}, is_write=True)
    assert (trouble.kind, trouble.code) == ("refused_setup", "feature_capping_deals_limit")


async def test_a_second_429_soon_after_the_first_means_that_the_day_is_over(clock):
    async def too_many(call):
        return Reply(429, {"x-ratelimit-reset": "5"}, b"{}")

    calls, kinds = PipedriveCalls(too_many, TOKEN, lambda: clock[0]), []
    for seconds in (0, 5, 60):
        clock[0] += timedelta(seconds=seconds)
        with pytest.raises(Trouble) as caught:
            await calls.read("/api/v2/deals/1")
        kinds.append((caught.value.kind, caught.value.wait))
    assert kinds == [("throttled", timedelta(seconds=5)), ("spent", None), ("throttled", timedelta(seconds=5))]


async def test_a_success_that_is_none_is_no_success(clock):
    async def half(call):
        return Reply(200, {}, b'{"success": false, "error": "x"}')

    with pytest.raises(Trouble, match="unknown: http_200"):
        await PipedriveCalls(half, TOKEN, lambda: clock[0]).write("POST", "/api/v2/deals", {})


async def test_a_set_up_that_is_right_has_no_problems(crm):
    (priority,) = await crm.check({"bo": "7"})
    assert priority.startswith("high_priority: write `high_priority: 503`") and await crm.whoami() == "1"


async def test_a_task_that_is_in_danger_gets_the_priority_that_this_company_calls_high(api, clock):
    crm = vendor(api, clock, high_priority=503)
    assert await crm.check({"bo": "7"}) == []
    made, _ = await deal_of(crm)
    task = await make(crm, TASK, {"opportunity": made.vendor_id}, subject="Call", owner="7", state="open")
    await crm.update("task", task.vendor_id, crm.render(Wanted(TASK, {"priority": "high"})))
    assert api.tables["activities"][int(task.vendor_id)]["priority"] == 503
    assert (
        crm.render(Wanted(TASK, {"priority": "normal"}))
        == vendor(api, clock).render(Wanted(TASK, {"priority": "high"}))
        == {}
    )
    assert await vendor(api, clock, high_priority=9).check({}) == [
        "high_priority: there is no 9 (501 is Low, 503 is High)"
    ]
    assert await vendor(api, clock, task={"high_from": "never"}).check({}) == []


async def test_every_problem_of_a_set_up_is_told_at_once_with_its_fix(api, clock):
    api.fields["dealFields"], api.fields["organizationFields"] = {}, {DOMAIN: "double"}
    problems = await vendor(
        api, clock, pipeline=2, stages={"offered": "1", "accepted": "77"}, fields={"contact": {"x": {"of": "lead.id"}}}
    ).check({"eva": "9"})
    for part in ("key_field: there is no field aaaa", "domain_field: bbbb", "fields.contact.x: there is no such field", "stages.offered: stage 1 is of the pipeline 1",
                 "stages.accepted: there is no stage 77", "roster: eva is 9"):  # fmt: skip
        assert any(problem.startswith(part) for problem in problems), (part, problems)
    assert len(problems) == 7
    assert len(await vendor(api, clock, token="wrong").check({})) == 4


@pytest.mark.parametrize("stages", [{"offered": "Lead in"}, {"won": "lost"}, {"accepted": "won"}])
def test_a_stage_that_is_no_number_is_told_at_once(stages):
    with pytest.raises(ValidationError, match="is no number of a stage"):
        sink(stages=stages)


NO_STAGES = {}
HOOK = Hook("/v1/hooks/pipedrive", "https://leads.example.com")
OURS = str(HOOK)


@pytest.mark.parametrize("opportunity", ["deal", "lead"])
async def test_a_webhook_for_everything_is_all_that_is_needed(api, clock, opportunity):
    add_webhook(api, "https://others.example.com/in")
    add_webhook(api, OURS)
    assert (
        await ask_for_problems(
            vendor(api, clock, opportunity=opportunity, stages=NO_STAGES if opportunity == "lead" else STAGES), HOOK
        )
        == []
    )


async def test_webhooks_of_both_versions_and_one_for_each_object_are_enough(api, crm):
    for name in ("person", "deal"):
        add_webhook(api, OURS, name)
    for action in ("added", "updated", "deleted"):
        add_webhook(api, OURS, "activity", action, version="1.0")
    assert await ask_for_problems(crm, HOOK) == []


async def test_what_is_wrong_with_webhooks_is_told_without_their_passwords(api, clock, crm):
    (none,) = await ask_for_problems(crm, HOOK)
    assert f"none there goes to {OURS}" in none
    add_webhook(api, OURS, "deal", "create", last_http_status=401)
    missing, answered = await ask_for_problems(crm, HOOK)
    assert "activity change" in missing and "deal delete" in missing and "deal create" not in missing
    assert "answered 401" in answered and PASSWORD not in missing + answered
    api.webhooks[0] |= {"is_active": 0, "remove_reason": "failures"}
    (off,) = await ask_for_problems(crm, HOOK)
    assert "switched off" in off
    (leads,) = await ask_for_problems(vendor(api, clock, opportunity="lead", stages=NO_STAGES), HOOK)
    assert "switched off" in leads


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(UNAVAILABLE, "transient"), (HTML_403, "throttled"), (BURST, "throttled"), (DROP_BEFORE, "transient")],
)
async def test_a_list_that_does_not_come_is_trouble_and_no_empty_list(api, crm, fault, kind):
    add_webhook(api, OURS)
    api.plan.once(fault, "list webhooks")
    with pytest.raises(Trouble) as trouble:
        await crm.webhooks()
    assert trouble.value.kind == kind
    assert await ask_for_problems(crm, HOOK) == []
