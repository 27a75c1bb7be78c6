"""Nurturing and suppression: who marketing keeps warm, and whose automated mail has to stop meanwhile."""

from __future__ import annotations

from datetime import datetime

from routing.agreement.agreement import Agreement, CompiledTrack
from routing.draft import Draft
from routing.lead import deletion, lists
from routing.lifecycle import DIALOGUE
from routing.model.records import Lead
from routing.sla.clocks import DIALOGUE_END
from schemas.agreement import NurturingTrack, Programme
from schemas.events import (
    NurtureEntered,
    NurtureLeft,
    Stage,
    SuppressionChanged,
    SuppressionReleased,
    SuppressionStarted,
    SuppressionViolated,
    Track,
)
from schemas.signals import Kind, Signal
from schemas.words import plain

ABSOLUTE = frozenset({"consent_withdrawn", "do_not_contact"})
"""Reasons of the person themselves: no list is exempt from them."""

BESIDE_OTHERS = frozenset({"import", "merged", "dialogue"})
"""Reasons that say nothing new where mail is stopped already."""
MAILED_KEPT = 16
"""Messages that are remembered, so that each violates once."""
_MAILS = {Kind.EMAIL_SENT: str(Kind.EMAIL_DELIVERED), Kind.EMAIL_DELIVERED: str(Kind.EMAIL_SENT)}
"""What tells of a mail, and what tells of the same one as well."""


def suppress(draft: Draft, reason: str) -> None:
    """Stops marketing's automated mail to this person, which is told once; another reason while it lasts is told as a
    change.

    The person's own no stays the reason whatever sales does, and only their wish for no contact at all says more."""
    lead = draft.lead
    if lead.suppressed == reason or _adds_nothing(lead.suppressed, reason):
        return
    before, lead.suppressed = lead.suppressed, reason
    if before is not None:
        tell_change(draft)
        return
    lead.suppressed_at = draft.at
    draft.emit(
        SuppressionStarted(
            mode=draft.signal.mode,
            reason=reason,
            exempt_lists=exempt_lists(draft),
            references=lead.references,
            personal=draft.contact(),
        )
    )


def _adds_nothing(current: str | None, reason: str) -> bool:
    """Whether mail is stopped already for a reason that this one adds nothing to."""
    if current is None or reason in BESIDE_OTHERS:
        return current is not None
    return current in ABSOLUTE and reason != "do_not_contact"


def exempt_lists(draft: Draft) -> tuple[str, ...]:
    """Lists whose mail may go on. None where the person themselves said no: that wins over every list."""
    if draft.lead.suppressed in (*ABSOLUTE, deletion.FACT) or is_mail_withdrawn(draft):
        return ()
    agreed = dict.fromkeys((*draft.context.agreement.file.exempt_lists, *draft.lead.exempt_lists))
    left_lists = lists.left_lists(draft.lead)
    return tuple(name for name in agreed if name not in left_lists)


def release(draft: Draft, reason: str) -> None:
    """Lets mail go on, unless there is another reason for silence: that one holds from now on, and is told."""
    lead = draft.lead
    if lead.suppressed is None:
        return
    own = _own_no(draft)
    if own is not None and own != lead.suppressed:
        lead.suppressed = own
        tell_change(draft)
    elif own is None and lead.disposition == "active":
        _end_suppression(draft, reason)


def _own_no(draft: Draft) -> str | None:
    """The person's own reason for silence."""
    if draft.lead.disposition == "do_not_contact":
        return "do_not_contact"
    if deletion.FACT in draft.facts:
        return deletion.FACT
    return "consent_withdrawn" if is_mail_withdrawn(draft) else None


def _end_suppression(draft: Draft, reason: str) -> None:
    lead = draft.lead
    lead.suppressed, lead.suppressed_at = None, None
    event = SuppressionReleased(
        mode=draft.signal.mode, reason=reason, references=lead.references, personal=draft.contact()
    )
    draft.emit(event)


