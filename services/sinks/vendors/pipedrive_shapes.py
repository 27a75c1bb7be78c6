"""How a deal and a lead of Pipedrive differ as the opportunity.

Source: the models and requests of Pipedrive's own client: deals are of v2, leads still of v1, where fields of one's own stand among the
others. Leads have no fields of their own: they have those of deals.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.vendors import PipedriveOpportunity

SOURCE_LEAD = "source_lead_id"
"""In a deal that was made of a lead: that lead's id, where it is asked for."""


class Opportunity(NamedTuple):
    """`beside` names it in notes and activities, `pin` in a note, `company` an organisation in it. `own`: where fields of one's own stand,
    None for among the others. `page` is its page for people, `cost` what a write costs in tokens, `id_type` what its ids are."""

    path: str
    beside: str
    pin: str
    company: str
    own: str | None
    page: str
    cost: int
    id_type: type[int | str]

    def value(self, record: JsonObject, name: str, *, is_own: bool) -> JsonValue:
        """What the record has in a field."""
        if is_own and self.own is not None:
            return (record.get(self.own) or {}).get(name)
        return record.get(name)


OPPORTUNITIES: Mapping[PipedriveOpportunity, Opportunity] = {
    "deal": Opportunity(
        "/api/v2/deals",
        "deal_id",
        "pinned_to_deal_flag",
        "org_id",
        own="custom_fields",
        page="deal",
        cost=5,
        id_type=int,
    ),
    "lead": Opportunity(
        "/v1/leads",
        "lead_id",
        "pinned_to_lead_flag",
        "organization_id",
        own=None,
        page="leads/inbox",
        cost=10,
        id_type=str,
    ),
}


def instant_of(text: JsonValue) -> datetime:
    """Instants of v2 have their zone; those of the older fields are UTC and say none."""
    at = datetime.fromisoformat(str(text))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
