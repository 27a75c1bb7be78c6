"""A secret that a sender writes into its JSON: looked for in the text, so that a stranger's mebibyte is not read for it."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

LONGEST_ESCAPE = 6
"""Characters of `\\u00e5`, the longest way to write one byte of a text."""
MOST = 1000
"""Members of one name. Whoever guesses has no more guesses in one body."""


def may_hold(body: bytes, name: str, secrets: Sequence[str]) -> bool | None:
    """Whether one of the secrets is the value of some member of this name, at any depth; None where no member of this name is a
    text. Takes a fraction of the time of reading the body. Raises ValueError for what cannot be JSON, as far as it looked,
    and for more members of this name than may be."""
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    wanted = [secret.encode() for secret in secrets]
    longest = LONGEST_ESCAPE * max(map(len, wanted), default=0)
    texts = list(islice(_texts_of(text, name), MOST + 1))
    if len(texts) > MOST:
        raise ValueError(f"more than {MOST} members {name}")
    # All are compared, so that the time tells nothing of which it was.
    results = [_is_one_of(written, wanted, longest) for written in texts]
    return any(results) if results else None


def _texts_of(text: str, name: str) -> Iterator[str]:
    """The values that are texts of all members of this name, as they are written."""
    return (match[1] for match in _member(name).finditer(text))


def _is_one_of(written: str, wanted: Sequence[bytes], longest: int) -> bool:
    """What is longer than a secret can be written is none; its length is no secret."""
    if len(written) > longest:
        return False
    value = json.loads(f'"{written}"') if "\\" in written else written
    candidate = value.encode("utf-8", "replace")
    return any([hmac.compare_digest(candidate, secret) for secret in wanted])


@lru_cache(maxsize=64)
def _member(name: str) -> re.Pattern[str]:
    names = "|".join(re.escape(json.dumps(name, ensure_ascii=is_ascii)) for is_ascii in (True, False))
    return re.compile(rf'(?:{names})[ \t\n\r]*+:[ \t\n\r]*+"((?:[^"\\]++|\\.)*+)"')
