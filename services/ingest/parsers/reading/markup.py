"""Text as people read it: entities of HTML decoded, markup removed. Once: what somebody wrote about markup stays.

Characters that nobody can see and that steer a terminal or turn the order of letters go first, for what is kept is later
shown to people: on a terminal, in a chat, in a CRM."""

from __future__ import annotations

import html
import re

from schemas.json_values import JsonValue
from services.ingest.parsers.reading.by_names import Names, cache_by_names, names_of

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
"""Only with its semicolon: `?a=1&copy=2` is part of an address."""
_BREAKING = r"p|div|br|hr|li|ul|ol|tr|table|tbody|thead|h[1-6]|blockquote|pre|section|article|header|footer|dd|dt|dl"
_INLINE = (
    r"a|abbr|b|big|body|button|center|code|del|em|font|form|head|html|i|iframe|img|input|ins|kbd|label|link|mark|meta|option|"
    r"picture|q|s|select|small|source|span|strike|strong|sub|sup|svg|td|textarea|th|time|tt|u|video|wbr"
)
_HIDDEN = re.compile(r"<(script|style)\b|<!--", re.IGNORECASE)
_ENDS = {
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
    "": re.compile("-->"),
}
"""What is no text for readers, with its content."""
_BREAK = re.compile(rf"</?(?:{_BREAKING})(?:\s[^<>]{{0,2000}})?/?>", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:{_INLINE}|script|style)(?:\s[^<>]{{0,2000}})?/?>", re.IGNORECASE)
_STEERING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line ends, and what turns the direction of text."""
_LINE_ENDS = frozenset("\x0b\x0c\x85\u2028\u2029")
_GAPS = re.compile(r"[ \t\u00a0]+")
_LINES = re.compile(r" ?\n(?: ?\n){2,}")


def is_plain(value: str) -> bool:
    """Whether it has neither entities nor markup nor what steers, as most texts have none."""
    return value.isprintable() and "&" not in value and ("<" not in value or ">" not in value)


def readable(value: str) -> str:
    """The text without markup and without what steers, trimmed; the same text where it has none. Elements of HTML are known
    by their names, so that `Anna <anna@firm.example>` and `a < b` stay."""
    if is_plain(value):
        return value
    if "&" in value:
        value = _ENTITY.sub(lambda match: html.unescape(match[0]).replace("\u00a0", " "), value)
    value = without_steering(value)
    if "<" not in value or ">" not in value:
        return value
    bare = _TAG.sub("", _BREAK.sub("\n", _without_hidden(value)))
    if bare == value:
        return value
    return _LINES.sub("\n\n", _GAPS.sub(" ", bare)).strip()


def without_steering(value: str) -> str:
    """The text without control characters but tab and line ends, and without what turns its direction."""
    if value.isprintable():
        # What steers is not printable: most texts need no second look.
        return value
    return _STEERING.sub(lambda match: "\n" if match[0] in _LINE_ENDS else "", value)


def _without_hidden(value: str) -> str:
    """In one pass: what is never closed stays, and nothing after it is looked at."""
    kept: list[str] = []
    at = 0
    while (begin := _HIDDEN.search(value, at)) is not None:
        end = _ENDS[(begin[1] or "").lower()].search(value, begin.end())
        if end is None:
            break
        kept.append(value[at : begin.start()])
        at = end.end()
    return "".join((*kept, value[at:])) if at else value


@cache_by_names
def _are_plain(names: Names) -> bool:
    return all(type(name) is str and is_plain(name) for name in names)


def is_readable(value: JsonValue) -> bool:
    """Whether an answer is as people read it already, as nearly always; nothing is made to find out. False is no answer: what is deep
    has to be read."""
    if type(value) is str:
        return is_plain(value)
    if type(value) is not dict:
        return value is None or type(value) in (bool, int, float)
    if not _are_plain(names_of(value)):
        return False
    for item in value.values():
        kind = type(item)
        if kind is str:
            if not is_plain(item):
                return False
        elif kind is dict or kind is list:
            return False
    return True


def readable_answer(value: JsonValue, depth: int = 0) -> JsonValue:
    """An answer with every text in it readable, the names in an object too."""
    if isinstance(value, str):
        return readable(value)
    if depth > 8:
        return value
    if isinstance(value, list):
        return [readable_answer(item, depth + 1) for item in value]
    if isinstance(value, dict):
        names = names_of(value)
        plain = names if _are_plain(names) else [readable(str(name)) for name in names]
        texts = [
            item if type(item) is str and is_plain(item) else readable_answer(item, depth + 1)
            for item in value.values()
        ]
        return dict(zip(plain, texts, strict=True))
    return value
