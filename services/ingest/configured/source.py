"""A source with its secrets in hand."""

from __future__ import annotations

from typing import NamedTuple

from schemas.sources import Source


class Configured(NamedTuple):
    """`secrets` prove deliveries; `words` are those that a sender says when it first calls, and prove nothing else."""

    source: Source
    secrets: tuple[str, ...]
    words: tuple[str, ...] = ()
