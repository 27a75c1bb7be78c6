"""What the docs say is what the code does."""

import re
from pathlib import Path
from textwrap import indent
from typing import get_args

import pytest
import yaml

from routing.agreement.agreement import check_against
from routing.lifecycle import diagram
from schemas.handover import Part
from schemas.mapping import Mapping
from schemas.sla import Action, Metric, Start
from schemas.sources import SourcesFile
from schemas.yamlfile import load
from services import __version__
from services.ingest.configured.mapped import check
from services.ingest.parsers.registry import PARSERS
from services.kafka_admin.topic_rights import rights
from services.kafka_admin.topics import desired_topics
from services.observability import metrics
from services.settings.reading import load as load_settings
from tests.imports import importers, line_of, rooms
from tests.setups import EXAMPLES, ruling
from tests.stories import sample_clock

ROOT = Path(__file__).parents[3]


def test_the_lifecycle_in_the_docs_is_the_table():
    assert diagram() in (ROOT / "docs" / "architecture.md").read_text()


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_the_docs_lead_to_files_and_headings_that_exist(page):
    for path, heading in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)", page.read_text()):
        target = (page.parent / path) if path else page
        assert target.exists(), f"{page.name}: {path}"
        if heading:
            names = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert heading in {anchor(name) for name in names}, f"{page.name}: {path}#{heading}"


def anchor(heading):
    """As GitHub makes it of a heading: small letters, no punctuation, hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def named_files(page, heading):
    """(path, names that a reader looks for in it) of each row below the heading: `path` in one cell, `names` in the next."""
    section = re.split(r"^#{2,3} ", (ROOT / "docs" / page).read_text(), flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(heading + "\n")]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            yield cells[0].strip("`"), re.findall(r"`([^`]+)`", cells[1])


def headings(page, below):
    _, _, rest = (ROOT / "docs" / page).read_text().partition(f"\n## {below}\n")
    return re.findall(r"^### (.+)$", rest.partition("\n## ")[0], re.MULTILINE)


WALKS = [("architecture.md", heading) for heading in headings("architecture.md", "Three walks")]
CHANGES = [("contributing.md", heading) for heading in headings("contributing.md", "To add or change ...")]


def test_there_are_three_walks_and_fourteen_changes():
    assert (len(WALKS), len(CHANGES)) == (3, 14)


@pytest.mark.parametrize(("page", "heading"), WALKS + CHANGES, ids=lambda value: value.replace(" ", "-"))
def test_the_files_of_a_walk_or_a_change_are_there_and_have_what_a_reader_looks_for(page, heading):
    named = list(named_files(page, heading))
    assert named
    for path, names in named:
        target = ROOT / path
        assert target.exists(), path
        assert names or target.is_dir(), f"{path}: nothing to look for"
        for name in names:
            assert name in target.read_text(), f"{path}: {name}"


def test_every_room_is_on_the_map():
    on_it = {path for path, _ in named_files("architecture.md", "The rooms")}
    assert on_it == {room.replace(".", "/") for room in rooms()} - {"services", "services/adapters"}


@pytest.mark.parametrize("room", rooms())
def test_each_room_says_who_imports_it_and_which_file_to_open_first(room):
    folder = rooms()[room]
    first_lines = " ".join((folder / "__init__.py").read_text().split('"""')[1].split())
    assert line_of(importers()[room]) in first_lines, f"{room}/__init__.py says something else"
    _, there, first = first_lines.partition("Open first: ")
    assert there
    assert all((folder / name).exists() for name in re.findall(r"`([\w/]+(?:\.py|/))`", first)), first


def test_the_newest_release_of_the_changelog_is_the_version():
    releases = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert releases[0] == __version__


def test_the_examples_are_sound_together():
    rules = ruling()
    text = (EXAMPLES / "agreement.yaml").read_text()
    assert check_against(rules.agreement, rules.roster, text, "agreement.yaml") == []


def test_the_explained_clock_in_the_docs_is_what_the_command_says():
    shown = "\n".join(f"    {line}" for line in sample_clock().splitlines())
    assert shown in (ROOT / "docs" / "sla.md").read_text()


def test_the_docs_on_promises_name_every_metric_start_action_and_part_of_a_dossier():
    text = (ROOT / "docs" / "sla.md").read_text()
    for words in (Metric, Start, Action, Part):
        for word in get_args(words):
            assert f"`{word}`" in text, word


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "sources").glob("*.md")), ids=lambda page: page.stem)
def test_the_sources_in_the_docs_are_sound(page):
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        whole = block if block.startswith("version") else "version: 1\nsources:\n" + indent(block, "  ")
        for source in load(whole, SourcesFile, page.name).sources:
            assert source.kind in PARSERS
            check(source.mapping or Mapping())
    assert page.stem in {"README", "facts", "unknown", "crm", *PARSERS}


def test_alert_rules_and_the_operations_page_name_metrics_that_exist():
    known = {metric.name for metric in metrics.REGISTRY.collect()}
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text())
    texts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    texts.append((ROOT / "docs" / "operations.md").read_text())
    for name in re.findall(r"\bstafett_[a-z_]+", " ".join(texts)):
        assert re.sub(r"_(total|bucket)$", "", name) in known, name


def test_alert_rules_take_what_every_process_says_once():
    """Each process that is scraped says the depths of the one store; only counters may be added up."""
    gauges = {metric.name for metric in metrics.REGISTRY.collect() if metric.type == "gauge"}
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text())
    told = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    used = [(expr, name) for expr in told for name in re.findall(r"\bstafett_[a-z_]+", expr) if name in gauges]
    assert len(used) >= 8
    for expr, name in used:
        assert re.search(rf"max(?: by \(\w+\) )?\({name}\)", expr), expr


def test_the_topics_in_deploy_are_those_that_the_settings_ask_for():
    url = {"STAFETT_LOG_URL": "kafka://broker:9092", "STAFETT_DATABASE_URL": "postgresql://h/db"}
    settings = load_settings({"STAFETT_DEPLOYMENT_KEY": "k" * 64, **url})
    written = yaml.safe_load((ROOT / "deploy" / "kafka" / "topics.yaml").read_text())
    assert written["topics"] == [
        {"name": t.name, "partitions": t.partitions, "replicas": t.replicas, "configs": dict(t.configs)}
        for t in desired_topics(settings)
    ]
    assert written["acls"] == rights(settings)
