"""When a publication may take effect, what is left when one is withdrawn, and what open clocks would come to."""

from datetime import timedelta

import pytest

from routing.sla.clocks import forecast
from schemas.agreed import Withdrawal
from services.ports.rows import ApprovalRow
from services.rules.approvals import cannot_withdraw, counting, pending
from services.rules.publications import (
    BEGINNING,
    FARTHEST,
    LEAD,
    Publication,
    PublishedAgreements,
    again,
    agreement_row,
    can_be_withdrawn,
    objections,
    read,
    standing,
    without,
    write,
)
from tests.setups import EXAMPLES, START, ruling
from tests.stories import HOUR, MINUTE, Story

TEXT = (EXAMPLES / "agreement.yaml").read_text()
OLD = ruling().agreement
SWITCH = START + 10 * MINUTE
DIGEST = "b" * 64
WITHDRAWAL = Withdrawal(person="lena", key="lena", reason="the date was wrong", at=START)


def entries(digest=DIGEST):
    first = Publication(hash=OLD.hash, title="t", effective_from=BEGINNING, published_at=START)
    return first, first.model_copy(update={"hash": digest, "effective_from": SWITCH, "approvals": {"sales": "maja"}})


def approval(side="sales", person="maja", at=START - MINUTE):
    return ApprovalRow(f"{side}-{person}-{at}", DIGEST, side, person, person, "agreed", at)


def test_a_mistyped_year_is_refused_for_nothing_could_be_published_before_it():
    assert objections(START + FARTHEST, START, ()) == []
    assert "is the year right?" in objections(START + FARTHEST + MINUTE, START, ())[0]


def test_one_that_waits_can_be_withdrawn_until_routers_may_know_of_it_too_late():
    first, waiting = entries()
    assert can_be_withdrawn(waiting, SWITCH - LEAD)
    assert not can_be_withdrawn(waiting, SWITCH - LEAD + timedelta(microseconds=1))
    assert not can_be_withdrawn(first, START), "it rules already"
    gone = without((first, waiting), waiting, WITHDRAWAL)
    assert standing(gone) == (first,) and not can_be_withdrawn(gone[1], START)
    assert read(write(gone)) == gone, "it stays on record with who took it back and why"


def test_another_may_take_effect_before_one_that_was_withdrawn():
    known = entries()
    (said,) = objections(SWITCH - MINUTE, START, known)
    assert f"`stafett agreement withdraw {DIGEST[:12]}` takes that back" in said
    assert objections(SWITCH - MINUTE, START, without(known, known[1], WITHDRAWAL)) == []
    (late,) = objections(SWITCH, SWITCH, known)[1:]
    assert "withdraw" not in late, "what rules cannot be withdrawn"


def test_the_same_command_again_is_about_the_same_publication_whatever_waits_behind_it():
    first, mine = entries()
    later = mine.model_copy(update={"hash": "c" * 64, "effective_from": SWITCH + HOUR})
    both = (first, mine, later)
    assert again((first,), DIGEST, START, None) is None
    assert again(both, first.hash, START, None) is None, "the file before the first was never published"
    assert again(both, DIGEST, START, None) is mine is again(both, DIGEST, SWITCH, SWITCH), "it waits, then it rules"
    assert again(both, DIGEST, SWITCH + HOUR, None) is None, "to go back to it is another publication"
    assert again(both, DIGEST, START, SWITCH + 2 * HOUR) is None, "and so is to plan going back to it"
    assert again((first, mine), DIGEST, START, SWITCH + HOUR) is mine, "another date of the same publication"
    assert again(without(both, mine, WITHDRAWAL), DIGEST, START, None) is None


def test_a_withdrawn_publication_rules_nothing():
    from routing.agreement.agreement import compile_agreement

    digest = compile_agreement(TEXT.replace("offer_expires: 4h", "offer_expires: 3h")).hash
    known = entries(digest)
    text = write(without(known, known[1], WITHDRAWAL))
    published, row = PublishedAgreements(), agreement_row(OLD, TEXT, START, START)
    assert published.missing(text) == [OLD.hash], "nobody needs it"
    ruled = published.follow(ruling(), text, {OLD.hash: row})
    assert ruled.at(SWITCH + HOUR).agreement.hash == OLD.hash


def test_approvals_count_again_when_what_they_carried_was_withdrawn():
    known, given = entries(), approval()
    assert counting([given], DIGEST, known) == [] == pending([given], known)
    gone = without(known, known[1], WITHDRAWAL)
    assert counting([given], DIGEST, gone) == [given] == pending([given], gone)


def test_who_approves_twice_for_a_side_approved_once():
    first, again, other = approval(), approval(at=START), approval("marketing", "lena")
    assert counting([first, again, other], DIGEST, ()) == [first, other]
    assert pending([first, again], ()) == [first]


def test_either_side_withdraws_with_a_key_of_its_own():
    rules = ruling()
    assert cannot_withdraw("lena", "lena", rules) is None
    assert cannot_withdraw("elin", "elin", rules) is None
    assert "none of the roles" in cannot_withdraw("sara", "sara", rules)
    assert "own API key" in cannot_withdraw("operator", "lena", rules)
    assert "own API key" in cannot_withdraw("program", None, rules)


CLOSED = ('closed_days: ["2027-07-19"', 'closed_days: ["2026-11-24", "2027-07-19"')


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (("target: 2h business", "target: 3h business"), True),
        (CLOSED, True),
        (('mon: [["08:00", "12:00"]', 'mon: [["08:00", "11:30"]'), False),
        (("offer_expires: 4h", "offer_expires: 3h"), False),
    ],
)
def test_a_forecast_says_what_going_under_another_agreement_comes_to(change, moves):
    from routing.agreement.agreement import compile_agreement

    told = Story(ruling())
    clock = told.tell("form.submitted", form_id="demo").clock("answer")
    new = compile_agreement(TEXT.replace(*change))
    assert new.hash != OLD.hash
    after = forecast(clock, new, ruling().roster)
    assert (after.due_at != clock.due_at) is moves
    told.rules, told.past = told.rules._replace(agreement=new), {OLD.hash: OLD}
    told.tell("clock.recheck", reason="adopt")
    assert told.clock("answer").due_at == after.due_at, "and that is what adopting it does"


def test_a_forecast_of_a_promise_that_is_gone_is_none():
    from routing.agreement.agreement import compile_agreement

    clock = Story(ruling()).tell("form.submitted", form_id="demo").clock("answer")
    gone = TEXT.replace("- name: answer\n", "- name: reply\n")
    assert forecast(clock, compile_agreement(gone), ruling().roster) is None
