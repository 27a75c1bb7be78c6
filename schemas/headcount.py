"""How many work somewhere, as forms, CRMs and registers write it: a number, a range, or words around one."""

from __future__ import annotations

import re
from functools import lru_cache

_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0\u202f.,'’](?=\d{3}(?!\d))")
"""`1 200`, `1.200`, `1,200` and `1'200` are one number."""
_NUMBER = re.compile(r"\d+")
_KILO = re.compile(r"(\d{1,3}) ?k\b", re.IGNORECASE)
_JOINED = re.compile(r"(?<=\d)_(?=\d)")
_PLAIN = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
"""A number or a range as most are written."""
_SPREADSHEET = re.compile(r"(\d{1,9})\.0+")
_MONTH = r"(?:jan|feb|mar|apr|ma[jy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]{0,6}"
_DATE = re.compile(rf"\b{_MONTH}[-/. ]+\d|\d[-/. ]+{_MONTH}\b|\d{{4}}-\d\d-\d\d")
"""What a spreadsheet makes of a range: `Nov-50`, `2-jan`."""
_BELOW = re.compile(
    r"<|\b(?:under|below|less than|fewer than|up to|at most|max(?:imum)?|färre än|mindre än|upp till|högst|færre enn|færre end|mindre enn|"
    r"opptil|op til|weniger als|unter|bis zu|höchstens|moins de|jusqu'à|jusqu’à|menos de|hasta|minder dan|tot|alle|enintään|meno di|fino a|"
    r"mniej niż|do)\b",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"\b(?:self[- ]?employed|just me|only me|solo|egenföretagare|enmansföretag|freelancer?)\b", re.IGNORECASE
)
LONGEST = 60
"""Characters: what is longer is a sentence, not a size."""
_MOST = 10_000_000


def lower_end(value: object) -> int | None:
    """The number, or the lower end of a range: 50 of `50-249`, 1200 of `1 200+`, 120 of `ca 120`, 1 of `<10`, `1-10` or
    `self-employed`. None for what is no size: words, a negative number, a date that a spreadsheet made of a range."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value) if value == value and 0 <= value <= _MOST and float(value).is_integer() else None
    text = str(value).strip()
    return _read(text) if 0 < len(text) <= LONGEST else None


@lru_cache(maxsize=256)
def _read(text: str) -> int | None:
    """Of one event a size is asked for several times, and of all events there are few."""
    if bare := _PLAIN.fullmatch(text):
        lower, upper = int(bare[1]), bare[2]
        return lower if upper is None or lower < int(upper) else None
    if whole := _SPREADSHEET.fullmatch(text):
        return int(whole[1])
    if _ALONE.search(text):
        return 1
    plain = _KILO.sub(r"\g<1>000", _THOUSANDS.sub("", _JOINED.sub("-", text).replace("_", " ")))
    numbers = [int(digits) for digits in _NUMBER.findall(plain) if len(digits) < 10]
    if not 1 <= len(numbers) <= 2 or len(_NUMBER.findall(plain)) != len(numbers) or _is_no_size(plain):
        return None
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        return None
    if len(numbers) == 1 and _BELOW.search(plain):
        return 1 if numbers[0] else None
    return numbers[0] if numbers[0] <= _MOST else None


def _is_no_size(plain: str) -> bool:
    """A number below nothing, a fraction, an address, a date."""
    return (
        plain.startswith("-")
        or bool(re.search(r"\d[.,:]\d|[@%/€$]", plain))
        or _DATE.search(plain.casefold()) is not None
    )


def is_range(value: object) -> bool:
    """Whether the size was written as something else than the plain number."""
    return isinstance(value, str) and not re.fullmatch(r"\d{1,9}", value.strip()) and lower_end(value) is not None
