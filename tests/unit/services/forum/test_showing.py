"""The report as people see it: in two languages, as HTML, text, CSV and PDF."""

import csv
import re
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from html import unescape
from io import StringIO
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from routing.forum.figures import Figure, Unit, Why, to_json
from routing.forum.report import report_of
from schemas.events import LeadQueued
from schemas.notify import Language
from services.console.forum.query import find_spot
from services.forum.charts import Chart, Point, Series, draw_bars, draw_lines
from services.forum.html import html_of
from services.forum.mail import mail_of
from services.forum.pdf import PdfMissing, pdf_of
from services.forum.places import page_links
from services.forum.rows import csv_of
from services.forum.spelling import spell_figure, spell_instant, spell_seconds
from services.forum.text import text_of
from services.forum.view import has_ids, view_of
from services.forum.words import WORDS
from tests.forum import Life, frame, hours
from tests.golden_report import golden_report

SVG = "{http://www.w3.org/2000/svg}"
LANGUAGES = get_args(Language)


@pytest.fixture(scope="module")
def golden():
    return golden_report()


def parse(svg):
    return ET.fromstring(svg)  # noqa: S314 - drawn by us


def report_with(source="web", form="demo", reason="no time"):
    life = Life("a").begin(1, source=source).hear("form.submitted", 1, form_id=form).offer(2).reject(3, reason)
    return report_of([life.story()], frame())


