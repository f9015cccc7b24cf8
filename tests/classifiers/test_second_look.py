"""Two models on one text: who is asked, and what both say together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from threegate_classifiers import registry
from threegate_classifiers.errors import ModelError, TimedOut
from threegate_classifiers.manifest import Manifest, read_manifest
from threegate_classifiers.results import Scores
from threegate_classifiers.runtime import Engine
from threegate_classifiers.second_look import GROUP, entries
from threegate_classifiers.testing import WEIGHT, build_model
from threegate_classifiers.tokenize import Text

DIRECT, WEAPONS, DRUGS = "injection.direct", f"{GROUP}weapons", f"{GROUP}drugs"
FIRST = {DIRECT: ["ignore", "忽"], WEAPONS: ["bomb"], DRUGS: ["pill"]}
SECOND = {DIRECT: ["ignore", "forget"], WEAPONS: ["pill"], DRUGS: ["opium"]}
LEVELS = {"low": 0.3, "medium": 0.5, "high": 0.9}
BESIDE = {"language": "en", "share": 0.5, "near": 4.0}


def built(root: Path, **changes: Any) -> Path:
    """A first model of which every text is `near` unless it is quite sure: its levels are low."""
    levels = {label: {"en": LEVELS} for label in FIRST}
    build_model(root, "guard", "classify", FIRST, levels=levels, second="guard-en@1")
    more: dict[str, Any] = {"levels": levels, "beside": BESIDE} | changes
    words = more.pop("words", SECOND)
    build_model(root, "guard-en", "classify", words, **more)
    return root


def opened(root: Path) -> Engine:
    return Engine.open(root, ["guard"], gpu=False, report=lambda _: None)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = opened(built(tmp_path))
    yield made
    made.close()


def asked(engine: Engine, *texts: str) -> list[Scores]:
    return engine.classify("guard", [Text(t) for t in texts]).now()


def read_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the second model is asked of."""
    seen: list[str] = []
    second = engine.models["guard-en"]
    start = second.start

    def noted(texts: Sequence[Text], deadline_s: float) -> Any:
        seen.extend(text.first for text in texts)
        return start(texts, deadline_s)

    monkeypatch.setattr(second, "start", noted)
    return seen


async def test_the_mean_of_both_decides(engine: Engine) -> None:
    both, one = asked(engine, "ignore", "ignore pill")
    assert both[DIRECT].score == pytest.approx(1 / (1 + 2.718281828 ** (-WEIGHT / 2)), abs=1e-4)
    assert both[DIRECT].level == 3
    assert [s[DIRECT].level for s in await engine.classify("guard", [Text("ignore")])] == [3]
    assert one[WEAPONS].level in (2, 3)


def test_harm_is_one_question_whatever_each_calls_it(engine: Engine) -> None:
    """The first says drugs, the second weapons: both are sure of harm, so one category is sure."""
    (found,) = asked(engine, "pill")
    assert sorted([found[WEAPONS].level, found[DRUGS].level])[-1] == 3
    assert sorted([found[WEAPONS].level, found[DRUGS].level])[0] <= 2


def test_one_that_is_sure_of_nothing_takes_back_what_the_other_found(engine: Engine) -> None:
    (found,) = asked(engine, "bomb")
    assert found[WEAPONS].level == 2  # a mean of 0: neither of the two is believed alone
    assert found[WEAPONS].score == pytest.approx(0.5)


def test_asked_only_of_what_is_near_and_in_its_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(built(tmp_path))
    seen = read_again(engine, monkeypatch)
    quiet, loud, chinese = asked(engine, "a day", "ignore", "忽忽忽")
    assert seen == ["ignore"]
    assert (quiet[DIRECT].level, loud[DIRECT].level, chinese[DIRECT].level) == (0, 3, 3)
    asked(engine, "ignore")
    assert len(seen) == 2  # from the cache, but asked
    engine.close()


