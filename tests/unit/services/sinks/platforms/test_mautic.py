"""Mautic as a sink writes to it: contacts found, put into segments, campaigns and tags, and its do-not-contact left to the person."""

import pytest

from schemas.sinks.platforms import MauticSink
from services.sinks.audiences import Audience, Presence, Who
from services.sinks.memberships import MarketingTarget
from services.sinks.outcomes import Trouble
from services.sinks.planning.memberships import MarketingSettings
from services.sinks.platforms.mautic import COMMENT, Mautic
from tests.marketing_storm import Stage, Storm
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.faults import (
    COMMIT_THEN_DROP,
    DROP_BEFORE,
    GATEWAY_AFTER,
    HTML_403,
    UNAVAILABLE,
    Answer,
    Fault,
    Plan,
    Rule,
)
from tests.parts.vendors.mautic import BOUNCED, MANUAL, UNSUBSCRIBED, Contact, MauticApi, error

EVA, OLA = "eva@kund.example", "ola@kund.example"
QUIET, COLD, NEWS, HARD = (
    Audience("segment", "12"),
    Audience("automation", "4"),
    Audience("tag", "news"),
    Audience("unsubscribed"),
)
TOO_MANY = Fault(
    "429", "instead", Answer(429, {"errors": [{"code": 429, "message": "Too many"}]}, {"retry-after": "30"})
)


@pytest.fixture
def api():
    made = new_api()
    yield made
    assert made.violations == []


def new_api(**values):
    return MauticApi(
        contacts={"7": Contact(EVA), "8": Contact(OLA)},
        segments={ident: {"id": int(ident), "filters": []} for ident in ("12", "13")},
        campaigns={"4": {"id": 4, "isPublished": True, "allowRestart": True}},
        **values,
    )


def sink(**values):
    fields = {
        "name": "mail",
        "kind": "mautic",
        "mode": "live",
        "base_url": "https://mautic.example.com",
        "login": "stafett",
        "secret": "STAFETT_SECRET_MAUTIC",
        "suppression": {"segment": "12", "exempt": {"newsletter": {"tag": "news"}}},
        "tracks": {"warm_up": {"segment": "13"}, "recycle": {"automation": "4"}},
        "programmes": {"pumps": {"tag": "pumps"}},
        **values,
    }
    return MauticSink.model_validate(fields)


def platform(api, **values):
    return Mautic(sink(**values), StandInCaller(api), "secret")


async def test_a_contact_is_read_by_its_id_and_a_merge_is_followed(api):
    mautic = platform(api)
    assert await mautic.read("7") == "7"
    assert await mautic.read("99") is None and await mautic.read("no-id") is None
    api.merged["5"] = "7"
    assert await mautic.read("5") == "7"


async def test_a_contact_is_found_by_its_address_in_any_case(api):
    api.contacts["7"].email = "Eva@Kund.Example"
    assert await platform(api).find(EVA) == "7"
    assert await platform(api).find("nobody@kund.example") is None


@pytest.mark.parametrize("audience", [QUIET, COLD, NEWS], ids=str)
async def test_a_contact_enters_an_audience_and_leaves_it(api, audience):
    mautic = platform(api)
    assert await mautic.presence("7", audience) == Presence("out", is_in=False)
    await mautic.enter("7", audience)
    assert await mautic.presence("7", audience) == Presence("in", is_in=True)
    await mautic.restore("7", audience, "out")
    assert await mautic.presence("7", audience) == Presence("out", is_in=False)


@pytest.mark.parametrize(
    ("dnc", "presence"),
    [
        (None, Presence("contactable", is_in=False)),
        ((UNSUBSCRIBED, ""), Presence("unsubscribed", is_in=True)),
        ((BOUNCED, "mailbox full"), Presence("bounced", is_in=True)),
        ((MANUAL, "asked by phone"), Presence("manual", is_in=True)),
        ((MANUAL, COMMENT), Presence("in", is_in=True)),
    ],
)
async def test_only_a_do_not_contact_with_our_comment_is_ours(api, dnc, presence):
    api.contacts["7"].dnc = dnc
    assert await platform(api).presence("7", HARD) == presence


async def test_a_do_not_contact_of_ours_is_set_and_taken_back(api):
    mautic = platform(api)
    await mautic.enter("7", HARD)
    assert api.contacts["7"].dnc == (MANUAL, COMMENT)
    await mautic.restore("7", HARD, "contactable")
    assert api.contacts["7"].dnc is None


async def test_a_contact_is_made_once(api):
    who = Who("lead_1", email="ny@kund.example", first_name="Ny")
    ident = await platform(api).create(who)
    assert await platform(api).create(who) == ident and len(api.contacts) == 3


@pytest.mark.parametrize("audience", [QUIET, COLD, NEWS, HARD], ids=str)
async def test_a_contact_that_is_gone_is_told_as_gone(api, audience):
    mautic = platform(api)
    for call in (mautic.presence("99", audience), mautic.enter("99", audience)):
        with pytest.raises(Trouble) as caught:
            await call
        assert caught.value.kind == "gone"


