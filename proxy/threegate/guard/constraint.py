"""Layer 2: applies the constraint rules to a request. Pure: a body in, a body and its changes out.

The rules of a caller are merged first (`constraint_merge`). The client never wins over a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from threegate.guard.constraint_merge import Constraints
from threegate.guard.field_allow_list import field_allow_list
from threegate.i18n.messages import localized
from threegate.policy.model import (
    Clamp,
    ConstitutionPlace,
    Fields,
    KeepHistory,
    Tools,
    first_match,
    matches,
)
from threegate.types import Bilingual, Channel, frozen
from threegate.wire.adapter import Api, Body, Placement, Slot
from threegate.wire.base import Adapter
from threegate.wire.known_fields import PUBLISHED

MAX_TOKENS = "max_tokens"
TOKEN_LIMITS = (MAX_TOKENS, "max_completion_tokens", "max_output_tokens")
PREFILL = "prefill"
"""Among refused fields: a last turn of the assistant, `prefix: true` or not."""

DEFAULTED: dict[Api, frozenset[str]] = {
    Api.CHAT: frozenset({"temperature", "top_p", "n", "presence_penalty", "frequency_penalty"}),
    Api.COMPLETIONS: frozenset({"temperature", "top_p", "n"}),
    Api.RESPONSES: frozenset({"temperature", "top_p"}),
    Api.MESSAGES: frozenset({"temperature", "top_p"}),
    Api.EMBEDDINGS: frozenset(),
    Api.TOKEN_COUNT: frozenset(),
}
"""Fields that a rule may add where the client sent none; others are changed only where present."""

WITHOUT_ANSWER = (Api.EMBEDDINGS, Api.TOKEN_COUNT)
"""APIs whose calls make no text, so that its length has no bound."""

IMAGE_PARTS = (
    "image_url",
    "input_image",
    "image",
    "image_embeds",
    "image_pil",
    "computer_screenshot",
)
"""Types of parts; also fields by which engines recognise them, whatever the type says."""
NO_PARTS = ("input", "arguments")
"""Of a call: what a model wrote for a tool, where a field may have any name."""


UNKNOWN = "unknown"
"""Recorded instead of a field name that no API publishes: such a name is the client's own text."""


@frozen
class BodyChange:
    """One change that layer 2 made to a request; never a value. `field_name` is fit for the audit
    log, `sent_name` is as the client wrote it, for the answer to that client only."""

    rule_id: str
    field_name: str
    what: (
        str  # clamped | forced | defaulted (none was sent) | dropped | placed | aliased | stripped
    )
    sent_name: str = field(default="", repr=False, compare=False)


@frozen
class Refusal:
    rule_id: str
    code: str
    message: Bilingual
    param: str
    status: int = 400


@frozen
class Constrained:
    body: Body
    changes: tuple[BodyChange, ...] = ()
    refusal: Refusal | None = None


def constrain(
    body: Body,
    shape: Adapter,
    constraints: Constraints,
    kinds: frozenset[str] = frozenset(),
    *,
    masked: bool = False,
) -> Constrained:
    """The body as the model may see it. For conditional clauses: `kinds` is what layer 1 found,
    `masked` whether a placeholder replaces a value in the body."""
    call = _Call(dict(body), shape, constraints)
    for step in (_model, _fields, _images, _tools, _clamps, _history):
        if (refusal := step(call)) is not None:
            return Constrained(call.body, tuple(call.changes), refusal)
    _place_constitution(call, kinds, masked=masked)
    return Constrained(call.body, tuple(call.changes))


@dataclass(slots=True)
class _Call:
    """What the steps work on, one after another: the body changes, and each change is noted."""

    body: Body
    shape: Adapter
    constraints: Constraints
    changes: list[BodyChange] = field(default_factory=list)

    def note(self, rule_id: str, name: str, what: str) -> None:
        self.changes.append(BodyChange(rule_id, _recorded(name), what, name))

    def drop(self, name: str, rule_id: str) -> None:
        if name in self.body:
            del self.body[name]
            self.note(rule_id, name, "dropped")

    def set(self, name: str, value: Any, rule_id: str, what: str) -> None:
        old = self.body.get(name)
        if old != value:
            self.body[name] = value
            self.note(rule_id, name, "defaulted" if old is None else what)


def _recorded(name: str) -> str:
    parent, dot, _ = name.partition(".")
    if name in PUBLISHED:
        return name
    return f"{parent}.{UNKNOWN}" if dot and parent in PUBLISHED else UNKNOWN


