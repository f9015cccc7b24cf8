"""Runs the attack suites against a running deployment.

Each attack comes with harmless twins, so that a guard which simply blocks everything fails too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from threegate.settings.shown_address import without_password
from threegate.testing.attacks import encoding, exfiltration
from threegate.testing.attacks.deployment import TIMEOUT_S, Deployment
from threegate.testing.attacks.trials import Report, Trial
from threegate.trust import trusted


@dataclass(frozen=True, slots=True)
class Effort:
    """How many values of each disguise are tried, drawn from which seed."""

    values: int = 6
    seed: int = 7


SUITES: Final[Mapping[str, Callable[[Deployment, Effort], Iterator[Trial]]]] = {
    exfiltration.SUITE: lambda deployment, _: exfiltration.trials(deployment),
    encoding.SUITE: lambda deployment, effort: encoding.trials(
        deployment, effort.values, effort.seed
    ),
}


def run(
    url: str, key: str = "", suites: Sequence[str] = tuple(SUITES), effort: Effort = Effort()
) -> Report:
    """Raises NothingMasked, and httpx.HTTPError where the deployment does not answer."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(
        base_url=url, headers=headers, timeout=TIMEOUT_S, verify=trusted(), trust_env=False
    ) as client:
        deployment = Deployment(client)
        policy = str(deployment.check({"texts": ["hello"]})["policy"])
        trials = tuple(t for name in suites for t in SUITES[name](deployment, effort))
    return Report(without_password(url), policy, started, trials)
