"""The kinds of problem that the loader finds, one entry each, and how a problem is made of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from threegate.policy.language.problems import Mark, Problem, Severity
from threegate.types import Bilingual


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of problem, always an error. Templates take the details by name."""

    code: str
    text: Bilingual
    hint: Bilingual

    def problem(self, at: Mark, /, **details: object) -> Problem:
        """Missing details are a bug and raise KeyError."""
        text, hint = _fill(self.text, details), _fill(self.hint, details)
        return Problem(self.code, Severity.ERROR, at, text, hint)

    @property
    def told(self) -> tuple[Bilingual, Bilingual]:
        """Text and hint where there is no case at hand: each detail is `…`."""
        unknown: Mapping[str, object] = defaultdict(lambda: "…")
        return _fill(self.text, unknown), _fill(self.hint, unknown)


def entry(code: str, zh: str, en: str, hint_zh: str, hint_en: str) -> Code:
    return Code(code, Bilingual(zh, en), Bilingual(hint_zh, hint_en))


def _fill(template: Bilingual, details: Mapping[str, object]) -> Bilingual:
    return Bilingual(template.zh.format_map(details), template.en.format_map(details))


CODES = (
    entry(
        "missing-file",
        "找不到文件 {name}",
        "file {name} does not exist",
        "检查文件名；路径相对于 policies 目录。",
        "Check the name; paths are relative to the policies folder.",
    ),
    entry(
        "bad-path",
        "文件路径 {name} 不在 policies 目录内",
        "path {name} leaves the policies folder",
        "使用 policies 目录内的相对路径，不要以 / 开头，也不要用 ..。",
        "Use a relative path inside the policies folder, without a leading / and without ..",
    ),
    entry(
        "file-too-large",
        "文件大小 {size} 字节，上限为 {limit} 字节",
        "the file has {size} bytes, the limit is {limit}",
        "把规则拆成几个策略包，把词表放进 lists/。",
        "Split the rules into several packs and move words into lists/.",
    ),
    entry(
        "not-utf8",
        "文件不是 UTF-8 编码（第 {byte} 字节）",
        "the file is not UTF-8 (byte {byte})",
        "用 UTF-8 编码保存文件。",
        "Save the file as UTF-8.",
    ),
    entry(
        "yaml-syntax",
        "YAML 语法错误：{zh_detail}",
        "YAML syntax error: {en_detail}",
        "检查此处的缩进、引号、冒号和括号。",
        "Check indentation, quotes, colons and brackets at this place.",
    ),
    entry(
        "empty-document",
        "文件没有内容",
        "the file is empty",
        "至少写出 pack 和 rules。",
        "Write at least pack and rules.",
    ),
    entry(
        "several-documents",
        "一个文件里有多个 YAML 文档",
        "the file holds more than one YAML document",
        "删除 --- 分隔线，每个文件只写一个策略包。",
        "Remove the --- line; one pack per file.",
    ),
    entry(
        "too-deep",
        "嵌套超过 {limit} 层",
        "nesting is deeper than {limit} levels",
        "减少嵌套；正常的策略不超过 10 层。",
        "Flatten it; a normal policy needs fewer than 10 levels.",
    ),
    entry(
        "too-many-nodes",
        "文件的值超过 {limit} 个",
        "the file holds more than {limit} values",
        "把规则拆成几个策略包，把词表放进 lists/。",
        "Split the rules into several packs and move words into lists/.",
    ),
    entry(
        "anchor",
        "不允许使用锚点 &{name}",
        "anchor &{name} is not allowed",
        "把值直接写出来；策略里每一处都应能单独读懂。",
        "Write the value out; every part of a policy must be readable by itself.",
    ),
    entry(
        "alias",
        "不允许使用引用 *{name}",
        "alias *{name} is not allowed",
        "把值直接写出来。",
        "Write the value out.",
    ),
    entry(
        "merge-key",
        "不允许使用合并键 <<",
        "the merge key << is not allowed",
        "用 extends 继承另一个策略包。",
        "Use extends to build on another pack.",
    ),
    entry(
        "tag",
        "不允许使用标签 {name}",
        "tag {name} is not allowed",
        "删除标签；策略只含数据。",
        "Remove the tag; a policy is data only.",
    ),
    entry(
        "duplicate-key",
        "键 {name} 重复，第一次出现在第 {line} 行",
        "key {name} appears twice, first on line {line}",
        "只保留一个。",
        "Keep one of them.",
    ),
    entry(
        "key-not-text",
        "键必须是文字",
        "a key must be plain text",
        "给键加引号，或改成文字。",
        "Quote the key or use a word.",
    ),
    entry(
        "ambiguous-text",
        "{name} 会被其他 YAML 工具读成{zh_type}，这里需要文字",
        "{name} is read as a {en_type} by other YAML tools; text is needed here",
        "加上引号。",
        "Put it in quotes.",
    ),
    entry(
        "not-boolean",
        "{name} 不是 true 或 false",
        "{name} is neither true nor false",
        "写 true 或 false，不要写 yes、no、on、off。",
        "Write true or false, not yes, no, on or off.",
    ),
    entry(
        "not-integer",
        "{name} 不是整数",
        "{name} is not a whole number",
        "只写十进制整数，不带单位和 %，不要以 0 开头，不要写 0x、0o 或 1_000。",
        "Write a decimal number alone: no unit, no %, no leading 0, 0x, 0o or underscores.",
    ),
    entry(
        "not-number",
        "{name} 不是数字",
        "{name} is not a number",
        "只写十进制数，例如 0.7，不带单位和 %。",
        "Write a decimal number alone, such as 0.7: no unit, no %.",
    ),
    entry(
        "not-date",
        "{name} 不是日期",
        "{name} is not a date",
        "写成 2027-01-31 的形式。",
        "Write it like 2027-01-31.",
    ),
    entry(
        "wrong-type",
        "{name} 需要{zh_type}",
        "{name} needs {en_type}",
        "参照 policies/README.zh-CN.md 中的例子。",
        "See the example in policies/README.md.",
    ),
    entry(
        "empty-value",
        "{name} 没有值",
        "{name} has no value",
        "写上值，或删除这个键。",
        "Give it a value or remove the key.",
    ),
    entry(
        "unknown-key",
        "{owner} 没有 {name} 这个键",
        "{owner} has no key {name}",
        "{zh_guess}可用的键：{known}。",
        "{en_guess}Known keys: {known}.",
    ),
    entry(
        "missing-key",
        "{owner} 缺少 {name}",
        "{owner} lacks {name}",
        "补上 {name}。",
        "Add {name}.",
    ),
    entry(
        "unknown-value",
        "{name} 不是 {owner} 的可选值",
        "{name} is not a value of {owner}",
        "{zh_guess}可用的值：{known}。",
        "{en_guess}Possible values: {known}.",
    ),
    entry(
        "bad-format",
        "{name} 的写法不对：{zh_rule}",
        "{name} is not well formed: {en_rule}",
        "按说明改写。",
        "Rewrite it as described.",
    ),
    entry(
        "out-of-range",
        "{name} 必须在 {low} 到 {high} 之间",
        "{name} must lie between {low} and {high}",
        "改成范围内的值。",
        "Use a value in that range.",
    ),
    entry(
        "extends-cycle",
        "策略包 {name} 继承了自己",
        "pack {name} extends itself",
        "去掉 extends 中的环。",
        "Remove the loop in extends.",
    ),
    entry(
        "pack-name",
        "文件 {name} 里的 pack 必须写成 {want}",
        "pack in file {name} must be {want}",
        "让 pack 与文件名相同。",
        "Give the pack the name of its file.",
    ),
    entry(
        "list-too-long",
        "词表 {name} 有 {count} 个词，上限为 {limit}",
        "list {name} holds {count} words, the limit is {limit}",
        "拆分词表或删除不用的词。",
        "Split the list or remove words nobody needs.",
    ),
    entry(
        "empty-list",
        "词表 {name} 没有词",
        "list {name} holds no word",
        "写上词，或删除词表。",
        "Add words or remove the list.",
    ),
    entry(
        "file-and-words",
        "{name} 需要 file 或 words，且只要一个",
        "{name} needs either file or words",
        "词少时写 words，词多时写 file。",
        "Use words for a few, file for many.",
    ),
    entry(
        "not-json",
        "{name} 不是正确的 JSON",
        "{name} is not valid JSON",
        "检查文件内容。",
        "Check the file.",
    ),
)

_BY_CODE = {each.code: each for each in CODES}


def problem(code: str, at: Mark, /, **details: object) -> Problem:
    """One problem of a kind that the loader knows."""
    return _BY_CODE[code].problem(at, **details)
