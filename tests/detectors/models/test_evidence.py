from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.models.evidence import Embed, Index, terms, tokens
from threegate.types import Source
from threegate_classifiers.registry import SHIPPED
from threegate_classifiers.runtime import Engine

MUSEUM = Source(
    "m", "The sky is blue. The museum opened in 1998. It shows 230 paintings. Dogs bark."
)
BANK = Source("b", "稳盈宝起购金额1万元。产品须持有满90天方可赎回。托管费按年收取。")


@pytest.fixture(scope="module")
def embed() -> Embed:
    return Engine.open(SHIPPED, ["evidence"], report=lambda _: None).vectors("evidence").of


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
@pytest.mark.parametrize("by_meaning", [False, True])
def test_best_sentence(
    claim: str, source: int, sentence: str, by_meaning: bool, embed: Embed
) -> None:
    found = Index([MUSEUM, BANK], embed if by_meaning else None).focus(claim, 30)
    assert found is not None
    assert (found.best.source, found.best.text) == (source, sentence)
    assert sentence in found.text
    assert not found.whole
    span = found.best.span
    assert (MUSEUM, BANK)[source].text[span.start : span.end] == sentence


HOTEL = Source(
    "h",
    "The hotel lies on the north shore of the lake. Breakfast is served from seven to ten. Dogs may "
    "stay in the garden rooms for a small fee. The sauna is closed on Mondays for cleaning. Guests "
    "who leave early pay the whole stay. Parking is free of charge. Pool towels are at the desk.",
)
HOTEL_ZH = Source(
    "z",
    "酒店位于湖的北岸。早餐时间为七点到十点。花园房可带狗入住，需另付少量费用。桑拿房每周一因清洁停用。"
    "客人提前退房须支付全程房费。停车不收钱。泳池毛巾请到前台领取。",
)


@pytest.mark.parametrize(
    ("claim", "source", "sentence"),
    [
        ("Pets are welcome if you pay a bit extra.", HOTEL, "Dogs may stay"),
        ("Leaving your car there costs nothing.", HOTEL, "Parking is free"),
        ("宠物可以跟着一起住，多付一点钱。", HOTEL_ZH, "花园房可带狗"),
        ("把汽车放在那里是免费的。", HOTEL_ZH, "停车不收钱"),
        ("停车免费。", HOTEL, "Parking is free"),
        ("桑拿周一不开放。", HOTEL, "The sauna is closed"),
        ("Dogs can stay in the garden rooms.", HOTEL_ZH, "花园房可带狗"),
        ("Breakfast ends at ten.", HOTEL_ZH, "早餐时间"),
    ],
)
def test_meaning_finds_what_words_miss(
    claim: str, source: Source, sentence: str, embed: Embed
) -> None:
    by_words = Index([source], None).focus(claim, 12)
    by_both = Index([source], embed).focus(claim, 12)
    assert by_words is not None
    assert by_both is not None
    assert not by_words.best.text.startswith(sentence)
    assert by_both.best.text.startswith(sentence)
    span = by_both.best.span
    assert source.text[span.start : span.end] == by_both.best.text


def test_all_fits() -> None:
    found = Index([MUSEUM, BANK], None).focus("museum", 500)
    assert found is not None
    assert found.whole
    assert found.text.startswith("The sky is blue.")
    assert found.text.endswith("托管费按年收取。")


def test_what_does_not_all_fit_comes_from_one_source() -> None:
    other = Source("o", "The museum in Lyon opened in 1998. It is closed on Mondays.")
    index = Index([MUSEUM, other, BANK], None)
    found = index.focus("The museum in Lyon is closed on Mondays.", 60)
    assert found is not None
    assert (found.best.source, found.whole) == (1, False)
    assert found.text == other.text


def test_around_stays_in_its_source() -> None:
    found = Index([MUSEUM, BANK], None).around("dogs bark loudly")
    assert found is not None
    assert found.text == "It shows 230 paintings. Dogs bark."


@pytest.mark.parametrize("sources", [[], [Source("e", "")], [Source("e", " \n ")]])
def test_no_source(sources: list[Source]) -> None:
    index = Index(sources, None)
    assert index.focus("a claim", 100) is None
    assert index.around("a claim") is None


@pytest.mark.parametrize("text", ["?! … !", "。。。\n——"])
def test_sources_and_claims_without_words(text: str) -> None:
    assert Index([Source("e", text)], None).focus("a claim", 100) is not None
    assert Index([MUSEUM], None).focus(text, 100) is not None


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
    index = Index([Source(str(i), text) for i, text in enumerate(texts)], None)
    found = index.focus(claim, room)
    if found is None:
        assert not any(text.strip() for text in texts)
        return
    kept = [p.text for p in index.pieces if p.text in found.text]
    assert found.text in " ".join(kept) or found.whole or len(kept) > 1
    assert tokens(found.text) <= max(room, tokens(found.best.text)) + 2
    scores = index.rank(claim)
    assert max(scores) == scores[index.pieces.index(found.best)]


@given(
    st.lists(SENTENCES.map("".join), min_size=1, max_size=4), st.sampled_from(["museum", "狗", "?"])
)
def test_a_sentence_ranks_the_same_wherever_its_source_stands(
    embed: Embed, texts: list[str], claim: str
) -> None:
    sources = [Source(str(i), text) for i, text in enumerate(texts)]
    index, turned = Index(sources, embed), Index(sources[::-1], embed)
    scores = sorted(zip((p.text for p in index.pieces), index.rank(claim).tolist(), strict=True))
    assert scores == sorted(
        zip((p.text for p in turned.pieces), turned.rank(claim).tolist(), strict=True)
    )
