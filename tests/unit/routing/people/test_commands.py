"""Commands: who may ask for what, what they become, what the roster looks like afterwards."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from routing.agreement.agreement import compile_agreement
from routing.decide import decide
from routing.draft import Context
from routing.people.commands import to_signal
from routing.people.permissions import RIGHTS, Principal, refusal
from routing.people.roster import Roster
from routing.people.roster_changes import ChangeRefused, apply, apply_all
from schemas.commands import AnyCommand, Command
from schemas.roster import Member, RosterChange
from schemas.signals import Commanded, Kind
from services.rules.in_force import apply_roster_change, read_changes, write_changes
from tests.setups import EXAMPLES, START, ruling, signal
from tests.stories import Story, rules

RULES = ruling()
LEAD = "lead_o6ax5urvbbdx52qw5d5xi7r5f7"
HOUR = timedelta(hours=1)


def command(name, **more):
    return Command.model_validate({"command": name, "reason": "because", **more}).root


def offered(at=START):
    item = signal(1, "form.submitted", form_id="demo", at=at)
    return decide(None, item, Context(RULES.agreement, RULES.roster, {}, None, at)).lead


def asked(lead, name, person=None, roster=RULES.roster, ledgers=None, **more):
    item = to_signal(command(name, lead=lead.id, **more), Principal("key", person), START + HOUR, "k", "default", "p")
    return decide(lead, item, Context(RULES.agreement, roster, ledgers or {}, None, START + HOUR))


def test_every_command_has_rights_and_every_right_a_command():
    kinds = {variant.model_fields["command"].annotation.__args__[0] for variant in AnyCommand.__args__}
    assert kinds == set(RIGHTS)


def test_a_command_without_a_reason_and_a_rejection_without_the_criterion_are_refused():
    with pytest.raises(ValidationError, match="reason"):
        Command.model_validate({"command": "accept", "lead": LEAD})
    with pytest.raises(ValidationError, match="criterion"):
        Command.model_validate({"command": "reject", "lead": LEAD, "reason": "not_qualified"})


def test_asked_twice_with_one_key_it_is_one_signal():
    ask = command("accept", lead=LEAD)
    ids = {to_signal(ask, Principal("a"), START + i * HOUR, "k", "default", "p").id for i in range(3)}
    assert len(ids) == 1
    assert to_signal(ask, Principal("a"), START, "other", "default", "p").id not in ids
    assert to_signal(ask, Principal("b"), START, "k", "default", "p").id not in ids


@pytest.mark.parametrize(
    ("name", "person", "owner", "may"),
    [
        ("accept", "elin", "elin", True),
        ("accept", "elin", "karin", False),
        ("accept", "maja", "karin", True),
        ("assign", "elin", "elin", False),
        ("assign", "maja", "elin", True),
        ("claim", "karin", "elin", True),
        ("claim", "olof", "elin", True),
        ("delegate", "sara", "elin", True),
        ("accept", None, "elin", True),
    ],
)
def test_rights_follow_the_role_and_the_owner(name, person, owner, may):
    assert (refusal(name, person, RULES.roster, owner=owner, about=None) is None) is may


@pytest.mark.parametrize("name", sorted(RIGHTS))
def test_h4_who_left_may_ask_for_nothing_whatever_they_were_and_own(name):
    for person in RULES.roster.people:
        change = RosterChange(change="left", at=START, person=person)
        gone = Roster(apply(RULES.roster.file, change))
        assert refusal(name, person, gone, owner=person, about=person) == f"{person} left"
    assert refusal(name, "nobody", RULES.roster, owner="nobody", about="nobody") == "nobody is not in the roster"


def test_absence_is_for_oneself_and_managers():
    assert refusal("absence", "elin", RULES.roster, owner=None, about="elin") is None
    assert "manager" in refusal("absence", "elin", RULES.roster, owner=None, about="karin")


def test_the_owner_accepts_and_somebody_else_does_not():
    lead = offered()
    other = next(p for p in ("elin", "karin", "johan") if p != lead.owner)
    refused = asked(lead, "accept", other)
    assert refused.note.startswith("refused: accept is for")
    assert refused.lead.handover.accepted_at is None
    assert asked(lead, "accept", lead.owner).lead.handover.accepted_at is not None


def test_a_claim_makes_another_offer_of_the_same_hand_over_and_counts_in_the_ledger():
    lead = offered()
    other = next(p for p in ("elin", "karin") if p != lead.owner)
    decision = asked(lead, "claim", other)
    assert decision.lead.owner == other
    assert decision.lead.handover.id == lead.handover.id
    (ledger,) = decision.ledgers
    assert (ledger.pool, ledger.entries[other].given) == ("field", 1)


def test_on_hold_nothing_is_qualified_and_release_judges_what_came_meanwhile():
    at = START
    contact = decide(None, signal(1, "email.clicked", at=at), Context(RULES.agreement, RULES.roster, {}, None, at)).lead
    held = asked(contact, "hold", "maja")
    assert [e.data.type_name for e in held.emissions] == ["stafett.lead.parked.v1"]
    form = signal(2, "form.submitted", form_id="guide", at=at + 2 * HOUR)
    waiting = decide(held.lead, form, Context(RULES.agreement, RULES.roster, {}, None, at + 2 * HOUR)).lead
    assert waiting.stage == "contact"
    let_go = to_signal(command("release", lead=contact.id), Principal("k", "maja"), at + 3 * HOUR, "r", "default", "p")
    released = decide(waiting, let_go, Context(RULES.agreement, RULES.roster, {}, None, at + 3 * HOUR)).lead
    assert (released.parked, released.stage) == (None, "qualification")


def test_a_brand_list_exempts_and_a_disposition_stands_down():
    lead = offered()
    assert asked(lead, "brand_list", "maja", lists=["newsletter"]).lead.exempt_lists == ("newsletter",)
    assert asked(lead, "disposition", lead.owner, disposition="spam").lead.disposition == "spam"


def away_signal(lead, person, name="absence"):
    said = Commanded(name=name, principal="key", person=person)
    return signal(9, Kind.OWNER_AWAY, at=START + HOUR).but(lead_id=lead.id, command=said)


def roster_after(*changes):
    return Roster(apply_all(RULES.roster.file, changes))


def absent(person):
    return RosterChange(change="absent", at=START, person=person, since=START)


def test_who_falls_ill_hands_back_an_open_offer_to_the_next_by_the_rules():
    lead = offered()
    context = Context(RULES.agreement, roster_after(absent(lead.owner)), {}, None, START + HOUR)
    after = decide(lead, away_signal(lead, lead.owner), context).lead
    assert [offer.state for offer in after.handover.offers] == ["withdrawn", "open"]
    assert after.owner not in (None, lead.owner)


def test_an_accepted_one_waits_for_the_return_and_goes_to_the_successor_when_somebody_leaves():
    lead = asked(offered(), "accept").lead
    owner = lead.owner
    heir = next(p for p in ("elin", "karin") if p != owner)
    people = RULES.roster.people[owner].model_copy(update={"successor": heir})
    seed = RosterChange(change="joined", at=START, person=owner, member=people)
    ill = Context(RULES.agreement, roster_after(seed, absent(owner)), {}, None, START + HOUR)
    assert decide(lead, away_signal(lead, owner), ill).lead.owner == owner
    gone = roster_after(seed, RosterChange(change="left", at=START, person=owner))
    left = Context(RULES.agreement, gone, {}, None, START + HOUR)
    decision = decide(lead, away_signal(lead, owner, "leave"), left)
    assert decision.lead.owner == heir
    assert decision.evidence["owners"][0]["rule"] == "successor"


def test_an_absence_begins_and_ends_and_a_return_ends_it_earlier():
    until = START + 10 * HOUR
    away = RosterChange(change="absent", at=START, person="elin", since=START, until=until)
    roster = roster_after(away)
    assert [roster.why_away("elin", at) for at in (START - HOUR, START, until)] == [None, "absent", None]
    back = RosterChange(change="returned", at=START + HOUR, person="elin")
    assert roster_after(away, back).why_away("elin", START + 2 * HOUR) is None


def test_who_joins_has_a_seat_and_a_paused_pool_gives_to_nobody():
    nils = Member(id="nils", roles=("sales",))
    roster = roster_after(RosterChange(change="joined", at=START, person="nils", member=nils, seats={"field": 2}))
    assert roster.pool_with(["field"], "nils") is not None
    paused = roster_after(RosterChange(change="pool_paused", at=START, pool="field"))
    item = signal(1, "form.submitted", form_id="demo")
    decision = decide(None, item, Context(RULES.agreement, paused, {}, None, START))
    assert decision.lead.owner == RULES.agreement.routes["hand_over"].fallback
    tried = decision.evidence["owners"][-1]["tried"]
    assert {candidate["code"] for candidate in tried[-1]["candidates"]} == {"paused"}


def test_who_joins_has_ids_of_their_own():
    nils = Member(id="nils", roles=("sales",), ids={"pipedrive": "9001"})
    with pytest.raises(ChangeRefused, match="sara and nils would have the same id in pipedrive"):
        apply(RULES.roster.file, RosterChange(change="joined", at=START, person="nils", member=nils))


def test_a_change_that_names_nobody_known_is_refused_and_passed_over_when_the_file_changed_since():
    with pytest.raises(ChangeRefused, match="nobody"):
        apply(RULES.roster.file, absent("nobody"))
    assert roster_after(absent("nobody")).version == RULES.roster.version


def test_the_last_resort_of_the_agreement_cannot_leave():
    last = RULES.agreement.routes["hand_over"].fallback
    leaving = RosterChange(change="left", at=START, person=last)
    with pytest.raises(ChangeRefused, match="last resort"):
        apply_roster_change(RULES, signal(1, Kind.ROSTER_LEFT), leaving)


def test_changes_survive_being_written():
    changes = (absent("elin"), RosterChange(change="pool_paused", at=START, pool="field"))
    assert read_changes(write_changes(changes)) == changes
    assert read_changes(None) == ()


def test_the_last_resort_of_an_agreement_that_is_published_for_later_cannot_leave_either():
    text = (EXAMPLES / "agreement.yaml").read_text().replace("fallback: maja", "fallback: karin", 1)
    later = compile_agreement(text)
    timeline = ((START - HOUR, RULES.agreement), (START + HOUR, later))
    published = RULES._replace(timeline=timeline)
    cause = signal(
        9, "roster.left", "nobody", roster=(leaving := RosterChange(change="left", at=START, person="karin"))
    )
    with pytest.raises(
        ChangeRefused, match=f"qualification in agreement {later.hash[:12]}, which rules from 2026-11-24T10"
    ):
        apply_roster_change(published, cause, leaving)
    past = RULES._replace(timeline=((START - HOUR, later), (START, RULES.agreement)))
    assert not apply_roster_change(past, cause, leaving).roster.people["karin"].active


def on_hold(*said, ruling=None):
    """A contact on hold from the first minute, these signals meanwhile, one a minute."""
    told = Story(ruling or RULES).tell("email.sent", timedelta(0)).ask("hold")
    for kind, more in said:
        told.tell(kind, **more)
    assert told.lead.stage == "contact"
    return told


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ([("form.submitted", {"form_id": "demo"})], "hand_over"),
        ([("form.submitted", {"form_id": "demo"}), ("page.visited", {})], "hand_over"),
        ([("form.submitted", {"form_id": "demo"}), ("form.submitted", {"form_id": "not-now"})], "nurturing"),
        ([("form.submitted", {"form_id": "not-now"}), ("form.submitted", {"form_id": "demo"})], "hand_over"),
        ([("form.submitted", {"form_id": "news"})], "qualification"),
        ([("page.visited", {})], "contact"),
    ],
)
def test_what_was_asked_for_during_a_hold_is_judged_by_its_own_facts_when_the_hold_ends(said, stage):
    told = on_hold(*said).ask("release")
    assert (told.lead.stage, told.lead.heard) == (stage, ())


def test_a_promise_sees_the_form_that_was_sent_during_the_hold():
    demo = {"name": "demo", "metric": "follow_up", "starts": "hand_over", "target": "2h elapsed"}
    told = on_hold(("form.submitted", {"form_id": "demo"}), ruling=rules([demo | {"when": "signal.form_id == 'demo'"}]))
    told.wait(timedelta(days=31))
    assert (told.lead.stage, told.clock("demo").started_at) == ("hand_over", START + timedelta(days=30, minutes=2))
