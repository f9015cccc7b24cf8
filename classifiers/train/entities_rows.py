"""Rows of the entities model: authored and public spans, and generated sentences.

`spans` are (start, end, label) in code points. Public sets only label names and organisations, and
they label public figures, which ours do not: they are seen less often.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from faker import Faker

from guard_rows import language_of
from rows import authored, is_dev, read_rows

KINDS = ("PERSON", "ADDRESS", "ORG", "DOB", "MEDICAL", "ID_OTHER", "ACCOUNT")
PUBLIC = {"PERSON": "PERSON", "ORGANIZATION": "ORG", "ADDRESS": "ADDRESS"}
SLOTS = {"P": "PERSON", "A": "ADDRESS", "O": "ORG", "D": "DOB", "M": "MEDICAL", "I": "ID_OTHER", "C": "ACCOUNT",
         "Q": "PERSON", "B": "ADDRESS", "E": "DOB", "p": "PERSON", "s": "PERSON"}  # fmt: skip
Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class EntityRow:
    text: str
    spans: tuple[Span, ...]
    group: str
    source: str
    language: str
    times: float = 1.0


def all_rows(data: Path, teacher: Path | None = None, generated: int = 6000) -> list[EntityRow]:
    """Every row; `teacher` is the file of `teach.py`."""
    own = list(_authored(data))
    values = Values(23)
    rows = [*own, *_public(data), *_generated(generated, values), *_swapped(own, values, 3)]
    return rows + (list(_taught(teacher)) if teacher and teacher.exists() else [])


def _taught(path: Path) -> Iterator[EntityRow]:
    for row in read_rows(path):
        spans = tuple((s, e, kind) for s, e, kind in row["spans"])
        times = 0.8 if spans else 0.35
        yield EntityRow(row["text"], spans, row["group"], row["source"], language_of(row["text"]), times)


def _swapped(own: list[EntityRow], values: Values, copies: int) -> Iterator[EntityRow]:
    """Authored sentences with other values: the context stays real, the names are new."""
    pools: dict[tuple[str, str, bool], list[str]] = {}
    for row in own:
        for start, end, kind in row.spans:
            pools.setdefault((kind, row.language, is_dev(row.group)), []).append(row.text[start:end])
    for row in own:
        for _ in range(copies if row.spans else 0):
            yield _swap(row, values, pools)


def _swap(row: EntityRow, values: Values, pools: dict[tuple[str, str, bool], list[str]]) -> EntityRow:
    text, spans, at = "", [], 0
    for start, end, kind in sorted(row.spans):
        if start < at:
            continue
        old = row.text[start:end]
        new = old if values.rng.random() < 0.25 else _other(old, kind, row, values, pools)
        text += row.text[at:start]
        spans.append((len(text), len(text) + len(new), kind))
        text, at = text + new, end
    return EntityRow(text + row.text[at:], tuple(spans), row.group, "generated/swapped", row.language, 1)


def _other(
    old: str, kind: str, row: EntityRow, values: Values, pools: dict[tuple[str, str, bool], list[str]]
) -> str:
    """Another value of the kind: from the same side's authored values, or made up where that reads naturally."""
    chinese = any("\u3400" <= c <= "\u9fff" for c in old)
    if kind == "PERSON" and values.rng.random() < 0.7 and (len(old) > 2 or not chinese):
        return values.zh.name() if chinese else values.person(False)
    if kind == "ADDRESS" and values.rng.random() < 0.5:
        return values.address(chinese)
    if kind == "DOB" and values.rng.random() < 0.5 and any(c.isdigit() for c in old):
        return values.birth(chinese)
    return values.rng.choice(pools[(kind, row.language, is_dev(row.group))])


def _authored(data: Path) -> Iterator[EntityRow]:
    for row in authored(data, "entities"):
        spans = tuple((s["start"], s["end"], s["label"]) for s in row["spans"] if s["label"] in KINDS)
        yield EntityRow(row["text"], spans, row["id"], row["source"], language_of(row["text"]), 4)


def _public(data: Path) -> Iterator[EntityRow]:
    for row in read_rows(data / "pii.jsonl.gz"):
        spans = tuple(
            (s["start"], s["end"], PUBLIC[s["label"]]) for s in row["spans"] if s["label"] in PUBLIC
        )
        times = 0.7 if spans else 0.3
        yield EntityRow(row["text"], spans, row["id"], row["source"], language_of(row["text"]), times)


