"""ActiveCampaign as a sink writes to it: tags, lists, automations, and subscriptions set back as they were."""

import pytest

from schemas.sinks.platforms import ActivecampaignSink
from services.sinks.audiences import Audience, Presence, Who
from services.sinks.memberships import MarketingTarget
from services.sinks.outcomes import Trouble
from services.sinks.planning.memberships import MarketingSettings
from services.sinks.platforms.activecampaign import Activecampaign
from tests.marketing import released, started
from tests.marketing_storm import Stage, Storm
from tests.parts.vendors import activecampaign
from tests.parts.vendors.activecampaign import THROUGH, ActivecampaignApi, not_there
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.faults import (
    COMMIT_THEN_DROP,
    DROP_BEFORE,
    GATEWAY_AFTER,
    HTML_403,
    UNAVAILABLE,
    Fault,
    Plan,
    Rule,
)

EVA, OLA = "eva@kund.example", "ola@kund.example"
QUIET, LIST, COLD, HARD = (
    Audience("tag", "9"),
    Audience("list", "2"),
    Audience("automation", "4"),
    Audience("unsubscribed", "3"),
)
TOO_MANY = Fault("429", "instead", activecampaign.TOO_MANY)


@pytest.fixture
def api():
    made = new_api()
    yield made
    assert made.violations == []


def new_api(**values):
    there = {"tag": {"9", "10", "11"}, "list": {"2", "3"}, "automation": {"4"}}
    return ActivecampaignApi(contacts={"110": EVA, "111": OLA}, there=there, **values)


def sink(**values):
    fields = {
        "name": "mail",
        "kind": "activecampaign",
        "mode": "live",
        "base_url": "https://firma.api-us1.com",
        "secret": "STAFETT_SECRET_AC",
        "suppression": {"tag": "9", "exempt": {"newsletter": {"tag": "10"}}},
        "tracks": {"warm_up": {"list": "2"}, "recycle": {"automation": "4"}},
        "programmes": {"pumps": {"tag": "11"}},
        **values,
    }
    return ActivecampaignSink.model_validate(fields)


def platform(api, **values):
    return Activecampaign(sink(**values), StandInCaller(api), "token")


async def test_a_contact_is_read_by_its_id_and_found_by_its_address_in_any_case(api):
    api.contacts["110"] = "Eva@Kund.Example"
    campaign = platform(api)
    assert await campaign.read("110") == "110" and await campaign.find(EVA) == "110"
    assert await campaign.read("99") is None and await campaign.read("x") is None
    assert await campaign.find("nobody@kund.example") is None


@pytest.mark.parametrize("audience", [QUIET, LIST, COLD], ids=str)
async def test_a_contact_enters_an_audience_and_leaves_it(api, audience):
    campaign = platform(api)
    assert await campaign.presence("110", audience) == Presence("out", is_in=False)
    await campaign.enter("110", audience)
    assert await campaign.presence("110", audience) == Presence("in", is_in=True)
    await campaign.restore("110", audience, "out")
    await campaign.restore("110", audience, "out")
    assert await campaign.presence("110", audience) == Presence("out", is_in=False)


async def test_who_is_through_an_automation_is_not_in_it(api):
    api.new_entry("automation", "110", "4", THROUGH)
    assert not (await platform(api).presence("110", COLD)).is_in


@pytest.mark.parametrize(
    ("status", "presence"),
    [
        ("0", Presence("unconfirmed", is_in=True)),
        ("1", Presence("subscribed", is_in=False)),
        ("2", Presence("in", is_in=True)),
        ("3", Presence("bounced", is_in=True)),
        (None, Presence("not_in_the_list", is_in=True)),
    ],
)
async def test_only_who_is_subscribed_to_a_list_can_be_unsubscribed_from_it(api, status, presence):
    if status is not None:
        api.new_entry("list", "110", "3", status)
    assert await platform(api).presence("110", HARD) == presence


async def test_a_hard_stop_is_of_the_lists_that_are_named_and_is_taken_back(api):
    entry = api.new_entry("list", "110", "3")
    storm = Storm(stage(api, suppression={"hard": True}, unsubscribe_from=["3", "2"], source="ac"), 1)
    await storm.insist(started(1))
    assert entry.status == "2" and api.entry("list", "110", "2") is None
    await storm.insist(released(2))
    assert entry.status == "1" and api.entry("list", "110", "2") is None


def test_a_hard_stop_needs_its_lists_and_somebody_who_tells_of_the_persons_own_no():
    with pytest.raises(ValueError, match="unsubscribe_from"):
        sink(suppression={"hard": True})
    with pytest.raises(ValueError, match="source"):
        sink(suppression={"hard": True}, unsubscribe_from=["3"])


