"""The outcome of a test, in both languages: kinds, levels and field names, never the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from threegate.policy.language.vocabulary import FAILED, LEVEL, kind_named
from threegate.types import Bilingual, Failed, Finding

NOTHING = Bilingual("无", "nothing")
NOT_REFUSED = Bilingual("应被拒绝", "should be refused")


def seen(found: Iterable[Finding]) -> Bilingual:
    """Each kind once at each level: `resident ID number (pii.cn.id_card) high`."""
    each = sorted({(f.kind, f.level) for f in found})
    names = [(kind_named(kind), LEVEL[level]) for kind, level in each]
    zh = "、".join(f"{name.zh} {level.zh}" for name, level in names)
    return Bilingual(zh, ", ".join(f"{name.en} {level.en}" for name, level in names))


def missed(found: Iterable[Finding]) -> Bilingual:
    spoken = seen(found)
    spoken = spoken if spoken.en else NOTHING
    return Bilingual(f"应命中；发现：{spoken.zh}", f"should match, found {spoken.en}")


def false_hit(found: Iterable[Finding]) -> Bilingual:
    spoken = seen(found)
    return Bilingual(f"不应命中；发现：{spoken.zh}", f"should not match, found {spoken.en}")


def failed(failure: Failed) -> Bilingual:
    why, name = FAILED[failure.reason], failure.detector
    return Bilingual(
        f"检测器 {name} 没有给出结果：{why.zh}", f"detector {name} gave no answer: {why.en}"
    )


def refused(code: str) -> Bilingual:
    return Bilingual(f"被拒绝：{code}", f"refused: {code}")


def differs(fields: Sequence[str]) -> Bilingual:
    if not fields:
        return Bilingual("", "")
    return Bilingual(f"不同的字段：{'、'.join(fields)}", f"differs in {', '.join(fields)}")
