"""Two leads that are one person: a merge is a link that can be taken back, so nothing of either is lost.

The one that is gone stands still as it was: its clocks do not count the time, its offer is withdrawn, its owner's turn is
given back. The one that is kept takes over what it did not know, and remembers what that was. `unmerge` undoes all of it.
"""

from __future__ import annotations

from typing import NamedTuple

from routing.agreement.soundness import MOST_KEPT
from routing.assignment import ownership, queue
from routing.draft import Context, Draft
from routing.lead import dossier
from routing.lead.absorb import COMPANY, is_in_pass, may_replace, put_consent, put_consents
from routing.lead.proof import give_back, take_over
from routing.lifecycle import DIALOGUE
from routing.model.bounds import MAX_REFERENCES, MAX_TAGS
from routing.model.records import Decision, Lead, Merged
from routing.nurturing import nurturing
from routing.people import permissions
from routing.sla import clocks
from routing.stages import limbo, moving
from routing.upkeep.proposals import note_proposed
from routing.upkeep.standing_still import (
    MERGED,
    go_on,
    move_turn,
    never_look,
    offer_again,
    pass_on_if_away,
    stand_still,
    withdraw_offer,
)
from schemas.events import LeadMerged, LeadUnmerged
from schemas.json_values import JsonObject
from schemas.signals import Kind, Signal

MOST = 10
"""Leads that may be one with another at a time."""
_RANK = ("prospecting", "contact", "nurturing", "qualification", "hand_over", "deal")
_GAPS = (*(f"company_{name}" for name in COMPANY), "language", "attributes", "campaign", "meeting_booked_at")
"""Facts that the kept lead takes over where it does not know them."""


class MergeResult(NamedTuple):
    """What follows for the lead that is kept, and for the other one; None where the signal was refused."""

    kept: Decision
    gone: Decision | None


def merge_hindrance(kept: Lead, gone: Lead) -> str | None:
    """Why these two cannot be merged so; None where nothing is in the way."""
    if kept.id == gone.id:
        return "a lead is one with itself"
    if kept.brand != gone.brand:
        return "they are of two brands"
    for lead in (kept, gone):
        if lead.merged_into is not None:
            return f"{lead.id} is merged into {lead.merged_into} already"
        if lead.held:
            return f"{lead.id} has a dead letter; redrive it first"
        if lead.disposition != "active":
            return f"{lead.id} is {lead.disposition}"
    if _RANK.index(gone.stage) > _RANK.index(kept.stage):
        return f"keep the one that has come further: {gone.id} is in {gone.stage}, {kept.id} in {kept.stage}"
    if len(kept.merged) >= MOST or gone.merged:
        return f"{gone.id} has leads merged into it" if gone.merged else f"{kept.id} has {MOST} already"
    return None


def unmerge_hindrance(kept: Lead, gone: Lead) -> str | None:
    """Why there is nothing between these two to be undone; None where there is."""
    if gone.merged_into != kept.id:
        return f"{gone.id} is not merged into {kept.id}"
    if kept.held or gone.held:
        return "one of them has a dead letter; redrive it first"
    return None


def join(kept: Lead, gone: Lead, signal: Signal, contexts: tuple[Context, Context]) -> MergeResult:
    """Carries out `lead.merge` or `lead.unmerge`; `contexts` are those of the two. Changes no argument.

    Apply the decision on the kept one first: the other's goes on from it where both move an account or a ledger.
    """
    merge = signal.kind == Kind.LEAD_MERGE
    stays, goes = Draft(kept.copy(), signal, contexts[0]), Draft(gone.copy(), signal, contexts[1])
    no_right = _no_right(stays)
    why = (merge_hindrance if merge else unmerge_hindrance)(kept, gone) or no_right
    if why is not None:
        stays.refuse("not_allowed" if why == no_right else "cannot_merge", why)
        return MergeResult(stays.make_decision(), None)
    (_merge if merge else _unmerge)(stays, goes)
    for draft, other in ((stays, goes), (goes, stays)):
        draft.evidence[MERGED] = {"other": other.lead.id, "undone": not merge}
        queue.leave_line(draft)
        limbo.watch(draft)
    return MergeResult(stays.make_decision(), goes.make_decision())


