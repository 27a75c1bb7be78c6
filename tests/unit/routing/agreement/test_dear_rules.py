"""What a sender makes dear to find out is unknown, and stops nobody (M1)."""

import asyncio

import pytest

from routing.agreement.definitions import TOO_DEAR, DefinitionError, Judge, compile_expression
from routing.model.records import Lead
from schemas.signals import Consent, Kind, Parsed, Person, Reference
from schemas.sources import Source
from services.ingest.limits.stops import Stops
from services.ingest.normalising.lengths import MOST, fitting
from services.ingest.normalising.normalise import to_signal
from services.ports.errors import StoreUnavailable
from tests.setups import START, signal

TAGS = tuple(f"tag{n}" for n in range(12_000))
DEAR = "signal.tags.exists(t, t.startsWith('demo'))"


def judge(*tags):
    lead = Lead(
        id="lead_1",
        brand="default",
        partition_key="k",
        stage="contact",
        stage_since=START,
        created_at=START,
        pass_since=START,
        source="web",
    )
    return Judge(lead, signal(1, Kind.FORM_SUBMITTED).but(tags=tags), START)


def test_m1_an_expression_that_takes_too_many_steps_is_unknown_and_raises_nothing():
    expression = compile_expression(DEAR)
    finding = judge(*TAGS).asks(expression)
    assert not finding.met and finding.unknown == TOO_DEAR
    assert finding.evidence() == {"met": False, "unknown": TOO_DEAR}
    assert judge("demo").asks(expression).met
    assert judge(*TAGS).asks(expression).unknown == TOO_DEAR, "kept answers are the same"


def test_m1_an_expression_that_is_too_dear_by_itself_is_refused_with_its_rule():
    numbers = ", ".join(str(n) for n in range(200))
    with pytest.raises(DefinitionError, match="takes more steps than one evaluation may have"):
        compile_expression(f"[{numbers}].all(a, [{numbers}].all(b, a + b >= 0))")


def parsed(**more):
    return Parsed(
        kind=Kind.FORM_SUBMITTED, source_kind="form", dedupe_key="body:1", person=Person(email="a@b.se"), **more
    )


def test_m1_of_tags_references_and_consents_a_signal_has_a_bounded_number_and_the_rest_is_kept():
    references = tuple(Reference(system="s", object="deal", id=str(n)) for n in range(300))
    consents = tuple(Consent(purpose=f"p{n}", state="given", basis="form") for n in range(300))
    found = fitting(parsed(tags=TAGS, references=references, previous=references, consents=consents))
    assert len(found.tags) == len(found.references) == len(found.previous) == len(found.consents) == MOST
    assert found.tags == TAGS[:MOST]
    assert found.fields[f"(tags beyond {MOST})"] == list(TAGS[MOST:])
    assert found.fields[f"(references beyond {MOST})"][0]["id"] == str(MOST)
    made = to_signal(parsed(tags=TAGS), Source(name="web", kind="form", verify={"scheme": "none"}), START, b"k" * 32)
    assert len(made.tags) == MOST and made.text()


def test_m1_what_is_few_and_short_stays_the_same_object():
    given = parsed(tags=TAGS[:MOST])
    assert fitting(given) is given


class World:
    def __init__(self):
        self.at, self.counts, self.changes, self.asked = 0.0, {}, [], 0
        self.stops = Stops(self.count, 25, lambda: self.at, lambda *change: self.changes.append(change))

    async def count(self):
        self.asked += 1
        if isinstance(self.counts, Exception):
            raise self.counts
        return self.counts

    async def later(self, counts, at):
        self.counts, self.at = counts, at
        await self.stops.look()


async def test_m1_one_sender_stops_itself_and_goes_on_once_an_operator_looked(caplog):
    world = World()
    await world.later({"crm": 26, "web": 3, "": 100}, 0.0)
    assert world.stops.is_stopped("crm") and not world.stops.is_stopped("web") and not world.stops.is_stopped("")
    assert world.changes == [("crm", True)] and "source stopped" in caplog.text
    await world.later(StoreUnavailable(), 10.0)
    assert world.stops.is_stopped("crm"), "what was found last goes on while the store is away"
    await world.later({"crm": 25}, 20.0)
    assert not world.stops.is_stopped("crm") and world.changes[-1] == ("crm", False)


async def test_m1_requests_wait_for_no_look_and_make_one_in_five_seconds():
    world = World()
    world.counts = {"crm": 26}
    assert not world.stops.is_stopped("crm")
    await asyncio.sleep(0)
    assert [world.stops.is_stopped("crm") for _ in range(1000)] == [True] * 1000 and world.asked == 1
    world.at = 5.0
    world.stops.is_stopped("crm")
    await asyncio.sleep(0)
    assert world.asked == 2
