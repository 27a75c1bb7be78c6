"""When time alone can change the answer of an expression: the instants at which it has to be asked again.

An expression may compare `now`, less or more a written duration, with a time of the lead; count within a written window; and ask
for points, which fade. Between the instants found here its answer stays as it is. A shape of which nobody can tell when it turns
is refused before it rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from routing.agreement.expressions import ENV, SCORES, Expression
from routing.agreement.literals import parts_of, tokens_of
from routing.agreement.scoring import CompiledIntent, Standards
from routing.model.records import Lead

Way = Literal["up", "down"]
"""In which direction a figure has to move for a comparison to become true."""
_TIMES = frozenset({"lead.created_at", "lead.stage_since"})
_COMPARE: dict[str, tuple[Way, ...]] = {">": ("up",), ">=": ("up",), "<": ("down",), "<=": ("down",)}
_FADING = SCORES - {"fit"}
_OTHER: dict[Way, Way] = {"up": "down", "down": "up"}
_BOTH: frozenset[Way] = frozenset({"up", "down"})
_AROUND_NOW = frozenset({"now", "+", "-", "(", ")", *_COMPARE})
_NO_SUM = frozenset({"-", "*", "/", "%"})
POINTS_ASKED = timedelta(days=1)
"""Points fade without a step: what asks for them is asked once a day as long as they move."""
_SPENT = 1e-6
"""Points that change no whole number any more."""


class Moment(NamedTuple):
    """`now` is compared with a time of the lead (`lead.stage_since`, `last:form.submitted`) or a written one, so much later or
    earlier."""

    time: str
    span: timedelta


class Fade(NamedTuple):
    """Points that have to move in these ways, beyond `bound` where one is written, for a comparison to become true."""

    ways: frozenset[Way]
    bound: int | None


class TimeChanges(NamedTuple):
    """What of an expression changes with time: moments, windows that signals leave (kind, length), and points that fade."""

    moments: frozenset[Moment] = frozenset()
    windows: frozenset[tuple[str, timedelta]] = frozenset()
    fades: frozenset[Fade] = frozenset()

    def __or__(self, other: object) -> TimeChanges:
        if not isinstance(other, TimeChanges):
            return NotImplemented
        return TimeChanges(self.moments | other.moments, self.windows | other.windows, self.fades | other.fades)


NEVER = TimeChanges()


class Unforeseen(Exception):
    """Nobody can tell when the answer turns with time."""


def time_changes(expression: Expression, standards: Standards) -> TimeChanges:
    """What it asks itself, and what the segments and the rules for points ask that it asks for. Raises Unforeseen."""
    changes = time_changes_in(expression.text)
    conditions = [standards.segments[name].when for name in sorted(expression.segments) if name in standards.segments]
    if not SCORES.isdisjoint(expression.calls):
        for rule in standards.fit:
            changes |= time_changes_in(rule.when.text)
            conditions += [
                standards.segments[name].when for name in sorted(rule.when.segments) if name in standards.segments
            ]
    for when in conditions:
        if when is not None:
            changes |= time_changes_in(when.text)
    return changes


@lru_cache(maxsize=2048)
def time_changes_in(text: str) -> TimeChanges:
    """Of the expression's own words. Raises Unforeseen."""
    words = [token.text for token in tokens_of(text)]
    turned = any(word in ("!", "?") for word in words)
    changes = NEVER
    for part in parts_of(tokens_of(text)):
        changes |= _part([token.text for token in part], turned)
    return changes


def is_foreseen(text: str) -> bool:
    """Whether it can be told when the answer of this expression turns with time."""
    try:
        time_changes_in(text)
    except Unforeseen:
        return False
    return True


def _part(words: list[str], turned: bool) -> TimeChanges:
    if any(word == "now" or word.startswith("now.") for word in words):
        return TimeChanges(moments=_moments(words))
    windows = frozenset(_windows(words, turned))
    fades = (
        frozenset([Fade(_ways(words, turned), _points_bound(words))]) if not _FADING.isdisjoint(words) else frozenset()
    )
    return TimeChanges(windows=windows, fades=fades)


def _moments(words: list[str]) -> frozenset[Moment]:
    """Raises Unforeseen."""
    times: list[str] = []
    spans: list[timedelta] = []
    at, nows, compared = 0, 0, 0
    while at < len(words):
        match words[at : at + 4]:
            case ["last", "(", kind, ")"] if _is_text(kind):
                times.append(f"last:{kind[1:-1]}")
                at += 4
            case ["duration", "(", length, ")"] if _is_text(length):
                spans.append(_value(f"duration({length})"))
                at += 4
            case ["timestamp", "(", written, ")"] if _is_text(written):
                times.append(_value(f"timestamp({written})").astimezone(UTC).isoformat())
                at += 4
            case [word, *_] if word in _TIMES:
                times.append(word)
                at += 1
            case [word, *_] if word in _AROUND_NOW:
                nows, compared = nows + (word == "now"), compared + (word in _COMPARE)
                at += 1
            case _:
                raise Unforeseen
    if nows != 1 or compared != 1 or len(times) != 1 or len(spans) > 1:
        raise Unforeseen
    span = spans[0] if spans else timedelta(0)
    return frozenset({Moment(times[0], span), Moment(times[0], -span)})


