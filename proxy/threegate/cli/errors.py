"""What keeps a command of `scan`, `eval`, `demo` and `models` from its work, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.types import Bilingual


class UseError(Exception):
    """The command cannot do what was asked of it."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


WRONG_USE: Mapping[str, Bilingual] = {
    "no-kind": Bilingual(
        "--kinds：没有检测器报告 {kind}；见 `threegate policy kinds`",
        "--kinds: nothing reports {kind}; see `threegate policy kinds`",
    ),
    "lines-from-input": Bilingual(
        "用 --jsonl 时从标准输入读各行，不写在参数里",
        "with --jsonl the lines come from standard input, not as an argument",
    ),
    "no-file": Bilingual("没有文件 {path}", "{path}: no such file"),
    "not-read": Bilingual("{path} 无法读取（{why}）", "{path}: {why}"),
    "not-made": Bilingual("--made：只能生成 {tasks}", "--made: rows are made for {tasks} only"),
    "needs-data": Bilingual(
        "claims：要写 --data FILE.jsonl[.gz]", "claims: --data FILE.jsonl[.gz] is needed"
    ),
    "no-answer": Bilingual("没有回答（{why}）", "no answer: {why}"),
    "no-models": Bilingual("{folder} 里没有模型", "no model in {folder}"),
    "no-model": Bilingual("没有模型 {name}", "no model {name}"),
}


def misuse(code: str, /, **details: object) -> UseError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    entry = WRONG_USE[code]
    return UseError(Bilingual(entry.zh.format_map(details), entry.en.format_map(details)))


def unread(error: OSError) -> UseError:
    if isinstance(error, FileNotFoundError):
        return misuse("no-file", path=error.filename)
    return misuse("not-read", path=error.filename, why=error.strerror)
