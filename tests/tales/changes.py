"""Deals that change hands, owner changes that come late (07), and people whose record was deleted."""

from datetime import timedelta

from schemas.signals import Actor, Commanded, Person, Reference, Sales
from tests.stories import DONE, HOUR, MINUTE, rules
from tests.tales import Tale, fact

OFFERED = fact(timedelta(0), "form.submitted", form_id="demo")
ELIN = Actor(kind="person", reference="elin")
ACCEPTED = fact(2 * HOUR, "sales.accepted", actor=ELIN)
CALLED = fact(2 * HOUR + 10 * MINUTE, "sales.follow_up", sales=DONE, actor=ELIN)
TO_KARIN = fact(HOUR, "sales.owner_changed", sales=Sales(owner_id="karin"))
RECORD = Reference(system="crm", object="person", id="p1")
OTHER = Reference(system="crm", object="person", id="p2")
KNOWN = fact(timedelta(0), "form.submitted", form_id="demo", references=(RECORD,))
DELETED = {"person": Person(email="anna@example.com"), "references": (RECORD,)}


def elin_keeps_it(outcome):
    lead = outcome.lead
    assert lead.owner == "elin" and lead.handover.current.person == "elin"
    assert lead.handover.current.state == "accepted"
    assert all(clock.ended_at is None or clock.ended_at >= clock.started_at for clock in lead.clocks.values())


def in_a_deal_with_elin(outcome):
    elin_keeps_it(outcome)
    assert outcome.lead.stage == "deal"
    assert outcome.all("handover.transferred") == []


def karin_has_the_deal(outcome):
    """Elin left; Karin is her successor."""
    lead = outcome.lead
    assert (lead.stage, lead.owner) == ("deal", "karin")
    (said,) = outcome.all("handover.transferred")
    assert (said.from_owner.person, said.owner.person) == ("elin", "karin")
    assert said.dossier.source == "web" and said.dossier.entries
    assert said.handover_id == lead.handover.id


def nobody_goes_on(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.owner, lead.handover.outcome) == ("nurturing", None, "contact_deleted")
    assert lead.handover.offers[-1].state == "withdrawn"
    assert [said.reason for said in outcome.all("handover.withdrawn")] == ["contact_deleted"]
    assert not [clock for clock in lead.clocks.values() if clock.open]
    assert lead.suppressed == "contact_deleted" and outcome.all("suppression.released") == []
    assert [said.exempt_lists for said in outcome.all("suppression.changed")][-1:] == [()]
    assert RECORD not in lead.references


def the_other_record_stays(outcome):
    assert outcome.lead.stage == "hand_over" and outcome.lead.owner == "elin"
    assert outcome.lead.references == (OTHER,)


HUNTED = fact(timedelta(0), "outreach.logged", actor=Actor(kind="person", reference="elin"))
ASKS = fact(30 * MINUTE, "form.submitted", form_id="demo")
DAY_AWAY = {"elin": [("2026-11-24T10:00:00+01:00", "2026-11-25T09:00:00+01:00")]}
WEEK_AWAY = {"elin": [("2026-11-24T10:00:00+01:00", "2026-12-01T09:00:00+01:00")]}


def hunters(away, waits=True):
    return lambda: rules([], away, **({"handover": {"hunter": {"waits": "36h elapsed"}}} if waits else {}))


def waited_for_the_hunter(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.owner, lead.hunter) == ("hand_over", "elin", "elin")
    assert [said.pool for said in outcome.all("lead.queued")] == ["hunter:elin"]
    assert [said.owner.person for said in outcome.all("handover.offered")] == ["elin"]


def went_to_the_successor(outcome):
    assert (outcome.lead.stage, outcome.lead.owner, outcome.lead.hunter) == ("hand_over", "karin", "elin")
    assert [said.owner.person for said in outcome.all("handover.offered")] == ["karin"]


def went_to_the_successor_after_waiting(outcome):
    went_to_the_successor(outcome)
    assert len(outcome.all("lead.queued")) == 1


def was_never_rotated(outcome):
    assert (outcome.lead.stage, outcome.lead.owner) == ("hand_over", "maja"), "hunter and successor are away"


def fell_ill(outcome):
    """Offered, taken back, waited for, offered again."""
    assert (outcome.lead.owner, outcome.lead.hunter) == ("elin", "elin")
    assert [said.owner.person for said in outcome.all("handover.offered")] == ["elin", "elin"]
    assert [said.reason for said in outcome.all("handover.withdrawn")] == ["owner_absent"]


ALL_AWAY = {**WEEK_AWAY, "karin": WEEK_AWAY["elin"]}
FOUR = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 2, 3, 1))
HUNTS = (HUNTED, ASKS, fact(40 * MINUTE, "page.visited"))
HUNT_ORDERS = ((0, 1, 2), (0, 2, 1))
LEFT = {"command": Commanded(name="leave", principal="desk", person="elin")}
TALES = [
    Tale("7-waits-for-the-hunter", HUNTS, HUNT_ORDERS, waited_for_the_hunter, hunters(DAY_AWAY), timedelta(hours=25)),
    Tale(
        "7-then-the-successor",
        HUNTS,
        HUNT_ORDERS,
        went_to_the_successor_after_waiting,
        hunters(WEEK_AWAY),
        timedelta(hours=38),
    ),
    Tale("7-without-a-wait", HUNTS, HUNT_ORDERS, went_to_the_successor, hunters(WEEK_AWAY, waits=False)),
    Tale("7-never-rotated", HUNTS, HUNT_ORDERS, was_never_rotated, hunters(ALL_AWAY, waits=False)),
    Tale(
        "7-falls-ill-with-an-open-offer",
        (HUNTED, ASKS, fact(HOUR, "owner.away", command=Commanded(name="absence", principal="desk", person="elin"))),
        ((0, 1, 2),),
        fell_ill,
        hunters({"elin": [("2026-11-24T11:00:00+01:00", "2026-11-25T09:00:00+01:00")]}),
        timedelta(hours=25),
    ),
    Tale("07-an-owner-change-that-comes-late", (OFFERED, TO_KARIN, ACCEPTED), ((0, 1, 2), (0, 2, 1)), elin_keeps_it),
    Tale("07-in-a-deal", (OFFERED, TO_KARIN, ACCEPTED, CALLED), FOUR, in_a_deal_with_elin),
    Tale(
        "a-deal-of-a-leaver",
        (OFFERED, ACCEPTED, CALLED, fact(5 * HOUR, "owner.away", **LEFT)),
        ((0, 1, 2, 3), (0, 2, 1, 3)),
        karin_has_the_deal,
    ),
    Tale(
        "deleted-while-offered",
        (KNOWN, fact(MINUTE, "page.visited"), fact(HOUR, "contact.deleted", **DELETED)),
        ((0, 1, 2), (0, 2, 1), (1, 0, 2)),
        nobody_goes_on,
    ),
    Tale(
        "a-duplicate-deleted",
        (KNOWN, fact(MINUTE, "page.visited", references=(OTHER,)), fact(HOUR, "contact.deleted", **DELETED)),
        ((0, 1, 2), (1, 0, 2)),
        the_other_record_stays,
    ),
]
