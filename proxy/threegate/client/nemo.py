"""NeMo Guardrails: the guard as actions of input and output rails. In `config.py` of the rails:

    from threegate import AsyncGuard
    from threegate.client.nemo import GuardActions

    def init(rails):
        GuardActions(AsyncGuard("http://guard:8080")).register(rails)

Flows call `threegate_input` and `threegate_output` (docs/service.md). Masked values are sealed and
kept in the context of the conversation. A check that cannot be made stops the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nemoguardrails.actions import action
from nemoguardrails.actions.actions import ActionResult
from nemoguardrails.actions.rail_outcome import RailOutcome, TransformTarget

from threegate.client.async_guard import AsyncGuard
from threegate.client.results import ContextOptions, GuardError, Verdict

ASKED, MASKS = "threegate_asked", "threegate_masks"
"""Context variables: the user's original text, and its values, sealed."""


@dataclass(frozen=True, slots=True)
class GuardActions:
    """`options` go with every check, as for `AsyncGuard.check`."""

    guard: AsyncGuard
    options: ContextOptions = field(default_factory=lambda: ContextOptions())

    def register(self, rails: Any) -> None:
        own = action(is_system_action=True)  # runs here, not at an actions server
        rails.register_action(own(self._input), name="threegate_input")
        rails.register_action(own(self._output), name="threegate_output")

    async def _input(self, context: Mapping[str, Any]) -> ActionResult:
        text = str(context["user_message"])
        try:
            verdict = await self.guard.check(text, **self.options)
        except GuardError as error:
            return ActionResult(return_value=_unchecked(error))
        outcome = _outcome(verdict, TransformTarget.USER_MESSAGE, text, verdict.text)
        kept = {ASKED: text, MASKS: verdict.masks}
        return ActionResult(return_value=outcome, context_updates=kept)

    async def _output(self, context: Mapping[str, Any]) -> RailOutcome:
        text = str(context["bot_message"])
        asked = str(context.get(ASKED) or "")
        turns = [{"role": "user", "content": asked}] if asked else []
        turns.append({"role": "assistant", "content": text})
        masks = str(context.get(MASKS) or "")
        try:
            verdict = await self.guard.check(
                messages=turns, stage="output", masks=masks, **self.options
            )
        except GuardError as error:
            return _unchecked(error)
        released = str((verdict.answer or {}).get("content") or "")
        return _outcome(verdict, TransformTarget.BOT_MESSAGE, text, released)


def _outcome(verdict: Verdict, target: Any, text: str, edited: str) -> RailOutcome:
    """`reason` is the text for the user in place of a stopped one."""
    about = {
        "id": verdict.id,
        "action": verdict.action,
        "kinds": sorted({found.kind for found in verdict.findings}),
    }
    if not verdict.allowed:
        return RailOutcome.block(reason=verdict.words, metadata=about)
    if edited != text:
        return RailOutcome.transform([(target, edited)], metadata=about)
    return RailOutcome.allow(metadata=about)


def _unchecked(error: GuardError) -> RailOutcome:
    return RailOutcome.failure(reason=str(error), metadata={"code": error.code})
