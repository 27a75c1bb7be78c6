"""Which rooms import which: read off the source, for the pages and for the first lines of each room."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP = ("routing", "schemas", "services")


def rooms() -> dict[str, Path]:
    """Every package of ours by its dotted name, with its folder."""
    found = sorted(init.parent for top in TOP for init in (ROOT / top).rglob("__init__.py"))
    return {".".join(folder.relative_to(ROOT).parts): folder for folder in found}


@cache
def importers() -> dict[str, list[str]]:
    """By room: who imports it, in the words of `said`."""
    known = rooms()
    found: dict[str, set[str]] = defaultdict(set)
    for path in (path for top in TOP for path in (ROOT / top).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for name in _imported_modules(ast.parse(path.read_text()), module):
            room = _room_of(name, known)
            if room is not None and _room_of(module, known) != room:
                found[room].add(name_in_docstring(module, room))
    return {room: sorted(found[room], key=lambda name: (name.startswith("the "), name)) for room in known}


def name_in_docstring(module: str, room: str) -> str:
    """What stands beside the room where the module comes from: another room's name, a file's, or another package's."""
    if module.partition(".")[0] != room.partition(".")[0]:
        return {"routing": "the core", "services": "the services", "schemas": "the schemas"}[module.partition(".")[0]]
    parts, own = module.split("."), room.split(".")
    at = next((i for i, (one, other) in enumerate(zip(parts, own, strict=False)) if one != other), len(own))
    return parts[min(at, len(parts) - 1)]


def _imported_modules(tree: ast.AST, module: str):
    """Names that are imported; those of commands too, which the command line loads by their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Dict) and module == "services.cli.main":
            yield from (f"services.cli.{one.value}" for one in node.values if isinstance(one, ast.Constant))


def _room_of(name: str, known: dict[str, Path]) -> str | None:
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def line_of(names: list[str]) -> str:
    """`Imported by: a, b and c.`"""
    if len(names) < 2:
        return f"Imported by: {names[0] if names else 'nobody'}."
    return f"Imported by: {', '.join(names[:-1])} and {names[-1]}."
