"""`stafett`: one table of commands; a command's module is loaded when it is asked for."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from services.cli.support.failures import failure_text
from services.cli.support.modes import own_files

COMMANDS = {
    "demo": "Show the whole process on a temporary file.",
    "up": "Run all roles in this process, on one file unless configured otherwise.",
    "new": "Make a folder with a commented configuration to start from.",
    "import": "Bring existing contacts, quietly: no offer, no clock, no alarm.",
    "parse": "Print what would be read off a webhook body on standard input.",
    "source": "Try a body on a kind of source; find out why a delivery is refused.",
    "sla": "Run the role that announces what falls due (`sla watch`); compute when a promise is due.",
    "explain": "Say why: a lead's stage and owner, a clock's intervals, who was passed over, what became of a signal.",
    "leads": "List leads by source, person, team, stage, age and what is due.",
    "breaches": "List broken promises: whose, of which lead, how late.",
    "report": "The weekly forum: a week's report, the ids behind a figure, costs, action points and lessons.",
    "audit": "List who saw personal data and who changed what, over the API and the page.",
    "queues": "List leads that wait for somebody of a pool: since when, and why.",
    "signals": "List what came to nothing: about nobody we know, refused, ignored; each with its reason.",
    "agreement": "Check, compare and publish agreements.",
    "db": "Bring the database's schema up to date; after a restore, say so.",
    "upgrade": "Say what an upgrade to this version takes, in which order, and what may run beside it; carry it out.",
    "doctor": "Look at configuration, rights, store, log, machine and receivers; say each problem with its fix.",
    "backup": "Save the store, while it is in use, into a new folder.",
    "restore": "Make the store the one that a backup saved, and compare the two.",
    "dlq": "List signals that were set aside; give them another try.",
    "command": "Ask for something: accept, assign, hold, an absence, ...",
    "incidents": "List what people are told of; say that somebody has seen it.",
    "sink": "CRMs that hand-overs are written into: check, plan, try again, correct, pause.",
    "person": "Give a person all that is known of them, in a file; erase a person, with a receipt.",
    "subscriptions": "List who gets webhooks; enable who stopped taking them.",
    "key": "Keys for the API: make, list, revoke, while everything runs.",
    "apikey": "Make a key for the API, and its entry in api_keys.yaml.",
    "link": "Make a link that signs somebody in to the page, once.",
    "events": "Follow the events.",
    "unseal": "Open what is personal of events that were read off a topic.",
    "schema": "Print JSON Schema of what is published, OpenAPI and AsyncAPI.",
    "topics": "Plan, make and check Kafka's topics.",
    "settings": "List every setting, its value (secrets hidden) and meaning.",
    "ingest": "Run the role that takes webhooks, with the API beside it.",
    "console": "Run the role that serves the page and the API, without webhooks.",
    "enrich": "Run the role that completes thin webhooks by asking the sender's API.",
    "router": "Run the role that decides.",
    "relay": "Run the role that publishes events.",
    "delivery": "Run the role that sends webhooks; send events once more; try a receiver.",
    "alerts": "Run the role that tells people.",
}
_MODULES = {
    "alerts": "up",
    "agreement": "agreements.agreement",
    "apikey": "setting_up.apikey",
    "backup": "operating.backup",
    "command": "operating.command",
    "console": "up",
    "db": "operating.db",
    "dlq": "operating.dlq",
    "doctor": "doctor.command",
    "enrich": "up",
    "events": "operating.events",
    "import": "setting_up.importing",
    "incidents": "operating.incidents",
    "ingest": "up",
    "link": "operating.link",
    "breaches": "operating.lists",
    "key": "setting_up.key",
    "leads": "operating.lists",
    "new": "setting_up.new",
    "parse": "setting_up.parse",
    "person": "operating.person",
    "audit": "operating.audit",
    "queues": "operating.queues",
    "relay": "up",
    "restore": "operating.restore",
    "report": "operating.report",
    "router": "up",
    "schema": "setting_up.schema",
    "settings": "setting_up.settings",
    "signals": "operating.signals",
    "sink": "operating.sink",
    "source": "setting_up.source",
    "subscriptions": "operating.subscriptions",
    "topics": "operating.topics",
    "upgrade": "operating.upgrade",
    "unseal": "operating.unseal",
}
"""Where a command's module is, below `services.cli`; any other command is the name of its module."""
EPILOG = "Begin with: stafett new myfolder. Then `stafett COMMAND --help` teaches each command."


def main(argv: list[str] | None = None) -> int:
    """Exit status of the command; 2 for a wrong call, or where settings, files, store or log cannot be used."""
    return _run(parse(sys.argv[1:] if argv is None else argv))


def parse(given: list[str]) -> argparse.Namespace:
    """What a call asks for; argparse ends the process with 2 where it is none."""
    parser = argparse.ArgumentParser(
        prog="stafett", description="Carries leads from marketing to sales.", epilog=EPILOG
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print what decides, each part in its version")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    wanted = given[0] if given and given[0] in COMMANDS else None
    for name, text in COMMANDS.items():
        if name == wanted:
            importlib.import_module(f"services.cli.{_MODULES.get(name, name)}").add(subparsers)
        elif wanted is None:
            subparsers.add_parser(name, help=text)
    args, rest = parser.parse_known_args(given)
    # argparse takes FIELD=VALUE before the options only; after them it leaves them over.
    if not hasattr(args, "values") or any("=" not in part or part.startswith("-") for part in rest):
        args = parser.parse_args(given)
    else:
        args.values += rest
    return args


class _Version(argparse.Action):
    """Its words take some milliseconds to find, which no other command has to wait for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from services.observability.provenance import made_by

        print(f"stafett: {made_by()}")
        parser.exit()


def _run(args: argparse.Namespace) -> int:
    """2 and a line that says what is wrong with settings, files, store or log; 130 after ctrl-c, as shells have it."""
    try:
        with own_files():
            status: int = args.func(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads us has gone (`... | head`): nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        said = failure_text(error)
        if said is None:
            raise
        print(said, file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
