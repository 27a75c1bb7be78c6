"""`stafett schema`: JSON Schema of everything published, OpenAPI and AsyncAPI."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from schemas.json_values import JsonObject

HELP = "Print JSON Schema of signals, events, files and HTTP bodies; OpenAPI and AsyncAPI."
EPILOG = """\
examples:
  stafett schema                                    the names
  stafett schema stafett.handover.offered.v1        the data of an event; its $id is the envelope's dataschema
  stafett schema agreement > agreement.schema.json  for an editor
  stafett schema --all schemas                      every one into a folder, as NAME.json

exit status: 0, or 2 for an unknown name
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser(
        "schema", help=HELP, description=HELP, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--all", type=Path, metavar="DIR", help="write every one into this folder")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Prints one, lists the names, or writes all."""
    from schemas.export import names

    known = [*names(), "openapi"]
    if args.all is not None:
        args.all.mkdir(parents=True, exist_ok=True)
        for name in known:
            (args.all / f"{name}.json").write_text(_text(name), "utf-8")
        print(f"{args.all}: {len(known)} files")
    elif args.name is None:
        print("\n".join(known))
    elif args.name not in known:
        print(f"there is no schema {args.name}; `stafett schema` lists the names", file=sys.stderr)
        return 2
    else:
        print(_text(args.name), end="")
    return 0


def _text(name: str) -> str:
    return json.dumps(_document(name), indent=2, ensure_ascii=False) + "\n"


def _document(name: str) -> JsonObject:
    if name == "openapi":
        from services.bootstrap.api import document

        return document()
    from schemas.export import schema

    return schema(name)
