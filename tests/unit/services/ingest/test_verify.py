"""Signed deliveries verify; altered by one byte, or late, they are refused. Every family, by configuration only."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from schemas.sources import Scheme
from services.ingest.proof.verify import Refused, verify
from tests.signed import BODY, NAME, digest, made_at, own, post, published, scheme

SIGNED = [pytest.param(item, id=item.id) for item in (*own(), *published())]
GOOD = [param for param in SIGNED if param.values[0].good]
PROVED = [param for param in GOOD if param.values[0].how.scheme not in ("basic", "token", "query", "body_key")]
DATED = [param for param in PROVED if made_at(param.values[0].request)]


@pytest.mark.parametrize("item", GOOD)
def test_a_genuine_delivery_is_taken_by_any_of_several_secrets(item):
    verify(item.how, ["another", item.secret], item.request, item.now)


@pytest.mark.parametrize("item", [param for param in SIGNED if not param.values[0].good])
def test_a_delivery_with_a_proof_that_is_no_good_is_refused(item):
    with pytest.raises(Refused):
        verify(item.how, [item.secret], item.request, item.now)


@pytest.mark.parametrize("item", GOOD)
def test_the_secret_of_somebody_else_is_refused(item):
    other = "whsec_AAAA" if item.how.scheme == "standard_webhooks" else item.secret + "x"
    with pytest.raises(Refused, match="wrong"):
        verify(item.how, [other], item.request, item.now)


@pytest.mark.parametrize("item", PROVED)
def test_a_body_altered_by_one_byte_is_refused(item):
    altered = bytearray(item.request.body or b"x")
    altered[len(altered) // 2] ^= 1
    with pytest.raises(Refused, match="wrong"):
        verify(item.how, [item.secret], item.request._replace(body=bytes(altered)), item.now)


@pytest.mark.parametrize("item", PROVED)
def test_a_delivery_without_its_proof_is_refused(item):
    with pytest.raises(Refused, match="missing"):
        verify(item.how, [item.secret], item.request._replace(headers={}), item.now)


@pytest.mark.parametrize("item", DATED)
def test_a_delivery_from_too_long_ago_or_from_the_future_is_refused(item):
    apart = item.how.tolerance_seconds + 1
    for late in (item.now + apart, item.now - apart):
        with pytest.raises(Refused, match="late"):
            verify(item.how, [item.secret], item.request, late)


@pytest.mark.parametrize("item", [param for param in GOOD if param.values[0].public])
def test_a_public_key_alone_verifies_ed25519(item):
    verify(item.how, [item.public], item.request, item.now)


def test_secrets_written_in_hex_or_base64():
    for key, secret in (("hex", "6b"), ("base64", "aw==")):
        verify(
            scheme("hmac", header="x-sig", key=key), [secret], post({"x-sig": digest(BODY, key=b"k").hex()}, BODY), 0
        )


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


def test_a_secret_that_should_have_come_along_and_did_not():
    query, key = scheme("query", field="key"), scheme("body_key", field="auth.token")
    for how, request in ((query, post()), (key, post(body=b'{"auth": {}}')), (key, post(body=b"{"))):
        with pytest.raises(Refused, match=r"missing|malformed"):
            verify(how, ["s3"], request, 0)


SECRET = 'a/sécret of 24 "letters"..'


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("key", json.dumps({"key": SECRET})),
        ("key", json.dumps({"key": SECRET}, ensure_ascii=False)),
        ("key", json.dumps({"key": SECRET}).replace("/", "\\/")),
        ("key", json.dumps({"key": SECRET}).replace(": ", " \n\t:\r ")),
        ("auth.key", json.dumps({"key": "another", "auth": {"key": SECRET}})),
        ("auth.key", json.dumps({"auth": {"key": SECRET}, "key": {"key": 1}})),
        ("clé", json.dumps({"clé": SECRET})),
        ("clé", json.dumps({"clé": SECRET}, ensure_ascii=False)),
    ],
)
def test_a_secret_in_the_body_is_found_however_it_is_written(field, body):
    verify(scheme("body_key", field=field), ["another", SECRET], post(body=body.encode()), 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"x": {"key": "%s"}}', "missing"),
        ('{"x": "key", "y": ["key", "%s"]}', "missing"),
        ('{"auth": {"key": 1}, "key": "%s"}', "missing"),
        ('{"auth": {"key": "x%s"}}', "wrong"),
        ('{"auth": {"key": "%s}', "missing"),
    ],
)
def test_a_secret_in_another_place_of_the_body_proves_nothing(body, code):
    text = body % json.dumps(SECRET)[1:-1]
    with pytest.raises(Refused, match=code):
        verify(scheme("body_key", field="auth.key"), [SECRET], post(body=text.encode()), 0)


def test_m3_a_body_that_does_not_hold_the_secret_is_not_read_as_json(monkeypatch):
    def read(body):
        raise AssertionError("the body was read before its sender was proven")

    monkeypatch.setattr("services.ingest.proof.verify.json.loads", read)
    guesses = json.dumps({"rows": [{"key": f"guess {n}", "email": "a@b.example"} for n in range(900)]})
    more = '{"rows": [' + '{"key": "guess"},' * 20_000 + '{"key": "guess"}]}'
    for body, code in ((guesses, "wrong"), (more, "malformed"), ('{"rows": [' + "[]," * 300_000 + "1]}", "missing")):
        with pytest.raises(Refused, match=code):
            verify(scheme("body_key", field="key"), [SECRET], post(body=body.encode()), 0)


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


def standard(secret, key=b"k" * 24, version="v1"):
    signed = b"msg_1.1700000000." + BODY
    proof = base64.b64encode(digest(signed, key=key)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": f"{version},{proof}"}
    verify(scheme("standard_webhooks"), [secret], post(headers, BODY), 1700000000)


def test_a_standard_secret_is_base64_with_or_without_its_prefix():
    bare = base64.b64encode(b"k" * 24).decode()
    for secret in (bare, f"whsec_{bare}"):
        standard(secret)


@pytest.mark.parametrize("secret", ["", "whsec_", "no base64!", "whpk_" + base64.b64encode(b"k" * 24).decode()])
def test_a_secret_that_is_no_shared_key_lets_nobody_sign_with_an_empty_one(secret):
    for key in (b"", b"k" * 24):
        with pytest.raises(Refused, match="wrong"):
            standard(secret, key)
