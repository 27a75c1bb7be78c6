"""The words of messages, by language. A language is a value of `WORDS`; a test finds what one of them lacks."""

from __future__ import annotations

from typing import NamedTuple

from routing.incidents.records import Resolution
from schemas.notify import Language


class Words(NamedTuple):
    """`{who}` is the lead, `{policy}` the promise, `{n}` a count, `{late}` and `{left}` lengths of time, `{at}` an instant."""

    broken: str
    due_soon: str
    broken_many: str
    due_soon_many: str
    found_late: str
    found_late_why: str
    held: str
    held_why: str
    stopped: str
    stopped_many: str
    stopped_since: str
    over: str
    over_many: str
    seen: str
    seen_many: str
    promise: str
    owner: str
    nobody: str
    due_late: str
    due_in: str
    due_was: str
    counted: str
    to_do: str
    why: str
    lead: str
    acknowledge: str
    acknowledge_about: str
    all_of_them: str
    more: str
    oldest: str
    still_open: str
    rung: str
    tasks: dict[str, str]
    resolutions: dict[Resolution, str]


_EN = Words(
    broken="Broken promise: {policy}: {who}",
    due_soon="Due soon: {policy}: {who}",
    broken_many="{n} broken promises: {policy}",
    due_soon_many="{n} promises due soon: {policy}",
    found_late="Found late: {n} broken promises",
    found_late_why="Stafett was away or behind when these fell due. They were noticed at {at}; when each was due is exact.",
    held="In your quiet hours: {n} to look at, {over} over by now",
    held_why="This was held back while you were not to be told.",
    stopped="Nothing is sent to {who}",
    stopped_many="Nothing is sent to {n} receivers",
    stopped_since="sent nothing since {at}, {late}",
    over="Over: {policy}: {who}",
    over_many="{n} are over: {policy}",
    seen="Seen by {by}: {policy}: {who}",
    seen_many="Seen by {by}: {n} of {policy}",
    promise="Promise",
    owner="Owner",
    nobody="nobody",
    due_late="due {at}, {late} late",
    due_in="due {at}, in {left}",
    due_was="was due {at}",
    counted="counted {counted}",
    to_do="To do",
    why="Why",
    lead="The lead",
    acknowledge="I have seen it",
    acknowledge_about="No more reminders; the clock goes on.",
    all_of_them="All of them",
    more="and {n} more",
    oldest="the oldest:",
    still_open="{n} still open",
    rung="step {n} of the ladder",
    tasks={
        "follow_up": "Call or write to the lead, and log it where you work: what is logged counts.",
        "acceptance": "Accept the offer, or reject it with a reason.",
        "qualification": "Judge whether the lead is qualified.",
        "dossier": "Complete the dossier.",
        "custom": "Do what the promise asks for.",
        "volume": "Look at what was counted, and bring it up at the forum.",
        "share": "Look at what was counted, and bring it up at the forum.",
        "target": "Mend what is wrong there, then `stafett subscriptions enable NAME`; its place is kept, nothing is lost.",
        "source": "Look at the sender whether its webhooks are still set up and reach us; what got lost there is lost to us, unless it is read back.",
    },
    resolutions={
        "kept": "the promise was kept",
        "kept_late": "followed up, late",
        "answered_late": "answered, late",
        "cancelled": "nothing is promised any more",
        "corrected": "it was not so",
        "begun_again": "the promise began again",
        "moved_on": "the lead moved on",
        "goes_on": "events are sent again",
    },
)
_SV = Words(
    broken="Brutet löfte: {policy}: {who}",
    due_soon="Förfaller snart: {policy}: {who}",
    broken_many="{n} brutna löften: {policy}",
    due_soon_many="{n} löften förfaller snart: {policy}",
    found_late="Upptäckt i efterhand: {n} brutna löften",
    found_late_why="Stafett var borta eller låg efter när de förföll. De upptäcktes {at}; när var och en förföll är exakt.",
    held="Under din tysta tid: {n} att titta på, {over} redan över",
    held_why="Detta hölls inne medan du inte skulle störas.",
    stopped="Inget skickas till {who}",
    stopped_many="Inget skickas till {n} mottagare",
    stopped_since="inget skickat sedan {at}, {late}",
    over="Över: {policy}: {who}",
    over_many="{n} är över: {policy}",
    seen="Sett av {by}: {policy}: {who}",
    seen_many="Sett av {by}: {n} av {policy}",
    promise="Löfte",
    owner="Ansvarig",
    nobody="ingen",
    due_late="förföll {at}, {late} sen",
    due_in="förfaller {at}, om {left}",
    due_was="skulle ha hållits {at}",
    counted="räknat {counted}",
    to_do="Att göra",
    why="Varför",
    lead="Leadet",
    acknowledge="Jag har sett det",
    acknowledge_about="Inga fler påminnelser; klockan går vidare.",
    all_of_them="Alla",
    more="och {n} till",
    oldest="de äldsta:",
    still_open="{n} fortfarande öppna",
    rung="steg {n} på stegen",
    tasks={
        "follow_up": "Ring eller skriv till leadet och registrera det där du arbetar: det som registreras räknas.",
        "acceptance": "Ta emot erbjudandet, eller avvisa det med en orsak.",
        "qualification": "Bedöm om leadet är kvalificerat.",
        "dossier": "Gör dossiern komplett.",
        "custom": "Gör det som löftet kräver.",
        "volume": "Titta på vad som räknats, och ta upp det på forumet.",
        "share": "Titta på vad som räknats, och ta upp det på forumet.",
        "target": "Åtgärda felet där, sedan `stafett subscriptions enable NAMN`; platsen är sparad, inget går förlorat.",
        "source": "Se efter hos avsändaren om webhookarna finns kvar och når oss; det som gick förlorat där saknar vi, om det inte läses tillbaka.",
    },
    resolutions={
        "kept": "löftet hölls",
        "kept_late": "uppföljt, för sent",
        "answered_late": "besvarat, för sent",
        "cancelled": "inget är lovat längre",
        "corrected": "det var inte så",
        "begun_again": "löftet började om",
        "moved_on": "leadet har gått vidare",
        "goes_on": "händelser skickas igen",
    },
)
WORDS: dict[Language, Words] = {"en": _EN, "sv": _SV}
