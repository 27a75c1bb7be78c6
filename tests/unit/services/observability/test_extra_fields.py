"""Every extra field of a log line is let through: one that is not would be dropped without a word."""

import ast
from pathlib import Path

import services
from services.observability.logging import ALLOWED

ROOT = Path(services.__file__).parent


def extra_fields():
    """(file, field) of each call with `extra={...}` whose members stand in it."""
    for path in sorted(ROOT.rglob("*.py")):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            for keyword in call.keywords:
                if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
                    keys = [key.value for key in keyword.value.keys if isinstance(key, ast.Constant)]
                    yield from ((path.relative_to(ROOT).as_posix(), key) for key in keys)


def test_what_a_line_says_besides_its_words_is_on_the_list():
    fields = set(extra_fields())
    assert len(fields) > 50
    assert {(file, field) for file, field in fields if field not in ALLOWED} == set()
