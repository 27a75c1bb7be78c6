"""One webhook is one trace, from its arrival to the receiver of its events, as a collector gets it by OTLP."""

import asyncio
import logging
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExportResult

from services.bootstrap.running import BACKGROUND
from services.observability.tracing import QUEUE, traceparent_in, traces_to
from services.settings import SettingsError
from tests.api import installed
from tests.chaos.run import QUICK
from tests.e2e.test_sinks import OWNERS, ROSTER, SECRET, SINK
from tests.parts.vendors.hubspot import HubSpotApi
from tests.parts.vendors.hubspot_account import KEY, Owner
from tests.parts.vendors.hubspot_records import Property
from tests.parts.vendors.server import serve
from tests.setups import EXAMPLES

TRACE = "0af7651916cd43dd8448eb211c80319c"
SENT = f"00-{TRACE}-b7ad6b7169203331-00"
PLANTED = ("vera.danielsson@target.example", "Danielsson", "46701234567", "Target", "a secret wish")


class Kept(list):
    """Requests that came: (headers, body)."""


@contextmanager
def server(answer=200):
    kept = Kept()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            kept.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *_):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    kept.url = f"http://127.0.0.1:{made.server_port}/v1/traces"
    try:
        yield kept
    finally:
        made.shutdown()
        made.server_close()


def spans_in(kept):
    """Of requests, read by OTLP's own schema."""
    for head, body in kept:
        assert {name.lower(): value for name, value in head.items()}["content-type"] == "application/x-protobuf"
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            assert ("service.name", "stafett") in {
                (one.key, one.value.string_value) for one in resource.resource.attributes
            }
            for scope in resource.scope_spans:
                yield from ((scope.scope.name, span) for span in scope.spans)


def subscription(url):
    return f"""
version: 1
subscriptions:
  - {{name: crm, url: "{url}", events: [stafett.*], secrets: [STAFETT_SECRET_CRM], allow_private: true}}
"""


def places_of(spans):
    """{place: its spans}."""
    places = {name.removeprefix("stafett.") for name, _ in spans}
    return {place: [span for name, span in spans if name == f"stafett.{place}"] for place in places}


def attributes_of(span):
    return {one.key.removeprefix("stafett."): one.value.string_value or one.value.int_value for one in span.attributes}


async def run_a_webhook(folder, collector, receiver, **secrets):
    """A form with a trace of its sender's, until its events are with the receiver and its spans with the collector."""
    named = {"STAFETT_TRACES_URL": collector.url, **secrets}
    files = {"subscriptions.yaml": subscription(receiver.url)}
    async with installed(folder, secrets=named, files=files, roles=("router", "relay")) as api:
        stop = asyncio.Event()
        delivery = asyncio.create_task(BACKGROUND["delivery"](api.parts)(stop))
        await asyncio.sleep(0.3)
        form = {
            "email": PLANTED[0],
            "name": "Vera Danielsson",
            "phone": "+46701234567",
            "company": "Target AB",
            "message": PLANTED[4],
        }
        head = {"traceparent": SENT}
        assert (await api.client.post("/v1/hooks/load", data=form, headers=head)).status_code == 202
        await api.settled()
        for _ in range(200):
            if any(b"lead.created" in body for _, body in receiver):
                break
            await asyncio.sleep(0.05)
        stop.set()
        await delivery


async def test_a_webhook_is_one_trace_from_its_arrival_to_its_receiver(tmp_path):
    with server() as collector, server() as receiver:
        await run_a_webhook(tmp_path, collector, receiver)
        spans = list(spans_in(collector))
    assert {span.trace_id.hex() for _, span in spans} == {TRACE}
    by_place = {
        place: [span for name, span in spans if name == f"stafett.{place}"]
        for place in ("ingest", "router", "relay", "delivery")
    }
    assert all(by_place.values()), {place: len(found) for place, found in by_place.items()}
    (arrival,) = by_place["ingest"]
    assert arrival.parent_span_id.hex() == "b7ad6b7169203331"
    later = [span for place in ("router", "relay", "delivery") for span in by_place[place]]
    assert {span.parent_span_id for span in later} == {arrival.span_id}
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for _, span in spans)
    tries = {span.span_id.hex() for span in by_place["delivery"]}
    heads = [head["traceparent"] for head, _ in receiver if "traceparent" in head]
    assert (
        heads and {head.split("-")[1] for head in heads} == {TRACE} and {head.split("-")[2] for head in heads} <= tries
    )
    text = b"".join(body for _, body in collector)
    assert not [word for word in PLANTED if word.encode() in text], "a collector learns nothing of anybody"


ALERTS = """
version: 1
group_wait: 0s
channels: [{{name: ours, kind: webhook, url: "{url}", secrets: [STAFETT_SECRET_CRM], allow_private: true}}]
"""


