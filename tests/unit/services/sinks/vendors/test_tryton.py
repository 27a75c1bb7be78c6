"""What is asked of Tryton for each record, with its answers as they were recorded."""

from datetime import timedelta

import pytest

from services.sinks.outcomes import Made, Trouble
from services.sinks.records import Key, Match, Wanted
from services.sinks.vendors.tryton import Tryton
from tests.recorded_tryton import SECRET, Answers, error, page, result, sink, user_error

CONTACT = Key("contact", "lead_1", email="anna@kund.example")
OPPORTUNITY, NOTE = Key("opportunity", "ho_1"), Key("note", "ho_1/dossier")
TEXT = "The need: a demo\n\nStafett ho_1/dossier"
ROW = {
    "id": 3, "reference": "ho_1", "state": "lead", "employee": 1, "party": 4, "contact": None,
    "description": "Kund AB – Anna Berg", "amount": {"__class__": "Decimal", "decimal": "125000"},
    "end_date": {"__class__": "date", "year": 2026, "month": 12, "day": 2},
}  # fmt: skip
NO_NOTE = user_error('You are trying to read records "3" of "Note" that don\'t exist.')
PARTY = {
    "id": 4, "name": "Anna Berg", "active": True, "replaced_by": None,
    "contact_mechanisms.": [
        {"id": 1, "type": "email", "value": "Anna@Kund.example"}, {"id": 2, "type": "phone", "value": "+46701234567"},
        {"id": 9, "type": "email", "value": "second@kund.example"},
    ],
}  # fmt: skip


def tryton(**replies):
    """`replies` by method, with two underscores for each dot."""
    answers = Answers({method.replace("__", "."): several for method, several in replies.items()})
    return Tryton(sink(), answers, SECRET), answers


def rendered(key, **values):
    return tryton()[0].render(Wanted(key, values))


def test_values_are_named_and_shaped_as_they_read_back():
    assert rendered(OPPORTUNITY, name="Kund  AB\n– Anna", owner="2", stage="lead", due_at="2026-12-02T11:00:00Z") == {
        "description": "Kund AB – Anna", "employee": 2, "state": "lead", "end_date": "2026-12-02", "reference": "ho_1",
    }  # fmt: skip
    assert rendered(CONTACT, email="anna@kund.example", phone="+46701234567", first_name="Anna") == {
        "email": "anna@kund.example", "phone": "+46701234567", "name": "anna@kund.example",
    }  # fmt: skip
    assert rendered(Key("company", "kund.example"), name="Kund AB", domain="kund.example") == {
        "name": "Kund AB", "website": "kund.example",
    }  # fmt: skip
    assert rendered(NOTE, text=f" {TEXT}\0") == {"message": TEXT}


def test_an_owner_that_is_no_number_is_a_matter_of_the_roster():
    with pytest.raises(Trouble, match="refused_data"):
        rendered(OPPORTUNITY, owner="elin")


async def test_an_opportunity_is_found_by_its_reference_and_read_in_the_shape_in_which_it_is_rendered():
    vendor, answers = tryton(sale__opportunity__search_read=[result([ROW])])
    names = ("description", "employee", "state", "end_date", "reference", "amount")
    match = await vendor.find(OPPORTUNITY, names, {})
    assert match == Match(
        "3",
        {"description": ROW["description"], "employee": 1, "state": "lead", "end_date": "2026-12-02", "reference": "ho_1", "amount": 125000},
        stage="lead", is_closed=False, url="https://crm.example.com/#tryton/model/sale.opportunity/3",
    )  # fmt: skip
    assert answers.asked[-1][1] == [["reference", "=", "ho_1"], ["company", "=", 1]]


@pytest.mark.parametrize(
    ("state", "is_closed"),
    [("lead", False), ("opportunity", False), ("converted", True), ("won", True), ("lost", True), ("cancelled", True)],
)
async def test_what_became_a_sale_or_ended_is_closed(state, is_closed):
    vendor, _ = tryton(sale__opportunity__search_read=[result([{**ROW, "state": state}])])
    assert (await vendor.read("opportunity", "3", ())).is_closed is is_closed


