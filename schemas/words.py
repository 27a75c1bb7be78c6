"""Small things that several files share: a name as people write it, the text of an expression, what a step of a ladder can do
(`Telling`, `Action`), reasons compared, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
NOT_QUALIFIED = "not_qualified"
"""The reason for a rejection that needs the criterion that failed."""
Side = Literal["marketing", "sales"]
TEAM_MANAGER = "team_manager"
"""Where a ladder names people: the manager of the person it is about, as the roster has it."""
Telling = Literal["notify", "escalate"]
"""Steps of a ladder that only tell people."""
Action = Literal[Telling, "reassign", "take_back"]
"""Everything that a step of a ladder can do."""
Expression = Annotated[str, Field(min_length=1, max_length=4000)]


LONGEST = 100
"""Characters of what somebody wrote that are compared with words of ours, which are all shorter."""


def one_or_more(value: object) -> object:
    """One text where a list of them may stand."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Name, ...], BeforeValidator(one_or_more, json_schema_input_type=Name | tuple[Name, ...])]
"""One name, or a list of them."""


def plain(reason: str) -> str:
    """Reasons are compared without regard to case, spaces, hyphens and underscores."""
    return " ".join(reason.casefold().replace("_", " ").replace("-", " ").split())


def reason_key(reason: str | None) -> str:
    """A reason as it is kept: `Not qualified`, `not-qualified` and `NOT_QUALIFIED` are all `not_qualified`. "" for none."""
    return plain(reason or "").replace(" ", "_")


def is_not_qualified(reason: str | None) -> bool:
    """Whether it is the reason that has to name the criterion that failed."""
    return reason_key(reason) == NOT_QUALIFIED


def probably(written: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` where one of `names` is near, else nothing."""
    near = get_close_matches(written[:LONGEST], list(names), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""
