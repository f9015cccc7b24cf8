"""Reference tables of `policies/README.md`, made from the schema and the linter, so that they
cannot become outdated.

A README holds markers such as `<!-- keys: Rule -->` … `<!-- end -->`; `filled` puts the table
between them. `python -m scripts.policy_reference` fills both READMEs.
"""

from __future__ import annotations

import re
from dataclasses import Field
from enum import Enum
from pathlib import Path
from typing import Any

from threegate.policy import schema
from threegate.policy.actions import ACTIONS
from threegate.policy.language.shapes import (
    description,
    enum_values,
    hints,
    is_required,
    key_of,
    specs,
)
from threegate.policy.lint import LINTS
from threegate.types import Bilingual

READMES = {"en": "README.md", "zh": "README.zh-CN.md"}
_MARKED = re.compile(r"(<!-- (keys: (\w+)|lints|actions) -->\n).*?(<!-- end -->)", re.S)


def filled(text: str, language: str) -> str:
    """The README with every table regenerated. Unknown class names raise AttributeError."""

    def table(match: re.Match[str]) -> str:
        return match[1] + _table(match[2], match[3], language) + match[4]

    return _MARKED.sub(table, text)


def _table(what: str, name: str, language: str) -> str:
    if what == "lints":
        return _lints(language)
    if what == "actions":
        return _actions(language)
    return keys_table(getattr(schema, name), language)


def keys_table(kind: type, language: str) -> str:
    """Key, default and meaning of one construct."""
    head = Bilingual(
        "| 键 | 默认 | 说明 |\n|---|---|---|\n", "| key | default | meaning |\n|---|---|---|\n"
    )
    return head.get(language) + "".join(_row(kind, spec, language) for spec in specs(kind))


def _row(kind: type, spec: Field[Any], language: str) -> str:
    meaning = description(kind, spec).get(language)
    words = _words(hints(kind)[spec.name])
    listed = f" ({', '.join(f'`{word}`' for word in words)})" if words else ""
    return f"| `{key_of(spec)}` | {_default(spec, language)} | {meaning}{listed} |\n"


def _words(kind: Any) -> tuple[str, ...]:
    """The words of an enum, also inside a list or an option."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(enum_values(kind))
    inner = [_words(arg) for arg in getattr(kind, "__args__", ())]
    return next((words for words in inner if words), ())


def _default(spec: Field[Any], language: str) -> str:
    if is_required(spec):
        return Bilingual("必填", "required").get(language)
    value = spec.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Enum):
        word = next(w for w, member in enum_values(type(value)).items() if member is value)
        return f"`{word}`"
    if isinstance(value, int):
        return f"`{value}`"
    return Bilingual("无", "none").get(language)


def _actions(language: str) -> str:
    head = Bilingual(
        "| 动作 | 含义 | 层 |\n|---|---|---|\n", "| action | meaning | layers |\n|---|---|---|\n"
    )
    rows = (
        f"| `{info.key}` | {info.title.get(language)} | {', '.join(sorted(info.layers))} |\n"
        for info in reversed(ACTIONS)
    )
    return head.get(language) + "".join(rows)


def _lints(language: str) -> str:
    head = Bilingual(
        "| 代码 | 级别 | 问题 | 为什么 | 怎么改 |\n|---|---|---|---|---|\n",
        "| code | severity | problem | why | fix |\n|---|---|---|---|---|\n",
    )
    rows = (
        f"| `{each.code}` | {each.severity.value} | {each.title.get(language)} | "
        f"{each.why.get(language)} | {each.fix.get(language)} |\n"
        for each in LINTS
    )
    return head.get(language) + "".join(rows)


def main() -> None:
    for language, name in READMES.items():
        path = Path(__file__).parents[1] / "policies" / name
        path.write_text(filled(path.read_text("utf-8"), language), "utf-8")


if __name__ == "__main__":
    main()