async def test_nothing_that_is_not_there_is_found():
    vendor, _ = tryton(
        sale__opportunity__search_read=[result([])],
        party__contact_mechanism__search_read=[result([])],
        party__party__search_read=[result([])],
        ir__note__search_read=[result([])],
        ir__note__read=[NO_NOTE],
    )
    for key in (CONTACT, OPPORTUNITY, NOTE, Key("company", "kund.example"), Key("contact", "lead_2")):
        assert await vendor.find(key, (), {"opportunity": "3"}) is None
        assert await vendor.read(key.kind, "3", ()) is None


async def test_a_contact_is_found_by_address_in_any_capitals_and_not_by_one_that_is_only_like_it():
    rows = [{"id": 5, "party": 9, "value": "annaXkund.example"}, {"id": 1, "party": 4, "value": "Anna@Kund.example"}]
    vendor, answers = tryton(
        party__contact_mechanism__search_read=[result(rows)], party__party__search_read=[result([PARTY])]
    )
    match = await vendor.find(CONTACT, ("name", "email", "phone"), {})
    assert match.vendor_id == "4"
    assert match.fields == {"name": "Anna Berg", "email": "Anna@Kund.example", "phone": "+46701234567"}
    assert ["value", "ilike", "anna@kund.example"] in answers.asked[1][1]


async def test_wildcards_of_an_address_are_no_wildcards():
    vendor, answers = tryton(party__contact_mechanism__search_read=[result([])])
    await vendor.find(CONTACT._replace(email="a_b%c\\d@kund.example"), (), {})
    assert ["value", "ilike", "a\\_b\\%c\\\\d@kund.example"] in answers.asked[1][1]


async def test_a_contact_without_an_address_is_found_by_our_own_mark():
    vendor, answers = tryton(party__contact_mechanism__search_read=[result([])], party__party__create=[result([8])])
    key = CONTACT._replace(email=None)
    await vendor.find(key, (), {})
    assert ["value", "ilike", "Stafett lead\\_1"] in answers.asked[-1][1] and ["type", "=", "other"] in answers.asked[
        -1
    ][1]
    assert await vendor.create(key, {"name": "Anna"}, {}) == Made(
        "8", "https://crm.example.com/#tryton/model/party.party/8"
    )
    assert answers.writes() == [
        ("party.party.create", [{"name": "Anna", "contact_mechanisms": [["create", [{"type": "other", "value": "Stafett lead_1"}]]]}])
    ]  # fmt: skip


async def test_a_party_that_was_replaced_is_followed_and_one_that_was_put_away_is_gone():
    replaced = {**PARTY, "active": False, "replaced_by": 7}
    vendor, _ = tryton(party__party__search_read=[result([replaced]), result([{**PARTY, "id": 7}])])
    assert (await vendor.read("contact", "4", ())).vendor_id == "7"
    vendor, _ = tryton(party__party__search_read=[result([{**PARTY, "active": False}])])
    assert await vendor.read("contact", "4", ()) is None


async def test_parties_that_replace_each_other_in_a_ring_are_not_followed_for_ever():
    vendor, answers = tryton(party__party__search_read=[result([{**PARTY, "active": False, "replaced_by": 4}])])
    assert await vendor.read("contact", "4", ()) is None
    assert len(answers.asked) < 10


async def test_a_new_opportunity_hangs_on_the_company_else_the_person_and_gets_no_state():
    for parents, party in (({"contact": "4", "company": "5"}, 5), ({"contact": "4"}, 4)):
        vendor, answers = tryton(sale__opportunity__create=[result([3])])
        fields = rendered(OPPORTUNITY, name="Kund", owner="2", stage="lead", due_at="2026-12-02T11:00:00Z")
        assert (await vendor.create(OPPORTUNITY, fields, parents)).vendor_id == "3"
        ((_, [values]),) = answers.writes()
        assert values == {
            "description": "Kund", "employee": 2, "reference": "ho_1", "company": 1, "party": party,
            "end_date": {"__class__": "date", "year": 2026, "month": 12, "day": 2},
        }  # fmt: skip


async def test_fields_are_written_before_the_button_that_ends_it():
    vendor, answers = tryton(sale__opportunity__write=[result(None)], sale__opportunity__cancel=[result(None)])
    await vendor.update("opportunity", "3", {"state": "cancelled", "employee": 2})
    assert answers.writes() == [
        ("sale.opportunity.write", [3], {"employee": 2}), ("sale.opportunity.cancel", [3]),
    ]  # fmt: skip


