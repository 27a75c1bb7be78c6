"""Errors of the pure core: one base; the class docstring is the default message."""

from __future__ import annotations


class RoutingError(Exception):
    """The core was asked for something that cannot be decided."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or " ".join((type(self).__doc__ or "").split()))


class BusinessTimeError(RoutingError):
    """An instant or an amount of business time makes no sense."""
