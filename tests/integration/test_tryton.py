"""A real Tryton: that it can be had, that kill -9 costs it nothing that it answered, and the traits that a sink relies on."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from schemas.sinks.vendors import TrytonSink
from services.sinks.carrying import Carrier, Target
from services.sinks.http import Endpoint, HttpCaller
from services.sinks.limits import Allowance
from services.sinks.outcomes import Trouble
from services.sinks.planning.plan import Settings
from services.sinks.records import Key, Wanted
from services.sinks.vendor import Span
from services.sinks.vendors.tryton import Tryton
from tests.parts.tryton import DATABASE, INTEGRATION, TrytonRefused, TrytonServer, TrytonUser
from tests.parts.tryton_files import password
from tests.sinks import NOW, MemoryBook, event, offered

# The first on a machine installs Tryton and activates its modules.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def tryton():
    server = TrytonServer().start()
    yield server
    server.close()


@pytest.fixture
async def stafett(tryton):
    async with TrytonUser(tryton, INTEGRATION) as user:
        yield user


async def create(user, reference, **more):
    mechanism = {"type": "email", "value": f"{reference}@example.com"}
    (party,) = await user.call(
        "party.party.create", [{"name": "Anna Berg", "contact_mechanisms": [["create", [mechanism]]]}]
    )
    values = {"party": party, "reference": reference, "employee": 1, "company": 1, **more}
    (opportunity,) = await user.call("sale.opportunity.create", [values])
    return opportunity


async def of(tryton, reference):
    return [one for one in await tryton.opportunities() if one.reference == reference]


async def test_an_integration_that_may_nothing_but_opportunities_can_do_what_a_sink_does(tryton, stafett):
    ident = await create(stafett, "ho_1", end_date={"__class__": "date", "year": 2026, "month": 12, "day": 2})
    await stafett.call("ir.note.create", [{"resource": f"sale.opportunity,{ident}", "message": "The need: a demo"}])
    await stafett.call("sale.opportunity.write", [ident], {"employee": 2})
    await stafett.call("sale.opportunity.opportunity", [ident])
    (made,) = await of(tryton, "ho_1")
    assert (made.state, made.owner, made.emails) == ("opportunity", "johan", ("ho_1@example.com",))
    assert made.due.isoformat() == "2026-12-02" and made.notes == ("The need: a demo",)
    with pytest.raises(TrytonRefused, match="not allowed to access"):
        await stafett.call("sale.sale.create", [{"party": 1}])


async def test_what_it_answered_outlives_a_kill(tryton, stafett):
    await create(stafett, "ho_2")
    tryton.kill()
    tryton.start()
    assert [one.owner for one in await of(tryton, "ho_2")] == ["elin"]
    await create(stafett, "ho_3")  # its session, which is a row, goes on too
    assert len(await of(tryton, "ho_3")) == 1


async def test_a_reference_is_not_unique_so_that_whoever_creates_has_to_look_first(tryton, stafett):
    await create(stafett, "ho_4")
    await create(stafett, "ho_4")
    assert len(await of(tryton, "ho_4")) == 2


async def test_a_note_cannot_be_changed_and_can_be_taken_away(tryton, stafett):
    ident = await create(stafett, "ho_5")
    notes = await stafett.call("ir.note.create", [{"resource": f"sale.opportunity,{ident}", "message": "first"}])
    with pytest.raises(TrytonRefused, match="not allowed to modify the field"):
        await stafett.call("ir.note.write", notes, {"message": "second"})
    await stafett.call("ir.note.delete", notes)
    assert [one.notes for one in await of(tryton, "ho_5")] == [()]


async def test_a_salesperson_does_what_their_interface_does(tryton, stafett):
    ident = await create(stafett, "ho_6")
    async with TrytonUser(tryton, "elin") as elin:
        await elin.call("sale.opportunity.lost", [ident])
        with pytest.raises(TrytonRefused, match="not allowed to modify the field"):
            await elin.call("sale.opportunity.write", [ident], {"employee": 2})
    assert [one.state for one in await of(tryton, "ho_6")] == ["lost"]


@pytest.fixture
async def vendor(tryton):
    """Our own file for Tryton, over HTTP to it."""
    given = {"kind": "tryton", "name": "tryton", "base_url": tryton.url, "database": DATABASE, "login": INTEGRATION}
    sink = TrytonSink.model_validate({**given, "secret": "STAFETT_SECRET_TRYTON", "allow_private": True})
    async with httpx.AsyncClient(timeout=30) as client:
        endpoint = Endpoint(sink.base_url, 30, allow_private=True)
        caller = HttpCaller(client, endpoint, Allowance(None, None), lambda: datetime.now(UTC))
        yield Tryton(sink, caller, password(INTEGRATION))


async def test_our_dossier_is_replaced_by_another_and_a_colleagues_note_stays(tryton, vendor, stafett):
    ident = str(await create(stafett, "ho_7"))
    key, parents = Key("note", "ho_7/dossier"), {"opportunity": ident}
    await stafett.call("ir.note.create", [{"resource": f"sale.opportunity,{ident}", "message": "a colleague's"}])
    made = await vendor.create(key, {"message": f"first\n{key.marker}"}, parents)
    await vendor.update("note", made.vendor_id, {"message": f"second\n{key.marker}"})
    assert [one.notes for one in await of(tryton, "ho_7")] == [("a colleague's", f"second\n{key.marker}")]
    assert await vendor.read("note", made.vendor_id, ("message",)) is None
    match = await vendor.find(key, ("message",), parents)
    assert match == await vendor.read("note", match.vendor_id, ("message",)) and match.fields["message"].startswith(
        "second"
    )


async def test_what_people_did_is_read_with_who_and_when_and_our_own_is_nobodys(tryton, vendor, stafett):
    begun = datetime.now(UTC) - timedelta(seconds=1)
    given, untouched = [await create(stafett, reference) for reference in ("ho_8", "ho_9")]
    async with TrytonUser(tryton, "elin") as elin:
        await elin.call("sale.opportunity.write", [given], {"employee": 2})
        await elin.call("sale.opportunity.opportunity", [given])
        (note,) = await elin.call("ir.note.create", [{"resource": f"sale.opportunity,{given}", "message": "Called"}])
    await stafett.call("sale.opportunity.write", [untouched], {"description": "ours"})
    page = await vendor.changes(None, begun)
    seen = {one.vendor_id: one for one in page.sightings}
    theirs, ours = seen[str(given)], seen[str(untouched)]
    assert (theirs.stage, theirs.owner, theirs.outcome, theirs.changed_by) == ("opportunity", "2", None, "1")
    assert ours.changed_by is None and begun < theirs.changed_at < ours.changed_at
    (work,) = (one for one in page.works if one.opportunity == str(given))
    assert (work.vendor_id, work.opportunity, work.author) == (f"note/{note}", str(given), "1")
    assert await vendor.look([str(given)]) == [theirs]
    again = await vendor.changes(page.cursor, datetime.now(UTC) + timedelta(minutes=1))
    assert (again.sightings, again.works, again.is_last) == ([], [], True)


async def test_a_set_up_as_the_page_says_has_no_problems(vendor):
    assert await vendor.check({"elin": "1", "johan": "2"}) == []
    (problem,) = await vendor.check({"elin": "77"})
    assert problem.startswith("roster: elin is 77 there") and "1 is Elin Ek" in problem


def carrier(vendor, book, now, erased="clear"):
    """What carries events into this Tryton; `now` is a list of one instant, which moves."""
    values = {"kind": "tryton", "name": "crm", "base_url": "https://x", "database": DATABASE, "login": INTEGRATION, "erased": erased,
              "secret": "STAFETT_SECRET_TRYTON", "stages": {"offered": "lead", "returned": "cancelled", "lost": "lost"}}  # fmt: skip
    settings = Settings(TrytonSink.model_validate(values), lambda _owner: "1", "crm")
    return Carrier(Target(settings, vendor, lambda *_: ()), book, lambda: now[0])


async def test_what_a_lead_did_is_one_note_beside_the_dossier(tryton, vendor):
    now, book = [NOW], MemoryBook()
    made = carrier(vendor, book, now)
    fields = {"owner": {"person": "anna", "ids": {}}, "stage": "hand_over", "signal_kind": "form.submitted"}
    touches = [event("lead.touched", n, at=now[0], source=f"site{n}", **fields) for n in range(2, 5)]
    for happened in (offered(handover="ho_t", email="touch@kund.example"), *touches, touches[-1]):
        await made.carry(happened, now[0] + timedelta(hours=1))
    later = event("lead.touched", 9, at=now[0], source="webinar", **fields)
    for happened in (later, later):
        await made.carry(happened, now[0] + timedelta(hours=1))
    ((one, notes),) = [(one, one.notes) for one in await of(tryton, "ho_t")]
    assert len(notes) == 2 and one.owner == "elin"
    (text,) = [note for note in notes if note.endswith("Stafett ho_t/touches")]
    assert all(f"site{n}" in text for n in range(2, 5)) and "webinar" in text


async def test_contacts_that_our_user_made_at_a_time_are_told_by_it(vendor):
    begin, key = datetime.now(UTC), Key("contact", "lead_r", email="retraced@kund.example")
    made = await vendor.create(key, vendor.render(Wanted(key, {"email": key.email, "full_name": "Eva Ek"})), {})
    second = timedelta(seconds=1)
    found = await vendor.contacts_made(Span(begin - second, datetime.now(UTC) + second), ["email"])
    # The tests before may have made others within the second.
    assert (made.vendor_id, key.email) in [(match.vendor_id, match.fields["email"]) for match in found]
    before = await vendor.contacts_made(Span(begin - 9 * second, begin - 8 * second), ["email"])
    assert made.vendor_id not in [match.vendor_id for match in before]


@pytest.mark.parametrize("erased", ["clear", "delete"])
@pytest.mark.parametrize("company", ["kund-{}.example", None])
async def test_who_is_erased_is_named_by_nothing_that_we_made(tryton, vendor, erased, company):
    now, book, reference = [NOW], MemoryBook(), f"ho_e_{erased}_{company is None}"
    made = carrier(vendor, book, now, erased)
    email, domain = f"{reference}@kund.example", company and company.format(erased)
    await made.carry(
        offered(handover=reference, email=email, company_domain=domain, lead="lead_1"), now[0] + timedelta(hours=1)
    )
    assert len(await of(tryton, reference)) == 1
    await made.carry(event("lead.erased", 2, reason="asked"), now[0] + timedelta(hours=1))
    left = await of(tryton, reference)
    assert [(one.description, one.notes) for one in left] == ([(reference, ())] if erased == "clear" else [])
    ident = int(book.kept["contact", "lead_1"].vendor_id)
    parties = await tryton.rows("SELECT name FROM party_party WHERE id = :id", id=ident)
    addresses = await tryton.rows("SELECT value FROM party_contact_mechanism WHERE party = :id", id=ident)
    assert [row["name"] for row in parties] in ([None], [""], []) and addresses == []
    assert book.done["evt_2", "erase_contact_lead_1"].outcome == {"clear": "emptied", "delete": "deleted"}[erased]
    assert {record.state for record in book.kept.values() if record.kind != "company"} == {"erased"}


async def test_an_opportunity_that_is_closed_there_waits_for_somebody_and_nothing_else_does(tryton, vendor):
    now, book = [NOW], MemoryBook()
    made, until = carrier(vendor, book, now), NOW + timedelta(hours=1)
    await made.carry(offered(handover="ho_l", email="lost@kund.example", company_domain=None), until)
    async with TrytonUser(tryton, "elin") as elin:
        await elin.call("sale.opportunity.lost", [int(book.kept["opportunity", "ho_l"].vendor_id)])
    with pytest.raises(Trouble, match="refused_data") as caught:
        await made.carry(event("lead.erased", 2, reason="asked"), until)
    assert caught.value.field == "Description"
    (one,) = await of(tryton, "ho_l")
    assert (one.state, one.emails, one.notes) == ("lost", (), ())
    del book.kept["opportunity", "ho_l"]
    await made.carry(event("lead.erased", 2, reason="asked"), until)
    assert {record.state for record in book.kept.values()} == {"erased"}


async def test_an_opportunity_that_was_returned_and_cannot_be_changed_there_is_deleted(tryton, vendor):
    now, book = [NOW], MemoryBook()
    made, until = carrier(vendor, book, now), NOW + timedelta(hours=1)
    await made.carry(offered(handover="ho_r", email="back@kund.example", company_domain=None), until)
    await made.carry(event("handover.returned", 2, handover_id="ho_r", pass_number=1, offer_id="ho_r.1"), until)
    assert [one.state for one in await of(tryton, "ho_r")] == ["cancelled"]
    await made.carry(event("lead.erased", 3, reason="asked"), until)
    assert await of(tryton, "ho_r") == [] and book.kept["opportunity", "ho_r"].state == "erased"
    step = book.done["evt_3", "erase_opportunity_ho_r"]
    assert (step.outcome, step.code) == ("deleted", "UserError")
