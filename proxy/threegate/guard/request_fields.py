"""Which fields and parts a request may have: denied, unknown and forced fields, images. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from threegate.guard.request_draft import Refusal, RequestDraft
from threegate.i18n.messages import localized
from threegate.policy.model import Fields, first_match, matches
from threegate.wire.adapter import Api, Body
from threegate.wire.known_fields import CONVERSATION

PREFILL = "prefill"
"""Among refused fields: a last turn of the assistant, `prefix: true` or not."""

IMAGE_PARTS = (
    "image_url",
    "input_image",
    "image",
    "image_embeds",
    "image_pil",
    "image_file",
    "image_generation_call",
    "computer_screenshot",
    "video_url",
    "input_video",
    "video",
)
"""Types of parts, and fields by which engines recognise them whatever the type says. A video is
made of images."""

_PICTURES = {
    **dict.fromkeys(("file_data", "file_url", "url", "data"), ("data:image/", "data:video/")),
    **dict.fromkeys(("media_type", "mime_type"), ("image/", "video/")),
}
"""Members of a file, and what they begin with if it is a picture."""

NO_PARTS = ("input", "arguments")
"""Members of a call that hold what a model wrote for a tool, where fields may have any name."""

CONTINUES = "continue_final_message"
"""A field that is also refused in the form that the responses API has for it."""
_OPEN = ("in_progress", "incomplete")

MOST_NOTED = 256
"""Dropped fields that a record names: more than any API has."""


def restrict_fields(draft: RequestDraft) -> Refusal | None:
    for rule_id, rule in draft.constraints.fields:
        named = _names(draft.body, rule.deny) if rule.deny else {}
        for name in rule.deny:
            if (where := _find_field(draft.body, named, name)) is not None:
                return Refusal(rule_id, "field_denied", localized("field-denied", name=name), where)
        if (refusal := _unknown(draft, rule_id, rule)) is not None:
            return refusal
        for name, value in rule.force:
            draft.set(name, value, rule_id, "forced")
    return None


def _names(body: Body, wanted: Iterable[str]) -> dict[str, str]:
    """The fields of the request, members of its objects (`reasoning.effort`) and the fields of its
    messages, in small letters, as some engines read them, each with its first place."""
    named = {name.casefold(): f"/{name}" for name in body}
    for name in {pattern.partition(".")[0] for pattern in wanted if "." in pattern}:
        value = body.get(name)
        for member in value if isinstance(value, dict) else ():
            named.setdefault(f"{name}.{member}".casefold(), f"/{name}/{member}")
    for at, message in _messages(body):
        for name in message:
            named.setdefault(name.casefold(), f"{at}/{name}")
    return named


def _find_field(body: Body, named: Mapping[str, str], pattern: str) -> str | None:
    """The place of a field that matches the pattern, in the request or one of its messages."""
    if pattern == PREFILL:
        return _prefill(body)
    name = first_match(pattern.casefold(), named)
    if name is None and matches(pattern, CONTINUES):
        return _unfinished(body)
    return None if name is None else named[name]


def _prefill(body: Body) -> str | None:
    """The beginning of an answer provided by the client, which the model continues."""
    return next((at for at, turn in _last_turns(body) if _is_answer(turn)), None)


def _unfinished(body: Body) -> str | None:
    """An answer at the end of a request to the responses API that says that it is not complete:
    vLLM continues it."""
    last = _last_turns(body)
    found = (at for at, turn in last if _is_answer(turn) and turn.get("status") in _OPEN)
    return next((f"{at}/status" for at in found), None)


def _is_answer(turn: Body) -> bool:
    return turn.get("role") == "assistant" or turn.get("type") == "reasoning"


def _last_turns(body: Body) -> list[tuple[str, Body]]:
    """Of both lists, because it is unknown which one is read."""
    last = {at.split("/")[1]: (at, turn) for at, turn in _messages(body)}
    return list(last.values())


def _messages(body: Body) -> Iterator[tuple[str, dict[str, Any]]]:
    for field_name in ("messages", "input"):
        items = body.get(field_name)
        for i, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield f"/{field_name}/{i}", item


def _unknown(draft: RequestDraft, rule_id: str, rule: Fields) -> Refusal | None:
    if rule.allow is None or rule.unknown == "pass":
        return None
    allowed = field_allow_list(rule.allow, draft.adapter.api)
    removed = allowed.removed(draft.body)
    if removed and rule.unknown == "refuse":
        return Refusal(rule_id, "unknown_field", localized("unknown-field"), "")
    if removed:
        draft.body = allowed.narrowed(draft.body)
        for name in removed[:MOST_NOTED]:
            draft.note(rule_id, name, "dropped")
    return None


def refuse_images(draft: RequestDraft) -> Refusal | None:
    denied_by = draft.constraints.images_denied_by
    if denied_by and any(map(_has_image, _with_parts(draft.body))):
        return Refusal(denied_by, "image_denied", localized("images"), "")
    return None


def _with_parts(body: Body) -> Iterator[Any]:
    """What has parts of a conversation: turns, and the variables of a stored prompt."""
    yield from (message for _, message in _messages(body))
    yield from (body.get(name) for name in ("system", "prompt"))


def _has_image(value: Any) -> bool:
    """At any depth, as in a tool's result."""
    if isinstance(value, list):
        return any(_has_image(below) for below in value)
    if not isinstance(value, dict):
        return False
    below = (inner for name, inner in value.items() if name not in NO_PARTS)
    shown = value.get("type") in IMAGE_PARTS or any(value.get(n) is not None for n in IMAGE_PARTS)
    return shown or _is_picture(value) or any(map(_has_image, below))