class Values:
    """Made-up values for the slots; names and companies from Faker, the rest from our lists."""

    def __init__(self, seed: int) -> None:
        text = (Path(__file__).parent / "entities.yaml").read_text(encoding="utf-8")
        self.lists: dict[str, list[str]] = yaml.safe_load(text)
        self.rng = random.Random(seed)
        Faker.seed(seed)
        self.west = [Faker(name) for name in ("en_US", "en_GB", "en_IN", "es_ES", "de_DE", "fr_FR", "pl_PL")]
        self.zh, self.tw = Faker("zh_CN"), Faker("zh_TW")

    def pick(self, name: str) -> str:
        return self.rng.choice(self.lists[name])

    def slot(self, slot: str, language: str) -> str:
        chinese = language == "zh" and slot not in "QBE"
        makers: dict[str, Callable[[bool], str]] = {
            "P": self.person, "Q": self.person, "A": self.address, "B": self.address, "O": self.organisation,
            "D": self.birth, "E": self.birth, "M": lambda zh: self.pick("medical_zh" if zh else "medical_en"),
            "I": self.identifier, "C": self.account, "p": self.short_name, "s": self.surname,
            "c": lambda zh: self.pick("cities_zh" if zh else "cities_en"), "b": lambda zh: self.pick("brands"),
            "n": lambda zh: str(self.rng.randrange(10, 10 ** self.rng.randrange(2, 12))),
            "t": self.time, "d": self.day,
        }  # fmt: skip
        return makers[slot](chinese)

    def person(self, zh: bool) -> str:
        if not zh:
            fake = self.rng.choice(self.west)
            whole = f"{fake.first_name()} {fake.last_name()}"
            return self.rng.choice([whole, whole, whole, fake.first_name(), whole.upper(), whole.lower()])
        source = self.tw if self.rng.random() < 0.12 else self.zh
        whole = source.name()
        forms = [whole] * 6 + [whole[0] + self.rng.choice(["女士", "先生", "老师", "总", "主任", "医生"])]
        forms += [self.rng.choice("小老阿") + whole[-1], whole[1:] if len(whole) > 2 else whole]
        return self.rng.choice(forms)

    def short_name(self, zh: bool) -> str:
        return self.zh.name()[0] if zh else str(self.rng.choice(self.west).first_name())

    def surname(self, zh: bool) -> str:
        return str(self.rng.choice(self.west).last_name())

    def address(self, zh: bool) -> str:
        rng = self.rng
        if not zh:
            return self._western_address()
        if rng.random() < 0.12:
            return str(self.tw.address()).split(" ")[-1]
        parts = [self.pick("cities_zh") + "市" if rng.random() < 0.6 else "", self.pick("districts_zh")]
        parts += [self.pick("streets_zh") + f"{rng.randrange(1, 900)}号" if rng.random() < 0.75 else ""]
        parts += [self.pick("estates_zh")] if rng.random() < 0.6 or not parts[2] else []
        tail = [f"{rng.randrange(1, 30)}栋{rng.randrange(1, 5)}单元{rng.randrange(101, 3300)}", f"{rng.randrange(1, 30)}号楼{rng.randrange(101, 3000)}室", f"{rng.randrange(1, 40)}-{rng.randrange(1, 5)}-{rng.randrange(101, 3000)}", ""]  # fmt: skip
        return "".join(parts[rng.randrange(3) :]) + rng.choice(tail)

    def _western_address(self) -> str:
        rng, fake = self.rng, self.rng.choice(self.west[:3])
        street = f"{rng.randrange(1, 2000)} {fake.last_name()} {rng.choice(['Street', 'St', 'Road', 'Rd', 'Ave', 'Avenue', 'Lane', 'Close', 'Drive', 'Court', 'Blvd'])}"
        unit = rng.choice(
            [
                "",
                "",
                f", Apt {rng.randrange(1, 40)}{rng.choice('ABC')}",
                f", Flat {rng.randrange(1, 30)}",
                f", Unit {rng.randrange(1, 90)}",
            ]
        )
        town = rng.choice(
            [
                "",
                f", {fake.city()}",
                f", {fake.city()} {fake.postcode()}",
                f", {fake.city()}, {fake.postcode()}",
            ]
        )
        if rng.random() < 0.15:
            return str(fake.address()).replace("\n", ", ")
        return street + unit + town

    def organisation(self, zh: bool) -> str:
        rng = self.rng
        if zh:
            return rng.choice(
                [
                    self.zh.company(),
                    self.pick("organisations_zh"),
                    self.pick("cities_zh") + self.pick("organisations_zh"),
                ]
            )
        fake = rng.choice(self.west[:3])
        kind = rng.choice(
            [
                "Primary School",
                "General Hospital",
                "Logistics",
                "Bank",
                "Dental Clinic",
                "University",
                "Council",
                "Solicitors",
            ]
        )
        return rng.choice(
            [fake.company(), fake.company(), f"{fake.last_name()} {kind}", f"{fake.city()} {kind}"]
        )

    def birth(self, zh: bool) -> str:
        y, m, d = self.rng.randrange(1935, 2023), self.rng.randrange(1, 13), self.rng.randrange(1, 29)
        if zh:
            return self.rng.choice(
                [f"{y}年{m}月{d}日", f"{y}-{m:02}-{d:02}", f"{y}年{m}月", f"{y}.{m}.{d}", f"{y}/{m}/{d}"]
            )
        month = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ][m - 1]
        return self.rng.choice(
            [
                f"{y}-{m:02}-{d:02}",
                f"{m:02}/{d:02}/{y}",
                f"{d} {month} {y}",
                f"{month} {d}, {y}",
                f"{d}/{m}/{y % 100:02}",
            ]
        )

    def day(self, zh: bool) -> str:
        m, d = self.rng.randrange(1, 13), self.rng.randrange(1, 29)
        return (
            self.rng.choice([f"{m}月{d}日", f"2024年{m}月{d}日", "下周三"])
            if zh
            else self.rng.choice([f"2024-{m:02}-{d:02}", f"{d}/{m}", "next Friday", "Monday"])
        )

    def time(self, zh: bool) -> str:
        return (
            self.rng.choice(["下午三点", "早上九点半", "今晚八点"])
            if zh
            else self.rng.choice(["3 pm", "09:30", "noon"])
        )

    def identifier(self, zh: bool) -> str:
        head = "".join(self.rng.choices("ABCDEFGHKMNPRSTXYZ", k=self.rng.randrange(1, 4)))
        return head + self.rng.choice(["", "-"]) + str(self.rng.randrange(1000, 10**8))

    def account(self, zh: bool) -> str:
        name = str(self.west[0].user_name())
        return self.rng.choice(
            [
                name,
                name + str(self.rng.randrange(99)),
                name.replace(".", "_") + "_x",
                name[:5] + "-" + name[-3:],
            ]
        )


