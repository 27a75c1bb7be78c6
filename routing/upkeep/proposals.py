"""Merges that are proposed: two leads that may be one person. Somebody has to say so; nothing follows from it alone."""

from __future__ import annotations

from routing.draft import Draft
from routing.model.identity import likeness_score
from routing.model.records import Lead
from schemas.events import LeadMergeProposed

MAX_PROPOSED = 20
"""Proposals that a lead remembers, so that each is told once."""


def propose(draft: Draft, other: str, kinds: tuple[str, ...]) -> None:
    """Tells once that the lead of this id may be the same person; `kinds` are the identities that say so."""
    lead = draft.lead
    if other not in lead.proposed:
        lead.proposed = (*lead.proposed, other)[-MAX_PROPOSED:]
        draft.emit(
            LeadMergeProposed(
                mode=draft.signal.mode, kept=lead.id, other=other, evidence=kinds, score=likeness_score(kinds)
            )
        )


def note_proposed(lead: Lead, other: str) -> None:
    """Somebody took a merge back: the two are not proposed to be one again."""
    lead.proposed = (*lead.proposed, other)
