"""What the address of a source answers: handshakes, tests, hostile requests; and that no secret of a sender is kept."""

import hmac
import ipaddress
import json
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from schemas.sources import Source
from services.door.headers import HEADERS
from services.door.proxies import client_of, origin_of
from services.ingest.accepting.intake import Taken
from services.ingest.app import Hooks
from services.ingest.configured.source import Configured
from services.ingest.echoes import Echoes
from services.ingest.parsers.registry import parse
from services.ingest.quarantine.stripping import hide_secrets
from services.ports.sinks import SinkRecord
from services.ports.written import note_values

NOW = datetime(2026, 2, 3, tzinfo=UTC)


class Kept:
    """Stands for the log and the store: keeps what it is given."""

    def __init__(self):
        self.signals, self.aside = [], []

    async def take(self, signals, thin=False):
        self.signals.extend(signals)
        return Taken(False)

    async def set_aside(self, entries, unproven=False):
        self.aside.extend(entries)


NAME = "STAFETT_SECRET_X"
UNSIGNED = {"scheme": "none"}


def source(kind, verify=None, **more):
    return Configured(
        Source(name="s", kind=kind, verify=verify or UNSIGNED, **more),
        ("s3same",) if verify else (),
        ("hello",) if "handshake" in more else (),
    )


def client(configured, kept=None, **more):
    hooks = Hooks({"s": configured}, kept or Kept(), b"k" * 32, lambda: NOW, **more)
    routes = [
        Route("/v1/hooks/{source}", hooks, methods=["POST"]),
        Route("/v1/hooks/{source}", hooks.greet, methods=["GET", "HEAD", "OPTIONS"]),
    ]
    transport = httpx.ASGITransport(Starlette(routes=routes), client=("10.0.0.1", 5))
    return httpx.AsyncClient(transport=transport, base_url="https://in.example")


HMAC = {"scheme": "hmac", "header": "x-sig", "secrets": [NAME]}


async def test_metas_challenge_is_echoed_to_who_knows_the_word():
    async with client(source("meta_lead_ads", HMAC, handshake="STAFETT_SECRET_WORD")) as http:
        asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "hello"}
        answer = await http.get("/v1/hooks/s", params=asked)
        assert (answer.status_code, answer.text) == (200, "1158201444")
        assert (await http.get("/v1/hooks/s", params={**asked, "hub.verify_token": "guess"})).status_code == 401
        assert (await http.get("/v1/hooks/s", params={**asked, "hub.challenge": "<script>"})).status_code == 401


async def test_linkedins_challenge_is_signed():
    async with client(source("linkedin", HMAC)) as http:
        answer = await http.get("/v1/hooks/s", params={"challengeCode": "890e-ab"})
        assert answer.json() == {
            "challengeCode": "890e-ab",
            "challengeResponse": hmac.digest(b"s3same", b"890e-ab", "sha256").hex(),
        }


async def test_mailchimp_finds_somebody_there_without_the_secret():
    async with client(source("mailchimp", {"scheme": "query", "field": "key", "secrets": [NAME]})) as http:
        assert (await http.get("/v1/hooks/s")).status_code == (await http.head("/v1/hooks/s")).status_code == 200
        assert (await http.get("/v1/hooks/nobody")).status_code == 404
        assert (await http.post("/v1/hooks/s", content=b"type=profile")).status_code == 401
        form = {"type": "subscribe", "data[email]": "a@b.example"}
        assert (await http.post("/v1/hooks/s?key=s3same", data=form)).status_code == 202


async def test_cloudevents_origin_is_allowed_with_a_rate():
    async with client(source("cloudevents", rate=2)) as http:
        answer = await http.options("/v1/hooks/s", headers={"WebHook-Request-Origin": "emitter.example"})
        assert (answer.headers["WebHook-Allowed-Origin"], answer.headers["WebHook-Allowed-Rate"]) == (
            "emitter.example",
            "120",
        )
    async with client(source("form")) as http:
        answer = await http.options("/v1/hooks/s", headers={"WebHook-Request-Origin": "emitter.example"})
        assert "WebHook-Allowed-Origin" not in answer.headers


