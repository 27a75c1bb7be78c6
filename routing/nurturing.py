"""Nurturing and suppression: whom marketing keeps warm, and whose automated mail has to stop meanwhile."""

from __future__ import annotations

from routing.draft import Draft
from routing.lifecycle import DIALOGUE
from schemas.agreement import NurturingTrack, Programme
from schemas.events import (
    NurtureEntered,
    NurtureLeft,
    Stage,
    SuppressionReleased,
    SuppressionStarted,
    SuppressionViolated,
    Track,
)
from schemas.signals import Kind
from schemas.words import plain

ABSOLUTE = frozenset({"consent_withdrawn", "do_not_contact"})
"""Reasons of the person themselves: no list is exempt from them."""


def suppress(draft: Draft, reason: str) -> None:
    """Marketing's automated mail to this person stops, once; a reason without exceptions is told over one with some."""
    lead = draft.lead
    if lead.suppressed is not None and (lead.suppressed in ABSOLUTE or reason not in ABSOLUTE):
        return
    if lead.suppressed is None:
        lead.suppressed_at = draft.at
    lead.suppressed = reason
    draft.emit(
        SuppressionStarted(
            mode=draft.signal.mode,
            reason=reason,
            exempt_lists=exempt_lists(draft),
            references=lead.references,
            personal=draft.contact(),
        )
    )


def exempt_lists(draft: Draft) -> tuple[str, ...]:
    """Lists whose mail may go on. None where the person themselves said no: that wins over every list."""
    if draft.lead.suppressed in ABSOLUTE or "withdrawn" in draft.lead.consents.values():
        return ()
    return tuple(dict.fromkeys((*draft.context.agreement.file.exempt_lists, *draft.lead.exempt_lists)))


def release(draft: Draft, reason: str) -> None:
    """The reason for silence is over: mail may go on, unless there is another, which is kept as the reason from now."""
    lead = draft.lead
    if lead.suppressed is None:
        return
    if lead.disposition == "do_not_contact":
        lead.suppressed = "do_not_contact"
    elif "withdrawn" in lead.consents.values():
        lead.suppressed = "consent_withdrawn"
    elif lead.disposition == "active":
        _released(draft, reason)


def _released(draft: Draft, reason: str) -> None:
    lead = draft.lead
    lead.suppressed, lead.suppressed_at = None, None
    said = SuppressionReleased(
        mode=draft.signal.mode, reason=reason, references=lead.references, personal=draft.contact()
    )
    draft.emit(said)


def follow_consent(draft: Draft, said: str) -> None:
    """Consent withdrawn stops automated mail whatever the stage; given again, mail goes on unless sales is in dialogue."""
    lead = draft.lead
    if "withdrawn" in lead.consents.values():
        suppress(draft, "consent_withdrawn")
    elif said == "given" and lead.stage not in DIALOGUE and lead.suppressed == "consent_withdrawn":
        release(draft, "consent_given")


def watch(draft: Draft) -> None:
    """An automated mail to somebody suppressed, seen in the platform's own signals, is a violation."""
    lead, signal = draft.lead, draft.signal
    if lead.suppressed is None or signal.kind != Kind.EMAIL_SENT or signal.actor.kind == "person":
        return
    if lead.suppressed_at is not None and draft.at < lead.suppressed_at:
        draft.notes.append("the mail was sent before it had to stop")
        return
    if {*exempt_lists(draft)} & {*signal.tags, signal.campaign or ""}:
        return
    draft.emit(
        SuppressionViolated(
            mode=signal.mode,
            source=signal.source,
            campaign=signal.campaign,
            references=lead.references,
            personal=draft.contact(),
        )
    )


def enter(draft: Draft, track: Track, reason: str, detail: str | None) -> None:
    """Onto a track, for a reason that goes with it, which chooses the programme."""
    rules: NurturingTrack = getattr(draft.context.agreement.file.nurturing, track)
    programme = programme_for(rules, reason, detail)
    draft.lead.track, draft.lead.programme = track, programme.name if programme else None
    draft.emit(
        NurtureEntered(
            mode=draft.signal.mode,
            track=track,
            purpose=(programme.purpose if programme else None) or rules.purpose,
            programme=draft.lead.programme,
            reason=reason,
            detail=detail,
            pass_number=draft.lead.pass_number,
            owner=draft.owner(draft.lead.owner),
            references=draft.lead.references,
            personal=draft.contact(),
        )
    )


def leave(draft: Draft, to_stage: Stage) -> None:
    if draft.lead.track is not None:
        draft.emit(NurtureLeft(mode=draft.signal.mode, track=draft.lead.track, to_stage=to_stage))
        draft.lead.track, draft.lead.programme = None, None


def programme_for(track: NurturingTrack, reason: str, detail: str | None) -> Programme | None:
    """The programme for the words in which a lead was given back, else for the lifecycle's own reason."""
    by_reason = {plain(word): programme for programme in track.entry for word in programme.reasons}
    return by_reason.get(plain(detail or "")) or by_reason.get(plain(reason))


def may_leave(draft: Draft) -> bool:
    """Whether what the programme, the track or else `engaged` asks of somebody who leaves nurturing is met."""
    lead, agreement = draft.lead, draft.context.agreement
    exits = agreement.exits
    for name in (f"{lead.track}.{lead.programme}", lead.track or ""):
        if name in exits:
            return draft.holds(f"exit:{name}", exits[name])
    return draft.meets("engaged")
