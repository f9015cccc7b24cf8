"""A report of the attack suites that a security team can file: JSON, or one page of HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Final

from threegate.data_files import table, template
from threegate.testing.attacks.trials import Kind, Report, Trial
from threegate.types import Bilingual

_WORDS: Final[Mapping[str, Bilingual]] = {
    name: Bilingual(**texts) for name, texts in table("testing.attacks", "report").items()
}
PROMISED: Final = {suite: _WORDS[suite] for suite in ("exfiltration", "encoding")}
_KINDS: Final = {kind: _WORDS[kind.value] for kind in Kind}
_PROMISE: Final = {True: _WORDS["promised"], False: _WORDS["not_promised"]}
_HELD: Final = {True: _WORDS["held"], False: _WORDS["failed"]}


def as_json(report: Report) -> str:
    """`passed` of a trial: held often enough; `promised` says whether that was to be expected."""
    rows = [{**asdict(t), "passed": t.passed} for t in report.trials]
    made = {
        "passed": report.passed,
        "url": report.url,
        "policy": report.policy,
        "started": report.started,
        "promised": {suite: PROMISED[suite].en for suite in report.suites},
        "trials": rows,
    }
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def summary(report: Report, language: str) -> str:
    """A line for each suite, kind and promise, and one for each promise that was broken."""
    lines = [f"{report.url} · {report.policy} · {report.started}", *_counts(report, language)]
    failed = (t for t in report.trials if t.broken)
    lines += [f"  {_HELD[False].get(language)}: {_words(t)}" for t in failed]
    return "\n".join(lines)


def _counts(report: Report, language: str) -> Iterator[str]:
    for suite in report.suites:
        for kind, title in _KINDS.items():
            for promised, promise in _PROMISE.items():
                held, count = report.counted(suite, kind, promised=promised)
                if count:
                    words = f"{suite} · {title.get(language)} · {promise.get(language)}"
                    yield f"{words}: {held}/{count} {_HELD[True].get(language)}"


def _words(trial: Trial) -> str:
    count = f"{trial.held}/{trial.tried}"
    parts = (trial.suite, trial.place, trial.name, count, *trial.records)
    return " · ".join(filter(None, parts))


def as_html(report: Report, language: str) -> str:
    title, heads = (_WORDS[name].get(language) for name in ("title", "heads"))
    return template(__package__, "report").render(
        language=language,
        title=title,
        promised=[PROMISED[suite].get(language) for suite in report.suites],
        summary=summary(report, language),
        heads=heads.split("|"),
        rows=[_row(trial, language) for trial in report.trials],
    )


def _row(trial: Trial, language: str) -> tuple[str, tuple[str, ...]]:
    """How the row looks, and its cells."""
    look = "broken" if trial.broken else "" if trial.promised else "open"
    return look, (
        trial.suite,
        trial.place,
        trial.name,
        _KINDS[trial.kind].get(language),
        _PROMISE[trial.promised].get(language),
        _HELD[trial.passed].get(language),
        f"{trial.held}/{trial.tried}",
        " ".join(trial.records),
    )
