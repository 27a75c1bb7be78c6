"""However much people write, what a lead keeps of it is bounded, and so is every event."""

import json

from hypothesis import given
from hypothesis import strategies as st

from routing.model import bounds
from routing.model.envelope import Stamp, about, seal
from schemas.envelope import whole
from schemas.signals import Company, Kind, Parsed, Person, Reference
from schemas.sources import Source
from services.ingest.normalising.lengths import LONGEST, LONGEST_PROSE, fitting
from services.ingest.normalising.normalise import to_signal
from services.ports.log import RECORD_BYTES, oversized_indexes
from services.ports.signal_records import record_of
from tests.setups import START
from tests.stories import MINUTE, Story, rules

WIDEST = "\x01"
"""Six bytes as JSON; no character has more."""
KEY = b"k" * 32
TEXT = st.builds(str.__mul__, st.sampled_from([WIDEST, "a", "å", "😀", '"']), st.integers(0, 3000))
NAME = st.builds(str.__mul__, st.sampled_from(["a", "å", "x\n"]), st.integers(0, 400))
JSON = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAME, inner, max_size=5),
    max_leaves=10,
)


@given(st.dictionaries(NAME, JSON, max_size=5), st.integers(1, 20))
def test_the_words_of_an_entry_have_a_bound_whatever_is_in_them(fields, times):
    fields = {f"{name}{n}": value for n in range(times) for name, value in fields.items()}
    kept = bounds.shortened_words(fields)
    assert bounds.size(kept) <= bounds.SAID_BYTES
    assert kept == bounds.shortened_words(fields)
    assert kept == fields or bounds.MARK in json.dumps(kept), "what was cut is marked"
    assert bounds.shortened_words(kept) == kept


def test_short_words_stay_as_they_are():
    fields = {"text": "Hej, vi behöver en ruttplanerare.", "boxes": ["a", "b"], "more": {"n": 1}}
    assert bounds.shortened_words(fields) == fields


def test_a_long_text_keeps_its_beginning():
    (kept,) = bounds.shortened_words({"text": "ab" * 5000}).values()
    assert kept == "ab" * 1000 + " [cut]"


def test_nested_words_are_cut_where_they_are():
    kept = bounds.shortened_words({"first": "x", "message": {"parts": ["y" * 5000, "z" * 5000, "last"]}})
    assert kept["first"] == "x"
    assert kept["message"]["parts"][0] == "y" * 2000 + " [cut]"
    assert bounds.size(kept) <= bounds.SAID_BYTES


def test_of_too_many_answers_the_newest_stay_and_a_mark_tells_of_the_others():
    kept = bounds.answers({f"q{n}": n for n in range(150)})
    assert len(kept) == bounds.ANSWERS_KEPT
    assert next(iter(kept)) == bounds.MARK
    assert list(kept)[-1] == "q149"
    again = bounds.answers({**kept, "new": "x"})
    assert next(iter(again)) == bounds.MARK and again["new"] == "x"
    assert list(again).count(bounds.MARK) == 1


@given(st.lists(st.integers(0, 4000), max_size=40))
def test_all_answers_together_have_a_bound(lengths):
    given = {f"q{n}": WIDEST * length for n, length in enumerate(lengths)}
    kept = bounds.answers(given)
    assert bounds.size(kept) <= bounds.ANSWERS_BYTES
    assert kept == given or bounds.MARK in kept


def test_facts_that_are_too_long_are_cut_and_kept_whole_among_the_fields():
    long, other = "x" * 1000 + "a", "x" * 1000 + "b"
    parsed = Parsed(
        kind=Kind.FORM_SUBMITTED, dedupe_key="k", form_id=long, reason="r" * 1500, tags=("short", long, other),
        person=Person(last_name="n" * 300), references=(Reference(system="crm", object="person", id=long),),
        fields={"text": "y" * 5000},
    )  # fmt: skip
    cut = fitting(parsed)
    assert max(map(len, (cut.form_id, *cut.tags, cut.person.last_name, cut.references[0].id))) <= LONGEST
    assert cut.reason == parsed.reason
    assert cut.tags[0] == "short" and cut.tags[1] != cut.tags[2], "different ones stay different"
    assert cut.form_id == cut.tags[1] == cut.references[0].id, "and equal ones equal"
    assert set(cut.fields.values()) == {"y" * 5000, long, other, "n" * 300}


def test_facts_of_usual_length_are_the_same_object():
    parsed = Parsed(kind=Kind.FORM_SUBMITTED, dedupe_key="k", tags=("a",), fields={"text": "y" * 5000})
    assert fitting(parsed) is parsed


def widest(number, kind, fields, **more):
    """As much as a signal may say, in the characters that take most room."""
    long = WIDEST * 300
    parsed = Parsed(
        kind=kind, dedupe_key=str(number), occurred_at=START + number * MINUTE, external_id=long, campaign=long,
        person=Person(email="anna@example.com", first_name=long, last_name=long, full_name=long, phone=long),
        company=Company(name=long, domain=f"{long}{number}", industry=long), reason=WIDEST * LONGEST_PROSE,
        tags=tuple(f"{long}{number}.{n}" for n in range(30)), fields=fields, **more,
        references=tuple(
            Reference(system=f"{number}.{n}{long}", account=long, object="person", id=long) for n in range(20)
        ),
    )  # fmt: skip
    source = Source(name="s" * 60, kind="form", verify={"scheme": "none"})
    return to_signal(parsed, source, START + number * MINUTE, KEY)


def test_the_largest_events_fit_into_a_record():
    told, sizes = Story(rules()), []
    wide = {f"f{n}": WIDEST * 2000 for n in range(50)}
    deep = {"list": [{"text": WIDEST * 1500} for _ in range(100)]}
    kinds = [Kind.MESSAGE_RECEIVED] * 32 + [
        Kind.FORM_SUBMITTED,
        Kind.SALES_ACCEPTED,
        Kind.SALES_FOLLOW_UP,
        Kind.SALES_LOST,
    ]
    stamp = Stamp("o" * 60, told.rules.agreement.hash, START, 0)
    for number, kind in enumerate(kinds, 1):
        more = {"form_id": "demo"} if kind == Kind.FORM_SUBMITTED else {"form_id": WIDEST * 300}
        said = widest(number, kind, (wide, deep)[number % 2], **more)
        assert not oversized_indexes([record_of(said, "t")]), "a signal that ingest accepts"
        told.at = said.received_at
        told.take(said)
        emitted = seal(told.decision.emissions, about(told.lead), said, stamp)
        sizes += [len(whole(event.head, event.personal).encode()) for event in emitted]
    assert len(told.lead.record) == 30 and told.all("handover.offered") and told.all("handover.accepted")
    assert max(sizes) > RECORD_BYTES / 4, "they are large"
    assert max(sizes) <= RECORD_BYTES
