"""What a sighting says that we do not know yet, as the facts that a webhook would have brought. Pure.

A fact that our side has already is no news, so a webhook that did arrive leaves nothing for the sweep to add; and the id of a fact
comes from record, value and instant, so that the same sighting seen twice is one signal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal, NamedTuple, assert_never

from routing.model.records import Handover, Lead
from schemas.json_values import JsonObject
from schemas.signals import Actor, Kind, Parsed, Reference, Sales
from schemas.sinks.base import HandoverStage
from services.sinks.reconciling.sightings import Change, Deletion, Sighting, Work

BACKDATED = timedelta(hours=1)
"""A step that was written down so much later than it is said to have happened is shown as such."""
SAME = timedelta(seconds=5)
"""How far the instants of one step may be apart, as a webhook and the record tell them."""
CLOCKS = timedelta(minutes=1)
"""How far their clock may be from ours."""
Meaning = HandoverStage | Literal["rejected"]
"""Where a hand-over stands there, by our names; `rejected` only where the words of the source say so."""
_STEPS = frozenset({Kind.SALES_FOLLOW_UP, Kind.SALES_MEETING_HELD})
"""What counts of the activities of sales; others (a call that nobody answered, a mail that came in) are left to webhooks."""


class OurSide(NamedTuple):
    """The lead as we have it. `handover_id` is that of the record that was seen, which may be of an earlier pass. `is_waiting`: events
    of the lead are not carried out at the sink yet, so that what stands there may be what we are about to write over."""

    lead: Lead
    handover_id: str
    is_waiting: bool = False

    @property
    def handover(self) -> Handover | None:
        """The hand-over, while the lead is in its pass."""
        current = self.lead.handover
        return current if current is not None and current.id == self.handover_id else None

    @property
    def is_open(self) -> bool:
        return self.handover is not None and self.handover.closed_at is None


class Words(NamedTuple):
    """What the CRM's words mean here. `stage` gives our name of one of its stages, None for sales' own; `person` the person of the
    roster that a user is, `our_user` the user that we write as; `system` and `account` name the CRM in references. `read` is the parser
    of the vendor's webhooks, for one record, with the source's own words; None where it understands nothing of it."""

    stage: Callable[[str | None], HandoverStage | None]
    person: Callable[[str | None], str | None]
    our_user: str | None
    system: str
    account: str | None
    target: str
    follow_ups: tuple[str, ...] = ()
    read: Callable[[JsonObject], Parsed | None] = lambda _body: None

    def meaning(self, seen: Sighting) -> Meaning | None:
        """What stands there by our names: by the stages of the sinks file, else by what the source's words make of the record."""
        if (stage := self.stage(seen.stage)) is not None or seen.body is None:
            return stage
        parsed = self.read(seen.body)
        return _TELLS.get(parsed.kind) if parsed is not None else None


def facts_of_sighting(seen: Sighting, ours: OurSide, words: Words) -> Iterator[Parsed]:
    """Who has it now, whether it was accepted, how it ended; nothing of what we know. Whoever wrote last is no test: we may have
    written another field after a person's change. Who has it, and that it was accepted, is only believed once what we
    had to write is written."""
    yield from _linking(seen, ours, words)
    meaning = words.meaning(seen)
    if (end := _end(seen, meaning)) is not None:
        yield from _ending(seen, ours, words, end)
        return
    if not ours.is_open:
        return
    person = words.person(seen.owner)
    is_other = person is not None and person != ours.lead.owner
    if is_other and not ours.is_waiting and not is_older(seen.owner_change, ours):
        sales = Sales(owner_id=seen.owner)
        value = f"owner/{seen.owner}"
        fact = _fact(seen, ours, words, kind=Kind.SALES_OWNER_CHANGED, value=value, change=seen.owner_change)
        yield fact.but(sales=sales)
    accepted_at = ours.handover.accepted_at if ours.handover is not None else None
    if meaning == "accepted" and accepted_at is None and not ours.is_waiting:
        change = seen.stage_change
        yield _fact(seen, ours, words, kind=Kind.SALES_ACCEPTED, value="accepted", change=change)


def is_older(change: Change, ours: OurSide) -> bool:
    """Whether it was changed there before the lead got the owner that it has, so that what we wrote since is what counts."""
    since = ours.lead.owner_since
    return since is not None and change.at + CLOCKS <= since


def may_write_again(seen: Sighting, ours: OurSide, words: Words) -> bool:
    """Whether the owner there, who is not ours, came before ours or from no person: people win over us, programs do not."""
    change = seen.owner_change
    is_nobodys = change.is_program or (change.by is not None and change.by == words.our_user)
    return not ours.is_waiting and (is_nobodys or is_older(change, ours))


def fact_of_work(work: Work, ours: OurSide, words: Words) -> Parsed | None:
    """The step, where it is of a kind that counts, a person took it and nobody told us of it; None for our own."""
    if work.author is None or work.author == words.our_user or _is_in_record(work, ours, words):
        return None
    if work.is_our_task and (not ours.is_open or is_known(work, ours)):
        return None
    if (step := _step(work, words)) is None:
        return None
    if words.follow_ups and not {work.kind, step.sales.activity_type} & set(words.follow_ups):
        return None
    late = work.recorded_at - work.happened_at
    findings = (f"back-dated by {int(late.total_seconds() // 60)} minutes",) if late > BACKDATED else ()
    return Parsed(
        kind=step.kind,
        occurred_at=work.happened_at,
        references=(_reference(words, "deal", work.opportunity), _reference(words, "activity", work.vendor_id)),
        handover_id=ours.handover_id,
        actor=Actor(kind="person", reference=work.author),
        sales=step.sales,
        findings=findings,
        dedupe_key=f"id:{words.target}/activity/{work.vendor_id}",
    )


