"""Log records that people are notified of, as one line of text: approvals, rules that stopped
themselves, a log that does not verify. A line names people, versions, rules and numbers. Notes,
reasons and comments stay in the console, because they are free text and may quote what the log
protects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from threegate.audit.log.record import Stage
from threegate.i18n.catalog import texts
from threegate.settings.model import WEBHOOK_TOPICS as TOPICS
from threegate.types import Bilingual

STAGES = (Stage.POLICY.value, Stage.ACCESS.value)
"""The only stages with something to announce."""

_WORDS: Mapping[str, tuple[str, Bilingual]] = {
    verb: (topic, text) for topic in TOPICS for verb, text in texts("announcements", topic).items()
}
_UNSAFE = re.compile(r"[^\w .:@\-–/、，,()]")
MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Announcement:
    """`path`: the console page about it."""

    topic: str
    verb: str
    at: str
    text: Bilingual
    path: str


def announcement(entry: Mapping[str, Any]) -> Announcement | None:
    """The announcement for the `entry` of a feed's `Item`; None if nobody is notified."""
    event = entry["event"]
    detail = event.get("detail", {})
    verb = "emergency" if detail.get("emergency") else str(detail.get("verb", ""))
    sound = verb == "verify" and detail.get("ok", True)
    if event["stage"] not in STAGES or verb not in _WORDS or sound:
        return None
    topic, text = _WORDS[verb]
    return Announcement(topic, verb, entry["ts"], _filled(text, event, detail), _path(topic, event))


def _filled(text: Bilingual, event: Mapping[str, Any], detail: Mapping[str, Any]) -> Bilingual:
    rule = _plain(detail.get("object", ""))
    named = [_plain(name) for name in detail.get("reviewers", ())]
    values = {
        "who": _plain(detail.get("actor", "")),
        "what": rule or event.get("policy", {}).get("digest", "")[:12],
        "due": _plain(detail.get("due", ""))[:16].replace("T", " ") + " UTC",
        "problems": str(int(detail.get("problems", 0))),
        "days": str(int(detail.get("days", 0))),
        "zh_asked": "、".join(named),
        "en_asked": f" by {', '.join(named)}" if named else "",
    }
    return Bilingual(text.zh.format(**values), text.en.format(**values))


def _path(topic: str, event: Mapping[str, Any]) -> str:
    rule = event.get("detail", {}).get("object", "")
    match topic:
        case "approvals":
            return f"/policies/version/{event.get('policy', {}).get('digest', '')}"
        case "rules":
            return f"/policies/rule/{_plain(rule)}"
        case _:
            return "/audit"


def _plain(name: Any) -> str:
    """A name without characters that a chat reads as markup or a mention."""
    return _UNSAFE.sub("", str(name))[:MAX_NAME]