def pass_by(draft: Draft) -> None:
    """A signal that reached the lead that is gone: only what was due before it stood still is still said."""
    signal = draft.signal
    if signal.kind == Kind.CLOCK_DUE and signal.clock is not None:
        clock = draft.lead.clocks.get(signal.clock.clock_id)
        if clock is not None and clock.policy not in clocks.SILENT and (due := clocks.fall_due(draft, signal.clock)):
            never_look(draft, due.id)
    elif signal.kind == Kind.CLOCK_RECHECK:
        clocks.recheck(draft, adopt=signal.reason == "adopt")
    draft.ignore("lead_merged", f"it is merged into {draft.lead.merged_into}")


def _no_right(draft: Draft) -> str | None:
    command = draft.signal.command
    if command is None:
        return None
    return permissions.refusal(command.name, command.person, draft.context.roster, owner=draft.lead.owner, about=None)


def _merge(stays: Draft, goes: Draft) -> None:
    kept, gone = stays.lead, goes.lead
    _tell(stays, goes, LeadMerged)
    kept.merged = (*kept.merged, _take_over(kept, gone, stays))
    nurturing.follow_consent(stays, "given")
    _run_stages(stays)
    goes.follow(stays)
    gone.merged_into = kept.id
    withdraw_offer(goes)
    stand_still(goes)
    move_turn(goes, -1)
    ownership.free_account(goes, customer=True)
    if kept.stage in DIALOGUE:
        nurturing.suppress(goes, MERGED)


def _unmerge(stays: Draft, goes: Draft) -> None:
    kept, gone = stays.lead, goes.lead
    link = next(link for link in kept.merged if link.lead_id == gone.id)
    kept.merged = tuple(other for other in kept.merged if other.lead_id != gone.id)
    _give_back(kept, gone, link)
    nurturing.follow_consent(stays, "given")
    _run_stages(stays)
    goes.follow(stays)
    gone.merged_into = None
    note_proposed(kept, gone.id)
    note_proposed(gone, kept.id)
    _tell(stays, goes, LeadUnmerged)
    go_on(goes)
    move_turn(goes, 1)
    ownership.hold_account(goes)
    if gone.suppressed == MERGED:
        nurturing.release(goes, "unmerged")
    offer_again(goes)
    pass_on_if_away(goes)
    _run_stages(goes)


def _run_stages(draft: Draft) -> None:
    """Lets the lifecycle look at the lead again: what is known of it by now may carry it on."""
    draft.lead_changed()
    moving.run(draft, set())


def _tell(stays: Draft, goes: Draft, event: type[LeadMerged | LeadUnmerged]) -> None:
    signal = stays.signal
    fields: JsonObject = {
        "kept": stays.lead.id,
        "gone": goes.lead.id,
        "by": signal.command.principal if signal.command else signal.source,
        "reason": signal.reason,
        "owner": stays.owner(stays.lead.owner),
        "other_owner": goes.owner(goes.lead.owner),
        "references": goes.lead.references,
    }
    for draft in (stays, goes):
        draft.emit(event(mode=signal.mode, **fields))


# --- what the kept lead takes over, and gives back --------------------------------------------------------------------
def _take_over(kept: Lead, gone: Lead, draft: Draft) -> Merged:
    fields = [name for name in _GAPS if getattr(kept, name) is None and getattr(gone, name) is not None]
    if gone.meeting_booked_at is not None and not is_in_pass(kept, gone.meeting_booked_at):
        fields = [name for name in fields if name != "meeting_booked_at"]
    for name in fields:
        setattr(kept, name, getattr(gone, name))
    if "meeting_booked_at" in fields:
        kept.meetings = gone.meetings
    kept.assumed = (*kept.assumed, *(name for name in gone.assumed if f"company_{name}" in fields))
    kept_values, gone_values = kept.personal.person.values(), gone.personal.person.values()
    person = tuple(name for name in gone_values if kept_values[name] is None and gone_values[name] is not None)
    link = Merged(
        lead_id=gone.id,
        at=draft.at,
        fields=tuple(fields),
        person=person,
        tags=tuple(tag for tag in gone.tags if tag not in kept.tags),
        known=tuple(name for name in gone.known if name not in kept.known),
        references=tuple(r for r in gone.references if r not in kept.references),
        consents=_take_consents(kept, gone),
        proof=kept.proof if kept.proof != gone.proof else None,
    )
    kept.tags = (*kept.tags, *link.tags)[:MAX_TAGS]
    kept.known = tuple(sorted((*kept.known, *link.known)))
    kept.references = (*kept.references, *link.references)[-MAX_REFERENCES:]
    kept.last_touch_at = max(filter(None, (kept.last_touch_at, gone.last_touch_at)), default=None)
    kept.recent = _merge_instants(kept.recent, gone.recent, kept)
    kept.scored = _merge_instants(kept.scored, gone.scored, kept)
    kept.record = tuple(sorted((*kept.record, *gone.record), key=lambda e: (e.at, e.signal_id)))[
        -dossier.ENTRIES_KEPT :
    ]
    entries = {entry.signal_id for entry in kept.record}
    texts = {key: words for key, words in {**kept.personal.texts, **gone.personal.texts}.items() if key in entries}
    who = kept.personal.person.but(**{name: gone_values[name] for name in person})
    kept.personal = kept.personal.but(person=who, texts=texts)
    take_over(kept, gone, fields=fields, person=person, tags=link.tags)
    return link


