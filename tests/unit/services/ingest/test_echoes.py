"""Our own writes that come back, known by their value."""

import asyncio
import json
from datetime import timedelta

import pytest

from schemas.signals import Actor, Kind, Reference, Sales
from services.ingest.echoes import Echoes
from services.ingest.parsers.registry import parse
from services.ports.errors import StoreUnavailable
from services.ports.sinks import SinkRecord
from services.ports.written import note_values
from tests.setups import signal
from tests.sinks import NOW

DEAL, TASK = (Reference(system="crm", object=what, id="7") for what in ("deal", "activity"))


class Records:
    def __init__(self, error=None, **values):
        self._error, self._values, self.reads = error, values, 0

    async def records_by_vendor_id(self, target, kind, vendor_ids):
        self.reads += 1
        if self._error is not None:
            raise self._error
        written = note_values(None, self._values, self._values, NOW)
        record = SinkRecord(target, kind, "ho_1", "lead_1", "present", "evt_1", vendor_id="7", written=written)
        return [record] if "7" in vendor_ids else []


def told(kind, reference=DEAL, **sales):
    sales = Sales(**sales)
    return signal(1, kind, references=(reference,), sales=sales, actor=Actor(kind="person", reference="81"))


def recognise(records, *signals, source="crm", after=timedelta(minutes=1), body=b"{}"):
    echoes = Echoes(records, {"crm": ("sink/crm",)})
    return asyncio.run(echoes.recognise(source, signals, NOW + after, body))


@pytest.mark.parametrize(
    "one",
    [
        told(Kind.SALES_STAGE_CHANGED, to="New"),
        told(Kind.SALES_ACCEPTED, to="new", owner_id="9"),
        told(Kind.SALES_OWNER_CHANGED, owner_id="81"),
        told(Kind.SALES_FOLLOW_UP, TASK, done=True),
    ],
)
def test_exactly_what_we_wrote_is_nobodys_doing(one):
    records = Records(stage="new", owner="81", state="done")
    (echo,) = recognise(records, one)
    assert (echo.echo, echo.automated, echo.actor) == ("value", True, Actor(kind="system", reference="81"))
    assert echo.but(echo=None, automated=False, actor=one.actor) == one


@pytest.mark.parametrize(
    "one",
    [
        told(Kind.SALES_STAGE_CHANGED, to="won"),
        told(Kind.SALES_OWNER_CHANGED, owner_id="82"),
        told(Kind.SALES_OWNER_CHANGED, owner_id="new"),
        told(Kind.SALES_FOLLOW_UP, TASK, done=False),
        told(Kind.SALES_STAGE_CHANGED, DEAL.but(id="8"), to="new"),
    ],
)
def test_another_value_another_record_or_another_field_is_somebody_elses(one):
    assert recognise(Records(stage="new", owner="81", state="done"), one) == [one]


def test_what_comes_later_than_ten_minutes_is_somebody_elses():
    one = told(Kind.SALES_STAGE_CHANGED, to="new")
    assert recognise(Records(stage="new"), one, after=timedelta(minutes=10))[0].echo == "value"
    assert recognise(Records(stage="new"), one, after=timedelta(minutes=10, microseconds=1)) == [one]
    assert recognise(Records(stage="new"), one, after=-timedelta(seconds=1)) == [one]


def test_nothing_is_read_for_a_source_that_no_sink_writes_to_nor_for_what_says_no_value():
    records = Records(stage="new")
    one = told(Kind.SALES_STAGE_CHANGED, to="new")
    assert recognise(records, one, source="other") == [one]
    assert recognise(records, signal(2, "form.submitted"))[0].echo is None
    known = one.but(echo="user")
    assert recognise(records, known) == [known] and records.reads == 0


def test_a_body_of_many_is_read_for_once():
    records = Records(stage="new")
    found = recognise(records, *(told(Kind.SALES_STAGE_CHANGED, to=stage) for stage in ("new", "won", "new")))
    assert [one.echo for one in found] == ["value", None, "value"] and records.reads == 1


def test_without_the_store_nothing_is_taken_for_an_echo():
    one = told(Kind.SALES_STAGE_CHANGED, to="new")
    assert recognise(Records(StoreUnavailable("away"), stage="new"), one) == [one]


OURS = b'{"content": "<p>Handed over</p><p>Stafett ho_01/dossier</p>"}'


@pytest.mark.parametrize("kind", [Kind.NOTE_ADDED, Kind.ACTIVITY_CREATED, Kind.ACTIVITY_UPDATED, Kind.SALES_TASK_OPEN])
@pytest.mark.parametrize("body", [OURS, b"Stafett ho_01/touches", b"<p>Stafett ho_01.2</p>"])
def test_a_note_or_task_that_has_our_marker_is_nobodys_doing(kind, body):
    one = told(kind, TASK)
    (echo,) = recognise(Records(), one, body=body)
    assert (echo.echo, echo.automated, echo.actor.kind) == ("marker", True, "system")


def test_what_somebody_did_with_a_task_of_ours_is_theirs_and_so_is_what_only_speaks_of_us():
    ticked = told(Kind.SALES_FOLLOW_UP, TASK, done=True)
    assert recognise(Records(), ticked, body=OURS) == [ticked]
    note = told(Kind.NOTE_ADDED, TASK)
    assert recognise(Records(), note, body=b"Stafett called, ho_01 too") == [note]
    assert recognise(Records(), note, source="other", body=OURS) == [note]
    assert recognise(Records(), note, note, body=OURS) == [note, note], "whose text it stands in is not known"
    known = note.but(echo="user")
    assert recognise(Records(), known, body=OURS) == [known]


def of_pipedrive(entity, **data):
    meta = {"entity": entity, "action": "create", "entity_id": "9", "user_id": "5", "change_source": "api"}
    return "pipedrive", {"meta": meta, "data": {"id": 9, "deal_id": 3, **data}, "previous": None}


def of_close(what, **data):
    happened = {"id": "ev_1", "object_type": what, "action": "created", "date_created": "2026-06-08T09:00:00Z"}
    return "close", {
        "event": {**happened, "user_id": "user_1", "data": {"id": "acti_1", **data}},
        "subscription_id": "w",
    }


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        of_pipedrive("note", content="<p>Handed over</p><p>Stafett ho_01/dossier</p>"),
        of_pipedrive("activity", note="<p>Stafett ho_01.1</p>", type="task", done=False),
        of_close("activity.note", note="Handed over\nStafett ho_01/touches"),
        of_close("task.lead", text="Call\nStafett ho_01.1", is_complete=False),
    ],
)  # fmt: skip - one case a line
def test_webhooks_that_hold_texts_are_known_by_them_though_the_user_is_another(kind, sent):
    body = json.dumps(sent).encode()
    (parsed,) = parse(kind, body, "application/json", {})
    (echo,) = recognise(Records(), signal(1, parsed.kind, references=parsed.references, sales=parsed.sales), body=body)
    assert echo.echo == "marker"
