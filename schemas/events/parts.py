"""The base of all that events are made of.

Structs of msgspec: a router makes and writes several for each signal, in a tenth of the time of validated models. What
they are made of was validated when it came in. A member is written in the order of the class, null where it is None.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from msgspec.structs import FieldInfo, fields
from pydantic import BaseModel, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema

from schemas.json_values import JsonObject
from schemas.parts import Part


class EventPart(msgspec.Struct, frozen=True, kw_only=True):
    """Frozen; members have names only, since those of a base come first."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler(model_of(cls))


@cache
def model_of(kind: type[EventPart]) -> type[BaseModel]:
    """The model that says the same of itself: pydantic writes its JSON Schema."""
    members: JsonObject = {field.name: (field.type, _default(field)) for field in fields(kind)}
    return create_model(kind.__name__, __doc__=kind.__doc__, __module__=kind.__module__, **members)


def _default(field: FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    if field.required or isinstance(field.default, Part):
        return ... if field.required else field.default
    return msgspec.to_builtins(field.default)
