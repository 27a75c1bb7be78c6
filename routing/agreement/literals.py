"""What CEL's type checker cannot see in an expression: words that a fact can never be, and how many are counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, get_args

from schemas.events import STAGES, Track
from schemas.signals import Kind
from schemas.words import probably

WORDS: Mapping[str, tuple[str, ...]] = {
    "signal.kind": tuple(kind.value for kind in Kind),
    "lead.stage": STAGES,
    "lead.track": (*get_args(Track), ""),
}
"""All that a fact can be, whatever the agreement says."""
_TOKEN = re.compile(
    r"""//[^\n]*|[rR]?(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|[A-Za-z_][\w.]*|\d+(?:\.\d+)?|"""
    r"""[=!<>]=|&&|\|\||\S""",
    re.DOTALL,
)
_ENDS = frozenset({"&&", "||", "?", ":", "!"})
_QUOTES = "'\""


class _Token(NamedTuple):
    text: str
    offset: int

    @property
    def word(self) -> str | None:
        """What stands in quotes; None for anything else."""
        return self.text[1:-1] if self.text[0] in _QUOTES else None


def misfits(text: str, words: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """A rule for each word that a fact of `words` is compared with and can never be, with its place and the likely one."""
    for name, token in _comparisons(tokens_of(text)):
        allowed = [word for word in words.get(name, ()) if word]
        word = token.word or ""
        if name in words and word not in words[name]:
            hint = probably(word, allowed) or f"; there are {', '.join(sorted(allowed))}"
            yield f"{_place(text, token.offset)}: `{name}` is never '{word}'{hint}"


def most_counted(text: str) -> int:
    """The greatest number that stands in one comparison with a `count(...)`; 0 where there is none."""
    tokens, most = tokens_of(text), 0
    for part in parts_of(tokens):
        if any(token.text == "count" for token in part):
            most = max([most, *(int(token.text) for token in part if token.text.isdecimal())])
    return most


def tokens_of(text: str) -> list[_Token]:
    return [_Token(m[0], m.start()) for m in _TOKEN.finditer(text) if not m[0].startswith("//")]


def parts_of(tokens: list[_Token]) -> Iterator[list[_Token]]:
    """What stands between `&&`, `||` and the like; brackets do not matter for it."""
    part: list[_Token] = []
    for token in tokens:
        if token.text in _ENDS:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _comparisons(tokens: list[_Token]) -> Iterator[tuple[str, _Token]]:
    """(fact, word in quotes) of `fact == 'word'`, `'word' == fact` and `fact in ['word', ...]`."""
    for i, token in enumerate(tokens[1:-1], 1):
        before, after = tokens[i - 1], tokens[i + 1]
        if token.text in ("==", "!="):
            for fact, other in ((before, after), (after, before)):
                if other.word is not None:
                    yield fact.text, other
        elif token.text == "in" and after.text == "[":
            for other in tokens[i + 2 :]:
                if other.text == "]":
                    break
                if other.word is not None:
                    yield before.text, other


def _place(text: str, offset: int) -> str:
    return f"at {text.count(chr(10), 0, offset) + 1}:{offset - text.rfind(chr(10), 0, offset)}"
