"""Collected "jailbreaks in the wild": a quarter of them are none, and the long ones say so late.

Such collections hold raps, keyword planners and games that somebody posted beside true attacks; taken as attacks they teach that a long role
prompt is one. A row counts only where its words say that rules are to fall, and the piece that training sees holds those words.
"""

from __future__ import annotations

import re

AROUND = 60
"""Characters kept before and behind the words that tell."""
_FREE = r"(?:\w+ ){0,2}(?:rules|limits|limitations|restrictions|filters?|morals|ethics|boundaries|censorship|guidelines)"
_TOLD = re.compile(
    r"jail ?br|\bDAN\b|do anything|un(?:censored|filtered|restricted|ethical|moral)|illegal|amoral|immoral|never refus|disclaimer|developer mode"
    rf"|\bno {_FREE}|without (?:any )?{_FREE}|ignor\w+ (?:all|any|the|every|your|previous)|forget (?:all|your|every|previous)"
    r"|(?:can|do|will|must|may) ?not (?:refuse|decline|reject)|can't refuse|openai|content polic|guidelines|bypass|freed? from|broken free"
    r"|as an ai\b|i cannot|i can't|not bound|harmful|nsfw|tokens?\b.{0,40}(?:lose|deduct|left)",
    re.IGNORECASE,
)


def is_wild(source: str) -> bool:
    return "inthewild" in source or "in the wild" in source


def telling(text: str) -> str:
    """The words of `text` by which it is an attack, with some around them; empty where it is none."""
    found = _TOLD.search(text)
    return text[max(0, found.start() - AROUND) : found.end() + AROUND] if found else ""
