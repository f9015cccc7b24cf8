from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console
from threegate.scan.item import Role, ScanItem, sources_of
from threegate.scan.scanner import Claim, Scanner, ScanResult, Stance
from threegate.scan.show import show
from threegate.types import Level, Span

LONG = "很长的话" * 40


def printed(item: ScanItem, answer: ScanResult, language: str) -> str:
    out = io.StringIO()
    show(item, answer, Level.MEDIUM, language, Console(file=out, width=120))
    return out.getvalue()


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ["居民身份证号", "高"]), ("en", ["Chinese resident ID", "high"])]
)
def test_both_languages(patterns: Scanner, language: str, words: list[str]) -> None:
    item = ScanItem("我的身份证是11010519491231002X")
    said = printed(item, asyncio.run(patterns.scan(item)), language)
    assert all(word in said for word in words)


def test_markup_in_a_text_is_text() -> None:
    assert "[bold]x[/bold] [/]" in printed(ScanItem("[bold]x[/bold] [/]"), ScanResult(), "en")


def test_claims_with_their_evidence_cut_short() -> None:
    item = ScanItem("价格是5元。", role=Role.ASSISTANT, sources=sources_of([LONG]))
    claim = Claim(Span(0, 6), Stance.CONTRADICTED, 0.9, Level.HIGH, (0, Span(0, len(LONG))))
    said = printed(item, ScanResult(claims=(claim,)), "zh")
    assert "与来源矛盾 0.90" in said
    assert "[0:0-160]" in said
    assert LONG not in said
