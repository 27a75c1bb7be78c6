"""What nobody proved happened when it came: no stranger begins a promise in the past or puts facts in an order of their own."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.signals import Consent, Kind, Parsed, Person, happened_at
from schemas.sources import Scheme, Source
from services.ingest.app import signals_of
from services.ingest.configured.mapped import read
from services.ingest.normalising.normalise import to_signal
from tests.setups import START
from tests.stories import DAY, HOUR, Story, rules

KEY = b"k"
LONG_AGO = datetime(2026, 1, 5, 9, tzinfo=UTC)
OPEN = Scheme(scheme="none")
SIGNED = Scheme(scheme="token", header="x", secrets=("STAFETT_SECRET_X",))
PROMISE = {"name": "answer", "metric": "acceptance", "starts": "offer", "target": "24h elapsed"}
FORM = b"email=vera%40example.com&form_id=demo&submitted_at=2026-01-05T09%3A00%3A00Z"


def signals_of_post(scheme, kind="form", body=FORM, content_type="application/x-www-form-urlencoded", at=START):
    source = Source(name="web", kind=kind, verify=scheme, may=("form", "engagement", "sales"))
    return signals_of(source, read(kind, body, content_type, {}, None), at, KEY).signals


def test_h2_an_anonymous_form_of_last_winter_begins_no_promise_in_the_past():
    (signal,) = signals_of_post(OPEN)
    assert (signal.occurred_at, happened_at(signal), signal.claimed_at) == (START, START, LONG_AGO)
    told = Story(rules([PROMISE])).take(signal).wait(HOUR)
    assert told.lead.created_at == START and told.all("sla.breached") == [] and told.all("sla.escalated") == []
    assert {clock.started_at for clock in told.lead.clocks.values()} == {START}


def test_the_time_of_a_proven_sender_counts_as_ever():
    (signal,) = signals_of_post(SIGNED)
    assert (signal.occurred_at, signal.claimed_at) == (LONG_AGO, None)


@pytest.mark.parametrize("claimed", ["2026-01-05T09:00:00Z", "2036-01-05T09:00:00+02:00"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("generic", '{{"event": "form.submitted", "email": "vera@example.com", "occurred_at": "{at}"}}'),
        ("crm", '{{"fact": "accepted", "offer_id": "ho_x.1", "email": "vera@example.com", "occurred_at": "{at}"}}'),
        ("segment", ('{{"type": "identify", "userId": "u-77", "messageId": "m1", "timestamp": "{at}",'
                    ' "traits": {{"email": "vera@example.com"}}}}')),
        ("typeform", ('{{"event_type": "form_response", "event_id": "e1", "form_response": {{"form_id": "f", "token": "t",'
                     ' "submitted_at": "{at}", "answers": [{{"type": "email", "email": "vera@example.com",'
                     ' "field": {{"id": "1", "type": "email", "ref": "email"}}}}]}}}}')),
    ],
)  # fmt: skip
def test_the_time_of_no_kind_is_believed_where_nobody_proved_it(kind, body, claimed):
    signals = signals_of_post(OPEN, kind, body.format(at=claimed).encode(), "application/json")
    assert signals and all(signal.occurred_at == START for signal in signals)
    assert all(signal.claimed_at == datetime.fromisoformat(claimed) for signal in signals)


def test_a_claimed_time_is_kept_in_the_record_and_none_where_none_was_claimed():
    (signal,) = signals_of_post(OPEN)
    assert type(signal).read(signal.text()) == signal
    assert signals_of_post(OPEN, body=b"email=vera%40example.com")[0].claimed_at is None


def test_the_claimed_time_of_a_consent_neither_saves_nor_loses_it():
    told = Story(rules()).tell(
        "contact.updated", timedelta(0), proof="signed", consents=(Consent(purpose="marketing", state="given"),)
    )
    late = Consent(purpose="marketing", state="withdrawn", at=LONG_AGO)
    told.tell("form.submitted", HOUR, proof="none", consents=(late,))
    assert told.lead.consents == {"marketing": "withdrawn"}, "said now, whenever it is dated"
    assert told.lead.consents_at["marketing"] == START + HOUR
    given = Consent(purpose="marketing", state="given", at=START + 2 * DAY)
    told.tell("form.submitted", DAY, proof="none", consents=(given,), consent_vouched=True)
    assert told.lead.consents == {"marketing": "withdrawn"}


def test_what_was_asked_of_an_api_keeps_the_time_of_arrival_and_what_was_claimed():
    parsed = Parsed(
        kind=Kind.FORM_SUBMITTED, dedupe_key="1", person=Person(email="vera@example.com"), occurred_at=LONG_AGO
    )
    source = Source(name="web", kind="form", verify=OPEN)
    thin = to_signal(parsed, source, START, KEY)
    whole = to_signal(parsed.but(occurred_at=thin.occurred_at), source, thin.received_at, KEY)
    assert whole.occurred_at == START
