"""Documents as tools hand them over: in JSON, mails, pages, tables, logs, between other texts.

A mail's head or a JSON key says nothing about whether somebody gives orders to the model. So the same texts, with planted orders
and without, stand in the same shapes; ordinary prose does, too.
"""

from __future__ import annotations

import html
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from guard_rows import GuardRow, language_of
from rows import is_dev

LONGEST = 420
"""Characters of a text that is shown in a shape: it must fit a window with some of the shape."""
TIMES = {"authored": 0.25, "generated": 0.6, "ordinary": 0.16}
"""In how many shapes a row is shown, by what its source begins with."""
DOCUMENTS = {1: 3.0, 0: 1.6}
"""The same for documents written to tell planted orders from orders for people, by label."""
LANGUAGES = ("zh", "en")

Shape = Callable[[str, Sequence[str], random.Random, str], str]
"""(text, other texts, chance, language) to a document."""

_KEYS = {
    "text": ("body", "content", "text", "snippet", "description", "summary", "message", "note", "comment", "value",
             "内容", "正文", "摘要", "备注", "说明", "描述", "留言"),
    "title": ("title", "name", "subject", "headline", "source", "file", "标题", "名称", "来源", "主题"),
    "list": ("results", "items", "hits", "documents", "data", "records", "chunks", "list", "结果", "条目", "列表"),
    "more": ("id", "score", "status", "page", "total", "created_at", "rank", "url", "编号", "状态", "页码", "时间"),
}  # fmt: skip
_WORDS = {
    "zh": ("回复", "资料", "会议安排", "订单", "通知", "关于合同", "周报", "照片", "发票", "问题反馈"),
    "en": ("Re: info", "minutes", "your order", "notice", "the contract", "weekly report", "photos", "invoice 218", "a question", "draft"),
}  # fmt: skip
_PEOPLE = {
    "zh": ("张伟", "李娜", "王芳", "陈工", "客服小刘", "赵敏", "财务部", "周老师"),
    "en": ("Dana", "Tom Reed", "Priya", "support", "m.ortega", "Lena", "Facilities", "J. Hale"),
}
_PLACES = (
    "https://docs.example/a/31",
    "https://news.example/2026/05",
    "notes/plan.md",
    "kb-118",
    "https://forum.example/t/88",
    "report.pdf",
)


def carried(rows: Sequence[GuardRow], seed: int = 43) -> list[GuardRow]:
    """Further rows for those of `rows` that are documents. Other texts in a shape are ordinary ones of the same side."""
    rng = random.Random(seed)
    documents = [r for r in rows if "indirect" in r.heads and not r.question and 20 < len(r.text) <= LONGEST]
    others = {
        (language, dev): [r.text for r in documents if r.source.startswith("ordinary") and len(r.text) > 40
                          and r.language == language and is_dev(r.group) == dev]
        for language in LANGUAGES for dev in (False, True)
    }  # fmt: skip
    return [
        made
        for row in documents
        for _ in range(int(_times(row) + rng.random()))
        for made in _in_shape(row, others[language_of(row.text), is_dev(row.group)], rng)
    ]


def _times(row: GuardRow) -> float:
    if row.source.startswith("authored") and "indirect" in row.source:
        return DOCUMENTS[row.heads["indirect"]]
    if row.source.startswith("generated") and not row.source.endswith(("planted", "document-order")):
        return 0.0
    return next((times for start, times in TIMES.items() if row.source.startswith(start)), 0.0)


def _in_shape(row: GuardRow, others: Sequence[str], rng: random.Random) -> Iterator[GuardRow]:
    escape, shape = rng.choice(_SHAPES)
    language = row.language if rng.random() < 0.8 else rng.choice(LANGUAGES)
    text = shape(escape(row.text), [escape(o) for o in rng.sample(others, 4)], rng, language)
    span = escape(row.span or row.text)
    if span in text:
        heads = {"indirect": row.heads["indirect"]} | ({} if row.heads["indirect"] else {"direct": 0})
        yield replace(row, text=text, heads=heads, source=f"carried/{row.source}", span=span, times=1.0,
                      language=language_of(text), categories=())  # fmt: skip


# --- shapes -----------------------------------------------------------------------------------


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _in_line(text: str) -> str:
    return " ".join(text.split("\n"))


def _as_is(text: str) -> str:
    return text


def _key(name: str, rng: random.Random, language: str) -> str:
    keys = [k for k in _KEYS[name] if (language == "zh") or k.isascii()]
    return rng.choice(keys)


