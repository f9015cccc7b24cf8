"""What stops a command is said in both languages, from one table: no error is made beside it, no
entry is dead, and a Chinese problem speaks Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from string import Formatter

import pytest
from threegate.policy import schema
from threegate.policy.errors import FAILURES, broken, failure
from threegate.policy.language.patterns import SAYINGS
from threegate.policy.language.problems import CODES, Code
from threegate.policy.language.recognizers import FIELDS
from threegate.policy.language.shapes import enum_values, key_of, specs
from threegate.policy.lint import LINTS

from tests.policy import test_lint
from tests.policy.language import test_decode
from tests.policy.language.test_vocabulary import HAN, WORDS
from tests.policy.packs import checked, spoiled
from tests.source import SOURCE, trees

TABLE = SOURCE / "policy" / "errors.py"


def calls(name: str) -> Iterator[ast.Call]:
    """Of a function of the table, anywhere else."""
    for path, tree in trees().items():
        if name == "failure" and "policy.errors import" not in path.read_text(encoding="utf-8"):
            continue  # another function of this name
        for node in ast.walk(tree):
            if (
                path != TABLE
                and isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == name
            ):
                yield node


def details(code: Code) -> set[str]:
    texts = (code.text.zh, code.text.en, code.hint.zh, code.hint.en)
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


def test_no_policy_error_is_made_beside_the_table() -> None:
    assert list(calls("PolicyError")) == []
    assert len(FAILURES) > 20


def test_each_entry_is_used_with_exactly_its_details() -> None:
    given: dict[str, list[set[str]]] = {}
    for call in calls("failure"):
        (code,) = call.args
        assert isinstance(code, ast.Constant)
        given.setdefault(code.value, []).append({str(word.arg) for word in call.keywords})
    wanted = {entry.code: details(entry) for entry in FAILURES}
    assert set(given) == set(wanted)
    assert [code for code, each in given.items() if any(d != wanted[code] for d in each)] == []


def test_each_code_of_the_loader_is_used() -> None:
    written = {
        node.value
        for path, tree in trees().items()
        if path.name != "codes.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [c.code for c in CODES if c.code not in written] == []


def test_both_languages() -> None:
    for code in (*CODES, *FAILURES):
        for told in (*code.texts, code.text, code.hint):
            assert HAN.search(told.zh), code
            assert told.en, code
            assert not HAN.search(told.en), code
        assert not any("{" in t.zh + t.en for t in code.texts), code


def test_the_text_of_an_error_tells_the_first_problem_and_how_many_more() -> None:
    problems = checked(
        spoiled(("pipl.51", "pipl.999"), ("[hazard.self_harm]", "[hazard.selfharm]"))
    ).problems
    error = broken(problems)
    assert error.problems == problems
    assert error.text.zh.startswith("packs/shop.yaml:23:11: 依据编号 pipl.999 不存在；另有 ")
    assert re.search(r" and \d more$", error.text.en)
    assert str(failure("row-text", row=7)) == "row 7: no text"


FAULTS = [tuple(changes) for changes in test_lint.BAD.values()] + [
    ((old, new),) for old, new, _ in test_decode.WRONG
]
LATIN = re.compile(r"[A-Za-z][A-Za-z_]+")
TERMS = {
    "zh", "en", "policies", "packs", "yaml", "README", "CN", "md", "threegate", "policy", "hash", "kinds", "taxonomy", "YAML", "JSON", "score",
    "RE", "true", "false", "yes", "no", "on", "off", "pack", "Schema", "SHA", "system", "context", "knowledge", "user",
    "chat", "completions", "embeddings", "messages", "responses", "seed", "logprobs", "AI", "API", "HTTP", "TLS", "HSM", "EU", "Unicode", "ASCII",
}  # fmt: skip
"""What is the same in Chinese: names of commands, files, formats and standards."""


KEYS = {
    key_of(spec)
    for kind in vars(schema).values()
    if isinstance(kind, type) and is_dataclass(kind)
    for spec in specs(kind)
}
NAMES = KEYS | TERMS | FIELDS | {word for kind in WORDS for word in enum_values(kind)}


def foreign(text: str, file: str) -> set[str]:
    """Latin words of a Chinese text that are no name: of a key, a value, or something in the file."""
    words = {word for word in LATIN.findall(text) if "_" not in word}
    return {word for word in words if word not in NAMES and word not in file}


@pytest.mark.parametrize("changes", FAULTS, ids=lambda changes: changes[-1][1][:40])
def test_a_chinese_problem_speaks_chinese(changes: tuple[tuple[str, str], ...]) -> None:
    file = spoiled(*changes)
    problems = checked(file).problems
    assert problems
    for problem in problems:
        for told in (problem.text, problem.hint):
            assert HAN.search(told.zh), problem
            assert not foreign(told.zh, file), problem
            assert set(HAN.findall(told.en)) <= set(file), problem


def test_every_lint_and_every_complaint_of_re2_speaks_both() -> None:
    told = [text for lint in LINTS for text in (lint.title, lint.why, lint.fix)]
    for each in [*told, *SAYINGS.values()]:
        assert HAN.search(each.zh)
        assert not HAN.search(each.en)
