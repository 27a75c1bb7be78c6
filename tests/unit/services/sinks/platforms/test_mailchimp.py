"""Mailchimp as a sink writes to it: members found, tagged and untagged, and an unsubscribe only where it can be taken back."""

import pytest

from schemas.sinks.platforms import MailchimpSink
from services.sinks.audiences import Audience, Presence, Who
from services.sinks.memberships import MarketingTarget
from services.sinks.outcomes import Trouble
from services.sinks.planning.memberships import MarketingSettings
from services.sinks.platforms.mailchimp import Mailchimp
from tests.marketing import released, started
from tests.marketing_storm import Stage, Storm
from tests.parts.vendors import mailchimp
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
from tests.parts.vendors.mailchimp import LIST, MailchimpApi, Member, hash_of, problem

EVA, OLA = "eva@kund.example", "ola@kund.example"
QUIET, HARD = Audience("tag", "Stafett: sales"), Audience("unsubscribed")
TOO_MANY = Fault("429", "instead", mailchimp.TOO_MANY)


@pytest.fixture
def api():
    made = new_api()
    yield made
    assert made.violations == []


def new_api(**values):
    return MailchimpApi(members={hash_of(email): Member(email) for email in (EVA, OLA)}, tags={QUIET.id}, **values)


def sink(**values):
    fields = {
        "name": "mail",
        "kind": "mailchimp",
        "mode": "live",
        "base_url": "https://us6.api.mailchimp.com/3.0",
        "audience": LIST,
        "secret": "STAFETT_SECRET_MAILCHIMP",
        "suppression": {"tag": QUIET.id, "exempt": {"newsletter": {"tag": "news"}}},
        "tracks": {"warm_up": {"tag": "warm"}, "recycle": {"tag": "cold"}},
        "programmes": {"pumps": {"tag": "pumps"}},
        **values,
    }
    return MailchimpSink.model_validate(fields)


def platform(api, **values):
    return Mailchimp(sink(**values), StandInCaller(api), "key-us6")


@pytest.fixture
def eva(api):
    return api.members[hash_of(EVA)]


async def test_a_member_is_found_by_the_address_and_named_by_the_contacts_id(api, eva):
    chimp = platform(api)
    assert await chimp.find("Eva@Kund.Example") == eva.contact_id
    assert await chimp.read(eva.contact_id) == eva.contact_id
    assert await chimp.find("nobody@kund.example") is None


async def test_the_id_that_webhooks_tell_is_not_asked_for(api):
    assert await platform(api).read("6b1f0c2d3e") is None
    assert api.log == []


async def test_an_archived_member_is_nobody(api, eva):
    eva.status = "archived"
    assert await platform(api).find(EVA) is None
    with pytest.raises(Trouble) as caught:
        await platform(api).presence(eva.contact_id, HARD)
    assert caught.value.kind == "gone"


async def test_an_audience_that_is_not_there_is_not_taken_for_nobody(api):
    with pytest.raises(Trouble, match="no_such_audience") as caught:
        await platform(api, audience="other").find(EVA)
    assert caught.value.kind == "refused_setup"


async def test_a_tag_comes_and_goes_and_its_case_is_no_matter(api, eva):
    chimp = platform(api)
    await chimp.enter(eva.contact_id, QUIET)
    assert eva.tags == [QUIET.id]
    eva.tags = [QUIET.id.upper()]
    assert await chimp.presence(eva.contact_id, QUIET) == Presence("in", is_in=True)
    await chimp.restore(eva.contact_id, QUIET, "out")
    assert eva.tags == []


@pytest.mark.parametrize(
    ("status", "presence"),
    [
        ("subscribed", Presence("subscribed", is_in=False)),
        ("unsubscribed", Presence("in", is_in=True)),
        ("cleaned", Presence("cleaned", is_in=True)),
        ("pending", Presence("pending", is_in=True)),
        ("transactional", Presence("transactional", is_in=True)),
    ],
)
async def test_only_who_is_subscribed_can_be_unsubscribed(api, eva, status, presence):
    eva.status = status
    assert await platform(api).presence(eva.contact_id, HARD) == presence


async def test_a_hard_stop_is_taken_back_as_it_was_and_not_from_who_was_unsubscribed_before(api, eva):
    chimp = platform(api, suppression={"hard": True})
    storm = Storm(stage(api, chimp), 1)
    await storm.insist(started(1))
    assert eva.status == "unsubscribed"
    await storm.insist(released(2))
    assert eva.status == "subscribed"
    eva.status, eva.by_themselves = "unsubscribed", True
    await storm.insist(started(3))
    await storm.insist(released(4))
    assert eva.status == "unsubscribed"


