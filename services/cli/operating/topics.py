"""`stafett topics plan|apply|check|strimzi`: the topics that Kafka must have, and the rights that the roles need there."""

from __future__ import annotations

import argparse
import asyncio
import sys

from services.cli.support.environment import add_config, settings_of

EPILOG = """\
examples:
  stafett topics plan                     what `apply` would do, and the rights of every role as arguments of kafka-acls
  stafett topics apply                    as the principal that may make topics
  stafett topics check                    as the same principal: are they as they have to be
  stafett topics strimzi --cluster events as resources for kubectl, where Strimzi looks after Kafka
  stafett topics check --role router      with the settings of the router: may its principal do what it has to

Roles: ingest, console, enrich, router, relay, sla, delivery, alerts; operator for the commands that write (dlq redrive,
command, import, sla recheck, agreement approve and publish); data for programs of yours that read the events.
exit status: 0 all well, 1 something for a person to do, 2 settings or Kafka cannot be used
"""
ROLE = "try the rights of this role with the settings given; nothing is written"


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser(
        "topics",
        description="Kafka's topics: what has to be, what is, what to do.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, text in (
        ("plan", "Print what `apply` would do, and the rights that the roles need; change nothing."),
        ("apply", "Create missing topics and set their configuration; never change partitions or replicas."),
        ("check", "Exit with 1 unless the topics are as they have to be, or a role may do there what it has to."),
    ):
        action = actions.add_parser(name, help=text, description=text)
        if name == "check":
            action.add_argument("--role", metavar="ROLE", help=ROLE)
        add_config(action)
        action.set_defaults(func=run, action=name)
    text = "Print topics and rights as resources of Strimzi; ask no broker, change nothing."
    strimzi = actions.add_parser("strimzi", help=text, description=text)
    strimzi.add_argument("--cluster", metavar="NAME", required=True, help="name of the Kafka resource they belong to")
    add_config(strimzi)
    strimzi.set_defaults(func=_print_strimzi)


def run(args: argparse.Namespace) -> int:
    """Prints one finding a line. Exit status 1 for a finding that a person has to solve."""
    from services.kafka_admin import topics
    from services.kafka_admin.topic_rights import ADMIN, NEEDS, rights

    role = getattr(args, "role", None)
    if role not in (None, ADMIN, *NEEDS):
        print(f"there is no role {role}; there are {', '.join(NEEDS)}", file=sys.stderr)
        return 2
    settings = settings_of(args)
    if settings.log.kind != "kafka":
        print("the log is embedded in the store, which makes its topics by itself")
        return 0
    asked = {
        "check": lambda: topics.check(settings, role),
        "plan": lambda: topics.plan(settings),
        "apply": lambda: topics.apply(settings),
    }
    findings = asyncio.run(asked[args.action]())
    for topic, kind, text in findings:
        print(f"{kind:6} {topic}: {text}")
    if args.action == "plan":
        print("\nRights (kafka-acls; principals are proposals):", *rights(settings), sep="\n  ")
    wrong = {"error", "alter"} if args.action == "check" else {"error"}
    return int(any(finding.kind in wrong for finding in findings))


def _print_strimzi(args: argparse.Namespace) -> int:
    import yaml

    from services.kafka_admin.strimzi import strimzi_resources

    print(yaml.safe_dump_all(strimzi_resources(settings_of(args), args.cluster), sort_keys=False), end="")
    return 0
