from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import threegate
from threegate.audit.log.record import Stage
from threegate.console.presenters.labels import ACTION, BOOKS, family, name
from threegate.policy.kinds import KIND_INFOS
from threegate.policy.language.vocabulary import kind_title
from threegate.policy.lifecycle.machine import VersionStage
from threegate.policy.lifecycle.people import Role
from threegate.types import Action


def test_every_code_has_a_name_in_both_languages() -> None:
    assert set(ACTION) == {a.name.lower() for a in Action}
    assert set(BOOKS["stage"]) == {s.value for s in Stage}
    assert set(BOOKS["role"]) == {r.value for r in Role}
    assert set(BOOKS["version"]) == {s.value for s in VersionStage}
    for book in BOOKS.values():
        assert all(words.zh and words.en for words in book.values())


HAN = re.compile(r"[\u3400-\u9fff]")
SOURCE = Path(threegate.__file__).parent


def nodes(*folders: str) -> Iterator[ast.AST]:
    for folder in folders:
        for path in (SOURCE / folder).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def literal(node: ast.AST | None) -> str:
    known = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if isinstance(node, ast.Constant) and known else ""


def test_whatever_is_noted_has_a_name_in_both_languages() -> None:
    """Verbs and facts of the log's own records, as the source writes them."""
    verbs, facts = set(), set()
    for node in nodes("console", "audit"):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "note":
            verbs.add(literal(node.args[0]))
            facts |= {word.arg or "" for word in node.keywords}
        if isinstance(node, ast.Dict):
            pairs = {literal(k): v for k, v in zip(node.keys, node.values, strict=True)}
            if "verb" in pairs and "actor" in pairs:
                verbs.add(literal(pairs["verb"]))
                facts |= set(pairs)
    assert len(verbs) > 15
    assert verbs - {""} <= set(BOOKS["verb"])
    assert facts - {""} <= set(BOOKS["fact"])
    for words in (*BOOKS["verb"].values(), *BOOKS["fact"].values()):
        assert HAN.search(words.zh)
        assert not HAN.search(words.en)


def test_unknown_codes_are_shown_as_they_are() -> None:
    assert name("action", "fly", "zh") == "fly"
    assert name("kind", "nothing.known", "zh") == "nothing.known"


def test_open_kinds_take_the_name_of_their_family() -> None:
    assert kind_title("list.autumn").zh == "词表 autumn"
    assert kind_title("secret.api_key").en.endswith(" api_key")
    assert "secret" in {info.kind for info in KIND_INFOS}


def test_families_have_a_colour() -> None:
    assert family("pii.cn.id_card") == "pii"
    assert family("something.else") == "other"
