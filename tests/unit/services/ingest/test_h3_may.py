"""H3: what a source may say. What it may not say is never dropped in silence, and a withdrawal is believed from anybody."""

import json
from typing import get_args

import msgspec
import pytest

from schemas.may import BLOCK_CLASS, CLASS_OF, CLASSES, May
from schemas.signals import INTERNAL_KINDS, Actor, Asserted, Consent, Kind, Parsed, Person, Reference, Sales
from schemas.sources import Source
from schemas.yamlfile import FileError
from services.bootstrap.http import sources_of
from services.ingest.app import signals_of
from services.ingest.configured.mapped import read
from services.ingest.configured.may import NATURE, OWN_WORDS, UNPROVEN, apply_may, may_of, needs_words, withheld_classes
from services.ingest.parsers.registry import PARSERS
from services.settings.reading import load
from tests.matrix.page import BODIES
from tests.setups import START

EVA = Person(email="eva@firma.example", full_name="Eva Lund")
SIGNED = {"scheme": "token", "header": "x-key", "secrets": ["STAFETT_SECRET_X"]}
KEY = b"k" * 32
DEAL = Reference(system="pipedrive", object="deal", id="77")
WITHDRAWN = Consent(purpose="email", state="withdrawn")
GIVEN = Consent(purpose="marketing", state="given")


def source(kind="generic", verify=None, **more):
    return Source(name="s", kind=kind, verify=verify or {"scheme": "none"}, **more)


def item_of(kind, **more):
    return Parsed(**{"kind": kind, "person": EVA, "dedupe_key": "id:1", **more})


def signals_kept(item, configured):
    return signals_of(configured, [item], START, KEY)


def test_every_kind_of_signal_is_of_one_class_and_only_our_own_are_of_nobody():
    assert set(CLASS_OF) == set(Kind)
    assert {kind for kind, what in CLASS_OF.items() if what == "nobody"} == set(INTERNAL_KINDS)
    assert {kind for kind, what in CLASS_OF.items() if what == "anybody"} == {
        Kind.CONSENT_WITHDRAWN, Kind.LIST_UNSUBSCRIBED,
    }  # fmt: skip
    assert set(CLASS_OF.values()) <= {*CLASSES, "anybody", "nobody"}


def test_every_block_of_facts_is_of_one_class():
    assert set(BLOCK_CLASS) == {field.name for field in msgspec.structs.fields(Parsed)}


def test_every_kind_of_source_has_a_nature_and_import_is_in_none():
    assert set(NATURE) == set(PARSERS)
    assert all(classes > UNPROVEN and "import" not in classes for classes in NATURE.values())


def test_without_may_a_source_that_proves_nothing_may_say_form_and_engagement():
    assert {may_of(source(kind)) for kind in PARSERS} == {frozenset({"form", "engagement"})}


def test_whoever_vouches_for_consents_lets_the_source_say_them():
    assert may_of(source(consent="gives")) == {"form", "engagement", "consent"}
    (signal,) = signals_kept(item_of("contact.updated", consents=(GIVEN,)), source(consent="gives")).signals
    assert signal.consents == (GIVEN,) and signal.consent_vouched and not signal.findings
    assert may_of(source(consent="gives", may=["form"])) == {"form"}, "what `may` says is all"


def test_a_source_may_say_what_its_file_says_and_nothing_else():
    assert may_of(source(may=["sales"])) == {"sales"}
    assert may_of(source("typeform", SIGNED, may=["form"])) == {"form"}


@pytest.mark.parametrize("kind", sorted(Kind))
@pytest.mark.parametrize("may", [*CLASSES, None])
def test_h3_a_kind_gets_through_where_its_class_is_said_and_is_set_aside_with_the_class_otherwise(kind, may):
    configured = source(may=[may] if may else None)
    found = signals_kept(item_of(kind), configured)
    wanted = CLASS_OF[kind]
    if wanted == "anybody" or wanted in may_of(configured):
        assert ([s.kind for s in found.signals], found.unclear, found.may_not) == ([kind], [], {})
        return
    assert found.signals == []
    (aside,) = found.unclear
    assert aside.where == "$"
    if wanted == "nobody":
        assert "a kind of our own" in aside.quarantined
    else:
        assert aside.quarantined.startswith(f"may not say {wanted} ({kind})") and "`s`" in aside.quarantined
        assert found.may_not == {wanted: 1}


