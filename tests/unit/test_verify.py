"""Published signature vectors verify; altered by one byte, or late, they are refused. Every family, by configuration only."""

import base64
import hmac
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from schemas.sources import Scheme
from services.ingest.verify import Refused, Request, verify

SAMPLES = Path(os.environ.get("STAFETT_SAMPLES", Path(__file__).parents[3] / "shared" / "samples"))
NAME = ("STAFETT_SECRET_X",)


def scheme(kind, **more):
    return Scheme(scheme=kind, **{"secrets": NAME, **more})


def hub(algorithm, header="X-Hub-Signature"):
    return scheme("hmac", header=header, prefix=f"{algorithm}=", algorithm=algorithm, separator=",")


def convoy(meta):
    how = {
        "header": "X-Convoy-Signature",
        "algorithm": meta["signature"]["hash"].lower(),
        "encoding": meta["signature"]["encoding"],
    }
    if "advanced" in meta["id"]:
        how |= {"signature_field": "v1", "timestamp_field": "t", "template": "{timestamp},{body}"}
    return scheme("hmac", **how)


SCHEMES = {
    "standard_webhooks": scheme("standard_webhooks"),
    "hubspot/vector_py_v1": scheme("hubspot", version="v1"),
    "hubspot/vector_py_v2": scheme("hubspot", version="v2"),
    "hubspot/vector_py_v3": scheme("hubspot", version="v3"),
    "pipedrive": scheme("basic"),
    "mailchimp": scheme("query", field="secret"),
    "google_ads": scheme("body_key", field="google_key"),
    "slack": scheme(
        "hmac",
        header="X-Slack-Signature",
        prefix="v0=",
        template="v0:{timestamp}:{body}",
        timestamp_header="X-Slack-Request-Timestamp",
    ),
    "webflow": scheme(
        "hmac",
        header="X-Webflow-Signature",
        template="{timestamp}:{body}",
        timestamp_header="X-Webflow-Timestamp",
        timestamp_unit="ms",
    ),
    "x_hub_signature/vector_sha1": hub("sha1"),
    "x_hub_signature/vector_sha512": hub("sha512"),
    "x_hub_signature": hub("sha256", "X-Hub-Signature-256"),
}


def vectors():
    for path in sorted(SAMPLES.rglob("*.meta.json")):
        meta = json.loads(path.read_text())
        found = (
            convoy(meta) if meta["platform"] == "convoy" else SCHEMES.get(meta["id"]) or SCHEMES.get(meta["platform"])
        )
        if found and meta["signature"] and meta["signature"].get("secret") and meta["signature"].get("value"):
            yield pytest.param(meta, found, (path.parent / meta["file"]).read_bytes(), id=meta["id"])


def request_of(meta, body):
    headers = {name.lower(): value for name, value in meta["request"]["headers"].items()}
    url = meta["request"]["url"] or f"https://x.example/h?{meta['request']['query'] or ''}"
    return Request(meta["request"]["method"] or "POST", url, headers, body)


def time_of(request):
    stamp = next((v for n, v in request.headers.items() if n.endswith("timestamp")), None)
    stamp = stamp or request.headers.get("x-convoy-signature", "").partition("t=")[2].partition(",")[0] or "0"
    return int(stamp) / (1000 if len(stamp) > 11 else 1)


CASES = list(vectors())


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not here; set STAFETT_SAMPLES")
def test_there_are_published_vectors():
    assert len(CASES) >= 26


