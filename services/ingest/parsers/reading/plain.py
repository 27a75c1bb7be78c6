"""Text without what nobody typed: invisible characters, odd blanks, full-width letters, the marks of programs around it."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
"""Zero-width characters, marks of direction (a phone copies them with a number), soft hyphens, byte order marks."""
_BLANKS = re.compile("[ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\t\r\n\f\v]+")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width ASCII, as Japanese and Chinese keyboards type it, `＠` among it."""


def without_invisible(written: str) -> str:
    """The text without characters that nobody sees."""
    return written if written.isascii() else _INVISIBLE.sub("", written)


def single_line(written: str) -> str:
    """One line of visible characters with single blanks, trimmed; full-width ASCII as ASCII."""
    if written.isascii() and written.isprintable() and "  " not in written:
        return written.strip()  # as most are that programs send
    if not written.isascii():
        written = unicodedata.normalize("NFC", without_invisible(written).translate(_WIDE))
    return _BLANKS.sub(" ", written).strip()
