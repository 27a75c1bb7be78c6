"""What the code around a value makes certain and its type does not say."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


class Impossible(RuntimeError):
    """What the code rules out has happened: a fault of ours, never of a sender."""


def certain(value: T | None, why: str) -> T:
    """The value, which is there. `why` it has to be. Raises Impossible where it is not."""
    if value is None:
        raise Impossible(f"there is nothing, though {why}")
    return value


def certainly(value: object, kind: type[T], why: str) -> T:
    """The value, which is of this kind. `why` it has to be. Raises Impossible where it is of another."""
    if not isinstance(value, kind):
        raise Impossible(f"it is a {type(value).__name__}, though {why}")
    return value
