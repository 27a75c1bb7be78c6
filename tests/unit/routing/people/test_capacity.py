"""Who can take one more now: hours, capacity, language; and what happens where nobody can."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given as given_some
from hypothesis import strategies as st

from routing.agreement.agreement import check_against, compile_agreement
from routing.decide import decide
from routing.draft import Context
from routing.model.records import Load
from routing.people.capacity import carrier, why_full, with_one_more
from routing.people.roster import Roster
from routing.stages.limbo import why
from schemas.roster import RosterFile, Seat
from schemas.signals import ClockDue, Commanded, Kind
from schemas.yamlfile import FileError
from tests.setups import EXAMPLES, START, signal

HOUR = timedelta(hours=1)
UTC = ZoneInfo("UTC")
TEXT = (EXAMPLES / "agreement.yaml").read_text()
OFFICE = {"zone": "Europe/Stockholm", "week": {"tue": [["09:00", "17:00"]], "wed": [["09:00", "17:00"]]}}


def roster(teams=(), zone=None, **people):
    """The example's people, those of pool `field` as given."""
    given_people = [
        {"id": "sara", "roles": ["sdr"]},
        {"id": "olof", "roles": ["account_manager"]},
        {"id": "maja", "roles": ["manager", "sales"]},
        *({"id": name, "roles": ["sales"], **more} for name, more in people.items()),
    ]
    pools = [
        *({"name": name, "seats": [{"person": "sara"}]} for name in ("sdr", "sdr-south")),
        {"name": "account-managers", "seats": [{"person": "olof"}]},
        *({"name": name, "seats": [{"person": p} for p in people]} for name in ("field", "key-accounts")),
    ]
    file = {"version": 1, "people": given_people, "pools": pools, "teams": list(teams), "zone": zone}
    return Roster(RosterFile.model_validate(file))


def agreement(overflow):
    assert "- name: everybody\n" in TEXT
    return compile_agreement(TEXT.replace("- name: everybody\n", f"- name: everybody\n        overflow: {overflow}\n"))


PLAIN = compile_agreement(TEXT)


def offered(people, rules=PLAIN, at=START, loads=None, number=1, **more):
    item = signal(number, "form.submitted", form_id="demo", at=at, **more)
    return decide(None, item, Context(rules, people, {}, None, at, loads=loads or {}))


def codes(decision):
    return {c["person"]: c.get("code") for c in decision.evidence["owners"][-1]["tried"][-1]["candidates"]}


def test_nobody_is_given_a_lead_outside_their_hours():
    people = roster(elin={"hours": OFFICE}, karin={})
    assert offered(people, at=START).lead.owner == "elin"
    assert offered(people, at=START + 9 * HOUR).lead.owner == "karin"


def test_who_is_full_is_passed_over_and_the_evidence_says_so():
    people = roster(elin={"capacity": {"open": 2}})
    decision = offered(people, loads={"elin": Load(person="elin", open=2)})
    assert decision.lead.owner == "maja"
    assert codes(decision) == {"elin": "full"}
    assert decision.consulted == {"elin"}


def test_a_lead_given_is_remembered_with_its_instant():
    decision = offered(roster(elin={"capacity": {"per_day": 3}}))
    assert decision.loads == (Load(person="elin", seq=1, given=(int(START.timestamp()),)),)


