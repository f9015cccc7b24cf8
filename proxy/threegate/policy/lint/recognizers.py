"""Lints of recognizers in Presidio's format."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem
from threegate.policy.language.recognizers import fault
from threegate.policy.lint.base import Lint, Subject


class BadRecognizer(Lint):
    code = "bad-recognizer"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for pack in subject.packs:
            for number, each in enumerate(pack.recognizers, start=1):
                if (wrong := fault(each)) is not None:
                    name = str(each.get("name", number))
                    yield self.at(
                        pack.mark("recognizers"),
                        f"识别器 {name} 不能用：{wrong.zh}",
                        f"recognizer {name} cannot be used: {wrong.en}",
                    )


RECOGNIZERS: tuple[Lint, ...] = (BadRecognizer(),)
