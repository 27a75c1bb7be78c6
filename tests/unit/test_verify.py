"""Published signature vectors verify; altered by one byte, or late, they are refused."""

import json
import os
from pathlib import Path

import pytest

from schemas.sources import Scheme
from services.ingest.verify import Refused, Request, verify

SAMPLES = Path(os.environ.get("STAFETT_SAMPLES", Path(__file__).parents[3] / "shared" / "samples"))
NAME = ("STAFETT_SECRET_X",)
SCHEMES = {
    "standard_webhooks": Scheme(scheme="standard_webhooks", secrets=NAME),
    "hubspot/vector_py_v1": Scheme(scheme="hubspot", version="v1", secrets=NAME),
    "hubspot/vector_py_v2": Scheme(scheme="hubspot", version="v2", secrets=NAME),
    "hubspot/vector_py_v3": Scheme(scheme="hubspot", version="v3", secrets=NAME),
    "pipedrive": Scheme(scheme="basic", secrets=NAME),
}


def vectors():
    for path in sorted(SAMPLES.rglob("*.meta.json")):
        meta = json.loads(path.read_text())
        scheme = SCHEMES.get(meta["id"]) or SCHEMES.get(meta["platform"])
        if scheme and meta["signature"] and meta["signature"].get("secret") and meta["signature"].get("value"):
            yield pytest.param(meta, scheme, (path.parent / meta["file"]).read_bytes(), id=meta["id"])


def request_of(meta, body):
    headers = {name.lower(): value for name, value in meta["request"]["headers"].items()}
    return Request(meta["request"]["method"] or "POST", meta["request"]["url"] or "", headers, body)


def time_of(request):
    stamp = next((v for n, v in request.headers.items() if n.endswith("timestamp")), "0")
    return int(stamp) / (1000 if "x-hubspot-request-timestamp" in request.headers else 1)


CASES = list(vectors())


def test_there_are_published_vectors():
    assert len(CASES) >= 6, f"no samples in {SAMPLES}; set STAFETT_SAMPLES"


@pytest.mark.parametrize(("meta", "scheme", "body"), CASES)
def test_published_vector(meta, scheme, body):
    request, secret = request_of(meta, body), meta["signature"]["secret"]
    now = time_of(request)
    if meta["signature"].get("expect_valid") is False:
        with pytest.raises(Refused, match="wrong"):
            verify(scheme, [secret], request, now)
        return
    verify(scheme, ["another", secret], request, now)
    if scheme.scheme == "basic":
        with pytest.raises(Refused, match="wrong"):
            verify(scheme, [secret + "x"], request, now)
        return
    altered = bytearray(body)
    altered[len(body) // 2] ^= 1
    with pytest.raises(Refused, match="wrong"):
        verify(scheme, [secret], request._replace(body=bytes(altered)), now)
    if scheme.version == "v3":
        for late in (now + 301, now - 301):
            with pytest.raises(Refused, match="late"):
                verify(scheme, [secret], request, late)


def test_a_public_key_alone_verifies_ed25519():
    meta, scheme, body = next(case.values for case in CASES if "ed25519" in case.id)
    request = request_of(meta, body)
    verify(scheme, [meta["signature"]["public_key"]], request, time_of(request))


def test_the_scheme_is_the_sources_never_the_headers():
    scheme = Scheme(scheme="hmac", header="X-Hub-Signature-256", prefix="sha256=", secrets=NAME)
    with pytest.raises(Refused, match="missing"):
        verify(scheme, ["s"], Request("POST", "", {"x-hub-signature": "sha1=00"}, b""), 0)
