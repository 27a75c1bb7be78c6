"""Checking and cleaning by types alone, in a quarter of the time that pydantic takes: on the way of every signal.

What is done with a field is read off the annotation that pydantic reads, so there is one definition. Where a value is of another
type than nearly always, pydantic is asked about that field; where the fields as a whole are not right, it is asked about all, and
it is pydantic's error that the caller sees. `tests/property/test_quick.py` holds both against one another.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, TypeAdapter
from pydantic.fields import FieldInfo

from schemas.json_values import JsonObject

Clean = Callable[[Any], Any]
NOTHING = type(None)


Rule = dict[type, Clean | None]
"""What is done with a value, by its exact type: None where it stands as it is. What a step makes has the right type, or it raises
ValueError. A type that is not in it is for pydantic."""


class _Steps(dict[type, Clean | None]):
    """The rule of a field; of any type that is not in it pydantic is asked."""

    def __init__(self, annotation: Any) -> None:
        super().__init__(_rule(annotation) or {})
        self._ask_pydantic = _by_pydantic(annotation)

    def __missing__(self, kind: type) -> Clean:
        return self._ask_pydantic


class Quick:
    """The rules of a struct's or a model's fields. `make` makes the struct of fields that are clean."""

    def __init__(
        self,
        annotations: JsonObject,
        required: Iterable[str],
        tidy: Clean | None,
        make: Callable[..., Any],
        absent: Iterable[str] = (),
    ) -> None:
        """`absent`: fields that are None by default."""
        self._rules = {name: _Steps(annotation) for name, annotation in annotations.items()}
        self._required, self._tidy, self.make = frozenset(required), tidy, make
        self._absent = frozenset(name for name in absent if self._rules[name].get(NOTHING, False) is None)
        steps = ((name, rule.get(str)) for name, rule in self._rules.items())
        self._texts = [(name, step) for name, step in steps if step is not None]

    def clean(self, fields: JsonObject) -> JsonObject | None:
        """The fields as pydantic would have them; None where it has to be asked, for something is wrong with them."""
        if self._tidy is not None:
            fields = self._tidy(fields)
        if not self._required <= fields.keys():
            return None
        rules, nothing, cleaned = self._rules, self._absent, {}
        try:
            for name, value in fields.items():
                if value is None and name in nothing:
                    continue
                step = rules[name][type(value)]
                cleaned[name] = value if step is None else step(value)
        except (ValueError, AssertionError, KeyError):
            return None
        return cleaned

    def clean_texts(self, values: JsonObject) -> None:
        """Clean in place the texts among the values of a struct of which each has its type already. Raises ValueError."""
        for name, step in self._texts:
            if (value := values[name]) is not None:
                values[name] = step(value)


@cache
def quick_of_struct(kind: type[msgspec.Struct]) -> Quick:
    """Made by the struct's own constructor, which checks nothing."""
    fields = msgspec.structs.fields(kind)

    def make(**cleaned: Any) -> Any:
        return msgspec.StructMeta.__call__(kind, **cleaned)

    annotations = {field.name: field.type for field in fields}
    return Quick(
        annotations,
        (field.name for field in fields if field.required),
        getattr(kind, "tidy", None),
        make=make,
        absent=[field.name for field in fields if field.default is None],
    )


@cache
def quick_of_model(kind: type[BaseModel]) -> Quick:
    """Of a model that says all in its annotations; a validator that stands beside them would not be heard."""
    decorators = kind.__pydantic_decorators__
    if decorators.field_validators or decorators.model_validators:
        raise TypeError(f"{kind.__name__} has validators beside its annotations")
    fields = kind.model_fields
    annotations = {
        name: Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        for name, field in fields.items()
    }
    return Quick(annotations, (name for name, field in fields.items() if field.is_required()), None, dict)


class _Unusual(ValueError):
    """Something inside a list or an object is of a type for which there is no rule."""


def _by_pydantic(annotation: Any) -> Clean:
    """Raises ValidationError, which is a ValueError."""

    @cache
    def adapter() -> TypeAdapter[Any]:
        return TypeAdapter(annotation)

    return lambda value: adapter().validate_python(value)


