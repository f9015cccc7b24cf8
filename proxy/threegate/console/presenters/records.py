"""One request as a page shows it: its records, every layer's decision and why, its texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from threegate.audit.log.conditions import CHECK_NOTES
from threegate.audit.log.encoding import UNDECIDED, rulings, timestamp
from threegate.audit.log.query import Entry
from threegate.audit.log.record import Stage
from threegate.console.presenters.highlights import carried, marks_of, moved, pieces, placeholders
from threegate.console.presenters.labels import family
from threegate.console.presenters.punctuation import clauses
from threegate.policy.model import CompiledPolicy, PolicySet
from threegate.types import Action, Bilingual

FINISHED = (Stage.COMPLETED, Stage.BLOCKED, Stage.ABORTED)
"""Without an action they ended before a decision."""
REWRITTEN = Bilingual("写法不同（繁体、全角、空格等）", "in another spelling (width, spaces …)")


def titles(policies: PolicySet) -> dict[str, Bilingual]:
    """Titles of rules by id, of all policies in force; rules of one title are told apart by their
    packs."""
    rules = {rule.id: rule for p in policies_of(policies) for rule in _rules(p)}
    times = Counter(rule.title for rule in rules.values())
    return {id: _alone(rule) if times[rule.title] > 1 else rule.title for id, rule in rules.items()}


def _alone(rule: Any) -> Bilingual:
    return Bilingual(f"{rule.title.zh}（{rule.pack}）", f"{rule.title.en} ({rule.pack})")


def constraint_ids(policies: PolicySet) -> frozenset[str]:
    """Rules of layer 2, which take part in nearly every call and find nothing."""
    return frozenset(rule.id for p in policies_of(policies) for rule in p.constraints)


def policies_of(policies: PolicySet) -> tuple[CompiledPolicy, ...]:
    """Each policy of a set once, in order."""
    return tuple({b.policy.digest: b.policy for b in policies.bindings}.values())


def _rules(policy: CompiledPolicy) -> Iterable[Any]:
    return (*policy.rules, *policy.constraints)


def is_found(ruled: Mapping[str, Any]) -> bool:
    """Whether a ruling is about a finding, rather than a failure or the outcome of a fact check."""
    noted = ruled.get("kind", "") in CHECK_NOTES and Action[ruled["action"].upper()] <= Action.FLAG
    return "kind" in ruled and not noted


def row(entry: Entry, language: str, known: Mapping[str, Bilingual]) -> dict[str, Any]:
    """One row of a list of records."""
    event = entry.event
    ruled = [r for d in event.get("decisions", ()) for r in d["ruled"] if _counts(d, r)]
    strongest = sorted(ruled, key=lambda r: -Action[r["action"].upper()])
    acted = dict.fromkeys(r["rule"] for r in strongest if not r.get("shadow"))
    kinds = dict.fromkeys(r["kind"] for r in ruled if "kind" in r)
    decided = dict.fromkeys(r["rule"] for r in deciding(event, ruled))
    return {
        "request": entry.request_id,
        "at": timestamp(entry.ts_us),
        "stage": entry.stage.value,
        "action": event.get("action", UNDECIDED if entry.stage in FINISHED else ""),
        "tenant": event.get("caller", {}).get("tenant", ""),
        "model": event.get("model", {}).get("requested", ""),
        "language": event.get("caller", {}).get("language", ""),
        "rules": [{"id": r, "title": title_of(r, known, language)} for r in list(acted)[:4]],
        "decided": [{"id": r, "title": title_of(r, known, language)} for r in decided],
        "kinds": [{"kind": k, "family": family(k)} for k in list(kinds)[:5]],
        "noted": "" if acted else _noted(event),
        "detail": event.get("detail", {}),
        "error": event.get("error", ""),
        "policy": event.get("policy", {}).get("digest", ""),
        "integrated": entry.integrated,
    }


def _noted(event: Mapping[str, Any]) -> str:
    """The kind with which only a fact check recorded the call; it is not a finding."""
    every = (r for r in rulings(event) if not r.get("shadow"))
    flagged = (r.get("kind", "") for r in every if r["action"] == Action.FLAG.name.lower())
    return next((kind for kind in flagged if kind in CHECK_NOTES), "")


def _counts(decision: Mapping[str, Any], ruled: Mapping[str, Any]) -> bool:
    """A finding, a failure, or a change by layer 2, except for what it adds to nearly every
    call."""
    if decision["layer"] == "constraint":
        return bool(ruled["action"] != "allow")
    return is_found(ruled) or "failed" in ruled


def deciding(
    event: Mapping[str, Any], ruled: Iterable[Mapping[str, Any]]
) -> Iterable[Mapping[str, Any]]:
    """The rulings that decided how the call ended; none if it was only recorded."""
    action = event.get("action", "allow")
    if Action[action.upper()] <= Action.FLAG:
        return ()
    return (r for r in ruled if r["action"] == action and not r.get("shadow"))


def title_of(rule: str, known: Mapping[str, Bilingual], language: str) -> str:
    """The title of a rule; its id if no policy in force has the rule."""
    return known[rule].get(language) if rule in known else rule


def decisions(
    event: Mapping[str, Any], language: str, known: Mapping[str, Bilingual]
) -> list[dict[str, Any]]:
    """Per layer: what it decided and each ruling that led there, strongest first."""
    made, id = [], ""
    for d in event.get("decisions", ()):
        id = d.get("id", id)
        shown = {
            "layer": d["layer"],
            "action": d["action"],
            "id": id,
            "ms": d.get("ms", {}).get("total", 0),
            "policy": d.get("policy", event.get("policy", {}).get("digest", "")),
            "ruled": [ruling(r, language, known) for r in d["ruled"]],
        }
        made.append(shown)
    return made


def _note(note: str, language: str) -> str:
    """A view's name says that the text was written in another way than the rule is."""
    about, at, _ = note.rpartition("@")
    return clauses(filter(None, (about, REWRITTEN.get(language))), language) if at else note


