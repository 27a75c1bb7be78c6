"""Who a step of a ladder names: people of the roster, or the manager of the person it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schemas.words import TEAM_MANAGER


def named_people(names: Sequence[str], managers: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """Each person once, in the order in which they are named; `managers` stand where `team_manager` is said."""
    groups = [managers() if name == TEAM_MANAGER else (name,) for name in names]
    return tuple(dict.fromkeys(person for people in groups for person in people))
