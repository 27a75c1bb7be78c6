"""Metrics and log lines of a running installation."""

import json

import httpx
import pytest

from tests.e2e.test_up import Installed, free_port


def value(text, name):
    return float(next(line for line in text.splitlines() if line.startswith(name)).rsplit(" ", 1)[1])


@pytest.fixture
def made(tmp_path):
    made = Installed(tmp_path / "mine")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


def test_what_happened_is_counted_and_no_line_tells_whom_it_was_about(made):
    made.env["STAFETT_LOG_LEVEL"] = "INFO"
    made.start()
    assert made.post(email="anna@example.com", name="Anna", form_id="demo").status_code == 202
    httpx.post(f"{made.url}/v1/hooks/no-such-source", timeout=5)
    made.until("/v1/leads", lambda found: found["leads"])
    assert httpx.get(f"{made.url}/metrics", timeout=5).status_code == 401
    text = httpx.get(f"{made.url}/metrics", headers={"Authorization": f"Bearer {made.key}"}, timeout=5).text
    assert value(text, 'stafett_intake_requests_total{outcome="accepted",source="web"}') == 1
    assert value(text, 'stafett_intake_requests_total{outcome="refused",source="other"}') == 1
    assert value(text, "stafett_router_batch_records_count") >= 1
    assert "stafett_consumer_lag_records{" in text
    assert "stafett_thin_lag_records{" in text
    assert made.stop() == 0
    said = (made.folder / "up.log").read_text()
    assert "anna" not in said.lower()
    lines = [json.loads(line) for line in said.splitlines() if not line.startswith("stafett: ")]
    told = [line["message"] for line in lines]
    assert (told[0], told[-1]) == ("started", "stopped")
    assert "relay" in lines[0]["role"]
    assert {"took the lease", "partitions assigned"} <= set(told)


def test_a_port_of_its_own_takes_the_metrics_off_the_public_one(made):
    port = free_port()
    made.env["STAFETT_METRICS_PORT"] = str(port)
    made.start()
    assert "stafett_outbox_depth" in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    assert httpx.get(f"{made.url}/metrics", timeout=5).status_code == 404
    assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).json() == {"status": "ok"}
    ready = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
    parts = ("store", "log", "delivery", "enrich", "relay", "router", "sla")
    assert ready.json() == {"status": "ready", **dict.fromkeys(parts, "ok")}
    assert ready.status_code == 200
    assert made.stop() == 0
