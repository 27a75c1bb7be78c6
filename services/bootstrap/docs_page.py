"""The OpenAPI document as one plain page: it loads nothing, runs nothing, and is read without the internet."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from schemas.json_values import JsonObject

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid; } summary { cursor: pointer; padding: .3rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: 13px; } pre { overflow-x: auto; padding: .7rem; border: 1px solid; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600; } .what { opacity: .75; }
table { border-collapse: collapse; } td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""What a browser may do with the page: nothing but its own style."""


def page_of(document: JsonObject) -> str:
    """HTML of an OpenAPI document."""
    info = document["info"]
    parts = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        _text(info.get("description", "")),
        '<p><a href="openapi.json">openapi.json</a> is the whole document, for tools.</p>',
        *(part for tag in document.get("tags", ()) for part in _section(tag, document)),
        "<h2>Bodies</h2>",
        *_schemas(document.get("components", {}).get("schemas", {})),
    ]
    head = f'<meta charset="utf-8"><title>{escape(info["title"])} API</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _section(tag: JsonObject, document: JsonObject) -> Iterator[str]:
    found = [
        _operation(path, method, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if tag["name"] in operation.get("tags", ())
    ]
    if found:
        yield f"<h2>{escape(tag['name'])}</h2>{_text(tag.get('description', ''))}"
        yield from found


def _operation(path: str, method: str, operation: JsonObject) -> str:
    scopes = ", ".join(name for need in operation.get("security", ()) for names in need.values() for name in names)
    head = f'<span class="method">{escape(method.upper())}</span> <code>{escape(path)}</code>'
    parts = [
        f'<details><summary>{head} <span class="what">{escape(operation.get("summary", ""))}</span></summary>',
        _text(operation.get("description", "")),
        f"<p>Scope: <code>{escape(scopes)}</code></p>" if scopes else "<p>Needs no key.</p>",
        _parameters(operation.get("parameters", ())),
        _answers(operation.get("responses", {})),
        "</details>",
    ]
    return "".join(parts)


def _parameters(parameters: Any) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
        f"<td>{escape(one.get('description', ''))}</td></tr>"
        for one in parameters
    )
    return f"<table>{rows}</table>" if rows else ""


def _answers(responses: JsonObject) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(str(status))}</code></td><td>{escape(answer.get('description', ''))} {_links(answer)}</td></tr>"
        for status, answer in responses.items()
    )
    return f"<table>{rows}</table>"


def _links(answer: JsonObject) -> str:
    names = {
        content.get("schema", {}).get("$ref", "").rpartition("/")[2] for content in answer.get("content", {}).values()
    }
    return " ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in sorted(names - {""}))


def _schemas(schemas: JsonObject) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{text}</pre></details>'


def _text(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n") if part.strip())
