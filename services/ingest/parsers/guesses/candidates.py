"""Addresses in a body whose fields do not say whose they are: the only one of a request is its sender's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from schemas.json_values import JsonObject, JsonValue
from services.ingest.parsers.guesses.tree import is_another_side
from services.ingest.parsers.reading.addresses import addresses_in, named_address, normal_address
from services.ingest.parsers.reading.bodies import read_embedded_json
from services.ingest.parsers.reading.naming import is_anothers, is_id_of_a_thing, is_secret, label
from services.ingest.parsers.reading.plain import single_line
from services.ingest.parsers.reading.tables import word_set

MAX_LEAVES = 5000
LONGEST = 400
"""Characters of an answer that is an address and nothing else."""
MOST_NAMED = 5
"""Fields that a reason names."""
_SIGNS = ("@", "%40", "(at)", "[at]", "\uff20", "&#64;")
_HOLDERS = frozenset(["value", "values", "answer", "answers", "content", "text", "raw_value", "string_value"])
"""Keys of an answer that say nothing of the question."""
_NOT_LOOKED_AT = word_set("""
    headers request cookies settings config schema to cc bcc reply_to recipient recipients notify notifications
    action_metadata source_metadata audit audit_log
""")
"""Keys behind which no request has its sender's address: how the form is set up, and who it is sent to."""


class Candidate(NamedTuple):
    """An answer that is an address and nothing else, the name it stands under, and the object that it stands in."""

    name: str
    written: str
    row: Mapping[str, JsonValue] = {}


class _Leaf(NamedTuple):
    """A value, its key and the leaf whose value it is in: names are looked at only on the way to an address."""

    key: str
    value: JsonValue
    inside: _Leaf | None


def candidates_in(tree: JsonValue) -> list[Candidate]:
    """One for each address, in the order of the body; our own people's and recipients' are none, nor is an address in a text."""
    candidates: dict[str | None, Candidate] = {}
    for leaf in _leaves(tree):
        alone = named_address(leaf.value)[1]
        if " " in single_line(alone) or len(addresses_in(alone)) != 1 or _is_anothers(leaf):
            continue
        row = leaf.inside.value if leaf.inside is not None and isinstance(leaf.inside.value, dict) else {}
        candidates.setdefault(normal_address(alone), Candidate(_name(leaf), leaf.value, row))
    return list(candidates.values())


def several(candidates: Sequence[Candidate]) -> str:
    """Why nobody is taken: the fields, never the addresses."""
    names = ", ".join(f"`{candidate.name[:60]}`" for candidate in candidates[:MOST_NAMED])
    return f"{len(candidates)} e-mail addresses, and no name tells whose: {names}; map one to `email`"


def _leaves(tree: JsonValue) -> Iterator[_Leaf]:
    """Every text that may be an address."""
    todo = [_Leaf("", tree, None)]
    for _ in range(MAX_LEAVES):
        if not todo:
            return
        leaf = todo.pop()
        value = read_embedded_json(leaf.value)
        if isinstance(value, str):
            if len(value) <= LONGEST and any(sign in value for sign in _SIGNS):
                yield leaf
        elif isinstance(value, list):
            todo.extend(_Leaf("", inner, leaf._replace(value=value)) for inner in reversed(value))
        elif isinstance(value, dict):
            within = leaf._replace(value=value)
            todo.extend(_Leaf(str(key), inner, within) for key, inner in reversed(value.items()))


def _way(leaf: _Leaf) -> Iterator[_Leaf]:
    """The leaf and all that it is in, which has a key."""
    at: _Leaf | None = leaf
    while at is not None:
        if at.key:
            yield at
        at = at.inside


def _is_anothers(leaf: _Leaf) -> bool:
    """Whether a key on the way says that the address is ours, a recipient's or somebody else's."""
    own = next(_way(leaf), leaf)
    if is_anothers(own.key) or is_secret(own.key) or is_id_of_a_thing(own.key):
        return True
    return any(label(at.key) in _NOT_LOOKED_AT or is_another_side(label(at.key), at.value) for at in _way(leaf))


def _name(leaf: _Leaf) -> str:
    """The answer's own name, or the title of the row that it stands in."""
    for at in _way(leaf):
        if label(at.key) not in _HOLDERS:
            return at.key
        row = at.inside.value if at.inside is not None else None
        if isinstance(row, dict) and (title := _title(row)) is not None:
            return title
    return leaf.key


def _title(row: JsonObject) -> str | None:
    """What an answer's row calls its question."""
    held = {label(str(key)): value for key, value in row.items()}
    return next(
        (title for key in ("label", "title", "name", "question") if isinstance(title := held.get(key), str) and title),
        None,
    )