def test_every_language_has_the_same_words():
    keys = [{group: set(words) for group, words in WORDS[language].items()} for language in LANGUAGES]
    assert all(words == keys[0] for words in keys)
    assert set(WORDS["en"]["why"]) == set(get_args(Why))
    assert all(text for language in LANGUAGES for words in WORDS[language].values() for text in words.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_of_the_report_has_a_word(golden, language):
    view = view_of(golden, language)
    heads = [name for section in view.sections for table in section.tables for name in table.head]
    assert view.sections and not any("_" in text for text in [*heads, *(s.heading for s in view.sections)])


@pytest.mark.parametrize(
    ("figure", "english", "swedish"),
    [
        (Figure(value=1234567, unit="count"), "1,234,567", "1\xa0234\xa0567"),
        (Figure(value="0.3333", unit="share"), "33.3 %", "33,3 %"),
        (Figure(value="0.8750", unit="per_week"), "0.88 a week", "0,88 per vecka"),
        (Figure(value="1234.50", unit="money", currency="EUR"), "€1,234.50", "1\xa0234,50\xa0€"),
        (
            Figure(value=None, unit="money", why="no_budget"),
            "(the agreement has no budget)",
            "(avtalet har ingen budget)",
        ),
    ],
)
def test_figures_are_written_as_people_of_the_language_do(figure, english, swedish):
    assert (spell_figure(figure, "en"), spell_figure(figure, "sv")) == (english, swedish)


def test_every_unit_of_a_figure_can_be_written():
    assert all(spell_figure(Figure(value=1, unit=unit), "en") for unit in get_args(Unit))


@pytest.mark.parametrize(("seconds", "text"), [(59 * 60, "59 min"), (9000, "2,5 tim"), (3 * 86400, "3 d")])
def test_lengths_of_time_have_the_unit_that_fits(seconds, text):
    assert spell_seconds(seconds, "sv") == text


def test_an_instant_is_written_with_its_zone():
    assert spell_instant("2026-07-01T10:00:00Z", "Europe/Stockholm", "en").endswith("12:00 CEST")


def test_the_page_is_the_same_bytes_each_time_and_loads_nothing(golden):
    page = html_of(view_of(golden, "sv"))
    assert page == html_of(view_of(golden_report(), "sv"))
    assert '<html lang="sv">' in page
    assert not any(word in page for word in ("<script", "<link", "<img", "url(", "http://localhost"))


def report_with_names():
    """What people and machines read of a report with people, teams, promises and queues."""
    anna = (
        Life("a")
        .begin(1)
        .offer(2, "anna_ek")
        .keep(5, due=24, team="key-accounts", person="anna_ek", policy="first-answer")
    )
    anna.break_(20, clock="clk_2", side="marketing", policy="dossier")
    waits = LeadQueued(
        stage="hand_over", route="hand_over", rule="r", pool="key-accounts", since=hours(3), until=hours(9)
    )
    anna.tell(waits, 3)
    others = [Life(route).begin(1) for route in ("qualification", "growth")]
    for other, route in zip(others, ("qualification", "growth"), strict=True):
        other.tell(replace(waits, route=route), 3)
    return report_of([anna.story(), *(other.story() for other in others)], frame())


@pytest.mark.parametrize(
    ("language", "nobody", "queues"),
    [
        ("en", ("No team", "Nobody by name"), {"hand-over", "qualification", "customers"}),
        ("sv", ("Inget team", "Ingen vid namn"), {"överlämning", "kvalificering", "kunder"}),
    ],
)
def test_people_teams_promises_and_queues_are_called_as_on_the_page(language, nobody, queues):
    view = view_of(report_with_names(), language)
    tables = {(section.name, table.name): table.rows for section in view.sections for table in section.tables}
    rows = [row[1:4] for row in tables["promises", "by_person"]]
    assert rows == [(*nobody, "dossier"), ("key accounts", "Anna Ek", "first answer")]
    assert [row[0] for row in tables["hand_overs", "by_person"]] == ["Anna Ek"]
    assert {row[0] for row in tables["stuck", "queues"]} == {f"key accounts ({queue})" for queue in queues}
    assert "nordic midmarket" in [row[0] for row in tables["leads_in", "by_segment"]]
    for shown in (html_of(view), text_of(view), mail_of(report_with_names(), language).html):
        assert "Anna Ek" in shown and not any(one in shown for one in ("anna_ek", "key-accounts", "first-answer"))


def test_json_and_csv_have_the_ids():
    for written in (to_json(report_with_names()).decode(), csv_of(report_with_names())):
        assert all(one in written for one in ("anna_ek", "key-accounts", "first-answer", "hand_over/key-accounts"))
        assert "Anna Ek" not in written


def test_each_chart_has_a_title_a_description_and_the_table_with_its_figures(golden):
    for section in view_of(golden, "en").sections:
        for table in section.tables:
            if table.chart is None:
                continue
            root = parse(table.chart)
            title, about = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
            assert root.get("role") == "img" and title.text and about.text and table.rows
            assert root.get("aria-labelledby").split() == [title.get("id"), about.get("id")]


def test_names_that_senders_chose_are_text_wherever_they_are_shown():
    report = report_with(source="<script>alert(1)</script>", reason='#eval(read(1)) & "x"')
    view = view_of(report, "en")
    page = html_of(view)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "<script>alert" in text_of(view)
    assert pdf_of(view).startswith(b"%PDF-")


def test_a_cell_of_the_csv_is_never_a_formula():
    text = csv_of(report_with(source="=1+1", form="+cmd"))
    lines = list(csv.DictReader(StringIO(text)))
    assert {line["section"] for line in lines} >= {"leads_in", "promises", "economy"}
    assert not any(cell.startswith(("=", "+", "@", "\t")) for line in lines for cell in line.values())
    (source,) = [line for line in lines if line["table"] == "by_source" and line["section"] == "leads_in"]
    assert (source["labels"], source["value"], source["ids"]) == ("source==1+1", "1", "1")


def test_what_cannot_be_computed_is_empty_in_the_csv_with_the_reason_beside_it(golden):
    lines = list(csv.DictReader(StringIO(csv_of(golden))))
    reasons = {(line["column"], line["value"], line["why"]) for line in lines if line["section"] == "economy"}
    assert ("cac", "", "no_costs") in reasons


def test_the_csv_says_how_its_ids_are_listed_what_was_known_and_what_was_agreed_on(golden):
    lines = list(csv.DictReader(StringIO(csv_of(golden))))
    assert {line["known_on"] for line in lines} == {golden.known_on}
    (accepted,) = [
        line
        for line in lines
        if (line["section"], line["labels"], line["column"]) == ("hand_overs", f"week={golden.week}", "accepted")
    ]
    assert accepted["queries"] == f"handovers {golden.week} accepted"
    agreed = [line for line in lines if line["section"] == "actions"]
    assert [line["value"] for line in agreed] == [entry.state for entry in golden.actions] != []
    assert any("what=Ask Cia which day suits her; who=" in line["labels"] for line in agreed)


def test_each_figure_leads_to_the_leads_behind_it_where_the_page_is_known(golden):
    links = page_links("https://leads.example.com/", golden)
    view, mail = view_of(golden, "sv", links), mail_of(golden, "sv", links)
    figures = [f for s in golden.sections for t in s.tables for row in t.rows for f in row.figures if has_ids(f)]
    for page in (html_of(view), mail.html):
        report, *behind = re.findall(r'href="([^"]+)"', page)
        assert unescape(report) == links.report()
        places = [parse_qs(urlsplit(unescape(address)).query) for address in behind]
        assert {(one["week"][0], one["known"][0]) for one in places} == {(golden.week, golden.known_on)}
        assert [find_spot(golden, one["at"][0]).figure for one in places] == figures
    assert links.report() in text_of(view) and links.report() in mail.text
    assert pdf_of(view).count(b"/URI") > len(figures)
    assert "href" not in html_of(view_of(golden, "sv")), "and nowhere else"


def test_the_pdf_is_tagged_and_the_same_bytes_each_time(golden):
    view = view_of(golden, "sv")
    made = pdf_of(view)
    assert made == pdf_of(view)
    assert b"/StructTreeRoot" in made


def test_without_typst_it_says_what_to_install(golden, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(PdfMissing, match=r"pip install 'stafett\[pdf\]'"):
        pdf_of(view_of(golden, "en"))


def test_a_mail_has_no_styles_and_no_charts_and_says_all_in_text_as_well(golden):
    mail = mail_of(golden, "sv")
    assert mail.subject == "Veckoforum, 2026-W48: Nordlys smarketing agreement 2026"
    assert "<svg" not in mail.html and "<style" not in mail.html
    assert "Ask Cia which day suits her" in mail.html and "Ask Cia which day suits her" in mail.text


NAMED = Chart("c", "Leads", "by week")


def test_bars_are_as_long_as_their_values_and_a_nought_has_none():
    points = [Point("web", Fraction(10), "10"), Point("ads", Fraction(5), "5"), Point("none", Fraction(0), "0")]
    widths = [int(r.get("width")) for r in parse(draw_bars(NAMED, points)).iter(f"{SVG}rect")]
    assert widths == [310, 155, 0]


def test_a_line_has_a_gap_where_there_is_no_figure():
    values = [Fraction(1), None, Fraction(2), Fraction(3)]
    points = tuple(Point(str(i), value, str(value)) for i, value in enumerate(values))
    paths = [p.get("d") for p in parse(draw_lines(NAMED, [Series("a", points)])).iter(f"{SVG}path")]
    assert paths[1].count("M") == 2


def test_names_at_the_ends_of_lines_do_not_cover_one_another():
    points = (Point("1", Fraction(1), "1"), Point("2", Fraction(1), "1"))
    drawn = parse(draw_lines(NAMED, [Series(name, points) for name in "abcd"]))
    heights = sorted(int(t.get("y")) for t in drawn.iter(f"{SVG}text") if t.get("x") == "470")
    assert all(after - before >= 14 for before, after in zip(heights, heights[1:], strict=False))


def test_a_long_list_is_cut_and_says_how_many_there_are():
    lives = [Life(f"n{i}").begin(1, source=f"source-{i}").story() for i in range(60)]
    (table,) = [t for t in view_of(report_of(lives, frame()), "en").sections[2].tables if t.name == "by_source"]
    assert (len(table.rows), table.more) == (50, "The 50 largest of 60 rows.")


def test_a_bar_shows_what_it_is_compared_with_as_a_line_across_it():
    bare, beside = (draw_bars(NAMED, [Point("web", Fraction(5), "5", line)]) for line in (None, Fraction(10)))
    assert next(iter(parse(bare).iter(f"{SVG}path")), None) is None
    (line,) = parse(beside).iter(f"{SVG}path")
    (bar,) = parse(beside).iter(f"{SVG}rect")
    assert line.get("d") == "M550 16V36" and bar.get("width") == "155", "of 310, the line at all of it"


@pytest.mark.parametrize(("beside", "at"), [(Fraction(10), 401), (Fraction(11, 2), 416), (Fraction(1), 401)])
def test_a_bars_value_stands_beside_the_bar_unless_the_line_would_go_through_it(beside, at):
    points = [Point("web", Fraction(5), "5", beside), Point("most", Fraction(10), "10")]
    texts = [one for one in parse(draw_bars(NAMED, points)).iter(f"{SVG}text") if one.text == "5"]
    assert [int(one.get("x")) for one in texts] == [at]
