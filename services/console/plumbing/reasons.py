"""Why a body was not understood, or a signal could not be processed, in the reader's language. What is kept is written in English by
whoever set it aside; here stands each of these texts, and a test finds what is missing."""

from __future__ import annotations

import re
from typing import NamedTuple

from services.console.language.reader import Reader
from services.console.language.words import SOURCE, mark

_TEXTS = (
    mark("a fault of ours: %(place)s"),
    mark("waits behind a dead letter of its lead"),
    mark("larger than the log takes"),
    mark("undecodable"),
    mark("the store refused it"),
    mark("an identity in it is another's already, at every attempt"),
    mark("names neither a person nor a record"),
    mark("may not say %(what)s: the source `%(source)s` has no such `may`"),
    mark("%(kind)s is a kind of our own, which no source may say"),
    mark("skipped"),
    mark("%(n)s e-mail addresses, and no name tells whose: %(names)s; map one to `email`"),
    mark("as a record the signal has more than %(n)s bytes"),
    mark("the body is empty"),
    mark("not an urlencoded form"),
    mark("not %(format)s"),
    mark("nested over %(n)s deep"),
    mark("the body has more values than are taken at once"),
    mark("more facts come of the body's events than are taken at once"),
    mark("over %(n)s answers, so many are not taken at once"),
    mark("%(n)s answers, at most %(most)s are taken at once"),
    mark("%(n)s events, at most %(most)s are taken at once"),
    mark("a key is there twice in one object"),
    mark("an object is expected here"),
    mark("a list is expected here"),
    mark("a list of events is expected here"),
    mark("a list of answers is expected here"),
    mark("neither a type, a contact nor a deal"),
    mark("neither a subscription type nor an object that is known"),
    mark("neither a submissionID nor answers"),
    mark("neither an id nor answers"),
    mark("neither entries nor answers"),
    mark("unknown type"),
    mark("unknown type `%(name)s`"),
    mark("unknown entity `%(name)s`"),
    mark("unknown subscription type `%(name)s`"),
    mark("a delivery names its event"),
    mark("an event has an object and an action"),
    mark("a Standard Webhook has a type"),
    mark("a CloudEvent has id, source and type"),
    mark("a batch is a list"),
    mark("a lead has a lead_id and user_column_data"),
    mark("a lead has a leadgen_id"),
    mark("no change of `leadgen`"),
    mark("a notification has a topic"),
    mark("a notification has a leadGenFormResponse and a leadAction CREATED or DELETED"),
    mark("a notification has an sObject with its type"),
    mark("no outbound message: there are no notifications"),
    mark("a change event names its entity and its records"),
    mark("a company has an id"),
    mark("no key begins with `mautic.`, and nobody is named"),
    mark("a call is one of identify, track, page, screen, group, alias"),
    mark("a response has fields"),
    mark("a response has a token"),
    mark("a submission has data"),
    mark("the body is not divided by its boundary"),
    mark("a part's headers are over %(n)s bytes"),
    mark("a part has no name"),
    mark("a part is divided itself"),
    mark("the content type is not Latin-1"),
    mark("over %(n)s parts"),
    mark("XML with a document type is refused"),
    mark("the XML is empty"),
    mark("the XML is too deep or too large"),
    mark("no XML: %(error)s"),
)
_WHOLE = mark("%(n)s parts were not understood; the first is %(place)s: %(reason)s")
_FAULT = mark("%(error)s at %(place)s")
_OTHER = mark("the reason is kept in English")
_NUMBERS = ("n", "most")


class ReasonText(NamedTuple):
    """`original`: the reason as it is kept, in English, where there are no words of the reader's for it; "" where there are."""

    text: str
    original: str = ""


def set_aside_text(reason: str, reader: Reader) -> ReasonText:
    """A reason of the quarantine, or of a dead letter."""
    if reader.language == SOURCE:
        return ReasonText(reason)
    if (found := _WHOLE_PATTERN.fullmatch(reason)) is not None:
        inner = set_aside_text(found["reason"], reader)
        return inner._replace(text=reader.say(_WHOLE, **{**found.groupdict(), "reason": inner.text}))
    for form in _FORMS:
        if (values := _values_in(reason, form)) is not None:
            return ReasonText(reader.say(form.text, **values))
    return ReasonText(reader.say(_OTHER), reason)


class _Form(NamedTuple):
    """A text as written: `names` of its gaps, and what stands before, between and after them."""

    text: str
    names: tuple[str, ...]
    between: tuple[str, ...]


def _form_of(text: str) -> _Form:
    parts = re.split(r"%\((\w+)\)s", text)
    return _Form(text, tuple(parts[1::2]), tuple(parts[::2]))


def _values_in(reason: str, form: _Form) -> dict[str, str] | None:
    """What stands in the gaps; None for a reason of another form. By looking for each part once, since a stranger's words are in some
    of them, on which a pattern with several gaps would take long."""
    first, *rest = form.between
    if not (reason.startswith(first) and reason.endswith(form.between[-1])):
        return None
    if not rest:
        return {} if reason == first else None
    at, values = len(first), {}
    for number, (name, part) in enumerate(zip(form.names, rest, strict=True), 1):
        end = len(reason) - len(part) if number == len(rest) else reason.find(part, at)
        value = reason[at:end] if end > at else ""
        if not value or ";" in value or (name in _NUMBERS and not (value.isascii() and value.isdigit())):
            return None
        values[name], at = value, end + len(part)
    return values


_FORMS = tuple(_form_of(text) for text in (*_TEXTS, _FAULT))
_WHOLE_PATTERN = re.compile(
    r"(?P<n>[0-9]+) parts were not understood; the first is (?P<place>[^:]+): (?P<reason>.+)", re.DOTALL
)
