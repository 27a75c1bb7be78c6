"""Promises of how many and how good: a clock a period, counted as it happens, judged at its end, corrected by what comes late."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from routing.decide import decide
from routing.draft import Context
from routing.explain.volume import explain_volume
from routing.model.ids import promise_subject
from routing.model.records import Tallied, Tally
from routing.sla import periods, volumes
from routing.sla.periods import Terms, period_of
from schemas.signals import ClockDue
from schemas.yamlfile import FileError
from tests.setups import START, signal
from tests.stories import HOUR, MINUTE, rules

STOCKHOLM = ZoneInfo("Europe/Stockholm")
COUNT = {
    "name": "leads", "side": "marketing", "counts": "hand_over", "at_least": 3, "per": "month", "calendar": "stockholm",
    "warnings": ["24h elapsed"], "ladder": [{"do": "notify"}, {"after": "8h elapsed", "do": "escalate"}],
}  # fmt: skip
SHARE = {
    "name": "good", "side": "marketing", "counts": "accepted", "against": "rejected", "share": "80%", "per": "month",
    "calendar": "stockholm",
}  # fmt: skip
END = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
"""Of November in Stockholm."""


def promised(*entries):
    return rules(sla={"policies": [], "volumes": list(entries)})


LONG_AGO = datetime(2026, 9, 15, tzinfo=UTC)


class Promise:
    """One promise through a period; `said` are the events of it. It was measured before, unless `since` is None."""

    def __init__(self, entry, ruling=None, since=LONG_AGO):
        self.ruling, self.name = ruling or promised(entry), entry["name"]
        self.tally, self.said, self.number = Tally(name=self.name, since=since), [], 0

    def take(self, told):
        self.tally = told.tally.but(sequence=self.tally.sequence + len(told.emissions))
        self.said += told.emissions
        return told

    def terms(self, now):
        return Terms(self.ruling.agreement, self.ruling.agreement_of, self.ruling.roster, now, self.ruling.timeline)

    def begin(self, now=START):
        return self.take(volumes.begin(self.tally, self.name, signal("begin", "period.begun", at=now), self.terms(now)))

    def add(self, at=START, good=True, now=None):
        self.number += 1
        item = signal(f"add{self.number}", "form.submitted", at=at)
        return self.take(volumes.add(self.tally, Tallied(self.name, good, at), item, self.terms(now or at)))

    def wait(self, until=END + timedelta(days=2)):
        """What falls due is announced."""
        while self.tally.periods and (clock := self.clock).next_at is not None and clock.next_at <= until:
            due = ClockDue(clock_id=clock.id, revision=clock.revision, lead_id=promise_subject(self.name),
                           due_at=clock.next_at, noticed_at=clock.next_at + MINUTE)  # fmt: skip
            self.take(volumes.fall_due(self.tally, due, self.terms(due.noticed_at)))
        return self

    @property
    def clock(self):
        return list(self.tally.periods.values())[-1].clock

    def types(self):
        return [e.data.type_name.removeprefix("stafett.sla.").removesuffix(".v1") for e in self.said]


def test_a_period_in_which_nothing_is_counted_is_warned_of_breached_and_climbs_its_ladder_each_once():
    promise = Promise(COUNT)
    promise.begin()
    promise.begin()
    promise.wait()
    assert promise.types() == ["started", "warned", "breached", "escalated", "escalated"]
    started, warned, breached, notified, escalated = (e.data for e in promise.said)
    assert (started.started_at, started.due_at) == (datetime(2026, 10, 31, 23, 0, tzinfo=UTC), END)
    assert (started.subject_kind, started.subject_id, started.counted) == ("organisation", "nordlys", 0)
    assert warned.warned_at == END - 24 * HOUR
    assert promise.said[2].at == END and breached.noticed_at == END + MINUTE
    assert [owner.person for owner in notified.to] == ["lena"], "marketing's promise: marketing is told"
    assert [owner.person for owner in escalated.to] == ["maja"] and escalated.escalated_at == END + 8 * HOUR


def test_a_count_is_kept_at_the_instant_of_the_one_that_reached_it_and_its_end_says_nothing_more():
    promise = Promise(COUNT)
    for at in (START + HOUR, START, START + 2 * HOUR, START + 3 * HOUR):
        promise.add(at, now=START + 4 * HOUR)
    promise.wait()
    assert promise.types() == ["started", "fulfilled"]
    assert promise.said[-1].data.fulfilled_at == START + 2 * HOUR and promise.clock.state == "fulfilled"


def test_what_happened_before_the_end_and_comes_late_corrects_the_breach():
    promise = Promise(COUNT)
    promise.add()
    promise.add()
    promise.wait(END)
    promise.add(END - MINUTE, now=END + HOUR)
    assert promise.types()[-1] == "corrected"
    corrected = promise.said[-1].data
    assert (corrected.old, corrected.new, corrected.fulfilled_at) == ("breached", "fulfilled", END - MINUTE)
    promise.wait()
    assert "escalated" not in promise.types()[promise.types().index("corrected") :], "nobody is told of what was kept"


def test_the_instant_of_the_end_belongs_to_the_next_period():
    promise = Promise(COUNT)
    for _ in range(3):
        promise.add(END, now=END)
    assert list(promise.tally.periods) == ["2026-12-01"]


def test_a_fact_of_a_period_that_was_never_measured_starts_no_clock():
    promise = Promise(COUNT)
    told = promise.add(START - timedelta(days=60), now=START)
    assert promise.said == [] and "not measured" in told.note and promise.tally.periods == {}


@pytest.mark.parametrize(("good", "bad", "said"), [(8, 2, "fulfilled"), (7, 2, "breached"), (0, 0, "cancelled")])
def test_a_share_is_known_at_the_end(good, bad, said):
    promise = Promise(SHARE)
    promise.begin()
    for number in range(good + bad):
        promise.add(good=number < good)
    assert promise.types() == ["started"]
    promise.wait()
    assert promise.types() == ["started", said]
    assert (promise.said[-1].data.counted, promise.said[-1].data.counted_against) == (good, bad)


def test_a_late_rejection_corrects_a_share_that_was_kept():
    promise = Promise(SHARE)
    for number in range(5):
        promise.add(good=number < 4)
    promise.wait()
    promise.add(END - HOUR, good=False, now=END + HOUR)
    assert promise.types() == ["started", "fulfilled", "corrected"]
    assert (promise.said[-1].data.old, promise.said[-1].data.new) == ("fulfilled", "breached")


def test_a_period_keeps_the_terms_that_it_began_under():
    promise = Promise(COUNT)
    promise.begin()
    before = promise.ruling
    now = promised(COUNT | {"at_least": 1})
    promise.ruling = now._replace(past={before.agreement.hash: before.agreement})
    promise.add()
    assert promise.types() == ["started"], "three were promised when it began"


# --- the first period -------------------------------------------------------------------------------------------------
DECEMBER = "2026-12-01"


def test_the_first_period_that_is_judged_is_the_first_whole_one():
    promise = Promise(COUNT, since=None)
    assert "first judged in the period that begins at 2026-11-30T23:00" in promise.begin().note
    promise.add()
    promise.wait()
    assert (promise.said, promise.tally.periods) == ([], {}), "neither warned nor breached for a part of November"
    promise.begin(END + MINUTE)
    promise.add(END - HOUR, now=END + HOUR)
    assert promise.types() == ["started"] and promise.said[0].data.started_at == END
    assert promise.tally.periods[DECEMBER].counted == 0, "what is told late of November counts for nothing"
    promise.wait(END + timedelta(days=40))
    assert promise.types() == ["started", "warned", "breached", "escalated", "escalated"]


@pytest.mark.parametrize(
    ("ruled", "seen", "judged"),
    [
        ("2026-11-01T00:00:00+01:00", "2026-11-01T00:00:20+01:00", True),
        ("2026-11-01T00:00:00+01:00", "2026-11-01T07:00:00+01:00", True),
        ("2026-10-20T00:00:00+02:00", "2026-10-20T00:00:01+02:00", False),
        ("2026-10-20T00:00:00+02:00", "2026-11-10T09:00:00+01:00", False),
        ("2026-11-01T00:00:00+01:00", "2026-11-20T09:00:00+01:00", False),
        ("2026-11-01T00:00:01+01:00", "2026-11-01T00:00:20+01:00", False),
    ],
    ids=[
        "at its first instant",
        "seen hours later",
        "within the month before",
        "seen in the next month",
        "seen late",
        "a second late",
    ],
)
def test_a_published_promise_is_measured_since_it_rules_and_the_service_runs(ruled, seen, judged):
    promise = Promise(COUNT, since=None)
    published = (datetime.fromisoformat(ruled), promise.ruling.agreement)
    promise.ruling = promise.ruling._replace(timeline=(published,))
    promise.begin(datetime.fromisoformat(seen))
    assert bool(promise.tally.periods) == judged


def test_a_service_that_was_down_over_the_turn_of_the_month_judges_the_whole_month_and_warns_late():
    promise = Promise(COUNT | {"warnings": ["648h elapsed"]})
    promise.begin(datetime(2026, 11, 15, tzinfo=UTC))
    promise.wait()
    assert promise.types()[:2] == ["started", "warned"]
    assert promise.said[1].data.warned_at == END - timedelta(days=27)


def test_no_warning_is_dated_before_the_promise_was_measured():
    promise = Promise(COUNT | {"warnings": ["719h elapsed", "24h elapsed"]}, since=None)
    begin = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    promise.ruling = promise.ruling._replace(timeline=((begin, promise.ruling.agreement),))
    promise.begin(begin + 2 * HOUR)
    promise.wait()
    assert [e.data.warned_at for e in promise.said if "warned" in e.data.type_name] == [END - 24 * HOUR]


def test_a_promise_that_a_version_left_out_begins_anew_with_the_one_that_has_it_again():
    promise, without = Promise(COUNT), promised(SHARE).agreement
    back = datetime(2026, 11, 20, tzinfo=UTC)
    versions = ((LONG_AGO, promise.ruling.agreement), (datetime(2026, 10, 10, tzinfo=UTC), without))
    promise.ruling = promise.ruling._replace(timeline=(*versions, (back, promise.ruling.agreement)))
    promise.begin()
    assert promise.tally.periods == {} and promise.tally.since == back
    promise.begin(END)
    assert list(promise.tally.periods) == [DECEMBER]


@pytest.mark.parametrize(
    ("since", "asked"),
    # Of the 166 open hours of November, 38 are left on the 24th at 10:00, 7 on the 30th at 9:00.
    [(START, 9), (datetime(2026, 11, 30, 8, 0, tzinfo=UTC), 1), (datetime(2026, 11, 30, 15, 59, tzinfo=UTC), 1)],
)
def test_pro_rata_asks_for_the_part_of_the_count_that_the_open_time_left_is_of_the_period(since, asked):
    promise = Promise(COUNT | {"at_least": 40, "first": "pro_rata", "warnings": ["480h elapsed"]}, since=None)
    promise.begin(since)
    promise.add(since - HOUR, now=since + MINUTE)
    assert (promise.clock.started_at, promise.clock.due_at) == (since, END)
    assert promise.clock.target == f"{asked} hand_over until the end of the month (40 hand_over a month, pro rata)"
    for _ in range(asked):
        assert promise.clock.state == "running", "what happened before it was measured does not count"
        promise.add(since)
    assert promise.clock.state == "fulfilled" and "warned" not in promise.types()
    promise.begin(END)
    assert (promise.clock.target, promise.clock.started_at) == ("40 hand_over a month", END)


def test_pro_rata_of_a_share_is_the_same_share_and_of_no_open_time_nothing():
    shared = Promise(SHARE | {"first": "pro_rata"}, since=None)
    shared.begin()
    assert (shared.clock.target, shared.clock.started_at) == ("80% accepted, not rejected, a month", START)
    closed = Promise(COUNT | {"first": "pro_rata"}, since=None)
    closed.begin(datetime(2026, 11, 30, 20, 0, tzinfo=UTC))
    assert closed.tally.periods == {}


@pytest.mark.parametrize(
    ("per", "at", "first", "begin", "end"),
    [
        ("week", "2026-11-29T23:30:00+01:00", "2026-11-23", "2026-11-23T00:00:00+01:00", "2026-11-30T00:00:00+01:00"),
        ("month", "2026-10-25T12:00:00+01:00", "2026-10-01", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"),
        ("quarter", "2026-12-31T23:59:59+01:00", "2026-10-01", "2026-10-01T00:00:00+02:00", "2027-01-01T00:00:00+01:00"),
        ("year", "2026-01-01T00:00:00+01:00", "2026-01-01", "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"),
        ("month", "2026-12-31T22:59:59+00:00", "2026-12-01", "2026-12-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"),
    ],
)  # fmt: skip
def test_periods_are_half_open_by_midnights_of_the_zone(per, at, first, begin, end):
    said = period_of(datetime.fromisoformat(at), per, STOCKHOLM)
    assert said == (first, datetime.fromisoformat(begin), datetime.fromisoformat(end))


def test_a_day_whose_midnight_is_skipped_begins_at_its_first_instant():
    santiago = ZoneInfo("America/Santiago")  # 2024-09-08 begins at 01:00
    assert periods._midnight(datetime(2024, 9, 8).date(), santiago) == datetime(2024, 9, 8, 4, 0, tzinfo=UTC)


# --- what a decision counts for ---------------------------------------------------------------------------------------
def tallied(ruling, *items):
    lead, found = None, []
    for item in items:
        context = Context(ruling.agreement, ruling.roster, {}, None, item.received_at)
        decision = decide(lead, item, context)
        lead, found = decision.lead or lead, found + [(one.volume, one.good) for one in decision.tallied]
    return found


def test_stages_answers_and_meetings_count_for_what_names_them_and_rejections_against():
    every = [SHARE | {"name": "good"}, COUNT, COUNT | {"name": "met", "counts": "meeting_booked"},
             COUNT | {"name": "offers", "counts": "offered"}]  # fmt: skip
    ruling = promised(*every)
    asked = signal("1", "form.submitted", form_id="demo")
    assert tallied(ruling, asked) == [("leads", True), ("offers", True)]
    no = signal("2", "sales.rejected", at=START + HOUR, reason="no_budget")
    assert ("good", False) in tallied(ruling, asked, no)
    assert ("met", True) in tallied(ruling, asked, signal("3", "sales.meeting_booked", at=START + HOUR))


def test_a_teams_promise_names_the_team_and_nobodys_lead():
    promise = Promise(COUNT | {"subject": {"team": "north"}})
    promise.begin()
    promise.wait()
    told = [emission.data for emission in promise.said]
    assert {(data.subject_kind, data.team) for data in told} == {("team", "north")}
    assert {(data.personal, data.handover_id, data.queue) for data in told} == {(None, None, None)}
    of_all = Promise(COUNT)
    of_all.begin()
    assert of_all.said[0].data.team is None


@pytest.mark.parametrize("mode", ["import", "observe", "test"])
def test_what_is_imported_or_on_trial_counts_for_nothing(mode):
    assert tallied(promised(COUNT), signal("1", "form.submitted", form_id="demo", mode=mode)) == []


def test_only_the_leads_of_the_condition_and_of_the_person_count():
    asked = signal("1", "form.submitted", form_id="demo", tags=("enterprise",))
    for entry, found in (
        (COUNT | {"when": "'enterprise' in lead.tags"}, [("leads", True)]),
        (COUNT | {"when": "'small' in lead.tags"}, []),
        (COUNT | {"counts": "offered", "subject": {"person": "elin"}}, [("leads", True)]),
        (COUNT | {"counts": "offered", "subject": {"person": "johan"}}, []),
    ):
        assert tallied(promised(entry), asked) == found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"at_least": None}, "at_least"),
        ({"share": "80%", "against": "rejected"}, "at_least"),
        ({"at_least": None, "share": "80", "against": "rejected"}, "write it as 80%"),
        ({"at_least": None, "share": "80%"}, "go together"),
        ({"counts": "hand_overs"}, "counts"),
        ({"calendar": "oslo"}, "calendar `oslo`"),
        ({"warnings": ["1 business day"]}, "in hours"),
        ({"ladder": [{"do": "reassign"}]}, "ladder"),
        ({"subject": {"team": "a", "person": "elin"}}, "say `team` or `person`"),
        ({"when": "lead.nothing"}, "lead.nothing"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_rule(change, said):
    with pytest.raises(FileError, match=said.replace("`", ".").replace("(", ".")):
        promised({key: value for key, value in (COUNT | change).items() if value is not None})


def test_it_explains_what_was_counted():
    promise = Promise(SHARE)
    promise.add()
    promise.add(good=False)
    text = explain_volume(promise.clock, next(iter(promise.tally.periods.values()))).text
    assert "80% accepted, not rejected, a month" in text and "1 counted so far, 1 against" in text
    assert "not kept any more" in explain_volume(promise.clock, None).text
