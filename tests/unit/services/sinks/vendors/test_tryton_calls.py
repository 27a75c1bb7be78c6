"""One question to Tryton: sessions, and what each kind of answer means."""

import json
from datetime import timedelta

import pytest

from services.sinks.calls import Shown
from services.sinks.outcomes import Trouble
from services.sinks.vendors.tryton_calls import TrytonCalls
from tests.recorded_tryton import (
    LOCKED_OUT,
    PROOF,
    SECRET,
    SESSION_ENDED,
    WRONG_PASSWORD,
    Answers,
    error,
    page,
    result,
    sink,
    user_error,
)

SEARCH = "party.party.search"


def asking(*replies, **more):
    answers = Answers({SEARCH: replies or (result([7]),), **more})
    return TrytonCalls(sink(), answers, SECRET), answers


async def trouble(reply, is_write=False):
    calls, _ = asking(reply)
    with pytest.raises(Trouble) as caught:
        await calls.ask(SEARCH, [{"stafett_id": "Chef"}], is_write=is_write)
    return caught.value


async def test_it_logs_in_once_and_proves_each_call_by_its_session():
    calls, answers = asking()
    assert [await calls.ask(SEARCH, []) for _ in range(2)] == [[7], [7]]
    assert [asked[0] for asked in answers.asked] == ["common.db.login", SEARCH, SEARCH]
    assert [call.secret.get("authorization") for call in answers.calls] == [None, PROOF, PROOF]
    assert await calls.user_id() == "6"


async def test_the_last_parameter_is_the_context_with_the_company_and_english():
    calls, answers = asking()
    await calls.ask(SEARCH, [["name", "=", "Anna"]])
    assert json.loads(answers.calls[-1].body)["params"] == [[["name", "=", "Anna"]], {"company": 1, "language": "en"}]
    await calls.ask(SEARCH, [], archived=True)
    assert json.loads(answers.calls[-1].body)["params"][-1]["active_test"] is False


async def test_a_session_that_has_ended_is_begun_again_and_the_same_call_goes_once_more():
    calls, answers = asking(SESSION_ENDED, result([7]))
    assert await calls.ask(SEARCH, []) == [7]
    assert [asked[0] for asked in answers.asked] == ["common.db.login", SEARCH, "common.db.login", SEARCH]


async def test_a_new_session_that_is_refused_too_is_a_matter_of_the_set_up():
    calls, answers = asking(SESSION_ENDED)
    with pytest.raises(Trouble, match="refused_setup: http_401"):
        await calls.ask(SEARCH, [])
    assert len(answers.asked) == 4


@pytest.mark.parametrize(
    ("reply", "kind", "wait"),
    [
        (WRONG_PASSWORD, "refused_setup", None),
        (LOCKED_OUT, "throttled", timedelta(minutes=5)),
        (error("LoginException", ["password", "Password for stafett", "password"]), "refused_setup", None),
        (page(404, "Not Found"), "refused_setup", None),
        (page(502, "Bad Gateway"), "transient", None),
        (page(503, "Service Unavailable", "couldn&#39;t get a connection after 30.00 sec"), "transient", None),
        (result(None), "refused_setup", None),
    ],
)
async def test_a_log_in_that_fails_is_not_tried_again(reply, kind, wait):
    answers = Answers({"common.db.login": [reply]})
    with pytest.raises(Trouble) as caught:
        await TrytonCalls(sink(), answers, SECRET).ask(SEARCH, [])
    assert (caught.value.kind, caught.value.wait) == (kind, wait)
    assert len(answers.asked) == 1


@pytest.mark.parametrize(
    ("reply", "kind", "field"),
    [
        (
            user_error('The value "999" for field "Employee" in "Sale Opportunity" does not exist.'),
            "refused_data",
            "Employee",
        ),
        (user_error('A value is required for field "Company" in "Sale Opportunity".'), "refused_data", "Company"),
        (
            user_error(
                'You are not allowed to modify the field "Employee" in record "2 [ho_1]" of "Sale Opportunity".'
            ),
            "refused_data",
            "Employee",
        ),
        (user_error('You can not call "lead" on "2 [ho_1]" of "Sale Opportunity".'), "refused_data", None),
        (
            user_error('You are trying to write to records "99999" of "Sale Opportunity" that don\'t exist.'),
            "gone",
            "Sale Opportunity",
        ),
        (
            user_error('You are trying to read records "7" of "Company" that don\'t exist.'),
            "refused_setup",
            "company_id",
        ),
        (
            error("UserError", ['You are not allowed to access "Sale".', "Within groups: Sale Opportunity", None]),
            "refused_setup",
            "Sale",
        ),
        (error("UserWarning", ["name", "Are you sure?", ""]), "refused_data", None),
        (error("ConcurrencyException", "Records were modified in the meanwhile"), "locked", None),
        (error("'stafett_id'", ""), "refused_setup", "stafett_id"),
        (error("'party.party'", ""), "refused_setup", "party.party"),
        (error("'Chef'", ""), "refused_data", None),
        (error("PostgreSQL text fields cannot contain NUL (0x00) bytes", ""), "refused_data", None),
        (page(403, "Forbidden"), "refused_setup", "login"),
        (page(404, "Not Found"), "refused_setup", "database"),
        (page(422, "Unprocessable Entity", "Missing context argument"), "refused_setup", None),
        (page(429, "Too Many Requests"), "throttled", None),
        (page(503, "Service Unavailable", "could not serialize access due to concurrent update"), "locked", None),
        (page(503, "Service Unavailable", "couldn&#39;t get a connection after 30.00 sec"), "transient", None),
        (result([7])._replace(body=b"<html>a proxy</html>"), "transient", None),
        (result([7])._replace(body=b"[1]"), "transient", None),
    ],
)
async def test_an_answer_means_the_same_whether_it_writes_or_reads(reply, kind, field):
    for is_write in (False, True):
        found = await trouble(reply, is_write)
        assert (found.kind, found.field) == (kind, field)


@pytest.mark.parametrize(
    "reply",
    [
        page(503, "Service Unavailable", "the connection is lost"),
        page(500, "Internal Server Error"),
        page(502, "Bad Gateway"),
        page(504, "Gateway Timeout"),
        page(408, "Request Timeout"),
    ],
)
async def test_where_nobody_knows_whether_it_was_written_it_is_unknown(reply):
    assert [(await trouble(reply, is_write)).kind for is_write in (False, True)] == ["transient", "unknown"]


@pytest.mark.parametrize(
    "text",
    [
        'The value "anna@kund.example" for field "Value" in "Contact Mechanism" is not valid.',
        'You are trying to read records "anna@kund.example" of "Party" that don\'t exist.',
        'anna@kund.example is not allowed to access "Party".',
        "anna@kund.example",
    ],
)
async def test_no_value_of_a_record_comes_out_of_an_error(text):
    found = await trouble(user_error(text), is_write=True)
    assert "anna" not in f"{found} {found.code} {found.field}"


async def test_a_call_that_is_only_shown_shows_no_password_and_goes_on_as_if_it_had_a_session():
    answers = Answers(shows=True)
    with pytest.raises(Shown):
        await TrytonCalls(sink(), answers, SECRET).ask(SEARCH, [])
    said = "\n".join(call.describe() for call in answers.calls)
    assert [asked[0] for asked in answers.asked] == ["common.db.login", SEARCH]
    assert SECRET not in said and "Session" not in said
