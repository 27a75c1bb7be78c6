"""After a full run with people of unmistakable names, and with bodies that put them where they do not belong: no log line,
metric, key, id, header or column that is not one of personal data holds them."""

import json
import sqlite3
import time
from contextlib import AsyncExitStack, closing
from urllib.parse import quote

import httpx
import pytest

from services.adapters.sql.tables import metadata
from services.ingest.parsers.registry import PARSERS
from tests.api import bearer
from tests.e2e.test_up import Installed
from tests.parts.databases import fresh_database
from tests.parts.kafka import create_topics

PARTITIONS = 6
PERSONAL = {"personal", "raw"} | {
    "quarantine_bodies.body", "spool.body", "log_records.body",
}  # fmt: skip
"""Columns of personal data: all others are scanned, clocks.body, agreements.body and rosters.body among them."""
NAME, FIRST, LAST = "Quirinalda Wexelbaum", "Quirinalda", "Wexelbaum"
EMAIL, PHONE = "quirinalda.wexelbaum@kvarnvik.example", "+46 701-98 76 54"
NEEDLES = ("quirinalda", "wexelbaum", "701987654", "0701-98", "701-98 76", quote("quirinalda.wexelbaum@"))
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def found_in(text):
    folded = text.casefold()
    return [needle for needle in NEEDLES if needle.casefold() in folded]


def form(**more):
    return {"email": EMAIL, "name": NAME, "phone": PHONE, "message": f"{NAME} here, call {PHONE}", **more}


def hostile_fact(number, fact):
    said = f"{NAME} {EMAIL} {PHONE}"
    return {
        "fact": fact, "id": f"{EMAIL}-{number}", "email": EMAIL, "person": {"full_name": NAME, "phone": PHONE},
        "company": {"name": NAME, "domain": EMAIL}, "reason": f"{FIRST} said no, {LAST} calls from 0701-98 76 54",
        "criterion": said, "tags": [EMAIL, NAME], "form_id": EMAIL, "campaign": f"for {LAST}, {FIRST}", "currency": EMAIL,
        "activity_type": said, "to": NAME, "owner_id": EMAIL, "actor": {"kind": "person", "reference": EMAIL},
        "references": [{"system": NAME, "account": EMAIL, "object": "person", "id": EMAIL},
                       {"system": "crm", "object": "deal", "id": PHONE}],
        "consents": [{"purpose": f"mail to {EMAIL}", "state": "given", "basis": said}],
        "fields": {EMAIL: EMAIL}, **({"handover_id": EMAIL, "offer_id": EMAIL} if number % 2 else {}),
    }  # fmt: skip


def bodies():
    """(source, content, headers) of all that is posted."""
    as_form = {"content-type": "application/x-www-form-urlencoded"}
    as_json = {"content-type": "application/json"}
    yield "form", httpx.QueryParams(form(form_id="demo", company="Acme")), as_form
    yield "form", httpx.QueryParams(form(form_id=EMAIL, company=NAME, utm_campaign=NAME, utm_source=EMAIL)), as_form
    yield (
        "form",
        httpx.QueryParams({EMAIL: NAME, "email": EMAIL, "tags": EMAIL, "page": f"https://x/?e={EMAIL}"}),
        as_form,
    )
    for number, fact in enumerate(("accepted", "follow_up", "email.opened", "tag.added", "rejected", "linked", "won")):
        yield "crm", json.dumps(hostile_fact(number, fact)), as_json
    short = {"fact": "rejected", "id": "short", "email": EMAIL, "reason": f"{FIRST} is no buyer", "criterion": LAST}
    yield "crm", json.dumps(short), as_json
    cloud = {"specversion": "1.0", "id": EMAIL, "source": EMAIL, "type": NAME, "subject": EMAIL, "data": form()}
    yield "cloudevents", json.dumps(cloud), {"content-type": "application/cloudevents+json"}
    yield "cloudevents", json.dumps(form()), {**as_json, "ce-id": EMAIL, "ce-type": EMAIL, "ce-source": NAME,
                                              "ce-specversion": "1.0"}  # fmt: skip
    nested = {"type": "contact.created", "object": "contact", "data": form(id=EMAIL), "current": form(), "event": NAME,
              "properties": {"email": {"value": EMAIL}}, "form_response": {"hidden": {EMAIL: NAME}, "answers": []}}  # fmt: skip
    for kind in sorted(PARSERS):
        marked = {**as_json, "user-agent": f"bot {EMAIL}", "webhook-id": EMAIL, "traceparent": EMAIL}
        for body in (nested, [nested, {EMAIL: None}], {EMAIL: nested}, form(type=EMAIL)):
            yield kind, json.dumps(body), marked
        yield kind, f'{{"email": "{EMAIL}", ', {**as_json, "content-type": f"application/json; who={EMAIL}"}
        yield kind, b"\xff" + EMAIL.encode(), {"content-type": EMAIL}
        yield kind, json.dumps(form()), {**as_json, "traceparent": TRACE}


@pytest.fixture(params=["sqlite-embedded", "real-postgres-kafka"])
async def running(request, tmp_path):
    made = Installed(tmp_path / "mine")
    with (made.folder / "sources.yaml").open("a") as sources:
        for kind in PARSERS:
            name = "own" if kind == "crm" else kind
            sources.write(
                f"  - {{name: x-{name}, kind: {kind}, region: SE, rate: 1e5, burst: 1000000, verify: {{scheme: none}},"
                " may: [form, engagement, consent, sales, import, test]}\n"
            )
    made.env["STAFETT_LOG_LEVEL"] = "DEBUG"
    async with AsyncExitStack() as stack:
        made.bootstrap = None
        if "kafka" in request.param:
            made.bootstrap = request.getfixturevalue("kafka_bootstrap")
            url = await stack.enter_async_context(fresh_database(request.getfixturevalue("postgres")))
            names = [f"scan.{name}.v1" for name in ("signals", "thin", "leads", "handovers", "sla", "marketing")]
            await create_topics(made.bootstrap, names, PARTITIONS)
            made.env |= {
                "STAFETT_DATABASE_URL": url.replace("+asyncpg", ""),
                "STAFETT_LOG_URL": f"kafka://{made.bootstrap}",
                "STAFETT_KAFKA_TOPIC_PREFIX": "scan",
            }
            made.call("db", "upgrade", "--config", str(made.folder))
        made.start()
        yield made
        if made.process.poll() is None:
            made.stop()


