"""`threegate audit …` for those who live in a terminal. Exit codes: 0 fine, 1 the log does not
verify, 2 usage.

Reading metadata needs the database only. What shows or removes text is itself recorded, so it opens
the log.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from threegate.audit.database import reader_engine
from threegate.audit.note import NoteError, Verifier
from threegate.audit.query import Entry, Query, find, follow, of_request
from threegate.audit.record import Stage, microseconds, timestamp
from threegate.audit.settings import AuditSettings
from threegate.audit.sources import connect
from threegate.audit.store import TAIL_SECONDS
from threegate.audit.verify import Report, verify_database
from threegate.errors import AuditError
from threegate.types import Action

Command = Callable[[argparse.Namespace, AuditSettings], int]


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    settings: Callable[[argparse.Namespace], AuditSettings] | None = None,
) -> None:
    """Adds `audit`. `args.run(args)` runs the chosen command and returns the exit code.

    `settings` makes the log's settings of the parsed arguments; by default of `--database` and
    `--directory`.
    """
    audit = subparsers.add_parser("audit", help="verify, search and export the audit log")
    commands = audit.add_subparsers(dest="audit_command", required=True)
    for name, (command, describe, arguments) in COMMANDS.items():
        parser = commands.add_parser(name, help=describe, description=describe)
        defaults = AuditSettings()
        parser.add_argument("--database", default=defaults.url, help="URL or SQLite file")
        parser.add_argument("--directory", type=Path, default=defaults.directory)
        arguments(parser)
        parser.set_defaults(run=_runner(command, settings or _settings))


def _settings(args: argparse.Namespace) -> AuditSettings:
    return AuditSettings(url=_url(args.database), directory=args.directory)


def _url(database: str) -> str:
    return database if ":" in database else f"sqlite:///{database}"


def _runner(
    command: Command, settings: Callable[[argparse.Namespace], AuditSettings]
) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        try:
            return command(args, settings(args))
        except (AuditError, NoteError, OSError, ValueError) as error:
            print(f"threegate audit: {error}", file=sys.stderr)
            return 2

    return run


# --- verify ---------------------------------------------------------------------------------------


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key", action="append", default=[], metavar="VKEY|FILE", help="trusted key of the log"
    )
    parser.add_argument(
        "--checkpoint", action="append", default=[], type=Path, help="a checkpoint kept elsewhere"
    )
    parser.add_argument("--json", action="store_true")


def verify(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Rebuilds every chain and compares it with every checkpoint it can find."""
    keys = [_key(k) for k in args.key] or own_keys(settings)
    published = [p.read_text() for p in [*args.checkpoint, *published_files(settings)]]
    database = connect(settings.url)
    try:
        report = verify_database(database, keys, published)
    finally:
        database.close()
    _print_json(_as_dict(report)) if args.json else _print_report(report, own=not args.key)
    return 0 if report.ok else 1


def _key(text: str) -> Verifier:
    return Verifier.parse(text if "+" in text else Path(text).read_text())


def own_keys(settings: AuditSettings) -> list[Verifier]:
    """The key beside the log: convenient, and worth less than one kept elsewhere."""
    path = settings.directory / "log.vkey"
    return [Verifier.parse(path.read_text())] if path.is_file() else []


def published_files(settings: AuditSettings) -> list[Path]:
    return sorted((settings.directory / "checkpoints").glob("*/[0-9]*"))


def _as_dict(report: Report) -> dict[str, Any]:
    chains = [
        {"writer": c.writer, "size": c.size, "integrated": c.integrated, "covered": c.covered}
        | {"pending": c.pending, "pruned": c.pruned, "erased": c.erased}
        for c in report.chains
    ]
    return {
        "ok": report.ok,
        "chains": chains,
        "unanswered": report.unanswered,
        "problems": [asdict(p) for p in report.problems],
    }


