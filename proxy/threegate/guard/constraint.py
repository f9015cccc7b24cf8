"""Layer 2: the model call is held to the organisation's values. Pure: a body in, a body out.

Several rules may apply to a caller; they are merged first and the stricter value wins, so that an
overlay can narrow what a base pack allows and never widen it. The client never wins over a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from threegate.policy.model import (
    Clamp,
    Clause,
    CompiledPolicy,
    Fields,
    KeepHistory,
    Limits,
    Mode,
    Place,
    Reasoning,
    ResponseFormat,
    Show,
    Tools,
    matches,
)
from threegate.types import Caller, Channel
from threegate.wire.adapter import Adapter, Api, Body, Placement, Slot

MAX_TOKENS = "max_tokens"
PREFILL = "prefill"
"""Among refused fields: a last turn of the assistant, `prefix: true` or not."""

DEFAULTED: dict[Api, frozenset[str]] = {
    Api.CHAT: frozenset({"temperature", "top_p", "n", "presence_penalty", "frequency_penalty"}),
    Api.COMPLETIONS: frozenset({"temperature", "top_p", "n"}),
    Api.RESPONSES: frozenset({"temperature", "top_p"}),
    Api.MESSAGES: frozenset({"temperature", "top_p"}),
    Api.EMBEDDINGS: frozenset(),
}
"""Fields that a rule may add where the client sent none; others are changed only where present."""

IMAGE_PARTS = ("image_url", "input_image", "image")


@dataclass(frozen=True, slots=True)
class Change:
    """What layer 2 did to one field of a call: recorded, never a value that the client sent."""

    rule_id: str
    field: str
    what: str  # clamped | forced | defaulted | dropped | placed | aliased | stripped


@dataclass(frozen=True, slots=True)
class Refusal:
    rule_id: str
    code: str
    message: str
    param: str
    status: int = 400


PLAIN = Reasoning()


@dataclass(frozen=True, slots=True)
class Constraints:
    """All constraint rules of one caller, merged. Each value remembers the rule it came from."""

    clamps: tuple[tuple[str, str, Clamp], ...] = ()  # (rule id, field, clamp)
    constitutions: tuple[tuple[str, str, Place], ...] = ()
    clauses: tuple[tuple[str, Clause], ...] = ()
    allow: tuple[tuple[str, tuple[str, ...]], ...] = ()
    alias: tuple[tuple[str, str, str], ...] = ()
    tools: tuple[tuple[str, Tools], ...] = ()
    fields: tuple[tuple[str, Fields], ...] = ()
    reasoning: Reasoning = PLAIN
    history_by: str = ""  # the rule that says what becomes of old reasoning
    limits: tuple[tuple[str, Limits], ...] = ()
    response_format: tuple[tuple[str, ResponseFormat], ...] = ()
    images_denied_by: str = ""
    shadow: tuple[str, ...] = ()


def merge(policy: CompiledPolicy, caller: Caller) -> Constraints:
    """The constraints of one caller. Rules in shadow are named, not applied."""
    rules = [r for r in policy.constraints if r.when.matches(caller) and r.mode is not Mode.OFF]
    live = [r for r in rules if r.mode is Mode.ENFORCE]
    return Constraints(
        clamps=tuple((r.id, name, clamp) for r in live for name, clamp in r.clamp),
        constitutions=tuple(
            (r.id, r.constitution.text, r.constitution.place) for r in live if r.constitution
        ),
        clauses=tuple((r.id, c) for r in live for c in r.clauses),
        allow=tuple(
            (r.id, r.models.allow) for r in live if r.models and r.models.allow is not None
        ),
        alias=tuple((r.id, a, b) for r in live if r.models for a, b in r.models.alias),
        tools=tuple((r.id, r.tools) for r in live if r.tools),
        fields=tuple((r.id, r.fields) for r in live if r.fields),
        reasoning=_strictest(r.reasoning for r in live if r.reasoning),
        history_by=next(
            (r.id for r in reversed(live) if r.reasoning and r.reasoning.history != "pass"), ""
        ),
        limits=tuple((r.id, r.limits) for r in live if r.limits),
        response_format=tuple((r.id, r.response_format) for r in live if r.response_format),
        images_denied_by=next((r.id for r in live if r.images == "deny"), ""),
        shadow=tuple(r.id for r in rules if r.mode is Mode.SHADOW),
    )


def _strictest(settings: Iterable[Reasoning]) -> Reasoning:
    out = Reasoning()
    for r in settings:
        show = max(out.show, r.show, key=(Show.SHOWN, Show.NOTICE, Show.HIDDEN).index)
        history = r.history if r.history is not KeepHistory.PASS else out.history
        check = "separate" if "separate" in (out.check, r.check) else "same"
        out = replace(r, show=show, history=history, check=check)
    return out


@dataclass(frozen=True, slots=True)
class Constrained:
    body: Body
    changes: tuple[Change, ...] = ()
    refusal: Refusal | None = None


def constrain(
    body: Body, shape: Adapter, constraints: Constraints, kinds: frozenset[str] = frozenset()
) -> Constrained:
    """The body as the model may see it. `kinds` is what layer 1 found, for conditional clauses."""
    changes: list[Change] = []
    body = dict(body)
    for step in (_model, _fields, _images, _tools, _clamps, _history):
        refusal = step(body, shape, constraints, changes)
        if refusal is not None:
            return Constrained(body, tuple(changes), refusal)
    return Constrained(_constitution(body, shape, constraints, kinds, changes), tuple(changes))


def _model(
    body: Body, shape: Adapter, constraints: Constraints, changes: list[Change]
) -> Refusal | None:
    asked = body.get("model")
    if not isinstance(asked, str):
        return Refusal("", "invalid_request", "model must be a string", "/model")
    for rule_id, name, served in constraints.alias:
        if asked == name:
            body["model"] = asked = served
            changes.append(Change(rule_id, "model", "aliased"))
            break
    for rule_id, allowed in constraints.allow:
        if not any(matches(p, asked) for p in allowed):
            return Refusal(rule_id, "model_not_allowed", "this model is not allowed", "/model", 403)
    return None


def _fields(
    body: Body, shape: Adapter, constraints: Constraints, changes: list[Change]
) -> Refusal | None:
    for rule_id, rule in constraints.fields:
        for name in rule.deny:
            if (where := _find_field(body, name)) is not None:
                return Refusal(rule_id, "field_denied", f"the field {name} is not allowed", where)
        refusal = _unknown(body, rule_id, rule, changes)
        if refusal is not None:
            return refusal
        for name, value in rule.force:
            if body.get(name) != value:
                body[name] = value
                changes.append(Change(rule_id, name, "forced"))
    return None


def _find_field(body: Body, pattern: str) -> str | None:
    """Where a field is that the pattern names: of the request or of one of its messages."""
    if pattern == PREFILL:
        return _prefill(body)
    for at, holder in (("", body), *_messages(body)):
        if name := next((n for n in holder if matches(pattern, n)), ""):
            return f"{at}/{name}"
    return None


def _prefill(body: Body) -> str | None:
    """The beginning of an answer that the client gives: the model goes on with it."""
    turns = list(_messages(body))
    return turns[-1][0] if turns and turns[-1][1].get("role") == "assistant" else None


def _messages(body: Body) -> Iterator[tuple[str, dict[str, Any]]]:
    for field in ("messages", "input"):
        items = body.get(field)
        for i, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield f"/{field}/{i}", item


def _unknown(body: Body, rule_id: str, rule: Fields, changes: list[Change]) -> Refusal | None:
    if rule.allow is None or rule.unknown == "pass":
        return None
    unknown = [name for name in body if name not in rule.allow]
    if unknown and rule.unknown == "refuse":
        return Refusal(rule_id, "unknown_field", "a field is not on the allow-list", "")
    for name in unknown:
        del body[name]
        changes.append(Change(rule_id, "unknown", "dropped"))
    return None


def _images(
    body: Body, shape: Adapter, constraints: Constraints, changes: list[Change]
) -> Refusal | None:
    if constraints.images_denied_by and any(_has_image(m) for _, m in _messages(body)):
        return Refusal(constraints.images_denied_by, "image_denied", "images are not allowed", "")
    return None


def _has_image(message: dict[str, Any]) -> bool:
    parts = message.get("content")
    if not isinstance(parts, list):
        return False
    return any(isinstance(p, dict) and p.get("type") in IMAGE_PARTS for p in parts)


def _tools(
    body: Body, shape: Adapter, constraints: Constraints, changes: list[Change]
) -> Refusal | None:
    for rule_id, rule in constraints.tools:
        names = [t.name for t in shape.tools(body)]
        if len(names) > rule.max:
            text = f"more than {rule.max} tools"
            return Refusal(rule_id, "too_many_tools", text, "/tools")
        kept = frozenset(n for n in names if tool_allowed(rule, n))
        if len(kept) < len(names):
            smaller = shape.keep_tools(body, kept)
            body.clear()
            body.update(smaller)
            changes.append(Change(rule_id, "tools", "dropped"))
    return None


def oversized(slots: Iterable[Slot], constraints: Constraints) -> Refusal | None:
    """A tool result that is larger than a rule lets in."""
    for rule_id, rule in constraints.tools:
        for slot in slots:
            result = slot.locus.channel is Channel.TOOL_RESULT
            if result and len(slot.text.encode("utf-8", "replace")) > rule.result_bytes:
                text = f"a tool result is larger than {rule.result_bytes} bytes"
                return Refusal(rule_id, "tool_result_too_large", text, slot.pointer)
    return None


def tool_allowed(rule: Tools, name: str) -> bool:
    denied = any(matches(p, name) for p in rule.deny)
    return not denied and (rule.allow is None or any(matches(p, name) for p in rule.allow))


def _clamps(
    body: Body, shape: Adapter, constraints: Constraints, changes: list[Change]
) -> Refusal | None:
    for rule_id, name, clamp in constraints.clamps:
        for target in _targets(body, shape, name):
            refusal = _clamp(body, target, rule_id, clamp, changes)
            if refusal is not None:
                return refusal
    return None


def _targets(body: Body, shape: Adapter, name: str) -> tuple[str, ...]:
    """`max_tokens` has other names in other APIs; sampling fields only where the API has them."""
    if name == MAX_TOKENS:
        return (shape.max_tokens_field(body),) if shape.api is not Api.EMBEDDINGS else ()
    return (name,) if name in body or name in DEFAULTED[shape.api] else ()


def _clamp(
    body: Body, name: str, rule_id: str, clamp: Clamp, changes: list[Change]
) -> Refusal | None:
    value = body.get(name)
    if clamp.drop:
        if name in body:
            del body[name]
            changes.append(Change(rule_id, name, "dropped"))
        return None
    if clamp.force is not None:
        _set(body, name, clamp.force, rule_id, "forced", changes)
        return None
    if value is None:
        default = clamp.default
        if default is None and name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
            default = clamp.max
        _set(body, name, default, rule_id, "defaulted", changes)
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Refusal(rule_id, "invalid_request", f"{name} must be a number", f"/{name}")
    bounded = value if clamp.min is None else max(value, clamp.min)
    bounded = bounded if clamp.max is None else min(bounded, clamp.max)
    _set(body, name, bounded, rule_id, "clamped", changes)
    return None


def _history(
    body: Body, shape: Adapter, constraints: Constraints, changes: list[Change]
) -> Refusal | None:
    rule_id, history = constraints.history_by, constraints.reasoning.history
    if history is KeepHistory.STRIP:
        stripped = shape.drop_reasoning_history(body)
        if stripped != body:
            body.update(stripped)
            changes.append(Change(rule_id, "reasoning", "stripped"))
    elif history is KeepHistory.REQUIRE and (where := shape.without_its_reasoning(body)):
        text = "a turn with tool calls must bring the reasoning that led to them"
        return Refusal(rule_id, "reasoning_required", text, where)
    return None


def _set(
    body: Body, name: str, value: float | None, rule_id: str, what: str, changes: list[Change]
) -> None:
    if value is None or body.get(name) == value:
        return
    body[name] = int(value) if float(value).is_integer() and _is_count(name) else value
    changes.append(Change(rule_id, name, what))


def _is_count(name: str) -> bool:
    return name in ("n", "top_k", "seed", "best_of", "top_logprobs") or "tokens" in name


def _constitution(
    body: Body,
    shape: Adapter,
    constraints: Constraints,
    kinds: frozenset[str],
    changes: list[Change],
) -> Body:
    clauses = [
        (rule_id, c.text)
        for rule_id, c in constraints.clauses
        if any(matches(p, k) for p in c.kinds for k in kinds)
    ]
    if not constraints.constitutions and not clauses:
        return body
    place = constraints.constitutions[-1][2] if constraints.constitutions else Place.AUTO
    parts = [(rule_id, text) for rule_id, text, _ in constraints.constitutions] + clauses
    changes.extend(Change(rule_id, "constitution", "placed") for rule_id, _ in parts)
    text = "\n\n".join(text.strip() for _, text in parts)
    return shape.place_system(body, text, place_for(place, str(body.get("model", ""))))


def place_for(place: Place, model: str) -> Placement:
    """R1 was trained without a system prompt; since R1-0528 it has one. Source: DeepSeek's
    README."""
    if place is not Place.AUTO:
        return Placement(place.value)
    name = model.lower()
    old_r1 = "r1" in name.replace("-", " ").split() or "deepseek-r1" in name
    return Placement.FIRST_USER if old_r1 and "0528" not in name else Placement.SYSTEM


def constitution_text(constraints: Constraints) -> str:
    return "\n\n".join(text for _, text, _ in constraints.constitutions)
