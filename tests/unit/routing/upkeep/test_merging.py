"""Two leads that are one person: proposed with evidence, merged by hand, parted again as if nothing had been."""

from datetime import timedelta

import pytest

from routing.decide import decide
from routing.draft import Context
from routing.model.identity import likeness_score, resolve
from routing.people.commands import to_signal
from routing.people.permissions import Principal
from routing.upkeep.merging import join, merge_hindrance
from schemas.commands import Command
from schemas.signals import ClockDue, Company, Consent, IdentityKey, Parsed, Person, Reference
from schemas.sources import Scheme, Source
from services.ingest.normalising.normalise import full_name, identities
from tests.setups import START, signal
from tests.stories import DONE, HOUR, MINUTE, Story, rules

PROMISES = [
    {
        "name": "follow-up",
        "metric": "follow_up",
        "starts": "hand_over",
        "target": "24h elapsed",
        "side": "sales",
    },
    {"name": "answer", "metric": "acceptance", "starts": "offer", "target": "4h elapsed", "side": "sales"},
]
RULES = rules(PROMISES)
KEY = b"k" * 32
WEB = Source(name="web", kind="form", verify=Scheme(scheme="none"), region="SE")


def lead_of(name, form_id="demo", **more):
    """Somebody's story up to here, in a ledger of their own: offered by a form that asks for a demo, else in contact."""
    story = Story(RULES)
    story.take(signal(f"{name}1", "form.submitted", lead=name, form_id=form_id, **more))
    return story


def asked(name, kept, gone, after, person=None):
    ask = Command.model_validate(
        {"command": name, "reason": "same", "lead": kept_id(kept), "other": kept_id(gone)}
    ).root
    return to_signal(ask, Principal("desk", person), START + after, name + str(after), "default", "p")


def kept_id(lead):
    return lead.id


def joined(name, kept, gone, after=HOUR, ledgers=None, roster=RULES.roster, person=None):
    made = [Context(RULES.agreement, roster, ledgers or {}, account, START + after) for account in (None, None)]
    return join(kept, gone, asked(name, kept, gone, after, person), tuple(made))


def types(decision):
    return [emission.data.type_name.removeprefix("stafett.").removesuffix(".v1") for emission in decision.emissions]


def test_the_one_that_is_gone_stands_still_and_nothing_of_it_is_deleted():
    kept, gone = lead_of("anna"), lead_of("bo")
    told = joined("merge", kept.lead, gone.lead, ledgers=gone.ledgers)
    after = told.gone.lead
    assert after.merged_into == kept.lead.id and after.stage == "hand_over" and after.owner == gone.lead.owner
    assert [link.lead_id for link in told.kept.lead.merged] == [gone.lead.id]
    assert types(told.gone)[:2] == ["lead.merged", "handover.withdrawn"] and types(told.kept) == ["lead.merged"]
    assert {clock.state for clock in after.clocks.values()} == {"paused"}
    assert [clock.next_at for clock in after.clocks.values() if clock.next_at] == []


def test_parted_again_it_has_its_owner_its_offer_its_clocks_and_its_turn_as_before():
    kept, gone = lead_of("anna"), lead_of("bo")
    before = gone.lead
    merged = joined("merge", kept.lead, before, HOUR, gone.ledgers)
    (less,) = merged.gone.ledgers
    pool, person = before.owner_pool, before.owner
    assert less.entries[person].given == gone.ledgers[pool].entries[person].given - 1
    parted = joined("unmerge", merged.kept.lead, merged.gone.lead, 3 * HOUR, {pool: less})
    after = parted.gone.lead
    assert (after.owner, after.stage, after.merged_into) == (person, "hand_over", None)
    assert parted.gone.ledgers[0].entries[person].given == gone.ledgers[pool].entries[person].given
    assert after.handover.offers[-1].state == "open" and after.handover.offers[-1].id == before.handover.offers[-1].id
    for ident, clock in before.clocks.items():
        again = after.clocks[ident]
        # The offer ends by business time, and one of the two hours was lunch.
        later = HOUR if clock.policy == "offer_expiry" else 2 * HOUR
        assert again.state == "running" and again.due_at == clock.due_at + later, "the time between does not count"
        assert again.next_at is not None
    assert "handover.offered" in types(parted.gone) and types(parted.kept) == ["lead.unmerged"]
    assert after.handover.offers[-1].expires_at == before.handover.offers[-1].expires_at + HOUR
    (again,) = [e.data for e in parted.gone.emissions if e.data.type_name == "stafett.handover.offered.v1"]
    follow_up = next(clock for clock in after.clocks.values() if clock.policy == "follow-up")
    assert (again.follow_up_clock_id, again.follow_up_due_at) == (follow_up.id, follow_up.due_at)
    assert again.qualification is not None and again.qualification == before.handover.qualification


