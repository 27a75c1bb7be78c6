"""Who may approve for a side, by name: looked at when it is approved, when it is published, and when it is taken back."""

import itertools

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from routing.agreement.agreement import check_against, compile_agreement
from routing.people.commands import ROSTER_KEY, to_signal
from routing.people.permissions import OPERATOR, Principal, cannot_sign, signers
from routing.people.roster import Roster
from routing.people.roster_changes import apply
from schemas.agreement import Approvers
from schemas.commands import Approve
from schemas.roster import RosterChange
from schemas.yamlfile import FileError
from services.ports.rows import ApprovalRow
from services.rules.approvals import (
    ApprovalRefused,
    approval_of,
    approvals_of_entitled,
    cannot_withdraw,
    counting,
    missing,
    named_by,
    signatures,
    wrongly_typed,
)
from services.rules.ruling import Ruling
from tests.setups import EXAMPLES, START, ruling

ROSTER = ruling().roster
LENA_LEFT = Roster(apply(ROSTER.file, RosterChange(change="left", at=START, person="lena")))
SIDES = ("marketing", "sales")


def version(**approvers):
    """The example's, with these approvers."""
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    return yaml.safe_dump(file | ({"approvers": approvers} if approvers else {}))


PLAIN, NAMED = compile_agreement(version()), compile_agreement(version(sales=["maja"], marketing="lena"))
RULES = Ruling(NAMED, ROSTER)


def asked(person, side, digest=PLAIN.hash):
    command = Approve(command="approve", hash=digest, side=side, reason="as agreed")
    return to_signal(command, Principal(person, person), START, person, "default", ROSTER_KEY)


def given_by(person, side):
    return ApprovalRow(f"{side}-{person}", PLAIN.hash, side, person, person, "agreed", START)


def test_only_who_is_named_approves_while_that_agreement_rules():
    assert approval_of(asked("maja", "sales"), RULES).person == "maja"
    with pytest.raises(ApprovalRefused, match="`elin` is not among the agreement's `approvers` for sales: maja"):
        approval_of(asked("elin", "sales"), RULES)
    assert approval_of(asked("elin", "sales"), Ruling(PLAIN, ROSTER)).person == "elin", "nobody is named: by role"


def test_a_name_gives_no_right_that_the_role_does_not():
    with pytest.raises(ApprovalRefused, match="none of the roles"):
        approval_of(asked("sara", "sales"), RULES)


def test_a_version_that_waits_names_who_approves_the_one_after_it():
    waits = Ruling(PLAIN, ROSTER, timeline=((START, PLAIN), (START.replace(year=2027), NAMED)))
    with pytest.raises(ApprovalRefused, match="not among"):
        approval_of(asked("elin", "sales"), waits)
    assert named_by(waits, PLAIN) == {"marketing": ("lena",), "sales": ("maja",)}
    assert cannot_withdraw("elin", "elin", waits) is None, "it is taken back by those who sign under what rules"


def test_a_version_cannot_name_who_approves_it_while_the_one_before_it_names_somebody():
    new = compile_agreement(version(sales=["elin"], marketing=["lena"]))
    assert named_by(RULES, new) == {"marketing": ("lena",), "sales": ("maja",)}
    assert approvals_of_entitled([given_by("elin", "sales"), given_by("lena", "marketing")], named_by(RULES, new)) == [
        given_by("lena", "marketing")
    ]


def test_the_first_version_that_names_somebody_is_approved_by_them():
    before = Ruling(PLAIN, ROSTER)
    approvals = [given_by("elin", "sales"), given_by("lena", "marketing")]
    assert signatures(approvals_of_entitled(approvals, named_by(before, PLAIN))) == {
        "marketing": "lena",
        "sales": "elin",
    }
    left = approvals_of_entitled(approvals, named_by(before, NAMED))
    assert left == [given_by("lena", "marketing")]
    (line,) = missing(left, NAMED.hash, named_by(before, NAMED))
    assert line.startswith(f"no approval of sales over {NAMED.hash[:12]}: one of maja gives it")


