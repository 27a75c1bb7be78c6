"""The fields of a form as they were posted: urlencoded, multipart or JSON, in whatever characters the page was written."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from schemas.json_values import JsonObject, JsonValue
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.charsets import charset_of, decode_field, python_charset, to_utf8
from services.ingest.parsers.reading.multipart import pairs_of
from services.ingest.parsers.reading.safely import as_object, read_json

MAX_FIELDS = 2000


def fields_of(body: bytes, content_type: str) -> JsonObject:
    """The form's fields by the sender's names; a name given twice keeps all its values. Raises Unreadable."""
    kind = content_type.partition(";")[0].strip().casefold()
    if kind == "multipart/form-data":
        return _fields_of_pairs(pairs_of(body, content_type))
    if looks_like_json(body, content_type):
        try:
            whole = unwrap_json(read_json(to_utf8(body, content_type)))
        except UnicodeDecodeError:
            raise Unreadable(f"not {charset_of(content_type).upper()}") from None
        if isinstance(whole, list):
            return _fields_of_pairs(_serialized_pairs(whole)) if _is_serialized(whole) else _form_in_list(whole)
        return as_object(whole)
    return _fields_of_pairs(_urlencoded_pairs(body, charset_of(content_type)))


_BLANK = b" \t\r\n\xef\xbb\xbf"


def looks_like_json(body: bytes, content_type: str) -> bool:
    """Declared as JSON; or, whatever else is declared but multipart, it begins and ends as an object or a list does. `[a]=b` is
    a form."""
    kind = content_type.partition(";")[0].strip().casefold()
    if kind.endswith("json"):
        return True
    ends = body.strip(_BLANK)
    if kind in ("", "text/plain", "application/octet-stream"):
        return ends[:1] in (b"{", b"[")
    return kind != "multipart/form-data" and (ends[:1] + ends[-1:]) in (b"{}", b"[]")


def unwrap_json(whole: JsonValue) -> JsonValue:
    """What was meant, where JSON was written as a text of JSON once more, or twice. Raises Unreadable."""
    for _ in range(MAX_WRAPPINGS):
        if not isinstance(whole, str) or whole.strip()[:1] not in ("{", "[", '"'):
            return whole
        whole = read_json(whole.encode("utf-8", "replace"))
    return whole


MAX_WRAPPINGS = 3


def _form_in_list(whole: list[JsonValue]) -> JsonObject:
    """A form's answers in a list of rows, or the one form in a list. Raises Unreadable."""
    if len(whole) == 1 and isinstance(whole[0], dict) and len(whole[0]) > 6:
        return whole[0]
    if whole and all(isinstance(row, dict) for row in whole):
        return {"answers": whole}
    return as_object(whole)


def words_of(fields: JsonValue, body: bytes, content_type: str) -> bytes:
    """What tells whether two bodies say the same: a browser parts each multipart post by another boundary."""
    divided = content_type.partition(";")[0].strip().casefold() == "multipart/form-data"
    return repr(fields).encode("utf-8", "replace") if divided else body


def _urlencoded_pairs(body: bytes, charset: str) -> list[tuple[str, str]]:
    """Byte by byte first, then each name and value in its characters: browsers name no charset in a form's content type, and
    a page may be written in another than UTF-8. A form may name its own in a field, `_charset_`. Raises Unreadable."""
    line = body.decode("latin-1")
    if (named := re.search(r"(?:^|&)_charset_=([\w.:-]{1,40})", line)) is not None:
        charset = python_charset(named[1])
    try:
        pairs = parse_qsl(
            line, keep_blank_values=True, strict_parsing=True, encoding="latin-1", max_num_fields=MAX_FIELDS
        )
        return [(_characters(name, charset), _characters(value, charset)) for name, value in pairs]
    except UnicodeDecodeError:
        raise Unreadable(f"not {charset.upper()}") from None
    except ValueError:
        raise Unreadable("not an urlencoded form") from None


def _characters(value: str, charset: str) -> str:
    return value if value.isascii() and charset == "utf-8" else decode_field(value.encode("latin-1"), charset)


def _is_serialized(whole: JsonValue) -> bool:
    """`[{name, value}, ...]`, as jQuery's `serializeArray` gives a form."""
    return (
        isinstance(whole, list)
        and bool(whole)
        and all(isinstance(row, dict) and row.keys() == {"name", "value"} for row in whole)
    )


def _serialized_pairs(whole: list[JsonObject]) -> list[tuple[str, JsonValue]]:
    return [(str(row["name"]), row["value"]) for row in whole]


def _fields_of_pairs(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    fields: JsonObject = {}
    for name, value in pairs:
        if name in fields:
            held = fields[name]
            fields[name] = [*held, value] if isinstance(held, list) else [held, value]
        else:
            fields[name] = value
    return fields
