"""A real Tryton: that it can be had, that kill -9 costs it nothing that it answered, and the traits that a sink relies on."""

import pytest

from tests.parts.tryton import INTEGRATION, TrytonRefused, TrytonServer, TrytonUser

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