def follow_consent(draft: Draft, state: str) -> None:
    """Consent withdrawn stops automated mail whatever the stage; given again by somebody proven, mail goes on unless sales is in
    dialogue."""
    lead = draft.lead
    if is_mail_withdrawn(draft):
        suppress(draft, "consent_withdrawn")
    elif (
        state == "given" and lead.suppressed in ("consent_withdrawn", deletion.FACT) and draft.signal.proof == "signed"
    ):
        if (reason := _dialogue_reason(lead)) is not None:
            lead.suppressed = reason
            tell_change(draft)
        else:
            release(draft, "consent_given")


def is_mail_withdrawn(draft: Draft) -> bool:
    """Whether a consent was withdrawn without which no mail goes out; one for something else stops none."""
    stops = draft.context.agreement.file.suppression.stops_mail
    return any(state == "withdrawn" and stops(purpose) for purpose, state in draft.lead.consents.items())


def _dialogue_reason(lead: Lead) -> str | None:
    """The reason for silence that is there beside the person's own no."""
    if lead.stage in DIALOGUE:
        return lead.stage
    return "dialogue" if any(c.policy == DIALOGUE_END and c.open for c in lead.clocks.values()) else None


def set_exempt_lists(draft: Draft) -> None:
    """Sets the brand lists whose mail may go on, as sales said; platforms that keep silent hear of it at once."""
    lead, command = draft.lead, draft.signal.command
    if command is None:
        return
    before = exempt_lists(draft)
    lead.exempt_lists = command.lists
    if lead.suppressed is not None and exempt_lists(draft) != before:
        tell_change(draft)


def follow_lists(draft: Draft) -> None:
    """Follows the lists that the person leaves or joins; an exempt list is not exempt while they are off it."""
    before = exempt_lists(draft)
    lists.follow(draft)
    if draft.lead.suppressed is not None and exempt_lists(draft) != before:
        tell_change(draft)


def tell_change(draft: Draft) -> None:
    """Tells that mail is still to stop, for another reason or with other exceptions."""
    lead = draft.lead
    draft.emit(
        SuppressionChanged(
            mode=draft.signal.mode,
            reason=lead.suppressed or "",
            exempt_lists=exempt_lists(draft),
            references=lead.references,
            personal=draft.contact(),
        )
    )


def watch_mail(draft: Draft) -> None:
    """Tells a violation: an automated mail to somebody suppressed, or of a list that they left, seen in the platform's
    own signals. Each message violates once, whether it is told of as sent, as delivered, or as both."""
    lead, signal = draft.lead, draft.signal
    if signal.kind not in _MAILS or signal.actor.kind == "person" or _is_told_before(draft):
        return
    names = {*signal.tags, *signal.lists, signal.campaign or ""}
    since = [lead.consents_at[lists.purpose(name)] for name in lists.left_lists(lead) & names]
    if not since and (lead.suppressed is None or {*exempt_lists(draft)} & names):
        return
    if not since and lead.suppressed_at is not None:
        since = [lead.suppressed_at]
    if since and draft.at < min(since):
        draft.ignore("older_fact", "the mail was sent before it had to stop")
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


def _is_told_before(draft: Draft) -> bool:
    """Whether this message was told of already: a delivery of what was sent, or the other way about."""
    lead, signal = draft.lead, draft.signal
    message = _message(signal)
    other = f"{_MAILS[signal.kind]}:{message}"
    if other not in lead.mailed:
        lead.mailed = (*lead.mailed, f"{signal.kind!s}:{message}")[-MAILED_KEPT:]
        return False
    mails = list(lead.mailed)
    mails.remove(other)
    lead.mailed = tuple(mails)
    return True


