"""Log lines: one JSON object each, or text for people. Personal data has no way in: extra fields pass by an allow-list,
of an exception only its class and places in our code are said, and what looks like an address or a number is struck out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Literal, TextIO, assert_never

from schemas.json_values import JsonObject

ALLOWED = frozenset(
    {
        "account_id",
        "action",
        "agreement",
        "attempt",
        "audience",
        "batch",
        "brand",
        "channel",
        "clock_id",
        "cluster",
        "code",
        "count",
        "dead_letter_id",
        "due_at",
        "duration_ms",
        "epoch",
        "error",
        "event_id",
        "field",
        "group",
        "handover_id",
        "holder",
        "kind",
        "lag",
        "lead_id",
        "limit",
        "method",
        "mode",
        "notification",
        "offset",
        "outcome",
        "partition",
        "pool",
        "position",
        "problems",
        "reason",
        "request_id",
        "role",
        "server",
        "signal_id",
        "sink",
        "state",
        "table",
        "subscription",
        "size",
        "source",
        "status",
        "topic",
        "verdict",
        "version",
    }
)
"""Names of extra fields: ids, counts, durations and words of ours."""
HIDDEN = "[hidden]"
_C = r"[^\s@<>\"'(),;:=]"
# Possessive, and begun only where a word begins: a long word without an @ is gone through once, not from each of its letters.
_EMAIL = re.compile(rf"(?<!{_C}){_C}++@(?={_C}+?\.{_C}){_C}++")
_PHONE = re.compile(r"(?<![\w.:-])(?:\+|00)\d[\d ()/.-]{5,18}\d(?![\w:-])|(?<![\w.:-])0\d[\d ()/-]{5,14}\d(?![\w:-])")
_FRAMES = 8
LONGEST_HEADER = 256
"""Characters of a header that are kept."""
LONGEST_PLACE = 300
"""Characters of a name or a value that are kept or logged."""
LONGEST_MESSAGE = 2000
"""Characters of a log line's message."""
_LONGEST_ADDRESS = 320
"""An address that begins within the limit is seen whole, so that no half of it stays."""


def scrub(text: str, limit: int | None = None) -> str:
    """Without what looks like an e-mail address or a telephone number. The last line of defence, not the first.

    `limit`: characters that are kept. The text is cut before it is searched, so what a stranger makes long costs nothing.
    """
    if limit is not None:
        text = text[: limit + _LONGEST_ADDRESS]
    return _PHONE.sub(HIDDEN, _EMAIL.sub(HIDDEN, text))[:limit]


def exception_fields(error: BaseException) -> JsonObject:
    """An exception without its message: drivers put values of rows into theirs. Causes are named in turn."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    said: JsonObject = {"class": type(error).__name__, "at": [f"{f.name}:{f.lineno}" for f in frames]}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        said["cause"] = type(cause).__name__
    return said


def fields(record: logging.LogRecord) -> JsonObject:
    """The line as an object."""
    said: JsonObject = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "message": scrub(record.getMessage(), LONGEST_MESSAGE),
    }
    for name in sorted(ALLOWED & vars(record).keys()):
        value = vars(record)[name]
        said[name] = (
            value if isinstance(value, bool | int | float) or value is None else scrub(str(value), LONGEST_PLACE)
        )
    if record.exc_info and record.exc_info[1] is not None:
        said["exception"] = exception_fields(record.exc_info[1])
    return said


class JsonFormatter(logging.Formatter):
    """One line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(fields(record), ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for people."""

    def format(self, record: logging.LogRecord) -> str:
        said = fields(record)
        head = f"{said.pop('time')} {said.pop('level'):7} {said.pop('logger')}: {said.pop('message')}"
        return " ".join([head, *(f"{name}={value}" for name, value in said.items())])


def ours(record: logging.LogRecord) -> bool:
    """Of libraries only what they warn of: below that drivers write down statements with their values."""
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] == "stafett"


def _formatter_of(form: Literal["json", "text"]) -> logging.Formatter:
    match form:
        case "json":
            return JsonFormatter()
        case "text":
            return TextFormatter()
        case _:
            assert_never(form)


def configure(
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"], form: Literal["json", "text"], stream: TextIO | None = None
) -> None:
    """Sends all log lines of the process to `stream` (standard error unless given). Libraries only warn."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter_of(form))
    handler.addFilter(ours)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Every attempt to reach a broker that is away is an "error" for aiokafka; we say ourselves what it means.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL if root.level > logging.DEBUG else logging.WARNING)
