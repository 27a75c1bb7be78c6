"""Small doors that an attack tried: each is closed where it stands."""

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from schemas.sources import Scheme
from services.adapters.sql.engine import _meaning
from services.adapters.sql.store import SqlStore
from services.ingest.fetching.asking import Gone
from services.ingest.fetching.vendor import path_segment
from services.ingest.proof.verify import Refused, verify
from services.outbound.client import is_public
from services.ports.errors import StoreFull
from services.settings import describe
from services.settings.reading import load
from services.settings.urls import without_password
from tests.parts.sqlite import migrated_file
from tests.signed import post


def test_l2_a_query_of_too_many_parts_is_refused_and_no_fault():
    how = Scheme(scheme="query", field="key", secrets=("STAFETT_SECRET_X",))
    url = "https://leads.example/v1/hooks/x?key=s&" + "&".join(f"a{n}=1" for n in range(150))
    with pytest.raises(Refused, match="malformed"):
        verify(how, ["s"], post(url=url), 0)


@pytest.mark.parametrize("host", ["[", "[::1", "]", "a b", "@"])
def test_l2_a_host_that_is_none_is_refused_and_no_fault(host):
    how = Scheme(scheme="query", field="key", secrets=("STAFETT_SECRET_X",))
    with pytest.raises(Refused, match="wrong"):
        verify(how, ["a secret of 24 letters.."], post(url=f"http://{host}/v1/hooks/x?key=guess"), 0)


@pytest.mark.parametrize(
    ("url", "shown_as"),
    [
        ("postgresql://u:secret@h/n", "postgresql://u:***@h/n"),
        ("postgresql://u@h/n?password=secret", "postgresql://u@h/n?password=***"),
        (
            "postgresql://u:secret@h/n?sslmode=require&PASSWORD=secret",
            "postgresql://u:***@h/n?sslmode=require&PASSWORD=***",
        ),
        ("postgresql://h/n?sslpassword=secret&a=b", "postgresql://h/n?sslpassword=***&a=b"),
        ("postgresql://h/n?sslmode=require", "postgresql://h/n?sslmode=require"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
    ],
)
def test_l3_no_password_of_a_url_is_shown_wherever_it_stands(url, shown_as):
    assert without_password(url) == shown_as


def test_l3_settings_show_no_password_of_any_url():
    given = {
        "STAFETT_DATABASE_URL": "postgresql://u:secret1@h/n?password=secret2",
        "STAFETT_HTTP_PUBLIC_URL": "https://u:secret3@leads.example",
        "STAFETT_KAFKA_OAUTH_TOKEN_URL": "https://u:secret4@tokens.example/t",
    }
    assert "secret" not in " ".join(row.value for row in describe(load(given)))


@pytest.mark.parametrize(
    "address",
    [
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "fec0::1", "192.0.0.192",
        "168.63.129.16", "100.100.100.200", "::ffff:169.254.169.254", "2002:7f00:1::", "2001:0:7f00:1::", "::", "::1",
    ],
)  # fmt: skip
def test_l4_what_leads_inside_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_l4_what_is_public_stays_so(address):
    assert is_public(address)


@pytest.mark.parametrize("ident", [".", "..", ""])
def test_l5_an_id_that_leads_to_another_path_names_no_record(ident):
    with pytest.raises(Gone):
        path_segment(ident)


def test_l5_other_ids_are_one_step_of_a_path():
    assert path_segment("a/b?c#d") == "a%2Fb%3Fc%23d" and path_segment("...") == "..." and path_segment("1") == "1"


class Driver(Exception):
    sqlstate = "53100"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("x", None, sqlite3.OperationalError("database or disk is full")),
        DBAPIError("x", None, Driver()),
    ],
    ids=["sqlite", "postgres"],
)
def test_l9_a_full_disk_is_called_by_its_name(error):
    found = _meaning(error)
    assert isinstance(found, StoreFull) and "disk" in str(found)


async def test_l9_a_store_that_found_its_disk_full_says_so_until_it_can_write_again(tmp_path, caplog):
    store = SqlStore(await migrated_file(tmp_path / "s.db"))
    await store.start()

    async def write(text):
        async with store.engines.write() as conn:
            await conn.exec_driver_sql("INSERT OR REPLACE INTO meta (key, value) VALUES ('x', ?)", (text,))

    try:
        # The file may not grow: what a full disk is to SQLite.
        async with store.engines.write() as conn:
            pages = (await conn.exec_driver_sql("PRAGMA page_count")).scalar()
            await conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        await store.check()
        for _ in range(2):
            with pytest.raises(StoreFull):
                await write("x" * 5_000_000)
        assert [record.getMessage() for record in caplog.records if "disk" in record.getMessage()] == [
            "The disk under the store is full: make room; nothing has to be repaired."
        ], "once, not for each request"
        assert store.engines.full
        await store.check()
        assert not store.engines.full, "a write that went well says that there is room"
    finally:
        await store.close()
