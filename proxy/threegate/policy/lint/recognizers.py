"""Lints of recognizers in Presidio's format."""

from __future__ import annotations

from threegate.policy.language.recognizers import entity, fault, wrong_examples
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, Found, Subject, checks
from threegate.types import Bilingual


@checks("bad-recognizer")
def bad_recognizer(subject: Subject) -> Findings:
    for pack in subject.packs:
        for number, each in enumerate(pack.recognizers, start=1):
            if (wrong := fault(each)) is not None:
                name = str(each.get("name", number))
                yield Found(
                    pack.mark("recognizers"),
                    Bilingual(
                        f"识别器 {name} 不能用：{wrong.zh}",
                        f"recognizer {name} cannot be used: {wrong.en}",
                    ),
                )


@checks("wrong-recognizer-example")
def wrong_recognizer_example(subject: Subject) -> Findings:
    for pack in subject.packs:
        for each in pack.recognizers:
            for text in wrong_examples(each) if fault(each) is None else ():
                name = str(each.get("name") or entity(each))
                yield Found(
                    place(text, pack.mark("recognizers")),
                    Bilingual(
                        f"识别器 {name} 与自己的例子不符",
                        f"recognizer {name} contradicts one of its examples",
                    ),
                )
