"""An authority of our own, a server's certificate for 127.0.0.1 and receiver.example.com, and a client's, as PEM files that live for a day."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "right-horse"


def write_certificates(folder: Path):
    ca_key, ca = _certificate("Test CA", None, None)
    (folder / "ca.pem").write_bytes(_pem(ca))
    key, certificate = _certificate("broker", ca_key, ca)
    plain = serialization.NoEncryption()
    (folder / "broker.pem").write_bytes(_key(key, plain) + _pem(certificate))
    key, certificate = _certificate("client", ca_key, ca)
    (folder / "client.pem").write_bytes(_pem(certificate))
    (folder / "client.key").write_bytes(_key(key, serialization.BestAvailableEncryption(PASSWORD.encode())))


class Authority:
    """Another one, with certificates of its own: `pem` is what whoever trusts it needs."""

    def __init__(self, name: str) -> None:
        self._key, self._certificate = _certificate(name, None, None)
        self.pem = _pem(self._certificate)

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """(key, certificate) for 127.0.0.1, the key in the clear."""
        key, certificate = _certificate(name, self._key, self._certificate)
        return _key(key, serialization.NoEncryption()), _pem(certificate)


def _certificate(name, signer, issuer):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((signer or key).public_key()), critical=False)
    )
    if issuer is None:
        usage = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    else:
        names = x509.SubjectAlternativeName(
            [x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("receiver.example.com")]
        )
        builder = builder.add_extension(names, critical=False)
    return key, builder.sign(signer or key, hashes.SHA256())


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(key, encryption):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
