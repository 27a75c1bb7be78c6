"""The same form again: a double click is one request; the same words later, or after the first was dealt with, are another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.lead.repeats import MAX_REQUESTS
from schemas.fates import REASONS
from schemas.signals import Kind, Parsed, Person, Quarantined, Reference, Signal
from schemas.sources import FORM_REPEATS, WEBHOOK_REPEATS, Scheme, Source
from schemas.yamlfile import FileError
from services.ingest.configured.mapped import read
from services.ingest.normalising.normalise import to_signal
from services.ports.signal_records import Incoming
from services.router.inbox import claim_new_signals
from tests.setups import START
from tests.stories import HOUR, Story, rules

KEY = b"k" * 32
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary={}"
SECOND = timedelta(seconds=1)
RULES = rules()


def source(kind="form", **more):
    return Source(name="web", kind=kind, verify=Scheme(scheme="none"), **more)


def sent(at, where=None, body=b"email=a%40b.example&name=Anna&form_id=demo", content_type=FORM):
    where = where or source()
    (found,) = read(where.kind, body, content_type, {}, None)
    assert not isinstance(found, Quarantined)
    return to_signal(found, where, at, KEY)


class Web(Story):
    """Forms as ingest makes signals of them."""

    def post(self, after, where=None):
        return self.take(sent(START + after, where)).decision


def test_each_delivery_of_a_form_has_an_id_of_its_own_and_the_same_words_the_same_key():
    first, second = sent(AT), sent(AT + SECOND)
    assert first.id != second.id and first.repeat == second.repeat and first.repeat.seconds == 600
    assert sent(AT).id == first.id
    assert sent(AT, body=b"email=a%40b.example&name=Anna&form_id=other").repeat != first.repeat


def test_what_is_no_part_of_a_form_makes_no_other_of_it():
    parts = 'Content-Disposition: form-data; name="email"\r\n\r\na@b.example\r\n'
    one, two = (
        sent(AT, body=f"--{edge}\r\n{parts}--{edge}--\r\n".encode(), content_type=MULTIPART.format(edge))
        for edge in ("x1", "y2")
    )
    assert one.repeat == two.repeat


@pytest.mark.parametrize(
    ("kind", "more", "seconds"),
    [
        ("form", {}, FORM_REPEATS.total_seconds()), ("generic", {}, WEBHOOK_REPEATS.total_seconds()), ("form", {"repeat_window": "90s"}, 90), ("generic", {"repeat_window": "2d"}, 172800),
    ],
)  # fmt: skip
def test_the_window_is_minutes_for_a_form_and_what_its_source_says(kind, more, seconds):
    assert sent(AT, source(kind, **more)).repeat.seconds == seconds


@pytest.mark.parametrize("window", ["0s", "31d", "soon", "1 business day", 600])
def test_a_window_is_a_length_of_time(window):
    with pytest.raises((FileError, ValueError)):
        source(repeat_window=window)


def test_a_delivery_with_an_id_is_told_apart_by_it():
    parsed = Parsed(kind=Kind.FORM_SUBMITTED, person=Person(email="a@b.example"), dedupe_key="submission:7")
    one, two = (to_signal(parsed, source("jotform"), at, KEY) for at in (AT, AT + timedelta(days=20)))
    assert one.id == two.id and one.repeat is None and one.next_window_id is None


def story():
    return Web(RULES)


def outcomes(told):
    return [(decision.outcome, decision.reason) for decision in told]


def test_a_double_click_is_one_request_across_any_border():
    told = story()
    midnight = timedelta(hours=24) - (START - START.replace(hour=0, minute=0, second=0)) - SECOND
    first, second = told.post(midnight), told.post(midnight + 2 * SECOND)
    assert first.outcome == "changed" and (second.outcome, second.reason) == ("recorded", "repeated")
    assert len(second.lead.record) == len(first.lead.record) and second.emissions == ()


@pytest.mark.parametrize(
    ("after", "repeated"),
    [(timedelta(minutes=10), True), (timedelta(minutes=10, seconds=1), False), (timedelta(days=1), False)],
)
def test_after_the_window_the_same_words_are_another_request(after, repeated):
    told = story()
    told.post(HOUR)
    assert (told.post(HOUR + after).reason == "repeated") is repeated


def test_a_second_request_of_the_same_words_counts_once_it_is_one():
    told = story()
    first, again = told.post(HOUR), told.post(HOUR + timedelta(days=1))
    assert len(again.lead.record) == len(first.lead.record) + 1


def test_after_the_first_was_dealt_with_the_same_words_are_another_request_within_the_window():
    told = story()
    first = told.post(HOUR)
    told.lead = first.lead.but(pass_number=first.lead.pass_number + 1)
    assert told.post(HOUR + 3 * SECOND).reason is None


def test_late_and_out_of_order_repetitions_are_told_as_well():
    told = story()
    told.post(HOUR + 5 * SECOND)
    assert told.post(HOUR).reason == "repeated"


def test_a_lead_remembers_a_bounded_number_of_requests():
    told = story()
    for number in range(3 * MAX_REQUESTS):
        told.take(sent(START + number * SECOND, body=f"email=a%40b.example&n={number}".encode()))
    assert len(told.lead.requests) == MAX_REQUESTS
    assert (
        told.take(sent(START + HOUR / 30, body=f"email=a%40b.example&n={number}".encode())).decision.reason
        == "repeated"
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4000), min_size=2, max_size=7))
def test_of_the_same_words_those_count_that_are_further_apart_than_the_window(seconds):
    told, counted = story(), []
    for after in sorted(seconds):
        decision = told.post(after * SECOND)
        if not counted or after - counted[-1] > 600:
            assert decision.reason != "repeated" or after in counted
            counted.append(after)
        elif after not in counted:
            assert decision.reason == "repeated"


def test_repetition_is_explained_among_the_reasons():
    assert REASONS["repeated"].fate == "ignored"


# Facts that are no requests, such as an opened mail of a platform without ids.
def opened(at):
    parsed = Parsed(
        kind=Kind.EMAIL_OPENED, references=(Reference(system="m", object="person", id="7"),), dedupe_key="body:abc"
    )
    return to_signal(parsed, source("mautic"), at, KEY)


class Inbox:
    """Stands for the store's inbox."""

    def __init__(self):
        self.held = set()

    async def claim_new(self, idents, now):
        new = {ident for ident in idents if ident not in self.held}
        self.held |= new
        return new


