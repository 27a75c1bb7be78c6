"""What the answers of a CRM without a file of ours mean: by the sink's own rules first, then by what statuses mean nearly everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal, assert_never

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.http import Rule, Scalar
from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble, TroubleKind

Doing = Literal["ask", "make", "change"]
"""What the request was for: a question, a new record, or a change of one that is known."""
LONGEST_WAIT = timedelta(hours=1)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]{0,99}")
_MEANINGS: Mapping[int, TroubleKind] = {
    400: "refused_data",
    401: "refused_setup",
    402: "refused_setup",
    403: "refused_setup",
    405: "refused_setup",
    406: "refused_setup",
    408: "transient",
    415: "refused_setup",
    422: "refused_data",
    423: "locked",
    425: "transient",
    429: "throttled",
}
"""Statuses that mean the same whatever was asked."""


def value_at(body: JsonValue, place: str | None) -> JsonValue:
    """What stands there; all of it without a place, None where there is nothing."""
    for name in place.split(".") if place else ():
        if isinstance(body, dict):
            body = body.get(name)
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body


def nest(members: Mapping[str, JsonValue], place: str | None = None) -> JsonObject:
    """An object with these members, by their places; all of it under `place` where one is given."""
    whole: JsonObject = {}
    for name, value in members.items():
        *parents, last = (f"{place}.{name}" if place else name).split(".")
        inner = whole
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return whole


def body_of(reply: Reply) -> JsonValue:
    """The body as JSON; None where it has none."""
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return None
    return value


def judge_reply(reply: Reply, rules: Sequence[Rule], doing: Doing) -> None:
    """Nothing for an answer of success. Raises Trouble for all others, and for those that a rule says are trouble. Of the body come
    out names of fields only, and values that the rules have themselves."""
    body = body_of(reply)
    rule = next((rule for rule in rules if _fits(rule, reply.status, body)), None)
    if rule is not None:
        code = f"http_{reply.status}" + (f"_{rule.value}" if rule.value is not None else "")
        raise Trouble(rule.means, code, field=_name(value_at(body, rule.field)), wait=_wait(reply))
    if not 200 <= reply.status < 300:
        raise Trouble(_meaning(reply.status, doing), f"http_{reply.status}", wait=_wait(reply))


def _fits(rule: Rule, status: int, body: JsonValue) -> bool:
    if rule.status != status:
        return False
    if rule.member is None:
        return True
    found: JsonValue = value_at(body, rule.member)
    return bool(found) if rule.value is None else is_same(found, rule.value)


def is_same(found: JsonValue, value: Scalar) -> bool:
    """Equal, and both true or false where one is; a number and its text are the same."""
    if isinstance(found, bool) or isinstance(value, bool):
        return found is value
    return found is not None and str(found) == str(value)


def _meaning(status: int, doing: Doing) -> TroubleKind:
    if (known := _MEANINGS.get(status)) is not None:
        return known
    match doing:
        case "ask":
            return "transient" if status >= 500 else "refused_setup"
        case "make":
            # What failed after it was done is looked for before it is made again.
            return "unknown" if status >= 500 else "refused_data" if status == 409 else "refused_setup"
        case "change":
            kinds: dict[int, TroubleKind] = {404: "gone", 410: "gone", 409: "locked"}
            return "transient" if status >= 500 else kinds.get(status, "refused_setup")
        case _:
            assert_never(doing)


def _name(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _wait(reply: Reply) -> timedelta | None:
    text = reply.headers.get("retry-after", "")
    return min(timedelta(seconds=int(text)), LONGEST_WAIT) if text.isdecimal() and len(text) < 7 else None