async def run_a_broken_promise(folder, collector, receiver, crm):
    """A lead that nobody follows up in the second in which it was promised, until a channel was told; a sink writes it into a CRM."""
    files = {"alerts.yaml": ALERTS.format(url=receiver.url), "sinks.yaml": SINK.format(url=crm), "roster.yaml": ROSTER}
    secrets = {"STAFETT_TRACES_URL": collector.url, **SECRET}
    agreement = (EXAMPLES / "agreement.yaml").read_text()
    for long, short in QUICK:
        assert long in agreement
        agreement = agreement.replace(long, short.replace("5s", "1s"))
    async with installed(folder, secrets=secrets, files=files, agreement=agreement) as api:
        stop = asyncio.Event()
        tasks = [asyncio.create_task(BACKGROUND[role](api.parts)(stop)) for role in ("alerts", "delivery")]
        await asyncio.sleep(1)
        await api.form(email=PLANTED[0], name="Vera Danielsson", company="Target AB", form_id="demo")
        async with asyncio.timeout(40):
            while not any(b'"breach"' in body for _, body in receiver):
                await asyncio.sleep(0.05)
        stop.set()
        await asyncio.gather(*tasks)


async def test_a_broken_promise_is_one_trace_from_when_it_was_due_to_who_is_told_and_a_sinks_writing_is_of_the_webhooks(
    tmp_path,
):
    hubspot = HubSpotApi(owners={ident: Owner(ident, f"{ident}@firma.example") for ident in OWNERS})
    hubspot.add_property("deals", Property(KEY, is_unique=True))
    with server() as collector, server() as receiver, serve(hubspot) as crm:
        await run_a_broken_promise(tmp_path, collector, receiver, crm)
        spans = list(spans_in(collector))
    places = places_of(spans)
    told = places["alerts"][0]
    assert (told.name, attributes_of(told)["channel"], attributes_of(told)["incidents"]) == ("tell", "ours", 1)
    of_clock = [(name, span) for name, span in spans if span.trace_id == told.trace_id]
    (announced,) = places_of(of_clock)["sla"]
    assert announced.name == "announce" and attributes_of(announced)["clock"] and attributes_of(announced)["lead"]
    assert not announced.parent_span_id and announced.start_time_unix_nano <= announced.end_time_unix_nano
    assert {"sla", "router", "relay", "alerts"} <= places_of(of_clock).keys()
    assert {span.parent_span_id for _, span in of_clock if span is not announced} == {announced.span_id}
    (arrival,) = places["ingest"]
    written = [span for span in places["sinks"] if span.trace_id == arrival.trace_id]
    assert written and written[0].name == "write" and attributes_of(written[0])["sink"] == "crm"
    assert written[0].parent_span_id == arrival.span_id and arrival.trace_id != told.trace_id
    text = b"".join(body for _, body in collector)
    assert not [word for word in PLANTED if word.encode() in text], "a collector learns nothing of anybody"
    assert not [head for head, _ in receiver if "traceparent" in head], "channels are sent none"


async def test_a_share_of_none_keeps_no_trace_and_hands_on_what_came(tmp_path):
    with server() as collector, server() as receiver:
        await run_a_webhook(tmp_path, collector, receiver, STAFETT_TRACES_SHARE="0")
    assert not collector
    assert receiver and all(traceparent_in(body.decode()) in (SENT, None) for _, body in receiver)
    assert any(traceparent_in(body.decode()) == SENT for _, body in receiver)


async def test_a_collector_that_is_away_holds_up_nobody(tmp_path):
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    with server() as receiver:
        away = Kept()
        away.url = "http://127.0.0.1:9/v1/traces"
        begun = time.monotonic()
        await run_a_webhook(tmp_path, away, receiver)
    assert any(b"lead.created" in body for _, body in receiver) and time.monotonic() - begun < 40


def test_more_spans_than_wait_are_dropped_and_none_blocks(caplog):
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    sent, go = [], threading.Event()

    class Slow:
        def export(self, spans):
            go.wait(20)
            sent.extend(spans)
            return SpanExportResult.SUCCESS

        def shutdown(self):
            pass

        def force_flush(self, timeout_millis=0):
            return True

    traces = traces_to("http://127.0.0.1:9", 1.0, {"service.name": "stafett"}, Slow())
    begun = time.monotonic()
    for _ in range(3 * QUEUE):
        with traces.step("ingest", "webhook", None):
            pass
    assert time.monotonic() - begun < 20
    go.set()
    traces.close()
    assert QUEUE <= len(sent) < 3 * QUEUE


@pytest.mark.parametrize("sent", [None, "", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", SENT + "0"])
def test_what_is_no_traceparent_begins_a_trace(sent):
    traces = traces_to("http://127.0.0.1:9", 1.0, {}, None)
    with traces.step("ingest", "webhook", sent) as under:
        assert under.traceparent.split("-")[1] not in {TRACE, "0" * 32}


def test_a_trace_is_read_of_an_event_and_never_of_what_somebody_wrote():
    assert traceparent_in(f'{{"id":"x","traceparent":"{SENT}","data":{{}}}}') == SENT
    assert traceparent_in(f'{{"id":"x","data":{{"message":{{"traceparent":"{SENT}"}}}}}}') is None


async def test_without_the_package_the_setting_says_what_to_install(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"stafett\[traces\]"):
        async with installed(tmp_path, secrets={"STAFETT_TRACES_URL": "http://127.0.0.1:9/v1/traces"}, roles=()):
            pass
