"""Errors say what to write instead, and never what was written."""

import pytest
from pydantic import ValidationError

from schemas.commands import Command
from schemas.roster import RosterFile
from schemas.wording import keys_at, rule_of
from schemas.yamlfile import FileError, load
from tests.setups import EXAMPLES

LEAD = f"lead_{'a' * 26}"


ROSTER = (EXAMPLES / "roster.yaml").read_text()


@pytest.mark.parametrize(
    ("change", "place", "rule"),
    [
        (("successor: karin", "successor: karim"), "people.2.successor", "`people`; did you mean `karin`?"),
        (("{person: olof}", "{person: olov}"), "pools.4.seats.0.person", "`people`; did you mean `olof`?"),
        (("id: anders", "id: sara"), "people.1.id", "two people have the same id"),
        (('"9002"', '"9001"'), "people.1.ids.pipedrive", "`sara` and `anders` have the same id in pipedrive"),
        (("name: key-accounts", "name: field"), "pools.3.name", "two pools have the same name"),
        (("id: lena\n", "id: lena\n    team: north\n"), "people.6.team", "`north` is not among `teams`"),
    ],
)
def test_what_breaks_the_roster_is_named_at_its_own_line(change, place, rule):
    assert ROSTER.count(change[0]) == 1
    text = ROSTER.replace(*change)
    line = ROSTER[: ROSTER.index(change[0])].count("\n") + 1 + change[1].count("\n", 0, -1)
    with pytest.raises(FileError) as broken:
        load(text, RosterFile, "roster.yaml")
    (said,) = broken.value.problems
    assert said.startswith(f"roster.yaml:{line}: {place}: ") and rule in said, said


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"command": "acept", "lead": LEAD, "reason": "x"}, "; did you mean `accept`?"),
        ({"lead": LEAD, "reason": "x"}, "`command` is missing, and it is needed"),
        ({"command": "accept", "reason": "x"}, "`lead` is missing, and it is needed"),
        ({"command": "accept", "lead": LEAD, "reason": ""}, "must not be empty"),
        ({"command": "accept", "lead": "anna", "reason": "x"}, "the id of a lead is lead_ and 26 letters and digits"),
        ({"command": "leave", "person": "Åsa Öberg", "reason": "x"}, "a name has a to z, 0 to 9"),
        ({"command": "approve", "hash": "ab12", "side": "sales", "reason": "x"}, "all 64 digits"),
        ({"command": "approve", "hash": "a" * 64, "side": "sale", "reason": "x"}, "; did you mean `sales`?"),
        ({"command": "accept", "leed": LEAD, "lead": LEAD, "reason": "x"}, "unknown key; did you mean `lead`?"),
        ("accept", "must be an object"),
    ],
)
def test_a_command_that_cannot_be_read_says_what_to_write(said, rule):
    from schemas.commands import Accept

    with pytest.raises(ValidationError) as refused:
        Command.model_validate(said)
    (problem,) = refused.value.errors()
    told = rule_of(problem, keys_at(Accept, ()))
    assert rule in told
    assert not any(value in told for value in ("acept", "anna", "Åsa", "ab12", "leed") if value not in rule)
