"""What a field's name says of consent, in the languages of those who make forms: an opt-out, a yes to something, or a status.

Names are compared as `label` writes them. A name that is of something about it (`unsubscribe_url`) says nothing.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from services.ingest.parsers.reading.naming import cache_by_name, label
from services.ingest.parsers.reading.tables import word_set


class Field(NamedTuple):
    """What a field's name says: an opt-out, a yes to something, or a status of either; and for which purpose."""

    what: Literal["out", "out_at", "status", "any_status", "in", "contact"]
    purpose: str


_CHANNELS = (
    ("sms", "sms text_message text_messages texts textmeddelande do_not_text"),
    ("whatsapp", "whatsapp"),
    ("fax", "fax"),
    ("push", "push"),
    (
        "phone",
        "phone call calls calling telephone tel telefon telefono telephonique samtal ringas anruf anrufe llamadas dnc",
    ),
    ("post", "postal postal_mail direct_mail brev"),
    (
        "email",
        "email emails e_mail e_mails mail mails epost e_post mejl courriel courriels correo correos sahkoposti bulkemail",
    ),
    (
        "marketing",
        (
            "marketing newsletter newsletters nyhetsbrev nyhedsbrev nieuwsbrief infolettre boletin uutiskirje erbjudanden reklam"
            " werbung utskick campaigns campaign promotions promotional offers market bulk"
        ),
    ),
)
"""A purpose by the words of a name; the first that is there."""
_OF_WORD = {word: purpose for purpose, words in _CHANNELS for word in words.split()}
OUT = re.compile(
    r"(?:^|_)(?:opt_?outs?|opted_?out|has_opted_out|unsubscribe[ds]?|unsubscribed_from|unsub|un_subscribed?|dnd|dnc|blacklist(?:ed)?|blocklist(?:ed)?|suppress(?:ed)?|"
    r"do_?not_?(?:e_?mail|mail|call|phone|contact|sms|text|fax|market|disturb|bulk_?e_?mail|postal_?mail|bulk_?postal_?mail|send|send_mm|solicit)|no_?(?:marketing|newsletter|emails?|calls?|sms)|"
    r"marked_email_as_spam|is_opted_out|opted_out_of|invalid_consent|avregistrera[^\W_]{0,20}|avanmal[^\W_]{0,20}|avprenumerera[^\W_]{0,20}|avboj[^\W_]{0,20}|reklamsparr|nix|avmeld[^\W_]{0,20}|meld_av|reserva(?:sjon|tion)|afmeld[^\W_]{0,20}|frameld[^\W_]{0,20}|"
    r"abmeld[^\W_]{0,20}|abgemeldet|abbestell[^\W_]{0,20}|austrag[^\W_]{0,20}|werbesperre|keine_(?:werbung|newsletter|mails?)|widerruf[^\W_]{0,20}|desinscri[^\W_]{0,20}|desabon[^\W_]{0,20}|ne_pas_(?:me_)?contacter|stop_pub|"
    r"darse_de_baja|dar_de_baja|baja|cancelar_suscripcion|no_contactar|uitschrijv[^\W_]{0,20}|afgemeld|disiscri[^\W_]{0,20}|annulla_iscrizione|cancella(?:mi|zione)_iscrizione|"
    r"cancelar_inscricao|descadastr[^\W_]{0,20}|peruuta_[^\W_]{1,40}|[^\W_]{0,30}markkinointikielto|wypis[^\W_]{0,20}|rezygn[^\W_]{0,20}_z_[^\W_]{1,40}|отпис[^\W_]{0,20}|odhlas[^\W_]{0,20}|leiratkoz[^\W_]{0,20}|dezabon[^\W_]{0,20})(?:_|$)"
)
NEGATED = re.compile(
    r"(?:^|_)(?:inte|ej|not|dont|don_t|no_longer|nicht|keine|ne_pas|pas_de|nie|niet|geen|ikke|ei|en_halua|no_deseo|no_quiero|non_desidero|nao_quero|не)(?:_|$)"
)
_NEWS = re.compile(
    r"(?:^|_)(?:newsletters?|nyhetsbrev[^\W_]{0,20}|nyhedsbrev[^\W_]{0,20}|nieuwsbrief|infolettre|boletin[^\W_]{0,20}|uutiskirje[^\W_]{0,20}|marketing|werbung|reklam|erbjudanden|utskick|promotions?)(?:_|$)"
)
_STATUS = re.compile(
    r"(?:\w{1,60}_)?(?:marketing|subscription|subscriber|opt_?in|consent|email_marketing|sms_marketing|emailing|newsletter)_(?:status|state)|"
    r"(?:email|sms|push)_(?:subscribe|subscription|status|state)|subscribe_status|unsubscribe_status"
)
_IN = re.compile(
    r"(?:^|_)(?:opt_?in|opted_?in|accepts?_(?:email_|sms_)?marketing|buyer_accepts_(?:sms_)?marketing|subscribe[ds]?(?:_to)?|prenumerera[^\W_]{0,20}|marketing_(?:consent|permission|allowed|agreed|accepted|ok)|"
    r"(?:email|sms|phone|call|whatsapp|newsletter)_(?:consent|permission|allowed|ok|opt_?in|signup|sign_up|marketing)|consent_to_(?:email|sms|marketing|call)|newsletters?|nyhetsbrev[^\W_]{0,20}|nyhedsbrev[^\W_]{0,20}|"
    r"nieuwsbrief|infolettre|boletin[^\W_]{0,20}|uutiskirje[^\W_]{0,20}|marketing_(?:e?_?mails?|updates?|communications?|messages?|materials?|info[^\W_]{0,20}))(?:_|$)|^marketing$"
)
_CONTACT = re.compile(
    r"(?:^|_)(?:consents?|gdpr|rgpd|dsgvo|avg|samtycke[^\W_]{0,20}|samtykke[^\W_]{0,20}|einwilligung[^\W_]{0,20}|datenschutz[^\W_]{0,20}|consentement[^\W_]{0,20}|consentimiento[^\W_]{0,20}|consenso|consentimento|toestemming|suostumus[^\W_]{0,20}|zgoda|"
    r"privacy|integritet[^\W_]{0,20}|integritetspolicy|personuppgift[^\W_]{0,20}|persondata[^\W_]{0,20}|personvern[^\W_]{0,20}|tietosuoja[^\W_]{0,20}|confidentialite|privacidad|acceptance|i_agree|i_accept|agree(?:ment)?|jag_godkanner|godkann[^\W_]{0,20})(?:_|$)"
)
_ASPECTS = word_set("""
    url uri link href token id ids uuid reason reasons source ip count header page text message label key version
    country name level method by survey comment note type code rate total list lists html snippet group groups footer
""")
"""Last words of a name that is of something about it: `unsubscribe_url` is no opt-out."""
_TIMES = frozenset(["at", "date", "time", "timestamp", "on", "datetime", "ts"])


