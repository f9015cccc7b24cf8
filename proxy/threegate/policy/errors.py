"""Errors that stop a command on policies, other than faults in a pack: one entry each, in both
languages. Every `PolicyError` is made here, from such an entry or from the problems of a policy, so
its text always exists in both languages. Entries name files, rows, keys and ids, never the text of
a bank, a list or a conversation.
"""

from __future__ import annotations

from collections.abc import Iterable

from threegate.errors import PolicyError
from threegate.policy.language.problems import NOWHERE, Problem, codes, errors
from threegate.types import Bilingual

FAILURES = codes("failure")
_BY_CODE = {each.code: each for each in FAILURES}


def failure(code: str, /, **details: object) -> PolicyError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    return broken((_BY_CODE[code].problem(NOWHERE, **details),))


def broken(problems: Iterable[Problem]) -> PolicyError:
    """The error of a policy with problems; its text is the first problem that stops it."""
    every = tuple(problems)
    return PolicyError(_summary(errors(every)), every)


def _summary(found: tuple[Problem, ...]) -> Bilingual:
    if not found:
        return Bilingual("没有可用的策略", "there is no policy to use")
    first, more = found[0], len(found) - 1
    where = f"{first.at}: " if first.at.file else ""
    zh, en = f"{where}{first.text.zh}", f"{where}{first.text.en}"
    if not more:
        return Bilingual(zh, en)
    return Bilingual(f"{zh}；另有 {more} 个错误", f"{en} and {more} more")
