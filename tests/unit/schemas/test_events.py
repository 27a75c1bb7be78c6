"""Events as they are written: order of members, nulls, what is left out, and what their JSON Schema says of them."""

import json
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest

from schemas.envelope import Envelope, Written, instant, mode_of, split_personal, whole
from schemas.events import (
    EVENT_TYPES,
    Contact,
    DossierContact,
    HandoverOffered,
    LeadReleased,
    LeadTouched,
    Owner,
    Said,
    SlaBreached,
)
from schemas.export import schema
from schemas.signals import Mode, Person, Reference

AT = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)
ATTRIBUTES = {
    "id": "evt_1",
    "source": "/stafett/nordlys/default",
    "type": "t",
    "subject": "lead_1",
    "time": "2026-06-08T09:30:00.000000Z",
    "dataschema": "urn:stafett:schema:t",
    "partitionkey": "p",
    "sequence": "1",
    "correlationid": "lead_1.1",
    "causationid": "sig_1",
    "recordedtime": "2026-06-08T09:30:00.000000Z",
    "agreementversion": "a",
    "mode": "live",
}
HEAD = (
    '{"specversion":"1.0","id":"evt_1","source":"/stafett/nordlys/default","type":"t","subject":"lead_1",'
    '"time":"2026-06-08T09:30:00.000000Z","datacontenttype":"application/json","dataschema":"urn:stafett:schema:t",'
    '"partitionkey":"p","sequence":"1","correlationid":"lead_1.1","causationid":"sig_1",'
    '"recordedtime":"2026-06-08T09:30:00.000000Z","agreementversion":"a","mode":"live"'
)


def written(data, **more):
    facts, personal = split_personal(data)
    return Written(**ATTRIBUTES, **more, data=facts).head(), personal


def test_facts_have_their_nulls_and_the_personal_part_only_what_is_known():
    said = LeadTouched(
        owner=Owner(person="ann", ids={"hubspot": "7"}),
        stage="contact",
        signal_kind="form.submitted",
        source="web",
        references=(Reference(system="hubspot", object="person", id="1"),),
        personal=Contact(person=Person(email="é@x.se"), answers={"need": None, "seats": 3}),
    )
    head, personal = written(said)
    assert head == (
        f'{HEAD},"data":{{"mode":"live","owner":{{"person":"ann","ids":{{"hubspot":"7"}}}},"stage":"contact",'
        '"signal_kind":"form.submitted","source":"web",'
        '"references":[{"system":"hubspot","account":null,"object":"person","id":"1"}],"personal":'
    )
    assert personal == '{"person":{"email":"é@x.se"},"answers":{"need":null,"seats":3}}'


def test_a_dossier_has_its_words_in_the_personal_part():
    said = HandoverOffered(
        mode="observe",
        handover_id="ho_1",
        pass_number=1,
        offer_number=1,
        expires_at=AT,
        personal=DossierContact(said=(Said(signal_id="sig_1", words={"personal": "hi"}),)),
    )
    head, personal = written(said)
    assert head.partition('"data":')[2] == (
        '{"mode":"observe","handover_id":"ho_1","pass_number":1,"offer_id":null,"owner":null,"references":[],'
        '"offer_number":1,"expires_at":"2026-06-08T09:30:00Z","follow_up_due_at":null,"follow_up_clock_id":null,'
        '"qualification":null,"paths":null,"dossier":{"company_name":null,"company_domain":null,"company_industry":null,'
        '"company_employees":null,"company_country":null,"company_region":null,"company_city":null,"company_postcode":null,'
        '"source":null,"campaign":null,"tags":[],"signals":{},"references":[],"next_step":null,"meeting_booked_at":null,'
        '"entries":[],"complete":true,"missing":[],"unproven":[],"assumed":[],"hash":null},"personal":'
    )
    assert personal == (
        '{"person":{},"answers":{},"said":[{"signal_id":"sig_1","words":{"personal":"hi"}}],'
        '"unproven":[],"proposed":[],"hash":null}'
    )


def test_an_event_without_a_personal_part_is_written_with_an_empty_one():
    said = SlaBreached(
        clock_id="c",
        policy="answer",
        metric="first_touch",
        subject_kind="lead",
        subject_id="lead_1",
        started_at=AT,
        target="4h",
        due_at=AT,
        noticed_at=AT.replace(microsecond=120),
    )
    whole_text = whole(*written(said))
    assert whole_text == (
        f'{HEAD},"data":{{"mode":"live","clock_id":"c","policy":"answer","metric":"first_touch","subject_kind":"lead",'
        '"subject_id":"lead_1","owner":null,"started_at":"2026-06-08T09:30:00Z","target":"4h",'
        '"due_at":"2026-06-08T09:30:00Z","side":null,"counted":null,"counted_against":null,'
        '"handover_id":null,"team":null,"queue":null,"answerable":null,'
        '"noticed_at":"2026-06-08T09:30:00.000120Z","personal":null}}'
    )
    assert (said.owner, said.personal) == (None, None)


def test_the_trace_is_said_where_there_is_one():
    touched = LeadTouched(owner=None, stage="contact", signal_kind="email.opened", source="web")
    head, personal = written(touched, traceparent="00-a-b-01")
    assert head.startswith(f'{HEAD},"traceparent":"00-a-b-01","data":{{"mode":') and personal is None


def test_an_instant_of_the_envelope_is_in_utc_and_always_has_microseconds():
    assert instant(AT) == "2026-06-08T09:30:00.000000Z"
    assert instant(AT + timedelta(microseconds=120)) == "2026-06-08T09:30:00.000120Z"
    assert instant(AT.astimezone(ZoneInfo("Europe/Stockholm"))) == instant(AT)


@pytest.mark.parametrize("event", EVENT_TYPES.values(), ids=list(EVENT_TYPES))
def test_members_come_in_one_order_and_the_schema_names_them_all(event):
    members = event.__struct_fields__
    assert members[0] == "mode" and "personal" not in members[:-1], "what is personal comes last"
    described = schema(event.type_name)
    assert tuple(described["properties"]) == members and described["title"] == event.__name__
    assert ("description" in described) == bool(event.__doc__)


@pytest.mark.parametrize("mode", get_args(Mode))
@pytest.mark.parametrize(
    "data",
    [LeadReleased(processed=1), LeadTouched(owner=None, stage="contact", signal_kind="form.submitted", source="web")],
    ids=["plain", "personal"],
)
def test_the_mode_is_read_from_the_half_that_is_always_kept_and_is_the_envelopes(data, mode):
    head, _ = written(data)
    assert mode_of(head.replace('"mode":"live"', f'"mode":"{mode}"', 1)) == mode
    with pytest.raises(msgspec.DecodeError):
        mode_of(whole(head, None))


def test_a_body_that_is_not_of_its_type_is_refused():
    text = json.loads(f'{HEAD},"data":{{"mode":"live","processed":"many"}}}}')
    with pytest.raises(msgspec.ValidationError, match=r"`\$\.processed`"):
        Envelope.model_validate({**text, "type": "stafett.lead.released.v1"}).body()