def ruling(
    ruled: Mapping[str, Any], language: str, known: Mapping[str, Bilingual]
) -> dict[str, Any]:
    """One finding as a rule judged it."""
    at = ruled["at"]
    return {
        "rule": ruled["rule"],
        "title": title_of(ruled["rule"], known, language),
        "action": ruled["action"],
        "kind": ruled.get("kind", ""),
        "family": family(ruled["kind"]) if "kind" in ruled else "failed",
        "level": ruled.get("level", ""),
        "score": shown_score(ruled.get("kind", ""), ruled.get("score", "")),
        "span": ruled.get("span", []),
        "channel": at["channel"],
        "message": at.get("message"),
        "detector": ruled["detector"],
        "failed": ruled.get("failed", ""),
        "note": _note(ruled.get("note", ""), language),
        "shadow": ruled.get("shadow", False),
        "exception": ruled.get("exception", ""),
        "opinion": _opinion(ruled.get("opinion")),
    }


def shown_score(kind: str, score: Any) -> Any:
    """For a category by examples the score is a similarity of wordings, where 0.24 may be certain;
    only its level is meaningful."""
    return "" if kind.startswith("category.") else score


def _opinion(recorded: Mapping[str, Any] | None) -> dict[str, Any]:
    """A second opinion; a record omits what was not given or did not happen."""
    return {"score": "", "cached": False, "replaced": None, **recorded} if recorded else {}


def texts(
    event: Mapping[str, Any], parts: Sequence[Mapping[str, str]], *, revealed: bool, rule: str = ""
) -> list[dict[str, Any]]:
    """The kept texts in order, with their hits coloured (only those of one rule, if it is named).
    The original is included only if it is revealed and was kept."""
    ruled = [r for r in rulings(event) if rule in ("", r["rule"])]
    return [_text(p, ruled, revealed=revealed) for p in parts]


def _text(
    part: Mapping[str, str], ruled: Sequence[Mapping[str, Any]], *, revealed: bool
) -> dict[str, Any]:
    name, redacted = part["part"], part["redacted"]
    marks = marks_of(r for r in ruled if _is_at(name, r["at"]))
    view = (*moved(redacted, marks), *placeholders(redacted))
    shown = {"part": name, "number": number_of(name), "channel": channel_of(name)}
    shown["field"] = field_of(name)
    if not (revealed and "text" in part):
        return shown | {"pieces": pieces(redacted, view), "redacted": [], "original": False}
    # The original of an answer is what the client read, with values restored: nothing is where
    # the rules saw it, so the marks of the redacted text are carried over. Where they cannot be,
    # both texts are shown: an original never shows less.
    over = carried(redacted, part["text"], view)
    own = () if name.startswith("choices/") else marks
    both = [] if over is not None else pieces(redacted, view)
    cut = pieces(part["text"], (*own, *(over or ())))
    return shown | {"pieces": cut, "redacted": both, "original": True}


def why_no_text(events: Sequence[Mapping[str, Any]]) -> str:
    """`none`: nothing was kept; `metadata`: hashes only; `erased`: what was kept is gone."""
    kept = [part for event in events for part in event.get("content", ())]
    if any("blob" in part for part in kept):
        return "erased"
    return "metadata" if kept else "none"


def channel_of(name: str) -> str:
    """`messages/0/content:user` and `choices/0/reasoning/`: the channel of a kept part."""
    if name.startswith("choices/"):
        return name.split("/")[2]
    return name.rpartition(":")[2]


def field_of(name: str) -> str:
    """The request field of a text that is neither a message nor an answer."""
    kind, _, rest = name.partition("/")
    counted = kind in ("messages", "choices") or rest.partition("/")[0].isdecimal()
    return "" if counted else name.rpartition(":")[0]


def number_of(name: str) -> int:
    """The number of the message or answer, from 1; 0 if it is not numbered (the first answer)."""
    kind, _, rest = name.partition("/")
    digits = rest.partition("/")[0]
    number = int(digits) if digits.isdecimal() else 0
    return number + 1 if kind == "messages" or number else 0


def _is_at(name: str, at: Mapping[str, Any]) -> bool:
    """Whether a ruling is about this part."""
    if name.startswith("choices/"):
        return name.startswith(f"choices/{at.get('choice', 0)}/{at['channel']}/")
    if "choice" in at or not name.endswith(f"{at.get('part', '')}:{at['channel']}"):
        return False
    return "message" not in at or name.split("/")[1:2] == [str(at["message"])]
