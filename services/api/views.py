"""From rows to what the API shows. Personal data only where the key may see it."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Path, Query
from msgspec.structs import asdict

from routing.model.records import Clock, Handover, Lead
from schemas.http import LEAD_ID, ClockView, HandoverView, HistoryView, LeadPersonal, LeadView, OfferView, SignalView
from services.api.access import Key
from services.door.problems import Trouble
from services.ports.reading import HistoryEntry
from services.ports.rows import ClockRow, LeadRow

MAX_NUMBER = 2**63 - 1
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


def text(description: str, example: str) -> Any:
    """A query parameter of free text: bounded, and nothing in it that a store cannot compare."""
    return Query(description=description, examples=[example], max_length=320, pattern=PRINTABLE)


Limit = Annotated[int, Query(ge=1, le=500, description="Entries a page.", examples=[50])]
After = Annotated[str, text("`next` of the page before; empty for the first.", "")]
Number = Annotated[
    int, Query(ge=0, le=MAX_NUMBER, description="`next` of the page before; 0 for the first.", examples=[0])
]
LeadId = Annotated[str, Path(description="The lead's id.", examples=[LEAD_ID], max_length=320)]


def may_see(key: Key) -> bool:
    """Whether personal data may be shown to this key."""
    return "personal:read" in key.scopes


def require_lead(row: LeadRow | None) -> LeadRow:
    """Raises Trouble where there is none."""
    if row is None:
        raise Trouble("not_found", "there is no such lead")
    return row


def storable(ident: str) -> str:
    """An id as it may be asked for; what no id can be is not found. Raises Trouble."""
    if not ident.isprintable():
        raise Trouble("not_found", "there is nothing of this id")
    return ident


def lead_view(row: LeadRow, key: Key | None = None) -> LeadView:
    """Without a key that may see it, nothing of the person."""
    lead = Lead.read(row.state)
    said = {name: getattr(lead, name) for name in LeadView.model_fields if name in Lead.__struct_fields__}
    personal = (
        LeadPersonal.model_validate_json(row.personal) if row.personal and key is not None and may_see(key) else None
    )
    said |= {"held": row.held, "updated_at": row.updated_at, "personal": personal}
    said |= {"handover": _handover(lead.handover), "references": list(lead.references), "tags": list(lead.tags)}
    said |= {
        "attributes": lead.attributes or {},
        "unproven": list(lead.unproven),
        "merged": [link.lead_id for link in lead.merged],
        "proposed": list(lead.proposed),
    }
    return LeadView(**said)


def _handover(handover: Handover | None) -> HandoverView | None:
    if handover is None:
        return None
    said = {name: getattr(handover, name) for name in HandoverView.model_fields}
    said["offers"] = [OfferView(**asdict(offer)) for offer in handover.offers]
    return HandoverView(**said | {"references": list(handover.references)})


def history_view(entry: HistoryEntry, key: Key) -> HistoryView:
    row = entry.row
    said = {name: getattr(row, name) for name in HistoryView.model_fields if name in row._fields}
    said |= {"id": entry.id, "lead": row.lead_id, "facts": json.loads(row.facts), "decision": json.loads(row.decision)}
    said["personal"] = json.loads(row.personal) if row.personal and may_see(key) else None
    return HistoryView(**said)


def signal_view(entry: HistoryEntry, key: Key) -> SignalView:
    row = entry.row
    said = {name: getattr(row, name) for name in SignalView.model_fields if name in row._fields}
    said |= {"id": entry.id, "lead": row.lead_id, "outcome": row.fate, "facts": json.loads(row.facts)}
    said["personal"] = json.loads(row.personal) if row.personal and may_see(key) else None
    return SignalView(**said)


def clock_view(row: ClockRow) -> ClockView:
    clock = Clock.read(row.body)
    return ClockView(lead_id=row.lead_id, **asdict(clock))
