"""Which figure an event counts for, and how a day is told."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from services.console.flow.figures import ALL, Figure, figure_of, read_figure
from services.console.flow.tally import Figures
from services.console.flow.view import flow_view
from services.console.language.reader import reader_of

STORY = Path(__file__).parents[4] / "golden" / "story.ndjson"
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
DAY = date(2026, 11, 23)
READER = reader_of("en", "Europe/Stockholm", NOW)


def head(kind, mode="live", **data):
    # As it is kept: all up to what is personal.
    return json.dumps({"type": kind, "mode": mode, "data": {"mode": mode, **data}})[:-2] + ',"personal":'


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        (head("stafett.lead.created.v1", source="web", stage="contact"), Figure("in", "web")),
        (head("stafett.lead.created.v1", source="web", mode="import"), None),
        (head("stafett.lead.created.v1", source="web", mode="observe"), None),
        (head("stafett.lead.stage_changed.v1", from_stage="contact", to_stage="deal"), Figure("moved", "contact", "deal")),
        (head("stafett.lead.stage_changed.v1", from_stage=None, to_stage="deal"), Figure("moved", "", "deal")),
        (head("stafett.handover.offered.v1", offer_number=1), Figure("offered")),
        (head("stafett.handover.offered.v1", offer_number=2), None),
        (head("stafett.handover.accepted.v1"), Figure("accepted")),
        (head("stafett.handover.rejected.v1", reason="Not qualified"), Figure("rejected", "not_qualified")),
        (head("stafett.handover.rejected.v1", reason=None), Figure("rejected")),
        (head("stafett.handover.rejected.v1", reason="too\0 dear" + 400 * "x"), Figure("rejected", "too_dear" + 292 * "x")),
        (head("stafett.sla.fulfilled.v1", policy="answer", subject_kind="offer"), Figure("kept", "answer")),
        (head("stafett.sla.breached.v1", policy="answer", subject_kind="lead"), Figure("broken", "answer")),
        (head("stafett.sla.breached.v1", policy="meetings", subject_kind="team"), None),
        (head("stafett.lead.touched.v1", source="web"), None),
    ],
)  # fmt: skip
def test_what_an_event_counts_for(text, figure):
    assert figure_of(text) == figure


def test_what_is_no_half_of_an_event_is_refused():
    with pytest.raises(msgspec.DecodeError):
        figure_of("{")


def test_the_story_of_the_golden_events_is_counted_as_by_hand():
    found = {}
    for line in STORY.read_text().splitlines():
        event = json.loads(line)
        event["data"].pop("personal", None)
        figure = figure_of(json.dumps(event)[:-2] + ',"personal":')
        if figure is not None:
            found[figure.kind] = found.get(figure.kind, 0) + 1
    lines = STORY.read_text()
    created = sum('"stafett.lead.created.v1"' in one and '"mode":"live"' in one for one in lines.splitlines())
    rejected = sum('"stafett.handover.rejected.v1"' in one for one in lines.splitlines())
    assert (found["in"], found["rejected"]) == (created, rejected)


def test_an_address_asks_for_a_figure_and_all_of_a_kind_has_each_of_it():
    for figure in (Figure("in", "web & co"), Figure("moved", "contact", "deal"), Figure("rejected", ALL), Figure("offered")):  # fmt: skip
        import urllib.parse

        members = dict(urllib.parse.parse_qsl(figure.query("2026-11-23")))
        assert members.pop("day") == "2026-11-23" and read_figure(members) == figure
    assert read_figure({"kind": "x"}) is None and read_figure({}) is None
    assert Figure("rejected", ALL).includes(Figure("rejected", "price"))
    assert not Figure("rejected", ALL).includes(Figure("accepted"))
    assert not Figure("rejected", "price").includes(Figure("rejected"))


def view(counts, usual=None, days=3, language="en", day=DAY):
    return flow_view(Figures(counts, usual or {}, days), day, reader_of(language, "Europe/Stockholm", NOW))


def test_a_day_is_told_with_what_is_usual_and_on_how_many_days_that_rests():
    web = Figure("in", "web")
    shown = view({web: 3, web.total(): 3}, {web: 2.5, web.total(): 2.5})
    assert shown.rests == "Usual is the median of 3 earlier days, each a Monday, by 15:30 CET."
    (row,) = shown.sections[0].rows
    assert (row.name, row.number, row.usual, row.url) == ("web", 3, "2.5", "/flow/leads?day=2026-11-23&kind=in&of=web")
    assert shown.headlines[0].usual == "2.5" and (shown.before, shown.after) == ("2026-11-22", "")
    assert view({}, days=1).rests == "Usual is what one earlier Monday had by 15:30 CET."
    assert view({}, days=0).rests == "What is usual on a Monday is not known yet."
    assert view({web: 1}, days=0).sections[0].rows[0].usual == ""
    earlier = view({}, day=date(2026, 11, 22), language="sv")
    assert "söndag" in earlier.rests and earlier.after == "2026-11-23" and not earlier.is_today


def test_what_is_usual_and_did_not_happen_is_a_row_without_a_link():
    (row,) = view({}, {Figure("in", "web"): 4.0}).sections[0].rows
    assert (row.number, row.usual, row.url) == (0, "4", "")


def test_sections_have_words_for_everything_in_an_order_that_reads():
    counts = {
        Figure("moved", "hand_over", "deal"): 1, Figure("moved", "contact", "qualification"): 1, Figure("rejected", "price"): 1,
        Figure("rejected", ALL): 2, Figure("rejected", ""): 1, Figure("offered", ALL): 2, Figure("offered"): 2,
        Figure("accepted", ALL): 1, Figure("accepted"): 1,
        Figure("kept", "queue-x"): 5, Figure("broken", "answer"): 1,
    }  # fmt: skip
    names = [[row.name for row in section.rows] for section in view(counts).sections]
    assert names == [
        [],
        ["In contact → Being judged", "Handed over → In a deal"],
        ["offered to sales", "accepted", "given back", "given back: no reason given", "given back: price"],
        ["queue x: kept", "answer: broken"],
    ]


def test_the_picture_is_escaped_and_the_same_for_the_same_figures():
    hostile = Figure("in", "<script>")
    one, two = (view({hostile: 2, Figure("in", "a"): 1}, {hostile: 4.0}).sections[0].chart for _ in range(2))
    assert one == two and "<script>" not in one and "&lt;script&gt;" in one and 'id="flow-in-title"' in one