async def test_slacks_challenge_is_no_signal():
    kept = Kept()
    async with client(source("generic"), kept) as http:
        answer = await http.post("/v1/hooks/s", json={"type": "url_verification", "challenge": "3eZb"})
    assert (answer.status_code, answer.text, kept.signals, kept.aside) == (200, "3eZb", [], [])


async def test_google_is_answered_as_it_wants_and_a_test_lead_is_a_test_each_time():
    kept, lead = Kept(), {"lead_id": "TeSter-123-A", "is_test": True, "google_key": "s3same", "user_column_data": []}
    async with client(
        source("google_ads", {"scheme": "body_key", "field": "google_key", "secrets": [NAME]}), kept
    ) as http:
        answer = await http.post("/v1/hooks/s", json=lead)
        assert (answer.status_code, answer.json()) == (200, {})
        assert (await http.post("/v1/hooks/s", json={**lead, "google_key": "guess"})).status_code == 401
    assert [signal.mode for signal in kept.signals] == ["test"] and "s3same" not in kept.signals[0].text()


async def test_no_secret_of_a_sender_is_kept_with_what_is_set_aside():
    kept = Kept()
    async with client(
        source("google_ads", {"scheme": "body_key", "field": "google_key", "secrets": [NAME]}), kept
    ) as http:
        await http.post("/v1/hooks/s", json={"google_key": "s3same", "broken": True})
    assert b"s3same" not in kept.aside[0].body and b"broken" in kept.aside[0].body


@pytest.mark.parametrize(
    "body",
    [
        b'{"google_key": "hu\\"sh", "a": 1}',
        b"a=1&apiKey=hush&b=2",
        b"auth%5Bapplication_token%5D=hush&a=1",
        b"<n><SessionId>hush</SessionId><a>1</a></n>",
        b'--x\r\nContent-Disposition: form-data; name="apiKey"\r\n\r\nhush\r\n--x--',
        b'{"webhookURL": "https://x.example/?api_key=hush&a=1"}',
    ],
)
def test_names_of_secrets_lose_their_values_and_nothing_else(body):
    after = hide_secrets(body)
    assert b"hush" not in after and b'hu\\"sh' not in after and b"(removed)" in after
    if body[:1] == b"{":
        json.loads(after)


def test_a_name_that_only_this_source_uses_is_stripped_too():
    assert hide_secrets(b'{"word": "hush"}', "auth.word") == b'{"word": "(removed)"}'
    assert hide_secrets(b"a=1&word=hush", "word") == b"a=1&word=(removed)"


XML = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
PARTS = b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n' % i for i in range(3000)) + b"--x--"


@pytest.mark.parametrize(
    ("kind", "content_type", "body"),
    [
        ("salesforce", "text/xml", XML),
        ("form", "multipart/form-data; boundary=x", PARTS),
        ("generic", "multipart/form-data; boundary=x", PARTS),
        ("generic", "application/x-www-form-urlencoded", b"&".join(b"a%d=1" % i for i in range(5000))),
        ("generic", "application/json", b"[" * 200_000),
        ("generic", "application/json", b'{"a":' * 5000 + b"1" + b"}" * 5000),
        ("generic", "application/json", b'{"email": 1e999}'),
        ("generic", "application/json", "é".encode("latin-1")),
        ("generic", "application/json; charset=utf-16", '{"a": 1}'.encode("utf-16")),
        ("generic", "application/json", b"\x00\x00"),
        ("jotform", "application/x-www-form-urlencoded", b"rawRequest=" + b"%7B%22a%22%3A" * 500),
        ("activecampaign", "application/x-www-form-urlencoded", b"contact" + b"%5Ba%5D" * 300 + b"=1"),
    ],
)
async def test_hostile_bodies_are_set_aside_quickly_and_the_sender_is_not_scolded(kind, content_type, body):
    kept = Kept()
    async with client(source(kind), kept) as http:
        begun = datetime.now(UTC)
        answer = await http.post("/v1/hooks/s", content=body, headers={"content-type": content_type})
        took = (datetime.now(UTC) - begun).total_seconds()
    assert answer.status_code in (200, 202) and took < 20, "bounded, however busy the machine is"
    assert (len(kept.signals), len(kept.aside)) == (0, 1)


