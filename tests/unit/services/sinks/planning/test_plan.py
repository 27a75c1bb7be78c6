"""Which operations follow from an event."""

import pytest

from schemas.events import EVENT_TYPES
from services.sinks.outcomes import Trouble
from services.sinks.planning.operations import Change, Ensure, Link
from services.sinks.planning.plan import EVENTS, OpenHandover, events_of, plan_of
from tests.sinks import event, offered, settings, sink

OFFER = {"handover_id": "ho_1", "pass_number": 1, "offer_id": "ho_1.2"}
OWNER = {"person": "bo", "ids": {}}


NEWEST = OpenHandover("ho_1", "ho_1.2")
AT = "2026-06-08T09:00:00Z"


def plan(happened, of=None, newest=NEWEST):
    return plan_of(happened, happened.body(), settings(of), newest)


def changes(happened, **more):
    """{(kind, our key): (values, stage)}"""
    return {
        (c.wanted.key.kind, c.wanted.key.text): (dict(c.wanted.values), c.stage)
        for c in plan(happened, **more)
        if isinstance(c, Change)
    }


def test_an_offer_is_carried_out_in_the_order_in_which_records_hang_on_each_other():
    names = [operation.name for operation in plan(offered())]
    assert names == ["company", "contact", "opportunity", "link_company", "link_contact", "note", "task"]


def test_a_second_offer_ends_the_task_of_the_first_before_it_makes_its_own():
    names = [operation.name for operation in plan(offered(offer=2))]
    assert names[-3:] == ["end_task_1", "task", "note"], "an edit of the note comes last"


def test_each_name_stands_once_so_that_each_outcome_is_kept():
    for offer in (1, 2, 3):
        names = [operation.name for operation in plan(offered(offer=offer))]
        assert len(names) == len(set(names))


def test_without_a_domain_or_where_it_is_not_wanted_no_company_is_made():
    assert {o.name for o in plan(offered(company_domain=None))}.isdisjoint({"company", "link_company"})
    assert "company" not in {o.name for o in plan(offered(), of=sink(company=False))}


def test_a_contact_is_known_by_the_id_that_the_crm_told_and_by_its_address():
    happened = offered()
    happened.data["references"] = [{"system": "crm", "account": None, "object": "person", "id": "77"}]
    contact = plan(happened)[1].wanted.key
    assert (contact.text, contact.known_id, contact.email) == ("lead_1", "77", "eva@kund.example")


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (event("handover.accepted", **OFFER), {("opportunity", "ho_1"): ({}, "accepted")}),
        (
            event("handover.followed_up", followed_up_at="2026-06-08T09:00:00Z", **OFFER),
            {("task", "ho_1.2"): ({"state": "done"}, None)},
        ),
        (event("handover.rejected", **OFFER), {("task", "ho_1.2"): ({"state": "cancelled"}, None)}),
        (event("handover.withdrawn", reason="x", **OFFER), {("task", "ho_1.2"): ({"state": "cancelled"}, None)}),
        (
            event("handover.expired", expired_at="2026-06-08T09:00:00Z", **OFFER),
            {("task", "ho_1.2"): ({"state": "cancelled"}, None)},
        ),
        (
            event("handover.returned", **OFFER),
            {("opportunity", "ho_1"): ({}, "returned"), ("task", "ho_1.2"): ({"state": "cancelled"}, None)},
        ),
        (
            event("handover.won", **OFFER),
            {("opportunity", "ho_1"): ({}, "won"), ("task", "ho_1.2"): ({"state": "done"}, None)},
        ),
        (
            event("handover.lost", **OFFER),
            {("opportunity", "ho_1"): ({}, "lost"), ("task", "ho_1.2"): ({"state": "cancelled"}, None)},
        ),
        (
            event("handover.transferred", reason="left", owner=OWNER, **{**OFFER, "offer_id": None}),
            {("opportunity", "ho_1"): ({"owner": "BO"}, None), ("task", "ho_1.2"): ({"owner": "BO"}, None)},
        ),
        (
            event("handover.transferred", reason="left", owner=OWNER, handover_id="ho_9", pass_number=1),
            {("opportunity", "ho_9"): ({"owner": "BO"}, None)},
        ),
        (
            event("lead.owner_changed", from_owner=None, to_owner=OWNER, rule="pool"),
            {("opportunity", "ho_1"): ({"owner": "BO"}, None), ("task", "ho_1.2"): ({"owner": "BO"}, None)},
        ),
        (
            event("lead.stage_changed", from_stage="hand_over", to_stage="nurturing", pass_number=1, reason="rejected"),
            {("opportunity", "ho_1"): ({}, "returned")},
        ),
        (event("lead.stage_changed", from_stage="hand_over", to_stage="deal", pass_number=1, reason="accepted"), {}),
        (event("lead.stage_changed", from_stage="prospecting", to_stage="contact", pass_number=1, reason="form"), {}),
    ],
)  # fmt: skip - one case a line
def test_what_sales_and_the_lifecycle_did_follows_in_the_crm(happened, expected):
    assert changes(happened) == expected


