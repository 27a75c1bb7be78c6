"""Expressions of the agreement as clauses: `count('form.submitted') >= 2` is "they filled in a form at least 2 times".

What people write in an agreement is read; an expression that goes beyond it is shown as it stands, whole, since half of it in words
could say something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from schemas.duration import parse_duration
from services.console.agreement.happenings import CALLS, FACTS, POINTS, YES_OR_NO, happening
from services.console.language.reader import Reader
from services.console.language.vocabulary import plain, stage_name
from services.console.language.words import mark

_TOKEN = re.compile(
    r"""\s*(?:(//[^\n]*)|('[^'\\\n]*'|"[^"\\\n]*"|-?\d+(?:\.\d+)?|[A-Za-z_][\w.]*|&&|\|\||[<>=!]=|[<>!()\[\],+]))"""
)
_DEEPEST = 20
_COMPARED = {
    "==": mark("%(what)s is %(value)s"),
    "!=": mark("%(what)s is not %(value)s"),
    ">=": mark("%(what)s is at least %(value)s"),
    ">": mark("%(what)s is more than %(value)s"),
    "<=": mark("%(what)s is at most %(value)s"),
    "<": mark("%(what)s is less than %(value)s"),
}
_TIMES = {
    "==": mark("exactly %(times)s"),
    "!=": mark("not %(times)s"),
    ">=": mark("at least %(times)s"),
    ">": mark("more than %(times)s"),
    "<=": mark("at most %(times)s"),
    "<": mark("less than %(times)s"),
}


class _Foreign(Exception):
    """The expression goes beyond what is read here."""


def condition_text(expression: str, reader: Reader) -> str:
    """A clause that follows "when"; what cannot be said in words stands in quotes as it was written."""
    try:
        return _Clause(_tokens(expression), reader).whole()
    except _Foreign:
        return reader.say("this holds: “%(expression)s”", expression=" ".join(expression.split()))


def is_always(expression: str) -> bool:
    """Whether it holds whatever happens: then there is no condition to tell."""
    return expression.strip() == "true"


def is_never(expression: str) -> bool:
    """Whether it never holds."""
    return expression.strip() == "false"


def _tokens(expression: str) -> list[str]:
    found, at, end = [], 0, len(expression.rstrip())
    while at < end:
        match = _TOKEN.match(expression, at)
        if match is None:
            raise _Foreign
        if match[2] is not None:
            found.append(match[2])
        at = match.end()
    return found


class _Clause:
    """Reads tokens from the left, and says each part as it goes."""

    def __init__(self, tokens: list[str], reader: Reader) -> None:
        self._left, self._reader, self._depth = tokens[::-1], reader, 0

    def whole(self) -> str:
        text = self._any_of()
        if self._left:
            raise _Foreign
        return text

    def _any_of(self) -> str:
        return self._join("||", mark("%(one)s, or %(other)s"), self._all_of)

    def _all_of(self) -> str:
        return self._join("&&", mark("%(one)s and %(other)s"), self._part)

    def _join(self, sign: str, words: str, part: Callable[[], str]) -> str:
        text = part()
        while self._is_next(sign):
            self._take(sign)
            text = self._reader.say(words, one=text, other=part())
        return text

    def _part(self) -> str:
        if not self._is_next("!") and not self._is_next("("):
            return self._statement()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Foreign
        text = self._negation() if self._is_next("!") else self._group()
        self._depth -= 1
        return text

    def _negation(self) -> str:
        self._take("!")
        return self._reader.say("not: %(what)s", what=self._part())

    def _group(self) -> str:
        self._take("(")
        text = self._any_of()
        self._take(")")
        return f"({text})"

    def _statement(self) -> str:
        word = self._take_word()
        if word[0] in "'\"":
            return self._tag(word[1:-1])
        if word == "count":
            return self._count()
        if word in CALLS:
            return self._reader.say(CALLS[word], name=plain(self._argument()))
        if word in YES_OR_NO and not (self._left and self._left[-1] in _COMPARED):
            return self._reader.say(YES_OR_NO[word])
        if word in POINTS:
            self._take("(")
            self._take(")")
            return self._reader.say(POINTS[word], points=self._often(self._points_text))
        if word in ("text", "number"):
            return self._comparison(plain(self._argument()))
        if word == "signal.kind":
            return self._kind()
        if word not in FACTS:
            raise _Foreign
        return self._comparison(self._reader.say(FACTS[word]), of_stage=word == "lead.stage")

    def _tag(self, tag: str) -> str:
        self._take("in")
        where = self._take_word()
        if where == "lead.tags":
            return self._reader.say("they have the tag “%(tag)s”", tag=tag)
        if where == "signal.tags":
            return self._reader.say("the tag is “%(tag)s”", tag=tag)
        raise _Foreign

    def _count(self) -> str:
        what, window = self._take_kind_to_count()
        while self._is_next("+"):
            self._take("+")
            self._take("count")
            other, other_window = self._take_kind_to_count()
            if other_window != window:
                raise _Foreign
            what = self._reader.say("%(one)s or %(other)s", one=what, other=other)
        often = self._often(self._times_text)
        if window is None:
            return self._reader.say("%(what)s %(often)s", what=what, often=often)
        length = self._reader.length(window.total_seconds())
        return self._reader.say("%(what)s %(often)s within %(length)s", what=what, often=often, length=length)

    def _take_kind_to_count(self) -> tuple[str, timedelta | None]:
        """What is counted, and within which time."""
        self._take("(")
        what, window = happening(self._take_quoted(), self._reader), None
        if self._is_next(","):
            self._take(",")
            self._take("duration")
            window = _length(self._argument())
        self._take(")")
        return what, window

    def _times_text(self, n: int) -> str:
        return self._reader.plural("once", "%(n)s times", n)

    def _points_text(self, n: int) -> str:
        return self._reader.plural("%(n)s point", "%(n)s points", n)

    def _often(self, text: Callable[[int], str]) -> str:
        """`at least 3 times`, of what is compared with a whole number."""
        sign, number = self._take_word(), self._take_word()
        if sign not in _TIMES or not re.fullmatch(r"-?\d+", number):
            raise _Foreign
        return self._reader.say(_TIMES[sign], times=text(int(number)))

    def _kind(self) -> str:
        self._take("==")
        return happening(self._take_quoted(), self._reader)

    def _comparison(self, what: str, of_stage: bool = False) -> str:
        sign = self._take_word()
        if sign == "in":
            values = [self._value(value, of_stage) for value in self._list()]
            return self._reader.say("%(what)s is one of %(values)s", what=what, values=", ".join(values))
        if sign not in _COMPARED:
            raise _Foreign
        return self._reader.say(_COMPARED[sign], what=what, value=self._value(self._take_word(), of_stage))

    def _value(self, word: str, of_stage: bool) -> str:
        if word[0] not in "'\"":
            if not re.fullmatch(r"-?\d+(?:\.\d+)?", word):
                raise _Foreign
            return word.removesuffix(".0")
        try:
            return stage_name(word[1:-1], self._reader) if of_stage else f"“{word[1:-1]}”"
        except KeyError:
            raise _Foreign from None

    def _list(self) -> list[str]:
        self._take("[")
        values = [self._take_word()]
        while self._is_next(","):
            self._take(",")
            values.append(self._take_word())
        self._take("]")
        return values

    def _argument(self) -> str:
        self._take("(")
        name = self._take_quoted()
        self._take(")")
        return name

    def _take_quoted(self) -> str:
        word = self._take_word()
        if word[0] not in "'\"":
            raise _Foreign
        return word[1:-1]

    def _is_next(self, token: str) -> bool:
        return bool(self._left) and self._left[-1] == token

    def _take(self, token: str) -> None:
        if not self._is_next(token):
            raise _Foreign
        self._left.pop()

    def _take_word(self) -> str:
        if not self._left:
            raise _Foreign
        return self._left.pop()


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError:
        raise _Foreign from None
