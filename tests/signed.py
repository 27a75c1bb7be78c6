"""Deliveries that were signed: one of ours for each family, and the published ones where they are at hand.

Ours are signed here, by the senders' own recipes and with nothing of the service."""

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.sources import Scheme
from services.ingest.proof.verify import Request

PUBLISHED = Path(os.environ.get("STAFETT_SAMPLES", Path(__file__).parents[2] / "shared" / "samples"))
NAME = ("STAFETT_SECRET_X",)
URL = "https://leads.example/v1/hooks/x?brand=nord"
BODY = '{"é": "\\/ {timestamp}", "n": 1.0}'.encode()
SECONDS = "1790000000"
MILLISECONDS = SECONDS + "250"
KEY = b"a key of ours"


class Signed(NamedTuple):
    """`now` is when it came, in seconds since 1970; `public` may stand in for the secret."""

    id: str
    how: Scheme
    secret: str
    request: Request
    now: float
    good: bool = True
    public: str | None = None


def scheme(kind, **more):
    return Scheme(scheme=kind, **{"secrets": NAME, **more})


def hub(algorithm, header="X-Hub-Signature"):
    return scheme("hmac", header=header, prefix=f"{algorithm}=", algorithm=algorithm, separator=",")


def composite(algorithm="sha256", encoding="hex"):
    return scheme("hmac", header="X-Convoy-Signature", algorithm=algorithm, encoding=encoding, signature_field="v1",
                  timestamp_field="t", template="{timestamp},{body}")  # fmt: skip


SCHEMES = {
    "standard_webhooks": scheme("standard_webhooks"),
    "hubspot/vector_py_v1": scheme("hubspot", version="v1"),
    "hubspot/vector_py_v2": scheme("hubspot", version="v2"),
    "hubspot/vector_py_v3": scheme("hubspot", version="v3"),
    "pipedrive": scheme("basic"),
    "mailchimp": scheme("query", field="secret"),
    "google_ads": scheme("body_key", field="google_key"),
    "slack": scheme("hmac", header="X-Slack-Signature", prefix="v0=", template="v0:{timestamp}:{body}",
                    timestamp_header="X-Slack-Request-Timestamp"),
    "webflow": scheme("hmac", header="X-Webflow-Signature", template="{timestamp}:{body}",
                      timestamp_header="X-Webflow-Timestamp", timestamp_unit="ms"),
    "x_hub_signature/vector_sha1": hub("sha1"),
    "x_hub_signature/vector_sha512": hub("sha512"),
    "x_hub_signature": hub("sha256", "X-Hub-Signature-256"),
}  # fmt: skip


def digest(text, algorithm="sha256", key=KEY):
    return hmac.digest(key, text, algorithm)


def text64(raw):
    return base64.b64encode(raw).decode()


def post(headers=None, body=BODY, url=URL, **more):
    return Request("POST", url, headers or {}, body, **more)


def own():
    """Every family that takes a secret, and for each kind of proof one that is no good."""
    for name, how, headers, *rest in (*plain(), *stamped()):
        yield Signed(name, how, KEY.decode(), post(headers), float(SECONDS), *rest)
    yield from standard()
    yield from hubspot()
    yield from sent_along()