def test_what_the_kept_one_took_over_it_gives_back():
    kept = lead_of("anna", person=Person(email="anna@example.com"))
    crm = Reference(system="pipedrive", object="person", id="7")
    gone = lead_of(
        "bo", person=Person(email="bo@example.org", first_name="Anna", phone="+46701234567"), references=(crm,),
        tags=("fair",), fields={"need": "a pump"}, company=Company(name="Acme"),
        consents=(Consent(purpose="email", state="withdrawn"),),
    )  # fmt: skip
    merged = joined("merge", kept.lead, gone.lead)
    one = merged.kept.lead
    assert one.personal.person.phone == "+46701234567" and one.personal.person.email == "anna@example.com"
    assert one.references == (crm,) and one.tags == ("fair",) and one.company_name == "Acme"
    assert one.consents == {"email": "withdrawn"} and one.suppressed == "consent_withdrawn", "consent withdrawn wins"
    assert [entry.signal_id for entry in one.record] == ["sig_anna1", "sig_bo1"]
    assert one.personal.texts["sig_bo1"] == {"need": "a pump"}
    parted = joined("unmerge", one, merged.gone.lead, 2 * HOUR).kept.lead
    stamps = {"version": 0, "sequence": 0, "merged": (), "proposed": (), "last_touch_at": None}
    stamps |= {"suppressed": None, "suppressed_at": None}
    assert parted.but(**stamps) == kept.lead.but(**stamps)
    assert parted.personal == kept.lead.personal


def test_a_later_consent_of_the_other_ends_the_silence_and_parting_them_brings_it_back():
    kept = lead_of("anna", form_id="news", consents=(Consent(purpose="email", state="withdrawn"),))
    gone = lead_of("bo", form_id="news", consents=(Consent(purpose="email", state="withdrawn"),))
    gone.tell("consent.given", MINUTE, lead="bo")
    merged = joined("merge", kept.lead, gone.lead)
    assert merged.kept.lead.suppressed is None and "suppression.released" in types(merged.kept)
    parted = joined("unmerge", merged.kept.lead, merged.gone.lead, 2 * HOUR).kept
    assert parted.lead.suppressed == "consent_withdrawn" and "suppression.started" in types(parted)


def test_a_clock_that_stood_still_before_the_merge_stands_still_after_it():
    pausing = rules([PROMISES[0] | {"pause_on": ["sales.meeting_booked"], "resume_on": ["sales.meeting_cancelled"]}])
    gone = Story(pausing)
    gone.take(signal("b1", "form.submitted", lead="bo", form_id="demo")).tell("sales.meeting_booked", 10 * MINUTE)
    kept = lead_of("anna").lead
    context = Context(pausing.agreement, pausing.roster, {}, None, START + HOUR)
    merged = join(kept, gone.lead, asked("merge", kept, gone.lead, HOUR), (context, context))
    context = context._replace(now=START + 2 * HOUR)
    ask = asked("unmerge", kept, gone.lead, 2 * HOUR)
    parted = join(merged.kept.lead, merged.gone.lead, ask, (context, context))
    (clock,) = [c for c in parted.gone.lead.clocks.values() if c.policy == "follow-up"]
    assert clock.state == "paused" and [mark.what for mark in clock.marks] == ["pause"]