def _model(call: _Call) -> Refusal | None:
    requested = call.body.get("model")
    if not isinstance(requested, str):
        text = localized("kind", place="model", kinds=localized("string"))
        return Refusal("", "invalid_request", text, "/model")
    for rule_id, name, served in call.constraints.alias:
        if requested == name:
            call.body["model"] = requested = served
            call.note(rule_id, "model", "aliased")
            break
    for rule_id, allowed in call.constraints.allow:
        if not any(matches(p, requested) for p in allowed):
            return Refusal(
                rule_id, "model_not_allowed", localized("model-not-allowed"), "/model", 403
            )
    return None


def _fields(call: _Call) -> Refusal | None:
    for rule_id, rule in call.constraints.fields:
        named = _names(call.body) if rule.deny else {}
        for name in rule.deny:
            if (where := _find_field(call.body, named, name)) is not None:
                return Refusal(rule_id, "field_denied", localized("field-denied", name=name), where)
        if (refusal := _unknown(call, rule_id, rule)) is not None:
            return refusal
        for name, value in rule.force:
            call.set(name, value, rule_id, "forced")
    return None


def _names(body: Body) -> dict[str, str]:
    """The fields of the request and of its messages, each with the first place where it is."""
    named = dict.fromkeys(body, "")
    for at, message in _messages(body):
        for name in message:
            named.setdefault(name, at)
    return named


def _find_field(body: Body, named: Mapping[str, str], pattern: str) -> str | None:
    """Where a field is that the pattern names: of the request or of one of its messages."""
    if pattern == PREFILL:
        return _prefill(body)
    name = first_match(pattern, named)
    return None if name is None else f"{named[name]}/{name}"


def _prefill(body: Body) -> str | None:
    """The beginning of an answer that the client gives: the model goes on with it."""
    turns = list(_messages(body))
    return turns[-1][0] if turns and turns[-1][1].get("role") == "assistant" else None


def _messages(body: Body) -> Iterator[tuple[str, dict[str, Any]]]:
    for field_name in ("messages", "input"):
        items = body.get(field_name)
        for i, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield f"/{field_name}/{i}", item


def _unknown(call: _Call, rule_id: str, rule: Fields) -> Refusal | None:
    if rule.allow is None or rule.unknown == "pass":
        return None
    allowed = field_allow_list(rule.allow)
    removed = allowed.removed(call.body)
    if removed and rule.unknown == "refuse":
        return Refusal(rule_id, "unknown_field", localized("unknown-field"), "")
    if removed:
        call.body = allowed.narrowed(call.body)
        for name in removed:
            call.note(rule_id, name, "dropped")
    return None


def _images(call: _Call) -> Refusal | None:
    denied_by = call.constraints.images_denied_by
    if denied_by and any(_has_image(list(m.values())) for _, m in _messages(call.body)):
        return Refusal(denied_by, "image_denied", localized("images"), "")
    return None


def _has_image(value: Any) -> bool:
    """However deep, as in a tool's result."""
    if isinstance(value, list):
        return any(_has_image(below) for below in value)
    if not isinstance(value, dict):
        return False
    below = (inner for name, inner in value.items() if name not in NO_PARTS)
    shown = value.get("type") in IMAGE_PARTS or any(value.get(n) is not None for n in IMAGE_PARTS)
    return shown or any(map(_has_image, below))


def _tools(call: _Call) -> Refusal | None:
    for rule_id, rule in call.constraints.tools:
        names = [t.name for t in call.shape.tools(call.body)]
        if len(names) > rule.max:
            text = localized("tools", limit=rule.max)
            return Refusal(rule_id, "too_many_tools", text, "/tools")
        kept = frozenset(n for n in names if tool_allowed(rule, n))
        if len(kept) < len(names):
            call.body = call.shape.keep_tools(call.body, kept)
            call.note(rule_id, "tools", "dropped")
    return None


def oversized(slots: Iterable[Slot], constraints: Constraints, api: Api) -> Refusal | None:
    """A tool result that is larger than a rule lets in, all its parts together."""
    sizes = _result_sizes(slots, api) if constraints.tools else {}
    for rule_id, rule in constraints.tools:
        for place, size in sizes.items():
            if size > rule.result_bytes:
                text = localized("tool-result", limit=rule.result_bytes)
                return Refusal(rule_id, "tool_result_too_large", text, place)
    return None


