"""Routes on leads and their clocks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import AwareDatetime

from routing.people.roster import Roster
from schemas.events import Stage
from schemas.explain import AssignmentExplanation, ClockExplanation
from schemas.http import ClockPage, Explanation, HistoryPage, LeadPage, LeadSearch, LeadView
from services.api.access import Access, Key, route
from services.api.explanations import Explainer
from services.api.journey import explanation
from services.api.naming import Place, people_in, require_known
from services.api.scoped import Scoped
from services.api.views import (
    PRINTABLE,
    After,
    LeadId,
    Limit,
    Number,
    clock_view,
    history_view,
    lead_view,
    require_lead,
    storable,
    text,
)
from services.door.problems import Trouble

E = TypeVar("E", ClockExplanation, AssignmentExplanation)
Accept = Annotated[str, Header(description="`text/plain` for people.", examples=["text/plain"])]
CLOCK_ID = "clk_3bq6m2mzl4tq5xj7c3a4m5v6qy"
RosterOf = Callable[[], Awaitable[Roster]]
Team = Annotated[str | None, text("Only of people who are in this team of the roster now.", "field")]
Source = Annotated[str | None, text("Only leads that came from this source.", "web")]
_SUCCEEDED = {"deprecation": "@1796083200", "link": '</v1/leads/search>; rel="successor-version"'}
"""RFC 9745: since 1 December 2026."""
_SEARCHES = {
    "description": "Which leads; what is left out may be anything.",
    "content": {
        "application/json": {
            "examples": {
                "address": {"value": {"email": "anna@example.com"}},
                "team": {"value": {"stage": "hand_over", "team": "field", "due_before": "2026-11-25T09:00:00Z"}},
            }
        }
    },
}
ClockState = Literal["running", "paused", "fulfilled", "breached", "cancelled"]


def add_leads(
    router: APIRouter,
    scoped: Scoped,
    access: Access,
    *,
    digest_email: Callable[[str, str], str | None],
    roster_of: RosterOf,
) -> None:
    """`digest_email(address, brand)` is how identities are kept; `roster_of()` who is there now."""

    @route(router, "/leads", scope="leads:read", operation="listLeads", tag="leads", summary="Find leads")
    async def leads(
        answer: Response,
        key: Key = access.needs("leads:read"),
        email: Annotated[
            str | None,
            Query(
                description="Use `POST /v1/leads/search`, whose body names the address: the address of a request is kept on its way.",
                deprecated=True,
                examples=["anna@example.com"],
                max_length=320,
                pattern=PRINTABLE,
            ),
        ] = None,
        stage: Annotated[Stage | None, Query(description="Only leads in this stage.", examples=["hand_over"])] = None,
        owner: Annotated[str | None, text("Only this person's, by the roster's id.", "elin")] = None,
        team: Team = None,
        source: Source = None,
        since: Annotated[
            AwareDatetime | None,
            Query(description="Only leads that are there since then or later.", examples=["2026-11-24T00:00:00Z"]),
        ] = None,
        due_before: Annotated[
            AwareDatetime | None,
            Query(
                description="Only leads with a clock that runs and is due before then.",
                examples=["2026-11-25T09:00:00Z"],
            ),
        ] = None,
        brand: Annotated[str, text("The brand to look in.", "default")] = "default",
        after: After = "",
        limit: Limit = 50,
    ) -> LeadPage:
        """Leads of a brand by id; filters may be combined."""
        if email is not None:
            answer.headers.update(_SUCCEEDED)
        wanted = LeadSearch.model_construct(
            email=email,
            stage=stage,
            owner=owner,
            team=team,
            source=source,
            since=since,
            due_before=due_before,
            brand=brand,
            after=after,
            limit=limit,
        )
        return await find(wanted, key, "query")

    @route(
        router,
        "/leads/search",
        scope="leads:read",
        operation="searchLeads",
        tag="leads",
        method="POST",
        summary="Find leads, by an address too",
        asks=_SEARCHES,
    )
    async def search(wanted: LeadSearch, key: Key = access.needs("leads:read")) -> LeadPage:
        """The same as `GET /v1/leads`, with the filters in the body: whatever names a person belongs there. It changes nothing. An owner or a team that the roster does not have is refused where nothing is found; `GET` answers with none, as it always did."""
        return await find(wanted, key, "body")

    async def find(wanted: LeadSearch, key: Key, place: Place) -> LeadPage:
        digest = None
        if wanted.email is not None and (digest := digest_email(wanted.email, wanted.brand)) is None:
            raise Trouble("invalid", f"{place}.email: is no address")
        rows = await scoped.of(key).leads(
            brand=wanted.brand,
            email_digest=digest,
            stage=wanted.stage,
            owner=wanted.owner,
            owners=people_in(wanted.team, await roster_of()) if wanted.team is not None else None,
            source=wanted.source,
            since=wanted.since,
            due_before=wanted.due_before,
            after=wanted.after,
            limit=wanted.limit,
        )
        if place == "body" and not rows and not wanted.after:
            require_known(await roster_of(), owner=wanted.owner, team=wanted.team)
        following = rows[-1].id if len(rows) == wanted.limit else None
        return LeadPage(leads=[lead_view(row, key) for row in rows], next=following)

    @route(
        router,
        "/leads/{lead_id}",
        "not_found",
        scope="leads:read",
        operation="getLead",
        tag="leads",
        summary="Show a lead",
    )
    async def lead(lead_id: LeadId, key: Key = access.needs("leads:read")) -> LeadView:
        """One lead; personal data only for keys with `personal:read`."""
        return lead_view(require_lead(await scoped.of(key).lead(storable(lead_id))), key)

    @route(
        router,
        "/leads/{lead_id}/history",
        "not_found",
        scope="leads:read",
        operation="getHistory",
        tag="leads",
        summary="List signals",
    )
    async def history(
        lead_id: LeadId, key: Key = access.needs("leads:read"), after: Number = 0, limit: Limit = 200
    ) -> HistoryPage:
        """Every signal of the lead in the order of decisions, and what followed."""
        require_lead(await scoped.of(key).lead(storable(lead_id)))
        rows = await scoped.of(key).history(lead_id, after, limit)
        following = rows[-1].id if len(rows) == limit else None
        return HistoryPage(history=[history_view(row, key) for row in rows], next=following)


def add_explanations(router: APIRouter, scoped: Scoped, access: Access, explainer: Explainer) -> None:
    @route(
        router,
        "/leads/{lead_id}/explain",
        "not_found",
        scope="leads:read",
        operation="explainLead",
        tag="leads",
        summary="Explain a lead",
        response_model=Explanation,
        responses=_plain("lead_... is in contact ..."),
    )
    async def explain(
        lead_id: LeadId,
        accept: Accept = "*/*",
        key: Key = access.needs("leads:read"),
        after: Number = 0,
        limit: Limit = 200,
    ) -> Explanation | Response:
        """Why the lead is where it is: each move with its row and definitions, each owner with who was passed over."""
        shown = lead_view(require_lead(await scoped.of(key).lead(storable(lead_id))), key)
        rows = await scoped.of(key).history(lead_id, after, limit)
        whole = await explainer.within(scoped.of(key)).lead(shown.id) if after == 0 else None
        made = explanation(shown, rows, rows[-1].id if len(rows) == limit else None, whole)
        return PlainTextResponse(made.text) if prefers_text(accept) else made


def add_reasons(router: APIRouter, scoped: Scoped, access: Access, explainer: Explainer) -> None:
    @route(
        router,
        "/clocks/{clock_id}/explain",
        "not_found",
        scope="leads:read",
        operation="explainClock",
        tag="sla",
        summary="Explain an SLA clock",
        response_model=ClockExplanation,
        responses=_plain("lead-waits, sales's promise: 2 business days on calendar stockholm ..."),
    )
    async def clock(
        clock_id: Annotated[str, Path(description="The clock's id.", examples=[CLOCK_ID], max_length=320)],
        accept: Accept = "*/*",
        key: Key = access.needs("leads:read"),
    ) -> ClockExplanation | Response:
        """Every interval on its way, counted or skipped with the cause, and the sum."""
        return text_or_json(await explainer.within(scoped.of(key)).clock(storable(clock_id)), accept)

    @route(
        router,
        "/assignments/{ident}/explain",
        "not_found",
        scope="leads:read",
        operation="explainAssignment",
        tag="leads",
        summary="Explain an assignment",
        response_model=AssignmentExplanation,
        responses=_plain("2026-11-24 09:00:00Z  given to elin by rule `everybody` of pool field ..."),
    )
    async def assignment(
        ident: Annotated[
            str,
            Path(
                description="Id of the offer; or of a hand-over or lead, for its newest; or of the signal it was made with.",
                examples=["ho_q5h6j7k2l3m4n5o6p7q2r3s4t5.1"],
                max_length=320,
            ),
        ],
        accept: Accept = "*/*",
        key: Key = access.needs("leads:read"),
    ) -> AssignmentExplanation | Response:
        """The rules on the way, each candidate with the reason, the ledger, and the smallest change for another."""
        return text_or_json(await explainer.within(scoped.of(key)).assignment(storable(ident)), accept)


def text_or_json(made: E | None, accept: str) -> E | Response:
    """As asked for: JSON, or the text alone. Raises Trouble where there is none."""
    if made is None:
        raise Trouble("not_found", "there is nothing of this id")
    return PlainTextResponse(made.text) if prefers_text(accept) else made


def _plain(example: str) -> dict[int | str, Any]:
    return {200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": example}}}}


def add_clocks(router: APIRouter, scoped: Scoped, access: Access, roster_of: RosterOf) -> None:
    """`roster_of()` is who is there now."""

    @route(router, "/clocks", scope="leads:read", operation="listClocks", tag="sla", summary="List SLA clocks")
    async def clocks(
        key: Key = access.needs("leads:read"),
        lead: Annotated[str | None, text("Only clocks of this lead.", "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe")] = None,
        state: Annotated[
            ClockState | None, Query(description="Only clocks in this state.", examples=["running"])
        ] = None,
        policy: Annotated[str | None, text("Only clocks of this policy.", "follow-up")] = None,
        person: Annotated[
            str | None,
            text(
                "Only of this person: who is measured, or who had the lead when its own clock last changed; of a promise of marketing that is over, who answers for it.",
                "elin",
            ),
        ] = None,
        team: Team = None,
        source: Source = None,
        since: Annotated[
            AwareDatetime | None,
            Query(description="Only what is due then or later.", examples=["2026-11-24T00:00:00Z"]),
        ] = None,
        due_before: Annotated[
            AwareDatetime | None, Query(description="Only what is due before then.", examples=["2026-11-25T09:00:00Z"])
        ] = None,
        after: After = "",
        limit: Limit = 50,
    ) -> ClockPage:
        """SLA clocks by id; `due_at` is exact."""
        members = people_in(team, await roster_of()) if team is not None else None
        if person is not None:
            members = [person] if members is None or person in members else []
        rows = await scoped.of(key).clocks(
            lead_id=lead,
            state=state,
            policy=policy,
            persons=members,
            source=source,
            since=since,
            due_before=due_before,
            after=after,
            limit=limit,
        )
        following = rows[-1].id if len(rows) == limit else None
        return ClockPage(clocks=[clock_view(row) for row in rows], next=following)


def prefers_text(accept: str) -> bool:
    """Whether `text/plain` weighs more than JSON in an Accept header (RFC 9110); JSON where both weigh the same."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (piece.strip().casefold() for piece in part.split(";"))
        quality = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
        try:
            weights[kind] = min(1.0, max(0.0, float(quality)))
        except ValueError:
            weights[kind] = 0.0
    everything = weights.get("*/*", 0.0)
    plain = weights.get("text/plain", weights.get("text/*", everything))
    return plain > weights.get("application/json", weights.get("application/*", everything))
