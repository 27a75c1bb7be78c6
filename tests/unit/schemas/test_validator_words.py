"""Whatever validators complain of is told in our words: no reader meets a library's message, and no value is told."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import httpx
import pytest
import yaml
from cel_expr_python import cel
from pydantic import BeforeValidator, ConfigDict, ValidationError, create_model
from pydantic_core import PydanticKnownError, core_schema
from pydantic_core._pydantic_core import list_all_errors

from routing.agreement.cel_words import plain_complaint
from routing.agreement.expressions import DefinitionError, compile_expression
from schemas.agreement import AgreementFile
from schemas.api_keys import KeysFile
from schemas.calendar import Holidays
from schemas.commands import Command
from schemas.export import names, schema
from schemas.roster import RosterFile
from schemas.sources import SourcesFile
from schemas.subscriptions import SubscriptionsFile
from schemas.validator_words import OTHER_YAML, PATTERNS, WORDS
from schemas.wording import rule_of
from schemas.yamlfile import FileError, FileModel, load, plain_data
from services.bootstrap.api import bare_app
from services.cli.main import main
from services.settings import SettingsError
from services.settings import load as load_settings
from tests.setups import EXAMPLES

RAW = re.compile(
    r"Input|Field required|valid |should|Value error|Assertion|dictionary|instance|array|tuple|boolean|integer|datetime"
    r"|parse|\{|\}|None|Traceback|Error|expecting|<EOF>|overload|google|INVALID_ARGUMENT"
)
CONTEXT: dict[str, Any] = {
    "pattern": "^[A-Z]{2}$", "expected": "'web' or 'crm'", "expected_tags": "'web', 'crm'", "discriminator": "'kind'",
    "tag": "secret-tag", "error": "Secret value at line 3 column 7", "expected_schemes": "'http' or 'https'",
    "min_length": 2, "max_length": 2, "actual_length": 9,
}  # fmt: skip


def rule_for(kind: str, context: dict[str, Any]) -> str:
    """What a model tells whose validator raises this type of pydantic's errors."""

    def refuse(_: Any) -> Any:
        raise PydanticKnownError(kind, context or None)

    with pytest.raises(ValidationError) as refused:
        create_model("Model", field=(Annotated[Any, BeforeValidator(refuse)], ...))(field="secret-input")
    (item,) = refused.value.errors()
    assert item["type"] == kind
    return rule_of(item, ["field"])


TYPES = [entry for entry in list_all_errors() if entry["type"] not in ("value_error", "assertion_error")]


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry["type"])
def test_each_type_of_error_is_told_in_our_words_without_the_value(entry):
    context = {name: CONTEXT.get(name, value) for name, value in (entry["example_context"] or {}).items()}
    rule = rule_for(entry["type"], context)
    assert not RAW.search(rule), rule
    assert "secret" not in rule.lower(), rule


def test_there_are_words_for_every_type_of_error_that_pydantic_has():
    assert set(WORDS) == set(get_args(core_schema.ErrorType))


@pytest.mark.parametrize(
    ("number", "rule"),
    [(1, "needs at least 1 entry"), (2, "needs at least 2 entries"), (11, "needs at least 11 entries")],
)
def test_the_noun_fits_its_number(number, rule):
    assert rule_for("too_short", {"field_type": "List", "min_length": number, "actual_length": 0}) == rule


def test_every_pattern_of_a_schema_has_words():
    def patterns(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["pattern"]} if isinstance(node.get("pattern"), str) else set()
            return own.union(*map(patterns, node.values()))
        return set().union(*map(patterns, node)) if isinstance(node, list) else set()

    files = ("agreement", "roster", "sources", "subscriptions", "api_keys", "alerts", "sinks", "command", "crm")
    read = [name for name in names() if name.startswith(files)]
    assert len(read) >= 5, names()
    assert set().union(*(patterns(schema(name)) for name in read)) <= set(PATTERNS)


