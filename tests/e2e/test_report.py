"""`stafett report` on a folder of its own: a week in every format, the ids behind a figure, and what people enter."""

import json
import shutil

import pytest

from services.cli.main import main
from tests.golden_story import whole_story
from tests.parts.sqlite import migrated_file
from tests.setups import EXAMPLES, setup_on

WEEK = ("--week", "2026-W48")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A configuration on whose database the golden story has happened."""
    import asyncio

    made = tmp_path_factory.mktemp("installation")
    for name in ("agreement.yaml", "roster.yaml"):
        shutil.copy(EXAMPLES / name, made / name)

    async def live():
        async with setup_on(await migrated_file(made / "s.db")) as running:
            await whole_story(running)

    asyncio.run(live())
    (made / ".env").write_text(f"STAFETT_DEPLOYMENT_KEY={'k' * 40}\nSTAFETT_DATABASE_URL=sqlite:///s.db\n")
    return made


@pytest.fixture
def report(folder, capfdbinary):
    def called(*words, status=0):
        assert main(["report", *words, "--config", str(folder)]) == status
        out, err = capfdbinary.readouterr()
        return (out if status == 0 else err).decode("utf-8", "replace")

    return called


def test_a_week_is_shown_in_every_format_and_the_same_each_time(report, folder):
    assert "Weekly forum, 2026-W48" in report("week", *WEEK)
    assert '<html lang="sv">' in report("week", *WEEK, "--format", "html", "--language", "sv")
    assert report("week", *WEEK, "--format", "csv").startswith("week,section,table")
    made = report("week", *WEEK, "--format", "json")
    assert json.loads(made)["week"] == "2026-W48" and made == report("week", *WEEK, "--format", "json")
    report("week", *WEEK, "--format", "pdf", "--out", str(folder / "w48.pdf"))
    assert (folder / "w48.pdf").read_bytes().startswith(b"%PDF-")


def test_the_ids_behind_a_figure_are_those_that_the_report_counts(report):
    section = next(
        s for s in json.loads(report("week", *WEEK, "--format", "json"))["sections"] if s["name"] == "leads_in"
    )
    figure = section["tables"][0]["rows"][-1]["figures"][0]
    query = figure["queries"][0]
    ids = report("ids", query["measure"], query["span"], *query.get("labels", []), *WEEK).split()
    assert sorted(ids) == figure["behind"]["first"] and len(ids) == figure["value"] == 3


def test_what_is_entered_is_in_the_report_of_its_week(report, folder):
    (folder / "entries.yaml").write_text(
        "version: 1\nentries:\n  - {kind: cost, side: sales, amount: 500, currency: SEK, from: 2026-11-01, to: 2026-11-30}\n"
    )
    cost = report("add", str(folder / "entries.yaml")).strip()
    assert report("add", str(folder / "entries.yaml")).strip() == cost
    action = report("action", "--what", "Ask Cia again", "--who", "elin", "--by", "2026-12-04").strip()
    report("lesson", "--about", "content", "--name", "demo", "--words", "They ask for prices first.")
    now = ("--as-known-on", "2030-01-01T00:00:00Z")
    assert "Ask Cia again" in report("week", *WEEK, *now) and "Ask Cia again" not in report("week", *WEEK)
    assert ",483.33,money,SEK," in report("week", *WEEK, *now, "--format", "csv"), "29 of its 30 days"
    report("close", action, "done", "--note", "she buys")
    listed = [json.loads(line) for line in report("entries", "--json").splitlines()]
    assert [e["state"] for e in listed if e["id"] == action] == ["done"]
    assert len(listed) == 3


def test_leads_and_breaches_are_listed_by_source_person_and_time(folder, capsys):
    def listed(*words):
        assert main([*words, "--json", "--config", str(folder)]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert len(listed("leads", "--source", "web")) == len(listed("leads", "--since", "2026-11-24T00:00:00Z")) == 3
    assert listed("leads", "--source", "ads") == listed("leads", "--due-before", "2026-11-24T00:00:00Z") == []
    assert all(lead["personal"] is None for lead in listed("leads"))
    broken = listed("breaches")
    assert (
        broken and {b["state"] for b in broken} == {"breached"} and broken == sorted(broken, key=lambda b: b["due_at"])
    )
    johan = listed("breaches", "--person", "johan", "--policy", "answer")
    assert {b["person"] for b in johan} == {"johan"}
    assert listed("breaches", "--since", "2027-01-01T00:00:00Z") == listed("breaches", "--person", "olof") == []
    capsys.readouterr()
    for words, said in (
        (("leads", "--stage", "handover"), "--stage: there is no stage `handover`; did you mean `hand_over`?"),
        (("leads", "--person", "ellin"), "--person: `ellin` is nobody of the roster; did you mean `elin`?"),
        (("breaches", "--person", "zz"), "--person: `zz` is nobody of the roster; there are sara, anders, elin,"),
        (("breaches", "--team", "none"), "--team: the roster has no team `none`; there are none"),
    ):
        assert main([*words, "--config", str(folder)]) == 2
        assert capsys.readouterr().err.startswith(said)
    assert main(["breaches", "--config", str(folder)]) == 0
    assert broken[0]["id"] in capsys.readouterr().out
    assert main(["breaches", "--since", "monday", "--config", str(folder)]) == 2
    assert "is no instant" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("week", "--week", "48"), 2, "write it as 2026-W48"),
        (("week", "--week", "2026-W60"), 2, "2026 has no week 60"),
        (("week", "--as-known-on", "monday"), 2, "is no instant"),
        (("action", "--what", "x", "--who", "majja", "--by", "2026-12-04"), 1, "did you mean `maja`"),
        (("action", "--what", "x", "--who", "maja", "--by", "soon"), 2, "by: "),
        (("close", "ent_x", "done"), 1, "is no action point"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(report, words, status, said):
    assert said in report(*words, status=status)
