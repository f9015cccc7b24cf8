"""`threegate attack --url URL [--suite NAME] [--html FILE] [--json]`: the attack suites against a
running proxy.

Exit codes: 0 every promise held, 1 a promise was broken, 2 wrong use or no answer.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx

from threegate.cli.errors import misuse
from threegate.settings.shown_address import without_password
from threegate.testing.attacks import encoding, exfiltration
from threegate.testing.attacks.deployment import TIMEOUT_S, Deployment
from threegate.testing.attacks.exfiltration import NothingMasked
from threegate.testing.attacks.report import as_html, as_json, summary
from threegate.testing.attacks.trials import Report, Trial
from threegate.trust import trusted

SUITES = (exfiltration.SUITE, encoding.SUITE)


def attack_command(args: argparse.Namespace) -> int:
    shown = without_password(args.url)
    try:
        report = _report(args, shown)
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


def _report(args: argparse.Namespace, shown: str) -> Report:
    """Raises NothingMasked, and httpx.HTTPError where the deployment does not answer."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    headers = {"authorization": f"Bearer {args.key}"} if args.key else {}
    url = args.url.rstrip("/")
    with httpx.Client(
        base_url=url, headers=headers, timeout=TIMEOUT_S, verify=trusted(), trust_env=False
    ) as client:
        deployment = Deployment(client)
        policy = str(deployment.check({"texts": ["hello"]})["policy"])
        suites = dict.fromkeys(args.suite or SUITES)
        trials = tuple(t for name in suites for t in _trials(name, deployment, args))
    return Report(shown.rstrip("/"), policy, started, trials)


def _trials(suite: str, deployment: Deployment, args: argparse.Namespace) -> Iterator[Trial]:
    if suite == encoding.SUITE:
        return encoding.trials(deployment, args.values, args.seed)
    return exfiltration.trials(deployment)