@pytest.mark.parametrize(
    ("capacity", "ago", "full"),
    [
        ({"per_day": 1}, HOUR, True),
        ({"per_day": 1}, 11 * HOUR, False),
        ({"per_week": 1}, 11 * HOUR, True),
        ({"per_week": 1}, 3 * 24 * HOUR, False),
        ({"per_month": 1}, 20 * 24 * HOUR, True),
        ({"per_month": 1}, 25 * 24 * HOUR, False),
        ({"per_month": 2}, 20 * 24 * HOUR, False),
    ],
)
def test_periods_are_calendar_days_weeks_and_months_of_the_persons_zone_never_a_quota_by_the_day(capacity, ago, full):
    people = roster(elin={"capacity": capacity, "hours": OFFICE})
    loads = {"elin": with_one_more(Load(person="elin"), START - ago)}
    assert (why_full("elin", people, loads, START, UTC) == "full") is full


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Europe/Stockholm"])
@given_some(
    st.lists(st.integers(0, 45 * 24), max_size=12),
    st.integers(0, 2),
    st.integers(1, 4),
)
def test_the_day_of_who_has_no_hours_is_one_of_the_organisations_zone(zone, hours, which, most):
    """By a count of our own: leads given so many hours before, in the same day, week or month of that zone."""
    people = roster(elin={"capacity": {("per_day", "per_week", "per_month")[which]: most}}, zone=zone)
    load, same = Load(person="elin"), 0
    for ago in sorted(hours, reverse=True):
        load = with_one_more(load, START - ago * HOUR)
        there, here = (at.astimezone(ZoneInfo(zone)) for at in (START - ago * HOUR, START))
        same += ((there.date() == here.date()), there.isocalendar()[:2] == here.isocalendar()[:2],
                 (there.year, there.month) == (here.year, here.month))[which]  # fmt: skip
    full = why_full("elin", people, {"elin": load}, START, UTC)
    assert (full == "full") == (same >= most)


def test_a_day_of_no_zone_at_all_is_refused_with_who_has_it():
    text = yaml.safe_dump({**_plain(), "calendars": {}})
    bare = compile_agreement(text)
    people = {"elin": {"capacity": {"per_day": 1}}, "karin": {"capacity": {"open": 1}}}
    (problem,) = check_against(bare, roster(**people), text, "a.yaml")
    assert "`elin` has a capacity by day, week or month" in problem and "say `zone` in the roster" in problem
    assert check_against(bare, roster(zone="Europe/Oslo", **people), text, "a.yaml") == []
    assert check_against(PLAIN, roster(**people), TEXT, "a.yaml") == []


def _plain():
    """The example without anything that needs a calendar."""
    file = yaml.load(TEXT, yaml.BaseLoader)
    handover = {key: value for key, value in file["handover"].items() if key != "calendar"}
    return file | {"sla": {}, "handover": handover | {"offer_expires": "4h elapsed"}}


def test_a_team_shares_its_capacity():
    people = roster(
        teams=[{"name": "north", "capacity": {"open": 3}}], elin={"team": "north"}, karin={"team": "north"}, johan={}
    )
    loads = {"elin": Load(person="elin", open=1), "karin": Load(person="karin", open=2)}
    assert {p: why_full(p, people, loads, START, UTC) for p in ("elin", "karin", "johan")} == {
        "elin": "team_full",
        "karin": "team_full",
        "johan": None,
    }
    assert offered(people, loads=loads).consulted == {"elin", "karin"}


def test_open_leads_are_those_in_qualification_hand_over_and_deal():
    lead = offered(roster(elin={})).lead
    assert carrier(lead) == "elin"
    assert carrier(lead.but(stage="nurturing")) is None
    assert carrier(lead.but(disposition="spam")) is None


def test_overflow_goes_to_a_person_or_another_pool():
    people = roster(elin={"capacity": {"open": 1}})
    full = {"elin": Load(person="elin", open=1)}
    assert offered(people, agreement("{person: olof}"), loads=full).lead.owner == "olof"
    to_pool = offered(people, agreement("{pool: account-managers}"), loads=full)
    assert (to_pool.lead.owner, to_pool.ledgers[-1].pool) == ("olof", "account-managers")


def due(lead, number=9):
    (clock,) = [c for c in lead.clocks.values() if c.policy == "queue"]
    body = ClockDue(
        clock_id=clock.id, revision=clock.revision, lead_id=lead.id, due_at=clock.next_at, noticed_at=clock.next_at
    )
    item = signal(number, Kind.CLOCK_DUE, at=clock.next_at, clock=body)
    return item, clock.next_at


