"""What the doctor makes of our own certificates in files."""

from datetime import UTC, datetime, timedelta

import pytest

from services.cli.doctor.certificates import examine_certificates, file_finding
from services.settings import load
from tests.parts.certificates import Authority, write_certificates

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path):
    """Certificates that hold for a day."""
    write_certificates(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("at", "health"), [(NOW - 20 * DAY, "ok"), (NOW, "look"), (NOW + 2 * DAY, "wrong")])
def test_a_certificate_is_worth_a_look_two_weeks_before_its_end_and_wrong_after_it(folder, at, health):
    finding = file_finding("STAFETT_KAFKA_CERT_FILE", folder / "client.pem", at)
    assert finding.health == health and str(folder / "client.pem") in finding.text
    assert bool(finding.fix) == (health != "ok")


def test_of_several_authorities_one_that_holds_is_enough(folder, monkeypatch):
    old = (folder / "ca.pem").read_bytes()
    with monkeypatch.context() as later:
        later.setattr("tests.parts.certificates.datetime", _Later)
        (folder / "both.pem").write_bytes(old + Authority("next").pem)
    assert file_finding("sslrootcert", folder / "both.pem", NOW + 2 * DAY).health == "ok"
    assert file_finding("sslcert", folder / "both.pem", NOW + 2 * DAY).health == "wrong", "of a chain the first is ours"


class _Later(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + 60 * DAY


def test_what_is_no_certificate_is_wrong(folder):
    (folder / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "not-there.pem"):
        assert file_finding("STAFETT_KAFKA_CA_FILE", folder / name, NOW).health == "wrong"


def test_every_file_that_is_set_is_looked_at(folder):
    options = f"sslmode=verify-full&sslrootcert={folder}/ca.pem&sslcert={folder}/client.pem&sslkey={folder}/client.key"
    settings = load({
        "STAFETT_DATABASE_URL": f"postgresql://stafett@db/stafett?{options}",
        "STAFETT_LOG_URL": "kafka+ssl://kafka:9093",
        "STAFETT_KAFKA_CA_FILE": str(folder / "ca.pem"),
        "STAFETT_KAFKA_CERT_FILE": str(folder / "client.pem"),
        "STAFETT_KAFKA_KEY_FILE": str(folder / "client.key"),
    })  # fmt: skip
    about = [finding.about for finding in examine_certificates(settings)]
    assert about == ["STAFETT_KAFKA_CA_FILE", "STAFETT_KAFKA_CERT_FILE", "sslrootcert", "sslcert"]
    assert list(examine_certificates(load({"STAFETT_DATABASE_URL": "sqlite:///./s.db"}))) == []
