"""A vendor's OpenAPI file as a judge, on a file of our own."""

import json

import pytest

from tests.parts.vendors.published import Published
from tests.parts.vendors.server import ask

SPEC = {
    "openapi": "3.0.1",
    "info": {"title": "Deals", "version": "2026-09"},
    "paths": {
        "/crm/{noun}/{id}": {
            "parameters": [],
            "patch": {
                "parameters": [
                    {"name": "idProperty", "in": "query", "required": False, "schema": {"type": "string"}},
                    {"name": "must", "in": "query", "required": True, "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Input"}}},
                },
            },
        },
        "/crm/{noun}": {"get": {"parameters": []}},
    },
    "components": {
        "schemas": {
            "Input": {
                "type": "object",
                "required": ["properties"],
                "properties": {
                    "properties": {"type": "object", "additionalProperties": {"type": "string", "nullable": True}}
                },
            }
        }
    },
}


@pytest.fixture
def published(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "deals.json").write_text(json.dumps(SPEC))
    (tmp_path / "other.json").write_text(json.dumps({"paths": {}, "info": {"version": "v3"}}))
    return Published(tmp_path, "2026-09")


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (ask("PATCH", "/crm/deals/1?must=1", {"properties": {"a": "1", "b": None}}), None),
        (ask("PATCH", "/crm/deals/1?must=1&idProperty=x", {"properties": {}}), None),
        (ask("GET", "/crm/deals"), None),
        (ask("PATCH", "/crm/deals/1?must=1", {"properties": {"a": 1}}), "is not of type"),
        (ask("PATCH", "/crm/deals/1?must=1", {}), "'properties' is a required property"),
        (ask("PATCH", "/crm/deals/1?must=1"), "it has no body"),
        (ask("PATCH", "/crm/deals/1", {"properties": {}}), "?must is missing"),
        (ask("PATCH", "/crm/deals/1?must=1&other=2", {"properties": {}}), "?other is no parameter"),
        (ask("GET", "/crm/deals", {"a": 1}), "it has a body"),
        (ask("GET", "/crm/deals/1/x"), "no operation GET /crm/deals/1/x"),
    ],
)
def test_a_request_is_held_against_the_operation_of_its_path(published, request_, problem):
    found = published.problems(request_)
    assert found == [] if problem is None else any(problem in one for one in found), found


def test_a_directory_without_that_version_is_said_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match="2026-09"):
        Published(tmp_path, "2026-09")