class Sheet(FileModel):
    model_config = ConfigDict(extra="allow")


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c", "\ta: 1", "a: *x", "a: !foo 1", "a: !!int abc", "a: !!float x", "a: !!timestamp x", "a: !!bool maybe",
        "a: \0", "---\na: 1\n---\nb: 1", "a: [1", "a: {1", "a: 'x", 'a: "\\q"', "? [a]\n: 1", "a\nb: 1", "a: 1\n b: 2",
        "- a\nb: 1", "a: @x", "a: &x 1\nb: - 2", "a: `x`", "a: %x",
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_told_with_its_line_and_what_to_do(text):
    with pytest.raises(FileError) as broken:
        load(text, Sheet, "file.yaml")
    (problem,) = broken.value.problems
    assert re.match(r"file\.yaml:\d+: not valid YAML: ", problem), problem
    assert not problem.endswith(OTHER_YAML), problem
    assert not re.search(r"expected|found|token|node|scalar|mapping|constructor", problem), problem


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("lead.stage ==", "the expression ends too early"),
        ("(fit() > 1", "`)` is missing at the end"),
        ("lead.stage = 'deal'", "`=` cannot be read here; write `==`"),
        ("fit() > 1 and fit() < 9", "`and` does not fit here; write `&&`"),
        ("lead.stage == 'deal", "the quote that begins 'deal does not end"),
        ("lead.stage > 2", "`>` does not go with (text, a whole number)"),
        ("now > duration('1h')", "`>` does not go with (an instant, a duration)"),
        ("fit() > == 1", "`==` does not fit here"),
        ("lead..stage == 'a'", "`..` does not fit here"),
        ("lead.stagge == 'deal'", "`lead.stagge` is not known; did you mean `lead.stage`?"),
    ],
)
def test_an_expression_that_cannot_be_read_is_told_in_words_at_its_place(text, rule):
    with pytest.raises(DefinitionError) as refused:
        compile_expression(text)
    assert re.match(r"at 1:\d+: ", str(refused.value))
    assert rule in str(refused.value)
    assert not RAW.search(str(refused.value))


