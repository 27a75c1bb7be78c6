"""What CEL complains of, in our words, with its place in the expression; theirs list tokens of a grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from schemas.words import probably

_PLACE = re.compile(r"<input>:(\d+):(\d+): ?(.*)", re.DOTALL)
_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
_OVERLOAD = re.compile(r"no matching overload for '([^']+)' applied to '\(([^']*)\)'")
_END = "<EOF>"
_OPERATORS = {"and": "&&", "or": "||", "not": "!", "=": "==", "<>": "!=", "AND": "&&", "OR": "||", "NOT": "!"}
_KINDS = {
    "string": "text",
    "int": "a whole number",
    "uint": "a whole number",
    "double": "an amount",
    "bool": "yes or no",
    "google.protobuf.Timestamp": "an instant",
    "google.protobuf.Duration": "a duration",
    "null": "nothing",
    "dyn": "anything",
}
FEW = 12
"""Names that are all told where none is near."""
ENDS_EARLY = "the expression ends too early: a value, a quote or a bracket is missing"

AGREEMENT = "see the list at the top of `stafett agreement new`"
Forms = Callable[[str], str | None]
"""How a function of ours is called, None where it is none."""


def plain_complaint(
    message: str, text: str, names: Collection[str], forms: Forms | None = None, listed: str = AGREEMENT
) -> str:
    """CEL's first complaint about `text`; `names` are those that it may use, `listed` says where they are."""
    first = message.split("ERROR: ")[1] if "ERROR: " in message else message
    match = _PLACE.match(first)
    line, column, complaint = (match[1], match[2], match[3]) if match else ("1", "1", first)
    theirs = " ".join(complaint.split(" [INVALID_ARGUMENT]")[0].split(" | ")[0].split("\n")[0].split())
    at = f"at {line}:{column}: "
    if unknown := _UNDECLARED.search(theirs):
        whole = _whole_name(text, int(line), int(column)) or unknown[1]
        return f"{at}`{whole}` is not known{probably(whole, list(names)) or _names_hint(names, listed)}"
    if overload := _OVERLOAD.search(theirs):
        return at + _overload(overload[1], overload[2], forms)
    return at + _syntax(theirs)


def _names_hint(names: Collection[str], listed: str) -> str:
    if len(names) > FEW:
        return f"; {listed}"
    return f"; there are {', '.join(sorted(names))}"


def _overload(function: str, operands: str, forms: Forms | None) -> str:
    sign = function.strip("_@")
    kinds = ", ".join(_KINDS.get(kind, kind) for kind in re.split(r", (?![^(]*\))", operands))
    rule = f"`{sign}` does not go with ({kinds})"
    if forms is not None and (form := forms(function)):
        return f"{rule}; say {form}"
    if "double" in operands and "int" in operands:
        return f"{rule}; write a whole number as 1 and an amount as 1.0"
    return rule


def _syntax(theirs: str) -> str:
    complaint = theirs.removeprefix("Syntax error: ")
    if token := _text_in_quotes(complaint, "token recognition error at: "):
        word = token.strip()
        if word[:1] in ("'", '"') and len(word) > 1:
            return f"the quote that begins {word} does not end, or a `\\` in it is none of CEL's"
        return f"`{word}` cannot be read here{_operator_hint(word)}"
    if lacking := _text_in_quotes(complaint, "missing "):
        sign, _, place = lacking.partition("' at '")
        return f"`{sign}` is missing " + ("at the end" if place == _END else f"before `{place}`")
    if extra := _text_in_quotes(complaint.partition(" expecting ")[0], "input "):
        return ENDS_EARLY if extra == _END else f"`{extra}` does not fit here{_operator_hint(extra)}"
    return complaint


def _text_in_quotes(text: str, before: str) -> str:
    """What stands between the quote after `before` and the one at the end; '' where none does. It may hold quotes itself."""
    _, quote, quoted = text.partition(f"{before}'")
    return quoted.removesuffix("'") if quote else ""


def _operator_hint(word: str) -> str:
    return f"; write `{_OPERATORS[word]}`" if word in _OPERATORS else ""


def _whole_name(text: str, line: int, column: int) -> str | None:
    """CEL points at the last dot of a dotted name: the name that stands there, as it was written."""
    rows = text.split("\n")
    if line > len(rows):
        return None
    row = rows[line - 1]
    names = [m for m in re.finditer(r"[A-Za-z_][\w.]*", row) if m.start() <= column <= m.end()]
    return names[0][0] if names else None
