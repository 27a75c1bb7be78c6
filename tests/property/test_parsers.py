"""No body crashes a parser: what is not understood is set aside."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.signals import Parsed, Quarantined
from services.ingest.parsers import PARSERS, parse

words = st.sampled_from(
    ["email", "form_response", "answers", "meta", "current", "previous", "data", "mautic.form_on_submit", "contact", "fields",
     "core", "subscriptionType", "objectId", "properties", "vid", "fact", "id", "type", "source", "value", "object", "action",
     "event", "object_type", "object_id", "lead", "activity.call", "created", "updated", "status", "topic", "item",
     "ChangeEventHeader", "entityName", "recordIds", "changeType", "Opportunity", "ContactCreate", "OutboundMessage"]
)  # fmt: skip
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | words
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)
types = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/cloudevents-batch+json",
        "",
        "å",
    ]
)


def check(kind, body, content_type):
    for item in parse(kind, body, content_type, {}):
        assert isinstance(item, Parsed | Quarantined)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(PARSERS)), trees, types)
def test_no_json_crashes_a_parser(kind, tree, content_type):
    check(kind, json.dumps(tree).encode(), content_type)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PARSERS)), st.binary(max_size=300), types)
def test_no_bytes_crash_a_parser(kind, body, content_type):
    check(kind, body, content_type)


def test_json_nested_a_hundred_thousand_deep_is_set_aside():
    for kind in PARSERS:
        assert isinstance(parse(kind, b"[" * 100_000, "application/json", {})[0], Quarantined)
