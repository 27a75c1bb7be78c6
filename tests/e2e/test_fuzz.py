"""Requests made up from the OpenAPI document, valid and not: never a 500, and every answer is one that it names.

FUZZ_REQUESTS says how many are made of each operation and way, other ones each time; 50, always the same, where it is absent.
"""

import os
import random

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.bootstrap.api import document
from tests.e2e.test_up import Installed

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {result.ok().definition.raw["operationId"]: result.ok() for result in SCHEMA.get_all_operations()}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    made = Installed(tmp_path_factory.mktemp("fuzz") / "mine")
    made.start()
    made.post(email="anna@example.com", name="Anna", form_id="demo")
    made.post(email="bo@example.com", form_id="news")
    known = {"lead_id": made.until("/v1/leads", lambda said: len(said["leads"]) == 2)["leads"][0]["id"]}
    yield made, known
    log = (made.folder / "up.log").read_text()
    assert made.stop() == 0
    assert "a request failed" not in log, log[-3000:]


EXAMPLES = int(os.environ.get("FUZZ_REQUESTS", "50"))
IS_LONG = "FUZZ_REQUESTS" in os.environ
MODES = [
    (name, mode)
    for name, operation in OPERATIONS.items()
    for mode in schemathesis.GenerationMode
    # Without a parameter there is no wrong way to ask.
    if mode.is_positive or operation.definition.raw.get("parameters")
]


@pytest.mark.parametrize(("name", "mode"), MODES)
def test_no_request_that_the_document_or_its_opposite_allows_surprises(running, name, mode):
    made, known = running
    operation = OPERATIONS[name]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], derandomize=not IS_LONG,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def run(case):
        # Half of the ids are ones that are there; nobody waits for long; unsigned sources are known by name.
        for field, value in (*known.items(), ("source", "web")):
            if field in (case.path_parameters or {}) and random.Random(repr(case.query)).random() < 0.5:
                case.path_parameters[field] = value
        if str((case.query or {}).get("wait", 0)).isdigit():
            case.query = {**(case.query or {}), "wait": 0} if name == "listEvents" else case.query
        answer = case.call(base_url=made.url, headers={"Authorization": f"Bearer {made.key}"}, timeout=20)
        case.validate_response(answer, checks=CHECKS)

    run()
