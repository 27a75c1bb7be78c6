"""Tryton's programs and a database that it has been set up in: made once on a machine, kept in the user's cache.

Both have the digest of what they were made of in their name, so that another lock or another setting up makes others.
"""

import json
import os
import shutil
from pathlib import Path

from tests.parts.environments import digest_of, made_once, python_of, run_apart
from tests.parts.postgres import PostgresServer

CACHE = Path.home() / ".cache" / "stafett" / "tryton"
LOCK = Path(__file__).with_name("tryton.lock")
SETTING_UP = Path(__file__).with_name("tryton_setup.py")
PEOPLE = {"elin": "Elin Ek", "johan": "Johan Dahl", "karin": "Karin Lind", "maja": "Maja Sund"}
"""Who sells there, by login: made up, and the roster's of the examples by their ids."""
INTEGRATION = "stafett"


def password(login: str) -> str:
    return f"{login}-has-a-long-word"


def wanted() -> dict:
    """What `tryton_setup.py` makes."""
    return {
        "company": "Exempel AB",
        "currency": "SEK",
        "people": [{"login": login, "name": name, "password": password(login)} for login, name in PEOPLE.items()],
        "integration": {"login": INTEGRATION, "name": "Stafett", "password": password(INTEGRATION)},
    }


def tryton_python() -> Path:
    """The Python of an environment of Tryton's own, with what is locked and nothing else. Raises PartMissing."""
    return python_of("Tryton", LOCK, CACHE)


def dump() -> Path:
    """A dump of the database after the setting up, for `pg_restore`. Raises PartMissing."""
    made_of = digest_of(LOCK.read_bytes(), SETTING_UP.read_bytes(), json.dumps(wanted()).encode())
    return made_once("Tryton", CACHE / f"dump-{made_of}", _set_up) / "tryton.dump"


def _set_up(folder: Path) -> None:
    python, server = tryton_python(), PostgresServer().start()
    try:
        server.tool("createdb", "-h", server.folder, "-U", "postgres", "tryton")
        run_apart(
            [python, "-P", SETTING_UP, "tryton"], timeout=300, input=json.dumps(wanted()),
            env={**os.environ, "TRYTOND_DATABASE_URI": database_uri(server)},
        )  # fmt: skip
        made = server.folder / "tryton.dump"
        server.tool("pg_dump", "-h", server.folder, "-U", "postgres", "-Fc", "-f", made, "tryton")
        folder.mkdir()
        shutil.copyfile(made, folder / made.name)
    finally:
        server.close()


def database_uri(server: PostgresServer) -> str:
    """As Tryton wants it: without the database's name, which each request has in its path."""
    return f"postgresql://postgres@/?host={server.folder}"
