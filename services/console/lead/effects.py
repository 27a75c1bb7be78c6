"""What followed from something that happened: one line for each event, or none where it says nothing that a reader wants to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from routing.handover.handover import Withdrawal
from routing.lifecycle import Fact
from schemas import events as e
from schemas.envelope import Envelope, whole
from schemas.events import EventData, Owner
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import CLOCK_STATES, DISPOSITIONS, plain, stage_name, track_name
from services.console.language.words import mark
from services.ports.rows import EventRow

Tone = Literal["plain", "good", "bad"]


QUIET: tuple[type[EventData], ...] = (
    e.HandoverLinked,
    e.LeadDispositionChanged,
    e.LeadParked,
    e.LeadReleased,
    e.LeadTouched,
    e.LeadUnparked,
    e.ListReleased,
    e.ListStopped,
    e.NurtureEntered,
    e.NurtureLeft,
    e.SlaCancelled,
    e.SlaStarted,
    e.SuppressionChanged,
)
"""Events that say nothing beside the line of what caused them, or that another line says already."""


WITHDRAWALS: Mapping[Withdrawal | Fact, str] = {
    "accepted_by_another": mark("somebody else had accepted it"),
    "answered_before": mark("an earlier answer counts"),
    "merged": mark("two leads became one"),
    "owner_absent": mark("whoever had it is away"),
    "owner_changed": mark("somebody else was given the lead"),
    "owner_left": mark("whoever had it left"),
    "sla_breached": mark("a promise was broken"),
    "taken_back": mark("a promise was broken"),
    "contact_deleted": mark("the contact was deleted"),
}
"""Why an offer was taken back; said after that it was."""
_WITHDRAWALS: Mapping[str, str] = {
    **{str(reason): text for reason, text in WITHDRAWALS.items()},
    **{str(name): text for name, text in DISPOSITIONS.items()},
}


class Effect(NamedTuple):
    """A line, and whether it is good news."""

    text: str
    tone: Tone = "plain"


def effects_of(events: Sequence[EventRow], reader: Reader) -> Iterator[Effect]:
    """In the order of the events. Those of a type that this version does not know are passed over."""
    envelopes = [Envelope.model_validate_json(whole(event.row.head, None)) for event in events]
    bodies = [envelope.body() for envelope in envelopes if envelope.type in e.EVENT_TYPES]
    for place, data in enumerate(bodies):
        if not _is_passing(data, bodies, place) and (effect := effect_of(data, reader)) is not None:
            yield effect


def _is_passing(data: EventData, bodies: Sequence[EventData], place: int) -> bool:
    """Whether it was so for no longer than the same signal took: a stage that was left again, a promise that was kept as soon as
    it was made, an owner that the offer names as well."""
    match data:
        case e.LeadStageChanged():
            return any(isinstance(later, e.LeadStageChanged) for later in bodies[place + 1 :])
        case e.SlaFulfilled(clock_id=clock):
            return any(isinstance(other, e.SlaStarted) and other.clock_id == clock for other in bodies)
        case e.LeadOwnerChanged():
            return any(isinstance(other, e.HandoverOffered) for other in bodies)
        case _:
            return False


def effect_of(data: EventData, reader: Reader) -> Effect | None:
    """What the event says to a salesperson."""
    if (always := _ALWAYS.get(type(data))) is not None:
        return always._replace(text=reader.say(always.text))
    looks = (_of_offer, _of_outcome, _of_promise, _of_ladder, _of_lead)
    return next((effect for look in looks if (effect := look(data, reader)) is not None), None)


_ALWAYS: Mapping[type[EventData], Effect] = {
    e.HandoverBlocked: Effect(mark("Not offered to anybody yet: the dossier lacks what was agreed on"), "bad"),
    e.HandoverFollowedUp: Effect(mark("That was the first real step after the hand-over"), "good"),
    e.LeadCreated: Effect(mark("This is how we came to know each other")),
    e.LeadMergeProposed: Effect(mark("Somebody should look whether this is one person or two")),
    e.LeadPartingProposed: Effect(mark("Somebody should look whether this is one person or two")),
    e.LeadErased: Effect(mark("Everything that names the person was deleted")),
    e.LeadMerged: Effect(mark("Two leads became one")),
    e.LeadUnmerged: Effect(mark("It is two leads again")),
    e.LeadHeld: Effect(mark("Something about it could not be read: what comes later waits behind it"), "bad"),
    e.LeadInLimbo: Effect(mark("Nobody has it, which should not happen"), "bad"),
    e.LeadEscalated: Effect(mark("The managers were told: whoever has it is away"), "bad"),
    e.SuppressionStarted: Effect(mark("Automated mail to them stops: a salesperson talks with them")),
    e.SuppressionReleased: Effect(mark("Automated mail may go out again")),
    e.ConsentRequested: Effect(mark("They are to be asked whether they really agreed")),
}
"""Events that say the same each time."""


def _of_offer(data: EventData, reader: Reader) -> Effect | None:
    match data:
        case e.HandoverOffered(owner=owner, offer_number=1):
            return Effect(reader.say("Offered to %(person)s", person=_name(owner, reader)), "good")
        case e.HandoverOffered(owner=owner, offer_number=number):
            return Effect(reader.say("Offered to %(person)s, as number %(n)s", person=_name(owner, reader), n=number))
        case e.HandoverAccepted(owner=owner):
            return Effect(reader.say("%(person)s took it on", person=_name(owner, reader)), "good")
        case e.HandoverAcceptedLate(kept_by=kept_by):
            return Effect(
                reader.say("An acceptance came late; %(person)s keeps the lead", person=_name(kept_by, reader))
            )
        case e.HandoverExpired(owner=owner):
            said = reader.say("%(person)s did not answer in time: the offer ended", person=_name(owner, reader))
            return Effect(said, "bad")
        case e.HandoverTransferred(owner=owner):
            return Effect(reader.say("The deal went to %(person)s", person=_name(owner, reader)))
        case _:
            return None


def _of_outcome(data: EventData, reader: Reader) -> Effect | None:
    match data:
        case e.HandoverRejected(reason=reason):
            return Effect(_because(reader.say("The hand-over was turned down"), reason), "bad")
        case e.HandoverWithdrawn(reason=reason):
            why = reader.say(_WITHDRAWALS[reason]) if reason in _WITHDRAWALS else None
            return Effect(_because(reader.say("The offer was taken back"), why))
        case e.HandoverWon(amount=None):
            return Effect(reader.say("Won"), "good")
        case e.HandoverWon(amount=float() | int() as amount, currency=currency):
            return Effect(reader.say("Won: %(amount)s", amount=reader.money(amount, currency)), "good")
        case e.HandoverLost(reason=reason):
            return Effect(_because(reader.say("Lost"), reason), "bad")
        case e.HandoverReturned(reason=reason):
            return Effect(_because(reader.say("Back with marketing"), reason), "bad")
        case _:
            return None


def _of_promise(data: EventData, reader: Reader) -> Effect | None:
    match data:
        case e.SlaFulfilled(policy=policy):
            return Effect(reader.say("Promise “%(name)s” kept", name=plain(policy)), "good")
        case e.SlaBreached(policy=policy, due_at=due_at):
            said = reader.say(
                "Promise “%(name)s” broken: it was due %(at)s", name=plain(policy), at=reader.instant(due_at)
            )
            return Effect(said, "bad")
        case e.SlaWarned(policy=policy, due_at=due_at):
            return Effect(
                reader.say(
                    "Promise “%(name)s” is due %(at)s: a reminder went out",
                    name=plain(policy),
                    at=reader.instant(due_at),
                )
            )
        case e.SlaPaused(policy=policy):
            return Effect(reader.say("Promise “%(name)s” stands still from here on", name=plain(policy)))
        case e.SlaResumed(policy=policy, due_at=due_at):
            return Effect(
                reader.say("Promise “%(name)s” goes on; now due %(at)s", name=plain(policy), at=reader.instant(due_at))
            )
        case e.SlaCorrected(policy=policy, new=new):
            return Effect(
                reader.say(
                    "What was said of promise “%(name)s” is put right: %(state)s",
                    name=plain(policy),
                    state=reader.say(CLOCK_STATES[new]),
                )
            )
        case _:
            return None


def _of_ladder(data: EventData, reader: Reader) -> Effect | None:
    match data:
        case e.SlaEscalated(action="reassign", outcome="done"):
            return Effect(reader.say("Because a promise was broken, somebody else was asked"), "bad")
        case e.SlaEscalated(action="take_back", outcome="done"):
            return Effect(reader.say("Because a promise was broken, the lead went back to marketing"), "bad")
        case e.SlaEscalated(to=to, outcome="done"):
            people = reader.several([_name(owner, reader) for owner in to]) if to else reader.say("nobody")
            return Effect(reader.say("Told about the broken promise: %(people)s", people=people), "bad")
        case _:
            return None


def _of_lead(data: EventData, reader: Reader) -> Effect | None:
    match data:
        case e.LeadStageChanged(to_stage="nurturing", track=track) if track is not None:
            return Effect(
                reader.say(
                    "Now: %(stage)s, %(track)s", stage=stage_name("nurturing", reader), track=track_name(track, reader)
                )
            )
        case e.LeadStageChanged(to_stage=stage):
            return Effect(reader.say("Now: %(stage)s", stage=stage_name(stage, reader)))
        case e.LeadOwnerChanged(to_owner=None, from_owner=owner) if owner is not None:
            return Effect(reader.say("%(person)s has it no more", person=_name(owner, reader)))
        case e.LeadOwnerChanged(to_owner=owner) if owner is not None:
            return Effect(reader.say("%(person)s has it from here on", person=_name(owner, reader)))
        case e.LeadQueued(pool=pool, until=until):
            return Effect(
                reader.say(
                    "Nobody of %(pool)s could take it: it waits, until %(at)s at the latest",
                    pool=plain(pool),
                    at=reader.instant(until),
                ),
                "bad",
            )
        case e.LeadDefinitionMet(definition="marketing_qualified"):
            return Effect(reader.say("Marketing counts it as worth an SDR's time"), "good")
        case e.LeadDefinitionMet():
            return Effect(reader.say("It counts as an opportunity"), "good")
        case e.SuppressionViolated(source=source):
            return Effect(reader.say("%(source)s sent automated mail all the same", source=plain(source)), "bad")
        case _:
            return None


def _name(owner: Owner | None, reader: Reader) -> str:
    return person_name(owner.person) if owner is not None else reader.say("nobody")


def _because(text: str, reason: str | None) -> str:
    return f"{text}: {plain(reason)}" if reason else text