def fact_of_deletion(gone: Deletion, ours: OurSide, words: Words) -> Parsed | None:
    """That the opportunity was deleted, while its hand-over is open."""
    if not ours.is_open:
        return None
    return Parsed(
        kind=Kind.DEAL_DELETED,
        occurred_at=gone.at,
        references=(_reference(words, "deal", gone.vendor_id),),
        handover_id=ours.handover_id,
        dedupe_key=f"id:{words.target}/opportunity/{gone.vendor_id}/deleted/{gone.at.isoformat()}",
    )


class _Step(NamedTuple):
    kind: Kind
    sales: Sales


def _step(work: Work, words: Words) -> _Step | None:
    """What the parser of the vendor's webhooks reads of the record; without a record, a step of this kind."""
    if work.body is None:
        return _Step(Kind.SALES_FOLLOW_UP, Sales(activity_type=work.kind, done=True))
    parsed = words.read(work.body)
    if parsed is None or parsed.kind not in _STEPS or parsed.automated:
        return None
    return _Step(parsed.kind, parsed.sales or Sales(activity_type=work.kind, done=True))


def _is_in_record(work: Work, ours: OurSide, words: Words) -> bool:
    """Whether a webhook told of this step: one of the lead's record at either of its instants, by nobody else."""
    person = words.person(work.author)
    return any(
        entry.kind in _STEPS
        and (entry.by is None or person is None or entry.by == person)
        and any(abs(entry.at - at) <= SAME for at in (work.happened_at, work.recorded_at))
        for entry in ours.lead.record
    )


def is_known(work: Work, ours: OurSide) -> bool:
    """Whether a step of no later instant was told already, so that this one repairs nothing."""
    handover = ours.handover
    if handover is None:
        return True
    known = (handover.followed_up_at, *(offer.followed_up_at for offer in handover.offers))
    return any(at is not None and at <= work.happened_at for at in known)


End = Literal["won", "lost", "returned", "rejected"]
_ENDS: dict[End, Kind] = {
    "won": Kind.SALES_WON,
    "lost": Kind.SALES_LOST,
    "returned": Kind.SALES_RETURNED,
    "rejected": Kind.SALES_REJECTED,
}
_TELLS: dict[Kind, Meaning] = {Kind.SALES_ACCEPTED: "accepted", **{kind: end for end, kind in _ENDS.items()}}


def _end(seen: Sighting, meaning: Meaning | None) -> End | None:
    match meaning:
        case "returned" | "won" | "lost" | "rejected":
            return meaning
        case "offered" | "accepted" | None:
            return seen.outcome
        case _:
            assert_never(meaning)


def is_repair(fact: Parsed) -> bool:
    """Whether a webhook should have brought it; an id that a record has from now on is none's to bring."""
    return fact.kind is not Kind.CRM_LINKED


def _linking(seen: Sighting, ours: OurSide, words: Words) -> Iterator[Parsed]:
    """The id that the opportunity has since somebody made another kind of record of it, where our side does not know it."""
    handover = ours.handover
    if seen.was is None or handover is None or any(known.id == seen.vendor_id for known in handover.references):
        return
    yield Parsed(
        kind=Kind.CRM_LINKED,
        occurred_at=seen.changed_at,
        references=(_reference(words, "deal", seen.vendor_id),),
        handover_id=ours.handover_id,
        dedupe_key=f"id:{words.target}/opportunity/{seen.vendor_id}/linked",
    )


def _ending(seen: Sighting, ours: OurSide, words: Words, end: End) -> Iterator[Parsed]:
    handover = ours.handover
    if handover is None or handover.outcome == end:
        return
    if handover.closed_at is not None and (
        end in ("returned", "rejected") or (end == "lost" and handover.outcome != "won")
    ):
        return
    fact = _fact(seen, ours, words, kind=_ENDS[end], value=end, change=seen.stage_change)
    yield fact.but(reason=seen.reason)


def _actor(changed_by: str | None, words: Words) -> Actor:
    """The person who wrote last; nobody where that was us."""
    is_person = changed_by is not None and changed_by != words.our_user
    return Actor(kind="person", reference=changed_by) if is_person else Actor()


def _fact(seen: Sighting, ours: OurSide, words: Words, *, kind: Kind, value: str, change: Change) -> Parsed:
    return Parsed(
        kind=kind,
        occurred_at=change.at,
        references=(_reference(words, "deal", seen.vendor_id),),
        handover_id=ours.handover_id,
        actor=_actor(change.by, words),
        dedupe_key=f"id:{words.target}/opportunity/{seen.vendor_id}/{value}/{change.at.isoformat()}",
    )


def _reference(words: Words, what: Literal["deal", "activity"], ident: str) -> Reference:
    return Reference(system=words.system, account=words.account, object=what, id=ident)
