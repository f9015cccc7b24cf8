"""Marks and the list of cited sources."""

from __future__ import annotations

import pytest
from threegate.guard.cite import Citations, marked
from threegate.types import (
    Action,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Span,
    TextLocation,
)

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)
SOURCES = ("context:/context/0", "context:/context/1", "products/prices.zh")
CITE = Citations(frozenset({"r"}), SOURCES, "en")


def claim(verdict: str, action: Action, source: str = "", rule: str = "r", **more: bool) -> Ruling:
    note = f"{source}:3-9" if source else ""
    finding = Finding("claims", f"claim.{verdict}", Span(0, 9), 1.0, Level.HIGH, LOCUS, note)
    return Ruling(rule, action, finding, **more)


@pytest.mark.parametrize(
    ("ruled", "mark"),
    [
        (claim("supported", Action.ALLOW, SOURCES[0]), "[1]"),
        (claim("supported", Action.ALLOW, SOURCES[2]), "[3]"),
        (claim("supported", Action.ALLOW, "gone"), ""),
        (claim("contradicted", Action.ANNOTATE, SOURCES[1]), "[≠2]"),
        (claim("contradicted", Action.FLAG, SOURCES[1]), ""),
        (claim("unsupported", Action.ANNOTATE, SOURCES[1]), "[?]"),
        (claim("unsupported", Action.FLAG, SOURCES[1]), ""),
        (claim("no_source", Action.ANNOTATE), ""),
        (claim("supported", Action.ALLOW, SOURCES[0], rule="other"), ""),
        (claim("supported", Action.ALLOW, SOURCES[0], shadow=True), ""),
        (Ruling("r", Action.ANNOTATE, Failed("claims", Reason.TIMEOUT, LOCUS)), ""),
    ],
)
def test_marks(ruled: Ruling, mark: str) -> None:
    assert CITE.mark(ruled) == mark


def test_list_names_each_cited_source_once_in_order() -> None:
    ruled = [
        claim("supported", Action.ALLOW, SOURCES[2]),
        claim("contradicted", Action.ANNOTATE, SOURCES[1]),
        claim("supported", Action.ALLOW, SOURCES[2]),
    ]
    assert CITE.listing(ruled).strip().splitlines() == [
        "Sources:",
        "[2] attached document 2",
        "[3] products/prices.zh",
        "[≠] at odds with that source",
    ]


def test_list_in_chinese_and_without_any_number() -> None:
    one = Citations(frozenset({"r"}), ("system:/messages/0/content",), "zh")
    found = claim("supported", Action.ALLOW, "system:/messages/0/content")
    assert one.listing([found]) == "\n\n资料：\n[1] 系统提示"
    unknown = claim("unsupported", Action.ANNOTATE, "system:/messages/0/content")
    assert one.listing([unknown]) == "\n\n资料：\n[?] 资料中没有"


def test_nothing_cited_no_list() -> None:
    assert CITE.listing([claim("unsupported", Action.FLAG)]) == ""
    assert Citations().listing([claim("supported", Action.ALLOW, SOURCES[0])]) == ""


@pytest.mark.parametrize(
    ("last", "text"),
    [("。", "[1]。"), (".", "[1]."), ("|", "[1]|"), ("”", "”[1]"), ("年", "年[1]")],
)
def test_place_of_a_mark(last: str, text: str) -> None:
    assert marked("[1]", last) == text