@pytest.mark.parametrize("kind", ["deal.updated", "sales.lost", "disposition.set", "note.added", "consent.given"])
def test_h3_of_a_signal_that_is_set_aside_a_withdrawal_gets_through(kind):
    found = signals_kept(
        item_of(kind, consents=(WITHDRAWN, GIVEN), sales=Sales(owner_id="1"), references=(DEAL,)), source()
    )
    (signal,), (aside,) = found.signals, found.unclear
    assert (signal.kind, signal.consents, signal.sales, signal.references) == (
        "consent.withdrawn", (WITHDRAWN,), None, (),
    )  # fmt: skip
    assert signal.person.email == EVA.email and "may not say" in aside.quarantined
    whole = signals_kept(item_of(kind, consents=(WITHDRAWN, GIVEN)), source(may=[*CLASSES]))
    assert whole.signals[0].id != signal.id, "read again with leave it is no repetition of the withdrawal"


@pytest.mark.parametrize("kind", [k for k, what in CLASS_OF.items() if what in ("form", "engagement")])
def test_h3_sales_facts_of_who_may_not_say_them_are_taken_out_kept_beside_and_named(kind):
    told = {
        "sales": Sales(from_="1", to="2", owner_id="81", activity_type="call", done=True),
        "actor": Actor(kind="person", reference="81", email="elin@ours.example"),
        "handover_id": "ho_x",
        "offer_id": "ho_x.1",
        "references": (DEAL, Reference(system="pipedrive", object="person", id="5")),
        "asserted": Asserted(track="growth"),
    }
    found = signals_kept(item_of(kind, **told), source())
    (signal,) = found.signals
    assert found.unclear == [] and found.may_not == {"sales": 1, "import": 1}
    booked = kind == Kind.SALES_MEETING_BOOKED
    assert signal.sales == (Sales(owner_id="81") if booked else None), "whom they booked with is part of a booking"
    assert (signal.actor, signal.asserted) == (Actor(kind="person"), None)
    assert (signal.handover_id, signal.offer_id) == (None, None)
    assert [reference.object for reference in signal.references] == ["person"]
    assert "handover" not in {identity.kind for identity in signal.identities}
    assert signal.fields["(sales to)"] == "2" and signal.fields["(deals)"] == ["77"]
    assert signal.fields["(offer_id)"] == "ho_x.1" and signal.fields["(asserted)"] == {"track": "growth"}
    assert signal.findings[0].startswith("may not say sales and import: ") and "81" not in signal.findings[0]
    same = signals_kept(item_of(kind, **told), source(may=[*CLASSES]))
    assert same.signals[0].sales == told["sales"] and same.signals[0].findings == () and not same.may_not


@pytest.mark.parametrize(
    ("kind", "given"),
    [("form.submitted", True), ("list.subscribed", True), ("sales.meeting_booked", True), ("contact.updated", False)],
)
def test_h3_a_box_that_the_person_ticked_is_part_of_what_they_did_and_a_record_s_yes_is_not(kind, given):
    (signal,) = signals_kept(item_of(kind, consents=(GIVEN, WITHDRAWN)), source()).signals
    assert signal.consents == ((GIVEN, WITHDRAWN) if given else (WITHDRAWN,))
    assert ("(consents)" in signal.fields) is not given


@pytest.mark.parametrize(("mode", "lacking"), [("import", "import"), ("test", "test")])
def test_h3_an_import_or_a_test_that_the_source_may_not_tell_of_is_set_aside(mode, lacking):
    found = signals_kept(
        item_of("contact.updated", mode=mode, asserted=Asserted(disposition="do_not_contact")), source()
    )
    assert found.signals == [] and f"may not say {lacking}" in found.unclear[0].quarantined
    said = signals_kept(item_of("contact.updated", mode=mode), source(may=["engagement", lacking]))
    assert [signal.mode for signal in said.signals] == [mode] and not said.unclear
    assert signals_kept(item_of("contact.updated", mode="test"), source(mode="test")).signals, (
        "its file says that all are tests"
    )


