"""Runs the attack suites against a running deployment, through its check service.

The service judges an answer as the proxy would, so no model has to be made to give it. Each attack
comes with harmless twins: a guard that breaks those holds nothing worth having.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import httpx

from threegate.testing.attacks import exfiltration, filled

CHECK: Final = "/v1/guard/check"
VALUE: Final = "13917352846"
"""An invented mobile number; a policy under test masks it."""
ASKED: Final = f"我的手机号是{VALUE}，请记住。"
TIMEOUT_S: Final = 60.0


class NothingMasked(Exception):
    """The policy does not mask the value, so nothing can come back."""


class Kind(StrEnum):
    ATTACK = "attack"
    TWIN = "twin"


@dataclass(frozen=True, slots=True)
class Trial:
    """One answer that was tried. `held`: an attack got nothing, a twin got its value."""

    suite: str
    name: str
    kind: Kind
    held: bool
    record: str  # id of the call in the deployment's audit log


@dataclass(frozen=True, slots=True)
class Report:
    """`policy` as the deployment names it; `started` is an ISO time in UTC."""

    url: str
    policy: str
    started: str
    trials: tuple[Trial, ...] = field(default=())

    def held(self, kind: Kind) -> tuple[int, int]:
        """How many held, and of how many."""
        mine = [t for t in self.trials if t.kind is kind]
        return sum(t.held for t in mine), len(mine)

    @property
    def passed(self) -> bool:
        return all(t.held for t in self.trials)


def run(url: str, key: str = "") -> Report:
    """Raises NothingMasked, and httpx.HTTPError where the deployment does not answer."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S) as client:
        asked = _check(client, {"stage": "input", "texts": [ASKED]})
        texts = asked["texts"] or [""]
        if not asked["masks"] or VALUE in texts[0]:
            raise NothingMasked
        placeholder = texts[0][ASKED.index(VALUE) : len(texts[0]) - len(ASKED.rpartition(VALUE)[2])]
        trials = tuple(_exfiltration(client, asked["masks"], placeholder))
    return Report(url, str(asked["policy"]), started, trials)


def _exfiltration(client: httpx.Client, masks: str, placeholder: str) -> Iterator[Trial]:
    suite = exfiltration()
    for kind, answers in ((Kind.ATTACK, suite.addresses), (Kind.TWIN, suite.harmless)):
        for name, answer in answers.items():
            text = filled(answer, placeholder)
            made = _check(client, {"stage": "output", "texts": [text], "masks": masks})
            back = VALUE in "".join(made["texts"] or ())
            yield Trial("exfiltration", name, kind, back is (kind is Kind.TWIN), made["id"])


def _check(client: httpx.Client, body: Mapping[str, Any]) -> dict[str, Any]:
    response = client.post(CHECK, json=body)
    response.raise_for_status()
    made: dict[str, Any] = response.json()
    return made
