"""`stafett key`: keys for the API, made, listed and revoked in the store, while everything runs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from schemas.api_keys import SCOPES
from services.cli.support.environment import add_config, settings_of
from services.cli.support.tables import table

if TYPE_CHECKING:
    from schemas.api_keys import KeyOrder
    from schemas.http import KeyView
    from services.api.key_desk import KeyDesk
    from services.bootstrap.parts import Parts

    Act = Callable[[argparse.Namespace, KeyDesk, Parts], Awaitable[None]]

EPILOG = """\
A key is shown when it is made and kept nowhere: the store has its SHA-256. It opens something at once, and nothing within a second after
it was revoked, in every process. Those of api_keys.yaml are listed as well, and are changed there. examples:
  stafett key make dashboard --scope leads:read --scope events:read --brand nord
  stafett key make lena --scope commands:write --person lena --expires 2027-01-01T00:00:00+01:00
  stafett key make bridge --scope commands:write --acts-as everybody
  stafett key list                                        who has which, and when it was used last
  stafett key revoke dashboard
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("key", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    make = actions.add_parser("make", help="make one; it is shown this once")
    make.add_argument("name")
    make.add_argument(
        "--scope", action="append", choices=SCOPES, required=True, help="what it opens; may be given again"
    )
    make.add_argument("--person", help="somebody of the roster who asks with it, with their rights")
    make.add_argument("--acts-as", choices=["everybody"], help="it may ask in anybody's name; not with --person")
    make.add_argument("--brand", action="append", help="sees this brand alone; may be given again")
    make.add_argument("--expires", metavar="INSTANT", help="opens nothing from then on, with its offset")
    make.set_defaults(func=lambda args: _run(args, _make))
    shown = actions.add_parser("list", help="list them, those of api_keys.yaml too")
    shown.add_argument("--json", action="store_true", help="one JSON line each instead of a table")
    shown.set_defaults(func=lambda args: _run(args, _list))
    revoke = actions.add_parser("revoke", help="let one open nothing any more")
    revoke.add_argument("name")
    revoke.set_defaults(func=lambda args: _run(args, _revoke))
    for action in (make, shown, revoke):
        add_config(action)


async def print_keys(args: argparse.Namespace) -> int:
    """The list, for whoever asks for it."""
    return await _with_desk(args, _list)


def _run(args: argparse.Namespace, act: Act) -> int:
    return asyncio.run(_with_desk(args, act))


async def _with_desk(args: argparse.Namespace, act: Act) -> int:
    from pydantic import ValidationError

    from schemas.wording import root_errors, rule_of
    from services.api.key_desk import KeyDesk
    from services.bootstrap.keyring import keys_of
    from services.bootstrap.parts import parts_of
    from services.door.problems import Trouble

    settings = settings_of(args)
    of_file = keys_of(settings)
    async with parts_of(settings, exclusive=False) as parts:
        try:
            await act(args, KeyDesk(parts.keys, lambda: of_file, parts.reading.key_uses, parts.now), parts)
        except Trouble as refused:
            print(f"refused: {refused.detail}", file=sys.stderr)
            return 1
        except ValidationError as error:
            for one in root_errors(error):
                print(f"{'.'.join(map(str, one['loc']))}: {rule_of(one)}", file=sys.stderr)
            return 2
    return 0


async def _make(args: argparse.Namespace, desk: KeyDesk, parts: Parts) -> None:
    from schemas.api_keys import KeyOrder

    order = KeyOrder(
        scopes=tuple(dict.fromkeys(args.scope)),
        person=args.person,
        acts_as=args.acts_as,
        brands=tuple(args.brand) if args.brand else None,
        expires=args.expires,
    )
    _, key = await desk.make(args.name, order, None)
    print(f"API key, shown only now: {key}")
    for line in await _doubts(order, parts):
        print(f"warning: {line}", file=sys.stderr)


async def _doubts(order: KeyOrder, parts: Parts) -> list[str]:
    """Names in it that nothing else knows: a key may be made before they are."""
    from services.bootstrap.acknowledging import roster_now

    people = (await roster_now(parts)()).people
    brands = parts.ruling().agreement.file.brands
    lines = [f"brand {name} is none of the agreement's" for name in order.brands or () if name not in brands]
    if order.person is not None and order.person not in people:
        lines.append(f"{order.person} is not in the roster: until they are the key opens nothing")
    return lines


async def _list(args: argparse.Namespace, desk: KeyDesk, _: Parts) -> None:
    views = await desk.all(None)
    if getattr(args, "json", False):
        for view in views:
            print(view.model_dump_json())
        return
    head = ("key", "from", "whose", "brands", "opens until", "used", "made by", "scopes")
    print("\n".join(table(head, [_row(view) for view in views])))


def _row(view: KeyView) -> tuple[str, ...]:
    until = f"revoked {_minute_of(view.revoked_at)}" if view.revoked_at else _minute_of(view.expires)
    return (
        view.name,
        view.origin,
        view.person or view.acts_as or "-",
        ",".join(view.brands) if view.brands else "all",
        until,
        _minute_of(view.last_used_at),
        view.made_by or "-",
        ",".join(view.scopes),
    )


def _minute_of(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}" if at is not None else "never"


async def _revoke(args: argparse.Namespace, desk: KeyDesk, _: Parts) -> None:
    await desk.revoke(args.name, None)
    print(f"revoked {args.name}")