@pytest.mark.parametrize("kind", ["form.submitted", "message.received", "call.received", "sales.meeting_booked"])
def test_h3_a_request_by_a_person_is_taken_or_set_aside_and_never_gone(kind):
    for may in CLASSES:
        found = signals_kept(item_of(kind), source(may=[may]))
        assert len(found.signals) + len(found.unclear) == 1


@pytest.mark.parametrize("kind", sorted(PARSERS))
def test_what_a_kind_s_sender_sends_gets_through_whole_once_it_is_proven(kind):
    for body, content_type, _ in BODIES[kind]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        for item in read(kind, raw, content_type, {}, None):
            told = apply_may(item, source(kind, SIGNED))
            assert told.signal is item and told.refused is None


H3 = [
    {"event": "deal.lost", "email": "eva@firma.example", "deal": {"id": 5, "status": "lost"}},
    {"event": "deal.won", "email": "eva@firma.example", "deal": {"id": 5, "status": "won"}},
    {"event": "owner.changed", "email": "eva@firma.example", "owner": {"id": "elin"}},
    {"event": "lead.rejected", "email": "eva@firma.example", "reason": "no budget"},
    {"event": "contact.updated", "email": "eva@firma.example", "owner_id": "elin", "deal_id": "5"},
    {"event": "call.completed", "email": "eva@firma.example", "direction": "outbound", "outcome": "connected"},
]


@pytest.mark.parametrize("body", H3, ids=lambda body: body["event"])
def test_h3_an_anonymous_generic_source_tells_nothing_of_sales(body):
    found = signals_of(source(), read("generic", json.dumps(body).encode(), "application/json", {}, None), START, KEY)
    assert found.signals or found.unclear
    for signal in found.signals:
        assert CLASS_OF[signal.kind] in ("form", "engagement")
        assert (signal.sales, signal.actor.reference, signal.offer_id, signal.asserted) == (None, None, None, None)
        assert "deal" not in {reference.object for reference in signal.references}


def settings(tmp_path, entry):
    (tmp_path / "sources.yaml").write_text(f"version: 1\nsources:\n  - {entry}\n")
    return load({"STAFETT_CONFIG_FOLDER": str(tmp_path), "STAFETT_DEPLOYMENT_KEY": "k" * 64})


@pytest.mark.parametrize("kind", sorted(PARSERS))
def test_h3_our_own_words_without_a_scheme_do_not_load_unless_the_file_says_may(tmp_path, kind):
    entry = f"{{name: s, kind: {kind}, verify: {{scheme: none}}%s}}"
    if kind in OWN_WORDS:
        with pytest.raises(FileError) as error:
            sources_of(settings(tmp_path, entry % ""))
        (problem,) = error.value.problems
        assert "sources.yaml:3: sources.0.verify: source `s`" in problem and "`may`" in problem
    else:
        assert list(sources_of(settings(tmp_path, entry % ""))) == ["s"]
        assert withheld_classes(source(kind))
    said = sources_of(settings(tmp_path, entry % ", may: [form, sales]"))["s"].source
    assert may_of(said) == {"form", "sales"} and not needs_words(said) and not withheld_classes(said)


@pytest.mark.parametrize("wrong", ["[]", "[sale]", "sales"])
def test_a_may_that_is_no_list_of_classes_is_refused_with_its_line(tmp_path, wrong):
    with pytest.raises(FileError) as error:
        sources_of(settings(tmp_path, f"{{name: s, kind: form, may: {wrong}, verify: {{scheme: none}}}}"))
    assert "sources.yaml:3: sources.0.may" in error.value.problems[0]


def test_every_class_is_told_in_the_docs():
    from tests.setups import EXAMPLES

    page = (EXAMPLES.parents[1] / "docs" / "sources" / "README.md").read_text()
    assert all(f"| `{name}` |" in page for name in get_args(May))
