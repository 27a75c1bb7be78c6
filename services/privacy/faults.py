"""Why a signal is set aside, in words without personal data."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """Why a signal cannot be committed; `refused` where the store refuses its texts."""

    reason: str
    error_class: str
    refused: bool = False


def place_of(error: Exception) -> str:
    """The class and the place of an error; its message may hold personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace is not None else "?"
    return f"{type(error).__name__} at {place}"