async def test_a_contact_is_made_once(api):
    who = Who("lead_1", email="ny@kund.example", first_name="Ny")
    ident = await platform(api).create(who)
    assert await platform(api).create(who) == ident and len(api.contacts) == 3


async def test_a_refusal_names_the_field_and_no_value(api):
    with pytest.raises(Trouble) as caught:
        await platform(api).create(Who("lead_1", email="someone@example"))
    assert (caught.value.kind, caught.value.code) == ("refused_data", "email_invalid")
    assert caught.value.field == "/data/attributes/email" and "someone" not in str(caught.value)


@pytest.mark.parametrize("audience", [QUIET, LIST, COLD, HARD], ids=str)
async def test_a_contact_that_is_gone_is_told_as_gone(api, audience):
    campaign = platform(api)
    for call in (campaign.presence("99", audience), campaign.enter("99", audience)):
        with pytest.raises(Trouble) as caught:
            await call
        assert caught.value.kind == "gone"


async def test_a_403_in_the_words_of_what_is_not_there_is_no_matter_of_rights(api):
    with pytest.raises(Trouble) as caught:
        await platform(api).enter("110", Audience("tag", "99"))
    assert (caught.value.kind, caught.value.code, caught.value.field) == ("refused_setup", "no_such_audience", "tag/99")
    api.new_entry("automation", "110", "4")
    api.plan.once(Fault("gone meanwhile", "instead", not_there("SubscriberSeries", "1", 403)), "remove automation")
    await platform(api).restore("110", COLD, "out")


async def test_a_key_that_is_wrong_is_the_set_up(api):
    api.token = "another"
    with pytest.raises(Trouble) as caught:
        await platform(api).find(EVA)
    assert (caught.value.kind, caught.value.code) == ("refused_setup", "http_403")


@pytest.mark.parametrize(
    ("fault", "of_read", "of_write"),
    [
        (UNAVAILABLE, "transient", "unknown"),
        (GATEWAY_AFTER, "transient", "unknown"),
        (COMMIT_THEN_DROP, "transient", "unknown"),
        (TOO_MANY, "throttled", "throttled"),
        (HTML_403, "throttled", "throttled"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else value,
)
async def test_each_answer_means_one_thing(api, fault, of_read, of_write):
    campaign = platform(api)
    for call, kind in ((campaign.find(EVA), of_read), (campaign.enter("110", QUIET), of_write)):
        api.plan.once(fault)
        with pytest.raises(Trouble) as caught:
            await call
        assert caught.value.kind == kind


async def test_check_tells_each_audience_that_is_not_there(api):
    problems = await platform(api).check([QUIET, Audience("tag", "99"), LIST, COLD, Audience("unsubscribed", "98")])
    assert [problem.partition(":")[0] for problem in problems] == ["tag 99", "list 98"]
    assert await platform(api).whoami() == "stafett"


def stage(api, **values):
    def audiences(contact):
        rows = [entry for entry in api.entries.values() if entry.contact == contact]
        return {Audience(row.kind, row.of) for row in rows if row.kind == "tag" or row.status == "1"}

    return Stage(
        target=lambda: MarketingTarget(MarketingSettings(sink(**values), "activecampaign"), platform(api, **values)),
        contacts={EVA: "110", OLA: "111"},
        audiences=audiences,
        put=lambda contact, audience: api.new_entry(audience.kind, contact, audience.id),
        quiet=QUIET,
        news=Audience("tag", "10"),
        tracks={"warm_up": LIST, "recycle": COLD},
        pumps=Audience("tag", "11"),
    )


FAULTS = [
    Rule(fault, 0.06) for fault in (COMMIT_THEN_DROP, DROP_BEFORE, UNAVAILABLE, GATEWAY_AFTER, TOO_MANY, HTML_403)
]


@pytest.mark.parametrize("seed", range(20))
async def test_random_lives_with_faults_end_in_the_right_audiences_and_restart_no_automation(seed):
    api = new_api(plan=Plan(seed, FAULTS))
    await Storm(stage(api), seed).live()
    assert api.violations == [] and sum(api.plan.came.values()) > 5 and api.restarts == 0


async def test_a_contact_that_we_made_is_deleted_for_good_and_deleted_again_is_nothing(api):
    made = platform(api)
    ident = await made.create(Who("lead_1", email="ny@kund.example", first_name="Ny"))
    await made.delete(ident)
    assert await made.read(ident) is None and await made.find("ny@kund.example") is None
    await made.delete(ident)
