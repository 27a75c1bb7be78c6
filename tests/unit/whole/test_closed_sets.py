"""A closed set of words is told apart in one `match` that ends with `assert_never`, or by a table that has all of them.

A row of `if`s over such words lets the next word fall through: an unknown step of a ladder once gave the lead away.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import routing
import schemas
import services
from routing import judging, lifecycle
from routing.agreement import facts
from routing.agreement.expressions import FUNCTIONS
from routing.lead import dossier
from routing.people import hindrances, permissions
from routing.sla import volumes
from routing.stages import waking
from schemas import fates, may, sla, sources
from schemas.commands import AnyCommand
from schemas.events import LeadDefinitionMet, LeadStageChanged, Milestone, Stage
from schemas.handover import Part
from schemas.signals import Kind
from schemas.volumes import Countable
from schemas.words import Side
from services.ingest.proof import verify

SENDERS = "services/ingest/parsers/"
"""Words of senders are no closed set: whatever is not known is kept as not classified."""
OPEN = {
    (
        "routing/handover/handover.py",
        "outcome",
    ): "which of a fact's sixteen words are told besides; the others are told as the stage's change",
    ("routing/agreement/literals.py", "token.text"): "text of an expression",
    ("services/console/agreement/conditions.py", "word"): "text of an expression",
    ("services/console/agreement/conditions.py", "where"): "text of an expression",
    ("routing/assignment/matching.py", "route"): "each is left out of one list",
    ("routing/stages/readiness.py", "lead.stage"): "what each stage asks for besides; the others ask nothing",
    ("routing/agreement/scoring.py", "call.function"): "two functions that read names of their own",
    ("routing/explain/smallest_change.py", "tried['code']"): "evidence of before may have other codes",
    ("routing/agreement/timing.py", "name"): "names of variables, else an instant as text",
    ("services/adapters/sql/postgres_engine.py", "mode"): "words of libpq",
    ("services/cli/up.py", "name"): "options that one role has",
    ("services/ingest/app.py", "source.kind"): "two senders that ask for an answer of their own",
    ("services/ingest/configured/may.py", "parsed.mode"): "each needs a right of its own; a live one needs none",
    ("services/door/problems.py", "self.code"): "two problems with a header of their own",
    ("services/kafka_admin/topics.py", "kinds.get(topic.name)"): "only what is to be changed is in it",
    ("schemas/sla.py", "self.starts"): "two rules of their own, told apart in two validators",
    ("schemas/sla.py", "t.kind"): "whether any of them counts open time",
    ("schemas/sources.py", "self.scheme"): "which schemes need which key",
}
"""Rows of `if`s that may stay, each with why: their subject is open, or what is asked of one word says nothing of the others."""


def texts(node: ast.expr) -> bool:
    many = node.elts if isinstance(node, ast.Tuple | ast.Set) else [node]
    return bool(many) and all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in many)


def subjects(test: ast.expr) -> set[str]:
    """What a condition compares with words."""
    told = (ast.Eq, ast.In, ast.NotEq, ast.NotIn)
    found = (n for n in ast.walk(test) if isinstance(n, ast.Compare) and len(n.ops) == 1 and isinstance(n.ops[0], told))
    return {ast.unparse(n.left) for n in found if texts(n.comparators[0])}


def rows(body: list[ast.stmt]) -> Iterator[list[ast.If]]:
    """`if`s that follow each other, with their `elif`s."""
    row: list[ast.If] = []
    for statement in body:
        if not isinstance(statement, ast.If):
            yield row
            row = []
            continue
        row.append(statement)
        while len(row[-1].orelse) == 1 and isinstance(row[-1].orelse[0], ast.If):
            row.append(row[-1].orelse[0])
    yield row


def chains(tree: ast.Module) -> set[str]:
    bodies = (b for n in ast.walk(tree) for f in ("body", "orelse") if isinstance(b := getattr(n, f, None), list))
    return {
        subject
        for body in bodies
        for row in rows(body)
        for subject, count in Counter(s for one in row for s in subjects(one.test)).items()
        if count > 1
    }


def test_no_row_of_ifs_tells_a_closed_set_apart():
    found = set()
    for package in (schemas, routing, services):
        root = Path(package.__file__).parent
        for path in sorted(root.rglob("*.py")):
            name = path.relative_to(root.parent).as_posix()
            if not name.startswith(SENDERS):
                found |= {(name, subject) for subject in chains(ast.parse(path.read_text()))}
    assert found == set(OPEN)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("if a == 'x':\n  f()\nelif a == 'y':\n  g()", {"a"}),
        ("if a == 'x':\n  return 1\nif a in ('y', 'z'):\n  return 2\nreturn 3", {"a"}),
        ("if a == 'x':\n  f()\nelse:\n  g()", set()),
        ("match a:\n  case 'x':\n    f()", set()),
    ],
)
def test_the_scan_sees_a_row_of_ifs(text, found):
    assert chains(ast.parse(text)) == found


COMMANDS = {get_args(kind.model_fields["command"].annotation)[0] for kind in get_args(AnyCommand)}
ACTS = {kind.name.lower() for kind in judging._ACTS}
NOTED = frozenset(
    [
        "prospect_listed",
        "contact_created",
        "contact_updated",
        "form_submitted",
        "email_sent",
        "email_delivered",
        "email_opened",
        "email_clicked",
        "email_replied",
        "email_bounced",
        "page_visited",
        "ad_clicked",
        "message_received",
        "call_received",
        "event_attended",
        "points_changed",
        "tag_added",
        "tag_removed",
        "list_subscribed",
        "unclassified",
        "company_created",
        "company_updated",
        "company_deleted",
        "deal_created",
        "deal_updated",
        "deal_deleted",
        "activity_created",
        "activity_updated",
        "activity_deleted",
        "note_added",
        "sales_stage_changed",
        "sales_converted",
        "sales_merged",
        "sales_task_open",
        "lead_check",
    ]
)
"""Kinds of which nothing follows but what every signal may bring: facts, points, definitions."""
APART = frozenset(
    [
        "roster_absent",
        "roster_returned",
        "roster_joined",
        "roster_left",
        "pool_paused",
        "pool_resumed",
        "agreement_approved",
        "lead_redrive",
        "lead_merge",
        "lead_unmerge",
        "period_begun",
        "person_erasure_requested",
    ]
)
"""Kinds that the router answers itself, or that are of two leads: they are not decided by what a signal does to its lead."""


@pytest.mark.parametrize(
    ("table", "words"),
    [
        pytest.param(waking._ASKED, get_args(Stage), id="what is asked in a stage"),
        pytest.param(lifecycle._MOVES, (*get_args(Stage), None), id="what leads from a stage"),
        pytest.param(dossier._HAS, get_args(Part), id="parts of a dossier"),
        pytest.param(permissions.SIDES, get_args(Side), id="who signs for a side"),
        pytest.param(permissions.RIGHTS, COMMANDS, id="who may command what"),
        pytest.param(hindrances.HINDRANCES, get_args(hindrances.Code), id="why somebody was passed over"),
        pytest.param(fates.REASONS, get_args(fates.Reason), id="why a signal came to nothing"),
        pytest.param(may.CLASS_OF, tuple(Kind), id="who may say what"),
        pytest.param(sla._STARTS, get_args(sla.Metric), id="what starts a promise"),
        pytest.param(
            {"none": None, **verify._CLAIMS}, get_args(sources.Scheme.model_fields["scheme"].annotation), id="proofs"
        ),
        pytest.param({*ACTS, *NOTED, *APART}, [kind.name.lower() for kind in Kind], id="what a signal does"),
    ],
)
def test_a_table_has_each_word_of_its_set(table, words):
    assert set(table) == set(words)


def test_what_a_signal_does_is_said_once():
    assert len(ACTS) + len(NOTED) + len(APART) == len(Kind)


def test_each_word_that_a_promise_by_number_may_count_is_the_name_of_some_event():
    """Stages and milestones are named by the event itself; the others by their kind of event."""
    example = {LeadStageChanged: "to_stage", LeadDefinitionMet: "definition"}
    named = {name_of(None) for kind, name_of in volumes._NAMED.items() if kind not in example}
    said = {*get_args(Milestone), *(stage for stage in get_args(Stage) if stage not in ("prospecting", "nurturing"))}
    assert example.keys() <= volumes._NAMED.keys()
    assert {*named, *said, volumes._MEETING} == set(get_args(Countable))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_of_ours_can_be_read_without_the_language(function):
    assert callable(facts._reader(facts.Call(function, "form.submitted")))
