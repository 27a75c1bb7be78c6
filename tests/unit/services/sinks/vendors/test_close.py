"""Close as a sink writes to it: records found, made, changed and linked, and what each of its answers means."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.sinks.vendors import CloseSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.webhooks import Hook, ask_for_problems
from services.sinks.records import Key, Wanted
from services.sinks.vendors.close import Close
from services.sinks.vendors.close_webhooks import NEEDED
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.close import KEY, ME, CloseApi, too_many
from tests.parts.vendors.faults import HTML_403, Fault

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
STAGES = {name: f"stat_{name}" for name in ("offered", "accepted", "returned", "won", "lost")}
CONTACT = Key("contact", "lead_1", email="eva@kund.example", phone="+46701112233")
COMPANY = Key("company", "kund.example")
DEAL, NOTE, TASK = Key("opportunity", "ho_1"), Key("note", "ho_1/dossier"), Key("task", "ho_1.1")


@pytest.fixture
def api():
    made = CloseApi(lag=timedelta(0), now=lambda: NOW)
    made.add_custom("opportunity", KEY)
    yield made
    assert made.violations == []


def vendor(caller, secret="api_stand-in", **values):
    fields = {"name": "crm", "kind": "close", "secret": "STAFETT_SECRET_CLOSE", "stages": STAGES, "key_field": KEY}
    caller = StandInCaller(caller) if isinstance(caller, CloseApi) else caller
    return Close(CloseSink.model_validate({**fields, **values}), caller, secret)


async def make(crm, key, parents=None, **values):
    made = await crm.create(key, crm.render(Wanted(key, values)), parents or {})
    return made.vendor_id


async def hand_over(crm):
    company = await make(crm, COMPANY, name="Kund AB", domain="kund.example")
    contact = await make(crm, CONTACT, {"company": company}, email=CONTACT.email, first_name="Eva", last_name="Ek")
    deal = await make(crm, DEAL, {"company": company, "contact": contact}, name="Kund AB", owner="7", stage="stat_offered")  # fmt: skip
    return {"company": company, "contact": contact, "opportunity": deal}


async def test_a_hand_over_is_a_lead_a_contact_and_an_opportunity_with_a_note_and_a_task_of_the_same_lead(api):
    crm = vendor(api)
    ids = await hand_over(crm)
    await make(crm, NOTE, ids, text=f"a dossier\n\n{NOTE.marker}")
    task = await make(crm, TASK, ids, subject="Kund AB", text=f"x\n\n{TASK.marker}", owner="7", state="open", due_at="2026-06-08T13:00:00Z")  # fmt: skip
    (held,) = api.truth().values()
    assert (held.owner, held.stage, held.contacts, len(held.notes), held.open_tasks) == ("7", "stat_offered", (ids["contact"],), 1, (("Kund AB", "7"),))  # fmt: skip
    assert api.rows["task"][task]["date"] == "2026-06-08" and api.rows["lead"][ids["company"]]["url"] == "https://kund.example"  # fmt: skip
    assert {row["lead_id"] for kind in ("contact", "opportunity", "note", "task") for row in api.rows[kind].values()} == {ids["company"]}  # fmt: skip
    assert api.log[0].request.headers["authorization"] == "Basic YXBpX3N0YW5kLWluOg=="


async def test_what_was_made_is_found_by_web_site_address_key_and_marker_and_reads_back_as_written(api):
    crm = vendor(api)
    ids = await hand_over(crm)
    assert (await crm.find(COMPANY, ["name"], {})).vendor_id == ids["company"]
    assert (await crm.find(CONTACT, ["name"], {})).vendor_id == ids["contact"]
    assert (await crm.find(CONTACT._replace(email=None, known_id=ids["contact"]), [], {})).vendor_id == ids["contact"]
    fields = crm.render(Wanted(DEAL, {"name": "Kund AB", "owner": "7", "stage": "stat_offered"}))
    match = await crm.find(DEAL, fields, ids)
    assert (match.vendor_id, match.fields, match.stage, match.is_closed) == (ids["opportunity"], fields, "stat_offered", False)  # fmt: skip
    contact = crm.render(Wanted(CONTACT, {"email": CONTACT.email, "full_name": "Eva Ek"}))
    assert (await crm.find(CONTACT, contact, {})).fields == contact
    for key in (NOTE, TASK):
        other = await make(crm, key, ids, text=f"x\n\n{key.marker}0", state="open")
        made = await make(crm, key, ids, text=f"x\n\n{key.marker}", state="open")
        assert (await crm.find(key, [], ids)).vendor_id == made != other
        assert await crm.find(key, [], {}) is None


async def test_a_contact_that_the_index_has_not_yet_is_found_in_its_lead_and_without_one_is_waited_for(api):
    api.lag = timedelta(seconds=30)
    crm = vendor(api)
    ids = await hand_over(crm)
    assert (await crm.find(CONTACT, [], ids)).vendor_id == ids["contact"]
    assert await crm.find(CONTACT, [], {}) is None
    assert crm.settle > timedelta(seconds=30) and not crm.is_repeatable("contact")


async def test_another_domain_of_which_ours_is_a_part_is_another_company(api):
    crm = vendor(api)
    await make(crm, Key("company", "shop.kund.example"), name="Kund Shop", domain="shop.kund.example")
    assert await crm.find(COMPANY, [], {}) is None
    api.make("lead", {"name": "Kund AB", "url": "http://www.kund.example/sv"})
    assert (await crm.find(COMPANY, ["name"], {})).fields == {"name": "Kund AB"}


async def test_a_deal_belongs_to_the_lead_of_a_contact_who_was_there_before_us(api):
    theirs = api.make("contact", {"name": "Eva", "emails": [{"email": CONTACT.email, "type": "home"}]})
    crm = vendor(api)
    ours = await make(crm, COMPANY, name="Kund AB", domain="kund.example")
    deal = await make(crm, DEAL, {"company": ours, "contact": theirs["id"]}, name="Kund AB", stage="stat_offered")
    assert api.rows["opportunity"][deal]["lead_id"] == theirs["lead_id"] != ours
    assert (await crm.find(DEAL, [], {"company": ours, "contact": theirs["id"]})).vendor_id == deal


async def test_nothing_is_made_that_belongs_to_nobody(api):
    crm = vendor(api)
    for key, parents in ((DEAL, {"contact": "cont_9"}), (NOTE, {"opportunity": "oppo_9"}), (TASK, {})):
        with pytest.raises(Trouble, match="no_lead_to_belong_to"):
            await make(crm, key, parents, text="x")
    assert api.rows["lead"] == {} == api.rows["opportunity"]


async def test_a_task_that_is_not_needed_is_taken_away_unless_somebody_has_done_it(api):
    crm = vendor(api)
    ids = await hand_over(crm)
    tasks = [await make(crm, Key("task", f"ho_1.{n}"), ids, text=f"x\n\nStafett ho_1.{n}", state="open") for n in (1, 2)]  # fmt: skip
    await crm.update("task", tasks[0], crm.render(Wanted(TASK, {"state": "done"})))
    for task in (*tasks, "task_99"):
        await crm.update("task", task, crm.render(Wanted(TASK, {"state": "cancelled"})))
    assert list(api.rows["task"]) == [tasks[0]] and (await crm.read("task", tasks[0], [])).is_closed


async def test_a_deal_that_was_lost_is_closed_and_a_contact_that_somebody_chose_stays(api):
    crm = vendor(api)
    ids = await hand_over(crm)
    other = api.make("contact", {"name": "Ola", "lead_id": ids["company"]})
    await crm.link(ids["opportunity"], "contact", other["id"])
    await crm.link(ids["opportunity"], "company", ids["company"])
    assert api.rows["opportunity"][ids["opportunity"]]["contact_id"] == ids["contact"]
    await crm.update("opportunity", ids["opportunity"], {"status_id": "stat_lost"})
    match = await crm.read("opportunity", ids["opportunity"], [])
    assert match.is_closed and match.url == f"https://app.close.com/lead/{ids['company']}/"
    assert await crm.read("opportunity", "oppo_99", []) is None


def reply(status, body=None, **headers):
    return Reply(status, headers, json.dumps(body).encode())


def refused(name):
    return reply(400, {"errors": [], "field-errors": {name: "eva@kund.example is not valid"}})


@pytest.mark.parametrize(
    ("answer", "kind", "code", "field"),
    [
        (reply(401, {"error": "Unauthorized"}), "refused_setup", "http_401", None),
        (reply(402, {"error": "x"}), "refused_setup", "limit_of_the_plan", None),
        (reply(403, {"error": "x"}), "refused_setup", "http_403", None),
        (Reply(403, {}, str(HTML_403.answer.body).encode()), "throttled", "http_403_page", None),
        (refused("user_id"), "refused_data", "http_400", "user_id"),
        (refused("status_id"), "refused_setup", "http_400", "status_id"),
        (refused("custom.cf_gone"), "refused_setup", "http_400", "custom.cf_gone"),
        (refused("a name with blanks"), "refused_data", "http_400", None),
        (reply(404, {"error": "Not found"}), "gone", "http_404", None),
        (Reply(404, {}, b"<h1>Not Found</h1>"), "refused_setup", "http_404", None),
        (reply(429, {}, ratelimit="limit=20, remaining=0, reset=7"), "throttled", "http_429", None),
        (reply(503, {}), "unknown", "http_503", None),
        (Reply(502, {}, b"<html>"), "unknown", "http_502", None),
        (Reply(200, {}, b"<html>"), "unknown", "no_json", None),
    ],
)
async def test_an_answer_means_what_its_body_says_and_no_value_comes_out(answer, kind, code, field):
    async def ask(_call):
        return answer

    with pytest.raises(Trouble) as caught:
        await vendor(ask).update("opportunity", "oppo_1", {"user_id": "8"})
    assert (caught.value.kind, caught.value.code, caught.value.field) == (kind, code, field)
    assert "eva@kund.example" not in str(caught.value)
    if answer.status == 429:
        assert caught.value.wait == timedelta(seconds=7)


@pytest.mark.parametrize(("headers", "seconds"), [({"retry-after": "3"}, 3), ({"ratelimit": "nonsense"}, 2), ({}, 2)])
async def test_without_the_limits_own_header_the_usual_one_counts(headers, seconds):
    async def ask(_call):
        return reply(429, {}, **headers)

    with pytest.raises(Trouble) as caught:
        await vendor(ask).find(DEAL, [], {"contact": "cont_1"})
    assert caught.value.wait == timedelta(seconds=seconds)


async def test_lists_are_read_to_their_end(api):
    crm = vendor(api)
    ids = await hand_over(crm)
    for number in range(150):
        api.make("note", {"note": f"note {number}", "lead_id": ids["company"]})
    note = await make(crm, NOTE, ids, text=f"x\n\n{NOTE.marker}")
    assert (await crm.find(NOTE, [], ids)).vendor_id == note


async def test_check_names_every_field_status_and_user_that_is_not_there(api):
    assert await vendor(api).check({"anna": "7"}) == [] and await vendor(api).whoami() == ME
    api.add_custom("lead", "cf_size", type="choices", choices=["small", "large"])
    fields = {
        "company": {"custom.cf_size": {"of": "company.employees", "words": {"5": "tiny"}}},
        "contact": {"custom.cf_role": "answers.role", "title": "answers.role"},
    }
    del api.custom["opportunity"][KEY]
    problems = await vendor(api, fields=fields, stages={"offered": "stat_nothing", "won": "stat_lost"}).check({"bo": "77"})  # fmt: skip
    assert [problem.partition(":")[0] for problem in problems] == [
        "fields.contact.custom.cf_role", "fields.company.custom.cf_size", "key_field", "stages.offered", "stages.won", "roster",
    ]  # fmt: skip
    with pytest.raises(Trouble, match="http_401"):
        await vendor(api, secret="wrong").check({})


HOOK = Hook("/v1/hooks/close", "https://leads.example.com")


def webhook(url=str(HOOK), status="active", left_out=()):
    events = [{"object_type": kind, "action": action} for kind, action in sorted(NEEDED - set(left_out))]
    return {"id": "whsub_1", "url": url, "status": status, "events": events, "verify_ssl": True}


async def test_webhooks_of_the_organisation_are_compared_with_what_is_needed(api):
    crm = vendor(api)
    (none,) = await ask_for_problems(crm, HOOK)
    assert "none there goes to" in none
    api.webhooks = [webhook("https://others.example.com/"), webhook()]
    assert await ask_for_problems(crm, HOOK) == []
    api.webhooks = [webhook(left_out=[("task.lead", "completed")])]
    (missing,) = await ask_for_problems(crm, HOOK)
    assert "tells of task.lead completed" in missing
    api.webhooks = [webhook(status="paused")]
    (off,) = await ask_for_problems(crm, HOOK)
    assert "switched off" in off


@pytest.mark.parametrize("fault", [HTML_403, Fault("429", "instead", too_many(3))])
async def test_a_list_of_webhooks_that_does_not_come_is_trouble(api, fault):
    api.webhooks = [webhook()]
    crm = vendor(api)
    api.plan.once(fault, "webhooks")
    with pytest.raises(Trouble, match="http_"):
        await crm.webhooks()
