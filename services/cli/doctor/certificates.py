"""Certificates of ours, in files: who does not renew them in time is locked out of Kafka or PostgreSQL from one minute to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509

from services.cli.doctor.finding import Finding
from services.settings import Settings

SOON = timedelta(days=14)
"""A certificate that ends before that is worth a look."""


def examine_certificates(settings: Settings) -> Iterator[Finding]:
    """One finding for each file that is set."""
    now = datetime.now(UTC)
    for about, path in _files(settings).items():
        yield file_finding(about, path, now)


def _files(settings: Settings) -> Mapping[str, Path]:
    """By the setting, or the option of the database's URL, that names it."""
    kafka, options = settings.kafka, dict(parse_qsl(urlsplit(settings.database_url).query))
    named = {"STAFETT_KAFKA_CA_FILE": kafka.ca_file, "STAFETT_KAFKA_CERT_FILE": kafka.cert_file}
    files = {name: settings.path(path) for name, path in named.items() if path is not None}
    return files | {name: Path(options[name]) for name in ("sslrootcert", "sslcert") if name in options}


def file_finding(about: str, path: Path, now: datetime) -> Finding:
    """Of a chain the first certificate counts, which is ours; of several authorities the one that holds longest, since an old one may
    stay beside its successor."""
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        text = f"{path} is no file of certificates that can be read ({type(error).__name__})"
        return Finding(about, "wrong", text, "name a PEM file that the user of the processes may read")
    ends = [certificate.not_valid_after_utc for certificate in certificates]
    until = ends[0] if about.casefold().endswith(("cert_file", "sslcert")) else max(ends)
    if until <= now:
        return Finding(about, "wrong", f"{path} ended on {until:%Y-%m-%d}", "renew it; processes read it by themselves")
    if until - now < SOON:
        return Finding(about, "look", f"{path} ends on {until:%Y-%m-%d}", "renew it; processes read it by themselves")
    return Finding(about, "ok", f"{path} holds until {until:%Y-%m-%d}")
