"""`audit verify | show | search | tail`: reading needs the database only; text is recorded
before it is shown.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from threegate.audit.errors import trouble
from threegate.audit.log.conditions import Query
from threegate.audit.log.encoding import ACTION_OF, EPOCH, rulings, timestamp
from threegate.audit.log.log_keys import load_master
from threegate.audit.log.note import Verifier
from threegate.audit.log.query import Entry, find, follow, of_requests
from threegate.audit.log.record import Stage
from threegate.audit.settings import AuditSettings
from threegate.audit.verify.export import verify_export
from threegate.audit.verify.findings import Chain, VerifyReport
from threegate.audit.verify.gaps import gaps
from threegate.audit.verify.verifier import keys_of, own_keys, verify_all
from threegate.cli.audit.common import access, opened, print_json, reading
from threegate.console.presenters import labels
from threegate.gateway.access.auth import utc_time
from threegate.i18n.audit import line

# --- verify ---------------------------------------------------------------------------------------


def verify(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Rebuilds every chain and compares it with every checkpoint it can find."""
    keys = [key for given in args.key for key in _keys(given)] or own_keys(settings)
    if args.export:
        return _verify_export(args, keys)
    report = verify_all(settings, keys, args.checkpoint)
    if args.json:
        print_json(_as_dict(report, args.lang))
    else:
        _print_report(report, args.lang, own=not args.key)
    return 0 if report.ok else 1


def _verify_export(args: argparse.Namespace, keys: list[Verifier]) -> int:
    report = verify_export(args.export, keys)
    counts = {n: getattr(report, n) for n in ("records", "proven", "pending", "gaps")}
    if args.json:
        problems = [p.as_dict(args.lang) for p in report.problems]
        print_json({**counts, "problems": problems, "ok": report.ok})
        return 0 if report.ok else 1
    for problem in report.problems:
        print(problem.message(args.lang))
    print(line("export", args.lang, **counts))
    print(line("export-verifies" if report.ok else "export-fails", args.lang))
    return 0 if report.ok else 1


def _keys(text: str) -> list[Verifier]:
    return [Verifier.parse(text)] if "+" in text else keys_of(Path(text))


def _as_dict(report: VerifyReport, language: str) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "chains": [chain.as_dict() for chain in report.chains],
        "unanswered": report.unanswered,
        "in_flight": report.in_flight,
        "problems": [p.as_dict(language) for p in report.problems],
        "acknowledged": [a.as_dict(language) for a in report.acknowledged],
    }


def _print_report(report: VerifyReport, language: str, *, own: bool) -> None:
    for chain in report.chains:
        print(_chain(chain, language))
    for known in report.acknowledged:
        print(known.message(language))
    for problem in report.problems:
        print(problem.message(language))
    if gaps(report):
        print(line("gap-how", language))
    if report.unanswered:
        print(line("unanswered", language, count=report.unanswered))
    if report.in_flight:
        print(line("in-flight", language, count=report.in_flight))
    if own and not report.keys_tried:
        print(line("keys-untried", language))
    if own:
        print(line("own-key", language))
    sound = "verifies-known" if report.acknowledged else "verifies"
    counts = {"count": len(report.problems), "known": len(report.acknowledged)}
    print(line(sound if report.ok else "fails", language, **counts))


def _chain(chain: Chain, language: str) -> str:
    text = line(
        "chain",
        language,
        writer=chain.writer,
        size=chain.size,
        integrated=chain.integrated,
        pending=chain.pending,
    )
    for name in ("erased", "pruned"):
        if count := getattr(chain, name):
            text += line(name, language, count=count)
    return text


# --- show, search, tail ---------------------------------------------------------------------------


def show(args: argparse.Namespace, settings: AuditSettings) -> int:
    with reading(settings.url) as connection:
        entries = of_requests(connection, [args.id])
    for entry in entries:
        print(entry.entry if args.json else _detailed(entry, args.lang))
    if not entries:
        print(line("no-record", args.lang, id=args.id), file=sys.stderr)
        return 1
    if args.text:
        parts = asyncio.run(_reveal(args, settings, entries))
        print_json(parts) if parts else print(line("no-text", args.lang), file=sys.stderr)
    return 0