def _take_consents(kept: Lead, gone: Lead) -> JsonObject:
    """The later word decides, and of two of one instant the withdrawal; returns what it replaced."""
    before: JsonObject = {}
    for purpose, at in gone.consents_at.items():
        kept_at, state = kept.consents_at.get(purpose), gone.consents[purpose]
        if may_replace(state, at, kept.consents.get(purpose), kept_at):
            before[purpose] = None if kept_at is None else (kept.consents[purpose], kept_at)
            put_consent(kept, purpose, state, at)
    return before


def _merge_instants(
    mine: dict[str, tuple[int, ...]], theirs: dict[str, tuple[int, ...]], kept: Lead
) -> dict[str, tuple[int, ...]]:
    since = kept.stage_since if kept.stage == "nurturing" else kept.pass_since
    first = kept.pass_number == 1 and kept.stage != "nurturing"
    both = dict(mine)
    for name, instants in theirs.items():
        counting = [at for at in instants if first or at >= since.timestamp()]
        if counting:
            both[name] = tuple(sorted((*mine.get(name, ()), *counting)))[-MOST_KEPT:]
    return both


def _give_back(kept: Lead, gone: Lead, link: Merged) -> None:
    """Takes out what came with the merged lead, except what somebody has said again since."""
    for name in link.fields:
        if getattr(kept, name) == getattr(gone, name):
            setattr(kept, name, None)
            kept.assumed = tuple(one for one in kept.assumed if f"company_{one}" != name)
            kept.meetings = () if name == "meeting_booked_at" else kept.meetings
    kept_values, gone_values = kept.personal.person.values(), gone.personal.person.values()
    theirs = {name for name in link.person if kept_values[name] == gone_values[name]}
    kept.tags = tuple(tag for tag in kept.tags if tag not in link.tags)
    kept.known = tuple(name for name in kept.known if name not in link.known)
    kept.references = tuple(r for r in kept.references if r not in link.references)
    kept.recent, kept.scored = _remove_instants(kept.recent, gone.recent), _remove_instants(kept.scored, gone.scored)
    entries = {entry.signal_id for entry in gone.record}
    kept.record = tuple(entry for entry in kept.record if entry.signal_id not in entries)
    kept.personal = kept.personal.but(
        person=kept.personal.person.but(**dict.fromkeys(theirs)),
        texts={key: words for key, words in kept.personal.texts.items() if key not in entries},
    )
    give_back(kept, link.fields, theirs, link.proof)
    _give_consents_back(kept, gone, link)


def _give_consents_back(kept: Lead, gone: Lead, link: Merged) -> None:
    states, ats = dict(kept.consents), dict(kept.consents_at)
    for purpose, before in link.consents.items():
        if ats.get(purpose) != gone.consents_at.get(purpose):
            continue
        del states[purpose], ats[purpose]
        if before is not None:
            states[purpose], ats[purpose] = before
    put_consents(kept, states, ats)


def _remove_instants(
    mine: dict[str, tuple[int, ...]], theirs: dict[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    without = {}
    for name, instants in mine.items():
        remaining = list(instants)
        for at in theirs.get(name, ()):
            if at in remaining:
                remaining.remove(at)
        if remaining:
            without[name] = tuple(remaining)
    return without
