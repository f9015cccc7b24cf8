"""Layer 2: applies the constraint rules to a request. Pure: a body in, a body and its changes out.

The rules of a caller are merged first (`constraint_merge`). The client never wins over a rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from threegate.guard.constraint_merge import Constraints
from threegate.guard.request_draft import BodyChange, Refusal, RequestDraft
from threegate.guard.request_fields import refuse_images, restrict_fields
from threegate.guard.sampling_bounds import bound_sampling
from threegate.i18n.messages import localized
from threegate.policy.model import ConstitutionPlace, KeepHistory, Tools, is_named, matches
from threegate.types import Channel, frozen
from threegate.wire import offered_tools
from threegate.wire.adapter import Api, Body, Placement, Slot
from threegate.wire.base import Adapter


@frozen
class Constrained:
    body: Body
    changes: tuple[BodyChange, ...] = ()
    refusal: Refusal | None = None


def constrain(
    body: Body,
    adapter: Adapter,
    constraints: Constraints,
    kinds: frozenset[str] = frozenset(),
    *,
    masked: bool = False,
) -> Constrained:
    """The body as the model may see it. For conditional clauses: `kinds` is what layer 1 found,
    `masked` whether a placeholder replaces a value in the body."""
    draft = RequestDraft(dict(body), adapter, constraints)
    for step in (_model, restrict_fields, refuse_images, _tools, bound_sampling, _history):
        if (refusal := step(draft)) is not None:
            return Constrained(draft.body, tuple(draft.changes), refusal)
    _place_constitution(draft, kinds, masked=masked)
    return Constrained(draft.body, tuple(draft.changes))


def _model(draft: RequestDraft) -> Refusal | None:
    requested = draft.body.get("model")
    if not isinstance(requested, str):
        text = localized("kind", place="model", kinds=localized("string"))
        return Refusal("", "invalid_request", text, "/model")
    if not requested.strip():  # engines take their own model then, which no rule would name
        return Refusal("", "invalid_request", localized("needed", place="model"), "/model")
    for rule_id, name, served in draft.constraints.alias:
        if requested == name:
            draft.body["model"] = requested = served
            draft.note(rule_id, "model", "aliased")
            break
    for rule_id, allowed in draft.constraints.allow:
        if not any(is_named(p, requested) for p in allowed):
            return Refusal(
                rule_id, "model_not_allowed", localized("model-not-allowed"), "/model", 403
            )
    return None


def _tools(draft: RequestDraft) -> Refusal | None:
    for rule_id, rule in draft.constraints.tools:
        tools = offered_tools.offered(draft.body)
        if sum(not tool.pointer.startswith(_ITEMS) for tool in tools) > rule.max:
            text = localized("tools", limit=rule.max)
            return Refusal(rule_id, "too_many_tools", text, "/tools")
        dropped = {t.pointer for t in tools if not all(tool_allowed(rule, *n) for n in t.names)}
        if dropped:
            draft.body = offered_tools.without(draft.body, frozenset(dropped))
            draft.note(rule_id, "tools", "dropped")
    return None


_ITEMS: Final = "/input/"
"""Tools of earlier searches, which a session collects, are not counted."""


def oversized(slots: Iterable[Slot], constraints: Constraints, api: Api) -> Refusal | None:
    """A tool result that is larger, all its parts together, than a rule allows."""
    sizes = _result_sizes(slots, api) if constraints.tools else {}
    for rule_id, rule in constraints.tools:
        for place, size in sizes.items():
            if size > rule.result_bytes:
                text = localized("tool-result", limit=rule.result_bytes)
                return Refusal(rule_id, "tool_result_too_large", text, place)
    return None


def _result_sizes(slots: Iterable[Slot], api: Api) -> dict[str, int]:
    """By the pointer of a result, which is a separate turn or, in the messages API, a block of a
    turn."""
    depth = 5 if api in (Api.MESSAGES, Api.TOKEN_COUNT) else 3
    sizes: dict[str, int] = {}
    for slot in slots:
        if slot.locus.channel is Channel.TOOL_RESULT:
            place = "/".join(slot.pointer.split("/")[:depth])
            sizes[place] = sizes.get(place, 0) + len(slot.text.encode("utf-8", "replace"))
    return sizes


def tool_allowed(rule: Tools, *name: str) -> bool:
    """`name` in all its spellings."""
    denied = any(matches(p, n) for p in rule.deny for n in name)
    return not denied and (
        rule.allow is None or any(is_named(p, n) for p in rule.allow for n in name)
    )


def _history(draft: RequestDraft) -> Refusal | None:
    rule_id, history = draft.constraints.history_by, draft.constraints.reasoning.history
    if history is KeepHistory.STRIP:
        stripped = draft.adapter.drop_reasoning_history(draft.body)
        if stripped != draft.body:
            draft.body = stripped
            draft.note(rule_id, "reasoning", "stripped")
    elif history is KeepHistory.REQUIRE and (
        where := draft.adapter.without_its_reasoning(draft.body)
    ):
        return Refusal(rule_id, "reasoning_required", localized("reasoning"), where)
    return None


def _place_constitution(draft: RequestDraft, kinds: frozenset[str], *, masked: bool) -> None:
    texts = [(rule_id, text) for rule_id, text, _ in draft.constraints.constitutions]
    texts += [
        (rule_id, clause.text)
        for rule_id, clause in draft.constraints.clauses
        if (clause.masked and masked) or any(matches(p, k) for p in clause.kinds for k in kinds)
    ]
    if not texts:
        return
    rules = dict.fromkeys(rule_id for rule_id, _ in texts)  # a text and its clauses are one change
    draft.changes += [BodyChange(rule_id, "constitution", "placed") for rule_id in rules]
    places = [place for _, _, place in draft.constraints.constitutions]
    where = place_for(
        places[-1] if places else ConstitutionPlace.AUTO, str(draft.body.get("model", ""))
    )
    text = "\n\n".join(text.strip() for _, text in texts)
    draft.body = draft.adapter.place_system(draft.body, text, where)


def place_for(place: ConstitutionPlace, model: str) -> Placement:
    """R1 was trained without a system prompt; R1-0528 and later support one. Source: DeepSeek's
    README."""
    if place is not ConstitutionPlace.AUTO:
        return Placement(place.value)
    name = model.lower()
    old_r1 = "r1" in name.replace("-", " ").split() or "deepseek-r1" in name
    return Placement.FIRST_USER if old_r1 and "0528" not in name else Placement.SYSTEM
