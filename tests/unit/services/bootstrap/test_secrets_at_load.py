"""A source whose secret would let anybody in, or nobody, does not start (C2); and verification refuses an empty key as well."""

import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schemas.sources import Scheme
from schemas.yamlfile import FileError
from services.bootstrap.http import sources_of
from services.ingest.proof.verify import Refused, verify
from services.settings import SettingsError
from services.settings.reading import load
from tests.signed import BODY, post

NAME = "STAFETT_SECRET_X"


def pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


TEXT = "a secret of 24 letters.."
RAW = bytes(range(32))
GOOD_PEM = pem(ec.generate_private_key(ec.SECP256R1()))
SCHEMES = {
    # by name: how it is configured, a good secret, one that cannot be decoded, a short one
    "standard_webhooks": ("", "whsec_" + base64.b64encode(RAW).decode(), "whsec_no base64!", "whsec_c2VjcmV0"),
    "ed25519 public": ("", "whpk_" + base64.b64encode(RAW).decode(), "whpk_!", "whpk_c2VjcmV0"),
    "ed25519 private": ("", "whsk_" + base64.b64encode(RAW * 2).decode(), "whsk_!", "whsk_c2VjcmV0"),
    "hmac": (", header: X-Sig", TEXT, "\udcff" * 32, "short"),
    "hmac hex": (", header: X-Sig, key: hex", RAW.hex(), "not hex, though long enough", "00" * 15),
    "hmac base64": (", header: X-Sig, key: base64", base64.b64encode(RAW).decode(), "not base64!!!!!!!!!", "c2VjcmV0"),
    "public_key": (
        ", header: X-Sig",
        GOOD_PEM,
        "no PEM, though long enough",
        pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - a short key is what is tried
    ),
    "hubspot": ("", TEXT, "\udcff" * 32, "short"),
    "basic": ("", "sender:a good password", "no pair, though long enough", "sender:short"),
    "token": (", header: X-Token", TEXT, "\udcff" * 32, "short"),
    "query": (", field: key", TEXT, "\udcff" * 32, "short"),
    "body_key": (", field: key", TEXT, "\udcff" * 32, "short"),
}


def scheme_of(name):
    return {"ed25519 public": "standard_webhooks", "ed25519 private": "standard_webhooks"}.get(name, name.split()[0])


def start(tmp_path, name, secret, where):
    """What a process does before it begins: reads the sources, with the secret in a file or in the environment."""
    more = SCHEMES[name][0]
    (tmp_path / "sources.yaml").write_text(
        f"version: 1\nsources:\n  - name: web\n    kind: generic\n"
        f"    verify: {{scheme: {scheme_of(name)}{more}, secrets: [{NAME}]}}\n"
    )
    given = {"STAFETT_CONFIG_FOLDER": str(tmp_path), "STAFETT_DEPLOYMENT_KEY": "k" * 64}
    if where == "file" and secret is not None:
        (tmp_path / "secret").write_bytes(secret.encode("utf-8", "surrogateescape"))
        given |= {f"{NAME}_FILE": str(tmp_path / "secret")}
    elif where == "file":
        given |= {f"{NAME}_FILE": str(tmp_path / "absent")}
    elif secret is not None:
        given |= {NAME: secret}
    return sources_of(load(given))


@pytest.mark.parametrize("where", ["file", "environment"])
@pytest.mark.parametrize("name", SCHEMES)
def test_c2_a_sound_secret_starts(tmp_path, name, where):
    assert start(tmp_path, name, SCHEMES[name][1], where)["web"].secrets == (SCHEMES[name][1].removesuffix("\n"),) or (
        where == "environment"
    )


@pytest.mark.parametrize("where", ["file", "environment"])
@pytest.mark.parametrize("fault", ["missing", "empty", "blank", "undecodable", "short"])
@pytest.mark.parametrize("name", SCHEMES)
def test_c2_a_secret_that_is_none_does_not_start_and_is_named_but_never_shown(tmp_path, name, fault, where):
    _, _, undecodable, short = SCHEMES[name]
    secret = {"missing": None, "empty": "", "blank": "  ", "undecodable": undecodable, "short": short}[fault]
    with pytest.raises((FileError, SettingsError)) as refused:
        start(tmp_path, name, secret, where)
    said = str(refused.value)
    assert NAME in said
    assert "web" in said or "sources.0.verify.secrets.0" in said or f"{NAME}_FILE: cannot read" in said
    if secret and secret.strip():
        assert secret.strip() not in said