@pytest.mark.parametrize("audience", [Audience("segment", "99"), Audience("automation", "99")], ids=str)
async def test_an_audience_that_is_not_there_is_the_set_up(api, audience):
    with pytest.raises(Trouble) as caught:
        await platform(api).enter("7", audience)
    assert (caught.value.kind, caught.value.field) == ("refused_setup", str(audience))


async def test_a_campaign_that_hides_its_contacts_is_not_believed(api):
    api.campaigns["4"]["isPublished"] = False
    with pytest.raises(Trouble, match="campaign_is_not_published") as caught:
        await platform(api).presence("7", COLD)
    assert caught.value.kind == "refused_setup"


async def test_who_may_not_is_the_set_up(api):
    api.hidden.add("12")
    with pytest.raises(Trouble) as caught:
        await platform(api).enter("7", QUIET)
    assert caught.value.kind == "refused_setup"
    api.password = "another"
    with pytest.raises(Trouble) as caught:
        await platform(api).read("7")
    assert (caught.value.kind, caught.value.code) == ("refused_setup", "access_denied_401")


@pytest.mark.parametrize(
    ("fault", "of_read", "of_write"),
    [
        (UNAVAILABLE, "transient", "unknown"),
        (GATEWAY_AFTER, "transient", "unknown"),
        (COMMIT_THEN_DROP, "transient", "unknown"),
        (TOO_MANY, "throttled", "throttled"),
        (HTML_403, "throttled", "throttled"),
        (Fault("500 with errors", "instead", error(500, "boom")), "transient", "unknown"),
        (Fault("200 with errors", "instead", Answer(200, error(400, "no").body)), "refused_data", "refused_data"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else value,
)  # fmt: skip
async def test_each_answer_means_one_thing(api, fault, of_read, of_write):
    mautic = platform(api)
    api.plan.once(fault, times=1)
    with pytest.raises(Trouble) as caught:
        await mautic.read("7")
    assert caught.value.kind == of_read
    api.plan.once(fault, "add to segment", times=1)
    with pytest.raises(Trouble) as caught:
        await mautic.enter("7", QUIET)
    assert caught.value.kind == of_write


async def test_a_limit_says_how_long(api):
    api.plan.once(TOO_MANY)
    with pytest.raises(Trouble) as caught:
        await platform(api).read("7")
    assert caught.value.wait.total_seconds() == 30


async def test_check_tells_each_audience_that_cannot_be_used(api):
    api.segments["13"]["filters"] = [{"field": "country"}]
    api.campaigns["4"]["isPublished"] = False
    problems = await platform(api).check([QUIET, Audience("segment", "13"), Audience("segment", "14"), COLD, NEWS])
    assert [problem.partition(":")[0] for problem in problems] == ["segment 13", "segment 14", "automation 4"]
    assert await platform(api).whoami() == "stafett"


def stage(api):
    sets = {
        QUIET: lambda c: c.lists.add("12"),
        Audience("segment", "13"): lambda c: c.lists.add("13"),
        COLD: lambda c: c.campaigns.setdefault("4", 1),
    }

    def audiences(contact):
        one = api.contacts[contact]
        lists = {Audience("segment", ident) for ident in one.lists}
        return lists | {Audience("automation", c) for c in one.campaigns} | {Audience("tag", tag) for tag in one.tags}

    return Stage(
        target=lambda: MarketingTarget(MarketingSettings(sink(), "mautic"), platform(api)),
        contacts={EVA: "7", OLA: "8"},
        audiences=audiences,
        put=lambda contact, audience: sets[audience](api.contacts[contact]),
        quiet=QUIET,
        news=NEWS,
        tracks={"warm_up": Audience("segment", "13"), "recycle": COLD},
        pumps=Audience("tag", "pumps"),
    )


FAULTS = [
    Rule(fault, 0.06) for fault in (COMMIT_THEN_DROP, DROP_BEFORE, UNAVAILABLE, GATEWAY_AFTER, TOO_MANY, HTML_403)
]


@pytest.mark.parametrize("seed", range(20))
async def test_random_lives_with_faults_end_in_the_right_audiences_and_restart_no_campaign(seed):
    api = new_api(plan=Plan(seed, FAULTS))
    storm = Storm(stage(api), seed)
    await storm.live()
    assert api.violations == [] and sum(api.plan.came.values()) > 5
    assert api.restarts == 0


async def test_a_contact_that_we_made_is_deleted_for_good_and_deleted_again_is_nothing(api):
    made = platform(api)
    ident = await made.create(Who("lead_1", email="ny@kund.example", first_name="Ny"))
    await made.delete(ident)
    assert await made.read(ident) is None and await made.find("ny@kund.example") is None
    await made.delete(ident)
