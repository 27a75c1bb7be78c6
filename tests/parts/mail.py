"""A real mail server on this machine, which keeps what it takes and can refuse, be slow, speak TLS and ask for a login."""

import email
import ssl
from email import policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.parts.process import free_port


class MailServer:
    """`mails` as they came; `replies` are what the next recipients are answered with instead of being taken."""

    def __init__(self, pem: Path | None = None, login: tuple[str, str] | None = None) -> None:
        self.mails, self.replies, self.logins = [], [], []
        self.port, self._login = free_port(), login
        more = {}
        if pem is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(pem)
            more = {"tls_context": context, "require_starttls": True}
        if login is not None:
            more |= {"authenticator": self._authenticate, "auth_required": True}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **more)

    def _authenticate(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        self.logins.append(mechanism)
        return AuthResult(success=given == self._login)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd calls it so
        if self.replies:
            return self.replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd calls it so
        mail = email.message_from_bytes(envelope.original_content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 taken"

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_):
        self._controller.stop()
