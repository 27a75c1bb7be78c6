"""No pattern of the code base takes more than linear time on a text that a stranger makes long (C1).

Every compiled pattern is found (in modules, in classes, in tables, and written inline in functions), pumped by what its own
repetitions match, and its CPU time bounded. A pattern that needs more is named with the step that makes its text short.
"""

import ast
import importlib
import itertools
import json
import logging
import pkgutil
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from re import _constants as sre
from re import _parser as parser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import routing
import schemas
import services
from schemas.signals import Quarantined
from schemas.sources import Source
from services.api.shape import shape_of
from services.ingest.configured.mapped import read
from services.ingest.quarantine.aside import set_aside
from services.observability.logging import JsonFormatter, scrub

ROOT = Path(services.__file__).parent.parent
LENGTHS = (24, 100, 400, 1600)
"""Of pumped texts, the short ones first, so that an exponential pattern ends as well."""
SHORT, LONG = 1_500, 6_000
"""A text four times as long takes a linear pattern four times the work, and a quadratic one sixteen times."""
GROWTH = 8
SECONDS = 0.05
"""Of CPU for one call on a text of `LENGTHS`; a linear pattern takes less than a hundredth of it."""
LEAST = 0.002
"""Seconds of CPU on `LONG` below which growth is not asked for: a quadratic pattern takes ten times as long."""
CALLS = ("search", "sub", "match", "fullmatch", "findall", "finditer", "split", "subn")
WEB = Source(name="web", kind="form", verify={"scheme": "none"})
NOW = datetime(2026, 2, 3, tzinfo=UTC)
HANDED = {
    "services.ingest.parsers.guesses.words._COMPILED": ("fullmatch",),
    "services.ingest.parsers.reading.naming._ASKED": ("fullmatch",),
}
"""Tables of patterns, and all that their module does with them."""
MADE = {
    # Patterns that a function puts together: (file, its text in the source) by an example of each.
    ("services/ingest/quarantine/stripping.py", 0): rb'("token"\s*:\s*")(?:[^"\\]|\\.)*',
    ("services/ingest/quarantine/stripping.py", 1): rb"((?:^|&)token=)[^&]*",
    ("services/ingest/proof/body_keys.py", 0): r'(?:"key")[ \t\n\r]*+:[ \t\n\r]*+"((?:[^"\\]++|\\.)*+)"',
    ("services/persons/matching.py", 0): r"(?<!\w)anna\ ek(?!\w)",
    ("services/persons/matching.py", 1): r"(?<!\w)Anna\ Ek(?!\w)",
    ("services/privacy/discretion.py", 0): r"\bberg\b",
    ("services/ingest/parsers/reading/multipart.py", 0): rb"(?:\A|\r\n)--x(?=--|[ \t]{0,100}\r\n)",
}


