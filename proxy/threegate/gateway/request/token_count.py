"""Answers `count_tokens` here if the model API has no such path; most engines have none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from threegate.audit.log.record import Stage
from threegate.gateway.context import CallContext
from threegate.limits.store import estimated_tokens

NOT_SERVED = frozenset((404, 405, 501))
"""Statuses with which a model API rejects an unknown path."""


async def count_here(call: CallContext) -> None:
    """Counted by the model's tokenizer if the settings name one, else estimated; the answer says
    which (`threegate.counted_by`). Tokens that a chat template adds are not counted."""
    texts = [slot.text for slot in call.adapter.request_slots(call.body)]
    counted_by, tokens = await _counted(call, texts)
    await call.trail.ended(Stage.COMPLETED)
    note = {"counted_by": counted_by}
    await call.out.json(200, {"input_tokens": tokens, "threegate": note})


async def _counted(call: CallContext, texts: Sequence[str]) -> tuple[str, int]:
    model, tenant = call.adapter.model(call.body), call.caller.tenant
    tokenizer = call.deps.model_api.tokenizer(model, tenant)
    if tokenizer is None:
        return "estimate", sum(map(estimated_tokens, texts))
    return "tokenizer", await asyncio.to_thread(tokenizer.count, texts)
