"""`docs/request-fields.md` says what the base policy and the sampling profiles do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from threegate.guard.constraint import constrain
from threegate.guard.constraint_merge import merge
from threegate.policy.facade import check
from threegate.policy.lifecycle.store import DirTree
from threegate.types import Caller
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("request-fields.md", "request-fields.zh-CN.md")]
CHAT = next(a for a in ADAPTERS if a.api is Api.CHAT)
HI: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
NUMBERS = re.compile(r"temperature|_p$|top_k|penalty|tokens$|^n$|best_of|seed|max_")


def rows(page: Path) -> list[tuple[str, str]]:
    """(field, what becomes of it) of the table."""
    table = page.read_text("utf-8").partition("<!-- fields -->")[2].partition("<!-- end -->")[0]
    found = []
    for line in table.splitlines()[3:]:
        names, verdict, _ = (cell.strip() for cell in line.strip("|").split("|"))
        found += [(name, verdict) for name in re.findall(r"`([\w.]+)`", names)]
    return found


def constrained(body: dict[str, Any], *packs: str) -> tuple[str, dict[str, Any]]:
    policy = check(DirTree(ROOT / "policies"), packs or ("base",)).policies.policy_for(Caller())
    assert policy is not None
    done = constrain({**HI, **body}, CHAT, merge(policy, Caller()))
    return done.refusal.code if done.refusal else "", done.body


@pytest.mark.parametrize(("field", "verdict"), rows(PAGES[0]))
def test_the_table_says_what_the_base_policy_does(field: str, verdict: str) -> None:
    name, _, member = field.partition(".")
    value: Any = [] if name == "tools" else 1 if NUMBERS.search(name) else "x"
    sent = {name: {member: True} if member else value}
    code, body = constrained(sent)
    match verdict:
        case "refused":
            assert code == "field_denied"
        case "dropped":
            assert not code
            assert name not in body
        case _:
            assert verdict == "passes"
            assert body[name] == sent[name]


def test_both_languages_have_the_same_table() -> None:
    english, chinese = (rows(page) for page in PAGES)
    assert english == chinese
    assert len(english) > 60


@pytest.mark.parametrize(
    ("packs", "sent", "becomes"),
    [
        (("base",), {"temperature": 0}, {"temperature": 0}),
        (("base",), {"temperature": 2}, {"temperature": 1}),
        (("base",), {}, {}),
        (("base", "sampling-safe"), {"temperature": 0}, {"temperature": 0.3}),
        (("base", "sampling-safe"), {}, {"temperature": 0.6}),
        (("base", "sampling-focused"), {}, {"temperature": 0}),
        (("base", "sampling-focused"), {"temperature": 1}, {"temperature": 0.3}),
    ],
)
def test_the_profiles(
    packs: tuple[str, ...], sent: dict[str, Any], becomes: dict[str, Any]
) -> None:
    _, body = constrained(sent, *packs)
    assert {k: v for k, v in body.items() if k not in HI} == becomes