def _generated(count: int, values: Values) -> Iterator[EntityRow]:
    plans = [
        (k, "zh" if "zh" in k or k == "mixed" else "en")
        for k in ("zh", "zh", "en", "en", "mixed", "none_zh", "none_en")
    ]
    for _number in range(count):
        name, language = values.rng.choice(plans)
        template = values.pick(name)
        if values.rng.random() < 0.25 and not name.startswith("none"):
            template += values.rng.choice(["\n", " "]) + values.pick(name)
        text, spans = fill(template, language, values)
        yield EntityRow(text, spans, f"template {template}", "generated/templates", language_of(text), 1)


def fill(template: str, language: str, values: Values) -> tuple[str, tuple[Span, ...]]:
    """Replace `{X}` slots; returns the text and the spans of entity slots."""
    text, spans, at = "", [], 0
    template = template.replace("\\n", "\n")
    for match in re.finditer(r"\{([A-Zb-t])\}", template):
        text += template[at : match.start()]
        value, at = values.slot(match[1], language), match.end()
        if match[1] in SLOTS:
            spans.append((len(text), len(text) + len(value), SLOTS[match[1]]))
        text += value
    return text + template[at:], tuple(spans)


def halves(rows: list[EntityRow]) -> tuple[list[EntityRow], list[EntityRow]]:
    return [r for r in rows if not is_dev(r.group)], [r for r in rows if is_dev(r.group)]
