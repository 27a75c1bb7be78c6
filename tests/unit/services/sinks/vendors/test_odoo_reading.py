"""What is read back of Odoo, in the words that a running one answered with."""

import json
from datetime import UTC, datetime

import pytest

from schemas.sinks.vendors import OdooSink
from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Reader, Sighting, Work
from services.sinks.vendors.odoo import Odoo

SINCE = datetime(2026, 11, 30, 4, tzinfo=UTC)
AT = datetime(2026, 11, 30, 4, 2, 36, tzinfo=UTC)


class Answers:
    """Gives these answers one after the other and keeps what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def __call__(self, call):
        self.asked.append(json.loads(call.body))
        return Reply(200, {}, json.dumps(self.answers.pop(0)).encode())


def odoo(*answers):
    caller = Answers(*answers)
    fields = {"kind": "odoo", "name": "odoo", "base_url": "https://o.example.com", "database": "o1",
              "secret": "STAFETT_SECRET_ODOO"}  # fmt: skip
    return Odoo(OdooSink.model_validate(fields), caller, "key"), caller


LEAD = {"id": 1, "stage_id": [2, "Qualified"], "user_id": [6, "Johan Dahl"], "active": True, "probability": 10.0,
        "write_date": "2026-11-30 04:02:36", "write_uid": [6, "Johan Dahl"], "lost_reason_id": False}  # fmt: skip
SEEN = Sighting("1", stage="2", owner="6", outcome=None, changed_at=AT, changed_by="6")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (LEAD, SEEN),
        (LEAD | {"active": False, "probability": 0.0, "lost_reason_id": [1, "Too expensive"]},
         SEEN._replace(outcome="lost", reason="Too expensive")),
        (LEAD | {"probability": 100.0, "stage_id": [4, "Won"]}, SEEN._replace(outcome="won", stage="4")),
        (LEAD | {"user_id": False, "stage_id": False}, SEEN._replace(owner=None, stage=None)),
    ],
)  # fmt: skip
async def test_an_opportunity_of_odoo_is_seen_as_it_stands(row, expected):
    reader, _ = odoo([row])
    assert await reader.look(["1"]) == [expected]


async def test_odoo_is_asked_from_the_second_of_the_last_look_on():
    reader, caller = odoo([LEAD], [], [], [])
    page = await reader.changes(None, SINCE)
    assert page.is_last and page.cursor == "2026-11-30 04:02:36|1|2026-11-30 04:00:00|0"
    await reader.changes(page.cursor, AT)
    assert ["write_date", ">", "2026-11-30 04:00:00"] in caller.asked[0]["domain"]
    assert ["write_date", ">", "2026-11-30 04:02:36"] in caller.asked[2]["domain"]
    assert ["id", ">", 0] in caller.asked[2]["domain"], "what is within that second is looked at once more"
    assert caller.asked[2]["context"] == {"lang": "en_US", "active_test": False}


async def test_what_people_did_in_odoo_is_a_step_and_what_odoo_itself_notes_is_none():
    message = {"id": 9, "res_id": 1, "date": "2026-11-30 04:02:36", "create_date": "2026-11-30 04:02:36",
               "create_uid": [6, "Johan Dahl"], "mail_activity_type_id": [2, "Call"], "message_type": "notification"}  # fmt: skip
    sent = message | {"id": 10, "mail_activity_type_id": False, "message_type": "comment"}
    noted = message | {"id": 11, "mail_activity_type_id": False}
    reader, _ = odoo([], [message, sent, noted])
    page = await reader.changes(None, SINCE)
    assert page.works == [
        Work("9", opportunity="1", kind="call", author="6", happened_at=AT, recorded_at=AT),
        Work("10", opportunity="1", kind="email", author="6", happened_at=AT, recorded_at=AT),
    ]


async def test_a_place_that_another_vendor_kept_is_told():
    reader, _ = odoo([], [])
    assert isinstance(reader, Reader)
    with pytest.raises(Trouble, match="cursor_of_another_vendor"):
        await reader.changes("somewhere", SINCE)


async def test_a_bulk_edit_in_one_second_is_read_page_by_page_to_its_end():
    page = [LEAD | {"id": number} for number in range(1, 101)]
    reader, caller = odoo(page, [], [LEAD | {"id": 101}], [])
    first = await reader.changes(None, SINCE)
    assert not first.is_last
    rest = await reader.changes(first.cursor, AT)
    assert ["id", ">", 100] in caller.asked[2]["domain"] and rest.is_last
    assert [seen.vendor_id for seen in rest.sightings] == ["101"]
