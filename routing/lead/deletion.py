"""The record of the person was deleted where sales works: nobody may go on with them, and no automated mail goes out until they
come back by themselves. What we know of them is erased by the usual rules and times."""

from __future__ import annotations

from routing.draft import Draft
from routing.lead.absorb import drop_references
from routing.lifecycle import DIALOGUE, Fact

FACT: Fact = "contact_deleted"


def note(draft: Draft) -> None:
    """Of a duplicate only the reference goes: the person has another record in that system."""
    lead = draft.lead
    if draft.signal.proof == "none":
        draft.refuse("not_allowed", "a source that proves nothing deletes nobody")
        return
    gone = {(r.system, r.id) for r in draft.signal.references if r.object == "person"}
    drop_references(lead, gone)
    systems = {system for system, _ in gone}
    if any(r.object == "person" and r.system in systems for r in lead.references):
        draft.ignore("no_change", "the person has another record there")
    elif lead.stage not in DIALOGUE:
        draft.ignore("not_in_dialogue", f"nobody is in dialogue with them in {lead.stage}")
    elif draft.at < lead.stage_since:
        draft.ignore("older_fact", "the record was deleted before the stage of now began")
    else:
        draft.facts.add(FACT)
