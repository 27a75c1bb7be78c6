"""How long something may take, as the agreement says it, in words."""

from __future__ import annotations

from typing import assert_never

from schemas.duration import TargetValue, parse_target
from services.console.language.reader import Reader


def target_text(target: str, reader: Reader) -> str:
    """`24h elapsed` is within 24 hours; working time is said to be that."""
    value = parse_target(target)
    match value.kind:
        case "elapsed":
            return reader.say("within %(length)s", length=reader.hours(value.amount.total_seconds()))
        case "business":
            return reader.say("within %(length)s of working time", length=reader.hours(value.amount.total_seconds()))
        case "business_days":
            return reader.plural("within %(n)s working day", "within %(n)s working days", value.days)
        case _:
            assert_never(value.kind)


def length_text(target: TargetValue, reader: Reader) -> str:
    """The same as a length: `24 h`, `2 h of working time`, `2 working days`."""
    match target.kind:
        case "elapsed":
            return reader.length(target.amount.total_seconds())
        case "business":
            return reader.say("%(length)s of working time", length=reader.hours(target.amount.total_seconds()))
        case "business_days":
            return reader.plural("%(n)s working day", "%(n)s working days", target.days)
        case _:
            assert_never(target.kind)
