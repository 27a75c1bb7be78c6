"""The same broker with two more listeners: SASL over TLS (PLAIN, SCRAM, OAUTHBEARER) and mutual TLS."""

import base64
import json
import time

from tests.parts.certificates import PASSWORD, write_certificates
from tests.parts.kafka import KafkaBroker
from tests.parts.process import free_port

USER = "stafett"
MORE = """
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SASLTLS://127.0.0.1:{sasl},MTLS://127.0.0.1:{mutual}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASLTLS://127.0.0.1:{sasl},MTLS://127.0.0.1:{mutual}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASLTLS:SASL_SSL,MTLS:SSL
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.mtls.ssl.client.auth=required
listener.name.sasltls.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
listener.name.sasltls.plain.sasl.jaas.config={security}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasltls.scram-sha-256.sasl.jaas.config={security}.scram.ScramLoginModule required;
listener.name.sasltls.scram-sha-512.sasl.jaas.config={security}.scram.ScramLoginModule required;
listener.name.sasltls.oauthbearer.sasl.jaas.config={security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
listener.name.sasltls.oauthbearer.sasl.server.callback.handler.class={security}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler
"""


AUTHORIZER = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
"""Who comes over the plain listener may do everything, everybody else what an ACL says."""


class SecureKafka(KafkaBroker):
    """Its certificates are in its folder: ca.pem, client.pem, client.key (encrypted with PASSWORD)."""

    more = MORE

    def __init__(self):
        super().__init__()
        self.sasl, self.mutual = free_port(), free_port()
        write_certificates(self.folder)

    def _tool(self, *arguments):
        if arguments[0] != "format":
            return super()._tool(*arguments)
        config = self.folder / "server.properties"
        names = {line.partition("=")[0] for line in MORE.splitlines() if line}
        kept = [line for line in config.read_text().splitlines() if line.partition("=")[0] not in names]
        more = self.more.format(
            port=self.port,
            controller=self._controller,
            sasl=self.sasl,
            mutual=self.mutual,
            folder=self.folder,
            security="org.apache.kafka.common.security",
            user=USER,
            password=PASSWORD,
        )
        config.write_text("\n".join(kept) + more)
        scram = [f"{name}=[name={USER},password={PASSWORD}]" for name in ("SCRAM-SHA-256", "SCRAM-SHA-512")]
        return super()._tool(*arguments, "--add-scram", scram[0], "--add-scram", scram[1])


class GuardedKafka(SecureKafka):
    """The same, with rights: nobody may do what no ACL allows."""

    more = MORE + AUTHORIZER


def token(subject=USER):
    """An unsigned token, which the broker of this test takes."""
    claims = {"sub": subject, "iat": int(time.time()), "exp": int(time.time()) + 600}
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
