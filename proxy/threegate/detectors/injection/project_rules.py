"""Rules that a project gives to coding agents in its own files (AGENTS.md, a section of a README).

They address a model as planted orders do ("if you are an AI assistant working on this repository").
An address alone is no order: where the text after it is about work on this code, and nothing in it
sends, publishes, pays, deletes or hides something, the address is a hint and no more. What such
rules say is still read by the model. The words are in `project_rules.toml`.
"""

from __future__ import annotations

from typing import Any

import re2

from threegate.data_files import table

WORK_REACH, HARM_REACH = 160, 900
"""Code points after the beginning of an address in which work is looked for, and harm."""


def _pattern(name: str) -> Any:
    lists = table("detectors.injection", "project_rules")
    whole_words = r"\b(?:" + "|".join(lists[f"{name}_words"]) + r")\b"
    return re2.compile("|".join((f"(?i){whole_words}", *lists[name])))


_WORK, _HARM = _pattern("work"), _pattern("harm")


def is_project_rule(text: str, start: int) -> bool:
    """Whether an address that begins at `start` introduces rules for work on this code."""
    after = text[start : start + HARM_REACH]
    return bool(_WORK.search(after[:WORK_REACH])) and not _HARM.search(after)
