"""A lead's way in words: what happened, which row moved it, who was given it and who was passed over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from routing.explain.assignment import RecordedDecision, explain_assignment, explain_rule, passed_lines
from schemas.explain import LeadExplanation
from schemas.http import Explanation, LeadView, Step
from schemas.json_values import JsonObject
from services.ports.reading import HistoryEntry


def explanation(
    lead: LeadView, entries: Sequence[HistoryEntry], following: int | None, whole: LeadExplanation | None
) -> Explanation:
    """All of these signals, and above them where the lead is now; on the first page (`whole`) with every reason."""
    steps = [_step(entry) for entry in entries]
    above = [whole.text, *_also(lead)] if whole else [*_now(lead), *_also(lead)]
    text = "\n".join([*above, "", *(step.text for step in steps)])
    return Explanation(lead=lead.id, steps=steps, now=whole, text=text + "\n", next=following)


def journey_text(entries: Sequence[HistoryEntry]) -> str:
    """What became of one signal, once for each attempt."""
    return "\n".join(line for entry in entries for line in _signal_lines(entry))


def _signal_lines(entry: HistoryEntry) -> Iterator[str]:
    step = _step(entry)
    yield entry.row.lead_id or "of no lead"
    yield step.text
    yield f"  decided by {step.made_by or 'a version that is not known'}, agreement {step.agreement[:12]}"


def _now(lead: LeadView) -> Iterator[str]:
    track = f" ({lead.track})" if lead.track else ""
    yield f"{lead.id} has been in {lead.stage}{track} since {_at(lead.stage_since)}, pass {lead.pass_number}"
    yield f"owner: {lead.owner}" if lead.owner else f"nobody has it: {lead.unowned_reason}"


def _also(lead: LeadView) -> Iterator[str]:
    if lead.merged_into is not None:
        yield f"it is merged into {lead.merged_into} and stands still"
    if lead.disposition != "active":
        yield f"it is {lead.disposition}: neither routed nor timed"
    if lead.suppressed:
        yield f"automated mail has to stop: {lead.suppressed}"
    if lead.held:
        yield "it is held: a signal of it could not be processed, and later ones wait behind it"


def _step(entry: HistoryEntry) -> Step:
    row, said = entry.row, json.loads(entry.row.decision)
    lines = [f"{_at(row.occurred_at)}  {row.kind}: {row.outcome}" + (f" ({row.note})" if row.note else "")]
    if row.fate is not None:
        lines.append(f"  came to nothing: {row.fate}, {row.reason}")
    if row.received_at != row.occurred_at:
        lines.append(f"  received {_at(row.received_at)}")
    if row.mode != "live":
        lines.append(f"  mode {row.mode}")
    evidence = said["evidence"]
    lines += _moves(said["transitions"], evidence)
    made_by = said.get("made_by")
    given = RecordedDecision(
        lead_id=row.lead_id or "",
        signal_id=row.signal_id,
        at=row.recorded_at,
        agreement=said["agreement"],
        roster=said["roster"],
        made_by=made_by,
    )
    for owner in evidence.get("owners", []):
        lines += [f"  {line}" for line in explain_assignment(owner, given, None).text.splitlines()]
    for waits in evidence.get("waits", []):
        held = explain_rule(waits["held"], {})
        lines += [f"  it waits for somebody of rule `{held.rule}`", *passed_lines(held)]
    if said["events"]:
        lines.append(f"  events: {', '.join(name.removeprefix('stafett.') for name in said['events'])}")
    return Step(
        signal_id=row.signal_id,
        agreement=said["agreement"],
        made_by=made_by,
        evidence=evidence,
        text="\n".join(lines),
    )


def _moves(transitions: Sequence[Sequence[str | None]], evidence: JsonObject) -> Iterator[str]:
    facts = {row["row"]: row["fact"] for row in evidence.get("rows", [])}
    for before, to, row in transitions:
        because = f", because of {facts[row]}" if row in facts else ""
        yield f"  moved from {before or 'nowhere'} to {to} by row `{row}`{because}"
    for name, finding in evidence.get("definitions", {}).items():
        unknown = f", for it is unknown: {finding['unknown']}" if "unknown" in finding else ""
        yield f"  definition `{name}` was {'met' if finding['met'] else 'not met'}{unknown}"
    for finding in evidence.get("findings", []):
        yield f"  finding: {finding}"
    if proposed := evidence.get("proposed_facts"):
        yield f"  said by somebody unproven, kept beside as proposals: {', '.join(proposed)}"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
