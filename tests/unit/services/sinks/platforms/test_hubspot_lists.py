"""HubSpot's lists as a sink changes them, against the stand-in of the account that hand-overs go into."""

from datetime import UTC, datetime

import pytest

from schemas.sinks.platforms import HubspotMarketingSink
from services.sinks.audiences import Audience, Presence, Who
from services.sinks.memberships import MarketingTarget
from services.sinks.outcomes import Trouble
from services.sinks.planning.memberships import MarketingSettings
from services.sinks.platforms.hubspot import HubspotLists
from tests.marketing_storm import Stage, Storm
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.faults import (
    COMMIT_THEN_DROP,
    DROP_BEFORE,
    GATEWAY_AFTER,
    HTML_403,
    UNAVAILABLE,
    Fault,
    Limit,
    Plan,
    Rule,
)
from tests.parts.vendors.hubspot import HubSpotApi
from tests.parts.vendors.hubspot_account import ALL_SCOPES, VERSION, MembersList, Subscription
from tests.parts.vendors.hubspot_answers import BURST
from tests.parts.vendors.published import from_environment
from tests.parts.vendors.server import ask

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SECRET = "pat-eu1-stand-in"
EVA, OLA = "eva@kund.example", "ola@kund.example"
QUIET = Audience("list", "12")
NAMES = {"12": "quiet", "13": "news", "14": "warm", "15": "cold", "16": "pumps"}


@pytest.fixture
def api():
    made = new_api()
    yield made
    assert made.violations == []


def new_api(**values):
    lists = {ident: MembersList(name) for ident, name in NAMES.items()}
    made = HubSpotApi(lists=lists, oracle=from_environment("2026-09"), **values)
    made.records.now, made.burst = (lambda: NOW), Limit(100_000, 10)
    plan, made.plan = made.plan, Plan()
    for email in (EVA, OLA):
        request = ask(
            "POST",
            f"/crm/objects/{VERSION}/contacts",
            {"properties": {"email": email}, "associations": []},
            headers={"authorization": f"Bearer {SECRET}"},
        )
        assert made.answer(request).status == 201
    made.plan = plan
    return made


def contacts(api):
    return {record.properties["email"]: ident for ident, record in api.records.objects["contacts"].items()}


def sink(**values):
    fields = {
        "name": "mail",
        "kind": "hubspot",
        "mode": "live",
        "secret": "STAFETT_SECRET_HUBSPOT",
        "suppression": {"list": "12", "exempt": {"newsletter": {"list": "13"}}},
        "tracks": {"warm_up": {"list": "14"}, "recycle": {"list": "15"}},
        "programmes": {"pumps": {"list": "16"}},
        **values,
    }
    return HubspotMarketingSink.model_validate(fields)


def platform(api):
    return HubspotLists(sink(), StandInCaller(api), SECRET)


async def test_a_contact_is_read_by_its_id_and_found_by_its_address(api):
    hubspot, eva = platform(api), contacts(api)[EVA]
    assert await hubspot.read(eva) == eva and await hubspot.find(EVA) == eva
    assert await hubspot.read("999999") is None and await hubspot.read("x") is None
    assert await hubspot.find("nobody@kund.example") is None


async def test_a_contact_enters_a_list_and_leaves_it(api):
    hubspot, eva = platform(api), contacts(api)[EVA]
    assert await hubspot.presence(eva, QUIET) == Presence("out", is_in=False)
    await hubspot.enter(eva, QUIET)
    await hubspot.enter(eva, QUIET)
    assert await hubspot.presence(eva, QUIET) == Presence("in", is_in=True)
    await hubspot.restore(eva, QUIET, "out")
    assert await hubspot.presence(eva, QUIET) == Presence("out", is_in=False)


async def test_a_contact_is_made_once(api):
    who = Who("lead_1", email="ny@kund.example", first_name="Ny")
    ident = await platform(api).create(who)
    assert await platform(api).create(who) == ident and contacts(api)["ny@kund.example"] == ident


async def test_a_contact_that_is_gone_is_named_by_an_answer_that_succeeded(api):
    with pytest.raises(Trouble) as caught:
        await platform(api).enter("999999", QUIET)
    assert caught.value.kind == "gone"


async def test_a_list_that_is_not_there_or_fills_itself_is_the_set_up(api):
    hubspot, eva = platform(api), contacts(api)[EVA]
    api.lists["12"].is_manual = False
    for audience in (QUIET, Audience("list", "99")):
        with pytest.raises(Trouble) as caught:
            await hubspot.enter(eva, audience)
        assert (caught.value.kind, caught.value.field) == ("refused_setup", str(audience))


async def test_a_key_without_the_scope_is_the_set_up_and_the_scope_is_named(api):
    api.keys[SECRET] = ALL_SCOPES - {"crm.lists.write"}
    with pytest.raises(Trouble) as caught:
        await platform(api).enter(contacts(api)[EVA], QUIET)
    assert (caught.value.kind, caught.value.field) == ("refused_setup", "crm.lists.write")


async def test_check_tells_lists_that_cannot_be_used(api):
    api.lists["13"].is_manual = False
    problems = await platform(api).check([QUIET, Audience("list", "13"), Audience("list", "99")])
    assert [problem.partition(":")[0] for problem in problems] == ["list 13", "list 99"]
    assert await platform(api).whoami()


HARD = {"list": "12", "hard": True, "exempt": {"newsletter": {"list": "13"}}}
NEWS = Audience("unsubscribed", "501")


def hard(api):
    return HubspotLists(sink(suppression=HARD, unsubscribe_from=["501"]), StandInCaller(api), SECRET)