def modules():
    for package in (schemas, routing, services):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def within(value, name, depth=4):
    """(name, pattern) of every pattern in a value: tables of them too."""
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth and isinstance(value, dict):
        for key, inner in value.items():
            yield from within(key, f"{name}[key]", depth - 1)
            yield from within(inner, f"{name}[{key!r}]", depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for number, inner in enumerate(value):
            yield from within(inner, f"{name}[{number}]", depth - 1)
    elif depth and isinstance(value, type) and value.__module__.startswith(("schemas", "routing", "services")):
        for key, inner in vars(value).items():
            yield from within(inner, f"{name}.{key}", depth - 1)


def compiled():
    found = {}
    for module in modules():
        for key, value in vars(module).items():
            for name, pattern in within(value, f"{module.__name__}.{key}"):
                found.setdefault((pattern.pattern, pattern.flags), (name, pattern))
    return list(found.values())


def inline():
    """(place, pattern) of every call of `re` with a pattern in a function, where it is no name of a module's pattern."""
    for path in sorted(itertools.chain(*(ROOT.joinpath(p).rglob("*.py") for p in ("schemas", "routing", "services")))):
        place, made = path.relative_to(ROOT).as_posix(), itertools.count()
        tree = ast.parse(path.read_text())
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        calls = [
            (function.name, call)
            for function in functions
            for call in ast.walk(function)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id == "re"
            and call.func.attr in (*CALLS, "compile")
        ]
        for name, call in {id(call): (name, call) for name, call in calls}.values():
            try:
                text = ast.literal_eval(call.args[0])
            except ValueError:
                text = MADE.get((place, next(made)))
            yield f"{place}:{name}", text


def uses():
    """{name of a module's pattern: the methods that are called on it}; a pattern that is handed on has all of them."""
    found = {}
    for package in ("schemas", "routing", "services"):
        for path in ROOT.joinpath(package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and node.attr in CALLS and isinstance(node.value, ast.Name):
                    found.setdefault((path.stem, node.value.id), set()).add(node.attr)
    return found


def sample(tree, choice=0):
    """A text that the parsed pattern matches, each repetition as short as it may be."""
    return "".join(one(op, value, choice) for op, value in tree)


def one(op, value, choice):
    match op:
        case sre.LITERAL:
            return chr(value)
        case sre.NOT_LITERAL:
            return next(c for c in "a0 " if ord(c) != value)
        case sre.ANY:
            return "a"
        case sre.IN:
            return member(value, choice)
        case sre.BRANCH:
            return sample(value[1][choice % len(value[1])], choice)
        case sre.SUBPATTERN:
            return sample(value[3], choice)
        case sre.ATOMIC_GROUP:
            return sample(value, choice)
        case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
            return sample(value[2], choice) * max(1, value[0])
        case _:
            return ""


CANDIDATES = "a0 .-_@\t\n\"'\\/:;,=+(<>[]{}|%&#AZzé\x00"


def member(items, choice):
    """The `choice`th character that a class has."""
    test = re.compile(f"[{''.join(written(op, value) for op, value in items)}]")
    fits = [c for c in CANDIDATES if test.match(c)] or [chr(n) for n in range(0x10000) if test.match(chr(n))][:1]
    return fits[choice % len(fits)]


def written(op, value):
    match op:
        case sre.NEGATE:
            return "^"
        case sre.LITERAL:
            return re.escape(chr(value))
        case sre.RANGE:
            return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        case sre.CATEGORY:
            return {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_DIGIT": r"\D", "NOT_SPACE": r"\S",
                    "NOT_WORD": r"\W"}[value.name.removeprefix("CATEGORY_")]  # fmt: skip
    raise AssertionError(op)


def repetitions(tree, before=""):
    """(a text that comes before it, what is repeated) of each repetition that may be long, at any depth."""
    for op, value in tree:
        match op:
            case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
                if value[1] > 30:
                    yield before, value[2]
                yield from repetitions(value[2], before)
            case sre.SUBPATTERN:
                yield from repetitions(value[3], before)
            case sre.ATOMIC_GROUP:
                yield from repetitions(value, before)
            case sre.ASSERT | sre.ASSERT_NOT:
                yield from repetitions(value[1], before)
            case sre.BRANCH:
                for branch in value[1]:
                    yield from repetitions(branch, before)
            case _:
                pass
        before += one(op, value, 0)


def pumps(pattern):
    """Texts that drive it from one place to the other: what comes before a repetition once or again and again, what is
    repeated, and an end that it does not match."""
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    tree = parser.parse(text, pattern.flags & ~re.LOCALE)
    heads, units = {""}, {"a", "0", " ", "a.", "a@", "\n"}
    for before, repeated in repetitions(tree):
        heads.add(before)
        units |= {sample(repeated, choice) for choice in range(8)} | {before} | {before + sample(repeated)}
    units.add(sample(tree))
    units.add(sample(tree)[:-1])
    yield from itertools.product(sorted(heads), sorted(units - {""}), ("", "\x00", "!"))


def cpu(call, text):
    begun = time.thread_time()
    call(text)
    return time.thread_time() - begun


def calls_of(pattern, methods):
    """(method, a call of it with one text)."""
    empty = b"" if isinstance(pattern.pattern, bytes) else ""
    for name in methods:
        call = getattr(pattern, name)
        match name:
            case "sub" | "subn":
                yield name, lambda text, call=call: call(empty, text)
            case "finditer":
                yield name, lambda text, call=call: list(call(text))
            case _:
                yield name, call


def grows(call, text):
    """Whether the work grows faster than the text: twice over, for other work on the machine disturbs a single measure."""
    if cpu(call, text(LONG)) < LEAST:
        return False
    least = [min(cpu(call, text(length)) for _ in range(3)) for length in (SHORT, LONG)]
    if least[1] <= max(LEAST, GROWTH * least[0]):
        return False
    return min(cpu(call, text(4 * LONG)) for _ in range(2)) > GROWTH * least[1]


def slowest(pattern, methods):
    """The first pump that takes it more than linear time, else None."""
    is_bytes = isinstance(pattern.pattern, bytes)
    for head, unit, end in pumps(pattern):

        def text(length, head=head, unit=unit, end=end):
            made = head + unit * (length // len(unit) + 1) + end
            return made.encode("utf-8", "replace") if is_bytes else made

        for name, call in calls_of(pattern, methods):
            if any(cpu(call, text(n)) > SECONDS and cpu(call, text(n)) > SECONDS for n in LENGTHS) or grows(call, text):
                return f"{name} of {head!r} + {unit!r} again and again + {end!r}"
    return None


COMPILED = compiled()
INLINE = list(inline())
USES = uses()


def methods_of(name):
    """What is done with the pattern; with one that is handed on anything may be."""
    table = name.partition("[")[0]
    if table in HANDED:
        return HANDED[table]
    module, _, rest = name.rpartition(".")
    used = USES.get((module.rpartition(".")[2], rest))
    return sorted(used) if used else ["search", "fullmatch"]


@pytest.mark.parametrize(("name", "pattern"), COMPILED, ids=[name for name, _ in COMPILED])
def test_c1_no_compiled_pattern_takes_more_than_linear_time(name, pattern):
    assert slowest(pattern, methods_of(name)) is None


@pytest.mark.parametrize(("place", "text"), INLINE, ids=[f"{place}-{n}" for n, (place, _) in enumerate(INLINE)])
def test_c1_no_pattern_in_a_function_takes_more_than_linear_time(place, text):
    assert text is not None, "a pattern that is put together needs an example in MADE"
    assert slowest(re.compile(text), ["search", "fullmatch"]) is None


def test_c1_the_pumps_find_patterns_that_are_not_linear():
    """The measure itself: patterns known to be quadratic or worse are found, the one for addresses as it was among them."""
    old = r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+\.[^\s@<>\"'(),;:=]+"
    for bad in (old, r"\s*x\s*$y", r"(a|b|ab)*c", r"\{\{.*\}\}"):
        assert slowest(re.compile(bad), ["search"]) is not None, bad
    for good in (r"[a-z]{1,9}!", r"\d+", r"(?<!\w)\w++@"):
        assert slowest(re.compile(good), ["search"]) is None, good


@pytest.mark.parametrize("table", HANDED)
def test_c1_a_table_of_patterns_is_used_as_it_says(table):
    module = table.rpartition(".")[0].rpartition(".")[2]
    loops = {
        name
        for (file, variable), names in USES.items()
        if file == module and variable in ("pattern", "question")
        for name in names
    }
    assert loops == set(HANDED[table])


def test_c1_there_are_as_many_patterns_as_the_source_has():
    """Patterns that the walk does not reach would pass unseen."""
    written = sum(
        len(re.findall(r"(?<!\w)re\.compile\(", path.read_text()))
        for package in ("schemas", "routing", "services")
        for path in ROOT.joinpath(package).rglob("*.py")
    )
    made_inline = sum("multipart" in place and "compile" in place for place, _ in INLINE)
    assert len(COMPILED) + made_inline >= written * 0.9


MEBIBYTE = "a" * 1_048_000


def cost(work):
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


@pytest.mark.parametrize("name", ["content-type", "user-agent", "webhook-id", "ce-source"])
def test_c1_a_header_of_a_mebibyte_is_cut_before_it_is_searched(name):
    def work():
        entries.extend(set_aside(WEB, [Quarantined(quarantined="not JSON")], b"\xff", {name: MEBIBYTE}, NOW))

    entries = []
    assert cost(work) < 0.1
    kept = entries[0].content_type if name == "content-type" else json.loads(entries[0].headers)[name]
    assert len(kept) == 256


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("generic", json.dumps([{MEBIBYTE: [{"x": 1}]}])),
        ("generic", json.dumps({MEBIBYTE: 1})),
        ("crm", json.dumps({"fact": "accepted", MEBIBYTE: 1})),
    ],
)
def test_c1_a_name_of_a_mebibyte_in_a_body_costs_no_more_than_reading_it(kind, body):
    def work():
        found = read(kind, body.encode(), "application/json", {}, None)
        unclear = [item for item in found if isinstance(item, Quarantined)]
        entries.extend(set_aside(WEB, unclear, body.encode(), {}, NOW))

    entries = []
    assert cost(work) < 0.3
    assert entries and all(len(entry.place) <= 300 and len(entry.reason) <= 300 for entry in entries)


def test_c1_the_shape_of_a_body_has_a_bound_whatever_is_in_it():
    long = json.dumps([{MEBIBYTE: [{"x": 1}]}]).encode()
    wide = json.dumps(
        {f"a{i}": {f"b{j}": {f"c{k}": 1 for k in range(20)} for j in range(50)} for i in range(50)}
    ).encode()
    shapes = []
    assert cost(lambda: shapes.append(shape_of(long, "application/json"))) < 0.1
    assert cost(lambda: shapes.append(shape_of(wide, "application/json"))) < 0.3
    assert len(json.dumps(shapes[0])) < 1000
    assert json.dumps(shapes[1]).count(":") <= 2000 + 100


def test_c1_a_log_line_has_a_bound_whatever_it_is_given():
    record = logging.LogRecord("stafett", logging.INFO, "", 1, "%s", (MEBIBYTE,), None)
    record.kind = MEBIBYTE
    lines = []
    assert cost(lambda: lines.append(JsonFormatter().format(record))) < 0.1
    assert len(lines[0]) < 3000


def test_c1_what_is_not_understood_is_cut_where_it_is_made():
    item = Quarantined(quarantined=MEBIBYTE, where=MEBIBYTE)
    assert len(item.quarantined) == len(item.where) == 640


def test_c1_no_half_of_an_address_is_left_where_a_text_is_cut():
    for before in range(270, 300):
        assert "anna" not in scrub("x" * before + " anna.ek.with.a.long.name@example.com", 300)


OLD = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+\.[^\s@<>\"'(),;:=]+")


@given(st.text(alphabet="ab.@ <;=\n", max_size=60))
@settings(max_examples=2000, deadline=None)
def test_c1_the_linear_pattern_strikes_out_what_the_old_one_did(text):
    assert scrub(text) == OLD.sub("[hidden]", text)
