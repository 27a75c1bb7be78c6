"""A platform that the sinks file describes by its requests."""

import pytest

from schemas.sinks import SinksFile
from schemas.yamlfile import FileError, load
from services.sinks.audiences import Audience, Presence, Who
from services.sinks.memberships import MarketingTarget
from services.sinks.outcomes import Trouble
from services.sinks.planning.memberships import MarketingSettings
from services.sinks.platforms.by_mapping import ByMapping, value_at
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
from tests.parts.vendors.labels import LabelsApi

EVA, OLA = "eva@kund.example", "ola@kund.example"
QUIET, OLD = Audience("tag", "quiet now"), Audience("tag", "old")
FILE = """\
version: 1
marketing:
  - name: mail
    kind: http
    mode: live
    base_url: https://mail.example.com
    secret: STAFETT_SECRET_MAIL
    header: X-Key
    scheme: ""
    suppression: {tag: quiet now, exempt: {newsletter: {tag: news}}}
    tracks: {warm_up: {tag: warm}, recycle: {tag: cold}}
    programmes: {pumps: {tag: pumps}}
    create: true
    find: {path: "/v1/people?email={email}", id: data.0.id, email: data.0.email}
    read: {path: "/v1/people/{contact}"}
    make: {method: POST, path: /v1/people, body: {email: "{email}", first: "{first_name}"}, id: person.id}
    delete: {method: DELETE, path: "/v1/people/{contact}"}
    requests:
      tag:
        presence: {path: "/v1/people/{contact}/labels", rows: labels, key: name, where: {state: "on"}}
        enter: {method: POST, path: "/v1/people/{contact}/labels", body: {label: "{audience}", by: Stafett}}
        leave: {method: DELETE, path: "/v1/people/{contact}/labels/{audience}"}
"""


@pytest.fixture
def api():
    made = new_api()
    yield made
    assert made.violations == []


def new_api(**values):
    return LabelsApi(people={5: EVA, 6: OLA}, labels={5: set(), 6: set()}, **values)


def sink():
    (made,) = load(FILE, SinksFile, "sinks.yaml").marketing
    return made


def platform(api):
    return ByMapping(sink(), StandInCaller(api), "key")


async def test_a_contact_is_read_found_and_made_by_the_requests_of_the_file(api):
    mail = platform(api)
    assert await mail.read("5") == "5" and await mail.read("99") is None
    assert await mail.find("Eva@kund.example") == "5" and await mail.find("a+b@kund.example") is None
    ident = await mail.create(Who("lead_1", email="ny@kund.example"))
    assert ident == await mail.create(Who("lead_1", email="ny@kund.example")) == "7"


async def test_somebody_else_in_an_answer_is_not_taken_for_who_was_asked_for(api):
    api.is_deaf = True
    assert await platform(api).find(OLA) is None and await platform(api).find(EVA) == "5"


async def test_an_audience_is_asked_for_entered_and_left(api):
    mail = platform(api)
    assert await mail.presence("5", QUIET) == Presence("out", is_in=False)
    await mail.enter("5", QUIET)
    await mail.enter("5", QUIET)
    assert await mail.presence("5", QUIET) == Presence("in", is_in=True) and api.labels[5] == {"quiet now"}
    await mail.restore("5", QUIET, "out")
    await mail.restore("5", QUIET, "out")
    assert api.labels[5] == set()


async def test_a_row_counts_only_with_the_fields_that_it_has_to_have(api):
    assert not (await platform(api).presence("5", OLD)).is_in


async def test_a_contact_that_is_gone_is_told_as_gone(api):
    mail = platform(api)
    for call in (mail.presence("99", QUIET), mail.enter("99", QUIET)):
        with pytest.raises(Trouble) as caught:
            await call
        assert caught.value.kind == "gone"


TOO_MANY = Fault("429", "instead", Answer(429, None, {"retry-after": "7"}))


