"""One decision in plain words, for the person concerned: what happened to the call and which rule
found what, without the text itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from threegate.console.presenters import labels
from threegate.console.presenters.records import deciding, is_found, title_of
from threegate.i18n.catalog import texts
from threegate.types import Action, Bilingual

WORDS = texts("console", "explained")


def explanation(
    event: Mapping[str, Any], at: str, language: str, known: Mapping[str, Bilingual]
) -> list[str]:
    """Sentences to copy into a reply; `at` is the time as the page shows it. Empty for a record
    that does not belong to a call."""
    action = event.get("action", "")
    if action not in WORDS:
        return []
    noted = action == Action.ANNOTATE.name.lower() and event.get("notes")
    outcome = WORDS["noted" if noted else action].get(language)
    head = WORDS["head"].filled({"at": at, "request": event["request"], "outcome": outcome})
    reasons = dict.fromkeys(_reasons(event, language, known))
    last = ("automatic",) if Action[action.upper()] > Action.ALLOW else ()
    return [head.get(language), *reasons, *(WORDS[w].get(language) for w in last)]


def _reasons(
    event: Mapping[str, Any], language: str, known: Mapping[str, Bilingual]
) -> Iterator[str]:
    ruled = [
        r for d in event.get("decisions", ()) for r in d["ruled"] if d["layer"] != "constraint"
    ]
    for r in deciding(event, ruled):
        if not is_found(r) and "failed" not in r:
            continue
        details = {
            "rule": title_of(r["rule"], known, language),
            "place": WORDS[f"in-{r['at']['channel']}"].get(language),
            "kind": labels.name("kind", r.get("kind", ""), language),
        }
        yield WORDS["failed" if "failed" in r else "found"].filled(details).get(language)
