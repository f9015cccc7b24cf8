"""`audit export | erase | hold | retain | report`: exports, erasure and reports. All but `report`
are themselves recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from threegate.audit.errors import trouble
from threegate.audit.export.bundle import Exported, Reveal, export
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
from threegate.cli.audit.common import access, opened, print_json, reading, with_log
from threegate.cli.audit.reading import moment, query_of
from threegate.i18n.audit import line

# --- export, erase, hold, retain, report ----------------------------------------------------------


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


def retain_command(args: argparse.Namespace, settings: AuditSettings) -> int:
    kept = settings.retention
    metadata = kept.metadata_days if args.metadata_days is None else args.metadata_days
    wanted = Retention(args.content_days or kept.content_days, metadata)
    who = {"actor": args.actor, "reason": args.reason}
    texts, pruned = with_log(settings, lambda log: retain(log, wanted, **who))
    print(line("retained", args.lang, texts=texts, pruned=pruned))
    return 0


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