@pytest.mark.parametrize(
    ("fault", "of_read", "of_write"),
    [
        (UNAVAILABLE, "transient", "unknown"),
        (GATEWAY_AFTER, "transient", "unknown"),
        (COMMIT_THEN_DROP, "transient", "unknown"),
        (TOO_MANY, "throttled", "throttled"),
        (Fault("401", "instead", Answer(401, {"error": "no"})), "refused_setup", "refused_setup"),
        (Fault("422", "instead", Answer(422, {"error": "no"})), "refused_data", "refused_data"),
        (Fault("405", "instead", Answer(405, {"error": "no"})), "refused_setup", "refused_setup"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else value,
)
async def test_each_status_means_one_thing(api, fault, of_read, of_write):
    mail = platform(api)
    for call, kind in ((mail.find(EVA), of_read), (mail.enter("5", QUIET), of_write)):
        api.plan.once(fault)
        with pytest.raises(Trouble) as caught:
            await call
        assert caught.value.kind == kind


async def test_check_asks_once_whether_somebody_is_let_in(api):
    assert await platform(api).check([QUIET]) == []
    api.key = "another"
    with pytest.raises(Trouble) as caught:
        await platform(api).check([QUIET])
    assert caught.value.kind == "refused_setup"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("{contact}/labels, rows", "{contakt}/labels, rows"), "requests.tag.presence.path: there is no `{contakt}`; did you mean `contact`"),
        (("tracks: {warm_up: {tag: warm}", "tracks: {warm_up: {list: warm}"), "tracks.warm_up.list: `requests` has no `list`"),
        (("    make: ", "    # make: "), "create: needs `make`, the request that makes a contact"),
        (("suppression: {tag", "suppression: {hard: true, tag"), "suppression.hard: this platform has no unsubscribe"),
        (("id: data.0.id", "id: data..id"), "find.id: must be names with points between them"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_is(change, problem):
    old, new = change
    text = FILE.replace('{contact}/labels", rows', "{contact}/labels, rows") if old not in FILE else FILE
    text = text.replace(old, new).replace("/labels, rows", '/labels", rows')
    with pytest.raises(FileError) as refused:
        load(text, SinksFile, "sinks.yaml")
    (line,) = refused.value.problems
    assert problem in line


def test_a_place_in_an_answer_is_found_or_nothing():
    answer = {"data": [{"id": 5}], "n": None}
    assert value_at(answer, "data.0.id") == 5
    assert value_at(answer, "data.1.id") is None and value_at(answer, "n.id") is None and value_at([], "a") is None


FAULTS = [
    Rule(fault, 0.06) for fault in (COMMIT_THEN_DROP, DROP_BEFORE, UNAVAILABLE, GATEWAY_AFTER, TOO_MANY, HTML_403)
]


@pytest.mark.parametrize("seed", range(20))
async def test_random_lives_with_faults_end_in_the_right_audiences(seed):
    api = new_api(plan=Plan(seed, FAULTS))
    stage = Stage(
        target=lambda: MarketingTarget(MarketingSettings(sink(), "http"), platform(api)),
        contacts={EVA: "5", OLA: "6"},
        audiences=lambda contact: {Audience("tag", name) for name in api.labels[int(contact)]},
        put=lambda contact, audience: api.labels[int(contact)].add(audience.id),
        quiet=QUIET,
        news=Audience("tag", "news"),
        tracks={"warm_up": Audience("tag", "warm"), "recycle": Audience("tag", "cold")},
        pumps=Audience("tag", "pumps"),
    )
    await Storm(stage, seed).live()
    assert api.violations == [] and sum(api.plan.came.values()) > 5


async def test_a_contact_that_we_made_is_deleted_for_good_and_deleted_again_is_nothing(api):
    made = platform(api)
    ident = await made.create(Who("lead_1", email="ny@kund.example", first_name="Ny"))
    await made.delete(ident)
    assert await made.read(ident) is None and await made.find("ny@kund.example") is None
    await made.delete(ident)


async def test_without_a_request_for_it_an_erasure_waits_for_somebody_and_the_check_says_so(api):
    (made,) = load(
        FILE.replace('    delete: {method: DELETE, path: "/v1/people/{contact}"}\n', ""), SinksFile, "sinks.yaml"
    ).marketing
    mail = ByMapping(made, StandInCaller(api), "key")
    with pytest.raises(Trouble, match="delete_is_not_described"):
        await mail.delete("5")
    assert [problem.partition(":")[0] for problem in await mail.check([])] == ["delete"]