def test_what_was_due_before_the_merge_is_breached_all_the_same_and_no_rung_is_climbed():
    kept, gone = lead_of("anna"), lead_of("bo")
    merged = joined("merge", kept.lead, gone.lead, 5 * HOUR).gone.lead
    (clock,) = [c for c in merged.clocks.values() if c.policy == "answer"]
    assert clock.state == "running" and clock.next_at == START + 4 * HOUR, "the watcher has yet to announce it"
    due = ClockDue(clock_id=clock.id, revision=clock.revision, lead_id=merged.id, due_at=clock.next_at,
                   noticed_at=START + 6 * HOUR)  # fmt: skip
    context = Context(RULES.agreement, RULES.roster, {}, None, START + 6 * HOUR)
    told = decide(merged, signal("due", "clock.due", lead="bo", at=clock.next_at, clock=due), context)
    assert types(told) == ["sla.breached"] and told.lead.clocks[clock.id].next_at is None


def test_a_merge_that_is_taken_back_at_once_leaves_no_clock_standing():
    kept, gone = lead_of("anna"), lead_of("bo")
    merged = joined("merge", kept.lead, gone.lead, HOUR)
    parted = joined("unmerge", merged.kept.lead, merged.gone.lead, HOUR).gone.lead
    (clock,) = [c for c in gone.lead.clocks.values() if c.policy == "answer"]
    assert clock.state == "running" and parted.clocks[clock.id].state == "running"


def test_signals_and_commands_that_reach_the_one_that_is_gone_change_nothing():
    kept, gone = lead_of("anna"), lead_of("bo")
    merged = joined("merge", kept.lead, gone.lead).gone.lead
    context = Context(RULES.agreement, RULES.roster, {}, None, START + 2 * HOUR)
    told = decide(merged, signal("x", "sales.accepted", lead="bo", at=START + 2 * HOUR, sales=DONE), context)
    assert told.outcome == "recorded" and kept.lead.id in told.note
    assert told.lead.but(version=0) == merged.but(version=0)


def test_who_left_meanwhile_does_not_get_it_back():
    kept, gone = lead_of("anna"), lead_of("bo")
    merged = joined("merge", kept.lead, gone.lead)
    owner = gone.lead.owner
    away = rules(PROMISES, absences={owner: [("2026-11-24T00:00:00+00:00", None)]}).roster
    parted = joined("unmerge", merged.kept.lead, merged.gone.lead, 2 * HOUR, roster=away).gone
    assert parted.lead.owner not in (owner, None) and parted.lead.handover.offers[-1].state == "open"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"brand": "other"}, "two brands"),
        ({"held": True}, "dead letter"),
        ({"disposition": "spam"}, "is spam"),
        ({"stage": "deal"}, "come further"),
        ({"merged_into": "lead_x"}, "already"),
    ],
)
def test_what_cannot_be_merged_is_refused_with_the_reason(change, said):
    kept, gone = lead_of("anna").lead, lead_of("bo").lead.but(**change)
    assert said in merge_hindrance(kept, gone)
    told = joined("merge", kept, gone)
    assert told.gone is None and told.kept.emissions == () and said in told.kept.note


def test_a_lead_cannot_be_merged_with_itself_and_only_what_is_merged_is_parted():
    one, two = lead_of("anna").lead, lead_of("bo").lead
    assert merge_hindrance(one, one) and joined("unmerge", one, two).gone is None


def test_who_is_neither_owner_nor_sdr_nor_marketing_may_not():
    kept, gone = lead_of("anna").lead, lead_of("bo").lead
    other = next(p for p in ("elin", "johan", "karin") if p != kept.owner)
    assert "refused" in joined("merge", kept, gone, person=other).kept.note
    assert joined("merge", kept, gone, person="sara").gone is not None


def named(**person):
    parsed = Parsed(kind="form.submitted", person=Person(**person), dedupe_key="1")
    return {i.kind: i for i in identities(parsed, WEB, KEY)}


