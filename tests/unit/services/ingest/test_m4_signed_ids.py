"""M4: who sent a delivery chooses its id, and nobody else: an unsigned id neither repeats a delivery nor takes the place of one."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from schemas.sources import Scheme, Source
from services.ingest.app import Hooks
from services.ingest.configured.source import Configured
from services.ingest.proof.signed_ids import ID_HEADERS, empty_unsigned_ids
from tests.unit.services.ingest.test_hooks import Kept

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAME = "STAFETT_SECRET_X"
SECRET = "whsec_" + b64encode(b"s" * 32).decode()
KINDS = ("generic", "standard_webhooks", "cloudevents")
ALL = ["form", "engagement", "consent", "sales"]
HMAC = {"scheme": "hmac", "header": "x-sig", "secrets": [NAME]}
WITH_ID = {**HMAC, "template": "{id}.{body}", "id_header": "webhook-id"}
STANDARD = {"scheme": "standard_webhooks", "secrets": [NAME]}
TOKEN = {"scheme": "token", "header": "x-key", "secrets": [NAME]}


def body_of(kind, page="/prices"):
    data = {"email": "eva@firma.example", "url": page}
    if kind == "cloudevents":
        return json.dumps(data).encode()
    return json.dumps({"type": "page.visited", "data": data}).encode()


def headers_of(kind, **ids):
    named = {name.replace("_", "-"): value for name, value in ids.items()}
    base = {"content-type": "application/json"}
    if kind == "cloudevents":
        base |= {"ce-id": "1", "ce-source": "/shop", "ce-type": "page.visited", "ce-specversion": "1.0"}
    return {**base, **named}


def signed_headers(verify, headers, body):
    if verify["scheme"] == "hmac":
        signed = f"{headers.get('webhook-id', '')}.".encode() + body if "template" in verify else body
        return {**headers, "x-sig": hmac.digest(SECRET.encode(), signed, "sha256").hex()}
    if verify["scheme"] == "token":
        return {**headers, "x-key": SECRET}
    prefix = "svix" if "svix-id" in headers and "webhook-id" not in headers else "webhook"
    stamp = str(int(NOW.timestamp()))
    proof = hmac.digest(b"s" * 32, f"{headers[f'{prefix}-id']}.{stamp}.".encode() + body, "sha256")
    return {**headers, f"{prefix}-timestamp": stamp, f"{prefix}-signature": f"v1,{b64encode(proof).decode()}"}


async def ids_of_posts(kind, verify, *deliveries):
    """The ids of the signals that these (headers, body) came to."""
    kept = Kept()
    configured = Configured(
        Source(name="s", kind=kind, verify=verify, may=ALL), (SECRET,) if "secrets" in verify else ()
    )
    hooks = Hooks({"s": configured}, kept, b"k" * 32, lambda: NOW)
    app = Starlette(routes=[Route("/v1/hooks/{source}", hooks, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://in.example") as http:
        for headers, body in deliveries:
            answer = await http.post("/v1/hooks/s", content=body, headers=headers)
            assert answer.status_code == 202 and not answer.json()["quarantined"], answer.text
    return [signal.id for signal in kept.signals]


SIX = [
    {"webhook_id": "evt_10001"}, {"webhook_id": "evt_10002"}, {"svix_id": "evt_10003"}, {"idempotency_key": "evt_10004"},
    {"ce_id": "evt_10005"}, {"webhook_id": "evt_10006", "svix_id": "evt_10007"},
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_m4_a_captured_delivery_under_six_ids_that_nobody_signed_is_one_signal(kind):
    body = body_of(kind)
    sent = [(signed_headers(HMAC, headers_of(kind, **ids), body), body) for ids in SIX]
    ids = await ids_of_posts(kind, HMAC, *sent)
    assert (len(ids), len(set(ids))) == (6, 1)


@pytest.mark.parametrize("kind", ["generic", "standard_webhooks"])
async def test_m4_an_id_that_the_template_signs_tells_two_deliveries_with_one_body_apart(kind):
    body = body_of(kind)
    first, second = (signed_headers(WITH_ID, headers_of(kind, webhook_id=f"evt_1000{n}"), body) for n in (1, 2))
    ids = await ids_of_posts(kind, WITH_ID, (first, body), (second, body), (first, body))
    assert len(set(ids)) == 2 and ids[0] == ids[2]
    with_more = [({**first, "svix-id": f"evt_2000{n}", "idempotency-key": f"evt_3000{n}"}, body) for n in range(3)]
    assert set(await ids_of_posts(kind, WITH_ID, *with_more)) == {ids[0]}


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
async def test_m4_beside_the_signed_id_of_a_standard_webhook_another_one_chooses_nothing(prefix):
    body, other = body_of("standard_webhooks"), {"webhook": "svix", "svix": "webhook"}[prefix]
    signed = signed_headers(STANDARD, {"content-type": "application/json", f"{prefix}-id": "evt_10001"}, body)
    sent = [({**signed, f"{other}-id": f"evt_2000{n}", "idempotency-key": f"evt_3000{n}"}, body) for n in range(3)]
    assert len(set(await ids_of_posts("standard_webhooks", STANDARD, (signed, body), *sent))) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_m4_an_id_that_a_stranger_used_first_does_not_lose_the_honest_delivery(kind):
    headers = headers_of(kind, webhook_id="evt_10001", ce_id="evt_10001")
    stranger, honest = body_of(kind, "/about"), body_of(kind)
    ids = await ids_of_posts(kind, {"scheme": "none"}, (headers, stranger), (headers, honest), (headers, honest))
    assert len(set(ids)) == 2 and ids[1] == ids[2], "and a repetition of the honest one is one"


async def test_m4_an_id_in_an_unproven_body_does_not_lose_the_honest_delivery_either():
    def said(page):
        return json.dumps({"id": "evt_10001", "source": "/s", "type": "page.visited", "specversion": "1.0",
                           "data": {"email": "eva@firma.example", "url": page}}).encode()  # fmt: skip

    headers = {"content-type": "application/cloudevents+json"}
    ids = await ids_of_posts("cloudevents", {"scheme": "none"}, (headers, said("/about")), (headers, said("/prices")))
    assert len(set(ids)) == 2
    proven = await ids_of_posts(
        "cloudevents", TOKEN, *((signed_headers(TOKEN, headers, said(p)), said(p)) for p in ("/about", "/prices"))
    )
    assert len(set(proven)) == 1, "who proves itself chooses the ids of its deliveries"
    assert not set(proven) & set(ids), "what was unproven takes the place of nothing that is proven"


@pytest.mark.parametrize(
    "scheme", ["none", "hmac", "public_key", "hubspot", "standard_webhooks", "basic", "token", "query", "body_key"]
)
def test_m4_of_every_scheme_it_is_known_which_ids_it_proves(scheme):
    needed = {"header": "x-sig", "field": "key", "secrets": [] if scheme == "none" else [NAME]}
    left = empty_unsigned_ids(Scheme(scheme=scheme, **needed), dict.fromkeys([*ID_HEADERS, "x-other"], "evt_10001"))
    signs_all = scheme in ("none", "basic", "token", "query", "body_key")
    kept = {name for name, value in left.items() if value}
    assert kept == {"x-other", *(ID_HEADERS if signs_all else ["svix-id"] if scheme == "standard_webhooks" else [])}


async def test_m4_of_what_is_set_aside_only_the_id_that_was_signed_is_kept():
    kept, fact = Kept(), {"type": "page.visited", "data": {"fact": "nothing_known"}}
    source = Source(name="s", kind="standard_webhooks", verify=STANDARD)
    configured = Configured(source, (SECRET,))
    hooks = Hooks({"s": configured}, kept, b"k" * 32, lambda: NOW)
    app = Starlette(routes=[Route("/v1/hooks/{source}", hooks, methods=["POST"])])
    body = json.dumps(fact).encode()
    headers = signed_headers(STANDARD, {"content-type": "application/json", "webhook-id": "evt_10001"}, body)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://in.example") as http:
        await http.post("/v1/hooks/s", content=body, headers={**headers, "svix-id": "evt_2"})
    (entry,) = kept.aside
    assert json.loads(entry.headers)["webhook-id"] == "evt_10001" and not json.loads(entry.headers)["svix-id"]
