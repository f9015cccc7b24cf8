"""What stops a command on policies other than a fault in a pack: one entry each, in both languages.

A `PolicyError` is made here, from such an entry or from the problems of a policy, so its text is
never in one language only. Entries name files, rows, keys and ids, never the text of a bank, a list
or a conversation.
"""

from __future__ import annotations

from collections.abc import Iterable

from threegate.errors import PolicyError
from threegate.policy.language.problem_catalog import Code, entry
from threegate.policy.language.problems import NOWHERE, Problem, errors
from threegate.types import Bilingual

FAILURES: tuple[Code, ...] = (
    entry(
        "no-packs",
        "{folder} 里没有策略包",
        "there is no pack in {folder}",
        "用 --policies 指出策略所在的目录。",
        "Name the folder of the policies with --policies.",
    ),
    entry(
        "nothing-called",
        "没有叫 {name} 的问题代码或规则",
        "no problem code and no rule is called {name}",
        "问题代码见 check 输出的方括号，规则编号见策略包里的 id。",
        "Codes stand in brackets in the output of check, rule ids as `id` in the packs.",
    ),
    entry(
        "no-values",
        "标准输入里没有值",
        "there is no value on standard input",
        "从标准输入给出值，每行一个。",
        "Give the values on standard input, one a line.",
    ),
    entry(
        "nothing-to-read",
        "{name} 里没有可用的内容",
        "{name} holds nothing that can be used",
        "每行写一条；CSV 和 XLSX 的第一行是列名。",
        "Write one entry a line; the first row of CSV and XLSX names the columns.",
    ),
    entry(
        "row-text",
        "第 {row} 行没有文字",
        "row {row}: no text",
        "填写 text 列，或删除这一行。",
        "Fill in the column `text` or remove the row.",
    ),
    entry(
        "row-expect",
        "第 {row} 行的 expect 不在可用的值之中",
        "row {row}: expect is none of the possible values",
        "可用的值：{known}。",
        "Possible values: {known}.",
    ),
    entry(
        "row-risk",
        "第 {row} 行的 risk 不是已知的风险或方面",
        "row {row}: risk is no known risk or aspect",
        "风险编号见 threegate policy taxonomy；expect 为 answer 时写方面：{aspects}。",
        "Risks: see `threegate policy taxonomy`; with expect answer an aspect: {aspects}.",
    ),
    entry(
        "row-channel",
        "第 {row} 行的 channel 不在可用的值之中",
        "row {row}: channel is none of the possible values",
        "可用的值：{known}。",
        "Possible values: {known}.",
    ),
    entry(
        "table-too-large",
        "{name} 超过 {limit} 字节",
        "{name} is larger than {limit} bytes",
        "拆成几个文件。",
        "Split it into several files.",
    ),
    entry(
        "table-format",
        "{name} 不是 {known} 文件",
        "{name} is none of {known}",
        "另存为其中一种格式，并用相应的扩展名。",
        "Save it in one of these formats, under its ending.",
    ),
    entry(
        "table-unreadable",
        "{name} 无法读取",
        "{name} cannot be read",
        "检查内容与扩展名是否相符；文本文件用 UTF-8 编码。",
        "See that content and ending agree; text files are UTF-8.",
    ),
    entry(
        "tests-failed",
        "测试没有全部通过",
        "the tests are not green",
        "运行 threegate policy test 查看；确需继续时用 --untested 写明理由，审批人也要写明理由。",
        "See `threegate policy test`; to go on all the same give a reason with --untested, and the "
        "approver gives one too.",
    ),
    entry(
        "version-prefix",
        "以 {prefix} 开头的版本有 {count} 个",
        "{count} versions begin with {prefix}",
        "至少写出摘要的前 {least} 位，直到只剩一个版本；见 threegate policy history。",
        "Give at least {least} digits of the digest, enough for one version; see `threegate policy "
        "history`.",
    ),
    entry(
        "version-unknown",
        "数据库里没有这个策略版本",
        "the policy version is not in the database",
        "检查 --database 和摘要。",
        "Look at --database and the digest.",
    ),
    entry(
        "version-unsaved",
        "提交之前要先保存内容",
        "the content has to be saved before it is submitted",
        "用 threegate policy submit 或控制台提交。",
        "Submit with `threegate policy submit` or in the console.",
    ),
    entry(
        "version-damaged",
        "数据库里的策略版本已损坏",
        "the stored policy version is damaged",
        "恢复数据库的备份，或从策略包重新提交。",
        "Restore the database, or submit the packs again.",
    ),
    entry(
        "too-many-acting",
        "同时处理策略的人太多",
        "too many people act on policies at this moment",
        "稍后再试。",
        "Try again.",
    ),
    entry(
        "bundle-unreadable",
        "{name} 不是已签名的策略文件",
        "{name} is not a signed policy bundle",
        "用 threegate policy bundle 生成它。",
        "Make it with `threegate policy bundle`.",
    ),
    entry(
        "bundle-untrusted",
        "{name} 没有受信任密钥的有效签名，或签名之后被改动",
        "{name} has no valid signature of a trusted key, or was changed after it was signed",
        "用受信任的密钥重新签名，或在 bundle_keys 中写上该密钥。",
        "Sign it with a trusted key, or name its key in bundle_keys.",
    ),
    entry(
        "bundle-path",
        "签名文件里有文件指向目录之外",
        "a file of the bundle leads out of the folder",
        "不要使用它；请签名的人重新生成。",
        "Do not use it; have it made again by who signed it.",
    ),
    entry(
        "bundle-key",
        "受信任的密钥不是正确的 Ed25519 公钥",
        "a trusted key is no Ed25519 verifier key",
        "写上 threegate policy bundle 输出的密钥。",
        "Give the key that `threegate policy bundle` prints.",
    ),
    entry(
        "unusable-recognizer",
        "识别器 {name} 不能用：{zh_fault}",
        "recognizer {name} cannot be used: {en_fault}",
        "按 policies/README.zh-CN.md 里的例子改写。",
        "Rewrite it like the example in policies/README.md.",
    ),
    entry(
        "no-detector",
        "没有检测器报告：{kinds}",
        "no detector reports {kinds}",
        "装上分类器模型，或写 classifiers: off 并接受这些规则不起作用。",
        "Install the classifiers, or set classifiers: off and accept that these rules do nothing.",
    ),
)
_BY_CODE = {each.code: each for each in FAILURES}


def failure(code: str, /, **details: object) -> PolicyError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    return broken((_BY_CODE[code].problem(NOWHERE, **details),))


def broken(problems: Iterable[Problem]) -> PolicyError:
    """The error of a policy with problems; its text tells the first that stops it."""
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
