"""What somebody who is signed in may ask for, and in whose name."""

from datetime import UTC, datetime, timedelta

import pytest

from routing.agreement.agreement import compile_agreement
from schemas.commands import Command
from schemas.roster import RosterFile, Team
from services.api.commanding import Commanding, Refused, carry
from services.console.asking import commanding_as, roster_as
from services.console.signed_in import SignedIn
from services.console.signing_in.people import signed_in_of
from services.ports.sessions import Session
from services.rules.ruling import Ruling
from tests.memory import Memory
from tests.people import said
from tests.setups import EXAMPLES, ruling

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
RULES = ruling()


def with_people(**changes):
    """The example's ruling, with other members' fields."""
    file = RULES.roster.file
    people = [m.model_copy(update=changes.get(m.id, {})) for m in file.people]
    told = {
        **file.model_dump(by_alias=True),
        "people": [p.model_dump(by_alias=True) for p in people],
        "teams": [Team(name="north").model_dump()],
    }
    return Ruling(RULES.agreement, type(RULES.roster)(RosterFile.model_validate(told)))


def somebody(person, rules=RULES, roles=None) -> SignedIn:
    session = Session("d", person, NOW, NOW + timedelta(hours=1), NOW + timedelta(days=1), roles)
    found = signed_in_of(session, rules, csrf="token", spoken="en")
    assert found is not None
    return found


NORTH = with_people(elin={"team": "north"}, karin={"team": "north"}, lena={"brands": ("nord",)})


@pytest.mark.parametrize(
    ("person", "owner", "is_seen"),
    [
        ("elin", "elin", True), ("elin", "karin", True), ("elin", "johan", False), ("elin", None, True),
        ("johan", "elin", False), ("johan", "johan", True), ("sara", "elin", False), ("sara", None, True),
        ("maja", "johan", True), ("olof", "maja", False),
    ],
)  # fmt: skip
def test_people_see_their_own_leads_their_teams_and_those_that_nobody_has(person, owner, is_seen):
    assert somebody(person, NORTH).sees("default", owner) is is_seen


def test_a_brand_is_seen_by_whose_it_is():
    assert somebody("lena", NORTH).sees("nord", "elin") and not somebody("lena", NORTH).sees("sol", None)
    assert somebody("maja", NORTH).sees("sol", None)


def test_marketing_reads_salespeoples_notes_where_the_agreement_says_so():
    assert [somebody(person).may("notes") for person in ("lena", "elin", "sara", "maja")] == [False, True, True, True]
    text = (EXAMPLES / "agreement.yaml").read_text()
    assert "\nhandover:\n" in text
    open_text = text.replace("\nhandover:\n", "\nhandover:\n  marketing_reads_notes: true\n")
    open_rules = Ruling(compile_agreement(open_text, "agreement.yaml"), RULES.roster)
    assert somebody("lena", open_rules).may("notes")
    assert not somebody("lena", open_rules).may("plumbing")


def test_only_managers_see_the_plumbing():
    assert [somebody(p).may("plumbing") for p in ("maja", "lena", "elin", "sara", "olof")] == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_roles_that_the_provider_takes_away_are_gone_with_their_rights():
    less = somebody("maja", roles=("sales",))
    assert less.roles == {"sales"} and not less.may("all_leads") and not less.may("plumbing")
    assert not roster_as(less, RULES.roster).has_role("maja", "manager")
    assert roster_as(less, RULES.roster).has_role("elin", "sales")
    assert somebody("elin", roles=("sales", "manager")).roles == {"sales"}, (
        "the provider gives nothing that the roster does not"
    )
    assert roster_as(somebody("maja"), RULES.roster) is RULES.roster


def test_who_left_is_nobody():
    session = Session("d", "elin", NOW, NOW, NOW)
    assert signed_in_of(session, with_people(elin={"active": False}), csrf="", spoken="en") is None
    assert signed_in_of(session._replace(person="nobody"), RULES, csrf="", spoken="en") is None


@pytest.fixture
def world():
    """(commanding, a lead that somebody has, its owner, what was accepted)"""
    memory = Memory(RULES, NOW)
    memory.give(said(email="anna@example.com", full_name="Anna Ek"))
    ((lead_id, row),) = memory.leads.items()
    accepted = []

    async def accept(signals):
        accepted.extend(signals)

    async def roster():
        return RULES.roster

    async def lead(ident):
        return row if ident == lead_id else None

    async def unfit(_):
        return None

    return Commanding(roster, lead, accept, lambda: NOW, unfit), lead_id, row.owner, accepted


async def ask(world, by, **command):
    commanding, lead_id, _, _ = world
    who = somebody(by) if isinstance(by, str) else by
    asked = Command.model_validate({"lead": lead_id, "reason": "because", **command}).root
    return await carry(commanding_as(who, commanding), asked, who.principal(), "key-1")


async def test_a_command_names_whoever_is_signed_in(world):
    _, _, owner, accepted = world
    await ask(world, owner, command="hold", until="2026-12-01T00:00:00Z")
    (signal,) = accepted
    assert (signal.command.principal, signal.command.person) == (f"page/{owner}", owner)
    assert signal.actor.reference == owner


async def test_two_people_with_the_same_idempotency_key_ask_for_two_things(world):
    _, _, owner, accepted = world
    await ask(world, owner, command="hold", until="2026-12-01T00:00:00Z")
    await ask(world, "maja", command="hold", until="2026-12-02T00:00:00Z")
    assert len({signal.id for signal in accepted}) == 2


async def test_a_lead_that_somebody_does_not_see_is_none_to_them(world):
    _, _, owner, accepted = world
    stranger = next(p for p in ("johan", "elin", "karin", "olof") if p != owner)
    with pytest.raises(Refused, match="there is no lead") as refused:
        await ask(world, stranger, command="claim")
    assert refused.value.missing and not accepted


async def test_a_manager_without_that_role_in_their_session_assigns_nothing(world):
    with pytest.raises(Refused):
        await ask(world, somebody("maja", roles=("sales",)), command="assign", person="elin")
    assert await ask(world, "maja", command="assign", person="elin")
