"""The base of a signal and its parts: checked where they are made of what others wrote, quick where we read them again.

They are structs of msgspec, which reads and writes them as they are. Whoever makes one by its name, or as a part of a
model of pydantic, has it checked and cleaned first, by the types that the fields are annotated with: by `schemas.quick` where these are
plainly right, else by pydantic.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, TypeAdapter, create_model, model_validator
from pydantic_core import CoreSchema, core_schema

from schemas.json_values import JsonObject
from schemas.quick import quick_of_struct


class _Checking(msgspec.StructMeta):
    """To call the class is to check and to clean; what msgspec reads, copies or changes it makes without a call."""

    def __call__(self, **fields: Any) -> Any:
        cleaned = quick_of_struct(self).clean(fields)
        if cleaned is None:
            return _plain(self, _form(self)(**fields))
        return msgspec.StructMeta.__call__(self, **cleaned)


class Part(
    msgspec.Struct, metaclass=_Checking, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A part of a signal. Absent is None, or what the field is by default."""

    @classmethod
    def assemble(cls, **fields: Any) -> Self:
        """Put together of fields that were checked and cleaned before, or are our own: nothing is looked at."""
        part: Self = msgspec.StructMeta.__call__(cls, **fields)
        return part

    @classmethod
    def from_mapping(cls, value: Any) -> Self:
        """Of a mapping, or one of these. Raises pydantic's ValidationError."""
        part: Self = _adapter(cls).validate_python(value)
        return part

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """Of JSON that may be anybody's, checked. Raises pydantic's ValidationError."""
        part: Self = _adapter(cls).validate_json(text)
        return part

    def text(self) -> str:
        """JSON without what is as by default."""
        try:
            return _WRITE(self._with_own_defaults()).decode()
        except (TypeError, ValueError, OverflowError):  # a number or a type among free values that only pydantic knows
            return _adapter(type(self)).dump_json(self, by_alias=True, exclude_defaults=True).decode()

    def _with_own_defaults(self) -> Self:
        """msgspec leaves out of what is written only the very objects that are the defaults, not their equals."""
        equals = {
            name: default
            for name, default in _defaults(type(self))
            if (value := getattr(self, name)) is not default and value == default
        }
        return self.but(**equals) if equals else self

    def plain(self) -> JsonObject:
        """All of it as JSON has it."""
        members: JsonObject = _adapter(type(self)).dump_python(self, mode="json", by_alias=True)
        return members

    def but(self, **changes: Any) -> Self:
        """The same with these fields changed, which are not checked again."""
        return msgspec.structs.replace(self, **changes)

    def values(self) -> JsonObject:
        """Each field by its name."""
        return msgspec.structs.asdict(self)

    def cleaned_values(self) -> JsonObject:
        """Each field by its name, texts cleaned as where a part is made: `but` took them as they were. Raises ValueError."""
        values: JsonObject = msgspec.structs.asdict(self)
        quick_of_struct(type(self)).clean_texts(values)
        return values

    def known_fields(self) -> JsonObject:
        """The fields that are not None, by their names."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda value, check: value if isinstance(value, cls) else _plain(cls, check(value)),
            handler(_form(cls)),
            serialization=core_schema.wrap_serializer_function_ser_schema(lambda part, write: write(_as_form(part))),
        )


@cache
def _adapter(kind: type[Part]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _form(kind: type[Any]) -> type[BaseModel]:
    """The model of pydantic with the same fields, which checks, cleans, writes and tells the schema."""
    config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)
    fields: JsonObject = {field.name: (field.type, _rule(field)) for field in msgspec.structs.fields(kind)}
    named: JsonObject = {"__config__": config, "__doc__": kind.__doc__, "__module__": kind.__module__}
    if (tidy := getattr(kind, "tidy", None)) is not None:
        named["__validators__"] = {"tidy": model_validator(mode="before")(partial(_tidy_mapping, tidy))}
    return create_model(kind.__name__, **named, **fields)


def _tidy_mapping(tidy: Callable[[JsonObject], JsonObject], value: Any) -> Any:
    """A part may put what it is made of in order first, where one field says of two facts."""
    return tidy(value) if isinstance(value, dict) else value


@cache
def _defaults(kind: type[Part]) -> list[tuple[str, Any]]:
    """Fields by default whose values may be equal to it and be another object."""
    return [(f.name, f.default) for f in msgspec.structs.fields(kind) if isinstance(f.default, str | Part)]


def _rule(field: msgspec.structs.FieldInfo) -> Any:
    alias = field.encode_name if field.encode_name != field.name else None
    if field.default_factory is not msgspec.NODEFAULT:
        return Field(default_factory=field.default_factory, alias=alias)
    return Field(alias=alias) if field.required else Field(default=field.default, alias=alias)


def _plain(kind: type[Any], checked: BaseModel) -> Any:
    return msgspec.StructMeta.__call__(kind, **vars(checked))


def _as_form(part: Part) -> BaseModel:
    """As its form, for pydantic to write; nothing is checked again."""
    form = _form(type(part))
    shown = form.__new__(form)
    object.__setattr__(shown, "__dict__", msgspec.structs.asdict(part))
    object.__setattr__(shown, "__pydantic_fields_set__", set())
    return shown


def _other(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    raise TypeError(f"{type(value).__name__} is for pydantic to write")


_WRITE = msgspec.json.Encoder(enc_hook=_other).encode
