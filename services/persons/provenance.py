"""Where each thing that is known of a lead came from: the first signal that said what is believed now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import asdict

from routing.lead.absorb import COMPANY
from routing.lead.proof import ANSWER
from routing.model.records import Lead, LeadPersonal
from schemas.json_values import JsonObject
from schemas.persons import ExportedFact
from services.ports.rows import HistoryRow

Value = str | int | float | bool


class _Known(NamedTuple):
    """A fact by its name, as the lead keeps it."""

    name: str
    value: Value


def facts_of(lead: Lead, personal: LeadPersonal) -> dict[str, Value]:
    """All that is believed of the person and their company, by name; an answer of a form is `answer:NAME`."""
    return dict(_values(lead, personal))


def _values(lead: Lead, personal: LeadPersonal) -> Iterator[_Known]:
    for name, value in asdict(personal.person).items():
        if value is not None:
            yield _Known(name, value)
    for name in COMPANY:
        if (value := getattr(lead, f"company_{name}")) is not None:
            yield _Known(f"company_{name}", value)
    for name in ("language", "campaign"):
        if (value := getattr(lead, name)) is not None:
            yield _Known(name, value)
    yield from (_Known(f"{ANSWER}{name}", _plain(value)) for name, value in personal.answers.items())


def _plain(value: Any) -> Value:
    return value if isinstance(value, str | int | float | bool) else json.dumps(value, ensure_ascii=False)


def note_origins(origins: dict[str, ExportedFact], known: dict[str, Value], rows: Iterable[HistoryRow]) -> None:
    """Adds the origin of each fact that one of these signals said first, as it is known."""
    for row in rows:
        facts = json.loads(row.facts)
        for name, value in _values_of_signal(facts, json.loads(row.personal or "{}")):
            if name not in origins and known.get(name) == value:
                origins[name] = ExportedFact(
                    name=name,
                    value=value,
                    source=row.source or facts.get("source"),
                    signal=row.signal_id,
                    at=row.occurred_at,
                    proof=facts.get("proof", "signed"),
                )


def _values_of_signal(facts: JsonObject, personal: JsonObject) -> Iterator[_Known]:
    for name, value in (personal.get("person") or {}).items():
        yield _Known(name, _plain(value))
    for name, value in (facts.get("company") or {}).items():
        yield _Known(f"company_{name}", _plain(value))
    for name in ("language", "campaign"):
        if name in facts:
            yield _Known(name, facts[name])
    for name, value in (personal.get("fields") or {}).items():
        yield _Known(f"{ANSWER}{name}", _plain(value))


def with_proposals(
    known: dict[str, Value], origins: dict[str, ExportedFact], personal: LeadPersonal
) -> list[ExportedFact]:
    """Every fact with its origin, and after them what somebody unproven says against proven ones."""
    facts = [origins.get(name) or ExportedFact(name=name, value=value) for name, value in known.items()]
    return facts + [
        ExportedFact(
            name=name,
            value=proposal.value,
            source=proposal.source,
            signal=proposal.signal_id,
            at=proposal.at,
            proof="none",
            proposed=True,
        )
        for name, proposal in personal.proposed_facts.items()
    ]
