"""What the agreement says of the forum: a calendar and readers that are there."""

import pytest

from routing.agreement.agreement import check_against, compile_agreement
from routing.people.roster import Roster
from schemas.roster import RosterFile
from schemas.yamlfile import FileError, load
from tests.setups import EXAMPLES

TEXT = (EXAMPLES / "agreement.yaml").read_text()
ROSTER = (EXAMPLES / "roster.yaml").read_text()


def problems(forum):
    roster = Roster(load(ROSTER, RosterFile, "roster.yaml"))
    text = f"{TEXT}\nforum: {forum}\n"
    return "\n".join(check_against(compile_agreement(text), roster, text, "agreement.yaml"))


def test_a_forum_that_names_no_readers_is_sound():
    assert problems('{weekday: fri, time: "15:30", calendar: stockholm}') == ""


def test_a_reader_who_is_not_in_the_roster_or_has_no_address_is_named():
    said = problems('{weekday: mon, time: "08:00", to: [majja, olof]}')
    assert "forum.to.0: `majja` is not in the roster; did you mean `maja`?" in said
    assert "forum.to.1: `olof` has no address in the roster" in said


@pytest.mark.parametrize(
    ("forum", "rule"),
    [
        ('{weekday: mon, time: "08:00", calendar: oslo}', "calendar `oslo` is not among `calendars`"),
        ('{weekday: mon, time: "24:00"}', "write 00:00 of the next weekday"),
        ('{weekday: mon, time: "08:00", stuck_after: 0}', "forum.stuck_after"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(forum, rule):
    with pytest.raises(FileError, match="forum") as caught:
        compile_agreement(f"{TEXT}\nforum: {forum}\n")
    assert rule in str(caught.value)
