"""A report of the attack suites that a security team can file: JSON, or one page of HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from html import escape
from typing import Final

from threegate.testing.attacks.trials import Kind, Report, Trial
from threegate.types import Bilingual

PROMISED: Final = {
    "exfiltration": Bilingual(
        "脱敏值不会进入模型所选的地址；无害的回答照常还原。",
        "A masked value goes into no address that the model chose; harmless answers get it back.",
    ),
    "encoding": Bilingual(
        "伪装的证件号、卡号、手机号与指令同明文一样处理（至多 5% 例外）："
        "请求与完整回答中的任何伪装，"
        "流式回答中不改变长度的伪装；无害文本不变（至多 1% 例外）。",
        "Identity, card and mobile numbers and instructions in disguise are treated like plain"
        " ones (5 % may fail): in any disguise in requests and whole answers, in disguises that"
        " keep the length in streams. Harmless texts stay as they are (1 % may fail).",
    ),
}
_TITLE: Final = Bilingual("攻击测试报告", "Report of the attack suites")
_KINDS: Final = {
    Kind.ATTACK: Bilingual("攻击", "attack"),
    Kind.TWIN: Bilingual("无害对照", "harmless twin"),
}
_PROMISE: Final = {
    True: Bilingual("承诺", "promised"),
    False: Bilingual("未承诺", "not promised"),
}
_HELD: Final = {True: Bilingual("守住", "held"), False: Bilingual("失守", "failed")}
_HEAD: Final = Bilingual(
    "<th>套件</th><th>位置</th><th>名称</th><th>类型</th><th>承诺</th><th>结果</th><th>次数</th><th>审计记录</th>",
    "<th>suite</th><th>place</th><th>name</th><th>kind</th><th>promise</th><th>result</th>"
    "<th>count</th><th>audit records</th>",
)


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
    rows = "".join(_row(t, language) for t in report.trials)
    title = _TITLE.get(language)
    promised = "".join(f"<p>{PROMISED[s].get(language)}</p>" for s in report.suites)
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:15px sans-serif;margin:2em}td,th{padding:.2em 1em;text-align:left}"
        ".broken{background:#fdd}.open{color:#777}</style>"
        f"<h1>{title}</h1>{promised}<pre>{escape(summary(report, language))}</pre>"
        f"<table><tr>{_HEAD.get(language)}</tr>{rows}</table></html>\n"
    )


def _row(trial: Trial, language: str) -> str:
    look = "broken" if trial.broken else "" if trial.promised else "open"
    cells = (
        trial.suite,
        trial.place,
        trial.name,
        _KINDS[trial.kind].get(language),
        _PROMISE[trial.promised].get(language),
        _HELD[trial.passed].get(language),
        f"{trial.held}/{trial.tried}",
        " ".join(trial.records),
    )
    return f"<tr class='{look}'>" + "".join(f"<td>{escape(cell)}" for cell in cells)
