"""`threegate attack --url URL [--suite NAME] [--html FILE] [--json]`: the attack suites against a
running proxy.

Exit codes: 0 every promise held, 1 a promise was broken, 2 wrong use or no answer.
"""

from __future__ import annotations

import argparse

import httpx

from threegate.cli.errors import misuse
from threegate.settings.shown_address import without_password
from threegate.testing.attacks.exercise import SUITES, Effort, run
from threegate.testing.attacks.exfiltration import NothingMasked
from threegate.testing.attacks.report import as_html, as_json, summary


def attack_command(args: argparse.Namespace) -> int:
    shown = without_password(args.url)
    try:
        suites = tuple(dict.fromkeys(args.suite or SUITES))
        effort = Effort(args.values, args.seed)
        report = run(args.url.rstrip("/"), args.key, suites, effort)
    except NothingMasked:
        raise misuse("nothing-masked") from None
    except httpx.HTTPStatusError as error:
        raise misuse("no-answer", url=shown, why=error.response.status_code) from None
    except httpx.HTTPError as error:
        raise misuse("no-answer", url=shown, why=type(error).__name__) from None
    print(as_json(report) if args.json else summary(report, args.lang))
    if args.html:
        args.html.write_text(as_html(report, args.lang), encoding="utf-8")
    return 0 if report.passed else 1
