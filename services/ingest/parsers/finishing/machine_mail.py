"""Of any kind's mail that came in: automated where its sender's address or its subject says so, whatever the kind's parser knew."""

from __future__ import annotations

from schemas.signals import Kind, Parsed, Person
from services.ingest.parsers.guesses.mail import CAME_IN
from services.ingest.parsers.reading.automation import FLAGS, Mail, headers_of, why_automated
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text

_SUBJECTS = frozenset(["subject", "email_subject", "message_subject", "reply_subject"])
_HEADERS = frozenset(["headers", "message_headers", "email_headers"])


def mark_machine_mail(parsed: Parsed) -> Parsed:
    """The same, or automated; a mail that came back is a bounce, and its sender nobody. The same object for nearly all."""
    if parsed.kind not in CAME_IN or parsed.automated or parsed.kind is Kind.CALL_RECEIVED:
        return parsed
    subject, headers, flags = None, {}, {}
    for name, value in parsed.fields.items():
        plain = label(name)
        if plain in _SUBJECTS:
            subject = text(value)
        elif plain in _HEADERS:
            headers = headers_of(value)
        elif plain in FLAGS:
            flags[plain] = value
    match why_automated(Mail(headers, parsed.person.email, subject, flags)):
        case None:
            return parsed
        case "bounce":
            return parsed.but(kind=Kind.EMAIL_BOUNCED, automated=True, person=Person())
        case "auto_reply" | "list" | "no_reply" | "flagged":
            return parsed.but(automated=True)
