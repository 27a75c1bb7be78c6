"""Numbers on the command line, refused in our words."""

from __future__ import annotations

import argparse

from schemas.validator_words import WHOLE


def whole_number(text: str) -> int:
    """A whole number. Raises ArgumentTypeError."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(WHOLE) from None
