"""The columns that nearly every table is made of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Text


def text_column(name: str, *, null: bool = False) -> Column[str]:
    """A text of any length."""
    return Column(name, Text, nullable=null)


def whole_column(name: str, *, null: bool = False) -> Column[int]:
    """A whole number of 64 bits; instants are such, in microseconds."""
    return Column(name, BigInteger, nullable=null)
