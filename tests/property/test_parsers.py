"""No body crashes a parser: what is not understood is set aside."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.signals import Parsed, Quarantined
from services.ingest.parsers.registry import PARSERS, parse

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
SHAPED = {
    "activecampaign": "type contact deal updated_fields[0] contact[email] contact[fields][a] deal[stageid] deal_update seriesid subscribe",
    "mailchimp": "type data[email] data[merges][FNAME] fired_at subscribe upemail data data[id] cleaned",
    "meta_lead_ads": "object entry changes value leadgen_id field leadgen field_data name values created_time id",
    "google_ads": "lead_id user_column_data column_id string_value EMAIL is_test google_key column_name",
    "linkedin": "leadGenFormResponse leadAction CREATED DELETED formResponse answers answerDetails questions form elements occurredAt",
    "jotform": "rawRequest submissionID answers q3_name first last full q4_email area phone answer name",
    "tally": "data fields label type value options id text INPUT_EMAIL INPUT_TEXT eventId formId key",
    "calendly": "event payload uri email cancellation questions_and_answers question answer tracking invitee.created scheduled_event",
    "webflow": "payload data triggerType form_submission schema fieldName fieldType name id customerInfo",
    "gravity_forms": "id form_id 1.3 1.6 status spam date_created entry 2",
    "segment": "type identify track traits batch userId properties context campaign group messageId event",
    "generic": "event data payload contact attendees email name answers fields label value triggerEvent account[subdomain] leads[status][0][id] "
    "leads account webhook_id events ids type updated_attributes organizer id previous meta custom_fields values MessageSid From",
    "generic ": "leads status subdomain account task note contacts custom_fields values code EMAIL 0 event_type actor deal stage_id emails",
}


def shaped(kind):
    """Bodies of the words that this kind looks for, in any order and depth."""
    own = st.sampled_from(SHAPED[kind].split())
    inner = st.recursive(
        own | leaves, lambda i: st.lists(i, max_size=3) | st.dictionaries(own, i, max_size=6), max_leaves=25
    )
    return st.dictionaries(own, inner, max_size=6)


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


@pytest.mark.parametrize("kind", SHAPED)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_body_in_a_kinds_own_words_crashes_it(kind, data):
    tree = data.draw(shaped(kind))
    check(kind.strip(), json.dumps(tree).encode(), "application/json")
    pairs = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in tree.items()]
    check(kind.strip(), urlencode(pairs, errors="replace").encode(), "application/x-www-form-urlencoded")


def test_json_nested_a_hundred_thousand_deep_is_set_aside():
    for kind in PARSERS:
        assert isinstance(parse(kind, b"[" * 100_000, "application/json", {})[0], Quarantined)