@pytest.mark.parametrize(("key", "rule"), [("no key", "is no PEM"), (SCHEMES["public_key"][3], "RSA key of 1024 bits")])
def test_c2_a_public_key_in_the_file_is_looked_at_too(tmp_path, key, rule):
    text = key.strip().replace("\n", "\\n")
    (tmp_path / "sources.yaml").write_text(
        "version: 1\nsources:\n  - name: web\n    kind: generic\n"
        f'    verify: {{scheme: public_key, header: X-Sig, public_keys: ["{text}"]}}\n'
    )
    with pytest.raises(FileError, match=rule):
        sources_of(load({"STAFETT_CONFIG_FOLDER": str(tmp_path), "STAFETT_DEPLOYMENT_KEY": "k" * 64}))


def test_c2_the_word_of_a_handshake_is_looked_at_too(tmp_path):
    (tmp_path / "sources.yaml").write_text(
        "version: 1\nsources:\n  - {name: ads, kind: meta_lead_ads, handshake: STAFETT_SECRET_WORD, verify: {scheme: none}}\n"
    )
    given = {"STAFETT_CONFIG_FOLDER": str(tmp_path), "STAFETT_DEPLOYMENT_KEY": "k" * 64, "STAFETT_SECRET_WORD": "hello"}
    with pytest.raises(FileError, match=r"sources\.0\.handshake: STAFETT_SECRET_WORD has 5 bytes"):
        sources_of(load(given))


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (
            "kind: meta_lead_ads, verify: {scheme: hmac, header: X-Hub-Signature-256, secrets: [STAFETT_SECRET_WORD]}",
            "name its secret in `handshake`",
        ),
        ("kind: crm, handshake: STAFETT_SECRET_WORD, verify: {scheme: none}", "kind crm say no word"),
        ("kind: form, handshake: STAFETT_SECRET_WORD, verify: {scheme: none}", "kind form say no word"),
    ],
)
def test_m2_meta_needs_a_word_of_its_own_and_other_kinds_have_none(tmp_path, source, rule):
    (tmp_path / "sources.yaml").write_text(f"version: 1\nsources:\n  - {{name: ads, {source}}}\n")
    given = {
        "STAFETT_CONFIG_FOLDER": str(tmp_path),
        "STAFETT_DEPLOYMENT_KEY": "k" * 64,
        "STAFETT_SECRET_WORD": "w" * 20,
    }
    with pytest.raises(FileError, match=rule):
        sources_of(load(given))


EMPTY = hmac.digest(b"", BODY, "sha256")
FORGED = {
    "hmac": ({"header": "X-Sig"}, {"x-sig": EMPTY.hex()}, ("", " ")),
    "hmac hex": ({"header": "X-Sig", "key": "hex"}, {"x-sig": EMPTY.hex()}, ("", "zz", "no hex")),
    "hmac base64": ({"header": "X-Sig", "key": "base64"}, {"x-sig": EMPTY.hex()}, ("", "!", "no base64")),
    "token": ({"header": "X-Token"}, {"x-token": ""}, ("", " ")),
    "basic": ({}, {"authorization": "Basic "}, ("", " ", ":", "user:", ":password")),
    "basic colon": ({}, {"authorization": "Basic " + base64.b64encode(b":").decode()}, (":",)),
    "query": ({"field": "secret"}, {}, ("",)),
    "body_key": ({"field": "key"}, {}, ("",)),
    "hubspot v1": ({"version": "v1"}, {"x-hubspot-signature": hashlib.sha256(BODY).hexdigest()}, ("",)),
    "standard_webhooks": (
        {},
        {
            "webhook-id": "m",
            "webhook-timestamp": "1",
            "webhook-signature": "v1," + base64.b64encode(hmac.digest(b"", b"m.1." + BODY, "sha256")).decode(),
        },
        ("", "whsec_", "whsec_!"),
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_c2_nobody_signs_with_an_empty_key_even_if_it_got_that_far(name):
    more, headers, secrets = FORGED[name]
    how = Scheme(scheme=name.split()[0], secrets=(NAME,), **more)
    url = "https://leads.example/v1/hooks/x?secret="
    for secret in secrets:
        with pytest.raises(Refused):
            verify(how, [secret], post(headers, BODY, url), 1)