async def test_who_unsubscribed_themselves_meanwhile_stays_unsubscribed(api, eva):
    chimp = platform(api, suppression={"hard": True})
    storm = Storm(stage(api, chimp), 1)
    await storm.insist(started(1))
    eva.by_themselves = True
    await storm.insist(released(2))
    assert eva.status == "unsubscribed"
    (step,) = await storm.book.steps("sink/mail", "evt_2")
    assert (step.outcome, step.code) == ("not_taken_back", "Member In Compliance State")


async def test_a_member_is_made_once_and_not_subscribed(api):
    who = Who("lead_1", email="ny@kund.example", first_name="Ny")
    ident = await platform(api).create(who)
    assert await platform(api).create(who) == ident
    assert api.members[hash_of("ny@kund.example")].status == "transactional" and len(api.members) == 3


async def test_who_was_deleted_for_good_is_not_made(api):
    api.forgotten.add("ny@kund.example")
    assert await platform(api).create(Who("lead_1", email="ny@kund.example")) is None


async def test_a_member_that_is_gone_is_told_as_gone(api):
    chimp = platform(api)
    for call in (chimp.presence("0" * 32, QUIET), chimp.enter("0" * 32, QUIET), chimp.enter("0" * 32, HARD)):
        with pytest.raises(Trouble) as caught:
            await call
        assert caught.value.kind == "gone"


async def test_a_refusal_names_the_field_and_no_value(api):
    with pytest.raises(Trouble) as caught:
        await platform(api).create(Who("lead_1", email="someone@example"))
    assert (caught.value.kind, caught.value.field) == ("refused_data", "email_address")
    assert "someone" not in str(caught.value) and caught.value.correlation.startswith("5a2b")


@pytest.mark.parametrize(
    ("fault", "of_read", "of_write"),
    [
        (UNAVAILABLE, "transient", "unknown"),
        (GATEWAY_AFTER, "transient", "unknown"),
        (COMMIT_THEN_DROP, "transient", "unknown"),
        (TOO_MANY, "throttled", "throttled"),
        (HTML_403, "throttled", "throttled"),
        (Fault("403", "instead", problem(403, "User Does Not Have Access", "no")), "refused_setup", "refused_setup"),
        (Fault("500", "instead", problem(500, "InternalServerError", "no")), "transient", "unknown"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else value,
)
async def test_each_answer_means_one_thing(api, eva, fault, of_read, of_write):
    chimp = platform(api)
    for call, kind in ((chimp.find(EVA), of_read), (chimp.enter(eva.contact_id, QUIET), of_write)):
        api.plan.once(fault)
        with pytest.raises(Trouble) as caught:
            await call
        assert caught.value.kind == kind


async def test_a_key_that_is_wrong_is_the_set_up(api):
    api.key = "another"
    with pytest.raises(Trouble, match="API Key Invalid") as caught:
        await platform(api).find(EVA)
    assert caught.value.kind == "refused_setup"


async def test_check_tells_what_is_not_there(api):
    assert await platform(api).check([QUIET, Audience("tag", "cold")]) == [
        "tag cold: there is none of this name yet; make it"
    ]
    (line,) = await platform(api, audience="other").check([QUIET])
    assert line.startswith("audience: there is none")
    assert await platform(api).whoami()


def stage(api, chimp=None):
    members = {member.contact_id: member for member in api.members.values()}
    return Stage(
        target=lambda: MarketingTarget(
            MarketingSettings((chimp or platform(api))._sink, "mailchimp"), chimp or platform(api)
        ),
        contacts={member.email: ident for ident, member in members.items()},
        audiences=lambda contact: {Audience("tag", tag) for tag in members[contact].tags},
        put=lambda contact, audience: members[contact].tags.append(audience.id),
        quiet=QUIET,
        news=Audience("tag", "news"),
        tracks={"warm_up": Audience("tag", "warm"), "recycle": Audience("tag", "cold")},
        pumps=Audience("tag", "pumps"),
    )


FAULTS = [
    Rule(fault, 0.06) for fault in (COMMIT_THEN_DROP, DROP_BEFORE, UNAVAILABLE, GATEWAY_AFTER, TOO_MANY, HTML_403)
]


@pytest.mark.parametrize("seed", range(20))
async def test_random_lives_with_faults_end_in_the_right_tags(seed):
    api = new_api(plan=Plan(seed, FAULTS))
    await Storm(stage(api), seed).live()
    assert api.violations == [] and sum(api.plan.came.values()) > 5


async def test_a_contact_that_we_made_is_deleted_for_good_and_deleted_again_is_nothing(api):
    made = platform(api)
    ident = await made.create(Who("lead_1", email="ny@kund.example", first_name="Ny"))
    await made.delete(ident)
    assert await made.read(ident) is None and await made.find("ny@kund.example") is None
    await made.delete(ident)
