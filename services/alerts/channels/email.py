"""E-mail: text and HTML, threaded by what it is about. The server sees the message's id again if it is sent twice."""

from __future__ import annotations

import asyncio
import html
import socket
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from schemas.alert_channels import EmailChannel
from services.alerts.channels.sender import Outcome, cut
from services.alerts.messages.building import Item, Message, text_lines
from services.outbound.client import address_of

MOST_SUBJECT = 200
TIMEOUT = 15.0
"""Seconds for each step of the conversation."""


class EmailSender:
    """One connection a message: few are sent, and a server may close those that wait."""

    def __init__(self, channel: EmailChannel, password: str | None) -> None:
        self._channel, self._password = channel, password

    @property
    def address(self) -> str:
        """Who its mails are from."""
        return self._channel.sender

    async def send(self, message: Message) -> Outcome:
        to = (message.reader.address,) if message.reader.address is not None else self._channel.to
        return await self.send_mail(compose_mail(message, self._channel.sender, to), to)

    async def send_mail(self, mail: EmailMessage, to: Sequence[str]) -> Outcome:
        """One try with a mail that is whole. Raises AddressRefused, OSError, TimeoutError."""
        try:
            await self._deliver(mail, to)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _meaning(max((refused.code for refused in error.recipients), default=550))
        except aiosmtplib.SMTPResponseException as error:
            return _meaning(error.code)
        return Outcome("sent")

    async def _deliver(self, mail: EmailMessage, to: Sequence[str]) -> None:
        channel = self._channel
        connection = await _connect(channel)
        client = aiosmtplib.SMTP(
            hostname=channel.host,
            sock=connection,
            use_tls=channel.tls == "tls",
            start_tls=channel.tls == "starttls",
            username=channel.username,
            password=self._password,
            local_hostname=_domain(channel.sender),
            timeout=TIMEOUT,
        )
        async with client:
            await client.send_message(mail, sender=channel.sender, recipients=list(to))


async def _connect(channel: EmailChannel) -> socket.socket:
    """To the very address that was looked at. Raises AddressRefused, OSError, TimeoutError."""
    address = await address_of(channel.host, channel.port, allow_private=channel.allow_private)
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        async with asyncio.timeout(TIMEOUT):
            await asyncio.get_running_loop().sock_connect(made, (address, channel.port))
    except BaseException:
        made.close()
        raise
    return made


def _meaning(code: int) -> Outcome:
    """4xx passes; 5xx stays, but for those that say that we are not let in, which somebody has to mend and then passes."""
    if 500 <= code < 600 and code not in (530, 534, 535, 538):
        return Outcome("refused", f"SMTP {code}")
    return Outcome("later", f"SMTP {code}")


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2]


def compose_mail(message: Message, sender: str, to: Sequence[str]) -> EmailMessage:
    """Whole, with headers by which clients thread it and no robot answers it."""
    mail, domain = EmailMessage(), _domain(sender)
    local, _, _ = sender.rpartition("@")
    mail["From"] = Address("Stafett", username=local, domain=domain)
    mail["To"] = ", ".join(to)
    mail["Subject"] = cut(message.subject, MOST_SUBJECT)
    mail["Date"] = format_datetime(message.now)
    mail["Message-ID"] = f"<{message.notification.id}@{domain}>"
    mail["In-Reply-To"] = mail["References"] = f"<{message.notification.thread}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("\n".join([message.subject, *text_lines(message)]) + "\n")
    mail.add_alternative(html_text(message), subtype="html")
    return mail


def html_text(message: Message) -> str:
    """The same as a page that loads nothing."""
    words, links = message.words, message.links
    parts = [f'<h2 style="font-size:18px;margin:0 0 12px">{html.escape(message.subject)}</h2>']
    parts += [f"<p>{html.escape(line)}</p>" for line in message.intro]
    parts += [html_item(message, item) for item in message.items]
    if message.more:
        shown = html.escape(message.more)
        link = _link(links.all_of_them, words.all_of_them) if links.all_of_them else ""
        parts.append(f"<p>{shown} {link}</p>")
    if links.acknowledge and message.status == "firing":
        parts.append(f"<p>{_link(links.acknowledge, words.acknowledge)}<br>{html.escape(words.acknowledge_about)}</p>")
    body = "\n".join(parts)
    return (
        f'<!doctype html><html lang="{message.reader.language}"><body style="font-family:sans-serif;font-size:15px;'
        f'color:#1a1a1a">\n{body}\n</body></html>\n'
    )


def html_item(message: Message, item: Item) -> str:
    """One incident as HTML."""
    words = message.words
    facts = [f"{html.escape(name)}: {html.escape(value)}" for name, value in item.facts]
    facts += [_link(item.explain, words.why)] if item.explain else []
    facts += [_link(item.lead, words.lead)] if item.lead else []
    lines = "<br>".join(facts)
    color = "#b00020" if item.incident.level == "breach" and item.incident.is_open else "#5f6368"
    return (
        f'<div style="border-left:4px solid {color};padding:4px 0 4px 12px;margin:0 0 16px">'
        f"<strong>{html.escape(item.headline)}</strong><br>{lines}</div>"
    )


def _link(url: str, text: str) -> str:
    return f'<a href="{html.escape(url, quote=True)}">{html.escape(text)}</a>'