def _is_picture(file: Body) -> bool:
    given = ((file.get(name), starts) for name, starts in _PICTURES.items())
    return any(isinstance(t, str) and t[:11].lower().startswith(starts) for t, starts in given)


@dataclass(frozen=True, slots=True)
class FieldAllowList:
    """The fields that a policy lets through. An entry `user` passes a field as a whole;
    `chat_template_kwargs.thinking` passes one member of an object, and only with a plain value: a
    string, number, boolean or null. `members` has the fields that pass in part; none of them is in
    `whole`."""

    whole: frozenset[str]
    members: Mapping[str, frozenset[str]]

    def removed(self, body: Body) -> list[str]:
        """Fields and members (`field.member`) that do not pass, in the order of the request."""
        names: list[str] = []
        for name, value in body.items():
            if name in self.members and isinstance(value, dict):
                kept = self._kept_members(name, value)
                names += [f"{name}.{member}" for member in value if member not in kept]
            elif name not in self.whole:
                names.append(name)
        return names

    def narrowed(self, body: Body) -> Body:
        """A copy with everything that passes. An object without a passing member is left out."""
        return {name: value for name, value in self._passing(body) if name in self.whole or value}

    def _passing(self, body: Body) -> Iterator[tuple[str, Any]]:
        for name, value in body.items():
            if name in self.whole:
                yield name, value
            elif name in self.members and isinstance(value, dict):
                yield name, self._kept_members(name, value)

    def _kept_members(self, name: str, value: Body) -> Body:
        allowed = self.members[name]
        plain = {n: v for n, v in value.items() if not isinstance(v, dict | list)}
        return {n: v for n, v in plain.items() if n in allowed}


@lru_cache(maxsize=256)
def field_allow_list(entries: tuple[str, ...], api: Api) -> FieldAllowList:
    """Without what holds the conversation of another API: a gateway behind the guard may read it,
    and there is no constitution in it."""
    whole = frozenset(e for e in entries if "." not in e and api in CONVERSATION.get(e, Api))
    partly = (e for e in entries if "." in e and e.partition(".")[0] not in whole)
    return FieldAllowList(whole, _members(partly))


def _members(entries: Iterable[str]) -> dict[str, frozenset[str]]:
    members: dict[str, frozenset[str]] = {}
    for entry in entries:
        name, _, member = entry.partition(".")
        members[name] = members.get(name, frozenset()) | {member}
    return members
