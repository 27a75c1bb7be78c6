"""The log: the topics that there have to be, or what a role may do there."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.cli.doctor.finding import Finding
from services.kafka_admin import topics
from services.ports.errors import LogUnavailable
from services.settings import Settings


async def examine_log(settings: Settings, role: str | None) -> AsyncIterator[Finding]:
    """`role`: whose rights are tried; without one the topics themselves are compared, for which a principal needs more."""
    if settings.log.kind == "embedded":
        yield Finding("log", "ok", "is in the store")
        return
    try:
        findings = await topics.check(settings, role)
    except LogUnavailable as error:
        yield Finding("log", "wrong", str(error), "look at STAFETT_LOG_URL, the brokers and the way to them")
        return
    wrong = [finding for finding in findings if finding.kind != "ok"]
    for finding in wrong:
        fix = (
            "stafett topics plan says what has to be; stafett topics apply makes it"
            if role is None
            else "stafett topics plan prints the rights"
        )
        yield Finding("log", "wrong", f"{finding.topic}: {finding.text}", fix)
    if not wrong:
        yield Finding(
            "log",
            "ok",
            f"{len(findings)} topics as they have to be" if role is None else f"{role} may do what it has to",
        )
