"""A CRM without a file of ours: the requests are those that the file describes, and its answers mean what rules and statuses say."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from schemas.sinks.http import HttpSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Made, Trouble
from services.sinks.records import Key, Wanted
from services.sinks.vendors.http import Http
from services.sinks.vendors.http_answers import nest, value_at
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.plain import PlainApi

(FILE,) = re.findall(r"^```yaml\n(version: 1\nsinks:.*?)^```", Path("docs/crms/http.md").read_text(), re.MULTILINE | re.DOTALL)  # fmt: skip
CONTACT = Key("contact", "lead_1", email="eva@kund.example", phone="+46701112233")
COMPANY = Key("company", "kund.example")
DEAL, NOTE, TASK = Key("opportunity", "ho_1"), Key("note", "ho_1/dossier"), Key("task", "ho_1.1")


@pytest.fixture
def api():
    made = PlainApi()
    yield made
    assert made.violations == []


def sink(change=None, **more):
    values = yaml.safe_load(FILE)["sinks"][0] | more
    if change is not None:
        change(values)
    return HttpSink.model_validate(values)


def vendor(api, of=None, token="plain-stand-in"):
    return Http(of or sink(), StandInCaller(api) if isinstance(api, PlainApi) else api, (token,))


async def make(crm, key, parents=None, **values):
    return await crm.create(key, crm.render(Wanted(key, values)), parents or {})


async def test_a_hand_over_is_a_firm_a_person_and_a_deal_with_a_comment_and_a_todo(api):
    crm = vendor(api)
    company = (await make(crm, COMPANY, name="Kund AB", domain="kund.example")).vendor_id
    contact = (await make(crm, CONTACT, {"company": company}, email=CONTACT.email, full_name="Eva Ek")).vendor_id
    deal = await make(crm, DEAL, {"company": company, "contact": contact}, name="Kund AB", owner="7", stage="offered", due_at="2026-06-08T15:00:00+02:00")  # fmt: skip
    beside = {"opportunity": deal.vendor_id}
    await make(crm, NOTE, beside, text=f"a\n\n{NOTE.marker}")
    await make(crm, TASK, beside, subject="Kund AB", text=f"x\n\n{TASK.marker}", owner="7", state="open", due_at="2026-06-08T13:00:00Z")  # fmt: skip
    row = api.rows["deals"][int(deal.vendor_id)]
    assert (row["person_id"], row["firm_id"], row["owner_id"], row["by"], row["due"]) == (int(contact), int(company), 7, "stafett", "2026-06-08T13:00:00Z")  # fmt: skip
    assert deal.url == row["url"] and api.rows["people"][int(contact)]["firm_id"] == int(company)
    (held,) = api.truth().values()
    assert len(held.notes) == 1 and held.open_tasks == (("Kund AB", "7"),)
    (call, *_) = api.log
    assert call.request.headers["x-tenant"] == "nordlys" and "idempotency-key" not in call.request.headers


async def test_a_record_reads_back_as_it_is_written_and_numbers_that_are_ids_are_texts(api):
    crm = vendor(api)
    fields = crm.render(Wanted(DEAL, {"name": "Kund AB", "owner": "7", "stage": "offered", "due_at": "2026-06-08T13:00:00Z"}))  # fmt: skip
    deal = await crm.create(DEAL, fields, {})
    for match in (await crm.find(DEAL, fields, {}), await crm.read("opportunity", deal.vendor_id, fields)):
        assert (match.vendor_id, match.fields, match.stage, match.is_closed) == (deal.vendor_id, fields, "offered", False)  # fmt: skip
    await crm.update("opportunity", deal.vendor_id, {"status": "won"})
    assert (await crm.find(DEAL, [], {})).is_closed
    assert await crm.read("opportunity", "999", []) is None


async def test_a_filter_that_is_left_out_finds_nobody_and_the_check_names_it(api):
    def mistake(values):
        values["records"]["opportunity"]["find"]["path"] = "/deals?external={key}"

    crm = vendor(api, sink(mistake))
    assert await crm.check({}) == []
    await make(crm, Key("opportunity", "ho_0"), name="another", stage="offered")
    assert await crm.find(DEAL, [], {}) is None
    (problem,) = await crm.check({})
    assert problem.startswith("records.opportunity.find.0: it answers with 1 records to a question for nobody")
    assert await vendor(api).check({}) == []


async def test_a_person_is_found_by_address_by_our_key_or_by_an_id_and_nobody_is_asked_for_without_one(api):
    crm = vendor(api)
    made = await make(crm, CONTACT, email="eva@kund.example")
    for key in (CONTACT, CONTACT._replace(email=None), CONTACT._replace(email=None, text="x", known_id=made.vendor_id)):
        assert (await crm.find(key, [], {})).vendor_id == made.vendor_id
    sent = len(api.log)
    assert await crm.find(CONTACT._replace(email=None, text="lead_2"), [], {}) is None
    assert len(api.log) == sent + 1, "no question by an address that is not known"
    taken = await make(crm, Key("contact", "lead_2"), email="eva@kund.example")
    assert taken == Made(made.vendor_id, adopted=True)


async def test_notes_and_tasks_are_known_by_the_last_line_and_a_task_that_is_not_needed_is_taken_away(api):
    crm = vendor(api)
    deal = {"opportunity": (await make(crm, DEAL, name="x", stage="offered")).vendor_id}
    for key in (NOTE, TASK):
        await make(crm, key, deal, text=f"x\n\n{key.marker}0", subject="x", state="open")
        made = await make(crm, key, deal, text=f"x\n\n{key.marker}", subject="x", state="open")
        assert (await crm.find(key, [], deal)).vendor_id == made.vendor_id
        assert await crm.find(key, [], {}) is None
    await crm.update("task", made.vendor_id, crm.render(Wanted(TASK, {"state": "done"})))
    assert (await crm.read("task", made.vendor_id, ["is_done"])).is_closed
    await crm.update("task", made.vendor_id, crm.render(Wanted(TASK, {"state": "cancelled"})))
    assert await crm.read("task", made.vendor_id, []) is None


async def test_placeholders_are_escaped_so_that_no_value_adds_a_part_or_a_parameter():
    calls = []

    async def answer(call):
        calls.append(call)
        return Reply(200, {}, b'{"data": {"items": []}}')

    await vendor(answer).find(CONTACT._replace(email="a/../b?x=1&y=#@kund.example"), [], {})
    assert calls[0].path == "/people?email=a%2F..%2Fb%3Fx%3D1%26y%3D%23%40kund.example"
    assert calls[0].secret == {"Authorization": "Token plain-stand-in"} and "plain-stand-in" not in calls[0].describe()


async def test_where_keys_are_kept_a_create_has_ours_and_may_be_sent_again(api):
    api.keeps_keys = True
    crm = vendor(api, sink(keeps_idempotency_key=True))
    first, second = [await make(crm, DEAL, name="x", stage="offered") for _ in range(2)]
    assert first == second and crm.is_repeatable("opportunity") and len(api.rows["deals"]) == 1
    assert api.log[0].request.headers["idempotency-key"] == "opportunity/ho_1"
    assert not vendor(api).is_repeatable("opportunity")


async def test_a_kind_that_is_not_described_is_left_out_and_one_that_is_never_changed_stays_as_it_is(api):
    def only_deals(values):
        records = values["records"]
        values["records"] = {"opportunity": records["opportunity"], "contact": records["contact"]}
        del records["contact"]["read"], records["contact"]["change"]

    crm = vendor(api, sink(only_deals))
    assert crm.kinds == {"opportunity", "contact"} and crm.render(Wanted(NOTE, {"text": "x"})) == {}
    made = await make(crm, CONTACT, email="eva@kund.example", full_name="Eva")
    await crm.update("contact", made.vendor_id, {"name": "Another"})
    await crm.link("1", "company", "2")
    assert api.rows["people"][int(made.vendor_id)]["name"] == "Eva"


def reply(status, body=None, **headers):
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("answer", "of_change", "of_create"),
    [
        (reply(401), "refused_setup", "refused_setup"),
        (reply(403), "refused_setup", "refused_setup"),
        (reply(302, location="https://login.example.com"), "refused_setup", "refused_setup"),
        (reply(404), "gone", "refused_setup"),
        (reply(410), "gone", "refused_setup"),
        (reply(409), "locked", "refused_data"),
        (reply(400), "refused_data", "refused_data"),
        (reply(422, {"error": {"field": "owner_id"}}), "refused_data", "refused_data"),
        (reply(422, {"error": {"code": "status_unknown"}}), "refused_setup", "refused_setup"),
        (reply(423), "locked", "locked"),
        (reply(429, retry_after="7"), "throttled", "throttled"),
        (reply(408), "transient", "transient"),
        (reply(500), "transient", "unknown"),
        (Reply(502, {}, b"<html>"), "transient", "unknown"),
        (reply(200, {"error": {"code": "try_again"}}), "transient", "transient"),
        (reply(200, {"data": {}}), None, "unknown"),
    ],
)
async def test_an_answer_means_what_a_rule_says_and_else_what_its_status_means(answer, of_change, of_create):
    async def ask(_call):
        return answer

    crm = vendor(ask)
    kinds, waits, fields = [], set(), set()
    for doing in (crm.update("opportunity", "1", {"owner_id": 8}), crm.create(DEAL, {}, {})):
        try:
            await doing
            kinds.append(None)
        except Trouble as trouble:
            kinds.append(trouble.kind)
            waits.add(trouble.wait)
            fields.add(trouble.field)
    assert kinds == [of_change, of_create]
    assert waits == {timedelta(seconds=7) if answer.status == 429 else None}
    assert ("owner_id" in fields) is (b"owner_id" in answer.body)


async def test_a_field_that_a_body_names_is_told_and_a_value_is_not():
    for named, told in (("owner_id", "owner_id"), ("eva@kund.example is taken", None)):

        async def ask(_call, named=named):
            return reply(422, {"error": {"field": named}})

        with pytest.raises(Trouble) as caught:
            await vendor(ask).update("opportunity", "1", {})
        assert caught.value.field == told


async def test_an_id_may_stand_in_a_location_and_questions_may_be_answered_by_one_record_or_none():
    def one_answer(values):
        values["records"]["opportunity"]["find"] = {"path": "/deals/by-ref/{key}", "proof": "ref"}

    async def ask(call):
        if call.method == "POST":
            return Reply(201, {"location": "https://crm.example.com/api/deals/42/"}, b"")
        return reply(404) if call.path.endswith("ho_2") else reply(200, {"id": 42, "ref": "ho_1"})

    crm = vendor(ask, sink(one_answer))
    assert (await crm.create(DEAL, {}, {})).vendor_id == "42" == (await crm.find(DEAL, [], {})).vendor_id
    assert await crm.find(Key("opportunity", "ho_2"), [], {}) is None


async def test_an_answer_that_is_not_as_the_file_says_is_the_files_fault(api):
    def mistake(values):
        values["records"]["opportunity"]["find"]["rows"] = "data.rows"

    with pytest.raises(Trouble, match="refused_setup: answer_without_rows"):
        await vendor(api, sink(mistake)).find(DEAL, [], {})
    assert "answer_without_rows" in (await vendor(api, sink(mistake)).check({}))[0]
    with pytest.raises(Trouble, match="refused_data: placeholder_is_not_known"):
        await make(vendor(api), NOTE, {}, text="x")


async def test_who_we_are_is_asked_where_the_file_says_and_else_not_known(api):
    assert await vendor(api).whoami() == "77"
    with pytest.raises(Trouble, match="whoami_is_not_described"):
        await vendor(api, sink(whoami=None)).whoami()
    with pytest.raises(Trouble, match="http_401"):
        await vendor(api, token="wrong").whoami()


def test_places_lead_into_objects_and_lists():
    assert value_at({"a": [{"b": 1}]}, "a.0.b") == 1 and value_at({"a": 1}, "a.b") is None and value_at([], "0") is None
    assert nest({"a.b": 1, "a.c": 2, "d": 3}, "data") == {"data": {"a": {"b": 1, "c": 2}, "d": 3}}
