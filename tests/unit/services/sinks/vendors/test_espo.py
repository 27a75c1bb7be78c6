"""EspoCRM as a sink writes to it: records found, made, changed and linked, and what each of its answers means."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.sinks.vendors import EspoSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble
from services.sinks.records import Key, Wanted
from services.sinks.vendors.espo import Espo
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.espo import KEY, USER, EspoApi
from tests.parts.vendors.espo_records import Field, message

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SECRET = "espo-stand-in"
STAGES = {"offered": "Offered", "accepted": "Accepted", "returned": "Returned", "won": "Closed Won", "lost": "Closed Lost"}  # fmt: skip
CONTACT = Key("contact", "lead_1", email="eva@kund.example", phone="+46701112233")
COMPANY = Key("company", "kund.example")
DEAL, NOTE, TASK = Key("opportunity", "ho_1"), Key("note", "ho_1/dossier"), Key("task", "ho_1.1")


@pytest.fixture
def api():
    made = EspoApi()
    made.records.entities["Opportunity"][KEY] = Field()
    made.add_user("7")
    made.add_user("8", is_active=False)
    yield made
    assert made.violations == [] and made.records.dropped == []


def vendor(caller, **values):
    fields = {"name": "crm", "kind": "espo", "base_url": "https://espo.example.com", "secret": "STAFETT_SECRET_ESPO", "stages": STAGES}  # fmt: skip
    caller = StandInCaller(caller) if isinstance(caller, EspoApi) else caller
    return Espo(EspoSink.model_validate({**fields, **values}), caller, SECRET, lambda: NOW)


async def make(espo, key, parents=None, **values):
    made = await espo.create(key, espo.render(Wanted(key, values)), parents or {})
    return made.vendor_id


async def test_a_hand_over_is_an_account_a_contact_and_an_opportunity_with_a_post_and_a_task(api):
    espo = vendor(api)
    company = await make(espo, COMPANY, name="Kund AB", domain="kund.example")
    contact = await make(espo, CONTACT, {"company": company}, email=CONTACT.email, first_name="Eva", last_name="Ek")
    deal = await make(espo, DEAL, {"company": company, "contact": contact}, name="Kund AB", owner="7", stage="Offered")
    beside = {"opportunity": deal}
    await make(espo, NOTE, beside, text=f"a dossier\n\n{NOTE.marker}")
    task = await make(espo, TASK, beside, subject="Kund AB", text=f"x\n\n{TASK.marker}", owner="7", state="open", due_at="2026-06-08T13:00:00.250Z")  # fmt: skip
    (held,) = api.truth().values()
    assert (held.owner, held.stage, held.contacts, len(held.notes), held.open_tasks) == ("7", "Offered", (contact,), 1, (("Kund AB", "7"),))  # fmt: skip
    row = api.records.rows["Opportunity"][deal]
    assert (row["accountId"], row["amount"], row["closeDate"]) == (company, 0, "2027-02-28")
    assert api.records.rows["Contact"][contact]["accountId"] == company
    assert api.records.rows["Task"][task]["dateEnd"] == "2026-06-08 13:00:00"
    assert {entry.request.headers["x-api-key"] for entry in api.log} == {SECRET}


async def test_what_was_made_is_found_by_key_address_web_site_and_marker_and_reads_back_as_written(api):
    espo = vendor(api)
    deal_fields = espo.render(Wanted(DEAL, {"name": "Kund AB", "owner": "7", "stage": "Offered"}))
    deal = (await espo.create(DEAL, deal_fields, {})).vendor_id
    match = await espo.find(DEAL, deal_fields, {})
    assert (match.vendor_id, match.fields, match.stage, match.is_closed) == (deal, deal_fields, "Offered", False)
    contact = await make(espo, CONTACT, email="Eva@Kund.example", last_name="Ek")
    assert (await espo.find(CONTACT, ["lastName"], {})).vendor_id == contact
    assert (await espo.find(CONTACT._replace(known_id=contact, email=None), [], {})).vendor_id == contact
    company = api.records.create("Account", {"name": "Kund", "website": "https://www.kund.example/"}, skips_check=False)
    assert (await espo.find(COMPANY, ["website"], {})).vendor_id == company["id"]
    for key in (NOTE, TASK):
        other = await make(espo, key, {"opportunity": deal}, subject="x", text=f"x\n\n{key.marker}0")
        made = await make(espo, key, {"opportunity": deal}, subject="x", text=f"x\n\n{key.marker}")
        assert (await espo.find(key, [], {"opportunity": deal})).vendor_id == made != other
        assert await espo.find(key, [], {}) is None


async def test_a_long_post_that_the_list_cut_is_read_whole(api):
    espo = vendor(api)
    deal = await make(espo, DEAL, name="Kund AB")
    post = await make(espo, NOTE, {"opportunity": deal}, text=f"{'a' * 15_000}\n\n{NOTE.marker}")
    assert (await espo.find(NOTE, [], {"opportunity": deal})).vendor_id == post


async def test_a_twin_by_address_is_taken_and_one_by_name_alone_is_somebody_else(api):
    espo = vendor(api)
    there = api.records.create("Contact", {"firstName": "Eva", "lastName": "Ek", "emailAddress": CONTACT.email}, skips_check=True)  # fmt: skip
    values = {"first_name": "Eva", "last_name": "Ek", "email": CONTACT.email}
    made = await espo.create(CONTACT, espo.render(Wanted(CONTACT, values)), {})
    assert (made.vendor_id, made.adopted) == (there["id"], True)
    other = CONTACT._replace(email="eva.ek@annan.example")
    made = await espo.create(other, espo.render(Wanted(other, {**values, "email": other.email})), {})
    assert not made.adopted and made.vendor_id != there["id"]
    assert len(api.records.rows["Contact"]) == 2


async def test_a_company_of_the_same_name_is_taken_where_it_has_no_web_site_and_is_another_where_it_has(api):
    espo = vendor(api)
    api.records.create("Account", {"name": "Kund AB", "website": "kund.se"}, skips_check=True)
    values = {"name": "Kund AB", "domain": "kund.example"}
    assert not (await espo.create(COMPANY, espo.render(Wanted(COMPANY, values)), {})).adopted
    bare = api.records.create("Account", {"name": "Bar AB"}, skips_check=True)
    key = Key("company", "bar.example")
    made = await espo.create(key, espo.render(Wanted(key, {"name": "Bar AB", "domain": key.text})), {})
    assert (made.vendor_id, made.adopted) == (bare["id"], True)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"full_name": "Eva Ek", "email": "eva@kund.example"}, (None, "Eva Ek")),
        ({"email": "eva@kund.example"}, (None, "eva@kund.example")),
        ({"first_name": "Eva"}, ("Eva", "Eva")),
        ({"first_name": "Eva <b>", "last_name": "=Ek"}, ("Eva b", "Ek")),
    ],
)
def test_a_contact_has_a_last_name_without_what_no_name_may_have(api, values, names):
    fields = vendor(api).render(Wanted(CONTACT, values))
    assert (fields.get("firstName"), fields["lastName"]) == names


async def test_a_change_a_closed_deal_a_task_that_ends_and_a_record_that_is_gone(api):
    espo = vendor(api)
    deal = await make(espo, DEAL, name="Kund AB", owner="7")
    await espo.update("opportunity", deal, {"stage": "Closed Lost"})
    assert (await espo.read("opportunity", deal, [])).is_closed
    task = await make(espo, TASK, {"opportunity": deal}, subject="x", text=TASK.marker, state="open", priority="high")
    await espo.update("task", task, espo.render(Wanted(TASK, {"state": "cancelled"})))
    assert (await espo.read("task", task, [])).is_closed and api.truth()["ho_1"].open_tasks == ()
    api.records.rows["Opportunity"][deal]["deleted"] = True
    assert await espo.read("opportunity", deal, []) is None
    with pytest.raises(Trouble, match="gone"):
        await espo.update("opportunity", deal, {"stage": "Offered"})


async def test_links_are_made_once_and_an_account_that_somebody_chose_stays(api):
    espo = vendor(api)
    deal = await make(espo, DEAL, name="Kund AB")
    contact = await make(espo, CONTACT, last_name="Ek")
    ours, theirs = [await make(espo, Key("company", d), name=d, domain=d) for d in ("kund.example", "annan.example")]
    for _ in range(2):
        await espo.link(deal, "contact", contact)
        await espo.link(deal, "company", ours)
    api.records.update("Opportunity", deal, {"accountId": theirs})
    await espo.link(deal, "company", ours)
    row = api.records.rows["Opportunity"][deal]
    assert (row["contactsIds"], row["accountId"]) == ([contact], theirs)


def refused(status, body=None, **headers):
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode())


def field_failed(name, rule):
    return refused(400, message("validationFailure", field=name, type=rule), x_status_reason="validationFailure")


@pytest.mark.parametrize(
    ("reply", "kind", "code", "field"),
    [
        (refused(401), "refused_setup", "http_401", "secret"),
        (refused(403, x_status_reason="No create access."), "refused_setup", "http_403", None),
        (
            refused(403, x_status_reason="Assignment failure: assigned user or team not allowed."),
            "refused_data",
            "assignment_refused",
            "assignedUser",
        ),
        (
            refused(403, message("cannotRelateNonExisting", foreignEntityType="User"), x_status_reason="x"),
            "refused_data",
            "cannotRelateNonExisting",
            "User",
        ),
        (
            refused(403, message("cannotRelateForbiddenLink", link="contacts"), x_status_reason="x"),
            "refused_setup",
            "cannotRelateForbiddenLink",
            "contacts",
        ),
        (Reply(403, {}, b"<html>Cloudflare</html>"), "throttled", "http_403_page", None),
        (field_failed("lastName", "required"), "refused_data", "validationFailure.required", "lastName"),
        (field_failed("stage", "valid"), "refused_setup", "validationFailure.valid", "stage"),
        (refused(400, x_status_reason="eva@kund.example is bad"), "refused_data", "http_400", None),
        (refused(404, x_status_reason="Record 5 not found."), "gone", "http_404", None),
        (refused(409, x_status_reason="modified"), "locked", "http_409", None),
        (Reply(429, {"retry-after": "7"}, b""), "throttled", "http_429", None),
        (refused(500), "unknown", "http_500", None),
        (Reply(502, {}, b"<html>Bad Gateway</html>"), "unknown", "http_502", None),
        (Reply(200, {}, b"<html>a login page</html>"), "unknown", "no_json", None),
    ],
)  # fmt: skip - one answer a line
async def test_an_answer_means_what_its_body_says_and_no_value_comes_out(reply, kind, code, field):
    async def answer(_call):
        return reply

    with pytest.raises(Trouble) as caught:
        await vendor(answer).update("opportunity", "1", {"assignedUserId": "8"})
    assert (caught.value.kind, caught.value.code, caught.value.field) == (kind, code, field)
    assert "eva@kund.example" not in str(caught.value)
    if reply.status == 429:
        assert caught.value.wait == timedelta(seconds=7)


async def test_a_question_that_is_refused_is_the_set_ups_fault_so_that_nothing_is_made_without_its_key(api):
    del api.records.entities["Opportunity"][KEY]
    with pytest.raises(Trouble) as caught:
        await vendor(api).find(DEAL, ["name"], {})
    assert (caught.value.kind, caught.value.field) == ("refused_setup", "key_field")


async def test_a_server_that_is_no_espocrm_has_no_records_and_that_is_the_set_ups_fault():
    async def answer(_call):
        return Reply(404, {"content-type": "text/html"}, b"<h1>Not Found</h1>")

    with pytest.raises(Trouble, match="refused_setup"):
        await vendor(answer).find(DEAL, ["name"], {})


async def test_who_we_are_is_told_and_a_set_up_that_is_right_has_no_problems(api):
    espo = vendor(api, fields={"opportunity": {"description": "dossier.source"}, "contact": {"title": "answers.role"}})
    assert await espo.whoami() == USER
    assert await espo.check({"bo": "7"}) == []


async def test_check_names_every_field_stage_word_and_user_that_is_not_there(api):
    del api.records.entities["Opportunity"][KEY]
    api.records.entities["Opportunity"]["budget"] = Field(required=True)
    api.records.entities["Task"]["status"] = Field("enum", options=("Not Started", "Completed"))
    api.keys[SECRET] -= {"Account"}
    fields = {"opportunity": {"cNothing": "dossier.source", "modifiedAt": {"value": "x"}}, "contact": {"title": "answers.role"}}  # fmt: skip
    problems = await vendor(api, fields=fields, stages={"offered": "New"}).check({"anna": "7", "bo": "8"})
    assert {problem.partition(":")[0] for problem in problems} == {
        "Account cannot be read", "fields.opportunity.cNothing", "fields.opportunity.modifiedAt", "key_field", "stages.offered",
        "fields.opportunity", "tasks", "roster",
    }  # fmt: skip
    assert "budget is required there" in " ".join(problems) and "Canceled" in " ".join(problems)


async def test_a_check_with_a_wrong_key_says_so(api):
    caller = StandInCaller(api)
    wrong = Espo(vendor(api)._sink, caller, "wrong", lambda: NOW)
    with pytest.raises(Trouble, match="http_401"):
        await wrong.check({})