async def test_a_state_alone_is_a_button_alone():
    for state in ("lead", "opportunity", "lost"):
        vendor, answers = tryton(**{f"sale__opportunity__{state}": [result(None)]})
        await vendor.update("opportunity", "3", {"state": state})
        assert answers.writes() == [(f"sale.opportunity.{state}", [3])]


async def test_an_address_is_added_beside_others_and_one_that_is_ours_to_change_takes_the_place_of_the_first():
    rows = [{"id": 2, "type": "phone"}, {"id": 6, "type": "phone"}]
    vendor, answers = tryton(party__contact_mechanism__search_read=[result(rows)], party__party__write=[result(None)])
    await vendor.update("contact", "4", {"name": "Anna", "phone": "+46709999999", "email": "anna@kund.example"})
    assert answers.writes() == [
        ("party.party.write", [4], {"name": "Anna", "contact_mechanisms": [
            ["create", [{"type": "email", "value": "anna@kund.example"}]], ["write", [2], {"value": "+46709999999"}],
        ]}),
    ]  # fmt: skip


async def test_a_note_is_found_by_its_last_line_among_those_of_the_opportunity():
    rows = [
        {"id": 1, "message": "a colleague quotes Stafett ho_1/dossier here"},
        {"id": 2, "message": TEXT},
        {"id": 3, "message": "x\nStafett hoX1/dossier"},
    ]
    vendor, answers = tryton(ir__note__search_read=[result(rows)])
    assert await vendor.find(NOTE, ("message",), {"opportunity": "3"}) == Match("2", {"message": TEXT})
    assert answers.asked[-1][1] == [
        ["resource", "=", "sale.opportunity,3"], ["message", "like", "%Stafett ho\\_1/dossier"],
    ]  # fmt: skip


async def test_a_note_hangs_on_its_opportunity():
    vendor, answers = tryton(ir__note__create=[result([11])])
    assert await vendor.create(NOTE, {"message": TEXT}, {"opportunity": "3"}) == Made("11")
    assert answers.writes() == [("ir.note.create", [{"message": TEXT, "resource": "sale.opportunity,3"}])]


async def test_a_changed_note_is_a_new_one_and_then_the_old_one_goes():
    old = {"id": 2, "message": f"first\n{TEXT}", "resource": "sale.opportunity,3"}
    vendor, answers = tryton(
        ir__note__read=[result([old])], ir__note__search_read=[result([old])],
        ir__note__create=[result([12])], ir__note__delete=[result(None)],
    )  # fmt: skip
    await vendor.update("note", "2", {"message": TEXT})
    assert answers.writes() == [
        ("ir.note.create", [{"resource": "sale.opportunity,3", "message": TEXT}]), ("ir.note.delete", [2]),
    ]  # fmt: skip


async def test_killed_between_the_two_the_next_try_makes_no_third():
    old = {"id": 2, "message": f"first\n{TEXT}", "resource": "sale.opportunity,3"}
    vendor, answers = tryton(
        ir__note__read=[result([old])],
        ir__note__search_read=[result([old, {"id": 12, "message": TEXT}])],
        ir__note__delete=[result(None)],
    )
    await vendor.update("note", "2", {"message": TEXT})
    assert answers.writes() == [("ir.note.delete", [2])]


async def test_a_note_that_is_gone_is_not_replaced():
    vendor, answers = tryton(ir__note__read=[NO_NOTE])
    with pytest.raises(Trouble, match="gone"):
        await vendor.update("note", "3", {"message": TEXT})
    assert not answers.writes()


async def test_what_else_hinders_the_reading_of_a_note_is_told():
    vendor, _ = tryton(ir__note__read=[page(502, "Bad Gateway")])
    with pytest.raises(Trouble, match="transient"):
        await vendor.read("note", "3", ())


async def test_a_new_note_that_was_not_answered_waits_until_a_look_can_be_believed():
    old = {"id": 2, "message": f"first\n{TEXT}", "resource": "sale.opportunity,3"}
    vendor, answers = tryton(
        ir__note__read=[result([old])],
        ir__note__search_read=[result([old])],
        ir__note__create=[page(502, "Bad Gateway")],
    )
    with pytest.raises(Trouble) as caught:
        await vendor.update("note", "2", {"message": TEXT})
    assert (caught.value.kind, caught.value.wait) == ("unknown", timedelta(seconds=90))
    assert len(answers.writes()) == 1


