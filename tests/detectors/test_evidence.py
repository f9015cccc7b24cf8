from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.evidence import Index, terms, tokens
from threegate.types import Source

MUSEUM = Source(
    "m", "The sky is blue. The museum opened in 1998. It shows 230 paintings. Dogs bark."
)
BANK = Source("b", "稳盈宝起购金额1万元。产品须持有满90天方可赎回。托管费按年收取。")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Museums opened in 1,998", ["the", "museum", "open", "in", "1998"]),
        ("起购金额", ["起购", "购金", "金额"]),
        ("我", ["我"]),
        ("用Python写", ["用", "python", "写"]),
        ("?!", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("claim", "source", "sentence"),
    [
        ("When did the museum open?", 0, "The museum opened in 1998."),
        ("There are 230 pictures", 0, "It shows 230 paintings."),
        ("持有多少天可以赎回", 1, "产品须持有满90天方可赎回。"),
        ("起购金额是多少", 1, "稳盈宝起购金额1万元。"),
    ],
)
def test_best_sentence(claim: str, source: int, sentence: str) -> None:
    found = Index([MUSEUM, BANK]).focus(claim, 30)
    assert found is not None
    assert (found.best.source, found.best.text) == (source, sentence)
    assert sentence in found.text
    assert not found.whole
    span = found.best.span
    assert (MUSEUM, BANK)[source].text[span.start : span.end] == sentence


def test_all_fits() -> None:
    found = Index([MUSEUM, BANK]).focus("museum", 500)
    assert found is not None
    assert found.whole
    assert found.text.startswith("The sky is blue.")
    assert found.text.endswith("托管费按年收取。")


def test_what_does_not_all_fit_comes_from_one_source() -> None:
    other = Source("o", "The museum in Lyon opened in 1998. It is closed on Mondays.")
    index = Index([MUSEUM, other, BANK])
    found = index.focus("The museum in Lyon is closed on Mondays.", 60)
    assert found is not None
    assert (found.best.source, found.whole) == (1, False)
    assert found.text == other.text


def test_around_stays_in_its_source() -> None:
    found = Index([MUSEUM, BANK]).around("dogs bark loudly")
    assert found is not None
    assert found.text == "It shows 230 paintings. Dogs bark."


@pytest.mark.parametrize("sources", [[], [Source("e", "")], [Source("e", " \n ")]])
def test_no_source(sources: list[Source]) -> None:
    index = Index(sources)
    assert index.focus("a claim", 100) is None
    assert index.around("a claim") is None


@pytest.mark.parametrize("text", ["?! … !", "。。。\n——"])
def test_sources_and_claims_without_words(text: str) -> None:
    assert Index([Source("e", text)]).focus("a claim", 100) is not None
    assert Index([MUSEUM]).focus(text, 100) is not None


SENTENCES = st.lists(
    st.sampled_from(["The museum opened. ", "狗在叫。", "It costs 5 euros!\n", "a b c "]),
    max_size=40,
)


@given(
    st.lists(SENTENCES.map("".join), max_size=4),
    st.sampled_from(["museum", "狗叫了", "euros", "?"]),
    st.integers(5, 80),
)
def test_focus_fits_and_keeps_the_order(texts: list[str], claim: str, room: int) -> None:
    index = Index([Source(str(i), text) for i, text in enumerate(texts)])
    found = index.focus(claim, room)
    if found is None:
        assert not any(text.strip() for text in texts)
        return
    kept = [p.text for p in index.pieces if p.text in found.text]
    assert found.text in " ".join(kept) or found.whole or len(kept) > 1
    assert tokens(found.text) <= max(room, tokens(found.best.text)) + 2
    scores = index.rank(claim)
    assert max(scores) == scores[index.pieces.index(found.best)]
