"""Consent that nobody has proven is only asked for: whoever has the address confirms it to somebody proven, or nothing comes of it.

A form says that a box was ticked, not who ticked it. So its yes is `asked_for` until a proven sender says `given`, unless the file of
sources says that the form's yes is one (`consent: gives`); and it never undoes a withdrawal, which is believed from anybody.
"""

from __future__ import annotations

from datetime import timedelta

from routing.draft import Draft
from routing.model.records import Lead
from schemas.events import ConsentRequested
from schemas.signals import Kind, Signal

ASKED_FOR = "asked_for"
GENERAL = "email"
"""The purpose of a consent that names none."""
AGAIN = timedelta(days=1)
"""Who is asked is not asked again before, however often somebody posts their address."""


def may_give(lead: Lead, signal: Signal, purpose: str) -> bool:
    """Whether a yes of this signal is a consent, and not only a wish for one."""
    if signal.proof == "signed":
        return True
    return signal.consent_vouched and lead.consents.get(purpose) != "withdrawn"


def ask(draft: Draft) -> None:
    """Tells marketing's platform to ask the person, once a day at most for each purpose."""
    lead, signal = draft.lead, draft.signal
    if signal.proof == "signed" or lead.disposition != "active":
        return
    for purpose in _wished_purposes(signal):
        state = lead.consents.get(purpose)
        if state not in (ASKED_FOR, "withdrawn") or may_give(lead, signal, purpose):
            continue
        last = lead.consents_asked.get(purpose)
        if last is None or draft.at - last >= AGAIN:
            lead.consents_asked = {**lead.consents_asked, purpose: draft.at}
            draft.emit(
                ConsentRequested(
                    mode=signal.mode,
                    purpose=purpose,
                    state="withdrawn" if state == "withdrawn" else "asked_for",
                    source=signal.source,
                    references=lead.references,
                    personal=draft.contact(),
                )
            )


def _wished_purposes(signal: Signal) -> list[str]:
    """Purposes that the signal says yes to."""
    wished = [consent.purpose for consent in signal.consents if consent.state == "given"]
    return [GENERAL] if signal.kind == Kind.CONSENT_GIVEN and not signal.consents else list(dict.fromkeys(wished))
