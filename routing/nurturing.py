"""Nurturing and suppression: whom marketing keeps warm, and whose automated mail has to stop meanwhile."""

from __future__ import annotations

from routing.draft import Draft
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


def suppress(draft: Draft, reason: str) -> None:
    """Marketing's automated mail to this person stops, once."""
    if draft.lead.suppressed is not None:
        return
    draft.lead.suppressed = reason
    draft.emit(
        SuppressionStarted(
            mode=draft.signal.mode,
            reason=reason,
            exempt_lists=draft.lead.exempt_lists or draft.context.agreement.file.exempt_lists,
            references=draft.lead.references,
            personal=draft.contact(),
        )
    )


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
    lead.suppressed = None
    said = SuppressionReleased(
        mode=draft.signal.mode, reason=reason, references=lead.references, personal=draft.contact()
    )
    draft.emit(said)


def follow_consent(draft: Draft, said: str) -> None:
    """Consent withdrawn stops automated mail whatever the stage; given again, mail goes on unless sales is in dialogue."""
    lead = draft.lead
    if "withdrawn" in lead.consents.values():
        suppress(draft, "consent_withdrawn")
    elif said == "given" and lead.stage not in ("hand_over", "deal") and lead.suppressed == "consent_withdrawn":
        release(draft, "consent_given")


def watch(draft: Draft) -> None:
    """An automated mail to somebody suppressed, seen in the platform's own signals, is a violation."""
    lead, signal = draft.lead, draft.signal
    if lead.suppressed is None or signal.kind != Kind.EMAIL_SENT or signal.actor.kind == "person":
        return
    exempt = set(lead.exempt_lists or draft.context.agreement.file.exempt_lists)
    if exempt & {*signal.tags, signal.campaign or ""}:
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
    """Onto a track, for a reason that goes with it."""
    draft.lead.track = track
    draft.emit(
        NurtureEntered(
            mode=draft.signal.mode,
            track=track,
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
        draft.lead.track = None