async def kept(inbox, *signals):
    batch = [Incoming(None, signal) for signal in signals]
    return [incoming.signal for incoming in await claim_new_signals(inbox, batch, AT)]


BORDER = datetime.fromordinal((AT.toordinal() // 30 + 1) * 30).replace(tzinfo=UTC)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("before", "after"), [(SECOND, SECOND), (timedelta(days=29), SECOND), (SECOND, timedelta(days=29))]
)
async def test_a_repetition_right_across_the_border_of_a_window_is_a_repetition(before, after, together):
    inbox, first, second = Inbox(), opened(BORDER - before), opened(BORDER + after)
    assert first.id != second.id
    taken = await kept(inbox, first, second) if together else [*await kept(inbox, first), *await kept(inbox, second)]
    assert taken == [first]


async def test_two_windows_later_it_is_a_new_fact_and_a_repetition_prolongs_nothing():
    inbox = Inbox()
    assert await kept(inbox, opened(BORDER - SECOND)) and not await kept(inbox, opened(BORDER + timedelta(days=29)))
    assert await kept(inbox, opened(BORDER + timedelta(days=31)))


async def test_the_same_signal_twice_in_a_batch_is_taken_once():
    signal = opened(AT)
    assert await kept(Inbox(), signal, signal) == [signal]
    assert isinstance(signal, Signal)
