"""The doctor on a real PostgreSQL and at doors that are closed, silent or shown with somebody else's certificate."""

import asyncio
import ssl
import uuid

import pytest
from sqlalchemy import text

from services.adapters.sql.engine import one_shot
from services.adapters.sql.migrate import give_rights, upgrade
from services.cli.doctor.outside import Place, _examine_place, _places
from services.cli.doctor.store import examine_store
from services.settings import load
from tests.parts.certificates import write_certificates


def health_of(findings):
    return {finding.about: finding.health for finding in findings}


async def store_findings(url):
    settings = load({"STAFETT_DATABASE_URL": url.replace("+asyncpg", "")})
    return [finding async for finding in examine_store(settings)]


async def test_a_role_without_rights_is_told_which_command_gives_them(postgres_url):
    role = f"run_{uuid.uuid4().hex[:12]}"
    await upgrade(postgres_url)
    engine = one_shot(postgres_url)
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        await connection.execute(text(f"GRANT SELECT ON alembic_version TO {role}"))
    theirs = postgres_url.replace("postgres@", f"{role}@")
    try:
        findings = await store_findings(theirs)
        assert health_of(findings) == {"store": "ok", "rights in the store": "wrong", "clock": "ok"}
        await give_rights(postgres_url, role)
        assert set(health_of(await store_findings(theirs)).values()) == {"ok"}
    finally:
        async with engine.begin() as connection:
            await connection.execute(text(f"DROP OWNED BY {role}"))
            await connection.execute(text(f"DROP ROLE {role}"))
        await engine.dispose()


async def test_a_database_that_is_not_there_is_told(postgres_url):
    findings = await store_findings(postgres_url.replace("/t", "/no_such_"))
    assert health_of(findings) == {"store": "wrong"}


@pytest.fixture
async def door(tmp_path):
    """A server that shows a certificate of nobody that we know."""
    write_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "broker.pem")
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


def test_places_are_those_that_the_files_and_settings_name(tmp_path):
    (tmp_path / "sources.yaml").write_text("""
version: 1
sources:
  - {name: sf, kind: salesforce, verify: {scheme: none}, fetch: {token: STAFETT_SECRET_SF, base_url: "https://us.example.com"}}
  - {name: hub, kind: hubspot, verify: {scheme: none}, fetch: {token: STAFETT_SECRET_SF}}
  - {name: web, kind: form, verify: {scheme: none}}
""")
    (tmp_path / "alerts.yaml").write_text("""
version: 1
channels:
  - {name: mail, kind: email, host: smtp.example.com, from: stafett@example.com}
  - {name: old, kind: email, host: mail.example.com, port: 465, tls: tls, from: stafett@example.com}
""")
    settings = load({
        "STAFETT_CONFIG_FOLDER": str(tmp_path), "STAFETT_SECRET_SF": "x", "STAFETT_OIDC_ISSUER": "https://id.example.com/work",
        "STAFETT_OIDC_CLIENT_ID": "x", "STAFETT_OIDC_CLIENT_SECRET": "x", "STAFETT_HTTP_PUBLIC_URL": "https://leads.example.com",
    })  # fmt: skip
    assert {place.about: place.url for place in _places(settings)} == {
        "public URL": "https://leads.example.com",
        "provider of sign-ins": "https://id.example.com/work",
        "vendor of source sf": "https://us.example.com",
        "vendor of source hub": "https://api.hubapi.com",
        "channel mail": "smtp://smtp.example.com:587",
        "channel old": "smtps://mail.example.com:465",
    }


async def test_a_receiver_is_told_by_what_stands_in_the_way(door, unused_tcp_port):
    strange = await _examine_place(Place("subscription erp", f"https://127.0.0.1:{door}/in", True))
    assert (strange.health, strange.fix) == ("wrong", "renew the certificate, or name the right host")
    closed = await _examine_place(Place("subscription erp", f"http://127.0.0.1:{unused_tcp_port}/in", True))
    assert (closed.health, "cannot be reached" in closed.text) == ("wrong", True)
    private = await _examine_place(Place("subscription erp", f"http://127.0.0.1:{door}/in", False))
    assert (private.health, "allow_private" in private.fix) == ("wrong", True)
    plain = await _examine_place(Place("subscription erp", f"http://127.0.0.1:{door}/in", True))
    assert plain.health == "ok"
