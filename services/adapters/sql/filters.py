"""Conditions of the lists of leads and clocks, each of which an index answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from routing.model.links import pointer_to_lead
from services.adapters.sql.engine import Dialect
from services.ports.instants import micros
from services.ports.reading import ClockFilter, LeadFilter

OPEN = "state IN ('running', 'paused')"
# By itself, or as the lead that the one of this address is merged into.
_NAMED = """id IN (
    SELECT subject_id FROM identities WHERE kind = 'email' AND digest = :digest
    UNION SELECT l.subject_id FROM identities e JOIN identities l ON e.subject_id = :merged || l.digest
    WHERE e.kind = 'email' AND e.digest = :digest AND l.kind = 'lead')"""
_DUE = f"id IN (SELECT lead_id FROM clocks WHERE {OPEN} AND due_at < :due)"  # noqa: S608 - a condition of this file


def lead_conditions(wanted: LeadFilter, dialect: Dialect) -> list[str]:
    """What holds of the rows of `leads` that are wanted."""
    asked = {
        "brand = :brand": wanted.get("brand"),
        "stage = :stage AND disposition <> 'merged'": wanted.get("stage"),
        "source = :source": wanted.get("source"),
        "owner = :owner": wanted.get("owner"),
        "created_at >= :since": wanted.get("since"),
        dialect.among("owner", "owners"): wanted.get("owners"),
        _NAMED: wanted.get("email_digest"),
        _DUE: wanted.get("due_before"),
    }
    return [condition for condition, value in asked.items() if value is not None]


def lead_values(wanted: LeadFilter, dialect: Dialect) -> dict[str, Any]:
    """The values of those conditions."""
    return {
        "brand": wanted.get("brand"),
        "stage": wanted.get("stage"),
        "source": wanted.get("source"),
        "owner": wanted.get("owner"),
        "owners": dialect.list_value(wanted.get("owners") or ()),
        "digest": wanted.get("email_digest"),
        "merged": pointer_to_lead(""),
        **_instants(wanted.get("since"), wanted.get("due_before")),
    }


def clock_conditions(wanted: ClockFilter, dialect: Dialect) -> list[str]:
    """What holds of the rows of `clocks` that are wanted."""
    asked = {
        "lead_id = :lead": wanted.get("lead_id"),
        "state = :state": wanted.get("state"),
        "policy = :policy": wanted.get("policy"),
        "due_at >= :since": wanted.get("since"),
        "due_at < :due": wanted.get("due_before"),
        dialect.among("person", "persons"): wanted.get("persons"),
        "lead_id IN (SELECT id FROM leads WHERE source = :source)": wanted.get("source"),
    }
    return [condition for condition, value in asked.items() if value is not None]


def clock_values(wanted: ClockFilter, dialect: Dialect) -> dict[str, Any]:
    """The values of those conditions."""
    return {
        "lead": wanted.get("lead_id"),
        "state": wanted.get("state"),
        "policy": wanted.get("policy"),
        "persons": dialect.list_value(wanted.get("persons") or ()),
        "source": wanted.get("source"),
        **_instants(wanted.get("since"), wanted.get("due_before")),
    }


def _instants(since: datetime | None, due_before: datetime | None) -> dict[str, int | None]:
    return {"since": micros(since) if since else None, "due": micros(due_before) if due_before else None}