async def _reveal(
    args: argparse.Namespace, settings: AuditSettings, entries: Sequence[Entry]
) -> list[dict[str, str]]:
    """Recorded before it is shown."""
    async with opened(settings) as log:
        await log.append(access(args, "reveal", object=args.id))
        return [part for entry in entries for part in await log.content(entry)]


LIMIT = 50
TAIL_SECONDS = 0.5


def query_of(args: argparse.Namespace, settings: AuditSettings) -> Query:
    """The pseudonym of a person, which differs between tenants. Raises AuditError without a
    tenant."""
    if args.subject and not args.tenant:
        raise trouble("search-tenant")
    person = load_master(settings).pseudonym(args.tenant, args.subject) if args.subject else ""
    return Query(
        text=args.text,
        since_us=moment(args.since),
        until_us=moment(args.until),
        stage=tuple(Stage(s) for s in args.stage),
        action=tuple(ACTION_OF[a] for a in args.action),
        layer=args.layer,
        rule=args.rule,
        kind=args.kind,
        tenant=args.tenant,
        key_id=args.key_id,
        subject=person,
        model=args.model,
        policy=args.policy,
        conversation=args.conversation,
        limit=getattr(args, "limit", LIMIT),
    )


def moment(text: str) -> int:
    """An ISO 8601 time, in UTC if it names no zone. Raises AuditError for anything else."""
    if not text:
        return 0
    try:
        return (utc_time(text) - EPOCH) // timedelta(microseconds=1)
    except ValueError:
        raise trouble("time", text=text) from None


def search(args: argparse.Namespace, settings: AuditSettings) -> int:
    query = query_of(args, settings)
    with reading(settings.url) as connection:
        page = find(connection, query)
    for entry in page.entries:
        print(entry.entry if args.json else _line(entry, args.lang))
    if not page.entries:
        print(line("no-hit-text" if args.text else "no-hit", args.lang), file=sys.stderr)
    return 0


def tail(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Runs until interrupted."""
    query = query_of(args, settings)
    with reading(settings.url) as connection:
        _, places = follow(connection, query, None)
    try:
        while True:
            with reading(settings.url) as connection:
                entries, places = follow(connection, query, places)
            for entry in entries:
                print(entry.entry if args.json else _line(entry, args.lang), flush=True)
            time.sleep(TAIL_SECONDS)
    except KeyboardInterrupt:
        return 0


def _failure(event: Mapping[str, Any]) -> str:
    """The code of an error, as clients and the runbooks name it, and the HTTP status."""
    status = event.get("detail", {}).get("status", "")
    return f"{event['error']} {status}".strip() if event.get("error") else ""


def _line(entry: Entry, language: str) -> str:
    event = entry.event
    rules = ",".join(dict.fromkeys(r["rule"] for r in rulings(event)))
    state = line("integrated" if entry.integrated else "pending", language)
    stage = labels.name("stage", entry.stage, language)
    action = labels.name("action", event.get("action", "-"), language)
    done = _failure(event) or rules or _activity(event.get("detail", {}), language)
    what = f"{entry.request_id} {done}"
    return f"{timestamp(entry.ts_us)} {stage:<9} {action:<8} {what} {state}"


def _activity(detail: Mapping[str, Any], language: str) -> str:
    """Who did what with which object."""
    verb = labels.name("verb", detail["verb"], language) if "verb" in detail else ""
    return " ".join(filter(None, (detail.get("actor"), verb, str(detail.get("object", "")))))


def _detailed(entry: Entry, language: str) -> str:
    state = line("integrated" if entry.integrated else "pending", language)
    head = f"{entry.writer}/{entry.seq} {state}"
    body = json.dumps(entry.event, ensure_ascii=False, indent=2)
    return f"{head}\nleaf {entry.leaf.hex()}\n{body}"
