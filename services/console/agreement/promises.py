"""Promises of both sides, as sentences: what, within what, when the time stands still, and what a breach leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from schemas.agreement import AgreementFile
from schemas.sla import OWNER, Match, Policy, Rung, Start, Step
from schemas.volumes import Countable, Per, Volume
from schemas.words import TEAM_MANAGER, Side
from services.console.agreement.conditions import condition_text, is_always
from services.console.agreement.happenings import happening
from services.console.agreement.items import Item
from services.console.language.reader import Reader, person_name
from services.console.language.targets import length_text, target_text
from services.console.language.vocabulary import plain, task_name
from services.console.language.words import mark

SIDES: Mapping[Side, str] = {"marketing": mark("marketing"), "sales": mark("sales")}
_STARTS: Mapping[Start, str] = {
    "contact": mark("from the first contact on"),
    "qualification": mark("from when they are engaged"),
    "hand_over": mark("from the hand-over on"),
    "offer": mark("from the offer on"),
    "acceptance": mark("from when it was accepted"),
    "deal": mark("in a deal, after each step"),
    "nurturing": mark("from when they are back with marketing"),
    "signal": mark("from when %(what)s"),
}
_COUNTS: Mapping[Countable, str] = {
    "contact": mark("came into contact"),
    "qualification": mark("were engaged"),
    "hand_over": mark("were handed over"),
    "deal": mark("became deals"),
    "marketing_qualified": mark("were worth an SDR's time"),
    "opportunity": mark("became opportunities"),
    "offered": mark("were offered"),
    "accepted": mark("were accepted"),
    "rejected": mark("were given back"),
    "followed_up": mark("were followed up"),
    "won": mark("were won"),
    "lost": mark("were lost"),
    "returned": mark("came back"),
    "meeting_booked": mark("have a meeting booked"),
}
_PERIODS: Mapping[Per, str] = {
    "week": mark("in a week"),
    "month": mark("in a month"),
    "quarter": mark("in a quarter"),
    "year": mark("in a year"),
}


def promise_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """One for each policy."""
    for policy in file.sla.policies:
        side = reader.say(SIDES[policy.promised_by])
        yield Item(policy.name, f"{plain(policy.name)} ({side})", list(_promise_lines(policy, file, reader)))


def _promise_lines(policy: Policy, file: AgreementFile, reader: Reader) -> Iterator[str]:
    task, target = task_name(policy.metric, reader), target_text(policy.target.text, reader)
    start = reader.say(_STARTS[policy.starts], what=_matches_text(policy.start_on, reader))
    yield reader.say("%(task)s: %(target)s, %(start)s.", task=task, target=target, start=start)
    if not is_always(policy.when):
        yield reader.say("It holds for leads when %(condition)s.", condition=condition_text(policy.when, reader))
    if policy.is_in_own_hours(file.calendars):
        yield reader.say("The time that counts is whoever's it is: their own working hours.")
    elif policy.calendar is not None:
        yield reader.say("The time that counts is that of %(calendar)s.", calendar=plain(policy.calendar))
    if policy.calendar == OWNER and policy.otherwise is not None:
        yield reader.say("For who has none it is that of %(calendar)s.", calendar=plain(policy.otherwise))
    if policy.absences:
        yield reader.say("While the person is away, no time counts.")
    if policy.pause_on:
        since, until = _matches_text(policy.pause_on, reader), _matches_text(policy.resume_on, reader)
        yield reader.say("The time stands still from when %(since)s until %(until)s.", since=since, until=until)
    if policy.fulfil_on:
        yield reader.say("It is kept when %(what)s.", what=_matches_text(policy.fulfil_on, reader))
    if policy.recurs:
        yield reader.say("Each step begins the wait for the next one.")
    if policy.restarts:
        yield reader.say("When it happens again, the time begins again.")
    yield from _warning_lines(policy, reader)
    yield from _ladder_lines(policy.ladder, reader)


def _matches_text(matches: tuple[Match, ...], reader: Reader) -> str:
    return reader.say(" or ").join(_match_text(match, reader) for match in matches)


def _match_text(match: Match, reader: Reader) -> str:
    what = happening(match.kind, reader)
    if is_always(match.when):
        return what
    return reader.say("%(what)s (where %(condition)s)", what=what, condition=condition_text(match.when, reader))


def _warning_lines(policy: Policy | Volume, reader: Reader) -> Iterator[str]:
    if policy.warnings:
        lengths = reader.several([length_text(warning, reader) for warning in policy.warnings])
        yield reader.say("There is a warning %(lengths)s before.", lengths=lengths)


def _ladder_lines(ladder: tuple[Rung, ...], reader: Reader) -> Iterator[str]:
    for rung in ladder:
        yield reader.say("Broken, %(when)s: %(what)s.", when=_after_text(rung, reader), what=_rung_text(rung, reader))


def _after_text(step: Step, reader: Reader) -> str:
    if not step.after.amount and not step.after.days:
        return reader.say("at once")
    return reader.say("%(length)s later", length=length_text(step.after, reader))


def _rung_text(rung: Rung, reader: Reader) -> str:
    match rung.do:
        case "notify":
            return _telling_text(rung, reader.say("whoever promised it"), reader)
        case "escalate":
            return _telling_text(rung, reader.say("the managers"), reader)
        case "reassign":
            return reader.say("the next in turn is offered the lead")
        case "take_back":
            return reader.say("the lead goes back to marketing")
        case _:
            assert_never(rung.do)


def _telling_text(step: Step, usual: str, reader: Reader) -> str:
    names = [reader.say("the team's manager") if one == TEAM_MANAGER else person_name(one) for one in step.to]
    people = reader.several(names) if names else usual
    if step.channel is not None:
        return reader.say("word goes to %(people)s by %(channel)s", people=people, channel=plain(step.channel))
    return reader.say("word goes to %(people)s", people=people)


def volume_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """One for each promise of how many, or of what share."""
    for volume in file.sla.volumes:
        side = reader.say(SIDES[volume.side])
        yield Item(volume.name, f"{plain(volume.name)} ({side})", list(_volume_lines(volume, reader)))


def _volume_lines(volume: Volume, reader: Reader) -> Iterator[str]:
    what, period = reader.say(_COUNTS[volume.counts]), reader.say(_PERIODS[volume.per])
    if volume.share is not None and volume.against is not None:
        against = reader.say(_COUNTS[volume.against])
        share = f"{volume.share * 100:g} %"
        yield reader.say(
            "At least %(share)s of the leads %(what)s %(period)s; against it count those that %(against)s.",
            share=share,
            period=period,
            what=what,
            against=against,
        )
    else:
        yield reader.say("At least %(n)s leads %(what)s %(period)s.", n=volume.at_least, period=period, what=what)
    if volume.subject is not None:
        name = person_name(volume.subject.person) if volume.subject.person else plain(volume.subject.team or "")
        yield reader.say("Counted are those of %(name)s.", name=name)
    if not is_always(volume.when):
        yield reader.say("Counted are leads when %(condition)s.", condition=condition_text(volume.when, reader))
    if volume.first == "pro_rata":
        yield reader.say("A period that has begun already counts for its part.")
    yield reader.say("Periods are those of %(calendar)s.", calendar=plain(volume.calendar))
    yield from _warning_lines(volume, reader)
    for step in volume.ladder:
        usual = reader.say("whoever promised it") if step.do == "notify" else reader.say("the managers")
        what = _telling_text(step, usual, reader)
        yield reader.say("Broken, %(when)s: %(what)s.", when=_after_text(step, reader), what=what)