def test_a_complaint_lists_the_names_where_none_is_near():
    with pytest.raises(RuntimeError) as refused:
        cel.NewEnv(variables={"body": cel.Type.STRING, "headers": cel.Type.STRING}).compile("zzz == 'x'")
    said = plain_complaint(str(refused.value), "zzz == 'x'", ["body", "headers"])
    assert said == "at 1:1: `zzz` is not known; there are body, headers"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("HTTP_PORT", "eighty", "must be a whole number, as 3"),
        ("HTTP_PORT", "70000", "must be at most 65535"),
        ("MODE", "obsrve", "must be 'live' or 'observe'; did you mean `observe`?"),
        ("HTTP_TRUSTED_PROXIES", "10.0.0.0/99", "must be networks, as 10.0.0.0/8, 192.0.2.7, separated by commas"),
        ("RELAY_POLL", "soon", "a duration is a number with a unit, for example 250ms, 30s, 15m, 12h or 7d"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_in_our_words(name, value, rule):
    with pytest.raises(SettingsError) as refused:
        load_settings({f"STAFETT_{name}": value})
    assert refused.value.problems == (f"STAFETT_{name}: {rule}",)


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/v1/nothing", 404, "there is no such path"),
        ("PATCH", "/told", 405, "this path does not take this method"),
        ("POST", "/told", 422, "body: is no JSON, at character 1"),
        ("PUT", "/told", 422, "body.reason: `reason` is missing, and it is needed"),
        ("GET", "/told?count=x", 422, "query.count: must be a whole number, as 3"),
    ],
)
async def test_what_the_framework_refuses_is_told_in_our_words(method, path, status, detail):
    app = bare_app(docs=False)

    async def take_number(count: int = 1) -> None:
        """Takes a number."""

    async def take_body(body: dict[str, str]) -> None:
        """Takes a body."""

    app.add_api_route("/told", take_number, methods=["GET"])

    async def take_command(command: Command) -> None:
        """Takes a command."""

    app.add_api_route("/told", take_body, methods=["POST"])
    app.add_api_route("/told", take_command, methods=["PUT"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        broken = {"content": b"{", "headers": {"content-type": "application/json"}}
        unreasoned = {"json": {"command": "leave", "person": "elin"}}
        sent = {"POST": broken, "PUT": unreasoned}.get(method, {})
        answer = await client.request(method, path, **sent)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


@pytest.mark.parametrize("command", ["signals --limit x", "import leads.csv --rate 1.5", "events tail --after x"])
def test_a_number_on_the_command_line_is_refused_in_our_words(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(": must be a whole number, as 3\n")


def test_a_librarys_message_is_read_in_one_place():
    root = Path(__file__).parents[3]
    files = [file for name in ("schemas", "routing", "services") for file in (root / name).rglob("*.py")]
    readers = {file.name for file in files if re.search(r"""\[["']msg["']\]|\.problem\b(?!_)""", file.read_text())}
    assert readers == {"wording.py", "yamlfile.py"}


@pytest.mark.parametrize(
    "order",
    [
        ["hold", "leed=lead_1", "until=x", "--reason", "ill"],
        ["hold", "--reason", "ill", "leed=lead_1", "until=x"],
        ["--reason", "ill", "hold", "leed=lead_1", "until=x"],
    ],
)
def test_a_command_is_the_same_with_its_fields_before_or_after_the_options(order, capsys):
    assert main(["command", *order]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "lead: `lead` is missing, and it is needed",
        "until: must be an instant with its zone, as 2026-03-02T09:00:00Z",
        "leed: unknown key; did you mean `lead`?",
    ]


def test_what_is_left_over_and_is_no_field_is_still_refused(capsys):
    with pytest.raises(SystemExit):
        main(["command", "hold", "--reason", "ill", "lead=lead_1", "--untill=x"])
    assert "unrecognized arguments" in capsys.readouterr().err


QUOTED = re.compile(r"`[^`]*`")
"""What was written, or has to be."""
ODD = ([], {}, ["x"], {"a": {"b": 1}}, None, -1, 1.5, True, "", "x y z", "é" * 300, "9" * 30)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a file, of each list the first."""
    yield path
    inner = node.items() if isinstance(node, dict) else [(0, node[0])] if isinstance(node, list) and node else []
    for step, value in inner:
        yield from places(value, (*path, step))


def with_odd(node: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    made = list(node) if isinstance(node, list) else dict(node)
    made[path[0]] = with_odd(made[path[0]], path[1:], odd)
    return made


@pytest.mark.parametrize(
    ("name", "model", "every"),
    [
        ("agreement", AgreementFile, 29), ("roster", RosterFile, 1), ("sources", SourcesFile, 1),
        ("subscriptions", SubscriptionsFile, 1), ("api_keys", KeysFile, 1),
    ],
)  # fmt: skip
def test_an_odd_value_at_any_place_of_a_file_is_told_in_our_words(name, model, every):
    data = plain_data((EXAMPLES / f"{name}.yaml").read_text())
    pairs = [(path, odd) for path in places(data) for odd in ODD][::every]
    refused, raw = 0, []
    for path, odd in pairs:
        try:
            load(yaml.safe_dump(with_odd(data, path, odd), allow_unicode=True), model, name)
        except FileError as error:
            refused += 1
            raw += [(path, odd, said) for said in error.problems if RAW.search(QUOTED.sub("", said))]
    assert raw == []
    assert refused > len(pairs) / 2


def test_a_category_of_holidays_that_is_not_known_names_those_that_are():
    with pytest.raises(ValidationError, match="`categories` of SE are bank, de_facto, optional, public"):
        Holidays(country="SE", categories=("school",))