async def test_null_bytes_and_half_characters_do_not_reach_the_store():
    kept = Kept()
    async with client(source("generic"), kept) as http:
        await http.post(
            "/v1/hooks/s",
            content=b'{"email": "a@b.example", "note": "x\\u0000y\\ud800z"}',
            headers={"content-type": "application/json"},
        )
    assert "\x00" not in str(kept.signals[0].fields) and kept.signals[0].text()


async def test_an_unsigned_source_is_told_when_to_come_back():
    async with client(source("form", rate=0.5, burst=1)) as http:
        assert (await http.post("/v1/hooks/s", data={"email": "a@b.example"})).status_code == 202
        answer = await http.post("/v1/hooks/s", data={"email": "a@b.example"})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1


TRUSTED = (ipaddress.ip_network("10.0.0.0/8"),)


async def test_the_signed_url_is_rebuilt_from_trusted_proxies_only():
    from base64 import b64encode

    stamp = str(int(NOW.timestamp() * 1000))
    proof = b64encode(
        hmac.digest(b"s3same", f"POSThttps://pub.example/v1/hooks/s?a=b%20c[]{stamp}".encode(), "sha256")
    ).decode()
    headers = {
        "x-hubspot-signature-v3": proof,
        "x-hubspot-request-timestamp": stamp,
        "x-forwarded-proto": "https",
        "x-forwarded-host": "pub.example",
    }
    configured = source("hubspot", {"scheme": "hubspot", "secrets": [NAME]})
    async with client(configured, trusted=TRUSTED) as http:
        assert (await http.post("/v1/hooks/s?a=b%20c", content=b"[]", headers=headers)).status_code == 202
    async with client(configured) as http:
        assert (await http.post("/v1/hooks/s?a=b%20c", content=b"[]", headers=headers)).status_code == 401
    async with client(configured, public_url="https://pub.example") as http:
        assert (await http.post("/v1/hooks/s?a=b%20c", content=b"[]", headers=headers)).status_code == 202


@pytest.mark.parametrize("host", ["a b", "evil.example/x", "x" * 300, "@evil", "h:port", "", "a..b", "-" * 5000])
def test_a_malformed_forwarded_host_is_not_taken_over(host):
    assert origin_of("10.0.0.1", {"x-forwarded-host": host}, TRUSTED, "https", "own.example") == "https://own.example"


def test_the_senders_address_is_the_first_from_the_right_that_is_no_proxy():
    headers = {"x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.2.2.2"}
    assert client_of("10.0.0.1", headers, TRUSTED) == "203.0.113.9"
    assert client_of("198.51.100.1", headers, TRUSTED) == "198.51.100.1"


