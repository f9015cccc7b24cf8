"""`audit export | erase | hold | retain | report`: exports, erasure and reports. All but `report`
are themselves recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from threegate.audit.errors import trouble
from threegate.audit.export.bundle import Exported, Reveal, export
from threegate.audit.export.otel import NAMES
from threegate.audit.export.otlp import deliver
from threegate.audit.log.database import now_us
from threegate.audit.log.encoding import timestamp
from threegate.audit.log.log_keys import load_signer
from threegate.audit.log.record import DAY_US
from threegate.audit.report.page import html, outline, pdf
from threegate.audit.report.report import gather
from threegate.audit.retention.erasure import Erasure, erase, retain, shred
from threegate.audit.retention.legal_holds import Hold, hold, holds, release
from threegate.audit.settings import AuditSettings, Format, Retention
from threegate.cli.audit.common import access, opened, print_json, reading, reason_arguments
from threegate.cli.audit.reading import filter_arguments, moment, query_of
from threegate.i18n.audit import line

# --- export, erase, hold, retain, report ----------------------------------------------------------


def export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory_out", type=Path, metavar="DIRECTORY", help="folder to create")
    filter_arguments(parser)
    forms = [f.value for f in Format]
    parser.add_argument(
        "--format", choices=forms, default=Format.JSONL, help="format of the records"
    )
    parser.add_argument(
        "--names",
        choices=list(NAMES),
        default="verdict",
        help="names of guardrail attributes in otel-spans",
    )
    parser.add_argument("--collector", default="", help="OTLP/HTTP URL that also receives otel-*")
    parser.add_argument(
        "--reveal",
        choices=[r.value for r in Reveal],
        default=Reveal.NOTHING,
        help="texts to include (recorded)",
    )
    reason_arguments(parser)


def export_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    done = asyncio.run(_export(args, settings))
    values = {"records": done.records, "proven": done.proven, "folder": done.directory}
    print(line("exported", args.lang, **values))
    if args.collector:
        file = done.directory / f"records.{args.format}"
        count = deliver(file, args.format, args.collector)
        print(line("delivered", args.lang, count=count))
    return 0


async def _export(args: argparse.Namespace, settings: AuditSettings) -> Exported:
    async with opened(settings) as log:
        await log.append(access(args, "export", format=args.format, reveal=args.reveal))
        return await asyncio.to_thread(
            export,
            settings.url,
            query_of(args, settings),
            args.directory_out,
            load_signer(settings),
            form=Format(args.format),
            reveal=Reveal(args.reveal),
            master=log.master,
            names=args.names,
        )


def erase_arguments(parser: argparse.ArgumentParser) -> None:
    for name in ("tenant", "request", "conversation"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--subject", default="", help="end user, within --tenant")
    parser.add_argument("--day", default="", help="destroy the keys of a tenant's UTC day")
    parser.add_argument("--yes", action="store_true", help="confirm; this cannot be undone")
    reason_arguments(parser)


def erase_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    if not args.yes:
        raise trouble("yes")
    for outcome, count in asyncio.run(_erase(args, settings)).items():
        print(line(outcome, args.lang, count=count))
    return 0


async def _erase(args: argparse.Namespace, settings: AuditSettings) -> dict[str, int]:
    """The message to print, and its number."""
    actor, reason = args.actor, args.reason
    async with opened(settings) as log:
        if args.day:
            keys = await shred(log, args.tenant, args.day, actor=actor, reason=reason)
            return {"keys-destroyed": keys}
        done = await erase(
            log, Erasure(actor, reason, args.tenant, args.subject, args.request, args.conversation)
        )
    kept = {"records-held": done.held} if done.held else {}
    return {"records-erased": done.records, **kept}


def hold_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--add",
        nargs=2,
        metavar=("FIELD", "VALUE"),
        help="tenant, conversation, subject or request_id, and its value",
    )
    parser.add_argument("--release", metavar="ID", help="id of a hold, from the list")
    parser.add_argument("--tenant", default="", help="tenant of the subject to hold")
    reason_arguments(parser, required=False)


def hold_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    """Without arguments it lists the holds."""
    found = asyncio.run(_hold(args, settings))
    for held in found:
        values = {"id": held.id, "name": held.name, "value": held.value, "reason": held.reason}
        print(line("hold", args.lang, since=timestamp(held.since_us), **values))
    if not found:
        print(line("no-hold", args.lang), file=sys.stderr)
    return 0


async def _hold(args: argparse.Namespace, settings: AuditSettings) -> tuple[Hold, ...]:
    async with opened(settings) as log:
        who = {"actor": args.actor, "reason": args.reason}
        if args.add:
            name, value = args.add
            await hold(log, name, value, tenant=args.tenant, **who)
        if args.release:
            await release(log, args.release, **who)
        return await holds(log)


def retain_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--content-days", type=int, help="default: the proxy's settings")
    parser.add_argument("--metadata-days", type=int, help="default: the proxy's settings")


def retain_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    kept = settings.retention
    metadata = kept.metadata_days if args.metadata_days is None else args.metadata_days
    wanted = Retention(args.content_days or kept.content_days, metadata)
    texts, pruned = asyncio.run(_retain(wanted, settings))
    print(line("retained", args.lang, texts=texts, pruned=pruned))
    return 0


async def _retain(retention: Retention, settings: AuditSettings) -> tuple[int, int]:
    async with opened(settings) as log:
        return await retain(log, retention)


def report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", default="", help="2026-11-01 (default: 30 days ago)")
    parser.add_argument("--until", default="", help="excluded (default: now)")
    parser.add_argument("--tenant", default="")
    parser.add_argument("--html", type=Path, help="write a page; otherwise print JSON")
    parser.add_argument("--pdf", type=Path, help="write a PDF")


def report_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    until = moment(args.until) or now_us()
    since = moment(args.since) or until - 30 * DAY_US
    with reading(settings.url) as connection:
        figures = gather(connection, since, until, args.tenant)
    made = outline(figures, args.lang)
    if args.html:
        args.html.write_text(html(made), encoding="utf-8")
    if args.pdf:
        args.pdf.write_bytes(pdf(made))
    if not args.html and not args.pdf:
        print_json(figures.table())
    return 0
