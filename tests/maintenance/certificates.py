"""Certificates of Kafka, PostgreSQL and all processes are changed under load, from one authority to another, and nothing is restarted."""

from pathlib import Path

from tests.maintenance.fleet import TendedFleet
from tests.parts.certificates import Authority
from tests.parts.kafka_secure import SecureKafka
from tests.parts.postgres_certified import CertifiedPostgres

BOUND = 60.0
"""At the end the only broker is restarted, so that everybody opens each connection again."""
RELOADED = ("keystore.location", "keystore.type", "truststore.location", "truststore.type")


class CertifiedFleet(TendedFleet):
    """Both servers ask every process for a certificate, over TLS that each side verifies."""

    def __init__(self, edits=()):
        broker = SecureKafka()
        super().__init__(edits, bootstrap=broker.bootstrap)
        self.kafka, self.client = broker, self.folder / "certificates"
        self.client.mkdir()
        self.postgres = CertifiedPostgres(self.client)
        self.old, self.new = Authority("old"), Authority("new")
        self.issue(self.old, self.old.pem)

    def issue(self, authority, trusted):
        """Certificates of this authority for the servers and the processes, all of which trust `trusted`."""
        self.give_servers(authority, trusted)
        self.give_clients(authority, trusted)

    def give_servers(self, authority, trusted):
        key, certificate = authority.issue("server")
        self.postgres.write(key, certificate, trusted)
        replace(self.kafka.folder / "broker.pem", key + certificate)
        replace(self.kafka.folder / "ca.pem", trusted)

    def give_clients(self, authority, trusted):
        key, certificate = authority.issue("client")
        for name, text in (("client.key", key), ("client.pem", certificate), ("ca.pem", trusted)):
            replace(self.client / name, text)

    def settings(self):
        return {
            "STAFETT_LOG_URL": f"kafka+ssl://127.0.0.1:{self.kafka.mutual}",
            "STAFETT_KAFKA_CA_FILE": str(self.client / "ca.pem"),
            "STAFETT_KAFKA_CERT_FILE": str(self.client / "client.pem"),
            "STAFETT_KAFKA_KEY_FILE": str(self.client / "client.key"),
        }

    def watch_url(self):
        node = self.postgres.node
        return f"postgresql+asyncpg://postgres@/postgres?host={node.home}&port={node.port}"

    def reload(self):
        """Both servers read their files again; every connection to PostgreSQL is ended, so that it is opened again."""
        folder, prefix = self.kafka.folder, "listener.name.mtls.ssl."
        values = (folder / "broker.pem", "PEM", folder / "ca.pem", "PEM")
        changes = ",".join(f"{prefix}{name}={value}" for name, value in zip(RELOADED, values, strict=True))
        self.kafka.command("kafka.admin.ConfigCommand", "--bootstrap-server", self.kafka.bootstrap, "--entity-type", "brokers",
            "--entity-name", "1", "--alter", "--add-config", changes)  # fmt: skip
        self.postgres.reload()
        self.postgres.hang_up()


def replace(file: Path, text: bytes):
    """In one step, as whoever renews certificates does."""
    fresh = file.with_suffix(".fresh")
    fresh.write_bytes(text)
    fresh.replace(file)


def steps(fleet):
    both = fleet.old.pem + fleet.new.pem

    def trust_both():
        fleet.issue(fleet.old, both)
        fleet.reload()

    def change_servers():
        fleet.give_servers(fleet.new, both)
        fleet.reload()

    def change_clients():
        before = fleet.postgres.serials()
        fleet.give_clients(fleet.new, both)
        fleet.reload()
        fleet.shown = before

    def trust_new_only():
        fleet.issue(fleet.new, fleet.new.pem)
        fleet.reload()

    def hang_up_on_all():
        """Kafka's clients open their connections again only where it hangs up."""
        fleet.kafka.restart()
        assert not fleet.postgres.serials() & fleet.shown, "a certificate of before is still shown"

    return [
        ("both authorities trusted", trust_both),
        ("servers with new certificates", change_servers),
        ("processes with new certificates", change_clients),
        ("only the new authority trusted", trust_new_only),
        ("Kafka hangs up on all", hang_up_on_all),
    ]
