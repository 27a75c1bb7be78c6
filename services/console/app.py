"""The reading API: leads, their history and explanation, clocks, the feed, what was set aside. Behind API keys."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, HTTPException, Query, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from routing.lifecycle import TABLE
from schemas.events import whole
from services.adapters.sql.reading import HistoryEntry, Reading
from services.ports import LeadRow

_bearer = HTTPBearer(auto_error=False, description="An API key; `stafett new` makes one.")
Limit = Annotated[int, Query(ge=1, le=500, description="Entries a page.")]


class Key(NamedTuple):
    """An API key as configured: the SHA-256 of it, in hex, and what it may do."""

    name: str
    sha256: str
    scopes: frozenset[str]


def create_router(
    reading: Reading,
    keys: Mapping[str, Key],
    digest_email: Callable[[str, str], str | None],
    now: Callable[[], datetime],
) -> APIRouter:
    """Routes under /v1. `digest_email(address, brand)` is how identities are kept."""

    def needs(scope: str) -> Any:
        def check(given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Key:
            key = _key_of(given, keys)
            if key is None:
                raise HTTPException(401, "an API key is needed", {"WWW-Authenticate": "Bearer"})
            if scope not in key.scopes:
                raise HTTPException(403, f"this key has no scope {scope}")
            return key

        return Depends(check)

    router = APIRouter(prefix="/v1")
    _lead_routes(router, reading, digest_email, needs)
    _other_routes(router, reading, needs, now)
    return router


def _lead_routes(
    router: APIRouter, reading: Reading, digest_email: Callable[[str, str], str | None], needs: Callable[[str], Any]
) -> None:
    @router.get("/leads", tags=["leads"], operation_id="listLeads")
    async def leads(
        key: Key = needs("leads:read"),
        email: str | None = None,
        stage: str | None = None,
        owner: str | None = None,
        brand: str = "default",
        after: str = "",
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """Leads by e-mail address, stage or owner; `next` is the cursor of the next page, null after the last."""
        digest = None
        if email is not None and (digest := digest_email(email, brand)) is None:
            raise HTTPException(422, "email: is no address")
        rows = await reading.leads(brand=brand, email_digest=digest, stage=stage, owner=owner, after=after, limit=limit)
        shown = [_lead(row, key) for row in rows]
        return {"leads": shown, "next": rows[-1].id if len(rows) == limit else None}

    @router.get("/leads/{lead_id}", tags=["leads"], operation_id="getLead")
    async def lead(lead_id: str, key: Key = needs("leads:read")) -> dict[str, Any]:
        """One lead; personal data only for keys with `personal:read`."""
        return _lead(_found(await reading.lead(lead_id)), key)

    @router.get("/leads/{lead_id}/history", tags=["leads"], operation_id="getHistory")
    async def history(
        lead_id: str, key: Key = needs("leads:read"), after: int = 0, limit: Limit = 200
    ) -> dict[str, Any]:
        """Every signal of the lead in the order of decisions, and what followed."""
        _found(await reading.lead(lead_id))
        rows = await reading.history(lead_id, after, limit)
        return {"history": [_entry(row, key) for row in rows], "next": rows[-1].id if len(rows) == limit else None}

    @router.get("/leads/{lead_id}/explain", tags=["leads"], operation_id="explainLead")
    async def explain(lead_id: str, _: Key = needs("leads:read")) -> dict[str, Any]:
        """Why the lead is where it is: each move with its row and definition, each owner with who was passed over."""
        _found(await reading.lead(lead_id))
        rows = await reading.history(lead_id, 0, 500)
        steps = [_explained(row) for row in rows]
        return {"lead": lead_id, "steps": steps, "text": "\n".join(step["text"] for step in steps)}


def _other_routes(
    router: APIRouter, reading: Reading, needs: Callable[[str], Any], now: Callable[[], datetime]
) -> None:
    @router.get("/clocks", tags=["sla"], operation_id="listClocks")
    async def clocks(
        _: Key = needs("leads:read"),
        lead: str | None = None,
        state: str | None = None,
        policy: str | None = None,
        after: str = "",
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """SLA clocks; `due_at` is exact."""
        rows = await reading.clocks(lead_id=lead, state=state, policy=policy, after=after, limit=limit)
        shown = [{"lead_id": row.lead_id, **json.loads(row.body)} for row in rows]
        return {"clocks": shown, "next": rows[-1].id if len(rows) == limit else None}

    @router.get("/events", tags=["feed"], operation_id="listEvents")
    async def events(
        key: Key = needs("events:read"), after: int = 0, topic: str | None = None, limit: Limit = 100
    ) -> dict[str, Any]:
        """The feed by gapless position: ask again with `after` = `next`. `head` is the last position there is."""
        head = await reading.head()
        rows = await reading.events(after, topic, limit)
        shown = [
            {"position": r.position, "event": json.loads(whole(r.row.head, _personal(r.row.personal, key)))}
            for r in rows
        ]
        return {"events": shown, "next": rows[-1].position if rows else max(after, head), "head": head}

    @router.get("/snapshot", tags=["feed"], operation_id="getSnapshot")
    async def snapshot(key: Key = needs("leads:read"), after: str = "", limit: Limit = 500) -> dict[str, Any]:
        """A page of leads and the feed's position it was taken at: follow the feed from the first page's position."""
        position, rows = await reading.snapshot(after, limit)
        shown = [_lead(row, key) for row in rows]
        return {"position": position, "leads": shown, "next": rows[-1].id if len(rows) == limit else None}

    @router.get("/quarantine", tags=["operations"], operation_id="listQuarantine")
    async def quarantine(_: Key = needs("ops:read"), after: str = "", limit: Limit = 50) -> dict[str, Any]:
        """Bodies that could not be understood: where and why; the body itself is personal data and not shown."""
        rows = await reading.quarantined(after, limit)
        names = ("id", "source", "reason", "place", "content_type", "mode", "received_at")
        return {
            "quarantine": [
                {name: getattr(row, name) for name in names} | {"bytes": len(row.body or b"")} for row in rows
            ],
            "next": rows[-1].id if len(rows) == limit else None,
        }

    @router.get("/dead-letters", tags=["operations"], operation_id="listDeadLetters")
    async def dead_letters(_: Key = needs("ops:read"), limit: Limit = 100) -> dict[str, Any]:
        """Signals that could not be processed, oldest first, with those that wait behind them."""
        names = ("id", "lead_id", "signal_id", "attempt", "state", "reason", "error_class", "origin", "recorded_at")
        rows = await reading.dead_letters(limit=limit)
        return {"dead_letters": [{name: getattr(row, name) for name in names} for row in rows]}

    @router.get("/status", tags=["operations"], operation_id="getStatus")
    async def status(_: Key = needs("ops:read")) -> dict[str, int]:
        """Depths: outbox, spool, held leads, clocks, deliveries."""
        return (await reading.counts(now()))._asdict()

    @router.get("/lifecycle", tags=["operations"], operation_id="getLifecycle")
    async def lifecycle(_: Key = needs("leads:read")) -> dict[str, Any]:
        """The lifecycle table that decisions are made by."""
        return {"rows": [{**row._asdict(), "facts": sorted(row.facts)} for row in TABLE]}


def _key_of(given: HTTPAuthorizationCredentials | None, keys: Mapping[str, Key]) -> Key | None:
    """Every configured key is compared, in constant time."""
    if given is None:
        return None
    proof = hashlib.sha256(given.credentials.encode()).hexdigest()
    found = [key for key in keys.values() if hmac.compare_digest(key.sha256, proof)]
    return found[0] if found else None


def _found(row: LeadRow | None) -> LeadRow:
    if row is None:
        raise HTTPException(404, "there is no such lead")
    return row


def _personal(text: str | None, key: Key) -> str | None:
    return text if "personal:read" in key.scopes else None


def _lead(row: LeadRow, key: Key) -> dict[str, Any]:
    shown: dict[str, Any] = {"held": row.held, "updated_at": row.updated_at, **json.loads(row.state)}
    if "personal:read" in key.scopes:
        shown["personal"] = json.loads(row.personal or "null")
    return shown


def _entry(entry: HistoryEntry, key: Key) -> dict[str, Any]:
    row = entry.row
    shown = {name: getattr(row, name) for name in ("signal_id", "attempt", "kind", "mode", "outcome", "note")}
    shown |= {name: getattr(row, name) for name in ("occurred_at", "received_at", "recorded_at")}
    shown |= {"id": entry.id, "facts": json.loads(row.facts), "decision": json.loads(row.decision)}
    if "personal:read" in key.scopes:
        shown["personal"] = json.loads(row.personal or "null")
    return shown


def _explained(entry: HistoryEntry) -> dict[str, Any]:
    row, said = entry.row, json.loads(entry.row.decision)
    lines = [f"{row.occurred_at.isoformat()} {row.kind}: {row.outcome}" + (f" ({row.note})" if row.note else "")]
    evidence = said["evidence"]
    for move in said["transitions"]:
        lines.append(f"  moved from {move[0] or 'nowhere'} to {move[1]} by row `{move[2]}`")
    for name, finding in evidence.get("definitions", {}).items():
        lines.append(
            f"  definition `{name}` was {'met' if finding['met'] else 'not met'}"
            + (f", unknown: {finding['unknown']}" if "unknown" in finding else "")
        )
    for owner in evidence.get("owners", []):
        lines.append(
            f"  given to {owner['person']} by rule `{owner['rule']}`"
            + (f" of pool {owner['pool']}" if "pool" in owner else "")
        )
        for candidate in owner.get("candidates", []):
            lines.append(f"    {candidate['person']}: {candidate.get('code') or 'short of ' + str(candidate['short'])}")
    return {"signal_id": row.signal_id, "agreement": said["agreement"], "evidence": evidence, "text": "\n".join(lines)}
