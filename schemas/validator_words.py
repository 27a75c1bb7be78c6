"""What pydantic and PyYAML complain of, in our words. Theirs are for programmers ("Input should be a valid dictionary"), and
some hold the value that was written, which can be personal."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic_core.core_schema import ErrorType

TEXT = "must be text"
WHOLE = "must be a whole number, as 3"
NUMBER = "must be a number, as 3 or 3.5"
YES_NO = "must be true or false"
LIST = "must be a list"
OBJECT = "must be an object: keys with values"
EMPTY = "must be empty"
INSTANT = "must be an instant with its zone, as 2026-03-02T09:00:00Z"
DAY = "must be a date, as 2026-03-02"
TIME = "must be a time of day, as 09:30"
DURATION = "must be a duration, as PT8H"
URL = "must be an address, as https://example.com/path"
JSON = "is no JSON"
UUID = "must be a UUID, as 123e4567-e89b-12d3-a456-426614174000"
NESTED = "is nested too deeply"
FIXED = "cannot be changed"
MISSING = "is missing, and it is needed"
UNKNOWN_KEY = "unknown key"
OTHER = "is not of a kind that may stand here"

WORDS: Mapping[ErrorType, str] = {
    "no_such_attribute": OTHER,
    "json_invalid": JSON,
    "json_type": JSON,
    "needs_python_object": OTHER,
    "recursion_loop": NESTED,
    "recursion_depth_exceeded": NESTED,
    "missing": MISSING,
    "frozen_field": FIXED,
    "frozen_instance": FIXED,
    "extra_forbidden": UNKNOWN_KEY,
    "invalid_key": "must have keys that are text",
    "get_attribute_error": OTHER,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "dataclass_type": OBJECT,
    "dataclass_exact_type": OBJECT,
    "named_tuple_type": "must be a list or an object",
    "default_factory_not_called": "cannot be filled in, since another key is wrong",
    "none_required": EMPTY,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "finite_number": "must be a finite number",
    "too_short": "needs at least {min_length} (entry|entries)",
    "too_long": "may have at most {max_length} (entry|entries)",
    "iterable_type": LIST,
    "iteration_error": LIST,
    "string_type": TEXT,
    "string_unicode": "must be text in UTF-8",
    "string_too_short": "needs at least {min_length} (character|characters)",
    "string_too_long": "may have at most {max_length} (character|characters)",
    "string_pattern_mismatch": "is not written as it must be: `{pattern}`",
    "string_not_ascii": "may have only letters without accents, digits and signs of ASCII",
    "enum": "must be {expected}",
    "dict_type": OBJECT,
    "frozen_dict_type": OBJECT,
    "ordered_dict_type": OBJECT,
    "counter_type": OBJECT,
    "mapping_type": OBJECT,
    "list_type": LIST,
    "deque_type": LIST,
    "tuple_type": LIST,
    "set_type": LIST,
    "set_item_not_hashable": "must be a plain value, no list and no object",
    "bool_type": YES_NO,
    "bool_parsing": YES_NO,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": "is too large a number",
    "int_from_float": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "bytes_type": TEXT,
    "bytes_too_short": "needs at least {min_length} (byte|bytes)",
    "bytes_too_long": "may have at most {max_length} (byte|bytes)",
    "bytes_invalid_encoding": "must be written in {encoding}",
    "value_error": "{error}",
    "assertion_error": "{error}",
    "literal_error": "must be {expected}",
    "missing_sentinel_error": EMPTY,
    "ellipsis_error": EMPTY,
    "date_type": DAY,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "date_from_datetime_inexact": f"{DAY}, without a time",
    "date_past": "must be a day that is over",
    "date_future": "must be a day to come",
    "time_type": TIME,
    "time_parsing": TIME,
    "datetime_type": INSTANT,
    "datetime_parsing": INSTANT,
    "datetime_object_invalid": INSTANT,
    "datetime_from_date_parsing": INSTANT,
    "datetime_past": "must be in the past",
    "datetime_future": "must be in the future",
    "timezone_naive": "must have no zone",
    "timezone_aware": "needs a zone: end it with Z or with an offset, as +01:00",
    "timezone_offset": "must have another offset from UTC",
    "time_delta_type": DURATION,
    "time_delta_parsing": DURATION,
    "frozen_set_type": LIST,
    "is_instance_of": OTHER,
    "is_subclass_of": OTHER,
    "callable_type": OTHER,
    "union_tag_invalid": OTHER,
    "union_tag_not_found": MISSING,
    "arguments_type": "must be a list or an object",
    "missing_argument": MISSING,
    "unexpected_keyword_argument": UNKNOWN_KEY,
    "missing_keyword_only_argument": MISSING,
    "unexpected_positional_argument": "is one value too many",
    "missing_positional_only_argument": MISSING,
    "multiple_argument_values": "is there twice",
    "url_type": URL,
    "url_parsing": URL,
    "url_syntax_violation": URL,
    "url_too_long": "may have at most {max_length} (character|characters)",
    "url_scheme": "must begin with {expected_schemes} and ://",
    "uuid_type": UUID,
    "uuid_parsing": UUID,
    "uuid_version": "must be a UUID of version {expected_version}",
    "decimal_type": NUMBER,
    "decimal_parsing": NUMBER,
    "decimal_max_digits": "may have at most {max_digits} (digit|digits)",
    "decimal_max_places": "may have at most {decimal_places} (digit|digits) after the point",
    "decimal_whole_digits": "may have at most {whole_digits} (digit|digits) before the point",
    "fraction_type": NUMBER,
    "fraction_parsing": NUMBER,
    "complex_type": NUMBER,
    "complex_str_parsing": NUMBER,
}
"""Of each type of error; a name in braces is one of its context, and of `(one|many)` the form that fits its number."""

PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "a name has a to z, 0 to 9, - and _, and at most 63 of them",
    r"^[a-z0-9][a-z0-9._-]{0,99}$": "a name has a to z, 0 to 9, ., - and _, and at most 100 of them",
    r"^lead_[a-z2-7]{26}$": "the id of a lead is lead_ and 26 letters and digits",
    r"^[0-9a-f]{40}$": "the key of a field is needed, all 40 characters",
    r"^[0-9]{1,18}$": "the id of a subscription type is a number, as 501; `stafett sink check` names yours",
    r"^[0-9a-f]{64}$": "the whole hash is needed, all 64 digits",
    r"^STAFETT_SECRET_[A-Z0-9_]+$": "a secret is the name of a setting, as STAFETT_SECRET_CRM",
    r"^[A-Z]{2}$": "must be a country in two letters of ISO 3166-1, as SE",
    r"^[A-Z]{3}$": "must be a currency in three letters of ISO 4217, as SEK",
    r"^[A-Z0-9]{1,7}$": "must be how postcodes begin: 1 to 7 letters and digits, as 114",
    r"^[A-Za-z0-9.]{1,20}$": "must be a version of the API, as v62.0: letters, digits and points, at most 20",
    r"^[^\s,;@]{1,60}$": "must be a word of at most 60 characters, without a blank, a comma, a semicolon or @",
    r"^[^\s@/:]+\.[^\s@/:.]+$": "must be a domain, as acme.example",
    r"^https?://[^\s/]+.*$": URL,
    r"^https?://": URL,
    r"^[a-z][a-z0-9]{0,30}$": "must be what the URL of the service begins with before ://, as tgram",
    r"^[A-Za-z0-9.:_-]{1,253}$": "must be a host by its name or address, as api.telegram.org",
    r"^[A-Za-z0-9_.-]{1,100}$": "may have letters, digits, _, . and - only, at most 100 of them",
    r"^![^\s/]{1,250}$": "must be the id of a room of Matrix's, as !abc:example.com; the room's advanced settings have it",
    r"^[A-Za-z_][A-Za-z0-9_.\-]{0,199}$": "a field of theirs by its technical name: letters, digits, _, . and -, as x_need or Need__c",
    r"^[a-z][A-Za-z0-9]{0,99}$": "a field of theirs by its name: letters and digits, a small one first, as cStafettId",
    r"^[a-z][a-z0-9_]{0,99}$": "a column of theirs by its logical name: small letters, digits and _, as new_handoverid",
    r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,99}$": "must be a directory of Entra ID by its domain or id, as acme.example",
    r"^[0-9A-Fa-f\-]{36}$": "must be the id of an application, as 11111111-2222-4333-8444-555555555555",
    r"^[^@\s<>]+@[^@\s<>]+$": "must be an e-mail address, as elin@example.com",
    r"^\+[0-9]{6,15}$": "must be a number with its country, as +46701234567",
    r"^[^\s/?#][^/?#]*$": "must be the id of an audience there, or of a tag its name: no /, ? and #, and no blank before it",
    r"^/[^\s#]*$": "must be a path that begins with /, without blanks, as /v1/contacts/{contact}",
    r"^[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*$": "must be names with points between them, as data.0.id",
    r"^[A-Za-z0-9_@$-]+(\.[A-Za-z0-9_@$-]+)*$": "must be names with points between them, as data.0.id",
    r"^[\x20-\x7e]*$": "may have letters without accents, digits, signs and blanks only, as a header can",
    r"^cf_[A-Za-z0-9]{1,100}$": "must be the id of a custom field of Close's, as cf_3xU2mX",
    r"^[A-Za-z][A-Za-z-]{0,60}$": "must be the name of a header, as Authorization",
    r"^[A-Za-z-]{0,40}$": "must be the word before the secret, as Bearer, or nothing",
    r"^[A-Za-z0-9]+$": "must be an id there: letters and digits",
    r"^[UW][A-Z0-9]{2,30}$": "must be a member id of Slack's, as U0123ELIN; a profile's menu has it",
    r"^[CGD][A-Z0-9]{2,30}$": "must be the id of a channel of Slack's, as C0123456789; the channel's details have it",
    r"^https?://[^\s?#]+$": "must be an address without ? and #, as https://example.com/path",
    r"^https?://[^\s]+$": URL,
    r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$": "must be an origin in small letters, without a path, as https://example.com",
    r"(\d{1,6})/(s|m|h)": "a rate is written as 10/s, 600/m or 1000/h",
    r"^\d{1,3}(\.\d+)? ?%$": "a share is written as 80%",
    r"^[^\x00-\x1f\x7f]*$": "may have no line breaks and no control characters",
}
"""What a value looks like that fits the pattern; every pattern of ours has its words."""

_BY_NAME = {str(kind): said for kind, said in WORDS.items()}
"""The same by any text: a later library may have types that ours does not know."""
_FORMS = re.compile(r"(\b1 )?\((\w+)\|(\w+)\)")
_PLACE = re.compile(r"line (\d+) column (\d+)")


def words_of(kind: str, context: Mapping[str, object], message: str) -> str:
    """A type of error with its context. `message` is used where it is ours: of a rule of our own, or a type of our own."""
    template = _BY_NAME.get(kind)
    match kind:
        case "value_error" | "assertion_error":
            return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
        case "string_pattern_mismatch" if context["pattern"] in PATTERNS:
            return PATTERNS[context["pattern"]]
        case "json_invalid":
            theirs = str(context.get("error", ""))
            match = _PLACE.search(theirs)
            at = f", at line {match[1]}, character {match[2]}" if match else ""
            return (NESTED if "recursion" in theirs else JSON) + at
        case _:
            pass
    if template is None:
        return message
    filled = template.format_map(context)
    return _FORMS.sub(lambda match: f"1 {match[2]}" if match[1] else match[3], filled)


_YAML: tuple[tuple[str, str], ...] = (
    (
        "mapping values are not allowed",
        "`: ` stands where no key can be; put a text with it in quotes, or mend the indentation",
    ),
    ("mapping keys are not allowed", "`? ` stands where no key can be; put a text with it in quotes"),
    ("sequence entries are not allowed", "`- ` stands where no list can be; mend the indentation"),
    ("could not find expected ':'", "a key is there without its `:`, or a quote is not closed"),
    ("expected <block end>", "the indentation is not that of the lines above, or a quote is not closed"),
    ("found character '\\t'", "lines are indented with blanks, not with tabs"),
    ("that cannot start any token", "a text cannot begin with this sign; put it in quotes"),
    ("unexpected end of stream", "a quote or a bracket is not closed"),
    ("unexpected document separator", "a quote or a bracket is not closed"),
    ("expected ',' or ']'", "`,` or the closing `]` is missing"),
    ("expected ',' or '}'", "`,` or the closing `}` is missing"),
    (
        "undefined alias",
        "`*` begins the name of an anchor, and there is none of this name; put the text in quotes if it is none",
    ),
    ("duplicate anchor", "two anchors (`&`) have the same name"),
    ("constructor for the tag", "`!` begins a tag, and none are known here; put the text in quotes if it is none"),
    ("unfit tag", "this is not of the kind that the tag (`!!`) before it says; remove the tag"),
    ("expected a single document", "only one document may be in it; remove the line `---` between two"),
    ("another document", "only one document may be in it; remove the line `---` between two"),
    ("unknown escape character", "in double quotes a backslash begins an escape; put the text in single quotes"),
    ("unhashable key", "a key must be text"),
    ("unacceptable key", "a key must be text"),
    ("special characters are not allowed", "a control character is in it, which no text may have"),
)
OTHER_YAML = "it cannot be read from here; look for a quote, a bracket or the indentation"


def yaml_words(problem: str | None) -> str:
    """What PyYAML complains of, as a rule."""
    return next((words for theirs, words in _YAML if theirs in (problem or "")), OTHER_YAML)