async def test_whom_to_talk_to_is_an_address_of_the_person_an_e_mail_first():
    mechanisms = [{"id": 2, "type": "phone"}, {"id": 5, "type": "email"}, {"id": 9, "type": "email"}]
    vendor, answers = tryton(
        sale__opportunity__search_read=[result([ROW])], party__contact_mechanism__search_read=[result(mechanisms)],
        sale__opportunity__write=[result(None)],
    )  # fmt: skip
    await vendor.link("3", "contact", "6")
    assert answers.writes() == [("sale.opportunity.write", [3], {"contact": 5})]


async def test_what_is_linked_or_closed_or_gone_is_left_alone():
    for rows in ([{**ROW, "contact": 5}], [{**ROW, "state": "won", "party": None}], []):
        vendor, answers = tryton(sale__opportunity__search_read=[result(rows)])
        await vendor.link("3", "contact", "6")
        await vendor.link("3", "company", "6")
        assert not answers.writes()


async def test_an_opportunity_of_somebody_else_without_a_party_gets_ours():
    vendor, answers = tryton(
        sale__opportunity__search_read=[result([{**ROW, "party": None}])], sale__opportunity__write=[result(None)]
    )
    await vendor.link("3", "company", "6")
    assert answers.writes() == [("sale.opportunity.write", [3], {"party": 6})]


async def test_a_create_whose_answer_has_no_id_is_unknown():
    vendor, _ = tryton(ir__note__create=[result(None)])
    with pytest.raises(Trouble, match="unknown"):
        await vendor.create(NOTE, {"message": TEXT}, {"opportunity": "3"})


async def test_two_creates_are_two_records_there():
    vendor, _ = tryton()
    assert not any(vendor.is_repeatable(kind) for kind in vendor.kinds) and "task" not in vendor.kinds
    assert vendor.settle == timedelta(seconds=90) and await vendor.whoami() == "user/6"


RIGHTS = {"read": 1, "write": 1, "create": 1, "delete": 1}
MODELS = ("party.party", "party.contact_mechanism", "sale.opportunity", "ir.note")


def checking(access=None, preferences=None, employees=((1, "Elin Ek"),), fields=()):
    return tryton(
        ir__model__access__get_access=[access or result(dict.fromkeys(MODELS, RIGHTS))],
        res__user__get_preferences=[result(preferences or {"companies": [1]})],
        company__employee__search_read=[result([{"id": ident, "rec_name": name} for ident, name in employees])],
        sale__opportunity__fields_get=[result({name: {} for name in fields})],
    )[0]


async def test_a_set_up_that_is_right_has_no_problems():
    assert await checking().check({"elin": "1"}) == []


@pytest.mark.parametrize(
    ("vendor", "said"),
    [
        (
            checking(result({**dict.fromkeys(MODELS, RIGHTS), "sale.opportunity": {**RIGHTS, "create": 0}})),
            "login: stafett may not create sale.opportunity; put the user into the group Sale Opportunity",
        ),
        (checking(error("'sale.opportunity'", "")), "the module sale_opportunity is not activated in this database"),
        (checking(preferences={"companies": [2]}), "company_id: stafett is in the companies [2]; give the user 1"),
        (
            checking(user_error('You are trying to read records "1" of "Company" that don\'t exist.')),
            "company_id: there is no company 1 there",
        ),
        (
            checking(employees=((2, "Johan Dahl"),)),
            "roster: elin is 1 there, which is no employee of the company (2 is Johan Dahl)",
        ),
    ],
)
async def test_each_problem_of_the_set_up_is_told_with_its_fix(vendor, said):
    assert await vendor.check({"elin": "1"}) == [said]


async def test_a_field_that_is_not_there_is_told():
    answers = checking(fields=("comment",))._tryton._call
    fields = {
        "opportunity": {"comment": "dossier.campaign", "stafett_id": "lead.id"},
        "contact": {"email": "contact.email"},
    }
    problems = await Tryton(sink(fields=fields), answers, SECRET).check({})
    assert problems == ["fields.opportunity.stafett_id: sale.opportunity has no such field"]


async def test_what_cannot_be_looked_at_is_no_problem_of_the_set_up():
    vendor, _ = tryton(ir__model__access__get_access=[page(502, "Bad Gateway")])
    with pytest.raises(Trouble, match="transient"):
        await vendor.check({})
