"""What commands need, from the parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from routing.people.roster import Roster
from routing.people.roster_changes import ChangeRefused
from schemas.signals import Kind, Signal
from services.adapters.sql.agreements import Agreements
from services.api.commanding import Commanding
from services.bootstrap.parts import Parts, read_file
from services.ingest.accepting.intake import Intake
from services.rules.approvals import ApprovalRefused, approval_of
from services.rules.in_force import InForce, apply_roster_change
from services.rules.ruling import Ruling
from services.rules.versions import Versions


def versions_of(parts: Parts) -> Versions:
    """The agreement's versions, published or configured."""
    store = Agreements(parts.store.engines)
    return Versions(store, parts.ruling, lambda: read_file(parts.settings, "agreement"), parts.now)


def ruling_of_now(parts: Parts) -> Callable[[], Awaitable[Ruling]]:
    """The agreement that rules now, and the roster with its changes, each time it is asked for: in one question, and what was compiled of
    published agreements and computed of the roster is kept from one time to the next."""
    store, versions, in_force = Agreements(parts.store.engines), versions_of(parts), InForce(parts.ruling)

    async def ruling() -> Ruling:
        texts = await store.ruling_texts()
        roster = in_force(texts.roster_changes).roster
        return (await versions.ruling_under(texts.publications))._replace(roster=roster)

    return ruling


async def ruling_now(parts: Parts) -> Ruling:
    """The same, asked once."""
    return await ruling_of_now(parts)()


def commanding_of(parts: Parts, intake: Intake | None = None) -> Commanding:
    """`intake` is the one that takes the webhooks of this process, if it does."""
    settings, in_force = parts.settings, InForce(parts.ruling)
    versions = versions_of(parts)
    taker = intake or Intake(parts.log, parts.store, settings.topic("signals"), settings.spool_limit)

    async def roster() -> Roster:
        return in_force(await parts.reading.roster_changes()).roster

    async def unfit(signal: Signal) -> str | None:
        """Judged on what rules now; the router judges once more."""
        if signal.roster is None and signal.kind != Kind.AGREEMENT_APPROVED:
            return None
        ruling = (await versions.ruling())._replace(roster=await roster())
        try:
            if signal.roster is not None:
                apply_roster_change(ruling, signal, signal.roster)
            else:
                approval_of(signal, ruling)
        except (ChangeRefused, ApprovalRefused) as refused:
            return str(refused)
        return None

    async def accept(signals: Sequence[Signal]) -> None:
        """While the whole service is on trial, what commands bring about is on trial, too."""
        observed = [signal.but(mode="observe") for signal in signals]
        await taker.accept(observed if settings.mode == "observe" else signals)

    remember = parts.store.remember_command
    return Commanding(
        roster=roster, lead=parts.reading.lead, accept=accept, now=parts.now, unfit=unfit, remember=remember
    )
