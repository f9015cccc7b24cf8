"""The fact check over a tiny real model: `yes`, `no` and `maybe` in source or claim decide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from threegate.detectors.models.claims import INDEXES, ClaimsDetector
from threegate.policy.kinds import KINDS
from threegate.types import (
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Passage,
    Reason,
    Source,
    TextLocation,
)
from threegate_classifiers.cache import OWNER
from threegate_classifiers.registry import SHIPPED
from threegate_classifiers.runtime import Engine
from threegate_classifiers.testing import build_tiny_models

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)
FILLER = "Rain falls on hills. " * 100


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = build_tiny_models(tmp_path_factory.mktemp("models"))
    opened = Engine.open(root, ["grounding", "evidence"], gpu=False, report=lambda _: None)
    yield opened
    opened.close()


async def check(engine: Engine, claim: str, *sources: str) -> Finding:
    made = tuple(Source(f"s{i}", text) for i, text in enumerate(sources))
    (answer,) = await ClaimsDetector(engine).judge([Passage(LOCUS, claim, sources=made)])
    assert isinstance(answer, tuple)
    (finding,) = answer
    return finding


@pytest.mark.parametrize(
    ("word", "kind"),
    [("yes", "claim.supported"), ("no", "claim.contradicted"), ("maybe", "claim.unsupported")],
)
async def test_model_decides(engine: Engine, word: str, kind: str) -> None:
    found = await check(engine, "The museum opened early.", f"The museum opened {word} early.")
    assert (found.kind, found.level, found.note) == (kind, Level.HIGH, f"s0:0-{len(word) + 25}")
    assert (found.span.start, found.span.end) == (0, 24)


async def test_each_fact_check_counts_its_own_sources(engine: Engine) -> None:
    """All sources of all checks were read together: a claim that only the wrong base bears out was
    supported."""
    claim = "The museum opened early."
    bases = {"plans": "The museum opened no early.", "faq": "The museum opened yes early."}
    names = {base: frozenset({f"knowledge/{base}"}) for base in (*bases, "none")}
    made = tuple(Source(base, text, names[base]) for base, text in bases.items())
    passage = Passage(LOCUS, claim, sources=made, counted=tuple(names.values()))
    (answer,) = await ClaimsDetector(engine).judge([passage])
    assert isinstance(answer, tuple)
    assert {f.counted: f.kind for f in answer} == {
        names["plans"]: "claim.contradicted",
        names["faq"]: "claim.supported",
        names["none"]: "claim.no_source",
    }
    assert [f.note.partition(":")[0] for f in answer] == ["plans", "faq", ""]


async def test_no_source_is_its_own_outcome(engine: Engine) -> None:
    for sources in ((), ("",), ("  \n",)):
        found = await check(engine, "The museum opened early.", *sources)
        assert (found.kind, found.level, found.note) == ("claim.no_source", Level.HIGH, "")


@pytest.mark.parametrize(
    "text", ["Is it open?", "好的，没问题。", "# Title", "1.", "Here is the list:"]
)
async def test_no_claim_no_finding(engine: Engine, text: str) -> None:
    passage = Passage(LOCUS, text, sources=(Source("s", "no"),))
    assert await ClaimsDetector(engine).judge([passage]) == [()]


@pytest.mark.parametrize(
    ("text", "before", "checked"),
    [
        ("| 排名 | 客户 | 电话 |\n", "", False),
        ("| Name | Price |\n", "Here they are.\n\n", False),
        ("| Refunds | never given |\n", "| What | How |\n|---|---|\n", True),
        ("| Refunds | within 30 days |\n", "", True),
        ("| One statement in a row |\n", "", True),
    ],
)
async def test_the_head_of_a_table_claims_nothing(
    engine: Engine, text: str, before: str, checked: bool
) -> None:
    passage = Passage(
        LOCUS, text, offset=len(before), before=before, sources=(Source("s", FILLER),)
    )
    (answer,) = await ClaimsDetector(engine).judge([passage])
    assert bool(answer) is checked


async def test_check_takes_the_word_that_it_is_a_claim(engine: Engine) -> None:
    passage = Passage(LOCUS, "Is it open?", sources=(Source("s", "no"),))
    assert (await ClaimsDetector(engine).check(passage)).kind == "claim.contradicted"


async def test_right_part_of_a_long_source(engine: Engine) -> None:
    found = await check(
        engine, "The museum opened early.", FILLER, FILLER + "Its museum opened yes. " + FILLER
    )
    assert found.kind == "claim.supported"
    assert found.note == f"s1:{len(FILLER)}-{len(FILLER) + 22}"


async def test_the_sentence_before_finds_the_place_of_a_claim_that_leans_on_it(
    engine: Engine,
) -> None:
    sources = (Source("s0", FILLER + "The museum has lockers, yes. " + FILLER),)
    for before, place in (("The museum has lockers. ", len(FILLER)), ("", 0)):
        passage = Passage(LOCUS, "They cost a euro.", before=before, sources=sources)
        found = await ClaimsDetector(engine).check(passage)
        assert found.note.startswith(f"s0:{place}-")


async def test_a_claim_is_borne_out_alone_and_with_the_sentence_that_it_leans_on(
    engine: Engine,
) -> None:
    source = Source("s", "The museum opened yes early.")
    for before, kind in (
        ("", "claim.supported"),
        ("It rains. ", "claim.supported"),
        ("The museum says no no. ", "claim.contradicted"),
    ):
        passage = Passage(LOCUS, "It opened early.", before=before, sources=(source,))
        assert (await ClaimsDetector(engine).check(passage)).kind == kind


async def test_the_question_finds_the_place_of_an_answer_that_leans_on_it(engine: Engine) -> None:
    sources = (Source("s0", FILLER + "The museum has lockers, yes. " + FILLER),)
    for question, place in (("Does the museum have lockers?", len(FILLER)), ("Is it wet?", 0)):
        passage = Passage(LOCUS, "They cost a euro.", question=question, sources=sources)
        found = await ClaimsDetector(engine).check(passage)
        assert found.note.startswith(f"s0:{place}-")


@pytest.mark.parametrize(
    ("last", "kind"), [("sleeps", "contradicted"), ("opened early", "supported")]
)
async def test_a_long_claim_is_read_to_its_end(engine: Engine, last: str, kind: str) -> None:
    claim = "The museum opened early" + " and late" * 60 + f". The staff {last}."
    sources = "The museum opened yes early. " + FILLER, FILLER + "The staff no sleeps. " + FILLER
    assert (await check(engine, claim, *sources)).kind == f"claim.{kind}"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The museum opened in 1999.", "yes. The museum opened in 1998."),
        ("起购金额为两万元。", "yes。起购金额为1万元。"),
        ("增长率为百分之十三。", "yes。增长率为12%。"),
        ("The deadline is July 26, 2024.", "yes. The deadline is 25 July 2024."),
        ("The bridge has 90 lamps.", "yes. The bridge has 60 lamps. The tunnel is longer: 90."),
        ("专业版含五个用户。", "yes。标准版售价为5元。专业版含20个用户。"),
    ],
)
async def test_another_number_contradicts_whatever_the_model_says(
    engine: Engine, claim: str, source: str
) -> None:
    found = await check(engine, claim, source)
    assert (found.kind, found.level) == ("claim.contradicted", Level.HIGH)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The museum opened in 1998.", "yes. The museum opened on 3 May 1998."),
        ("起购金额为一万元。", "yes。起购金额为10,000元。"),
        ("增长率为百分之十二。", "yes。增长率为12%。"),
        ("The sum is 44 euros.", "yes. The museum asks 20 euros and 24 euros."),
        ("The museum has 12 rooms.", "yes. The museum opened in 1998."),
        ("The north tower has 12 floors.", "yes. The tower has 14 floors, the north one 12."),
        ("| yes rooms | 14 |", "| yes rooms | 15 |"),
    ],
)
async def test_numbers_do_not_contradict_without_the_same_statement(
    engine: Engine, claim: str, source: str
) -> None:
    assert (await check(engine, claim, source)).kind == "claim.supported"


async def test_span_leaves_out_blanks(engine: Engine) -> None:
    found = await check(engine, "\n  The museum opened.  ", "yes.")
    assert (found.span.start, found.span.end) == (3, 21)


async def test_indexes_are_bounded(engine: Engine) -> None:
    detector = ClaimsDetector(engine)
    for i in range(INDEXES + 5):
        await detector.judge([Passage(LOCUS, "It rains.", sources=(Source("s", f"yes {i}."),))])
    assert len(detector._indexes) == INDEXES


async def test_an_index_is_of_its_owner_alone(engine: Engine) -> None:
    detector, sources = ClaimsDetector(engine), (Source("s", "yes."),)
    for owner in ("bank-1", "bank-2", "bank-1"):
        OWNER.set(owner)
        await detector.judge([Passage(LOCUS, "It rains.", sources=sources)])
    assert [owner for owner, _ in detector._indexes] == ["bank-2", "bank-1"]


async def test_closed_engine_is_a_failure(tmp_path: Path) -> None:
    engine = Engine.open(
        build_tiny_models(tmp_path), ["grounding", "evidence"], gpu=False, report=lambda _: None
    )
    detector = ClaimsDetector(engine)
    engine.close()
    passage = Passage(LOCUS, "The museum opened.", sources=(Source("s", "yes."),))
    assert await detector.judge([passage]) == [Failed("claims", Reason.ERROR, LOCUS)]


def test_kinds_are_known(engine: Engine) -> None:
    assert set(ClaimsDetector(engine).info.kinds) <= KINDS


@pytest.fixture(scope="module")
def shipped() -> Iterator[Engine]:
    opened = Engine.open(SHIPPED, ["grounding", "evidence"], gpu=False, report=lambda _: None)
    yield opened
    opened.close()


@pytest.mark.skipif(
    not any(SHIPPED.glob("grounding/*/manifest.yaml")), reason="no trained grounding model yet"
)
class TestShipped:
    @pytest.mark.parametrize(
        ("claim", "source", "supported"),
        [
            ("The museum opened in 1998.", "The museum first opened its doors in 1998.", True),
            ("The museum is open on Mondays.", "The museum is closed on Mondays.", False),
            ("标准版每月收费一百元。", "标准版每月收费一百元，含5个用户。", True),
            pytest.param(
                "产品持有满90天后可以赎回。",
                "产品成立后每笔份额须持有满90天方可赎回。",
                True,
                marks=pytest.mark.xfail(
                    strict=True, reason="grounding-zh/1 takes 须 … 方可 for the opposite of 后可以"
                ),
            ),
            ("退货不需要保留原包装。", "退货时须保留原包装，否则不予受理。", False),
            ("It is 36 months.", "The warranty is 12 months.", False),
            ("It's 12 months.", "The warranty is 12 months.", True),
            ("它是36个月。", "保修期是12个月。", False),
        ],
    )
    async def test_plain_claims(
        self, shipped: Engine, claim: str, source: str, supported: bool
    ) -> None:
        assert ((await check(shipped, claim, source)).kind == "claim.supported") is supported
