"""What the store keeps of a lead, a clock, a ledger: read as written before, written short, and equal when read again."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from routing.model.records import (
    Account,
    Booking,
    Clock,
    Handover,
    Lead,
    LeadPersonal,
    Ledger,
    LedgerEntry,
    Load,
    Tally,
)
from schemas.signals import Person, Reference
from tests.setups import START
from tests.stories import Story, rules

CRM = Reference(system="pipedrive", object="person", id="7")
CLOCK = """{"id":"clk_1","policy":"call","metric":"follow_up","subject_kind":"offer","subject_id":"ho_1.1",
 "started_at":"2026-11-24T09:00:00Z","target":"24h elapsed","calendar":null,"due_at":"2026-11-25T09:00:00Z",
 "revision":0,"state":"running","ended_at":null,"mode":"live","agreement":"a","cause":"sig_1","side":null,
 "person":"elin","counts_from":null,"marks":[],"away":[],"touched_at":null,"touched_by":null,"cancelled_at":null,
 "breach_said":false,"warnings_done":0,"rungs_done":0,"next_at":null}"""
LEAD = f"""{{"id":"lead_1","brand":"default","partition_key":"k","created_at":"2026-11-24T09:00:00Z","stage":"hand_over",
 "stage_since":"2026-11-24T09:00:00Z","pass_number":1,"pass_since":"2026-11-24T09:00:00Z","disposition":"active",
 "disposition_at":null,"owner":"elin","owner_pool":null,"former":{{}},"source":"web","company_employees":40,
 "attributes":{{"seats":40.0,"erp":"Odoo","partner":true}},"meetings":[],"consents":{{"email":"given"}},
 "consents_at":{{"email":"2026-11-24T10:00:00.000250+01:00"}},"talk":null,"recent":{{"lead":[1764000000]}},
 "references":[{{"system":"pipedrive","account":null,"object":"person","id":"7"}}],
 "handover":{{"id":"ho_1","pass_number":1,"opened_at":"2026-11-24T09:00:00Z","offers":[{{"id":"ho_1.1","number":1,
 "person":"elin","pool":null,"offered_at":"2026-11-24T09:00:00Z","expires_at":null,"state":"open"}}],"closed_at":null,
 "blocked":[],"references":[],"mode":"live"}},"clocks":{{"clk_1":{CLOCK}}},
 "merged":[{{"lead_id":"lead_2","at":"2026-11-24T09:00:00Z","tags":["fair"],
 "consents":{{"email":["withdrawn","2026-11-24T09:00:00Z"],"sms":null}}}}],"merged_into":null,"held":false,"version":3}}"""
"""As an earlier release wrote them: with nulls, and with what is as by default."""


def test_a_lead_written_with_nulls_and_defaults_is_read():
    lead = Lead.read(LEAD)
    assert (lead.owner, lead.owner_pool, lead.meetings, lead.former, lead.talk) == ("elin", None, (), {}, None)
    assert lead.attributes == {"seats": 40.0, "erp": "Odoo", "partner": True} and lead.references == (CRM,)
    assert lead.consents_at == {"email": START + timedelta(microseconds=250)} and lead.recent == {"lead": (1764000000,)}
    assert lead.handover.offers[0].person == "elin" and lead.handover.blocked == ()
    assert lead.merged[0].consents == {"email": ("withdrawn", START), "sms": None}
    assert lead.clocks == {"clk_1": Clock.read(CLOCK)} and lead.clocks["clk_1"].due_at == START + timedelta(days=1)
    assert Lead.read(lead.text()) == lead and len(lead.text()) < len(LEAD)


@pytest.mark.parametrize(
    ("old", "state"),
    [
        ('{"id":"acc_1","brand":"default","open":{},"customers":{}}', Account(id="acc_1", brand="default")),
        (
            '{"pool":"field","seq":1,"entries":{"elin":{"given":0,"short":0.0,"seated":true}}}',
            Ledger(pool="field", seq=1, entries={"elin": LedgerEntry()}),
        ),
        ('{"person":"elin","seq":2,"given":[1764000000]}', Load(person="elin", seq=2, given=(1764000000,))),
        ('{"name":"leads","seq":0,"sequence":0,"periods":{}}', Tally(name="leads")),
        (
            '{"person":{"email":"a@example.com","phone":null},"answers":{},"texts":{"sig_1":{"need":null}}}',
            LeadPersonal(person=Person(email="a@example.com"), texts={"sig_1": {"need": None}}),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_kept_state_written_with_defaults_is_read(old, state):
    assert type(state).read(old) == state
    assert type(state).read(state.text()) == state


def test_members_that_are_not_known_are_passed_over():
    later = json.loads(LEAD) | {"mood": "fine", "pasts": [{"at": None}]}
    later["handover"]["offers"][0] |= {"channel": "chat"}
    assert Lead.read(json.dumps(later)) == Lead.read(LEAD)


def test_what_is_as_by_default_is_left_out_of_the_text():
    assert Ledger(pool="field").text() == '{"pool":"field"}'
    assert Booking(at=START, booked=False).text() == '{"at":"2026-11-24T09:00:00Z","booked":false}'
    assert Handover(id="ho_1", pass_number=1, opened_at=START, references=(CRM,)).text() == (
        '{"id":"ho_1","pass_number":1,"opened_at":"2026-11-24T09:00:00Z",'
        '"references":[{"system":"pipedrive","account":null,"object":"person","id":"7"}]}'
    )
    assert LeadPersonal().text() == "{}"
    assert json.loads(Clock.read(CLOCK).text()) == {
        name: value for name, value in json.loads(CLOCK).items() if value and value not in ("running", "live")
    }


@pytest.mark.parametrize("text", ["2026-11-24T09:00:00", "2026-11-24", None, 1764000000])
def test_what_is_no_instant_with_a_zone_is_refused_and_its_place_named(text):
    torn = json.loads(LEAD)
    torn["clocks"]["clk_1"]["due_at"] = text
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.clocks\[\.\.\.\]\.due_at`"):
        Lead.read(json.dumps(torn))


def test_an_instant_is_the_same_one_in_whatever_zone_it_was_written():
    there = Booking(at=datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=1))), booked=True)
    assert Booking.read(there.text()) == there == Booking(at=datetime(2026, 11, 24, 9, tzinfo=UTC), booked=True)


def test_what_is_missing_or_of_another_kind_is_refused_and_its_place_named():
    with pytest.raises(msgspec.ValidationError, match="missing required field `brand`"):
        Account.read('{"id":"acc_1"}')
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.references\[0\]`"):
        Handover.read(
            '{"id":"ho_1","pass_number":1,"opened_at":"2026-11-24T09:00:00Z","references":[{"object":"person"}]}'
        )


def test_a_state_read_from_its_text_equals_it():
    anna, said = Person(email="anna@example.com", full_name="Anna Ek"), {"need": "a pump", "size": 40}
    promised = Story(rules([{"name": "call", "metric": "follow_up", "starts": "offer", "target": "24h elapsed"}]))
    lead = promised.tell("form.submitted", form_id="demo", person=anna, references=(CRM,), fields=said).lead
    assert lead.handover.offers and len(lead.clocks) > 1 and lead.references == (CRM,) and lead.record
    again = Lead.read(lead.text())
    assert again.personal == LeadPersonal() and "Anna" not in lead.text(), "the person is kept beside it"
    again.personal = LeadPersonal.read(lead.personal.text())
    assert again == lead and again.personal.person.full_name == "Anna Ek" and again.personal.texts
    assert (again.text(), again.personal.text()) == (lead.text(), lead.personal.text())


def test_a_change_makes_another_state_and_leaves_the_one_that_was():
    clock = Clock.read(CLOCK)
    assert clock.but(state="breached").state == "breached" and clock.state == "running"
    with pytest.raises(AttributeError):
        clock.state = "breached"
    with pytest.raises(TypeError, match="standing"):
        clock.but(standing="breached")