def plain():
    sha1, sha256, sha512 = (digest(BODY, name).hex() for name in ("sha1", "sha256", "sha512"))
    bare = {"header": "X-Signature"}
    yield "hub sha1", hub("sha1"), {"x-hub-signature": f"sha1={sha1}"}
    yield "hub sha256", hub("sha256", "X-Hub-Signature-256"), {"x-hub-signature-256": f"sha256={sha256}"}
    yield "hub sha512", hub("sha512"), {"x-hub-signature": f"sha512={sha512}"}
    yield "hub one of two", hub("sha512"), {"x-hub-signature": f"sha512={'0' * 128},sha512={sha512}"}
    yield "hub two wrong", hub("sha1"), {"x-hub-signature": f"sha1={'0' * 40},sha1=XXX"}, False
    yield "hex", scheme("hmac", **bare), {"x-signature": sha256}
    yield "hex altered", scheme("hmac", **bare), {"x-signature": sha256[:-1] + "0" + sha256[-1:]}, False
    yield "base64", scheme("hmac", encoding="base64", **bare), {"x-signature": text64(digest(BODY))}
    yield (
        "typeform",
        scheme("hmac", header="Typeform-Signature", prefix="sha256=", encoding="base64"),
        {"typeform-signature": "sha256=" + text64(digest(BODY))},
    )
    yield (
        "linkedin",
        scheme("hmac", header="X-LI-Signature", template="hmacsha256={body}"),
        {"x-li-signature": digest(b"hmacsha256=" + BODY).hex()},
    )
    yield (
        "method and url",
        scheme("hmac", template="{method}{url}{body}", **bare),
        {"x-signature": digest(f"POST{URL}".encode() + BODY).hex()},
    )
    yield (
        "id",
        scheme("hmac", id_header="x-id", template="{id}:{body}", **bare),
        {"x-signature": digest(b"7:" + BODY).hex(), "x-id": "7"},
    )


def stamped():
    at = SECONDS.encode()
    right, wrong = digest(at + b"," + BODY), digest(b"something else")
    header = "x-convoy-signature"
    yield "composite hex", composite(), {header: f"t={SECONDS},v1={right.hex()}"}
    yield "composite base64", composite(encoding="base64"), {header: f"t={SECONDS},v1={text64(right)}"}
    yield (
        "composite sha512",
        composite("sha512"),
        {header: f"t={SECONDS},v1={digest(at + b',' + BODY, 'sha512').hex()}"},
    )
    yield "composite one of two", composite(), {header: f"t={SECONDS},v1={wrong.hex()},v1={right.hex()}"}
    yield "composite two wrong", composite(), {header: f"t={SECONDS},v1={wrong.hex()},v1={wrong.hex()}"}, False
    yield "composite without its time", composite(), {header: f"v1={right.hex()}"}, False
    yield "composite expired", composite(), {header: f"t=1789999000,v1={digest(b'1789999000,' + BODY).hex()}"}, False
    yield (
        "calendly",
        scheme("hmac", header="Calendly-Webhook-Signature", signature_field="v1", timestamp_field="t",
               template="{timestamp}.{body}", tolerance_seconds=180),
        {"calendly-webhook-signature": f"t={SECONDS},v1={digest(at + b'.' + BODY).hex()}"},
    )  # fmt: skip
    yield (
        "close",
        scheme("hmac", header="close-sig-hash", timestamp_header="close-sig-timestamp", template="{timestamp}{body}"),
        {"close-sig-hash": digest(at + BODY).hex(), "close-sig-timestamp": SECONDS},
    )
    yield (
        "slack",
        SCHEMES["slack"],
        {"x-slack-signature": "v0=" + digest(b"v0:" + at + b":" + BODY).hex(), "x-slack-request-timestamp": SECONDS},
    )
    yield (
        "webflow",
        SCHEMES["webflow"],
        {
            "x-webflow-signature": digest(MILLISECONDS.encode() + b":" + BODY).hex(),
            "x-webflow-timestamp": MILLISECONDS,
        },
    )


def standard():
    how, now = scheme("standard_webhooks"), float(SECONDS)
    signed = f"msg_7.{SECONDS}.".encode() + BODY
    right, wrong = "v1," + text64(digest(signed)), "v1," + text64(digest(b"else"))
    key = "whsec_" + text64(KEY)
    for name, prefix, proof, good in (
        ("standard", "webhook-", right, True),
        ("standard by its older headers", "svix-", right, True),
        ("standard one of two", "webhook-", f"{wrong} {right}", True),
        ("standard wrong", "webhook-", wrong, False),
    ):
        headers = {f"{prefix}id": "msg_7", f"{prefix}timestamp": SECONDS, f"{prefix}signature": proof}
        yield Signed(name, how, key, post(headers), now, good)
    pair = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = pair.public_key().public_bytes_raw()
    headers = {"webhook-id": "msg_7", "webhook-timestamp": SECONDS}
    headers["webhook-signature"] = "v1a," + text64(pair.sign(signed))
    secret = "whsk_" + text64(bytes(range(32)) + public)
    yield Signed("standard ed25519", how, secret, post(headers), now, True, "whpk_" + text64(public))