def load(made):
    accepted = 0
    with httpx.Client(base_url=made.url, timeout=20) as client:
        for kind, content, headers in bodies():
            name = "own" if kind == "crm" else kind
            body = str(content) if isinstance(content, httpx.QueryParams) else content
            answer = client.post(f"/v1/hooks/x-{name}", content=body, headers=headers)
            assert answer.status_code in (200, 202), (kind, answer.text)
            assert not found_in(answer.text)
            accepted += 1
        proof = {"webhook-id": EMAIL, "webhook-timestamp": PHONE, "webhook-signature": NAME}
        assert client.post("/v1/hooks/crm", content=json.dumps(form()), headers=proof).status_code == 401
        auth = {"Authorization": f"Bearer {made.key}"}
        for path in (f"/v1/hooks/{EMAIL}", f"/v1/leads/{EMAIL}", f"/v1/leads?stage={EMAIL}", f"/v1/leads?email={EMAIL}",
                     f"/v1/{NAME}", f"/v1/quarantine/{EMAIL}", f"/v1/leads?limit={EMAIL}"):  # fmt: skip
            client.get(path, headers=auth)
            client.post(path, headers=bearer(EMAIL), content=EMAIL)
    return accepted


def settle(made):
    """Until nothing more happens."""
    until, last, calm = time.monotonic() + 60, None, 0
    while calm < 5:
        assert time.monotonic() < until
        time.sleep(0.3)  # "nothing more" has no event to wait for: it is a row of equal answers
        now = (made.get("/v1/status"), made.get("/v1/events", limit=1)["head"])
        calm, last = calm + 1 if now == last and not now[0]["outbox"] and now[1] else 0, now


def scan_rows(rows, table, columns):
    findings = []
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            text = value.decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
            if hit := found_in(text):
                findings.append((f"{table}.{column}", hit, text[:300]))
    return findings


def scanned_columns():
    for table in metadata.sorted_tables:
        names = [c.name for c in table.columns if c.name not in PERSONAL and f"{table.name}.{c.name}" not in PERSONAL]
        yield table.name, names


async def scan_store(made):
    findings, rows = [], 0
    url = made.env.get("STAFETT_DATABASE_URL")
    if url is None:
        with closing(sqlite3.connect(made.folder / "stafett.db")) as conn:
            for table, names in scanned_columns():
                found = conn.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()  # noqa: S608 - names are ours, values are parameters
                rows, findings = rows + len(found), findings + scan_rows(found, table, names)
        return rows, findings
    import asyncpg

    conn = await asyncpg.connect(url)
    try:
        for table, names in scanned_columns():
            found = await conn.fetch(f"SELECT {', '.join(names)} FROM {table}")  # noqa: S608 - names are ours, values are parameters
            rows, findings = rows + len(found), findings + scan_rows(found, table, names)
    finally:
        await conn.close()
    return rows, findings


async def scan_topics(bootstrap):
    """Keys and headers of every record; returns how many there were."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    count, findings = 0, []
    try:
        for name in ("signals", "thin", "leads", "handovers", "sla", "marketing"):
            topic = f"scan.{name}.v1"
            parts = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
            consumer.assign(parts)
            ends = await consumer.end_offsets(parts)
            for part in parts:
                consumer.seek(part, 0)
            while any([await consumer.position(p) < ends[p] for p in parts]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        count += 1
                        if hit := found_in(f"{record.key!r} {record.headers!r}"):
                            findings.append((topic, hit))
    finally:
        await consumer.stop()
    return count, findings


async def test_nobody_is_named_where_it_is_not_meant_to_be(running):
    accepted = load(running)
    settle(running)
    head = {"Authorization": f"Bearer {running.key}"}
    metrics = httpx.get(f"{running.url}/metrics", headers=head, timeout=10).raise_for_status().text
    leads = running.get("/v1/leads", limit=500)["leads"]
    assert any(found_in(json.dumps(lead["personal"])) for lead in leads), "the people are there, where they belong"
    for path in ("/v1/events", "/v1/snapshot", "/v1/quarantine", "/v1/dead-letters", "/v1/clocks"):
        said = running.get(path, limit=500)
        stripped = (
            json.dumps(said, default=str)
            if path not in ("/v1/events", "/v1/snapshot")
            else json.dumps(_impersonal(said))
        )
        assert not found_in(stripped), path
    assert running.stop() == 0
    assert accepted > 100 and not found_in(metrics)
    log = (running.folder / "up.log").read_text()
    assert "refused" in log, "lines were written"
    assert [line for line in log.splitlines() if found_in(line)] == []
    rows, findings = await scan_store(running)
    assert findings == []
    assert rows > 150
    if running.bootstrap:
        count, findings = await scan_topics(running.bootstrap)
        assert findings == [] and count > 50, count


def _impersonal(value):
    """Without members named `personal`."""
    if isinstance(value, dict):
        return {name: _impersonal(inner) for name, inner in value.items() if name != "personal"}
    return [_impersonal(inner) for inner in value] if isinstance(value, list) else value