def _json(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    body, title = _key("text", rng, language), _key("title", rng, language)
    found = [_record(t, title, body, rng, language) for t in _among(text, others, rng)]
    blank = rng.choice([", ", ",", ",\n  "])
    entries = blank.join(found)
    if len(found) == 1 and rng.random() < 0.5:
        return entries
    return f'{{"{_key("more", rng, language)}": {rng.randrange(900)}{blank}"{_key("list", rng, language)}": [{entries}]}}'


def _record(text: str, title: str, body: str, rng: random.Random, language: str) -> str:
    parts = [f'"{body}": "{text}"']
    if rng.random() < 0.7:
        parts.insert(0, f'"{title}": "{rng.choice([*_WORDS[language], *_PLACES])}"')
    if rng.random() < 0.6:
        parts.append(f'"{_key("more", rng, language)}": {rng.choice(["0.87", "12", "true", "null"])}')
    return "{" + rng.choice([", ", ","]).join(parts) + "}"


def _among(text: str, others: Sequence[str], rng: random.Random) -> list[str]:
    chosen = list(others[: rng.choice([0, 1, 2])])
    chosen.insert(rng.randint(0, len(chosen)), text)
    return chosen


def _fields(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    lines = [
        f"{_key('title', rng, language)}: {rng.choice(_WORDS[language])}",
        f"{_key('more', rng, language)}: {rng.randrange(900)}",
    ]
    lines.insert(rng.randint(0, 2), f"{_key('text', rng, language)}: {text}")
    return "\n".join([*lines, *(f"{_key('text', rng, language)}: {o}" for o in others[: rng.choice([0, 1])])])


def _mail(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    zh = language == "zh" and rng.random() < 0.7
    sender, about, to = ("发件人：", "主题：", "收件人：") if zh else ("From: ", "Subject: ", "To: ")
    people, words = _PEOPLE[language], _WORDS[language]
    head = [
        f"{sender}{rng.choice(people)} <{rng.choice('abcdem')}@mail.example>",
        f"{about}{rng.choice(words)}",
    ]
    if rng.random() < 0.4:
        head.append(f"{to}{rng.choice(people)}")
    if rng.random() < 0.5:
        text = f"{text}\n\n{rng.choice(people)}"
    if rng.random() < 0.4:
        text += "\n\n" + "\n".join(f"> {line}" for line in others[0].split("\n"))
    return "\n".join(head[rng.randint(0, 1) :]) + rng.choice(["\n\n", "\n"]) + text


def _quoted(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    lines = "\n".join(f"> {line}" for line in text.split("\n"))
    who = rng.choice(_PEOPLE[language])
    head = f"{who} 写道：" if language == "zh" else f"On Monday {who} wrote:"
    return rng.choice([f"{head}\n{lines}", f"{lines}\n\n{others[0]}", f"{others[0]}\n\n{lines}"])


def _page(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    tag = rng.choice(["p", "div", "li", "td", "article", "span"])
    parts = [f"<{tag}>{t}</{tag}>" for t in _among(text, others, rng)]
    head = f"<h1>{rng.choice(_WORDS[language])}</h1>" if rng.random() < 0.5 else ""
    return rng.choice(["<html><body>{}</body></html>", '<div class="main">{}</div>', "{}"]).format(
        head + "".join(parts)
    )


def _aside(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    shown = rng.choice(["<!-- {} -->", '<img src="a.jpg" alt="{}">', '<a href="/x" title="{}">…</a>', "<p hidden>{}</p>",
                        '<span style="display:none">{}</span>', '<meta name="description" content="{}">'])  # fmt: skip
    return f"<p>{others[0]}</p>{shown.format(text)}<p>{others[1]}</p>"


def _log(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    start = rng.randrange(3000)
    lines = [f"job {start} started", *(text.split("\n")), f"job {start} finished"]
    levels = [rng.choice(["INFO", "WARN", "ERROR", "DEBUG"]) for _ in lines]
    return "\n".join(
        f"2026-05-03 11:{start % 60:02}:{i:02} {levels[i]} {line}" for i, line in enumerate(lines)
    )


def _table(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    cells = [text, rng.choice(_WORDS[language]), "-"]
    rng.shuffle(cells)
    rows = [f"{i},2026-04-{i:02},{_cell(cell)}" for i, cell in enumerate(cells, rng.randrange(1, 20))]
    return "\n".join([rng.choice(["id,date,note", "编号,日期,备注"]), *rows])


def _cell(text: str) -> str:
    return '"' + text + '"' if "," in text else text


def _results(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    mark = rng.choice(["{}. ", "[{}] ", "【{}】", "Result {}: ", "### {}\n"])
    head = [f"{rng.choice(_PLACES)} – " if rng.random() < 0.5 else "" for _ in range(3)]
    return "\n".join(mark.format(i + 1) + head[i % 3] + t for i, t in enumerate(_among(text, others, rng)))


def _long(text: str, others: Sequence[str], rng: random.Random, language: str) -> str:
    return rng.choice(["\n", "\n\n", " "]).join([others[0], others[1], text, others[2], others[3]])


_SHAPES: tuple[tuple[Callable[[str], str], Shape], ...] = (
    (_in_json, _json), (_in_json, _json), (_in_json, _json), (_as_is, _fields), (_as_is, _mail), (_as_is, _mail),
    (_as_is, _quoted), (html.escape, _page), (_in_line, _aside), (_as_is, _log), (_in_line, _table), (_as_is, _results),
    (_as_is, _long), (_as_is, _long),
)  # fmt: skip
