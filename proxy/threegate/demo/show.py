"""The played conversations side by side, for a reader or as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from threegate.console.presenters import labels
from threegate.console.presenters.labels import LAYERS
from threegate.demo.play import Acted, DemoAnswer, Played
from threegate.policy.language.vocabulary import kind_title
from threegate.types import Bilingual

HEADS = (
    Bilingual("客户端发送", "the client sent"),
    Bilingual("模型看到", "the model saw"),
    Bilingual("模型回答", "the model said"),
    Bilingual("客户端收到", "the client got"),
)
UNSEEN = Bilingual("没有到达模型", "never reached the model")
UNKNOWN = Bilingual("从这里看不到", "cannot be seen from here")
NO_RULE = Bilingual("没有规则动作", "no rule acted")
RULES = Bilingual("规则", "rules")
SHADOW = Bilingual("仅观察", "shadow")
MOST = 300
"""Longer texts are cut in the middle: a constitution is too long for this page."""

VERDICTS = {
    "supported": (Bilingual("有据", "supported"), "green"),
    "contradicted": (Bilingual("矛盾", "contradicted"), "bold red"),
    "unsupported": (Bilingual("无据", "not in the source"), "yellow"),
    "no_source": (Bilingual("没有资料", "no source"), "yellow"),
}
_PLACE = re.compile(r"context:/context/(\d+):(\d+)-(\d+)")

Titles = Mapping[str, Bilingual]


def show(played: Played, titles: Titles, language: str, console: Console) -> None:
    console.rule(played.conversation.title.get(language))
    table = Table(*(h.get(language) for h in HEADS), expand=True, show_lines=False)
    for column in table.columns:
        column.ratio, column.overflow = 1, "fold"
    table.add_row(
        _request(played.conversation.body),
        _seen(played, language),
        _answer(played.model_answer) if played.model_answer else Text("–", "dim"),
        _answer(played.got),
    )
    console.print(table)
    console.print(*_claims(played, language), _rules(played, titles, language), sep="\n")
    console.print()


def _seen(played: Played, language: str) -> Text:
    if played.seen is None:
        return Text(UNKNOWN.get(language), "dim")
    return _request(played.seen) if played.seen else Text(UNSEEN.get(language), "bold red")


def _request(body: Mapping[str, Any]) -> Text:
    made = Text()
    for message in body.get("messages", ()):
        made.append(f"{message['role']}: ", "bold")
        made.append(f"{_cut(str(message.get('content') or '…'))}\n")
    for source in body.get("context", ()):
        made.append("context: ", "bold")
        made.append(f"{_cut(str(source))}\n")
    return made


def _answer(model_answer: DemoAnswer) -> Text:
    made = Text()
    if model_answer.status != 200 or model_answer.error:
        made.append(f"{model_answer.status} {model_answer.error}\n", "red")
    if model_answer.reasoning:
        made.append(f"{_cut(model_answer.reasoning)}\n", "dim italic")
    made.append(f"{_cut(model_answer.content)}\n" if model_answer.content else "")
    for name, arguments in model_answer.calls:
        made.append(f"{name}({_cut(arguments)})\n", "cyan")
    for note in model_answer.note.get("annotations", ()):
        made.append(f"[{note.get('kind', '')} {note['start']}-{note['end']}]\n", "yellow")
    return made


def _claims(played: Played, language: str) -> list[Text]:
    """Each claim of the answer that was annotated for the client, its verdict and its evidence."""
    notes = played.got.note.get("claims", ())
    return [_claim(note, played, language) for note in notes if "verdict" in note]


def _claim(note: Mapping[str, Any], played: Played, language: str) -> Text:
    title, style = VERDICTS[note["verdict"]]
    made = Text("  ")
    made.append(f"{title.get(language)} {note['score']:.2f} ", style)
    model_answer = played.model_answer.content if played.model_answer else played.got.content
    made.append(model_answer[note["start"] : note["end"]].strip())
    if evidence := _evidence(played.conversation.body, note["evidence"]):
        made.append(f"  ← {evidence}", "dim")
    return made


def _evidence(body: Mapping[str, Any], note: str) -> str:
    """The part of the request's own context that `context:/context/N:start-end` points to."""
    match = _PLACE.fullmatch(note)
    if match is None:
        return ""
    number, start, end = map(int, match.groups())
    return str(body["context"][number])[start:end]


def _rules(played: Played, titles: Titles, language: str) -> Group:
    if played.acted is None:
        rule = played.got.note.get("rule_id", "")
        return Group(Text(f"{RULES.get(language)}: {rule or UNKNOWN.get(language)}"))
    acted = [a for a in played.acted if a.layer != "constraint"]
    if not acted:
        return Group(Text(NO_RULE.get(language), "dim"))
    return Group(*(_rule(a, titles, language) for a in acted))


def _rule(acted: Acted, titles: Titles, language: str) -> Text:
    title = titles[acted.rule].get(language) if acted.rule in titles else ""
    made = Text(f"  {LAYERS[acted.layer].get(language)}: ")
    made.append(labels.name("action", acted.action, language), "bold")
    made.append(f" {acted.kind} {kind_title(acted.kind).get(language)} · {acted.rule} {title}")
    if acted.shadow:
        made.append(f" ({SHADOW.get(language)})", "dim")
    return made


def _cut(text: str) -> str:
    if len(text) <= MOST:
        return text
    return f"{text[: MOST // 4]} … {text[-MOST * 2 // 3 :]}"


def as_json(played: Played) -> dict[str, Any]:
    return {
        "name": played.conversation.name,
        "request_id": played.request_id,
        "sent": played.conversation.body,
        "seen": played.seen,
        "said": asdict(played.model_answer) if played.model_answer else None,
        "got": asdict(played.got),
        "acted": None if played.acted is None else [asdict(a) for a in played.acted],
    }