@pytest.mark.parametrize(("meta", "how", "body"), CASES)
def test_published_vector(meta, how, body):
    request, secret = request_of(meta, body), meta["signature"]["secret"]
    now = time_of(request) + (301 if "expired" in meta["id"] else 0)
    if meta["signature"].get("expect_valid") is False:
        with pytest.raises(Refused):
            verify(how, [secret], request, now)
        return
    verify(how, ["another", secret], request, now)
    with pytest.raises(Refused, match="wrong"):
        verify(
            how,
            [secret[:-1] + ("A" if secret[-1] != "A" else "B")]
            if how.scheme != "standard_webhooks"
            else ["whsec_AAAA"],
            request,
            now,
        )
    if how.scheme in ("basic", "query", "body_key"):
        return
    altered = bytearray(body or b"x")
    altered[len(altered) // 2] ^= 1
    with pytest.raises(Refused, match="wrong"):
        verify(how, [secret], request._replace(body=bytes(altered)), now)
    if time_of(request):
        for late in (now + 301, now - 301):
            with pytest.raises(Refused, match="late"):
                verify(how, [secret], request, late)


@pytest.mark.skipif(not CASES, reason="the published samples are not here; set STAFETT_SAMPLES")
def test_a_public_key_alone_verifies_ed25519():
    meta, how, body = next(case.values for case in CASES if "ed25519" in case.id)
    request = request_of(meta, body)
    verify(how, [meta["signature"]["public_key"]], request, time_of(request))


def post(headers=None, body=b"", url="https://x.example/h", **more):
    return Request("POST", url, headers or {}, body, **more)


def test_the_scheme_is_the_sources_never_the_headers():
    how = scheme("hmac", header="X-Hub-Signature-256", prefix="sha256=")
    with pytest.raises(Refused, match="missing"):
        verify(how, ["s"], post({"x-hub-signature": "sha1=00"}), 0)


def digest(secret, text, algorithm="sha256"):
    return hmac.digest(secret, text, algorithm)


# Our own vectors, of families whose platforms published none.
BODY = '{"é": "\\/ {timestamp}"}'.encode()
OWN = {
    "calendly": (scheme("hmac", header="Calendly-Webhook-Signature", signature_field="v1", timestamp_field="t", template="{timestamp}.{body}", tolerance_seconds=180),
                 {"calendly-webhook-signature": f"t=1000,v1={digest(b'k', b'1000.' + BODY).hex()}"}),
    "linkedin": (scheme("hmac", header="X-LI-Signature", template="hmacsha256={body}"), {"x-li-signature": digest(b"k", b"hmacsha256=" + BODY).hex()}),
    "intercom": (hub("sha1"), {"x-hub-signature": "sha1=" + digest(b"k", BODY, "sha1").hex()}),
    "typeform": (scheme("hmac", header="Typeform-Signature", prefix="sha256=", encoding="base64"),
                 {"typeform-signature": "sha256=" + base64.b64encode(digest(b"k", BODY)).decode()}),
    "close": (scheme("hmac", header="close-sig-hash", timestamp_header="close-sig-timestamp", template="{timestamp}{body}"),
              {"close-sig-hash": digest(b"k", b"1000" + BODY).hex(), "close-sig-timestamp": "1000"}),
    "method and url": (scheme("hmac", header="x-sig", template="{method}{url}{body}"), {"x-sig": digest(b"k", b"POSThttps://x.example/h" + BODY).hex()}),
    "id": (scheme("hmac", header="x-sig", id_header="x-id", template="{id}:{body}"), {"x-sig": digest(b"k", b"7:" + BODY).hex(), "x-id": "7"}),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_own_vector_and_the_same_altered_by_one_byte_or_late(name):
    how, headers = OWN[name]
    request = post(headers, BODY)
    verify(how, ["old", "k"], request, 1000)
    with pytest.raises(Refused, match="wrong"):
        verify(how, ["k"], request._replace(body=BODY.replace(b"}", b" }")), 1000)
    with pytest.raises(Refused, match="wrong"):
        verify(how, ["other"], request, 1000)
    with pytest.raises(Refused, match="missing"):
        verify(how, ["k"], post({}, BODY), 1000)
    if "{timestamp}" in how.template:
        for now in (1000 + how.tolerance_seconds + 1, 1000 - how.tolerance_seconds - 1):
            with pytest.raises(Refused, match="late"):
                verify(how, ["k"], request, now)


def test_secrets_written_in_hex_or_base64():
    for key, secret in (("hex", "6b"), ("base64", "aw==")):
        verify(scheme("hmac", header="x-sig", key=key), [secret], post({"x-sig": digest(b"k", BODY).hex()}, BODY), 0)


def pem(key):
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def test_rsa_and_ecdsa_by_public_key():
    first = rsa.generate_private_key(65537, 2048)
    second = ec.generate_private_key(ec.SECP256R1())
    for key, proof in (
        (first, first.sign(BODY, padding.PKCS1v15(), hashes.SHA256())),
        (second, second.sign(BODY, ec.ECDSA(hashes.SHA256()))),
    ):
        how = Scheme(scheme="public_key", header="x-wh-signature", encoding="base64", public_keys=("no key", pem(key)))
        request = post({"x-wh-signature": base64.b64encode(proof).decode()}, BODY)
        verify(how, [], request, 0)
        with pytest.raises(Refused, match="wrong"):
            verify(how, [], request._replace(body=BODY + b" "), 0)
        with pytest.raises(Refused, match="wrong"):
            verify(
                how.model_copy(update={"public_keys": (pem(rsa.generate_private_key(65537, 2048)),)}), [], request, 0
            )


def test_hubspot_signs_the_url_with_some_escapes_undone():
    url = "https://x.example/h?to=a%3Ab%2Fc"
    stamp = "1000000"
    proof = base64.b64encode(digest(b"k", b"POSThttps://x.example/h?to=a:b/c" + BODY + stamp.encode())).decode()
    verify(
        scheme("hubspot"),
        ["k"],
        post({"x-hubspot-signature-v3": proof, "x-hubspot-request-timestamp": stamp}, BODY, url),
        1000,
    )


def test_a_secret_in_the_url_and_one_in_the_body():
    query, key = scheme("query", field="key"), scheme("body_key", field="auth.token")
    verify(query, ["s3"], post(url="https://x.example/h?key=s3&a=b"), 0)
    verify(key, ["s3"], post(body=b'{"auth": {"token": "s3"}}'), 0)
    verify(scheme("body_key", field="token"), ["s3"], post(body=b"a=b&token=s3"), 0)
    for how, request in (
        (query, post(url="https://x.example/h?key=s4")),
        (key, post(body=b'{"auth": {"token": "s4"}}')),
    ):
        with pytest.raises(Refused, match="wrong"):
            verify(how, ["s3"], request, 0)
    for how, request in ((query, post()), (key, post(body=b'{"auth": {}}')), (key, post(body=b"{"))):
        with pytest.raises(Refused, match=r"missing|malformed"):
            verify(how, ["s3"], request, 0)


def test_only_senders_at_the_networks_of_the_source():
    how = Scheme(scheme="none", networks=("10.1.0.0/16", "2001:db8::/32"))
    for client in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::9"):
        verify(how, [], post(client=client), 0)
    for client in ("10.2.0.1", "", "nonsense"):
        with pytest.raises(Refused, match="elsewhere"):
            verify(how, [], post(client=client), 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scheme": "hmac", "secrets": NAME},
        {"scheme": "hmac", "header": "x"},
        {"scheme": "query", "secrets": NAME},
        {"scheme": "hmac", "header": "x", "secrets": NAME, "timestamp_header": "t"},
        {"scheme": "hmac", "header": "x", "secrets": NAME, "template": "{timestamp}{body}"},
        {"scheme": "hmac", "header": "x", "secrets": NAME, "public_keys": ("k",)},
    ],
)
def test_a_scheme_that_proves_nothing_is_no_scheme(wrong):
    with pytest.raises(ValueError):
        Scheme(**wrong)
