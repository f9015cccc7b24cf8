"""What the model-backed detectors share: asking the engine, and failures as data."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from threegate_classifiers.errors import ClassifierError, Overloaded, TimedOut

from threegate.types import Failed, Finding, Passage, Reason

Answer = tuple[Finding, ...] | Failed


async def judge_each(
    detector: str,
    passages: Sequence[Passage],
    judge: Callable[[Passage], Awaitable[tuple[Finding, ...]]],
) -> list[Answer]:
    """One answer per passage, in order; a failure affects only its own passage."""

    async def one(passage: Passage) -> Answer:
        try:
            return await judge(passage)
        except ClassifierError as error:
            return Failed(detector, reason_of(error), passage.locus)

    return list(await asyncio.gather(*map(one, passages)))


def reason_of(error: ClassifierError) -> Reason:
    match error:
        case Overloaded():
            return Reason.OVERLOAD
        case TimedOut():
            return Reason.TIMEOUT
        case _:
            return Reason.ERROR
