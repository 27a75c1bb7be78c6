"""What waited overnight is shared among all who work that day, not given to whoever comes first; where the agreement says so."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from routing.agreement.agreement import compile_agreement
from routing.model.records import Ledger
from routing.people.roster import Roster
from schemas.roster import RosterFile
from schemas.yamlfile import FileError
from services.ports.rows import LedgerKey
from services.rules.ruling import Ruling
from tests.memory import Memory
from tests.setups import EXAMPLES, signal

HOURS = {"elin": ("07:00", "15:00"), "johan": ("09:00", "17:00"), "karin": ("11:00", "19:00")}
EVENING = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
"""Eight in the evening in Stockholm, a Tuesday."""
HOLD = {"hold": "24h elapsed"}


def clock(hour, day=25):
    return datetime(2026, 11, day, hour - 1, 0, tzinfo=UTC)


def ruling(**overflow):
    """One rule: these three, at work one after the other."""
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    rule = {"name": "everybody", "when": "true", "pool": "field", "overflow": {**HOLD, **overflow}}
    file["routing"]["hand_over"] = {"rules": [rule], "fallback": "maja"}
    file["sla"] = {
        "policies": [
            {"name": "answer", "metric": "follow_up", "starts": "offer", "target": "240h elapsed", "side": "sales"}
        ]
    }
    file["handover"]["dossier"]["incomplete"] = "finding"
    file["handover"].pop("offer_expires", None)
    file["handover"].pop("calendar", None)
    people = yaml.load((EXAMPLES / "roster.yaml").read_text(), yaml.BaseLoader)
    for person in people["people"]:
        person.pop("absences", None)
        person.pop("hours", None)
        person.pop("capacity", None)
        if person["id"] in HOURS:
            week = {day: [list(HOURS[person["id"]])] for day in ("mon", "tue", "wed", "thu", "fri")}
            person["hours"] = {"zone": "Europe/Stockholm", "week": week}
    people.pop("teams", None)
    for person in people["people"]:
        person.pop("team", None)
    for pool in people["pools"]:
        if pool["name"] == "field":
            pool["seats"] = [{"person": name} for name in HOURS]
    return Ruling(compile_agreement(yaml.safe_dump(file)), Roster(RosterFile.model_validate(people)))


class Night(Memory):
    def come(self, count, at=EVENING, first=0):
        for number in range(first, first + count):
            self.give(signal(number, "form.submitted", lead=f"p{number}", at=at, form_id="demo"))
        return self

    def until(self, at):
        while (row := self.next_due()) is not None and row.next_at <= at:
            self.announce(row)
        self.at = max(self.at, at)
        return self

    def owners(self):
        return Counter(row.owner for row in self.leads.values())

    def ledger(self):
        return Ledger.read(self.ledgers[LedgerKey("pool", "field")].state)


def night(count=9, **overflow):
    return Night(ruling(**overflow), EVENING).come(count)


def test_without_it_whoever_comes_first_gets_all_that_waited():
    assert night().until(clock(12)).owners() == {"elin": 9}


def test_each_who_works_that_day_gets_their_share_when_they_come():
    told = night(shared_over="day")
    assert told.until(clock(8)).owners() == {"elin": 3, None: 6}
    assert told.until(clock(10)).owners() == {"elin": 3, "johan": 3, None: 3}
    assert told.until(clock(12)).owners() == {"elin": 3, "johan": 3, "karin": 3}
    assert {name: entry.given for name, entry in told.ledger().entries.items()} == {"elin": 3, "johan": 3, "karin": 3}


def test_what_comes_while_somebody_is_there_waits_for_nobody():
    told = night(3, shared_over="day").until(clock(8)).come(1, clock(8), first=50)
    assert told.owners()["elin"] == 2


def test_who_falls_ill_before_they_come_takes_no_turn():
    told = night(shared_over="day").until(clock(8))
    people = told.ruling.roster.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for person in people["people"]:
        if person["id"] == "johan":
            person["absences"] = [{"from": "2026-11-25T06:00:00Z", "to": "2026-11-27T06:00:00Z"}]
    told.ruling = told.ruling._replace(roster=Roster(RosterFile.model_validate(people)))
    found = told.until(clock(12)).owners()
    assert found["johan"] == 0 and sum(found.values()) == 9 and None not in found
    assert told.ledger().entries["johan"].given == 0
    assert sum(entry.given for entry in told.ledger().entries.values()) == 9


def test_a_lead_that_somebody_takes_by_hand_meanwhile_gives_the_turn_back():
    told = night(shared_over="day").until(clock(8))
    kept = next(told.lead(row.id) for row in told.leads.values() if row.owner is None)
    before = told.ledger().entries[kept.queue.kept_for].given
    told.give(signal(90, "disposition.set", at=clock(8), reason="not_a_buyer").but(lead_id=kept.id, identities=()))
    assert told.ledger().entries[kept.queue.kept_for].given == before - 1


def test_the_explanation_says_whose_turn_it_is():
    told = night(shared_over="day").until(clock(8))
    queues = [told.lead(row.id).queue for row in told.leads.values() if row.owner is None]
    assert Counter(queue.kept_for for queue in queues) == {"johan": 3, "karin": 3}
    assert {passed.person: passed.codes for passed in queues[0].passed} == {
        "elin": ("turn",), "johan": ("off_hours",), "karin": ("off_hours",),
    }  # fmt: skip


def test_over_a_week_of_nights_shares_stay_level():
    told = Night(ruling(shared_over="day"), EVENING)
    for day in range(4):
        told.come(7, EVENING + day * timedelta(days=1), first=day * 100).until(clock(18, 25 + day))
    found = told.owners()
    assert max(found.values()) - min(found.values()) <= 1, found


def test_it_is_for_what_waits():
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    file["routing"]["hand_over"]["rules"][-1]["overflow"] = {"person": "maja", "shared_over": "day"}
    with pytest.raises(FileError, match="shared_over"):
        compile_agreement(yaml.safe_dump(file))
