"""Lints of recognizers in Presidio's format."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem
from threegate.policy.language.recognizers import entity, fault, wrong_examples
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject, checks


@checks("bad-recognizer")
def bad_recognizer(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for pack in subject.packs:
        for number, each in enumerate(pack.recognizers, start=1):
            if (wrong := fault(each)) is not None:
                name = str(each.get("name", number))
                yield lint.at(
                    pack.mark("recognizers"),
                    f"识别器 {name} 不能用：{wrong.zh}",
                    f"recognizer {name} cannot be used: {wrong.en}",
                )


@checks("wrong-recognizer-example")
def wrong_recognizer_example(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for pack in subject.packs:
        for each in pack.recognizers:
            for text in wrong_examples(each) if fault(each) is None else ():
                name = str(each.get("name") or entity(each))
                yield lint.at(
                    place(text, pack.mark("recognizers")),
                    f"识别器 {name} 与自己的例子不符",
                    f"recognizer {name} contradicts one of its examples",
                )
