"""Rules of the hand-over, and what else both sides agreed on, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from babel.dates import get_day_names

from schemas.agreement import AgreementFile
from schemas.calendar import WEEKDAYS, Weekday
from schemas.handover import Handover, Part
from services.console.agreement.items import Item
from services.console.language.reader import Reader, person_name
from services.console.language.targets import length_text
from services.console.language.vocabulary import plain
from services.console.language.words import mark

_PARTS: Mapping[Part, str] = {
    "need": mark("what they need, in words"),
    "contact": mark("an address or a number"),
    "name": mark("a name"),
    "company": mark("a company"),
    "messages": mark("what was said and written"),
    "learned": mark("what marketing and SDRs learned"),
    "next_step": mark("a proposed next step"),
}


def handover_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """Offers, dossier, giving back."""
    handover = file.handover
    yield Item("offers", reader.say("Offers"), list(_offer_lines(handover, reader)))
    yield Item("dossier", reader.say("The dossier"), list(_dossier_lines(handover, reader)))
    if handover.reasons:
        yield Item("reasons", reader.say("Giving back"), list(_reason_lines(handover, reader)))


def _offer_lines(handover: Handover, reader: Reader) -> Iterator[str]:
    if handover.offer_expires is not None:
        length = length_text(handover.offer_expires, reader)
        yield reader.say(
            "Whoever is offered a lead has %(length)s to answer; then somebody else is asked.", length=length
        )
    yield reader.plural(
        "A lead is offered to %(n)s person at most, then it goes back to marketing.",
        "A lead is offered to %(n)s people at most, then it goes back to marketing.",
        handover.max_offers,
    )
    if handover.follow_up_accepts:
        yield reader.say("Whoever calls, meets or writes to them has accepted, also without saying so.")
    if handover.hunter is not None:
        length = length_text(handover.hunter.waits, reader)
        yield reader.say(
            "What somebody found themselves waits for them for %(length)s while they are away.", length=length
        )


def _dossier_lines(handover: Handover, reader: Reader) -> Iterator[str]:
    rules = handover.dossier
    if rules.requires:
        parts = reader.several([reader.say(_PARTS[part]) for part in rules.requires])
        yield reader.say("It holds %(parts)s.", parts=parts)
    if rules.incomplete == "block":
        yield reader.say("Before it is complete, the lead is offered to nobody.")
    else:
        yield reader.say("What it lacks is noted against marketing, and the lead is offered all the same.")
    if handover.next_step is not None:
        yield reader.say("The next step that is proposed: %(step)s", step=handover.next_step)
    if handover.marketing_reads_notes:
        yield reader.say("Marketing reads what salespeople note.")
    else:
        yield reader.say("What salespeople note is for salespeople.")


def _reason_lines(handover: Handover, reader: Reader) -> Iterator[str]:
    yield reader.say("Agreed reasons: %(reasons)s.", reasons=", ".join(reason.name for reason in handover.reasons))
    named = [reason.name for reason in handover.reasons if reason.criterion]
    if named:
        yield reader.say("For %(reasons)s the criterion that was not met is named.", reasons=", ".join(named))
    for rule in handover.second_offer:
        reasons = ", ".join(rule.reasons)
        if rule.to == "next":
            yield reader.say("For %(reasons)s the next in turn is asked.", reasons=reasons)
        else:
            yield reader.say("For %(reasons)s the person of last resort gets it.", reasons=reasons)


def other_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """Mail that goes on, the forum, brands, and who signs."""
    yield Item("mail", reader.say("Automated mail"), list(_mail_lines(file, reader)))
    if file.forum is not None:
        yield Item("forum", reader.say("The weekly forum"), list(_forum_lines(file, reader)))
    if file.brands != ("default",):
        yield Item("brands", reader.say("Brands"), [", ".join(plain(brand) for brand in file.brands)])
    if file.channels:
        yield Item("channels", reader.say("Where people are told"), [", ".join(plain(one) for one in file.channels)])
    signers = [*_signer_lines(file, reader)]
    yield Item("signers", reader.say("Who signs the next version"), signers)
    if file.attributes:
        lines = [
            reader.say("%(name)s is read from %(fields)s", name=plain(name), fields=", ".join(attribute.fields))
            for name, attribute in file.attributes.items()
        ]
        yield Item("attributes", reader.say("Facts of your own"), lines)


def _mail_lines(file: AgreementFile, reader: Reader) -> Iterator[str]:
    length = length_text(file.suppression.dialogue_ends, reader)
    yield reader.say("While sales talks with somebody, marketing's automated mail to them stops.")
    yield reader.say("A talk before the hand-over is over %(length)s after the last step or answer.", length=length)
    if file.exempt_lists:
        yield reader.say("These go on: %(lists)s.", lists=", ".join(file.exempt_lists))
    purposes = ", ".join(file.suppression.mail_purposes)
    yield reader.say("No automated mail goes out without these consents: %(purposes)s.", purposes=purposes)


def _forum_lines(file: AgreementFile, reader: Reader) -> Iterator[str]:
    forum = file.forum
    if forum is None:
        return
    yield reader.say("It meets every %(day)s at %(time)s.", day=weekday_name(forum.weekday, reader), time=forum.time)
    if forum.to:
        yield reader.say(
            "The report goes to %(people)s.", people=reader.several([person_name(one) for one in forum.to])
        )
    yield reader.plural(
        "A lead is stuck that stays in one stage for more than %(n)s day.",
        "A lead is stuck that stays in one stage for more than %(n)s days.",
        forum.stuck_after,
    )


def _signer_lines(file: AgreementFile, reader: Reader) -> Iterator[str]:
    for people, named, anybody in (
        (file.approvers.marketing, mark("For marketing: %(people)s."), mark("For marketing: anybody of marketing, or a manager.")),
        (file.approvers.sales, mark("For sales: %(people)s."), mark("For sales: anybody of sales, or a manager.")),
    ):  # fmt: skip
        if people:
            yield reader.say(named, people=reader.several([person_name(one) for one in people]))
        else:
            yield reader.say(anybody)


def weekday_name(day: Weekday, reader: Reader) -> str:
    """`Monday`, as the reader's language has it."""
    name: str = get_day_names("wide", locale=reader.language)[WEEKDAYS.index(day)]
    return name