def test_an_approval_given_before_another_agreement_named_others_is_looked_at_when_it_is_published():
    rows = [given_by("elin", "sales"), given_by("lena", "marketing")]
    assert len(counting(rows, PLAIN.hash, ())) == 2
    assert [row.person for row in approvals_of_entitled(counting(rows, PLAIN.hash, ()), named_by(RULES, PLAIN))] == [
        "lena"
    ]


def test_where_nobody_who_is_named_is_left_the_version_says_and_else_the_roles_so_that_nothing_is_stuck():
    alone = Ruling(NAMED, LENA_LEFT)
    assert named_by(alone, PLAIN)["marketing"] == ()
    other = compile_agreement(version(marketing=["maja"], sales=["elin"]))
    assert named_by(alone, other) == {"marketing": ("maja",), "sales": ("maja",)}
    assert approval_of(asked("maja", "marketing"), alone).side == "marketing"


def test_what_the_operator_types_for_the_first_publication_goes_by_the_names_too():
    names = named_by(Ruling(PLAIN, ROSTER), NAMED)
    typed = {"marketing": ("lena", NAMED.hash), "sales": ("elin", NAMED.hash)}
    (line,) = wrongly_typed(typed, NAMED.hash, ROSTER, (), names)
    assert line.startswith("sales: `elin` is not among the agreement's `approvers`")
    assert wrongly_typed(typed | {"sales": ("maja", NAMED.hash)}, NAMED.hash, ROSTER, (), names) == []


def test_only_who_could_approve_takes_a_publication_back():
    assert cannot_withdraw("maja", "maja", RULES) is None and cannot_withdraw("lena", "lena", RULES) is None
    assert "not among the agreement's `approvers`" in cannot_withdraw("elin", "elin", RULES)
    assert cannot_withdraw("elin", "elin", Ruling(PLAIN, ROSTER)) is None


@pytest.mark.parametrize(
    ("approvers", "rule"),
    [
        ({"sales": ["maia"]}, "approvers.sales.0: `maia` is not in the roster; did you mean `maja`?"),
        (
            {"sales": ["maja", "lena"]},
            "approvers.sales.1: `lena` has none of the roles sales, account_manager, manager",
        ),
        ({"sales": ["maja"], "marketing": ["maja"]}, "`maja` alone cannot approve for both sides"),
        ({"selling": ["maja"]}, "selling"),
    ],
)
def test_names_that_cannot_work_are_refused(approvers, rule):
    text = version(**approvers)
    try:
        problems = check_against(compile_agreement(text), ROSTER, text, "a.yaml")
    except FileError as error:
        problems = error.problems
    assert len(problems) == 1 and rule in problems[0]


people = st.lists(st.sampled_from(sorted(ROSTER.people)), unique=True, max_size=3)


@given(people, people, people, people, st.sampled_from([ROSTER, LENA_LEFT]))
def test_somebody_can_always_approve_and_nobody_whom_both_role_and_list_do_not_allow(one, two, three, four, roster):
    in_force, own = (
        Approvers.model_construct(marketing=tuple(one), sales=tuple(two)),
        Approvers.model_construct(marketing=tuple(three), sales=tuple(four)),
    )
    for side in SIDES:
        named = signers(side, roster, in_force, own)
        can = {person for person in roster.people if cannot_sign(person, side, roster, named) is None}
        by_role = {person for person in roster.people if cannot_sign(person, side, roster) is None}
        listed = set(in_force.of(side)) & by_role or set(own.of(side)) & by_role or by_role
        assert can == listed and can, "the list in force, else the version's own, else the roles; never nobody"


def test_a_principal_without_a_person_approves_for_nobody():
    for name, side in itertools.product((OPERATOR, "program"), SIDES):
        said = asked("maja", side).but(command=asked("maja", side).command.but(principal=name, person=None))
        with pytest.raises(ApprovalRefused, match="own API key"):
            approval_of(said, RULES)
