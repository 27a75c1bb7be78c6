"""Our own writes that come back, known by their value."""

import asyncio
from datetime import timedelta

import pytest

from schemas.signals import Actor, Kind, Reference, Sales
from services.ingest.echoes import Echoes
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


def recognise(records, *signals, source="crm", after=timedelta(minutes=1)):
    echoes = Echoes(records, {"crm": ("sink/crm",)})
    return asyncio.run(echoes.recognise(source, signals, NOW + after))


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
