"""What a request says about itself: language, conversation, question, and sources for claims."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from string import ascii_letters

from threegate.policy.model import Claims, Knowledge
from threegate.types import Caller, Channel, Source
from threegate.wire.adapter import Body, Slot

CONVERSATION_HEADER = "x-conversation-id"
MAX_SUBJECT = 256

SOURCE_CHANNELS = {
    Channel.SYSTEM: "system",
    Channel.USER: "user",
    Channel.TOOL_RESULT: "tool_result",
}

RETRIEVED = ("/context", "/documents")
"""Extension fields with sources for the fact check. `context` is our own and is not forwarded."""

LANGUAGE_CHARS = 600
_NO_HAN = bytes({*range(256)} - {*range(0x34, 0xA0)})
"""Bytes that are not the upper byte of a UTF-16 unit from U+3400 to U+9FFF."""
_NO_LATIN = bytes({*range(256)} - {*ascii_letters.encode()})

MIN_SOURCE_CHARS = 120
"""A user turn shorter than this is a question, not a document that claims may rest on."""


def language_of(slots: Sequence[Slot]) -> str:
    """The language of the last user turn."""
    return language_of_text(last_question(slots))


def language_of_text(text: str) -> str:
    """`zh` if more than 15 % of the letters at its start are Han characters, else `en`."""
    text = text[:LANGUAGE_CHARS]
    if text.isascii():
        return "en"
    units = text.encode("utf-16-le", "surrogatepass")
    han = len(units[1::2].translate(None, _NO_HAN))  # a sixth of the time that `re` takes
    latin = len(text.encode("ascii", "ignore").translate(None, _NO_LATIN))
    return "zh" if han > 0.15 * (han + latin) else "en"


def last_question(slots: Sequence[Slot]) -> str:
    """The last user turn; for an API without turns, the prompt."""
    users = [s for s in slots if s.locus.channel is Channel.USER and s.text.strip()]
    turns = [s.locus.message for s in users if s.locus.message is not None]
    last = turns[-1] if turns else None
    return "\n".join(s.text for s in users if s.locus.message == last)


def with_provenance(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """Documents and context in a request are retrieved text, not the user's own words."""
    return tuple(
        [
            replace(s, locus=replace(s.locus, channel=Channel.TOOL_RESULT))
            if s.pointer.startswith(RETRIEVED)
            else s
            for s in slots
        ]
    )


def conversation_of(headers: Mapping[str, str], slots: Sequence[Slot], caller: Caller) -> str:
    """The client's own id, else a hash of what stays the same throughout a conversation."""
    given = headers.get(CONVERSATION_HEADER, "")[:128]
    first = next((s.text for s in slots if s.locus.channel is Channel.USER), "")
    seed = given or first
    named = f"{caller.tenant}\0{caller.key_id}\0{seed}"
    return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def subject_of(body: Body, headers: Mapping[str, str], header: str) -> str:
    """The end user whom a call is for, as the client names them: in the header of the settings, in
    `user` or `safety_identifier` (OpenAI) or in `metadata.user_id` (Anthropic). Stored only as a
    keyed hash, so that a person's records can be found, exported and erased."""
    metadata = body.get("metadata")
    named = (
        headers.get(header.lower(), "") if header else "",
        body.get("user"),
        body.get("safety_identifier"),
        metadata.get("user_id") if isinstance(metadata, Mapping) else "",
    )
    return next((n[:MAX_SUBJECT] for n in named if isinstance(n, str) and n), "")


def sources_of(
    slots: Sequence[Slot], knowledge: Iterable[Knowledge], checks: Iterable[Claims]
) -> tuple[Source, ...]:
    """Texts that claims may rest on, as far as any fact check counts them."""
    wanted = {source for check in checks for source in check.sources}
    if not wanted:
        return ()
    named = ((s, _source_name(s)) for s in slots)
    found = [Source(f"{n}:{s.pointer}", s.text, frozenset({n})) for s, n in named if n in wanted]
    known = (Source(k.id, k.text, _names_of(k)) for k in knowledge)
    return (*found, *(source for source in known if wanted & source.names))


def _names_of(known: Knowledge) -> frozenset[str]:
    return frozenset({"knowledge", f"knowledge/{known.id.partition('/')[0]}"})


def counted_by(checks: Iterable[Claims]) -> tuple[frozenset[str], ...]:
    """The sources that each fact check counts, if they differ."""
    counted = {frozenset(check.sources) for check in checks}
    return tuple(sorted(counted, key=sorted)) if len(counted) > 1 else ()


def _source_name(slot: Slot) -> str:
    if slot.pointer.startswith(RETRIEVED):
        return "context"
    name = SOURCE_CHANNELS.get(slot.locus.channel, "")
    return "" if name == "user" and len(slot.text) < MIN_SOURCE_CHARS else name
