"""Each group of a lead's fields is written by one module, so that whoever asks who changes an owner opens one file.

Three exceptions: `personal` holds parts of three modules, each of which replaces its own; a merge takes over facts of the other lead; and
an erasure empties what names the person.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import routing
from routing.draft import Draft
from routing.lifecycle import TABLE, Fact
from routing.model.records import Lead

ROOT = Path(routing.__file__).parent

LEAD = {
    "routing.lead.consent_requests": "consents_asked",
    "routing.stages.closing": "sales",
    "routing.decide": "account_id gathered",
    "routing.nurturing.dialogue": "talk",
    "routing.upkeep.disposition": "disposition disposition_at",
    "routing.lead.dossier": "known record personal",
    "routing.draft": "brought clocks form_id sequence version",
    "routing.handover.handover": "handover",
    "routing.assignment.hunter_credit": "hunter",
    "routing.lead.absorb": "assumed attributes campaign consents consents_at language last_touch_at names personal recent references tags",
    "routing.stages.limbo": "limbo",
    "routing.assignment.matching": "former",
    "routing.lead.meetings": "meeting_booked_at meetings",
    "routing.upkeep.merging": "merged merged_into",
    "routing.stages.moving": "pass_number pass_since stage stage_since",
    "routing.nurturing.nurturing": "exempt_lists mailed own_track programme suppressed suppressed_at track",
    "routing.assignment.owner_fields": "owner owner_pool owner_route owner_since unowned_reason",
    "routing.assignment.ownership": "counted",
    "routing.stages.hold": "heard parked parked_until",
    "routing.lead.proof": "personal proof unproven",
    "routing.upkeep.proposals": "proposed",
    "routing.stages.readiness": "met sales_ready scored",
    "routing.lead.repeats": "requests",
    "routing.sla.clocks": "marks",
    "routing.lead.steps": "steps",
    "routing.assignment.queue": "queue",
}
"""Which module writes which fields of a lead that exists."""
TAKEN_OVER = frozenset(
    ["assumed", "known", "last_touch_at", "meetings", "personal", "recent", "record", "references", "scored", "tags"]
)
"""Facts that a merge puts together of two leads."""
ERASED = frozenset(["gathered", "merged", "names", "personal", "references"])
"""What names the person and is emptied when they are erased."""
DRAFT = {
    "routing.stages.closing": "seller",
    "routing.decide": "links",
    "routing.judging": "signal",
    "routing.assignment.matching": "asked_account",
    "routing.assignment.ownership": "account consulted kept",
    "routing.stages.hold": "at heard",
    "routing.stages.readiness": "was_asked",
    "routing.sla.volumes": "tallied",
}
"""Which module writes which values of the sheet; `routing.draft` itself may write all."""
EXCEPTIONS = {"routing.upkeep.merging": TAKEN_OVER, "routing.upkeep.erasure": ERASED}
SHEETS = frozenset({"draft", "stays", "goes"})
"""What a sheet is called where it is written on."""
SET_BY_NAME = frozenset({"routing.lead.absorb", "routing.upkeep.merging"})
"""Modules that put down a fact of the company by the name of its field."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(("routing", *path.relative_to(ROOT).with_suffix("").parts))
        yield name, ast.parse(path.read_text())


def targets(tree: ast.AST) -> Iterator[ast.Attribute]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node


def writers(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(lead or draft, the field) of each assignment to one of their fields."""
    for target in targets(tree):
        whose = ast.unparse(target.value)
        if whose in SHEETS:
            yield "draft", target.attr
        elif whose != "self" and target.attr in Lead.__struct_fields__:
            yield "lead", target.attr


def test_each_field_of_a_lead_is_written_by_its_owner_alone():
    strangers = []
    for name, tree in modules():
        for whose, field in writers(tree):
            table = LEAD if whose == "lead" else DRAFT
            allowed = set(table.get(name, "").split()) | EXCEPTIONS.get(name, frozenset())
            if field not in allowed:
                strangers.append(f"{name} writes {whose}.{field}")
    assert not strangers


def test_no_field_has_two_owners_and_no_owner_is_named_for_nothing():
    written = {(name, whose, field) for name, tree in modules() for whose, field in writers(tree)}
    for whose, table in (("lead", LEAD), ("draft", DRAFT)):
        named = [(name, field) for name, fields in table.items() for field in fields.split()]
        assert {(name, whose, field) for name, field in named} <= written
        fields = [field for _, field in named if field != "personal"]
        assert len(fields) == len(set(fields))
    assert {
        field for name, whose, field in written if (name, whose) == ("routing.upkeep.merging", "lead")
    } >= TAKEN_OVER


def test_the_fields_that_nobody_writes_are_what_a_lead_begins_with():
    owned = {field for fields in LEAD.values() for field in fields.split()}
    born = {"id", "brand", "partition_key", "created_at", "source", "held"}
    company = {name for name in Lead.__struct_fields__ if name.startswith("company_")}
    assert owned | born | company == set(Lead.__struct_fields__)


def test_a_field_is_set_by_its_name_where_that_is_said_alone():
    calls = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr"
    }
    assert calls == SET_BY_NAME


@pytest.mark.parametrize(
    "text", ["lead.owner = x", "draft.lead.owner, y = x, z", "del gone.owner", "kept.owner += 'x'"]
)
def test_the_scan_sees_each_way_to_write_a_field(text):
    assert list(writers(ast.parse(text))) == [("lead", "owner")]


def test_each_fact_moves_a_lead_somewhere_and_the_table_asks_for_no_other():
    assert set(get_args(Fact)) == set().union(*[row.facts for row in TABLE])


def test_what_is_written_on_the_sheet_exists():
    assert {field for fields in DRAFT.values() for field in fields.split()} <= set(Draft.__slots__)