def sla(kind, subject="offer", ident="ho_1.1", **more):
    fields = {"clock_id": "c1", "policy": "p", "metric": "follow_up", "subject_kind": subject, "subject_id": ident, "started_at": AT,
              "target": "4h", "due_at": AT, "noticed_at": AT, "handover_id": "ho_1"}  # fmt: skip
    if kind == "warned":
        fields |= {"warning": 1, "before": "1h", "warned_at": AT}
    return event(f"sla.{kind}", **{**fields, **more})


HIGH = ({"priority": "high"}, None)


@pytest.mark.parametrize("kind", ["warned", "breached"])
def test_the_task_whose_promise_is_in_danger_has_a_high_priority(kind):
    assert changes(sla(kind)) == {("task", "ho_1.1"): HIGH}
    assert changes(sla(kind, "lead", "lead_1")) == {("task", "ho_1.2"): HIGH}, "that of the newest offer"
    assert changes(sla(kind, "lead", "lead_1", handover_id="ho_9")) == {}
    assert changes(sla(kind, "lead", "lead_1"), newest=None) == {}


def test_from_when_on_a_task_is_high_is_said_by_the_file():
    breach, never = sink(task={"high_from": "breach"}), sink(task={"high_from": "never"})
    assert changes(sla("warned"), of=breach) == {} != changes(sla("breached"), of=breach)
    assert changes(sla("breached"), of=never) == {}
    warned = "stafett.sla.warned.v1"
    assert warned in events_of(sink()) and warned not in events_of(breach) | events_of(never)


OUTCOME = {"state": "outcome.state", "why": "outcome.reason", "day": {"of": "outcome.at", "date": "day"}}


def extras(happened, **more):
    of = sink(fields={"opportunity": OUTCOME})
    found = [c.wanted.extra for c in plan(happened, of=of, **more) if c.wanted.key.kind == "opportunity"]
    return [dict(extra) for extra in found]


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (event("handover.rejected", reason="no_budget", **OFFER), {"state": "rejected", "why": "no_budget"}),
        (event("handover.expired", expired_at="2026-06-08T09:00:00Z", **OFFER), {"state": "expired", "why": None}),
        (event("handover.withdrawn", reason="left", **OFFER), {"state": "withdrawn", "why": "left"}),
        (event("handover.returned", reason="timing", **OFFER), {"state": "returned", "why": "timing"}),
        (event("handover.lost", reason="price", **OFFER), {"state": "lost", "why": "price"}),
        (event("handover.won", **OFFER), {"state": "won", "why": None}),
    ],
)  # fmt: skip - one case a line
def test_why_it_came_back_stands_in_the_fields_that_are_mapped(happened, expected):
    assert extras(happened) == [{**expected, "day": "2026-06-08"}]


def test_one_more_offer_takes_the_reason_away_and_a_first_one_says_nothing_of_it():
    (again,) = [
        c.wanted for c in plan(offered(offer=2), of=sink(fields={"opportunity": OUTCOME})) if c.name == "opportunity"
    ]
    assert dict(again.extra) == dict.fromkeys(OUTCOME) and set(OUTCOME) <= again.owned
    first = plan(offered(), of=sink(fields={"opportunity": OUTCOME}), newest=None)
    assert [dict(c.wanted.extra) for c in first if c.name == "opportunity"] == [{}]


def test_the_contact_is_given_away_with_the_lead_only_where_the_file_says_so():
    given = event("lead.owner_changed", from_owner=None, to_owner=OWNER, rule="pool")
    assert changes(given, of=sink(set_contact_owner=True))["contact", "lead_1"] == ({"owner": "BO"}, None)
    assert ("contact", "lead_1") not in changes(given)


def test_an_event_of_a_lead_that_this_sink_never_had_changes_nothing():
    assert plan(event("lead.owner_changed", from_owner=None, to_owner=OWNER, rule="pool"), newest=None) == ()


def test_an_owner_without_an_id_there_is_named_with_the_place_to_mend():
    happened = offered(owner="cilla")
    with pytest.raises(Trouble) as caught:
        plan(happened)
    assert caught.value.kind == "refused_data" and caught.value.field == "roster: cilla, ids, crm"


def test_every_event_that_the_loop_takes_exists():
    assert set(EVENTS) <= set(EVENT_TYPES)


def test_operations_are_of_three_kinds():
    assert {type(o) for o in plan(offered(offer=2))} == {Ensure, Change, Link}


def test_a_sink_takes_only_events_of_which_something_follows_by_its_entry():
    sla = {"stafett.sla.started.v1", "stafett.sla.fulfilled.v1", "stafett.sla.corrected.v1"}
    assert not sla & events_of(sink()) and "stafett.sla.breached.v1" in events_of(sink())
    assert sla < events_of(sink(fields={"opportunity": {"due": "sla.due_at"}}))
    assert "stafett.lead.touched.v1" in events_of(sink())
    assert "stafett.lead.touched.v1" not in events_of(sink(note={"touches": False}))
