"""Policies as pages show them: rules, problems, changes and versions as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from threegate.audit.log.record import Record, Stage
from threegate.console.presenters import labels
from threegate.console.presenters.punctuation import clauses, labelled
from threegate.gateway.notices import Notices
from threegate.i18n.catalog import bilingual, catalog
from threegate.policy.actions import then_action, title_of, written_actions
from threegate.policy.compile import layered
from threegate.policy.compliance.taxonomy import BY_ID
from threegate.policy.language.load import Bundle
from threegate.policy.language.problems import Problem
from threegate.policy.language.vocabulary import kind_title
from threegate.policy.lifecycle.commands import Event, RollBack, Schedule, Submit, name_of
from threegate.policy.lifecycle.machine import OPEN, State, Version, apply, proper
from threegate.policy.schema import AnyRule, ConstraintRule, Exceptional, Rule
from threegate.policy.strictness.compare import Direction
from threegate.policy.strictness.diff import DIRECTIONS, Fate, PolicyChange, Subject, describe
from threegate.types import Bilingual, Caller

SOON = timedelta(days=30)
MAX_NAME = 60
TONES = {
    Direction.STRICTER: "good",
    Direction.LOOSER: "bad",
    Direction.UNJUDGED: "warn",
    Direction.UNCLEAR: "warn",
    Direction.CHANGED: "",
}
BOTH_LANGUAGES = {
    "title": Bilingual("“名称”", "“Name”"),
    "message": Bilingual("“给用户的说明”", "“Message to the user”"),
}


def action_of(rule: AnyRule) -> str:
    return then_action(rule.then).name.lower() if isinstance(rule, Rule) else "constraint"


def rule_row(rule: AnyRule, pack: str, hits: Mapping[str, int], language: str) -> dict[str, Any]:
    """A rule as a row of a list. `hits`: how often each rule acted recently, by id."""
    return {
        "id": rule.id,
        "title": rule.title.get(language),
        "pack": pack,
        "layer": rule.layer.value,
        "mode": rule.mode.value,
        "rollout": rule.rollout,
        "action": action_of(rule),
        "action_title": _action_title(rule, language),
        "owner": rule.owner,
        "tests": len(rule.tests.match) + len(rule.tests.no_match),
        "exceptions": len(rule.exceptions) if isinstance(rule, Rule) else 0,
        "review_by": rule.review_by or "",
        "hits": hits.get(rule.id, 0),
    }


def _action_title(rule: AnyRule, language: str) -> str:
    if isinstance(rule, ConstraintRule):
        return "约束" if language == "zh" else "constrain"
    if not written_actions(rule.then):
        return "事实核查" if language == "zh" else "fact check"
    return title_of(then_action(rule.then)).get(language)


def rule_full(rule: AnyRule, language: str) -> dict[str, Any]:
    """The data that the rule page and its form need beyond the row."""
    full: dict[str, Any] = {
        "why": [{"id": id, "title": _reason(id).get(language)} for id in rule.why],
        "line": rule.at.line,
        "file": rule.at.file,
        "message_zh": rule.message.zh if rule.message else "",
        "message_en": rule.message.en if rule.message else "",
        "kinds": [],
        "level": "",
        "where": [],
        "excepted": [],
    }
    if isinstance(rule, Rule):
        full |= {
            "level": rule.level.name.lower(),
            "where": [c.value for c in rule.where],
            "kinds": [*rule.detect.any, *rule.detect.all],
            "excepted": [exception_row(e) for e in rule.exceptions],
        }
    return full


def _reason(id: str) -> Bilingual:
    return BY_ID[id].title if id in BY_ID else Bilingual(id, id)


def exception_row(exception: Exceptional) -> dict[str, Any]:
    match = exception.match
    names = ("tenant", "key", "route", "model", "language", "value_sha256")
    covers = {n: list(getattr(match, n)) for n in names if getattr(match, n)}
    return {
        "id": exception.id,
        "covers": covers,
        "reason": exception.reason.value,
        "approver": exception.approver,
        "expires": exception.expires,
    }


def expiring(bundle: Bundle, today: str, language: str) -> list[dict[str, Any]]:
    """Exceptions and reviews that end within a month, soonest first, including those already
    over."""
    end = (date.fromisoformat(today) + SOON).isoformat()
    rows: list[dict[str, Any]] = []
    for rule, _ in layered(bundle):
        base = {"rule": rule.id, "title": rule.title.get(language)}
        if rule.review_by and rule.review_by <= end:
            rows.append(base | {"what": "review", "id": "", "date": rule.review_by})
        for each in rule.exceptions if isinstance(rule, Rule) else ():
            if each.expires <= end:
                rows.append(base | {"what": "exception", "id": each.id, "date": each.expires})
    return sorted(rows, key=lambda r: str(r["date"]))


def problem_row(problem: Problem, language: str) -> dict[str, Any]:
    """A problem with its place (lines and columns from 1) and the page where it can be fixed."""
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "file": problem.at.file,
        "line": problem.at.line,
        "column": problem.at.column,
        "text": problem.text.get(language),
        "hint": problem.hint.get(language),
        **_in_form(problem, language),
        "rule": problem.rule_id,
        "title": problem.rule_id,  # where the rules are at hand, their titles stand here
    }


def _in_form(problem: Problem, language: str) -> dict[str, str]:
    """The form and field where it can be fixed, what is wrong and how to fix it; if no form covers
    it, the place in the YAML (a misspelt key is at a line)."""
    if problem.code == "missing-key" and problem.part in BOTH_LANGUAGES:
        name = BOTH_LANGUAGES[problem.part].get(language)
        text = Bilingual(f"{name}缺一种语言", f"{name} lacks a language")
        hint = Bilingual("中文和英文都要写。", "Write both Chinese and English.")
        words = {"form_text": text.get(language), "form_hint": hint.get(language)}
        return {"form": problem.rule_id, "field": f"{problem.part}_zh", **words}
    lint = catalog("lints").get(problem.code, {})
    hint = bilingual(lint["form"]) if "form" in lint else problem.hint
    words = {"form_text": problem.text.get(language), "form_hint": hint.get(language)}
    return {"form": problem.rule_id if lint else "", "field": lint.get("field", ""), **words}


def problem_rows(problems: Iterable[Problem], language: str) -> list[dict[str, Any]]:
    order = {"error": 0, "warning": 1, "info": 2}
    rows = [problem_row(p, language) for p in problems]
    return sorted(rows, key=lambda r: (order[r["severity"]], r["file"], r["line"]))


def change_row(change: PolicyChange, language: str) -> dict[str, Any]:
    """A difference of two policies in words; `tone` is the colour of its direction."""
    return {
        "id": change.id,
        "direction": change.direction.name.lower(),
        "lines": describe(change, language).split("\n"),
        "title": _changed_title(change).get(language),
        "fate": labels.name("fate", change.fate.value, language),
        "result": _result(change).get(language),
        "tone": TONES[change.direction],
        "aspects": _aspects(change, language),
    }


def _aspects(
    change: PolicyChange, language: str, least: Direction = Direction.CHANGED
) -> list[str]:
    worded = (a.text.get(language) for a in change.aspects if a.direction >= least)
    return [text.replace(" -> ", " → ") for text in worded]


def change_words(change: PolicyChange, language: str) -> str:
    """What became looser, in one line; for something removed its title."""
    title = _changed_title(change).get(language)
    looser = clauses(_aspects(change, language, Direction.UNCLEAR), language)
    return labelled(title, looser, language) if looser else title


def _changed_title(change: PolicyChange) -> Bilingual:
    """A word list or a detector by its own name."""
    by_kind = change.subject in (Subject.LIST, Subject.DETECTOR)
    return kind_title(change.id) if by_kind else change.title


def _result(change: PolicyChange) -> Bilingual:
    if (change.fate, change.direction) == (Fate.ADDED, Direction.CHANGED):
        return Bilingual("不影响处置", "does not act")
    return DIRECTIONS[change.direction]


def in_one_language(value: Any, language: str) -> Any:
    """Plain data with every `{"zh", "en"}` in it replaced by the text in one language."""
    match value:
        case {"zh": zh, "en": en, **rest} if not rest:
            return Bilingual(zh, en).get(language)
        case dict():
            return {key: in_one_language(part, language) for key, part in value.items()}
        case list():
            return [in_one_language(part, language) for part in value]
    return value


def notices(now: Notices | None) -> dict[str, Any]:
    """The notices at the top of every page; none for visitors who are not logged in."""
    urgent = now.emergency if now else None
    return {
        "emergency": {"digest": urgent.digest, "at": urgent.at, "by": urgent.by}
        if urgent
        else None,
        "left": [
            {"rule": e.rule, "side": e.side.value, "percent": round(e.count.percent, 1)}
            for e in (now.bands.left if now else ())
        ],
    }


def version_names(events: Iterable[Event], language: str) -> dict[str, str]:
    """The display name of each version: the note of its last submission (a long one by its first
    line), else its number."""
    submitted = [e.command for e in events if isinstance(e.command, Submit)]
    numbers = {digest: n for n, digest in enumerate(dict.fromkeys(c.digest for c in submitted), 1)}
    notes = {command.digest: command.note for command in submitted}
    return {
        digest: _first_line(notes[digest]) or (f"第 {n} 版" if language == "zh" else f"Version {n}")
        for digest, n in numbers.items()
    }


def _first_line(note: str) -> str:
    line, _, rest = note.strip().partition("\n")
    return line[: MAX_NAME - 1] + "…" if rest or len(line) > MAX_NAME else line


def version_row(version: Version, state: State, active: str) -> dict[str, Any]:
    """A version as a row of a list. `active` is the digest of the one in force."""
    return {
        "digest": version.digest,
        "reviewers": list(version.reviewers),
        "due": version.due,
        "scheduled_by": version.scheduled_by[0],
        "stage": version.stage.value,
        "authors": sorted(version.authors),
        "group": ", ".join(sorted(filter(None, version.groups))),
        "weaker": version.weaker,
        "untested": version.untested,
        "base": version.base,
        "approvals": [{"name": n, "group": g} for n, g in version.approvals],
        "in_force": version.digest == active,
        "was_active": version.digest in {a.digest for a in state.activations if not a.emergency},
        "overtaken": version.stage in OPEN and version.base != proper(state),
    }


def event_rows(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events in order. A rollback while an emergency is in force ends it; `ended` says whose
    emergency it was."""
    rows, state = [], State()
    for event in events:
        urgent = state.emergency(event.at) if isinstance(event.command, RollBack) else None
        ends = {"verb": "end", "ended": urgent.digest} if urgent else {"ended": ""}
        rows.append(event_row(event) | ends)
        state = apply(state, event)
    return rows


def event_row(event: Event) -> dict[str, Any]:
    command = event.command
    dropped = isinstance(command, Schedule) and not command.due
    return {
        "at": event.at,
        "by": event.by,
        "group": event.group,
        "verb": "unschedule" if dropped else name_of(command),
        "digest": command.digest,
        "note": getattr(command, "note", "") or getattr(command, "reason", ""),
        "emergency": getattr(command, "emergency", False),
        "refused": getattr(command, "refused", ""),
    }


def record_of(event: Event, by: str, ended: str = "") -> Record:
    """A lifecycle step of a version, for the audit log. `by`: console or cli. `ended`: the version
    whose emergency it ends."""
    command, more = event.command, ("reason", "untested", "reviewers", "due")
    detail = {"actor": event.by, **event_row(event)} | ({"ended": ended} if ended else {})
    detail |= {name: value for name in more if (value := getattr(command, name, ""))}
    caller = Caller(tenant="", key_id=by, language="")
    return Record(stage=Stage.POLICY, caller=caller, policy=command.digest, detail=detail)
