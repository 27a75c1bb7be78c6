"""No call gives more than four values by their place alone: with five nobody sees at the call which is which."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import routing
import schemas
import services

MOST = 4
PACKAGES = (schemas, routing, services)
FILES = [path for package in PACKAGES for path in sorted(Path(package.__file__).parent.rglob("*.py"))]


def variadic(trees: list[ast.Module]) -> set[str]:
    """Names of ours that take a list of like things (`derive("evt", a, b, c)`), by place of course."""
    found = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.args.vararg is not None:
                found.add(node.name)
            if isinstance(node, ast.ClassDef):
                made = [f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"]
                if any(f.args.vararg is not None for f in made):
                    found.add(node.name)
    return found


def own(trees: list[ast.Module]) -> set[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, kinds)}


def calls_with_many_values(tree: ast.Module, names: set[str]) -> Iterator[tuple[int, str, int]]:
    """(line, name, how many by place) of each call of one of these names with too many."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in names and len(node.args) > MOST:
                yield node.lineno, called, len(node.args)


def test_whoever_calls_with_more_than_four_values_names_them():
    trees = {path: ast.parse(path.read_text()) for path in FILES}
    names = own(list(trees.values())) - variadic(list(trees.values()))
    found = [
        f"{path}:{line} {name}({count})"
        for path, tree in trees.items()
        for line, name, count in calls_with_many_values(tree, names)
    ]
    assert not found


@pytest.mark.parametrize(
    ("text", "many"), [("f(1, 2, 3, 4)", 0), ("f(1, 2, 3, 4, 5)", 1), ("a.f(1, 2, 3, 4, *b)", 1), ("f(1, e=2)", 0)]
)
def test_the_scan_counts_what_is_given_by_place(text, many):
    assert len(list(calls_with_many_values(ast.parse(text), {"f"}))) == many