def _result_sizes(slots: Iterable[Slot], api: Api) -> dict[str, int]:
    """By the pointer of a result: a turn of its own, in messages a block of a turn."""
    depth = 5 if api in (Api.MESSAGES, Api.TOKEN_COUNT) else 3
    sizes: dict[str, int] = {}
    for slot in slots:
        if slot.locus.channel is Channel.TOOL_RESULT:
            place = "/".join(slot.pointer.split("/")[:depth])
            sizes[place] = sizes.get(place, 0) + len(slot.text.encode("utf-8", "replace"))
    return sizes


def tool_allowed(rule: Tools, name: str) -> bool:
    denied = any(matches(p, name) for p in rule.deny)
    return not denied and (rule.allow is None or any(matches(p, name) for p in rule.allow))


def _clamps(call: _Call) -> Refusal | None:
    for rule_id, name, clamp in call.constraints.clamps:
        for target in _targets(call, name):
            if (refusal := _clamp(call, target, rule_id, clamp)) is not None:
                return refusal
    return None


def _targets(call: _Call, name: str) -> tuple[str, ...]:
    """`max_tokens` has other names, and an engine reads the one that it knows; sampling fields only
    where the API has them."""
    api = call.shape.api
    if name == MAX_TOKENS:
        own = () if api in WITHOUT_ANSWER else (call.shape.max_tokens_field(call.body),)
        given = (n for n in TOKEN_LIMITS if call.body.get(n) is not None)
        return tuple(dict.fromkeys((*own, *given)))
    return (name,) if name in call.body or name in DEFAULTED[api] else ()


def _clamp(call: _Call, name: str, rule_id: str, clamp: Clamp) -> Refusal | None:
    """Order: drop, force, default, min and max."""
    value = call.body.get(name)
    if clamp.drop:
        call.drop(name, rule_id)
    elif clamp.force is not None:
        call.set(name, _number(name, clamp.force), rule_id, "forced")
    elif value is None:
        if clamp.default is not None:
            call.set(name, _number(name, clamp.default), rule_id, "defaulted")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        text = localized("kind", place=name, kinds=localized("number"))
        return Refusal(rule_id, "invalid_request", text, f"/{name}")
    else:
        call.set(name, _number(name, _bounded(value, clamp)), rule_id, "clamped")
    return None


def _bounded(value: float, clamp: Clamp) -> float:
    value = value if clamp.min is None else max(value, clamp.min)
    return value if clamp.max is None else min(value, clamp.max)


def _number(name: str, value: float) -> float:
    """Counts are whole numbers: model APIs refuse `8.0`."""
    return int(value) if float(value).is_integer() and _is_count(name) else value


def _is_count(name: str) -> bool:
    return name in ("n", "top_k", "seed", "best_of", "top_logprobs") or "tokens" in name


def _history(call: _Call) -> Refusal | None:
    rule_id, history = call.constraints.history_by, call.constraints.reasoning.history
    if history is KeepHistory.STRIP:
        stripped = call.shape.drop_reasoning_history(call.body)
        if stripped != call.body:
            call.body = stripped
            call.note(rule_id, "reasoning", "stripped")
    elif history is KeepHistory.REQUIRE and (where := call.shape.without_its_reasoning(call.body)):
        return Refusal(rule_id, "reasoning_required", localized("reasoning"), where)
    return None


def _place_constitution(call: _Call, kinds: frozenset[str], *, masked: bool) -> None:
    texts = [(rule_id, text) for rule_id, text, _ in call.constraints.constitutions]
    texts += [
        (rule_id, clause.text)
        for rule_id, clause in call.constraints.clauses
        if (clause.masked and masked) or any(matches(p, k) for p in clause.kinds for k in kinds)
    ]
    if not texts:
        return
    call.changes += [BodyChange(rule_id, "constitution", "placed") for rule_id, _ in texts]
    places = [place for _, _, place in call.constraints.constitutions]
    where = place_for(
        places[-1] if places else ConstitutionPlace.AUTO, str(call.body.get("model", ""))
    )
    text = "\n\n".join(text.strip() for _, text in texts)
    call.body = call.shape.place_system(call.body, text, where)


def place_for(place: ConstitutionPlace, model: str) -> Placement:
    """R1 was trained without a system prompt; since R1-0528 it has one. Source: DeepSeek's
    README."""
    if place is not ConstitutionPlace.AUTO:
        return Placement(place.value)
    name = model.lower()
    old_r1 = "r1" in name.replace("-", " ").split() or "deepseek-r1" in name
    return Placement.FIRST_USER if old_r1 and "0528" not in name else Placement.SYSTEM
