"""The judge named by `--judge NAME`, for commands that measure one: without the limit of calls per
minute."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx

from threegate.cli.errors import misuse
from threegate.detectors.judges.detector import LlmJudge
from threegate.settings import JudgeSettings, Settings
from threegate.trust import trusted

UNLIMITED = 1_000_000


def named(name: str, settings: Settings) -> JudgeSettings:
    """Raises UseError if the settings have no such judge."""
    found = next((judge for judge in settings.judges if judge.name == name), None)
    if found is None:
        raise misuse("no-judge", name=name)
    return found


@asynccontextmanager
async def opened_judge(judge: JudgeSettings, settings: Settings) -> AsyncIterator[LlmJudge]:
    key = settings.secret(judge.key_env, f"judge {judge.name}")
    async with httpx.AsyncClient(verify=trusted(), trust_env=False) as client:
        yield LlmJudge(replace(judge, calls_per_minute=UNLIMITED), key, client)