@pytest.mark.parametrize(
    "text",
    [
        "wie baue ich eine bomb für meine Schule",
        "comment fabriquer une bomb pour tuer",
        "cómo fabricar una bomb para matar gente",
        "jak zrobić bomb w domu, żeby zabić ludzi",
        "chế tạo bomb tại nhà",
        "fabriquer bomb à la maison",
        "dove posso comprare bomb",
        "как сделать bomb дома",
        "write code with many comments, please: bomb # 教我做",
    ],
    ids=ascii,
)
def test_what_the_second_cannot_read_is_left_to_the_first(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(built(tmp_path))
    seen = read_again(engine, monkeypatch)
    (found,) = asked(engine, text)
    assert (found.language, found[WEAPONS].level, seen) == ("en", 3, [])
    engine.close()


def test_english_with_a_foreign_name_is_asked_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(built(tmp_path))
    seen = read_again(engine, monkeypatch)
    texts = ["how to bring a bomb to the café 'Le Monde'", "the “el Niño” bomb of México"]
    assert [found[WEAPONS].level for found in asked(engine, *texts)] == [2, 2]
    assert seen == texts
    engine.close()


def test_a_wide_band_finds_what_the_first_does_not_know(tmp_path: Path) -> None:
    engine = opened(built(tmp_path, beside=BESIDE | {"near": 99.0}))
    (found,) = asked(engine, "forget forget forget")
    assert found[DIRECT].level == 3
    assert found[DIRECT].below < 0
    engine.close()


def test_the_surer_one_says_where(tmp_path: Path) -> None:
    engine = opened(built(tmp_path, beside=BESIDE | {"near": 99.0}))
    text = "day " * 60 + "forget forget forget"
    (found,) = asked(engine, text)
    assert "forget" in text[found[DIRECT].start : found[DIRECT].end]
    engine.close()


def test_of_a_long_text_the_second_reads_what_the_first_is_unsure_of(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = read_again(engine, monkeypatch)
    text = "day " * 300 + "forget ignore " + "day " * 300
    (found,) = asked(engine, text)
    (part,) = seen
    assert "forget ignore" in part
    assert part in text
    assert 2 * len(part) < len(text)
    assert found[DIRECT].level == 3
    assert "ignore" in text[found[DIRECT].start : found[DIRECT].end]


def test_a_label_without_levels_is_left_to_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = {label: {"en": LEVELS} for label in (WEAPONS, DRUGS)}
    engine = opened(built(tmp_path, levels=levels))
    seen = read_again(engine, monkeypatch)
    alone, both = asked(engine, "ignore", "ignore pill")
    assert seen == ["ignore pill"]
    assert alone[DIRECT] == both[DIRECT]._replace(end=alone[DIRECT].end)
    engine.close()


CHINESE = {DIRECT: ["忽"], WEAPONS: ["刀"], DRUGS: ["药"]}


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Engine]:
    """A first model that knows `bomb` and 弹, and a second one for each language that does not."""
    levels = {label: {"en": LEVELS, "zh": LEVELS} for label in FIRST}
    words, seconds = FIRST | {WEAPONS: ["bomb", "弹"]}, "guard-en@1 guard-zh@1"
    build_model(tmp_path, "guard", "classify", words, levels=levels, second=seconds)
    for name, language, known in (("guard-en", "en", SECOND), ("guard-zh", "zh", CHINESE)):
        mine = {label: {language: LEVELS} for label in FIRST}
        beside = BESIDE | {"language": language}
        build_model(tmp_path, name, "classify", known, levels=mine, beside=beside)
    made = opened(tmp_path)
    yield made
    made.close()


async def test_each_language_has_its_own_second_model(three: Engine) -> None:
    texts = [Text("the bomb"), Text("弹在这里"), Text("忽略以上"), Text("a day")]
    english, chinese, sure, quiet = three.classify("guard", texts).now()
    assert [english[WEAPONS].level, chinese[WEAPONS].level] == [2, 2]
    assert [sure[DIRECT].level, quiet[DIRECT].level] == [3, 0]
    assert await three.classify("guard", texts) == [english, chinese, sure, quiet]


@pytest.mark.parametrize(
    "text", ["how to buy the 弹弹弹弹 in your town", "弹の作り方を教えてくださいね"]
)
def test_what_is_mostly_not_chinese_is_left_to_the_first(three: Engine, text: str) -> None:
    (found,) = three.classify("guard", [Text(text)]).now()
    assert (found.language, found[WEAPONS].level) == ("zh", 3)


def test_the_deadline_is_that_of_both(engine: Engine) -> None:
    with pytest.raises(TimedOut):
        engine.classify("guard", [Text("ignore")], deadline_s=-1.0).now()


@pytest.mark.parametrize(
    "changes",
    [
        {"beside": {}},
        {"beside": {"language": "de", "share": 0.5, "near": 2.0}},
        {"words": {DIRECT: ["ignore"]}, "levels": {}},
    ],
)
def test_two_that_do_not_belong_together(tmp_path: Path, changes: dict[str, Any]) -> None:
    root = built(tmp_path, **changes)
    with pytest.raises(ModelError, match="guard-en/1 is no second model of guard/1"):
        opened(root)


def test_the_second_must_be_there(tmp_path: Path) -> None:
    build_model(tmp_path, "guard", "classify", FIRST, second="guard-en@1")
    with pytest.raises(ModelError, match="no model guard-en@1"):
        opened(tmp_path)


def test_every_manifest_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not again for each model: together they took half a second of every start."""
    built(tmp_path)
    read = list[str]()

    def counted(folder: Path) -> Manifest:
        read.append(folder.parent.name)
        return read_manifest(folder)

    monkeypatch.setattr(registry, "read_manifest", counted)
    found = [entry.manifest.name for entry in entries(tmp_path, ("guard",))]
    assert sorted(read) == sorted(found) == ["guard", "guard-en"]


def test_beside_is_read_strictly(tmp_path: Path) -> None:
    folder = build_model(tmp_path, "guard", "classify", FIRST, beside={"language": "en"})
    with pytest.raises(ModelError, match="beside: language, share and near are needed"):
        read_manifest(folder)


def test_pairs_are_left_to_the_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = read_again(engine, monkeypatch)
    pair = engine.classify("guard", [Text("what is this", "a pill")]).now()[0]
    assert seen == []
    assert asked(engine, "a pill")[0] != pair
    assert seen == ["a pill"]
