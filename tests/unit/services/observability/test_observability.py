"""Log lines and metrics: structured, bounded, and without personal data."""

import io
import json
import logging
import re

import pytest

from services.observability import metrics
from services.observability.logging import configure, scrub


@pytest.fixture
def lines():
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    configure("INFO", "json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)


def test_only_allowed_fields_pass(lines):
    logging.getLogger("stafett.x").info("taken", extra={"count": 3, "lead_id": "lead_1", "email": "a@example.com"})
    (line,) = lines()
    assert (line["message"], line["count"], line["lead_id"], line["level"]) == ("taken", 3, "lead_1", "INFO")
    assert "email" not in line


def test_of_an_exception_the_class_is_said_and_never_the_message(lines):
    try:
        raise ValueError("Key (email)=(anna@example.com) already exists")
    except ValueError as error:
        logging.getLogger("stafett.x").error("failed", exc_info=error)
    (line,) = lines()
    assert line["exception"]["class"] == "ValueError"
    assert "anna" not in json.dumps(line)


@pytest.mark.parametrize(
    "text",
    ["anna.b@example.com", "+46 70 123 45 67", "0046701234567", "070-123 45 67", "<anna@example.co.uk>", "x=a@b.se;"],
)
def test_addresses_and_numbers_are_struck_out(text):
    assert "[hidden]" in scrub(f"row {text} there")
    assert "a@b" not in scrub(text)


@pytest.mark.parametrize(
    "text",
    ["2026-11-24T09:00:00Z", "stafett.signals.v1/3", "127.0.0.1:9092", "lead_0123456789abcdef", "offset 1234567890"],
)
def test_ids_instants_and_places_stay(text):
    assert scrub(text) == text


def test_label_values_are_bounded():
    for number in range(metrics.MAX_SOURCES + 50):
        metrics.count_request(f"source-{number}", "accepted")
    metrics.count_request(None, "no such outcome")
    text = metrics.exposition().decode()
    sources = set(re.findall(r'stafett_intake_requests_total\{outcome="\w+",source="([^"]*)"', text))
    assert len(sources) == metrics.MAX_SOURCES + 1, "and one for all others"
    assert 'source="other",' in text or 'source="other"' in text


def test_a_batch_is_counted():
    metrics.count_batch(5, 0.02, [1.5], 1)
    metrics.lag(metrics.consumer_lag, {0: 3}, {0: 10, 1: 4})
    text = metrics.exposition().decode()
    assert 'stafett_consumer_lag_records{partition="0"} 7.0' in text
    assert "stafett_sla_breach_lateness_seconds_count 1.0" in text


def test_a_subscription_says_how_far_it_is_behind_and_whether_it_is_disabled():
    metrics.subscription_state("crm", 7, disabled=True, pause="open", failing=90.0)
    text = metrics.exposition().decode()
    assert 'stafett_pending_deliveries{subscription="crm"} 7.0' in text
    assert 'stafett_subscription_disabled{subscription="crm"} 1.0' in text
    assert 'stafett_subscription_paused{pause="open",subscription="crm"} 1.0' in text
    assert 'stafett_subscription_failing_seconds{subscription="crm"} 90.0' in text
    metrics.subscription_state("crm", 0, disabled=False, pause=None, failing=0.0)
    text = metrics.exposition().decode()
    assert 'stafett_subscription_disabled{subscription="crm"} 0.0' in text
    assert 'stafett_subscription_paused{pause="open",subscription="crm"} 0.0' in text
    metrics.forget_subscriptions()
    assert 'subscription="crm"' not in metrics.exposition().decode(), "it was deleted"
