"""`stafett topics plan|apply|check`: the topics that Kafka must have, and the rights that the roles need there."""

from __future__ import annotations

import argparse
import asyncio

from services.cli.environment import add_config, settings_of


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("topics", description="Kafka's topics: what has to be, what is, what to do.")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, text in (
        ("plan", "Print what `apply` would do, and the rights that the roles need; change nothing."),
        ("apply", "Create missing topics and set their configuration; never change partitions or replicas."),
        ("check", "Exit with 1 unless the topics are as they have to be and can be read."),
    ):
        action = actions.add_parser(name, help=text, description=text)
        add_config(action)
        action.set_defaults(func=run, action=name)


def run(args: argparse.Namespace) -> int:
    """Prints one finding a line. Exit status 1 for a finding that a person has to solve."""
    from services import topics

    settings = settings_of(args)
    if settings.log.kind != "kafka":
        print("the log is embedded in the store, which makes its topics by itself")
        return 0
    act = {"plan": topics.plan, "apply": topics.apply, "check": topics.check}[args.action]
    findings = asyncio.run(act(settings))
    for topic, kind, text in findings:
        print(f"{kind:6} {topic}: {text}")
    if args.action == "plan":
        print("\nRights (kafka-acls; principals are proposals):", *topics.rights(settings), sep="\n  ")
    wrong = {"error", "alter"} if args.action == "check" else {"error"}
    return int(any(finding.kind in wrong for finding in findings))