def hubspot():
    secret, now = KEY.decode(), float(SECONDS)
    place = f"POST{URL}".encode()
    for version, text in (("v1", KEY + BODY), ("v2", KEY + place + BODY)):
        headers = {"x-hubspot-signature": hashlib.sha256(text).hexdigest()}
        yield Signed(f"hubspot {version}", scheme("hubspot", version=version), secret, post(headers), now)
    url = "https://leads.example/h?to=a%3Ab%2Fc"
    for name, sent, signed in (("", URL, URL), (" undoing escapes", url, "https://leads.example/h?to=a:b/c")):
        proof = text64(digest(f"POST{signed}".encode() + BODY + MILLISECONDS.encode()))
        headers = {"x-hubspot-signature-v3": proof, "x-hubspot-request-timestamp": MILLISECONDS}
        yield Signed(f"hubspot v3{name}", scheme("hubspot"), secret, post(headers, url=sent), now)


def sent_along():
    """Where the secret itself travels, the body is not proved."""
    basic = {"authorization": "Basic " + text64(b"sender:s3")}
    yield Signed("basic", scheme("basic"), "sender:s3", post(basic), 0)
    yield Signed("token", scheme("token", header="x-token", prefix="Bearer "), "s3", post({"x-token": "Bearer s3"}), 0)
    yield Signed("query", scheme("query", field="key"), "s3", post(url="https://leads.example/h?key=s3&a=b"), 0)
    key = scheme("body_key", field="auth.token")
    yield Signed("body key", key, "s3", post(body=b'{"auth": {"token": "s3"}}'), 0)
    yield Signed("body key of a form", scheme("body_key", field="token"), "s3", post(body=b"a=b&token=s3"), 0)


def published():
    """Nothing where the folder is not beside the project."""
    found = [item for path in sorted(PUBLISHED.rglob("*.meta.json")) for item in _read(path)]
    assert not PUBLISHED.is_dir() or len(found) >= 26, f"{PUBLISHED} has {len(found)} signed deliveries"
    return found


def _read(path):
    meta = json.loads(path.read_text())
    proof = meta["signature"] or {}
    how = _convoy(meta) if meta["platform"] == "convoy" else SCHEMES.get(meta["id"]) or SCHEMES.get(meta["platform"])
    if how is None or not proof.get("secret") or not proof.get("value"):
        return
    asked = meta["request"]
    headers = {name.lower(): value for name, value in asked["headers"].items()}
    url = asked["url"] or f"https://x.example/h?{asked['query'] or ''}"
    request = Request(asked["method"] or "POST", url, headers, (path.parent / meta["file"]).read_bytes())
    now = made_at(request) + (301 if "expired" in meta["id"] else 0)
    good = proof.get("expect_valid") is not False
    yield Signed(meta["id"], how, proof["secret"], request, now, good, proof.get("public_key"))


def _convoy(meta):
    proof = meta["signature"]
    algorithm, encoding = proof["hash"].lower(), proof["encoding"]
    if "advanced" in meta["id"]:
        return composite(algorithm, encoding)
    return scheme("hmac", header="X-Convoy-Signature", algorithm=algorithm, encoding=encoding)


def made_at(request):
    """When the sender says that it was made, in seconds; 0 where it says nothing."""
    stamp = next((value for name, value in request.headers.items() if name.endswith("timestamp")), None)
    fields = next((value for value in request.headers.values() if value.startswith("t=")), "")
    stamp = stamp or fields.removeprefix("t=").partition(",")[0] or "0"
    return int(stamp) / (1000 if len(stamp) > 11 else 1)
