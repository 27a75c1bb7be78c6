"""Somebody whose hand-over stands in a vendor's stand-in is erased: what is left of them there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tests.parts.vendors.server import Held
from tests.parts.vendors.storm import Storm
from tests.parts.vendors.touches import touch
from tests.sinks import event, offered

NAMES = ("Eva", "Ek", "eva@kund.example", "+46701112233", "pumps")
"""What names the person, or was said by them."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


async def check_erasure(
    running: Storm,
    held: Callable[[], Mapping[str, Held]],
    dump: Callable[[], str],
    clock: Callable[[], datetime] = wall_clock,
) -> None:
    """`dump`: everything that is there and not deleted, as one text. The sink says by `erased` what becomes of it; told again,
    nothing more does. `clock` is the stand-in's."""
    happened = offered()
    happened.data["personal"]["person"]["phone"] = "+46701112233"
    await running.begin([happened, touch(2, running, "web")])
    await running.carry_on()
    there = dump()
    assert "Eva" in there and "eva@kund.example" in there
    await lose_answers(running, clock())
    erased = event("lead.erased", 3, reason="asked")
    await running.add([erased])
    await running.carry_on(rounds=100)
    left = [name for name in NAMES if name in dump()]
    kept = {(one.kind, one.state) for one in await running.book.records(running.sink.target, "lead_1")}
    if running.sink.erased == "leave":
        assert "Eva" in dump() and ("contact", "present") in kept
        return
    assert left == [], f"{left} in {dump()}"
    assert {state for kind, state in kept if kind != "company"} == {"erased"}
    opportunities = held()
    if running.sink.erased == "delete":
        assert opportunities == {}
    else:
        (one,) = opportunities.values()
        assert one.notes == () and one.tasks == 0, "the deal stays, without what names somebody"
    await running.book.replay(running.sink.target, erased.id, running.now)
    await running.carry_on()
    assert [name for name in NAMES if name in dump()] == []


async def lose_answers(running: Storm, made_at: datetime) -> None:
    """As if the creates of some records had never been answered, which nothing but a look-up by our key finds then: of notes and tasks,
    or of the opportunity that they hang on where all is deleted; of the contact where its vendor says which came there at that time. A
    receiver that keeps our keys has no look-up."""
    if getattr(running.sink, "keeps_idempotency_key", False) or running.sink.erased == "leave":
        return
    kinds = ("opportunity",) if running.sink.erased == "delete" else ("note", "task")
    # Of a contact without an answer no opportunity is made, so that not both are lost.
    kinds += ("contact",) if running.retraces and running.sink.erased == "clear" else ()
    running.now = max(running.now, made_at)
    for record in await running.book.records(running.sink.target, "lead_1"):
        if record.kind in kinds:
            # A contact is looked for by when it was made there.
            sent_at = made_at if record.kind == "contact" else running.now
            await running.book.adopt(record._replace(state="making", vendor_id=None, sent_at=sent_at))
