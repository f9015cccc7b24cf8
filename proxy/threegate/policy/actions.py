"""The actions of rules: one entry each, strongest last. Order is that of `types.Action`."""

from __future__ import annotations

from dataclasses import dataclass

from threegate.policy.schema import Then
from threegate.types import Action, Bilingual, Layer


@dataclass(frozen=True, slots=True)
class ActionInfo:
    action: Action
    title: Bilingual
    layers: frozenset[Layer]
    needs_span: bool = False
    """Only kinds with an exact place can be masked or redacted; a verdict on a whole sentence
    cannot."""

    @property
    def key(self) -> str:
        return self.action.name.lower()


_BOTH = frozenset({Layer.INPUT, Layer.OUTPUT})
_OUTPUT = frozenset({Layer.OUTPUT})

ACTIONS = (
    ActionInfo(Action.ALLOW, Bilingual("放行", "allow"), _BOTH),
    ActionInfo(Action.FLAG, Bilingual("放行并记录", "flag"), _BOTH),
    ActionInfo(Action.ANNOTATE, Bilingual("注明", "annotate"), _OUTPUT),
    ActionInfo(Action.MASK, Bilingual("脱敏", "mask"), _BOTH, needs_span=True),
    ActionInfo(Action.REDACT, Bilingual("删除", "redact"), _BOTH, needs_span=True),
    ActionInfo(Action.REWRITE, Bilingual("改写", "rewrite"), _OUTPUT),
    ActionInfo(Action.ANSWER, Bilingual("代答", "answer"), _BOTH),
    ActionInfo(Action.BLOCK, Bilingual("拦截", "block"), _BOTH),
)
BY_ACTION = {info.action: info for info in ACTIONS}
_KEYS = tuple((info.action, info.key) for info in ACTIONS)


def written_actions(then: Then) -> tuple[Action, ...]:
    """The actions that a `then` names; exactly one is required, except in a fact check."""
    return tuple(action for action, key in _KEYS if getattr(then, key, None) is not None)


def then_action(then: Then) -> Action:
    """The strongest action that a rule can lead to; BLOCK if a (broken) rule names none."""
    outcomes = (then.on_contradicted, then.on_unsupported, then.on_no_source)
    given = [*written_actions(then), *(o for o in outcomes if o is not None)]
    return max(given, default=Action.BLOCK)


def title_of(action: Action) -> Bilingual:
    return BY_ACTION[action].title
