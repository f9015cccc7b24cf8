"""Chinese lines have full-width punctuation, also where a template puts them together."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import threegate

ROOT = Path(threegate.__file__).parent
HALF = re.compile(
    r"[\u3400-\u9fff”）] ?[(),;:!?]|[(),;:!?] ?[\u3400-\u9fff（“]|\([^)]*[\u3400-\u9fff]"
)
SIGNS = (
    "缺右括号 )", "多了右括号 )", "写 ? 写键", "不能用 ? 写键", "以 ! 开头", "file:路径、env:变量名", "cmd:命令",
    "“名称: 值”", "写半角的“:”", "(?=…)",
)  # fmt: skip
"""Signs of YAML, of settings and of patterns that a line quotes."""
PAIR = re.compile(r"""_\((?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*,""")
STATIC = re.compile(r"[(),;!?]|:(?!\x01)|\.(?=[\s\x00-\x02])")


def _chinese(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, member in value.items():
                if name == "zh" and isinstance(member, str):
                    yield member
                else:
                    yield from _chinese(member)
        case list():
            for member in value:
                yield from _chinese(member)


def _half(text: str) -> bool:
    for sign in SIGNS:
        text = text.replace(sign, "")
    return HALF.search(text) is not None


def _in_code(path: Path) -> Iterator[str]:
    """What `Bilingual(zh, en)` and `text_in(zh, en)` are given."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        first = node.args[0]
        if name in ("Bilingual", "text_in") and isinstance(first, ast.Constant):
            yield str(first.value)


def _in_template(text: str) -> Iterator[str]:
    yield from (m.group(1) or m.group(2) or "" for m in PAIR.finditer(text))


def _static(text: str) -> str:
    """What a template prints in both languages alike: \\x00 a branch, \\x01 a value, \\x02 a tag."""
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{% set (\w+) %\}.*?\{% endset %\}", "", text, flags=re.DOTALL)
    for pattern, sign in ((r"\{\{.*?\}\}", "\x01"), (r"\{%.*?%\}", "\x00"), (r"<[^<>]*>", "\x02")):
        text = re.sub(pattern, sign, text, flags=re.DOTALL)
    return text.replace("list.\x01", "")


@pytest.mark.parametrize("ending", ["toml", "py", "html"])
def test_lines_have_full_width_punctuation(ending: str) -> None:
    found = []
    for path in sorted(ROOT.rglob(f"*.{ending}")):
        match ending:
            case "toml":
                lines = _chinese(tomllib.loads(path.read_text("utf-8")))
            case "py":
                lines = _in_code(path)
            case _:
                lines = _in_template(path.read_text("utf-8"))
        curl = "curl {url}"  # of the start: a command, with what it sends
        found += [f"{path.name}: {line}" for line in lines if _half(line) and curl not in line]
    assert found == []


def test_templates_print_no_half_width_punctuation_of_their_own() -> None:
    """It stood between Chinese words: “（”of one page, "(" of the next."""
    found = []
    for path in sorted(ROOT.rglob("*.html")):
        text = _static(path.read_text("utf-8"))
        found += [
            f"{path.name}: {text[max(0, m.start() - 20) : m.end() + 20]!r}"
            for m in STATIC.finditer(text)
        ]
    assert found == []