@cache_by_name
def meaning_of(name: str) -> Field | None:
    """What a field's name says of consent; None for one that says nothing of it."""
    plain = label(name)
    words = plain.split("_")
    if words[-1] in _ASPECTS or len(words) > 40:
        return None
    timed = words[-1] in _TIMES and len(words) > 1
    if OUT.search(plain):
        return Field("out_at" if timed else "out", purpose_of(words, "all" if _is_of_all(plain) else "email"))
    if _NEWS.search(plain) and NEGATED.search(plain):
        return Field("out", purpose_of(words, "marketing"))
    if timed:
        return None
    if _STATUS.fullmatch(plain):
        return Field("status", purpose_of(words, "email"))
    if plain in ("status", "state", "subscriber_state"):
        return Field("any_status", "email")
    if _IN.search(plain):
        return None if NEGATED.search(plain) else Field("in", purpose_of(words, "marketing"))
    if _CONTACT.search(plain):
        return None if NEGATED.search(plain) else Field("contact", "contact")
    return None


def _is_of_all(plain: str) -> bool:
    return (
        re.search(
            r"(?:^|_)(?:do_?not_?(?:contact|disturb|solicit)|dnd|no_contactar|ne_pas_(?:me_)?contacter|all)(?:_|$)",
            plain,
        )
        is not None
    )


def purpose_of(words: list[str], default: str) -> str:
    pairs = {"_".join(pair) for pair in zip(words, words[1:], strict=False)}
    there = {_OF_WORD[word] for word in (*words, *pairs) if word in _OF_WORD}
    joined = "".join(words)
    for purpose, names in _CHANNELS:
        if purpose in there or any(joined.endswith(f"donot{name}") for name in names.split()):
            return purpose
    return default
