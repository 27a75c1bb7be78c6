"""docs/sinks.md and the code say the same: facts, functions, keys, events, troubles, modes, states, commands."""

import argparse
import re
from pathlib import Path
from typing import get_args

import pytest

from schemas.sinks import FACTS, CrmSink, FieldRule, RecordState, SinkMode, SinksFile, StepState
from schemas.yamlfile import load
from services.cli.operating import sink
from services.sinks.outcomes import TroubleKind
from services.sinks.planning.plan import EVENTS

PAGE = (Path(__file__).parents[3] / "docs" / "sinks.md").read_text()


def section(heading):
    (text,) = [part for part in re.split(r"^#{2,3} ", PAGE, flags=re.MULTILINE) if part.startswith(f"{heading}\n")]
    return set(re.findall(r"`([^`\n]+)`", text))


def test_the_page_has_every_fact_and_no_other():
    facts = {
        name
        for name in section("Fields")
        if re.fullmatch(
            r"(lead|handover|offer|owner|event|contact|company|qualification|links|dossier|sla|outcome)\.\w+", name
        )
    }
    assert facts == set(FACTS)


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Fields", FieldRule.model_fields), ("The file", {*CrmSink.model_fields, "kind", "secret"}), ("Modes", get_args(SinkMode)),
        ("When something is wrong", get_args(TroubleKind)), ("Nothing twice, nothing lost", {*get_args(StepState), *get_args(RecordState)}),
        ("What each event does", {name.removeprefix("stafett.").removesuffix(".v1") for name in EVENTS}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_section_names_all_that_there_is(heading, names):
    assert set(names) <= section(heading)


def test_the_page_names_each_action_of_the_command():
    parser = argparse.ArgumentParser()
    sink.add(parser.add_subparsers())
    (command,) = [action.choices["sink"] for action in parser._actions if action.choices]
    (actions,) = [action.choices for action in command._actions if action.choices]
    shown = {name.split()[2] for name in section("Commands") if name.startswith("stafett sink ")}
    assert shown == set(actions) and len(shown) == 11


def test_the_file_on_the_page_loads():
    whole, fields = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (entry,) = load(whole, SinksFile, "docs/sinks.md").sinks
    assert entry.owns == ("phone",)
    head = whole.partition("  fields:\n")[0]
    (entry,) = load(head + fields, SinksFile, "docs/sinks.md").sinks
    assert set(entry.fields.of_promise) == {"stafett_due", "stafett_promise", "stafett_broken"}
