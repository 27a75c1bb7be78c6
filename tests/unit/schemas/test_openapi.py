"""The OpenAPI document: valid, and whole enough that nobody has to guess."""

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from schemas.problems import KINDS
from services.bootstrap.api import document

DOCUMENT = document()
OPERATIONS = {operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()}


def fits(value, schema):
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def examples(content):
    return [content["example"]] if "example" in content else [e["value"] for e in content.get("examples", {}).values()]


def test_it_is_valid():
    validate(DOCUMENT)
    assert len(OPERATIONS) == sum(len(path) for path in DOCUMENT["paths"].values()), "operation ids are unique"


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_does_with_examples_that_fit(name):
    operation = OPERATIONS[name]
    assert operation["summary"] and len(operation["description"]) > 10 and operation["tags"]
    for parameter in operation.get("parameters", ()):
        assert parameter["description"], parameter["name"]
        shown = [parameter["example"]] if "example" in parameter else parameter["schema"]["examples"]
        for value in shown:
            fits(value, parameter["schema"])
    if body := operation.get("requestBody"):
        assert body["description"] and all(examples(content) for content in body["content"].values())
    for status, answer in operation["responses"].items():
        assert answer["description"] != "Successful Response", status
        assert "content" in answer or status == "204", status
        for content in answer.get("content", {}).values():
            assert examples(content), (status, "has no example")
            for value in examples(content):
                fits(value, content["schema"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_error_is_a_problem_whose_type_is_known(name):
    for status, answer in OPERATIONS[name]["responses"].items():
        if int(status) >= 400 and name != "ready":
            (content,) = answer["content"].items()
            assert content[0] == "application/problem+json"
            assert content[1]["schema"] == {"$ref": "#/components/schemas/Problem"}
            for code, example in content[1]["examples"].items():
                assert example["value"]["status"] == KINDS[code].status == int(status)


def test_every_operation_under_v1_but_the_hooks_needs_a_key_and_says_which_scope():
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            if path.startswith("/v1/") and not path.startswith("/v1/hooks/"):
                ((scheme, scopes),) = operation["security"][0].items()
                assert scheme == "apiKey" and len(scopes) == 1
                assert {"401", "403", "503"} <= operation["responses"].keys()
            elif path == "/metrics":
                assert operation["security"] == [{"apiKey": ["metrics:read"]}]
            else:
                assert operation["security"] == []
