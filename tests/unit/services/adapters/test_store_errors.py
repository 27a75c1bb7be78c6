"""What a database says is told apart: what passes is waited for, and only what it says of the data is not."""

import sqlite3

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError

from services.adapters.sql.engine import _meaning, translated
from services.ports.errors import NoConnectionFree, StoreRejected, StoreUnavailable


class Driver(Exception):
    def __init__(self, sqlstate):
        super().__init__("said")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("x", None, sqlite3.OperationalError("database or disk is full")),
        OperationalError("x", None, sqlite3.OperationalError("database is locked")),
        OperationalError("x", None, sqlite3.OperationalError("disk I/O error")),
        DBAPIError("x", None, Driver("53100")),
        DBAPIError("x", None, Driver("28P01")),
        DBAPIError("x", None, Driver("3D000")),
        DBAPIError("x", None, Driver("42501")),
        DBAPIError("x", None, Driver("25006")),
        InternalError("x", None, Driver("")),
    ],
    ids=str,
)
def test_a_full_disk_a_lock_or_a_closed_door_passes(error):
    assert isinstance(_meaning(error), StoreUnavailable)


@pytest.mark.parametrize("kind", [asyncpg.InternalClientError, asyncpg.ConnectionDoesNotExistError], ids=str)
def test_what_the_driver_says_past_the_engine_of_a_connection_that_ended_passes(kind):
    with pytest.raises(StoreUnavailable), translated():
        raise kind("cannot switch to another state")


def test_a_store_without_a_free_connection_says_what_to_do():
    found = _meaning(DBAPIError("x", None, Driver("53300")))
    assert isinstance(found, NoConnectionFree) and "max_connections" in str(found)


@pytest.mark.parametrize(
    "error",
    [IntegrityError("x", None, sqlite3.IntegrityError("NOT NULL")), DBAPIError("x", None, Driver("22021"))],
    ids=str,
)
def test_what_it_says_of_the_data_does_not(error):
    assert isinstance(_meaning(error), StoreRejected)
