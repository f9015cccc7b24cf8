"""The handbook cannot rot: its tables are the code's, its examples load, and every key is shown."""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from pathlib import Path

import pytest
from threegate.cli.commands import COMMANDS
from threegate.policy import schema
from threegate.policy.facade import check
from threegate.policy.language.load import DictTree, pack_path
from threegate.policy.language.shapes import key_of, specs
from threegate.policy.lifecycle.store import DirTree

from scripts.policy_reference import filled

POLICIES = Path(__file__).parents[2] / "policies"
READMES = {"en": POLICIES / "README.md", "zh": POLICIES / "README.zh-CN.md"}
FENCE = re.compile(r"```yaml\n(.*?)```", re.S)
EXAMPLES = [
    pytest.param(text, id=f"{language}-{text.partition('pack: ')[2].split()[0]}")
    for language, path in READMES.items()
    for text in FENCE.findall(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("language", READMES)
def test_tables_are_those_of_the_code(language: str) -> None:
    """After a change of schema or lints: python -m scripts.policy_reference."""
    text = READMES[language].read_text(encoding="utf-8")
    assert filled(text, language) == text


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_have_no_error(example: str) -> None:
    name = example.partition("pack: ")[2].split()[0]
    tree = DictTree({pack_path(name): example.encode()}, DirTree(POLICIES))
    checked = check(tree, [name], today="2026-11-25")
    assert [str(p) for p in checked.problems if p.severity != "info"] == []
    assert checked.policies is not None


def test_both_languages_show_the_same_examples() -> None:
    names = [
        re.findall(r"^pack: (\S+)", p.read_text(encoding="utf-8"), re.M) for p in READMES.values()
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("language", READMES)
def test_every_key_of_the_language_is_in_the_handbook(language: str) -> None:
    text = READMES[language].read_text(encoding="utf-8")
    kinds = [k for k in vars(schema).values() if isinstance(k, type) and is_dataclass(k)]
    keys = {key_of(f) for k in kinds for f in specs(k)}
    assert len(keys) > 50
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()


@pytest.mark.parametrize("language", READMES)
def test_the_list_of_commands_is_that_of_the_command_line(language: str) -> None:
    lines = re.findall(r"^threegate policy (.*)$", READMES[language].read_text("utf-8"), re.M)
    listed = {part.split()[0] for line in lines for part in line.partition("#")[0].split(" | ")}
    verbs = {name for name, entry in COMMANDS["policy"].items() if isinstance(entry, dict)}
    assert listed == verbs