def _message(signal: Signal) -> str:
    """What the sender calls the message: its record, else its campaign."""
    for reference in signal.references:
        if reference.object == "activity":
            return f"{signal.source}:{reference.id}"
    return f"{signal.source}:{signal.campaign or ''}"


def enter(draft: Draft, track: Track, reason: str, detail: str | None) -> None:
    """Puts the lead on a track; the reason chooses the programme."""
    own = _own_track(draft, track, reason, detail)
    rules = draft.context.agreement.file.nurturing.track(track)
    programme = programme_for(own.file if own is not None and own.file.entry else rules, reason, detail)
    put_on_track(draft.lead, track, own.name if own is not None else None, programme.name if programme else None)
    purpose = own.file.purpose if own is not None else rules.purpose
    draft.emit(
        NurtureEntered(
            mode=draft.signal.mode,
            track=track,
            own_track=draft.lead.own_track,
            purpose=(programme.purpose if programme else None) or purpose,
            programme=draft.lead.programme,
            reason=reason,
            detail=detail,
            pass_number=draft.lead.pass_number,
            owner=draft.owner(draft.lead.owner),
            references=draft.lead.references,
            personal=draft.contact(),
        )
    )


def _own_track(draft: Draft, track: Track, reason: str, detail: str | None) -> CompiledTrack | None:
    """The first of one's own tracks within this one that is for such a lead."""
    words = {plain(reason), plain(detail or "")}
    for own in draft.context.agreement.own_tracks:
        fits = own.file.within == track and (not own.reasons or not own.reasons.isdisjoint(words))
        if fits and (own.when is None or draft.holds(f"track:{own.name}", own.when)):
            return own
    return None


def leave(draft: Draft, to_stage: Stage) -> None:
    lead = draft.lead
    if lead.track is not None:
        event = NurtureLeft(mode=draft.signal.mode, track=lead.track, own_track=lead.own_track, to_stage=to_stage)
        draft.emit(event)
        put_on_track(lead, None)


def put_on_track(lead: Lead, track: Track | None, own_track: str | None = None, programme: str | None = None) -> None:
    """Puts the lead on this track, on one of the agreement's own within it, and on a programme there; None: on none."""
    lead.track, lead.own_track, lead.programme = track, own_track, programme


def programme_for(track: NurturingTrack, reason: str, detail: str | None) -> Programme | None:
    """The programme for the words in which a lead was given back, else for the lifecycle's own reason."""
    by_reason = {plain(word): programme for programme in track.entry for word in programme.reasons}
    return by_reason.get(plain(detail or "")) or by_reason.get(plain(reason))


def may_leave(draft: Draft) -> bool:
    """Whether what the programme, the track or else `engaged` asks of somebody who leaves nurturing is met."""
    lead, agreement = draft.lead, draft.context.agreement
    end, name = wake_instant(lead, agreement), exit_of(lead, agreement)
    if end is not None and draft.at >= end:
        draft.evidence["woken"] = {"since": lead.stage_since.isoformat(), "at": end.isoformat()}
        return True
    return draft.holds(f"exit:{name}", agreement.exits[name]) if name is not None else draft.meets("engaged")


def exit_of(lead: Lead, agreement: Agreement) -> str | None:
    """By which name of the agreement's exits the lead may leave; None where it is by `engaged`."""
    return next((name for name in _places(lead) if name in agreement.exits), None)


def wake_instant(lead: Lead, agreement: Agreement) -> datetime | None:
    """When it leaves nurturing whatever else happens; None where the agreement names no such time."""
    if lead.stage != "nurturing":
        return None
    name = next((name for name in _places(lead) if name in agreement.wakes), None)
    return lead.stage_since + agreement.wakes[name] if name is not None else None


def _places(lead: Lead) -> list[str]:
    """Where the agreement may say something of the lead in nurturing, the nearest first."""
    tracks = [name for name in (lead.own_track, lead.track) if name is not None]
    return [part for track in tracks for part in (f"{track}.{lead.programme}", track)]