@pytest.fixture
def with_types(api):
    api.subscriptions = {"501": Subscription("Newsletter"), "502": Subscription("One to one", is_internal=True)}
    return api


def test_a_hard_stop_is_of_subscription_types_that_are_named():
    with pytest.raises(ValueError, match="unsubscribe_from"):
        sink(suppression=HARD)


@pytest.mark.parametrize("before", ["SUBSCRIBED", "NOT_SPECIFIED"])
async def test_who_is_unsubscribed_by_us_is_set_back_to_what_they_were(with_types, before):
    hubspot, eva, held = hard(with_types), contacts(with_types)[EVA], with_types.subscriptions["501"]
    held.statuses[EVA] = (before, None)
    was = await hubspot.presence(eva, NEWS)
    assert was == Presence(before.casefold(), is_in=False)
    await hubspot.enter(eva, NEWS)
    assert await hubspot.presence(eva, NEWS) == Presence("in", is_in=True)
    await hubspot.restore(eva, NEWS, was.word)
    assert held.statuses[EVA][0] == before


async def test_the_persons_own_no_looks_like_nobodys_of_ours(with_types):
    hubspot, eva, held = hard(with_types), contacts(with_types)[EVA], with_types.subscriptions["501"]
    await hubspot.enter(eva, NEWS)
    held.statuses[EVA] = ("UNSUBSCRIBED", None)
    assert await hubspot.presence(eva, NEWS) == Presence("unsubscribed", is_in=True)


async def test_who_may_not_be_subscribed_again_is_a_refusal_of_this_contact(with_types):
    hubspot, eva = hard(with_types), contacts(with_types)[EVA]
    await hubspot.enter(eva, NEWS)
    with_types.subscriptions["501"].refused.add(EVA)
    with pytest.raises(Trouble) as caught:
        await hubspot.restore(eva, NEWS, "subscribed")
    assert caught.value.kind == "refused_data"


async def test_the_check_tells_subscription_types_that_cannot_be_used(with_types):
    asked = [NEWS, Audience("unsubscribed", "502"), Audience("unsubscribed", "9")]
    problems = await hard(with_types).check(asked)
    assert [problem.split()[1:6] for problem in problems] == [
        ["502", "is", "of", "mail", "from"],
        ["there", "is", "no", "subscription", "type"],
    ]
    assert "501 is Newsletter" in problems[1]


async def test_a_contact_that_is_gone_is_unsubscribed_from_nothing(with_types):
    with pytest.raises(Trouble) as caught:
        await hard(with_types).enter("999999", NEWS)
    assert caught.value.kind == "gone"


FAULTS = (COMMIT_THEN_DROP, DROP_BEFORE, UNAVAILABLE, GATEWAY_AFTER, HTML_403, Fault("429", "instead", BURST.answer))


@pytest.mark.parametrize("seed", range(20))
async def test_random_lives_with_faults_end_in_the_right_subscriptions(seed):
    api = new_api(plan=Plan(seed, [Rule(fault, 0.06) for fault in FAULTS]))
    api.subscriptions = {"501": Subscription("Newsletter")}
    held, address = api.subscriptions["501"].statuses, {ident: email for email, ident in contacts(api).items()}
    held |= {EVA: ("SUBSCRIBED", None)}

    def audiences(contact):
        lists = {Audience("list", i) for i, one in api.lists.items() if contact in one.members}
        is_stopped = held.get(address[contact], ("", None))[0] == "UNSUBSCRIBED"
        return lists | ({NEWS} if is_stopped else set())

    def put(contact, audience):
        if audience == NEWS:
            held[address[contact]] = ("UNSUBSCRIBED", None)
        else:
            api.lists[audience.id].members[contact] = "2026-11-30T09:00:00Z"

    entry = {"hard": True, "exempt": {"newsletter": {"list": "13"}}}
    settings = MarketingSettings(sink(suppression=entry, unsubscribe_from=["501"]), "hubspot")
    stage = Stage(
        target=lambda: MarketingTarget(settings, hard(api)),
        contacts=contacts(api),
        audiences=audiences,
        put=put,
        quiet=NEWS,
        news=Audience("list", "13"),
        tracks={"warm_up": Audience("list", "14"), "recycle": Audience("list", "15")},
        pumps=Audience("list", "16"),
    )
    await Storm(stage, seed).live()
    assert api.violations == [] and sum(api.plan.came.values()) > 5


@pytest.mark.parametrize("seed", range(20))
async def test_random_lives_with_faults_end_in_the_right_lists(seed):
    api = new_api(plan=Plan(seed, [Rule(fault, 0.06) for fault in FAULTS]))
    stage = Stage(
        target=lambda: MarketingTarget(MarketingSettings(sink(), "hubspot"), platform(api)),
        contacts=contacts(api),
        audiences=lambda contact: {Audience("list", i) for i, held in api.lists.items() if contact in held.members},
        put=lambda contact, audience: api.lists[audience.id].members.update({contact: "2026-11-30T09:00:00Z"}),
        quiet=QUIET,
        news=Audience("list", "13"),
        tracks={"warm_up": Audience("list", "14"), "recycle": Audience("list", "15")},
        pumps=Audience("list", "16"),
    )
    await Storm(stage, seed).live()
    assert api.violations == [] and sum(api.plan.came.values()) > 5


async def test_a_contact_that_we_made_is_deleted_for_good_and_deleted_again_is_nothing(api):
    made = platform(api)
    ident = await made.create(Who("lead_1", email="ny@kund.example", first_name="Ny"))
    await made.delete(ident)
    assert await made.read(ident) is None and await made.find("ny@kund.example") is None
    await made.delete(ident)
