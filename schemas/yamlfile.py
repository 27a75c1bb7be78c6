"""Files that people write: YAML in, a validated model out, and errors that name file, line, path and rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.json_values import JsonObject
from schemas.validator_words import yaml_words
from schemas.wording import keys_at, root_errors, rule_of

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 100_000
"""Keys and values of a file, those that an alias stands for counted again at each alias."""
MAX_PROBLEMS = 100
"""Of one file that are told at once."""


class FileError(ValueError):
    """A file could not be read as what it should be. `problems` are lines `file:line: path: rule`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Unreadable(FileError):
    """It is not there, too large or no text, so nothing of it could be looked at."""


class BrokenAt(ValueError):
    """A rule that only the whole of something can judge, and the place in it that breaks the rule."""

    def __init__(self, rule: str, *path: str | int) -> None:
        super().__init__(rule)
        self.path = path


class FileModel(BaseModel):
    """Base of everything in such a file: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=BaseModel)


def load(text: str, model: type[M], name: str) -> M:
    """`text` of the file called `name` as `model`. Raises FileError with every problem found, each with its line."""
    if len(text) > MAX_BYTES:
        raise FileError([f"{name}:1: the file is over {MAX_BYTES} bytes"])
    try:
        node, data = _read(text, name)
    except RecursionError:
        raise FileError([f"{name}:1: lists and keys are nested too deeply"]) from None
    except _TooManyNodes as error:
        raise FileError([f"{name}:{error.line}: the file has over {MAX_NODES} keys and values"]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileError([f"{name}:{line}: not valid YAML: {yaml_words(error.problem)}"]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FileError([f"{name}:{line}: not valid YAML: {yaml_words(error.reason)}"]) from None
    try:
        return model.model_validate(data if data is not None else {})
    except ValidationError as error:
        items = root_errors(error)
        problems = [_problem(name, node, item, model) for item in items[:MAX_PROBLEMS]]
        more = len(items) - len(problems)
        raise FileError([*problems, *([f"{name}:1: and {more} more problems"] if more else [])]) from None


def _read(text: str, name: str) -> tuple[yaml.Node | None, Any]:
    """(what is where, what it says), parsed once: that takes longer than all that is done with it."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        _refuse_duplicates(node, name)
        _refuse_bombs(node, name)
        return node, loader.construct_document(node) if node is not None else None
    finally:
        loader.dispose()


def plain_data(text: str) -> Any:
    """What the file says, as lists, dicts, numbers and texts; for a text that `load` has taken."""
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def problems_of(name: str, text: str, broken: Iterable[tuple[tuple[str | int, ...], str]]) -> list[str]:
    """A line for each (path, rule) that was found broken after loading, each once."""
    rules = list(dict.fromkeys(broken))
    node = yaml.compose(text, Loader=yaml.SafeLoader) if rules else None
    return [f"{name}:{line_of(node, path)}: {_path_text(path)}: {rule}" for path, rule in rules]


def problem(name: str, text: str, path: tuple[str | int, ...], rule: str) -> str:
    """One line for a rule found broken after loading (a reference to nothing, an expression that does not compile)."""
    return f"{name}:{line_of(yaml.compose(text, Loader=yaml.SafeLoader), path)}: {_path_text(path)}: {rule}"


def line_of(node: yaml.Node | None, path: tuple[str | int, ...]) -> int:
    """The 1-based line of the deepest part of `path` that exists."""
    line = node.start_mark.line + 1 if node else 1
    for step in path:
        child = _child(node, step)
        if child is None:
            break
        line, node = child
    return line


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if str(key.value) == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    return None


def _problem(name: str, node: yaml.Node | None, item: JsonObject, model: type[BaseModel]) -> str:
    error = item.get("ctx", {}).get("error")
    path = (*item["loc"], *(error.path if isinstance(error, BrokenAt) else ()))
    rule = rule_of(item, keys_at(model, path[:-1]))
    written = _without_tags(node, path)
    return f"{name}:{line_of(node, written)}: {_path_text(written)}: {rule}"


def _without_tags(node: yaml.Node | None, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path as the file has it: the validator puts the `kind` of an entry, by which it chose among models, after the entry."""
    written: list[str | int] = []
    for step in path:
        child = _child(node, step)
        if child is None and step == _kind_of(node):
            continue
        written.append(step)
        node = child[1] if child is not None else None
    return tuple(written)


def _kind_of(node: yaml.Node | None) -> str | None:
    child = _child(node, "kind")
    return child[1].value if child is not None and isinstance(child[1], yaml.ScalarNode) else None


def _path_text(path: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in path) or "(top)"


def _refuse_duplicates(node: yaml.Node | None, name: str) -> None:
    """YAML lets a later key silently win; in a file that two sides signed that is an error."""
    seen: set[int] = set()
    todo = [node]
    while todo:
        at = todo.pop()
        if at is None or id(at) in seen:
            continue
        seen.add(id(at))
        if isinstance(at, yaml.MappingNode):
            _refuse_twice(at, name)
        todo += reversed(_inner(at))


def _refuse_twice(node: yaml.MappingNode, name: str) -> None:
    keys: set[str] = set()
    for key, _ in node.value:
        if str(key.value) in keys:
            raise FileError([f"{name}:{key.start_mark.line + 1}: {key.value}: the key is there twice"])
        keys.add(str(key.value))


def _inner(node: yaml.Node) -> list[yaml.Node]:
    """What is directly in it."""
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _refuse_bombs(node: yaml.Node | None, name: str) -> None:
    """Aliases of aliases make a short file a thousand million values; one of itself never ends. Each node is looked at once."""
    sizes: dict[int, int | None] = {}
    todo: list[tuple[yaml.Node, bool]] = [] if node is None else [(node, False)]
    while todo:
        at, is_done = todo.pop()
        if is_done:
            sizes[id(at)] = size = 1 + sum(sizes[id(inner)] or 0 for inner in _inner(at))
            if size > MAX_NODES:
                raise FileError([f"{name}:{at.start_mark.line + 1}: aliases make over {MAX_NODES} values of it"])
            continue
        if id(at) in sizes:
            if sizes[id(at)] is None:
                raise FileError([f"{name}:{at.start_mark.line + 1}: an alias stands for what it is itself in"])
            continue
        sizes[id(at)] = None
        todo.append((at, True))
        todo += [(inner, False) for inner in _inner(at)]


class _TooManyNodes(Exception):
    """A file with more keys and values than any file of ours has. `line` is where it was given up."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Loader(yaml.SafeLoader):
    """SafeLoader without the guesses that bite: `2026-12-24` and `09:00` stay text (YAML 1.1 reads 09:30 as 570), and
    so do `NO`, which is Norway, and the key `on`. It counts what it reads, so that a long file ends early."""

    _count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Raises _TooManyNodes."""
        self._count += 1
        if self._count > MAX_NODES:
            raise _TooManyNodes(self.line + 1)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Raises ConstructorError also for `!!int abc`: PyYAML lets out whatever the conversion raised."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, OverflowError):
            raise yaml.constructor.ConstructorError(None, None, "unfit tag", node.start_mark) from None


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if not (tag.endswith((":int", ":float")) and ":" in pattern.pattern)
    ]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