def _rule(annotation: Any) -> Rule | None:
    """None where pydantic has to be asked about any value."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _with_steps(arguments[0], arguments[1:])
    if origin is Union or origin is types.UnionType:
        return _or_nothing(arguments)
    if origin is Literal:
        return {str: _one_of(frozenset(arguments))}
    if origin is tuple and arguments[1:] == (...,):
        return _members(_rule(arguments[0]))
    if origin is dict and arguments[0] is str:
        return {dict: _object(arguments[1])}
    if annotation in _PLAIN or (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return {annotation: None}
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return {annotation: None, dict: _struct(annotation)}
    return None


_PLAIN = (str, bool, int, float, NOTHING)


def _with_steps(inner: Any, steps: tuple[Any, ...]) -> Rule | None:
    """A step before a value is checked is taken for texts, numbers and nothing, of which it makes what the rule knows; those after it
    for all."""
    rule: Rule | None = {datetime: _with_zone} if inner is datetime and AwareDatetime in steps else _rule(inner)
    steps = tuple(step for step in steps if step is not AwareDatetime and step != msgspec.Meta(tz=True))
    steps = tuple(step for step in steps if not (isinstance(step, FieldInfo) and not step.metadata))
    bounds: list[Any] = [one for step in steps for one in getattr(step, "metadata", (None,))]
    if inner is int and len(bounds) == 1 and type(bounds[0]).__name__ == "Ge":
        return {int: _at_least(bounds[0].ge)}
    before: list[Any] = [step.func for step in steps if isinstance(step, BeforeValidator)]
    after: list[Any] = [step.func for step in steps if isinstance(step, AfterValidator)]
    if rule is None or len(before) + len(after) < len(steps):
        return None
    if before and rule == {str: None, NOTHING: None}:
        rule = {str: _chain(before[::-1]), NOTHING: _chain(before[::-1])}
    elif before and rule == {str: None}:
        rule = {str: _then(_chain(before[::-1]), rule)}
    elif before and rule.keys() == {int, NOTHING}:
        read = _then(_chain(before[::-1]), rule)
        rule = {str: read, int: read, NOTHING: read}
    elif before:
        return None
    if after:
        rule = {kind: _chain([*([step] if step else []), *after]) for kind, step in rule.items()}
    if NOTHING in rule and all(step(None) is None for step in (*before, *after)):
        rule[NOTHING] = None
    return rule


def _chain(steps: list[Clean]) -> Clean:
    """One after the other."""
    if len(steps) == 1:
        return steps[0]

    def clean(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return clean


def _at_least(least: Any) -> Clean:
    def clean(value: Any) -> Any:
        if value >= least:
            return value
        raise _Unusual

    return clean


def _with_zone(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise _Unusual
    return value


def _then(before: Clean, rule: Rule) -> Clean:
    """A step, and what the rule does with the value that it makes."""

    def clean(value: Any) -> Any:
        made = before(value)
        step = rule[type(made)]
        return made if step is None else step(made)

    return clean


def _or_nothing(members: tuple[Any, ...]) -> Rule | None:
    rules = [_rule(member) for member in members if member is not NOTHING]
    if len(rules) != 1 or len(members) != 2:
        return None
    return {**(rules[0] or {}), NOTHING: None}


def _one_of(words: frozenset[Any]) -> Clean:
    def clean(value: Any) -> Any:
        if value in words:
            return value
        raise _Unusual

    return clean


def _members(rule: Rule | None) -> Rule | None:
    if rule is None:
        return None

    def clean(value: Any) -> Any:
        if not value:
            return ()
        try:
            steps = [rule[type(item)] for item in value]
        except KeyError:
            raise _Unusual from None
        return tuple([item if step is None else step(item) for step, item in zip(steps, value, strict=True)])

    return {tuple: clean, list: clean}


def _object(inner: Any) -> Clean:
    """A new one, as pydantic makes it."""

    def clean(value: Any) -> Any:
        if not all([type(name) is str for name in value]):
            raise _Unusual
        if inner is not Any and not all([type(held) is inner for held in value.values()]):
            raise _Unusual
        return dict(value)

    return clean


def _struct(kind: type[msgspec.Struct]) -> Clean:
    """Of what one is made of."""

    def clean(value: Any) -> Any:
        quick = quick_of_struct(kind)
        if (cleaned := quick.clean(value)) is None:
            raise _Unusual
        return quick.make(**cleaned)

    return clean
