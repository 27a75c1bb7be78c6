"""What is wrong with what somebody wrote, in words that say what to write instead; the value itself is never told.

The words of explanations are in `routing/explain`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from schemas.json_values import JsonObject
from schemas.validator_words import words_of
from schemas.words import probably


def root_errors(error: ValidationError) -> list[JsonObject]:
    """Its errors without those that only follow: a list whose one entry is wrong is not too short besides."""
    errors: list[JsonObject] = [{**item} for item in error.errors(include_url=False)]
    wrong: list[tuple[int | str, ...]] = [item["loc"] for item in errors]
    return [
        item
        for item in errors
        if item["type"] != "too_short"
        or not any(len(w) > len(item["loc"]) and w[: len(item["loc"])] == item["loc"] for w in wrong)
    ]


def rule_of(item: Mapping[str, Any], allowed: Iterable[str] = ()) -> str:
    """One of pydantic's errors as a rule; `allowed` are the keys that may stand where it was found."""
    context = item.get("ctx", {})
    words = words_of(item["type"], context, str(item["msg"]))
    match item["type"]:
        case "extra_forbidden":
            keys = list(allowed)
            there_are = f"; there are {', '.join(keys)}" if keys else "; is it misspelt?"
            return words + (probably(str(item["loc"][-1]), keys) or there_are)
        case "missing":
            return f"`{item['loc'][-1]}` {words}"
        case "literal_error" | "enum":
            return words + probably(str(item.get("input", "")), re.findall(r"'([^']+)'", words))
        case "union_tag_invalid":
            tags = re.findall(r"'([^']+)'", context["expected_tags"])
            key = str(context["discriminator"]).strip("'")
            return f"`{key}` is none of {', '.join(tags)}{probably(str(context['tag']), tags)}"
        case "union_tag_not_found":
            return f"`{str(context['discriminator']).strip(chr(39))}` {words}"
        case "string_too_short" if context["min_length"] == 1:
            return "must not be empty"
        case _:
            return words


def keys_at(model: Any, path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand at this place of a file of `model`; [] where that cannot be told."""
    for step in path:
        inner_models = [_inside(kind, step) for kind in _models(model)]
        chosen = next((kind for kind in _models(model) if _is_of_kind(kind, step)), None)
        model = next((inner for inner in inner_models if inner is not None), chosen)
    fields = [kind.model_fields for kind in _models(model) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [field.alias or name for members in fields for name, field in members.items()]


def _inside(kind: Any, step: str | int) -> Any:
    """The type of what stands at `step` within `kind`, a model, list or mapping."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        return next((field.annotation for name, field in fields if step in (name, field.alias)), None)
    inner = [part for part in get_args(kind) if part is not Ellipsis]
    return inner[-1] if inner else None


def _is_of_kind(model: Any, step: str | int) -> bool:
    """Whether the model is the one of a union that its `kind` chooses."""
    field = model.model_fields.get("kind") if isinstance(model, type) and issubclass(model, BaseModel) else None
    return field is not None and step in get_args(field.annotation)


def _models(kind: Any) -> list[Any]:
    """`kind` itself, or the parts of a union or annotation."""
    parts = [part for part in get_args(kind) if part is not type(None)]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    if hasattr(kind, "__metadata__"):
        return _models(parts[0])
    origin = getattr(kind, "__origin__", None)
    if origin in (tuple, list, dict) or not parts:
        return [kind]
    return [model for part in parts for model in _models(part)]