def test_where_the_agreement_says_wait_the_lead_waits_until_somebody_is_at_work():
    people, rules = roster(elin={"hours": OFFICE}), agreement("{hold: 20h elapsed}")
    evening = START + 9 * HOUR
    held = offered(people, rules, at=evening)
    assert (held.lead.stage, held.lead.handover.offers, why(held.lead, people)) == ("hand_over", (), None)
    item, at = due(held.lead)
    assert at.isoformat() == "2026-11-25T08:00:00+00:00", "Wednesday, nine in Stockholm"
    after = decide(held.lead, item, Context(rules, people, {}, None, at))
    assert (after.lead.owner, len(after.lead.handover.offers)) == ("elin", 1)
    assert not [c for c in after.lead.clocks.values() if c.policy == "queue" and c.open]


def test_when_the_waiting_is_over_the_next_rule_decides():
    people, rules = roster(elin={"hours": OFFICE}), agreement("{hold: 2h elapsed}")
    held = offered(people, rules, at=START + 9 * HOUR)
    item, at = due(held.lead)
    assert at == START + 11 * HOUR
    after = decide(held.lead, item, Context(rules, people, {}, None, at))
    assert after.lead.owner == "maja"


def test_whoever_claims_it_meanwhile_ends_the_waiting():
    people, rules = roster(elin={"hours": OFFICE}, karin={"hours": OFFICE}), agreement("{hold: 20h elapsed}")
    held = offered(people, rules, at=START + 9 * HOUR).lead
    claim = signal(5, "sales.owner_changed", at=START + 10 * HOUR, sales={"owner_id": "karin"})
    after = decide(held, claim, Context(rules, people, {}, None, START + 10 * HOUR)).lead
    assert after.owner == "karin"
    assert not [c for c in after.clocks.values() if c.policy == "queue" and c.open]


def test_what_was_offered_to_nobody_yet_cannot_be_accepted():
    people, rules = roster(elin={"hours": OFFICE}), agreement("{hold: 20h elapsed}")
    held = offered(people, rules, at=START + 9 * HOUR).lead
    yes = decide(
        held, signal(5, "sales.accepted", at=START + 10 * HOUR), Context(rules, people, {}, None, START + 10 * HOUR)
    )
    assert (yes.lead.handover.accepted_at, yes.note) == (None, "there is no open offer to accept")


def test_whoever_had_the_offer_that_is_over_has_the_lead_no_more_while_it_waits():
    people, rules = roster(elin={"capacity": {"open": 1}}), agreement("{hold: 20h elapsed}")
    lead = offered(people, rules).lead
    no = signal(5, "sales.rejected", at=START + HOUR, reason="no time")
    after = decide(lead, no, Context(rules, people, {}, None, START + HOUR)).lead
    assert (after.stage, after.owner) == ("hand_over", "maja"), "the only one had it, and waiting is in vain"
    people = roster(elin={}, karin={"hours": OFFICE})
    lead, evening = offered(people, rules).lead, START + 9 * HOUR
    no = signal(5, "sales.rejected", at=evening, reason="no time")
    after = decide(lead, no, Context(rules, people, {}, None, evening)).lead
    assert (after.owner, after.unowned_reason, after.limbo) == (None, "waiting: everybody", None)
    assert carrier(after) is None


def test_who_had_a_lead_that_waits_for_an_offer_has_it_no_more_and_leaves_it_waiting():
    people, rules = roster(elin={"hours": OFFICE}), agreement("{hold: 20h elapsed}")
    judged = decide(None, signal(0, "form.submitted", form_id="news"), Context(rules, people, {}, None, START)).lead
    evening = signal(1, "form.submitted", form_id="demo", at=START + 9 * HOUR)
    held = decide(judged, evening, Context(rules, people, {}, None, START + 9 * HOUR)).lead
    assert judged.owner == "sara"
    assert (held.owner, held.unowned_reason) == (None, "waiting: everybody")
    left = Commanded(name="leave", principal="maja", person="sara")
    away = signal(5, "owner.away", at=START + 10 * HOUR, command=left)
    file = people.file.model_copy(update={"people": tuple(m for m in people.file.people if m.id != "sara")})
    after = decide(held, away, Context(rules, Roster(file), {}, None, START + 10 * HOUR)).lead
    assert (after.owner, after.unowned_reason, after.limbo) == (None, "waiting: everybody", None)
    assert decide(after, *later(after, rules, Roster(file))).lead.owner == "elin"