def _print_report(report: Report, *, own: bool) -> None:
    for c in report.chains:
        print(
            f"{c.writer}: {c.size} entries, {c.integrated} integrated, {c.pending} pending"
            + (f", {c.erased} texts erased" if c.erased else "")
            + (f", {c.pruned} pruned" if c.pruned else "")
        )
    for problem in report.problems:
        print(problem)
    if report.unanswered:
        print(f"{report.unanswered} requests were received and have no recorded end (a crash)")
    if own:
        print("checked with the key beside the log; an auditor brings one kept elsewhere (--key)")
    print(
        "the log verifies"
        if report.ok
        else f"THE LOG DOES NOT VERIFY: {len(report.problems)} problems"
    )


# --- show, search, tail ---------------------------------------------------------------------------


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="request id")
    parser.add_argument("--json", action="store_true")


def show(args: argparse.Namespace, settings: AuditSettings) -> int:
    with reader_engine(settings.url).begin() as connection:
        entries = of_request(connection, args.id)
    for entry in entries:
        print(entry.entry if args.json else _detailed(entry))
    if not entries:
        print(f"no record of request {args.id}", file=sys.stderr)
    return 0 if entries else 1


def _search_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", default="", help="words or Chinese text to find")
    for name in ("rule", "kind", "layer", "tenant", "model", "policy", "conversation"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--stage", action="append", default=[], choices=[s.value for s in Stage])
    parser.add_argument(
        "--action", action="append", default=[], choices=[a.name.lower() for a in Action]
    )
    parser.add_argument("--since", default="", help="2026-11-25 or 2026-11-25T08:00:00Z")
    parser.add_argument("--until", default="")
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--json", action="store_true")


def query_of(args: argparse.Namespace) -> Query:
    return Query(
        text=args.text,
        since_us=_moment(args.since),
        until_us=_moment(args.until),
        stage=tuple(Stage(s) for s in args.stage),
        action=tuple(Action[a.upper()] for a in args.action),
        layer=args.layer,
        rule=args.rule,
        kind=args.kind,
        tenant=args.tenant,
        model=args.model,
        policy=args.policy,
        conversation=args.conversation,
        limit=args.limit,
    )


def _moment(text: str) -> int:
    if not text:
        return 0
    stamp = text if "T" in text else f"{text}T00:00:00Z"
    return microseconds(stamp.removesuffix("Z") + ("Z" if "." in stamp else ".0Z"))


def search(args: argparse.Namespace, settings: AuditSettings) -> int:
    with reader_engine(settings.url).begin() as connection:
        page = find(connection, query_of(args))
    for entry in page.entries:
        print(entry.entry if args.json else _line(entry))
    return 0


def tail(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Until interrupted."""
    engine, query = reader_engine(settings.url), query_of(args)
    with engine.begin() as connection:
        _, places = follow(connection, query, None)
    try:
        while True:
            with engine.begin() as connection:
                entries, places = follow(connection, query, places)
            for entry in entries:
                print(entry.entry if args.json else _line(entry), flush=True)
            time.sleep(TAIL_SECONDS)
    except KeyboardInterrupt:
        return 0


def _line(entry: Entry) -> str:
    event = entry.event
    rules = ",".join(
        dict.fromkeys(r["rule"] for d in event.get("decisions", ()) for r in d["ruled"])
    )
    state = "integrated" if entry.integrated else "pending"
    action = event.get("action", "-")
    return (
        f"{timestamp(entry.ts_us)} {entry.stage:<9} {action:<8} {entry.request_id} {rules} {state}"
    )


def _detailed(entry: Entry) -> str:
    head = f"{entry.writer}/{entry.seq} {'integrated' if entry.integrated else 'pending'}"
    body = json.dumps(entry.event, ensure_ascii=False, indent=2)
    return f"{head}\nleaf {entry.leaf.hex()}\n{body}"


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


COMMANDS: dict[str, tuple[Command, str, Callable[[argparse.ArgumentParser], None]]] = {
    "verify": (verify, "prove that nobody changed the log", _verify_arguments),
    "show": (show, "all records of a request", _show_arguments),
    "search": (search, "find records", _search_arguments),
    "tail": (tail, "follow new records", _search_arguments),
}
