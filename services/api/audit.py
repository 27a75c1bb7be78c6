"""`GET /v1/audit`: who saw personal data and who changed what, for whoever has to answer that."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from schemas.http import AuditPage, AuditView
from services.api.access import Access, Key, route
from services.api.views import Limit, Number, text
from services.ports.audit import Audit, AuditFilter, AuditRow

EXAMPLE_AT = "2026-11-30T00:00:00Z"


def add_audit(router: APIRouter, access: Access, audit: Audit) -> None:
    @route(router, "/audit", scope="audit:read", operation="listAudit", tag="operations", summary="List who saw what")
    async def uses(
        _: Key = access.needs("audit:read"),
        actor: Annotated[str | None, text("Only of this key, or this person.", "elin")] = None,
        subject: Annotated[str | None, text("Only about this id.", "lead_3bq6m2mzl4tq5xj7c3a4m5v6qy")] = None,
        since: Annotated[
            AwareDatetime | None, Query(description="Only what was asked since.", examples=[EXAMPLE_AT])
        ] = None,
        after: Number = 0,
        limit: Limit = 50,
    ) -> AuditPage:
        """What was asked for with each key and by each person at the page: every change, and every read that may show personal
        data. What is alike within an hour is one row."""
        rows = await audit.rows(AuditFilter(actor, subject, since), after, limit)
        return AuditPage(uses=[audit_view(row) for row in rows], next=rows[-1].number if len(rows) == limit else None)


def audit_view(row: AuditRow) -> AuditView:
    """As it is shown."""
    return AuditView(
        number=row.number, first_at=row.first_at, last_at=row.last_at, times=row.times, **row.use._asdict()
    )
