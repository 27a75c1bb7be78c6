"""What an entry says twice, in vain or of nobody is told before anybody calls."""

from datetime import timedelta

import pytest

from schemas.sinks.vendors import HubspotSink, OdooSink
from services.sinks.checking import Person, clock_problems, entry_problems, people_problems, user_problems
from tests.sinks import STAGES, MemoryCrm, sink

VALUES = {"name": "crm", "kind": "hubspot", "secret": "STAFETT_SECRET_X", "stages": STAGES}


def problems(model=HubspotSink, **values):
    made = model.model_validate({**VALUES, **values})
    return list(entry_problems(made, MemoryCrm(None), ["default", "nord"]))


def test_nothing_is_wrong_with_a_plain_entry():
    assert problems() == []
    assert (
        problems(owns=["phone", "x_size"], fields={"company": {"x_size": "company.employees"}}, brands=["nord"]) == []
    )


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"fields": {"opportunity": {"stage": "dossier.source"}}}, "fields.opportunity.stage: the sink writes it by itself"),
        ({"fields": {"contact": {"email": "contact.email"}}}, "fields.contact.email: the sink writes it by itself"),
        ({"fields": {"company": {"domain": "company.domain"}}}, "fields.company.domain: the sink writes it by itself"),
        ({"fields": {"contact": {"owner": "owner.person"}}, "set_contact_owner": True}, "fields.contact.owner: "),
        ({"owns": ["phnoe"]}, "owns: `phnoe` is no field of a contact or a company that is written; did you mean `phone`?"),
        ({"brands": ["syd"]}, "brands: `syd` is no brand of the agreement (default, nord)"),
        ({"stages": {}}, "stages: none is named"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_once(values, rule):
    (problem,) = problems(**values)
    assert problem.startswith(rule)


def test_the_owner_of_a_contact_may_be_mapped_where_the_sink_does_not_write_it():
    assert problems(fields={"contact": {"owner": "owner.person"}}) == []


def test_a_burst_needs_its_window_where_the_vendor_has_no_usual_one():
    odoo = {"kind": "odoo", "base_url": "https://odoo.example.com", "database": "d"}
    (problem,) = problems(OdooSink, **odoo, limits={"burst": 5})
    assert problem.startswith("limits: `burst` needs `window`")
    assert problems(OdooSink, **odoo, limits={"burst": 5, "window": "1s"}) == []
    assert problems(limits={"burst": 5}) == [], "HubSpot's window is known"


def test_people_without_an_id_there_are_named_with_what_to_write():
    people = [Person("anna", "1"), Person("bo", None)]
    (problem,) = people_problems(people, "odoo")
    assert problem == "roster: bo has no id there; write `ids: {odoo: ...}` at the person"


def test_who_we_are_is_compared_with_the_entry():
    assert list(user_problems(sink(), "7")) == [], "without a source nothing comes back"
    assert list(user_problems(sink(source="crm", user="7"), "7")) == []
    (missing,) = user_problems(sink(source="crm"), "7")
    (other,) = user_problems(sink(source="crm", user="8"), "7")
    assert 'write `user: "7"`' in missing and "we are `7`, not `8`" in other


def test_a_clock_that_is_off_is_told_with_its_way():
    seconds = timedelta(seconds=1)
    assert [list(clock_problems(offset)) for offset in (None, 30 * seconds, -30 * seconds)] == [[], [], []]
    (ahead,), (behind,) = clock_problems(31 * seconds), clock_problems(-120 * seconds)
    assert "31 seconds ahead of theirs" in ahead and "120 seconds behind theirs" in behind
