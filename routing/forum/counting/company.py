"""In which segments a lead's company is, by what its signals say of it."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import asdict, replace

from routing.agreement.scoring import CompiledSegment, company_fits, is_named_account
from routing.forum.frame import Frame
from routing.forum.story import Story
from routing.model.records import Lead

_NEVER = datetime.fromtimestamp(0, UTC)


def asks_more(segment: CompiledSegment) -> bool:
    """Whether a segment depends on more than industry, country, size and domain: what that was then is not in the events."""
    return segment.when is not None


def segments_of(story: Story, frame: Frame) -> list[str]:
    """Names of the segments that its company is in, as far as they can be told."""
    facts: dict[str, str | int] = {}
    proven: set[str] = set()
    for heard in story.signals:
        for name, value in asdict(heard.facts.company).items():
            if value is None or (heard.facts.proof != "signed" and name in proven):
                continue
            facts[f"company_{name}"] = value
            if heard.facts.proof == "signed":
                proven.add(name)
    if not facts:
        return []
    lead = _lead_with(facts)
    return [
        name for name, segment in sorted(frame.segments.items()) if not asks_more(segment) and _is_in(lead, segment)
    ]


def _lead_with(facts: dict[str, str | int]) -> Lead:
    lead = Lead(
        id="",
        brand="",
        partition_key="",
        created_at=_NEVER,
        stage="contact",
        stage_since=_NEVER,
        pass_since=_NEVER,
        source="",
    )
    return replace(lead, **facts)


def _is_in(lead: Lead, segment: CompiledSegment) -> bool:
    account = is_named_account(lead, segment)
    if account or segment.only_accounts:
        return bool(account)
    return bool(company_fits(lead, segment))
