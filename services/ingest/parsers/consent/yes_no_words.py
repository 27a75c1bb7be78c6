"""What people, forms and platforms write for yes and no, and for having subscribed and unsubscribed.

The words are in the languages of those who make forms; they are compared as `label` writes them. Among them is what a
spreadsheet writes for true and false in its owner's language, such as SANT and FALSKT.
"""

from __future__ import annotations

from typing import Literal

from schemas.json_values import JsonValue
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text

State = Literal["given", "withdrawn"]
_GIVEN = """
    given yes y ja j true t 1 x on ok okay v checked ticked selected opt_in opted_in optin optedin opt_ed_in double_opt_in
    confirmed_opt_in subscribed subscriber subscribe granted grant accepted accept agreed agree allowed allow approved confirmed
    consented active_consent explicit consent_given active enabled oui o si s sim tak kylla k da igen ano ano_ evet nai ita
    да так ναι yes_please i_agree i_accept i_consent jag_godkanner jag_samtycker jag_accepterar godkand godkanner samtycker
    samtycke ich_stimme_zu zugestimmt einverstanden einwilligung j_accepte accepte accordé accorde acepto aceptado accetto accettato
    aceito ik_ga_akkoord akkoord samtykker samtykke hyvaksyn zgadzam_sie zgoda
    sant sand sann wahr vrai verdadero verdadeiro vero waar tosi prawda
"""
_WITHDRAWN = """
    withdrawn no n nej nein false f 0 off none not_given opt_out opted_out optout optedout unsubscribed unsubscribe unsub withdrawn_consent
    revoked revoke denied deny declined decline rejected refused refuse objected object cancelled canceled disabled disallowed blocked
    blacklisted blocklisted suppressed complained spam do_not_contact do_not_email do_not_call never removed redacted non
    não nao nie ne nem ei nei ikke niet geen нет ні oxi hayir avregistrerad avanmald abgemeldet widerrufen abgelehnt desinscrit
    desabonne baja revocado disiscritto revocato afgemeld uitgeschreven frameldt avmeldt peruttu wypisany
    falskt falsk usann falsch faux falso onwaar epatosi falsz
"""
_YES = frozenset(map(label, _GIVEN.split()))
_NO = frozenset(map(label, _WITHDRAWN.split()))
_GONE_WORDS = """
    opt_out opted_out optout optedout unsubscribed unsubscribe unsub withdrawn revoked denied declined rejected refused
    objected blacklisted blocklisted suppressed complained spam do_not_contact do_not_email redacted avregistrerad
    avanmald abgemeldet widerrufen desinscrit desabonne baja afgemeld uitgeschreven frameldt avmeldt wypisany
    globally_unsubscribed unsubscribed_all opted_out_all
"""
_GONE = frozenset(map(label, _GONE_WORDS.split()))
"""Words for a no that was said, and not merely for a yes that was not."""
_SIGNS = {"✓": True, "✔": True, "☑": True, "✅": True, "+": True, "✗": False, "✘": False, "❌": False, "☐": False}


def yes_or_no(value: JsonValue) -> bool | None:
    """What the value says; None for what is not understood, and for nothing."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        return value
    written = (text(value) or "").strip()[:200]
    if written in _SIGNS:
        return _SIGNS[written]
    word = label(written.removesuffix(".0"))
    return True if word in _YES else False if word in _NO else None


def state_of(value: JsonValue) -> State | None:
    """Of a field for a consent: given or withdrawn; None for what is not understood, and for nothing."""
    answer = yes_or_no(value)
    return None if answer is None else "given" if answer else "withdrawn"


def status_of(value: JsonValue) -> State | None:
    """Of a field for a status, such as `subscribed`; None for `pending`, `not_subscribed` and anything that is no yes and no no."""
    word = label((text(value) or "")[:200])
    if word in _GONE:
        return "withdrawn"
    return "given" if word in _SUBSCRIBED else None


_SUBSCRIBED_WORDS = """
    subscribed opted_in opt_in optin double_opt_in confirmed_opt_in given granted confirmed accepted consented
"""
_SUBSCRIBED = frozenset(map(label, _SUBSCRIBED_WORDS.split()))