def later(lead, rules, people):
    """The end of the queue's waiting, and what rules then."""
    item, at = due(lead)
    return item, Context(rules, people, {}, None, at)


def test_a_rule_may_ask_for_the_leads_language():
    rules = compile_agreement(TEXT.replace("- name: everybody\n", "- name: everybody\n        match_language: true\n"))
    people = roster(elin={"languages": ["sv"]}, karin={"languages": ["sv", "fi"]})
    lead = decide(None, signal(1, "email.clicked"), Context(rules, people, {}, None, START)).lead
    lead.language = "fi"
    item = signal(2, "form.submitted", form_id="demo", at=START + HOUR)
    decision = decide(lead, item, Context(rules, people, {}, None, START + HOUR))
    assert decision.lead.owner == "karin"
    candidates = {c["person"]: c.get("code") for c in decision.evidence["owners"][-1]["candidates"]}
    assert candidates == {"elin": "language", "karin": None}


@pytest.mark.parametrize("overflow", ["{}", "{hold: 8h business}", "{hold: 2h elapsed, pool: field}"])
def test_an_overflow_says_one_thing_whole(overflow):
    with pytest.raises(FileError, match="overflow"):
        agreement(overflow)


def test_one_lead_judged_and_taken_over_by_the_same_person_counts_once():
    file = roster(elin={"capacity": {"per_day": 3}}).file
    both = [m if m.id != "elin" else m.model_copy(update={"roles": ("sdr", "sales")}) for m in file.people]
    pools = [p if p.name != "sdr" else p.model_copy(update={"seats": (Seat(person="elin"),)}) for p in file.pools]
    people, loads, owners = Roster(file.model_copy(update={"people": tuple(both), "pools": tuple(pools)})), {}, []
    for number in range(1, 5):
        decision = offered(people, loads=loads, number=number, lead=f"lead{number}")
        loads = {load.person: load for load in decision.loads} or loads
        owners.append(decision.lead.owner)
    assert owners == ["elin", "elin", "elin", "maja"]
    assert len(loads["elin"].given) == 3


def test_who_judges_the_last_lead_that_they_have_room_for_can_take_it_over():
    file = roster(elin={"capacity": {"open": 1, "per_day": 1}}).file
    both = [m if m.id != "elin" else m.model_copy(update={"roles": ("sdr", "sales")}) for m in file.people]
    pools = [p if p.name != "sdr" else p.model_copy(update={"seats": (Seat(person="elin"),)}) for p in file.pools]
    people = Roster(file.model_copy(update={"people": tuple(both), "pools": tuple(pools)}))
    judged = decide(None, signal(1, "form.submitted", form_id="news"), Context(PLAIN, people, {}, None, START)).lead
    assert (judged.stage, judged.owner) == ("qualification", "elin")
    loads = {"elin": Load(person="elin", open=1, given=(int(START.timestamp()),))}
    item = signal(2, "form.submitted", at=START + HOUR, form_id="demo")
    taken = decide(judged, item, Context(PLAIN, people, {}, None, START + HOUR, loads=loads))
    assert (taken.lead.stage, taken.lead.owner, taken.loads) == ("hand_over", "elin", ())
    other = decide(None, item.but(id="sig_3"), Context(PLAIN, people, {}, None, START + HOUR, loads=loads))
    assert other.lead.owner == "maja", "another lead finds them full"


def test_a_day_of_who_has_no_hours_is_one_of_the_organisations_zone_never_of_utc():
    late = START.replace(hour=23, minute=30)  # half past midnight in Stockholm
    load = {"elin": Load(person="elin", given=(int((late - 2 * HOUR).timestamp()),))}
    people = roster(elin={"capacity": {"per_day": 1}})
    assert offered(people, at=late, loads=load).lead.owner == "elin", "by the zone of the agreement's calendars"
    west = Roster(people.file.model_copy(update={"zone": "America/New_York"}))
    assert offered(west, at=late, loads=load).lead.owner == "maja", "by the roster's, where it names one"
    with pytest.raises(ValueError, match="no IANA time zone"):
        RosterFile.model_validate({**people.file.model_dump(by_alias=True), "zone": "Stockholm"})
