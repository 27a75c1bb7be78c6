"""A PostgreSQL that speaks TLS itself and asks each client for a certificate: Debian's, for the wheel's is built without TLS."""

import shutil
import tempfile
from pathlib import Path

from tests.parts.errors import PartMissing
from tests.parts.postgres_pair import Node, system_user

CONFIG = """
listen_addresses = '127.0.0.1'
max_connections = 200
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
ssl_ca_file = '{folder}/trusted.crt'
"""
RULES = """
local all all trust
hostssl all all 127.0.0.1/32 trust clientcert=verify-ca
"""


def debian_programs() -> Path:
    """Raises PartMissing where Debian's package is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise PartMissing("a PostgreSQL with TLS is needed: install Debian's package postgresql")
    return found[-1].parent


class CertifiedPostgres:
    """A `PostgresServer` to whoever starts, asks and closes. `client` is the folder with a client's ca.pem, client.pem and client.key."""

    def __init__(self, client: Path) -> None:
        self.folder, self.client = Path(tempfile.mkdtemp(prefix="stafett-certified-")), client
        self.node = Node(self.folder, "a", debian_programs())

    def start(self) -> "CertifiedPostgres":
        self.node.make(CONFIG.format(folder=self.folder))
        (self.node.data / "pg_hba.conf").write_text(RULES)
        self.node.start()
        return self

    def write(self, key: bytes, certificate: bytes, trusted: bytes) -> None:
        """Its certificate, and whom it trusts, from the next connection on if it runs."""
        for name, text in (("server.key", key), ("server.crt", certificate), ("trusted.crt", trusted)):
            file = self.folder / name
            file.write_bytes(text)
            file.chmod(0o600)
            if (user := system_user()) is not None:
                shutil.chown(file, user)

    def reload(self) -> None:
        self.node.say("SELECT pg_reload_conf()")

    def hang_up(self) -> None:
        """Ends every connection of ours, so that each is opened again."""
        self.node.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stafett'")

    def serials(self) -> set[str]:
        """Of the certificates that clients have shown for the connections that are open."""
        return set(
            self.node.say("SELECT DISTINCT client_serial FROM pg_stat_ssl WHERE client_serial IS NOT NULL").split()
        )

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        files = {"sslrootcert": "ca.pem", "sslcert": "client.pem", "sslkey": "client.key"}
        options = "&".join(f"{option}={self.client / file}" for option, file in files.items())
        return f"postgresql+asyncpg://{user}@{self.node.address}/{database}?sslmode=verify-full&{options}"

    def tool(self, name: str, *arguments: object) -> None:
        self.node.run(name, *arguments)

    def close(self) -> None:
        self.node.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
