"""`stafett agreement withdraw`: takes back a publication that waits for its instant."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING, Any

from services.cli.support.environment import add_config, settings_of
from services.cli.support.own_key import WHOSE, NoKey, own_key

if TYPE_CHECKING:
    from services.api.access import Key
    from services.bootstrap.parts import Parts
    from services.rules.publications import Publication

EPILOG = f"""\
examples:
  stafett agreement withdraw 3f2a91c07be4 --reason "the date was wrong" --config mine

Either side may, until 10 s before it takes effect; what ruled before goes on ruling, and the approvals count again.
{WHOSE}

exit status: 0 done; 1 refused, with the reason
"""


def add(actions: Any) -> None:
    """Adds the action."""
    withdraw = actions.add_parser(
        "withdraw",
        help="take back a publication that waits",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    withdraw.add_argument("hash", help="the beginning of its hash, 12 digits at least")
    withdraw.add_argument("--reason", required=True)
    withdraw.set_defaults(func=lambda args: asyncio.run(_withdraw(args)))
    add_config(withdraw)


async def _withdraw(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of

    try:
        settings = settings_of(args)
        async with parts_of(settings, exclusive=False) as parts:
            key = await own_key(settings, parts.keys)
            gone = await _withdraw_unless_refused(parts, key, args.hash, args.reason.strip())
    except NoKey as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1
    if isinstance(gone, str):
        print(f"refused: {gone}", file=sys.stderr)
        return 1
    print(f"withdrawn {gone.hash[:12]}, which was to rule from {gone.effective_from.isoformat()}")
    return 0


async def _withdraw_unless_refused(parts: Parts, key: Key, digest: str, reason: str) -> Publication | str:
    """What was withdrawn, or why nothing was."""
    from schemas.agreed import Withdrawal
    from services.adapters.sql.agreements import Agreements
    from services.bootstrap.commands import ruling_now
    from services.rules.approvals import cannot_withdraw
    from services.rules.publications import can_be_withdrawn, read, without, write

    store, now = Agreements(parts.store.engines), parts.now()
    before = await store.publications()
    known = read(before)
    why = cannot_withdraw(key.name, key.person, await ruling_now(parts))
    if why is not None:
        return why
    if not reason:
        return "--reason must not be empty"
    named = [entry for entry in known if len(digest) >= 12 and entry.hash.startswith(digest)]
    found = next((entry for entry in named if can_be_withdrawn(entry, now)), None)
    if found is None:
        return (
            "it rules already, or is withdrawn" if named else f"no publication {digest} waits: `stafett agreement show`"
        )
    withdrawal = Withdrawal(person=key.person or "", key=key.name, reason=reason, at=now)
    if not await store.publish(before, write(without(known, found, withdrawal)), {}, now):
        return "somebody else published meanwhile; look at it and try again"
    return found
