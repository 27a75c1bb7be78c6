"""`stafett source try|verify`: what a source would read off a body and why; whether a delivery proves its sender."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from schemas.instants import read_any
from schemas.json_values import JsonObject
from schemas.yamlfile import FileError

if TYPE_CHECKING:
    from schemas.sources import Scheme, Source
    from services.ingest.proof.verify import Claim, Request

EPILOG = """\
examples:
  stafett source try generic --content-type application/json < body
  stafett source try pipedrive --sources sources.yaml --name crm < body     # with what that source's configuration means
  STAFETT_SECRET_X=... stafett source verify --scheme scheme.yaml --secret-env STAFETT_SECRET_X \\
      --method POST --url https://x.example/v1/hooks/web --header 'X-Signature: ab12...' --at 1700000000 < body

The scheme file has the keys of a source's `verify`; `secrets` may be left out. Times are seconds since 1970 or ISO 8601.
exit status: 0 read whole, accepted; 3 something set aside, a request that names nobody too; 1 refused; 2 a wrong call
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("source", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    trial = actions.add_parser("try", help="what would be read off a body, and where it was found")
    trial.add_argument("kind", metavar="KIND")
    trial.add_argument("--content-type", default="")
    trial.add_argument("--header", action="append", default=[], metavar="'K: V'")
    trial.add_argument("--sources", type=Path, help="a sources file")
    trial.add_argument("--name", help="the source in it whose configuration is used")
    trial.set_defaults(func=_with_errors_printed(_try))
    check = actions.add_parser("verify", help="accepted or refused, and why")
    check.add_argument("--scheme", type=Path, required=True, metavar="FILE")
    check.add_argument("--secret-env", action="append", default=[], metavar="NAME")
    check.add_argument("--method", default="POST")
    check.add_argument("--url", default="")
    check.add_argument("--header", action="append", default=[], metavar="'K: V'")
    check.add_argument("--client", default="", help="the sender's address, for `networks`")
    check.add_argument("--at", help="the time of arrival (default: now)")
    check.set_defaults(func=_with_errors_printed(_verify))


def _with_errors_printed(run: Any) -> Any:
    def run_and_print_errors(args: argparse.Namespace) -> int:
        try:
            status: int = run(args)
        except (FileError, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
        return status

    return run_and_print_errors


def _headers(pairs: list[str]) -> dict[str, str]:
    parts = (header.partition(":") for header in pairs)
    return {name.strip().casefold(): value.strip() for name, _, value in parts}


def _try(args: argparse.Namespace) -> int:
    """One JSON line for each signal that the intake would keep, as it would keep it, with `identities` by their kinds and
    `found_at`: the paths in the body of the facts that stand there as such."""
    from services.ingest.app import signals_of
    from services.ingest.configured.mapped import read
    from services.ingest.normalising.requests import person_doubts
    from services.ingest.parsers.registry import PARSERS
    from services.ingest.tracing import found_at

    if args.kind not in PARSERS:
        raise ValueError(f"there is no kind {args.kind}; there are {', '.join(sorted(PARSERS))}")
    source = _source(args)
    body, headers = sys.stdin.buffer.read(), _headers(args.header)
    content_type = args.content_type or headers.get("content-type", "")
    kept = signals_of(
        source,
        read(args.kind, body, content_type=content_type, headers=headers, mapping=source.mapping),
        datetime.now(UTC),
        _TRIAL_KEY,
    )
    for signal in kept.signals:
        said = {name: value for name, value in signal.plain().items() if name not in _OF_THE_LOG}
        said["identities"] = list(dict.fromkeys(identity.kind for identity in signal.identities))
        said["doubts"] = person_doubts(signal, source.number_region)
        said["found_at"] = found_at(signal, body, content_type)
        print(json.dumps(said, ensure_ascii=False))
    for item in kept.unclear:
        print(json.dumps(item.plain(), ensure_ascii=False))
    return 3 if kept.unclear else 0


_TRIAL_KEY = b"stafett source try: no deployment has this key"
"""Ids and digests depend on the deployment's key, which a trial does not need."""
_OF_THE_LOG = frozenset(
    ["id", "dedupe_key", "partition_key", "received_at", "attempt", "traceparent", "brand", "source"]
)


def _source(args: argparse.Namespace) -> Source:
    """The configured source, or one of the kind with nothing configured, of which all is shown whatever it may say."""
    from schemas.may import CLASSES
    from schemas.sources import Scheme, Source, SourcesFile
    from schemas.yamlfile import load
    from services.cli.support.files import read_text

    if args.sources is None:
        return Source(name="trial", kind=args.kind, may=CLASSES, verify=Scheme(scheme="none"))
    file = load(read_text(args.sources), SourcesFile, str(args.sources))
    found = next((source for source in file.sources if source.name == args.name), None)
    if found is None:
        raise ValueError(f"{args.sources} has no source named {args.name}; say which by --name")
    return file.with_file_defaults(found)


def _verify(args: argparse.Namespace) -> int:
    """One JSON object: accepted or not, why, what was signed, what was expected and given, how late it is."""
    from services.ingest.proof.secret_rules import secret_problem
    from services.ingest.proof.verify import Refused, Request, claim_of, verify

    names = args.secret_env
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise ValueError(f"the environment has no {', '.join(missing)}")
    scheme = _scheme(args.scheme, names)
    secrets = [os.environ[name] for name in names or scheme.secrets if name in os.environ]
    request = Request(
        method=args.method,
        url=args.url,
        headers=_headers(args.header),
        body=sys.stdin.buffer.read(),
        client=args.client,
    )
    now = _instant(args.at)
    said: JsonObject = {"accepted": True, "why": "the proof is right"}
    try:
        verify(scheme, secrets, request, now)
    except Refused as refused:
        said = {"accepted": False, "code": refused.code, "why": _why(refused.code, scheme, request)}
    if scheme.scheme != "none":
        try:
            said |= _proof_details(scheme, claim_of(scheme, secrets, request), now)
        except Refused:
            said["signed"] = None
    if weak := [problem for secret in secrets if (problem := secret_problem(scheme, secret))]:
        said["would_not_start"] = [f"a secret {problem}" for problem in weak]
    print(json.dumps(said, ensure_ascii=False, indent=2))
    return 0 if said["accepted"] else 1


def _scheme(path: Path, names: list[str]) -> Scheme:
    import yaml

    from schemas.sources import Scheme
    from schemas.yamlfile import load
    from services.cli.support.files import read_text

    text = read_text(path)
    held = yaml.safe_load(text)
    if isinstance(held, dict) and isinstance(held.get("verify"), dict):
        held = held["verify"]
    if (
        isinstance(held, dict)
        and held.get("scheme") != "none"
        and not held.get("secrets")
        and not held.get("public_keys")
    ):
        held["secrets"] = [n if n.startswith("STAFETT_SECRET_") else f"STAFETT_SECRET_{i}" for i, n in enumerate(names)]
    return load(yaml.safe_dump(held), Scheme, str(path))


def _instant(text: str | None) -> float:
    if text is None:
        return datetime.now(UTC).timestamp()
    try:
        return float(text)
    except ValueError:
        return read_any(text).timestamp()


def _why(code: str, scheme: Scheme, request: Request) -> str:
    where = scheme.header or scheme.field or {"basic": "Authorization"}.get(scheme.scheme, "the signature's header")
    brought = ", ".join(sorted(request.headers)) or "none"
    return {
        "missing": f"no proof: `{where}`, its time or its parts are missing (headers given: {brought})",
        "malformed": f"the proof in `{where}` or its time cannot be read as {scheme.encoding}",
        "late": f"the time in it is more than {scheme.tolerance_seconds} s from the time of arrival",
        "wrong": "the proof does not fit: another secret, another body, or another thing was signed",
        "elsewhere": f"the sender's address `{request.client}` is in none of the networks",
    }[code]


def _proof_details(scheme: Scheme, claim: Claim, now: float) -> JsonObject:
    """What both sides computed. A secret that is sent as such is not shown."""
    import base64

    def encode_proof(value: bytes) -> str:
        match "base64" if scheme.scheme == "standard_webhooks" else scheme.encoding:
            case "hex":
                return value.hex()
            case "base64":
                return base64.b64encode(value).decode()
            case never:
                assert_never(never)

    said: JsonObject = {"signed": claim.signed.decode("utf-8", "backslashreplace") if claim.signed else None}
    if claim.made_at is not None:
        said |= {
            "made_at": claim.made_at,
            "late_seconds": round(now - claim.made_at, 3),
            "tolerance_seconds": scheme.tolerance_seconds,
        }
    if scheme.scheme in ("hmac", "hubspot"):
        said["expected"] = [encode_proof(proof) for proof in claim.expected]
        said["given"] = [None if proof is None else encode_proof(proof) for proof in claim.given]
    return said
