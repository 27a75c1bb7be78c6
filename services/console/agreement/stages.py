"""The six stages and the criteria, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.agreement import AgreementFile
from schemas.events import Stage
from services.console.agreement.conditions import condition_text, is_never
from services.console.agreement.items import Item
from services.console.language.reader import Reader
from services.console.language.vocabulary import STAGES, stage_name
from services.console.language.words import mark

_WAYS: Mapping[Stage, tuple[str, ...]] = {
    "prospecting": (mark("A company or a person that both sides want, and that nobody has reached yet."),),
    "contact": (mark("As soon as anything has passed between them and us. Marketing works with everybody here."),),
    "qualification": (
        mark(
            "When they are engaged, when a person tags them as ready for sales, or when a meeting with sales is booked. An SDR judges them."
        ),
    ),
    "hand_over": (
        mark(
            "When they are ready for sales, when a person tags them so, or when a meeting with sales is booked. They are offered to one salesperson, with a dossier."
        ),
        mark("Marketing's automated mail to them stops."),
    ),
    "deal": (
        mark(
            "When the salesperson has accepted them and taken a first step: a call, a meeting or a personal message. Automatic mail is none."
        ),
    ),
    "nurturing": (
        mark(
            "When now is not the time, when sales gives them back or loses the deal, and when they have become a customer. Then a new round begins, in which only what happens from then on counts."
        ),
    ),
}
_CRITERIA: Mapping[str, str] = {
    "engaged": mark("Engaged"),
    "marketing_qualified": mark("Worth an SDR's time"),
    "sales_qualified": mark("Ready for sales"),
    "not_now": mark("Not now"),
    "cold": mark("Cold: given back, since nobody could be reached"),
    "opportunity": mark("An opportunity"),
}


def stage_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """The same in every agreement, but for the tags that say that somebody is ready for sales."""
    for stage in STAGES:
        lines = [reader.say(text) for text in _WAYS[stage]]
        if stage in ("qualification", "hand_over") and file.sales_ready_tags:
            tags = ", ".join(f"“{tag}”" for tag in file.sales_ready_tags)
            lines.append(reader.say("The tag is %(tags)s.", tags=tags))
        yield Item(stage, stage_name(stage, reader), lines)


def criterion_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """Each definition, as a clause."""
    for name, expression in file.definitions:
        condition = condition_text(expression, reader)
        line = reader.say("Never.") if is_never(expression) else reader.say("When %(condition)s.", condition=condition)
        yield Item(name, reader.say(_CRITERIA[name]), [line])
