"""What is said of each of the roster, and the picture of their shares."""

from datetime import UTC, datetime, timedelta

from routing.agreement.agreement import compile_agreement
from routing.model.records import Clock, Ledger, LedgerEntry
from routing.people.roster import Roster
from schemas.events import Answerable
from schemas.roster import Absence, Capacity, Member, Pool, RosterFile, Seat, Team
from services.console.language.reader import reader_of
from services.console.people.rows import View, person_row
from services.console.people.shares import shares_of
from services.console.people.volumes import volume_lines, with_volumes
from services.console.people.weeks import read_week
from services.ports.workloads import Workload, Workloads
from services.router.deciding.writes import clock_row
from tests.setups import EXAMPLES

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
READER = reader_of("en", "Europe/Stockholm", NOW)
AGREEMENT = compile_agreement((EXAMPLES / "agreement.yaml").read_text())


def away(since, until=None):
    return Absence.model_validate({"from": NOW + timedelta(days=since), "to": until and NOW + timedelta(days=until)})


def row(load=None, is_all=True, week="", **more):
    member = Member(id="elin", roles=("sales",), **more)
    roster = Roster(
        RosterFile(version=1, people=(member,), teams=(Team(name="north", capacity=Capacity(per_week=40)),))
    )
    view = View(read_week(week, READER, AGREEMENT), READER)
    return person_row(member, roster, Workloads({"elin": load or Workload()}, is_all), view=view)


def test_an_absence_is_told_as_seen_from_now():
    assert row(absences=(away(-9, -2),)).away == [], "it is over"
    gone = row(absences=(away(20), away(-2, 4)))
    assert gone.is_away and gone.away == [
        "away until Fri 4 Dec, 10:00 CET",
        "away from Sun 20 Dec, 10:00 CET on",
    ]
    assert row(absences=(away(-1),)).away == ["away, nobody knows until when"]
    later = row(absences=(away(1, 2),))
    assert not later.is_away and later.away == ["away from Tue 1 Dec, 10:00 CET until Wed 2 Dec, 10:00 CET"]


def test_capacity_is_their_own_and_that_of_their_team():
    assert row().capacity == []
    lines = row(capacity=Capacity(open=30, per_day=5, per_month=60), team="north").capacity
    assert lines == ["30 at a time", "5 new a day", "60 new a month", "with all of north: 40 new a week"]


def test_each_figure_leads_to_its_leads():
    figures = row(Workload(3, 1, 2, 7, 0), week="last", capacity=Capacity(open=9)).figures
    assert [(one.text, one.url, one.tone) for one in figures] == [
        ("3 of 9", "/people/elin?show=open&week=last", ""),
        ("1", "/?owner=elin&due=overdue", "late"),
        ("2", "/?owner=elin&due=today", ""),
        ("7", "/people/elin?show=kept&week=last", ""),
        ("0", "/people/elin?show=broken&week=last", ""),
    ]
    assert row(Workload(3), is_all=False).figures[0].text == "3+"


def test_a_week_is_from_monday_to_sunday_where_the_reader_is():
    week = read_week("", READER, AGREEMENT)
    assert week.span.since == datetime(2026, 11, 29, 23, tzinfo=UTC)
    assert week.span.until - week.span.since == timedelta(days=7)
    assert (week.text, week.title) == ("Monday 30 November – Sunday 6 December", "this week")
    assert read_week("last", READER, AGREEMENT).span.until == week.span.since
    assert read_week("2020", READER, AGREEMENT).name == ""


def test_our_own_clocks_are_nobodys_promises_and_those_of_marketing_are_told_apart():
    span = read_week("", READER, AGREEMENT).span
    assert {"queue", "offer_expiry"} <= span.passed_over
    assert {"dossier", "judged"} <= span.of_marketing
    assert not {"follow-up", "answer", "silent-deal"} & {*span.passed_over, *span.of_marketing}


def volume(ident, state="fulfilled", **more):
    body = Clock(
        id=ident, policy=ident, metric="volume", started_at=NOW, target="t", due_at=NOW, agreement="a",
        cause="c", side="marketing", state=state, **({"subject_kind": "organisation", "subject_id": "nordlys"} | more),
    )  # fmt: skip
    return clock_row(body, "p", promise=ident)


def test_volumes_are_theirs_who_promised_them_alone_or_with_their_team():
    elin, sara = (Member(id=name, roles=("sales",), team=team) for name, team in (("elin", "field"), ("sara", None)))
    found = [
        volume("teams", "breached", subject_kind="team", subject_id="field", answerable=Answerable(team="field")),
        volume("hers", subject_kind="person", subject_id="sara", person="sara"),
        volume("signed", answerable=Answerable(person="sara")),
        volume("everybodys"),
    ]
    loads = Workloads({"elin": Workload(kept=3), "sara": Workload(), "johan": Workload(kept=1)}, True)
    people = with_volumes(loads, [elin, sara], found).people
    assert (people["elin"], people["sara"]) == (Workload(kept=3, broken=1), Workload(kept=2))
    assert people["johan"] == Workload(kept=1)
    (line,) = volume_lines(elin, "breached", found, READER)
    assert (line.name, line.lead_id) == ("teams", None)
    assert line.what == "a promise by number of all of field, due Mon 30 Nov, 10:00 CET"
    assert [one.name for one in volume_lines(sara, "fulfilled", found, READER)] == ["hers", "signed"]


def test_a_volume_that_ran_before_clocks_said_who_answers_for_them_is_still_whose_it_was():
    before = {"subject_kind": "person", "subject_id": "sara", "person": "sara"}
    assert volume("hers", **before).person == "sara"
    assert volume("hers", **(before | {"answerable": Answerable(person="lena")})).person == "lena"
    assert volume("everybodys", person="sara").person is None


POOL = Pool(name="field", seats=(Seat(person="elin"), Seat(person="johan"), Seat(person="karin", weight=0.5)))
LEDGER = Ledger(
    pool="field",
    entries={
        "elin": LedgerEntry(given=5, short=-1.0),
        "johan": LedgerEntry(given=3, short=1.0),
        "karin": LedgerEntry(given=2, short=0.0),
    },
).text()


def test_shares_are_drawn_to_one_scale_and_said_beside():
    shares = shares_of(POOL, LEDGER, ["elin", "johan", "karin"], READER)
    assert [(one.name, one.given, one.fair, one.balance) for one in shares.rows] == [
        ("Elin", "5", "4", "1 ahead"),
        ("Johan", "3", "4", "1 short"),
        ("Karin", "2", "2", "just their share"),
    ]
    assert [(one.width, one.mark, one.y) for one in shares.rows] == [
        ("290.0", "342.0", 0),
        ("174.0", "342.0", 26),
        ("116.0", "226.0", 52),
    ]
    assert "Johan was given 3, a fair share is 4; Karin" in shares.desc
    assert shares == shares_of(POOL, LEDGER, ["elin", "johan", "karin"], READER), "the same figures, the same picture"


def test_only_those_whom_the_reader_may_see_are_drawn_and_a_pool_without_turns_is_a_picture_too():
    assert [one.name for one in shares_of(POOL, LEDGER, ["karin"], READER).rows] == ["Karin"]
    assert [one.width for one in shares_of(POOL, None, ["elin"], READER).rows] == ["0.0"]
