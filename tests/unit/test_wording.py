"""Errors say what to write instead, and never what was written."""

import pytest
from pydantic import ValidationError

from schemas.commands import Command
from schemas.wording import keys_at, rule_of

LEAD = f"lead_{'a' * 26}"


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
        ("accept", "has to be an object"),
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
