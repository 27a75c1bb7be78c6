"""Whether a hand-over may move to a stage, given where sales has taken it."""

from __future__ import annotations

from typing import assert_never

from schemas.sinks.base import HandoverStage, Stages


def may_move(
    stages: Stages, at: str | None, *, is_closed: bool, to: HandoverStage, is_told_there: bool = False
) -> bool:
    """Never out of a closed opportunity, and never back from a stage that is sales' own. `at` is the vendor's id of the stage it is
    in, None for none. A new offer and a return may follow on any stage of ours; an acceptance only on an offer or a return;
    what was won or lost may follow on all that is open, unless it was told there (`is_told_there`): then a stage of sales' own says so
    already."""
    if is_closed:
        return False
    meaning = stages.meaning(at)
    is_ours = at is None or meaning is not None
    match to:
        case "offered" | "returned":
            return is_ours
        case "accepted":
            return is_ours and meaning in (None, "offered", "returned")
        case "won" | "lost":
            return is_ours or not is_told_there
        case _:
            assert_never(to)
