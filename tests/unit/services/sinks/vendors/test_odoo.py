"""Odoo: what is asked of it, and what its answers mean. The answers are those of a running Odoo 19."""

import json
import xmlrpc.client
from datetime import timedelta

import pytest

from schemas.sinks.vendors import OdooSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble
from services.sinks.records import Key, Wanted
from services.sinks.vendors.odoo import Odoo

SECRET = "an-api-key"
HANDOVER = Key("opportunity", "ho_1")


class Answers:
    """Gives these answers one after the other and keeps what was asked."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    async def __call__(self, call):
        self.calls.append(call)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Reply) else reply(answer)

    def bodies(self):
        return [json.loads(call.body) for call in self.calls]


def reply(value, status=200):
    return Reply(status, {"content-type": "application/json"}, json.dumps(value).encode())


def error(name, message, status):
    return reply({"name": name, "message": message, "arguments": [], "context": {}, "debug": "Traceback ..."}, status)


def odoo(*answers, **values):
    caller = Answers(*answers)
    fields = {"kind": "odoo", "name": "odoo", "base_url": "https://odoo.example.com", "database": "o1",
              "secret": "STAFETT_SECRET_ODOO", "login": "stafett", **values}  # fmt: skip
    return Odoo(OdooSink.model_validate(fields), caller, SECRET), caller


async def test_an_opportunity_is_loaded_under_an_external_id_that_makes_a_repetition_the_same_record():
    made, caller = odoo({"ids": [2], "messages": [], "nextrow": 0}, team=3)
    fields = made.render(Wanted(HANDOVER, {"name": "Kund AB", "owner": "5", "stage": "1"}))
    done = await made.create(HANDOVER, fields, {"contact": "10"})
    assert (done.vendor_id, done.url) == ("2", "https://odoo.example.com/odoo/crm.lead/2")
    (call,), (body,) = caller.calls, caller.bodies()
    assert call.path == "/json/2/crm.lead/load" and call.is_write
    assert call.secret == {"authorization": f"bearer {SECRET}"} and SECRET not in call.describe()
    assert dict(zip(body["fields"], body["data"][0], strict=True)) == {
        "id": "stafett.opportunity_ho_1", "name": "Kund AB", "user_id/.id": "5", "stage_id/.id": "1",
        "referred": "Stafett ho_1", "type": "opportunity", "partner_id/.id": "10", "team_id/.id": "3",
    }  # fmt: skip


async def test_a_record_reads_back_in_the_shape_in_which_it_is_written():
    row = {"id": 1, "name": "Kund AB", "user_id": [6, "Johan Dahl"], "stage_id": [1, "New"], "referred": "Stafett ho_1",
           "active": True, "probability": 10.0}  # fmt: skip
    made, _ = odoo([row])
    fields = made.render(Wanted(HANDOVER, {"name": "Kund AB", "owner": "6", "stage": "1"}))
    match = await made.find(HANDOVER, fields, {})
    assert match.fields == fields and match.stage == "1" and not match.is_closed


@pytest.mark.parametrize(
    ("row", "stage", "is_closed"),
    [
        ({"active": False, "probability": 0.0, "stage_id": [2, "Qualified"]}, "lost", True),
        ({"active": True, "probability": 100.0, "stage_id": [4, "Won"]}, "4", True),
        ({"active": True, "probability": 99.9, "stage_id": [3, "Proposition"]}, "3", False),
        ({"active": True, "probability": 10.0, "stage_id": False}, None, False),
    ],
)
async def test_lost_is_archived_and_won_is_certain(row, stage, is_closed):
    made, caller = odoo([{"id": 1, **row}])
    match = await made.read("opportunity", "1", ["user_id"])
    assert (match.stage, match.is_closed) == (stage, is_closed)
    assert caller.bodies()[0]["context"] == {"lang": "en_US", "active_test": False}


async def test_a_record_that_is_gone_reads_as_nothing():
    made, _ = odoo([])
    assert await made.read("opportunity", "1", ["user_id"]) is None


async def test_a_note_is_posted_as_html_of_the_opportunity_and_found_by_its_marker():
    made, caller = odoo([54], [{"id": 54, "body": "<p>x</p>"}])
    key = Key("note", "ho_1/dossier")
    fields = made.render(Wanted(key, {"text": f"a < b\n\n{key.marker}"}))
    assert (await made.create(key, fields, {"opportunity": "2"})).vendor_id == "54"
    match = await made.find(key, fields, {"opportunity": "2"})
    post, search = caller.bodies()
    assert post["body"] == "<p>a &lt; b</p><p>Stafett ho_1/dossier</p>" and post["subtype_xmlid"] == "mail.mt_note"
    assert ["res_id", "=", 2] in search["domain"] and ["body", "ilike", "Stafett ho\\_1/dossier"] in search["domain"]
    assert match.vendor_id == "54"


async def test_a_task_is_an_activity_that_is_done_with_a_line_in_the_history_or_taken_away():
    made, caller = odoo([1], 57, True)
    key = Key("task", "ho_1.1")
    fields = made.render(
        Wanted(key, {"subject": "Kund AB", "owner": "5", "due_at": "2026-06-08T13:00:00Z", "state": "open"})
    )
    await made.create(key, fields, {"opportunity": "2"})
    await made.update("task", "1", {"state": "done"})
    await made.update("task", "1", {"state": "cancelled"})
    made_body = caller.bodies()[0]
    assert made_body["summary"] == "Kund AB [Stafett ho_1.1]" and made_body["date_deadline"] == "2026-06-08"
    assert "state" not in made_body and made_body["user_id"] == 5
    assert [call.path.rpartition("/")[2] for call in caller.calls] == ["activity_schedule", "action_feedback", "unlink"]


async def test_a_hand_over_that_was_lost_is_archived_as_lost():
    made, caller = odoo(True)
    await made.update("opportunity", "2", {"stage_id": "lost"})
    assert [call.path for call in caller.calls] == ["/json/2/crm.lead/action_set_lost"]


MISSING = "Record does not exist or has been deleted.\n(Record: {}({},), User: 7)"


@pytest.mark.parametrize(
    ("answer", "kind", "field"),
    [
        (error("odoo.exceptions.MissingError", MISSING.format("crm.lead", 2), 404), "gone", None),
        (error("odoo.exceptions.MissingError", MISSING.format("res.users", 999), 404), "refused_data", "res.users"),
        (
            error("odoo.exceptions.ValidationError", "Missing required value for the field 'name'", 422),
            "refused_data",
            "name",
        ),
        (error("odoo.exceptions.AccessError", "You are not allowed to modify", 403), "refused_setup", None),
        (error("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401), "refused_setup", None),
        (
            error("werkzeug.exceptions.NotFound", "the model 'crm.nothing' does not exist", 404),
            "refused_setup",
            "crm.nothing",
        ),
        (error("builtins.ValueError", "Invalid field 'x_y' on 'crm.lead'", 500), "refused_setup", "x_y"),
        (
            error("builtins.ValueError", "Wrong value for res.partner.lang: 'Anna'", 500),
            "refused_data",
            "res.partner.lang",
        ),
        (error("odoo.exceptions.UserError", "number '0701234567' is not valid", 422), "refused_data", None),
        (error("psycopg2.errors.SerializationFailure", "could not serialize access", 500), "transient", None),
        (error("psycopg2.OperationalError", "connection to server failed", 500), "transient", None),
        (Reply(502, {}, b"<html>Bad Gateway</html>"), "transient", None),
        (Reply(404, {}, b"<html>Not Found</html>"), "refused_setup", None),
        (Reply(429, {}, b"slow down"), "throttled", None),
    ],
)  # fmt: skip - one answer a line
async def test_an_answer_means_what_its_body_says_and_not_its_status(answer, kind, field):
    made, _ = odoo(answer)
    with pytest.raises(Trouble) as caught:
        await made.update("opportunity", "2", {"user_id": 999})
    assert (caught.value.kind, caught.value.field) == (kind, field)


@pytest.mark.parametrize(
    ("message", "field", "kind"),
    [
        ("could not serialize access due to concurrent update\n", None, "transient"),
        ("You are not allowed to create 'Lead' (crm.lead) records.", None, "refused_setup"),
        ("No matching record found for database id '999' in field 'Salesperson'", "user_id", "refused_data"),
    ],
)
async def test_load_answers_200_where_nothing_was_made(message, field, kind):
    made, _ = odoo(
        {"ids": False, "messages": [{"type": "error", "message": message, **({"field": field} if field else {})}]}
    )
    with pytest.raises(Trouble) as caught:
        await made.create(HANDOVER, {"name": "x"}, {})
    assert (caught.value.kind, caught.value.field) == (kind, field)


def xml(value=None, fault=None):
    body = xmlrpc.client.dumps(fault or (value,), methodresponse=True, allow_none=True)
    return Reply(200, {}, body.encode())


async def test_by_xml_rpc_the_same_is_asked_after_a_login_and_the_key_is_not_shown():
    made, caller = odoo(xml(7), xml([]), xml({"ids": [2], "messages": []}), api="xmlrpc")
    assert await made.find(HANDOVER, ["name"], {}) is None
    assert (await made.create(HANDOVER, {"name": "x"}, {})).vendor_id == "2"
    assert [call.path for call in caller.calls] == ["/xmlrpc/2/common", "/xmlrpc/2/object", "/xmlrpc/2/object"]
    (database, uid, password, model, method, positional, named), _ = xmlrpc.client.loads(caller.calls[1].body)
    assert (database, uid, password, model, method, positional) == ("o1", 7, SECRET, "crm.lead", "search_read", [])
    assert ["referred", "=", "Stafett ho_1"] in named["domain"]
    assert all(SECRET not in call.describe() for call in caller.calls)


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (1, "Traceback ...\nValueError: Invalid field 'x_y' in 'crm.lead'\n", "refused_setup"),
        (1, "Traceback ...\npsycopg2.OperationalError: connection to server failed\n", "transient"),
        (1, "Traceback ...\npsycopg2.OperationalError: connection failed\n\tIs the server running?", "transient"),
        (1, "Traceback ...\nwhatever somebody wrote", "refused_data"),
        (2, MISSING.format("crm.lead", 2), "gone"),
        (2, MISSING.format("res.users", 999), "refused_data"),
        (2, "The operation cannot be completed: Missing required value for the field 'name'", "refused_data"),
        (3, "Access Denied", "refused_setup"),
        (4, "You are not allowed to access 'Lead' (crm.lead) records.", "refused_setup"),
    ],
)
async def test_a_fault_of_xml_rpc_means_what_its_last_line_says(code, text, kind):
    made, _ = odoo(xml(7), xml(fault=xmlrpc.client.Fault(code, text)), api="xmlrpc")
    with pytest.raises(Trouble) as caught:
        await made.update("opportunity", "2", {"user_id": 999})
    assert caught.value.kind == kind


async def test_a_method_that_gives_nothing_back_by_xml_rpc_has_run_all_the_same():
    nothing = xmlrpc.client.Fault(1, "Traceback ...\nTypeError: cannot marshal None unless allow_none is enabled\n")
    made, _ = odoo(xml(7), xml(fault=nothing), api="xmlrpc")
    await made.update("opportunity", "2", {"stage_id": "lost"})


async def test_a_login_that_is_refused_is_told_as_the_set_ups_fault():
    made, _ = odoo(xml(False), api="xmlrpc")
    with pytest.raises(Trouble, match="login_refused"):
        await made.whoami()


async def test_check_names_every_field_stage_and_user_that_is_not_there():
    made, _ = odoo(
        {"email": {}}, {}, {"name": {}}, [{"id": 1, "name": "New"}], error("builtins.ValueError", "External ID not found", 500),
        [{"id": 5}], fields={"contact": {"x_size": "company.employees"}}, stages={"offered": "1", "accepted": "9", "lost": "lost"},
        task={"type": "mail.nothing"},
    )  # fmt: skip
    problems = await made.check({"anna": "5", "bo": "6"})
    assert [problem.partition(":")[0] for problem in problems] == [
        "fields.contact.x_size", "stages.accepted", "task.type", "roster",
    ]  # fmt: skip
    assert "1 is New" in problems[1]


def test_a_look_up_sees_at_once_what_was_committed():
    made, _ = odoo()
    assert made.settle == timedelta(0) and made.is_repeatable("opportunity") and not made.is_repeatable("note")


async def test_a_person_is_emptied_with_a_name_left_since_odoo_has_no_contact_without_one():
    made, caller = odoo(True)
    fields = made.empty("contact", ["email", "name", "phone"])
    await made.update("contact", "7", fields)
    (body,) = caller.bodies()
    assert body["vals"] == {"email": False, "name": "[erased]", "phone": False} and body["ids"] == [7]


@pytest.mark.parametrize(
    ("kind", "model"),
    [("contact", "res.partner"), ("opportunity", "crm.lead"), ("note", "mail.message"), ("task", "mail.activity")],
)
async def test_a_record_is_taken_away_by_unlink(kind, model):
    made, caller = odoo(True)
    await made.delete(kind, "7")
    assert caller.calls[0].path == f"/json/2/{model}/unlink" and caller.bodies()[0]["ids"] == [7]