async def test_a_proven_sender_is_bounded_where_its_source_says_so():
    verify = {"scheme": "query", "field": "key", "secrets": [NAME]}
    for bound, expected in (({"rate": 0.5, "burst": 1}, [202, 429]), ({}, [202, 202])):
        async with client(source("form", verify, **bound)) as http:
            answers = [await http.post("/v1/hooks/s?key=s3same", data={"email": "a@b.example"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == expected


SITE = "https://www.nordlys.example"
BROWSER = {"origin": SITE, "accept": "text/html,application/xhtml+xml"}


async def test_a_page_of_a_configured_site_may_post_and_no_other_site_may():
    kept = Kept()
    async with client(source("form", origins=[SITE]), kept) as http:
        asked = {"origin": SITE, "access-control-request-method": "POST"}
        may = await http.options("/v1/hooks/s", headers=asked)
        assert (may.status_code, may.headers["access-control-allow-origin"]) == (204, SITE)
        assert may.headers["access-control-allow-methods"] == "POST" and may.headers["vary"] == "Origin"
        no = await http.options("/v1/hooks/s", headers={**asked, "origin": "https://evil.example"})
        assert no.status_code == 403 and "access-control-allow-origin" not in no.headers
        sent = await http.post("/v1/hooks/s", data={"email": "a@b.example"}, headers=BROWSER)
        assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (202, SITE)
        refused = await http.post("/v1/hooks/s", data={"email": "a@b.example"}, headers={"origin": "null"})
        assert refused.status_code == 401 and "access-control-allow-origin" not in refused.headers
        server = await http.post("/v1/hooks/s", data={"email": "c@b.example"})
        assert server.status_code == 202, "no browser, no origin"
    assert len(kept.signals) == 2


async def test_without_origins_no_page_may_read_an_answer():
    async with client(source("form")) as http:
        sent = await http.post("/v1/hooks/s", data={"email": "a@b.example"}, headers=BROWSER)
        assert sent.status_code == 202 and "access-control-allow-origin" not in sent.headers


async def test_a_browser_goes_on_to_the_page_of_thanks_once_the_form_is_stored_and_a_program_gets_its_ids():
    kept = Kept()
    async with client(source("form", redirect=f"{SITE}/thanks"), kept) as http:
        sent = await http.post("/v1/hooks/s", data={"email": "a@b.example"}, headers=BROWSER)
        assert (sent.status_code, sent.headers["location"], len(kept.signals)) == (303, f"{SITE}/thanks", 1)
        program = await http.post("/v1/hooks/s", data={"email": "c@b.example"})
        assert program.status_code == 202 and len(program.json()["signals"]) == 1


def test_an_origin_is_written_as_browsers_write_it():
    with pytest.raises(ValueError, match="origins"):
        source("form", origins=["https://www.nordlys.example/"])


ANNA = {"email": "anna@b.example", "name": "Åsa Ek", "interest": ["a", "b"]}


async def test_a_form_sent_by_get_is_taken_as_by_post():
    kept = Kept()
    async with client(source("form", redirect="https://www.b.example/thanks"), kept) as http:
        answer = await http.get("/v1/hooks/s", params=ANNA)
        assert answer.status_code == 202 and answer.json()["signals"] == [signal.id for signal in kept.signals]
        browser = await http.get("/v1/hooks/s", params={**ANNA, "n": 2}, headers={"accept": "text/html"})
        assert (browser.status_code, browser.headers["location"]) == (303, "https://www.b.example/thanks")
    assert [(s.person.email, s.person.full_name, s.fields["interest"]) for s in kept.signals] == [
        ("anna@b.example", "Åsa Ek", ["a", "b"])
    ] * 2


async def test_a_look_at_a_forms_address_is_no_form():
    kept = Kept()
    async with client(source("form"), kept) as http:
        assert (await http.get("/v1/hooks/s")).status_code == 200
        assert (await http.head("/v1/hooks/s", params=ANNA)).status_code == 200
    assert kept.signals == kept.aside == []


async def test_a_form_by_get_needs_the_proof_of_its_source_which_is_no_answer():
    kept, secret = Kept(), {"scheme": "query", "field": "key", "secrets": [NAME]}
    async with client(source("form", secret), kept) as http:
        assert (await http.get("/v1/hooks/s", params=ANNA)).status_code == 401
        assert (await http.get("/v1/hooks/s", params={"key": "s3same"})).status_code == 200
        assert (await http.get("/v1/hooks/s", params={**ANNA, "key": "s3same"})).status_code == 202
    assert len(kept.signals) == 1 and "s3same" not in str(kept.signals[0])
    async with client(source("form", HMAC), kept) as http:
        nothing = hmac.digest(b"s3same", b"", "sha256").hex()
        assert (await http.get("/v1/hooks/s", params=ANNA, headers={"x-sig": nothing})).status_code == 401


async def test_a_form_by_get_that_names_nobody_is_set_aside():
    kept = Kept()
    async with client(source("form"), kept) as http:
        answer = await http.get("/v1/hooks/s", params={"name": "Kalle", "message": "Ring mig"})
    assert answer.status_code == 202 and len(answer.json()["quarantined"]) == 1 and kept.signals == []
    assert kept.aside[0].reason.startswith("names nobody")


@pytest.mark.parametrize("kind", ["generic", "mailchimp", "typeform", "crm"])
async def test_any_other_kind_refuses_a_delivery_by_get_and_says_how_it_is_sent(kind):
    kept = Kept()
    async with client(source(kind), kept) as http:
        answer = await http.get("/v1/hooks/s", params=ANNA)
        assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
        assert (await http.get("/v1/hooks/s", params={"utm_source": "x"})).status_code == 200
    assert kept.signals == kept.aside == []


@pytest.mark.parametrize("kind", ["form", "generic"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"email=a%40b.example&name=%C5sa+%D6berg&company=Caf%e9+%80"),
        ("application/x-www-form-urlencoded", b"email=a%40b.example&name=\xc5sa+\xd6berg&company=Caf\xe9+\x80"),
        ("application/x-www-form-urlencoded; charset=UTF-8", b"email=a%40b.example&name=%C5sa+%D6berg&company=Caf%e9+%80"),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", b"email=a%40b.example&name=%C5sa+%D6berg&company=Caf%e9+%80"),
        ("application/x-www-form-urlencoded", b"_charset_=windows-1252&email=a%40b.example&name=%C5sa+%D6berg&company=Caf%e9+%80"),
        ("application/x-www-form-urlencoded", "email=a%40b.example&name=Åsa+%C3%96berg&company=Café+€".encode()),
        ("multipart/form-data; boundary=x", (b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na@b.example\r\n--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n'
         b'\xc5sa \xd6berg\r\n--x\r\nContent-Disposition: form-data; name="company"\r\n\r\nCaf\xe9 \x80\r\n--x--\r\n')),
    ],
)  # fmt: skip
async def test_a_page_in_latin_1_posts_what_was_typed(kind, content_type, body):
    kept = Kept()
    async with client(source(kind), kept) as http:
        answer = await http.post("/v1/hooks/s", content=body, headers={"content-type": content_type})
    assert answer.status_code == 202
    assert [(s.person.full_name, s.company.name) for s in kept.signals] == [("Åsa Öberg", "Café €")]


def test_characters_are_told_value_by_value_and_a_damaged_one_spoils_no_other():
    raw = b"email=a%40b.example&utm_campaign=h%C3%B6st&name=%C5sa&company=K%C3%B6ld+%FF"
    (found,) = parse("form", raw, "application/x-www-form-urlencoded", {})
    assert (found.person.full_name, found.campaign, found.company.name) == ("Åsa", "höst", "Köld \ufffd")


@pytest.mark.parametrize("name", ["f%F6retag", "f%C3%B6retag"])
def test_names_of_fields_are_read_in_the_same_characters(name):
    (found,) = parse("form", f"email=a%40b.example&{name}=Ek+AB".encode(), "application/x-www-form-urlencoded", {})
    assert found.company.name == "Ek AB"


async def test_a_webhook_with_what_a_sink_wrote_is_taken_as_nobodys_doing_and_counted():
    class Known:
        async def records_by_vendor_id(self, target, kind, vendor_ids):
            written = note_values(None, {"stage": "94512"}, ["stage"], NOW)
            return [SinkRecord(target, kind, "ho_1", "lead_1", "present", "evt_1", vendor_id="5", written=written)]

    kept = Kept()
    echoes = Echoes(Known(), {"s": ("sink/crm",)})
    body = {"objectId": 5, "portalId": 1, "eventId": 9, "subscriptionType": "deal.propertyChange", "changeSource": "CRM_UI",
            "propertyName": "dealstage", "propertyValue": "94512", "occurredAt": 1780000000000}  # fmt: skip
    async with client(source("hubspot", HMAC), kept, echoes=echoes) as http:
        raw = json.dumps([body, body | {"eventId": 10, "propertyValue": "94513"}]).encode()
        sig = hmac.new(b"s3same", raw, "sha256").hexdigest()
        answer = await http.post("/v1/hooks/s", content=raw, headers={"x-sig": sig, "content-type": "application/json"})
    assert answer.status_code == 202
    assert [(one.echo, one.automated) for one in kept.signals] == [("value", True), (None, False)]


async def test_the_short_way_refuses_what_names_no_host_and_has_the_headers_of_every_answer():
    async with client(source("form")) as http:
        refused = await http.post("/v1/hooks/s", content=b"email=a%40b.example", headers={"host": "a b"})
        taken = await http.post(
            "/v1/hooks/s", content=b"email=a%40b.example", headers={"content-type": "application/x-www-form-urlencoded"}
        )
    assert (refused.status_code, refused.json()["detail"]) == (400, "the header Host names no host")
    assert taken.status_code == 202
    for answer in (refused, taken):
        assert [answer.headers[name.decode()] for name, _ in HEADERS] == [value.decode() for _, value in HEADERS]