def _windows(words: list[str], turned: bool) -> Iterator[tuple[str, timedelta]]:
    """Windows of counts that can make the comparison true by falling. Raises Unforeseen."""
    if "count" not in words or "down" not in _ways(words, turned):
        return
    for at, word in enumerate(words):
        if word != "count":
            continue
        match words[at + 1 : at + 9]:
            case ["(", kind, ")", *_] if _is_text(kind):
                continue
            case ["(", kind, ",", "duration", "(", span, ")", ")"] if _is_text(kind) and _is_text(span):
                yield kind[1:-1], _value(f"duration({span})")
            case _:
                raise Unforeseen


def _ways(words: list[str], turned: bool) -> frozenset[Way]:
    """In which direction the figures of a comparison have to move for it to become true; both where that cannot be told."""
    compared = [at for at, word in enumerate(words) if word in _COMPARE]
    odd = turned or not _NO_SUM.isdisjoint(words) or any(word in ("==", "!=", "in") for word in words)
    if odd or len(compared) != 1:
        return _BOTH
    at = compared[0]
    left, right = ({"count", *SCORES} & set(side) for side in (words[:at], words[at:]))
    if left and right:
        return _BOTH
    ways = _COMPARE[words[at]]
    return frozenset(ways if left else [_OTHER[way] for way in ways])


def _points_bound(words: list[str]) -> int | None:
    """The number of `score() >= 80`; None where the comparison is less plain."""
    match words:
        case [_, "(", ")", compared, number] if compared in _COMPARE and number.isdecimal():
            return int(number)
        case _:
            return None


def _is_text(word: str) -> bool:
    return word[0] in "'\""


def _value(text: str) -> Any:
    """Raises Unforeseen for what CEL itself does not take."""
    try:
        return ENV.compile(text).eval(ENV.Activation({})).plain_value()
    except RuntimeError:
        raise Unforeseen from None


def next_change(changes: TimeChanges, lead: Lead, standards: Standards, after: datetime) -> datetime | None:
    """The first instant after this one at which the answer may be another one by time alone; None where there is none."""
    return min((at for at in _changes(changes, lead, standards, after) if at > after), default=None)


def _changes(changes: TimeChanges, lead: Lead, standards: Standards, after: datetime) -> Iterator[datetime]:
    for moment in changes.moments:
        time = _time(moment.time, lead)
        if time is not None:
            # One comparison turns at the instant, another just after it.
            yield from (time + moment.span, time + moment.span + timedelta.resolution)
    for kind, window in changes.windows:
        yield from (datetime.fromtimestamp(at, UTC) + window for at in lead.recent.get(kind, ()))
    if changes.fades and _may_points_matter(changes.fades, lead, standards, after):
        yield after + POINTS_ASKED


def _time(name: str, lead: Lead) -> datetime | None:
    if name == "lead.created_at":
        return lead.created_at
    if name == "lead.stage_since":
        return lead.stage_since
    if name.startswith("last:"):
        instants: Sequence[int] = lead.recent.get(name.removeprefix("last:"), ())
        return datetime.fromtimestamp(instants[-1], UTC) if instants else None
    return datetime.fromisoformat(name)


def _may_points_matter(fades: Iterable[Fade], lead: Lead, standards: Standards, after: datetime) -> bool:
    """Whether some points still move in a way, and as far, as to change an answer. What was given falls, what was taken comes back."""
    remaining = [_points_left(rule, lead, after.timestamp()) for rule in standards.intent]
    gains = math.fsum(max(0.0, points) for points in remaining)
    losses = math.fsum(min(0.0, points) for points in remaining)
    fits = [float(rule.rule.points) for rule in standards.fit]
    most = gains + math.fsum(max(0.0, points) for points in fits) + _SPENT
    least = losses + math.fsum(min(0.0, points) for points in fits) - 1
    return any(
        ("up" in fade.ways and losses < -_SPENT and (fade.bound is None or most >= fade.bound))
        or ("down" in fade.ways and gains > _SPENT and (fade.bound is None or least <= fade.bound))
        for fade in fades
    )


def _points_left(rule: CompiledIntent, lead: Lead, now: float) -> float:
    """Points of the rule that are left; at most as many as it may give in all."""
    instants = lead.recent.get(rule.on, ()) if rule.counted else lead.scored.get(rule.name, ())
    points = rule.points * math.fsum(2.0 ** (min(0.0, at - now) / rule.half_life) for at in instants)
    return points if rule.most is None else max(-rule.most, min(rule.most, points))