def test_the_same_name_at_the_same_company_and_the_same_number_liken_but_never_name():
    one = named(email="anna@acme.se", full_name="Anna Berg", phone="070-123 45 67")
    two = named(email="a.berg@acme.se", first_name="Anna", last_name="BERG", phone="+46 70 123 45 67")
    assert one["like_name"] == two["like_name"] and one["like_phone"] == two["like_phone"]
    assert not one["like_name"].verified and one["email"] != two["email"]
    assert "like_name" not in named(email="anna@gmail.com", full_name="Anna Berg"), "everybody is at such a domain"
    assert full_name(Person(first_name="Anna")) is None


def test_a_likeness_is_proposed_once_with_evidence_and_score():
    likes = (IdentityKey(kind="like_name", digest="n", verified=False),
             IdentityKey(kind="like_phone", digest="p", verified=False))  # fmt: skip
    first = signal("1", "form.submitted", lead="bo").but(identities=(IdentityKey(kind="email", digest="bo"), *likes))
    found = resolve(first, {("default", "like_name", "n"): "lead_a", ("default", "like_phone", "p"): "lead_a"})
    assert found.lead_id is None and found.others == (("lead_a", ("like_name", "like_phone")),)
    assert [i.kind for i in resolve(first, {}).unlinked] == ["email", "like_name", "like_phone"]
    context = Context(RULES.agreement, RULES.roster, {}, None, START, others=found.others)
    told = decide(None, first, context)
    (said,) = [e.data for e in told.emissions if e.data.type_name == "stafett.lead.merge_proposed.v1"]
    assert (said.other, said.evidence, said.score) == ("lead_a", ("like_name", "like_phone"), 0.76)
    assert "lead.merge_proposed" not in types(decide(told.lead, first.but(id="sig_2"), context))


def test_the_more_speaks_for_it_the_higher_the_score():
    assert (
        likeness_score(("like_phone",))
        < likeness_score(("like_name",))
        < likeness_score(("like_name", "like_phone"))
        < likeness_score(("email",))
        < 1
    )


def test_parted_leads_are_not_proposed_again():
    kept, gone = lead_of("anna"), lead_of("bo")
    merged = joined("merge", kept.lead, gone.lead)
    parted = joined("unmerge", merged.kept.lead, merged.gone.lead, 2 * HOUR)
    others = ((gone.lead.id, ("like_name",)),)
    context = Context(RULES.agreement, RULES.roster, {}, None, START + 3 * HOUR, others=others)
    item = signal("9", "page.visited", at=START + 3 * HOUR)
    assert "lead.merge_proposed" not in types(decide(parted.kept.lead, item, context))


def test_mail_to_the_other_address_stops_while_sales_is_in_dialogue_and_may_go_on_afterwards():
    kept, gone = lead_of("anna"), lead_of("bo", form_id="news")
    merged = joined("merge", kept.lead, gone.lead)
    assert merged.gone.lead.suppressed == "merged" and "suppression.started" in types(merged.gone)
    parted = joined("unmerge", merged.kept.lead, merged.gone.lead, timedelta(hours=2)).gone
    assert parted.lead.suppressed is None and "suppression.released" in types(parted)


def test_what_both_did_together_may_carry_on_the_one_that_is_kept():
    twice = rules(definitions={"engaged": "count('form.submitted', duration('720h')) >= 2"})
    kept, gone = (
        Story(twice).take(signal(f"{name}1", "form.submitted", lead=name, form_id="news")).lead
        for name in ("anna", "bo")
    )
    assert (kept.stage, gone.stage) == ("contact", "contact")
    context = Context(twice.agreement, twice.roster, {}, None, START + HOUR)
    told = join(kept, gone, asked("merge", kept, gone, HOUR), (context, context))
    assert told.kept.transitions[0].to_stage == "qualification" and told.kept.lead.owner is not None
    assert told.gone.lead.stage == "contact" and told.gone.transitions == ()
