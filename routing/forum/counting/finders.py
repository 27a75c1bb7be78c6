"""Who found a lead, and which content it came by."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from routing.forum.counting.flow import NONE
from routing.forum.story import Story
from schemas.events import HandoverWon, LeadOwnerChanged

Finder = Literal["marketing", "sales"]
HUNTER = "hunter"
"""The rule by which a lead belongs to the salesperson who found it (`routing.assignment.hunter_claim`)."""


def found_by(story: Story) -> Finder:
    """Sales found it where it began with a sales fact, belongs to its hunter, or was won outside the process."""
    if story.beginning is not None and story.beginning[1].signal_kind.startswith("sales."):
        return "sales"
    if any(data.rule == HUNTER for _, data in story.of(LeadOwnerChanged)):
        return "sales"
    return "sales" if any(data.outside_process for _, data in story.of(HandoverWon)) else "marketing"


def content_before(story: Story, at: datetime) -> str:
    """The form that was filled in last by then, else the campaign."""
    forms = [(h.at, h.facts.form_id) for h in story.signals if h.facts.form_id is not None and h.at <= at]
    campaigns = [(h.at, h.facts.campaign) for h in story.signals if h.facts.campaign is not None and h.at <= at]
    named = forms or campaigns
    return max(named)[1] if named else NONE
