"""Lints of recognizers in Presidio's format."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.language.problems import Problem
from threegate.policy.language.recognizers import fault
from threegate.policy.lint.base import Lint, Subject
from threegate.types import Bilingual


class BadRecognizer(Lint):
    code = "bad-recognizer"
    title = Bilingual("识别器不能用", "a recognizer cannot be used")
    why = Bilingual(
        "策略启用后，检测器建不起来，每个请求都会失败。",
        "No detector could be built from an active policy, and every request would fail.",
    )
    fix = Bilingual(
        "写 name、supported_entity，以及 patterns（name、regex、score）或 deny_list。",
        "Write name, supported_entity, and patterns (name, regex, score) or deny_list.",
    )

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
