# ruff: noqa: E501 - bilingual texts stay in one piece
# ruff: noqa: RUF009 - doc() makes dataclass fields
"""A pack, the whole of one file: rules, and the lists, detectors and knowledge that they use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from threegate.policy.language.shapes import Date, ExceptionId, Id, Located, Name, Path, Regex, doc
from threegate.policy.model import AiLabel
from threegate.policy.schema.constraints import ConstraintRule
from threegate.policy.schema.rules import Rule
from threegate.types import Bilingual, Level


class Match(StrEnum):
    WORD = "word"
    SUBSTRING = "substring"
    SOUND = "sound"


class AuditLevel(StrEnum):
    NONE = "none"
    METADATA = "metadata"
    REDACTED = "redacted"
    FULL = "full"


class OnAuditFailure(StrEnum):
    """Strictest first."""

    FAIL_REQUEST = "fail_request"
    SPOOL = "spool"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec(Located):
    """词表；类别是 list.<名称> / A word list; its kind is list.<name>"""

    words: tuple[str, ...] = doc("词", "words", ())
    file: Path | None = doc("词表文件，每行一个词", "file with one word per line", None)
    match: Match = doc(
        "word：英文数字按整词；substring：任意位置；sound：任意位置，并按拼音匹配同音词",
        "word: whole words for ASCII; substring: anywhere; sound: anywhere, and what sounds alike in Chinese",
        Match.SUBSTRING,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples(Located):
    """正则的例子，加载时核对 / Examples of a pattern, checked at load"""

    match: tuple[str, ...] = doc("必须匹配", "must match", ())
    no_match: tuple[str, ...] = doc("不得匹配", "must not match", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorySpec(Located):
    """用描述和例子定义的类别 / A category given by description and examples"""

    describe: Bilingual = doc("描述", "description")
    examples: tuple[str, ...] = doc("属于该类的例子", "examples")
    counter_examples: tuple[str, ...] = doc(
        "不属于该类的例子", "similar examples outside the category"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec(Located):
    """自定义检测器 / A detector of your own: pattern.<name> or category.<name>"""

    regex: Regex | None = doc("RE2 正则表达式", "RE2 pattern", None)
    examples: Examples = doc("正则的例子", "examples of the pattern", Examples())
    level: Level = doc("命中的级别", "level of its findings", Level.HIGH)
    edges: bool = doc("两侧不得紧邻英文字母或数字", "no ASCII letter or digit may touch it", True)
    category: CategorySpec | None = doc("语义类别", "category by meaning", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeSpec(Located):
    """知识库 / A knowledge base"""

    files: tuple[Path, ...] = doc("文档", "documents")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSpec(Located):
    """审计 / Audit"""

    level: AuditLevel = doc("记录多少", "how much is recorded", AuditLevel.METADATA)
    on_failure: OnAuditFailure | None = doc(
        "写不进审计时如何；与代理的设置 audit_on_failure 相比取较严者，不写则按该设置",
        "what a record that cannot be written means for its call: the stricter of this and the proxy's setting audit_on_failure; without it the setting alone",
        None,
    )
    review_passed: int = doc(
        "放行的请求中由审核人员抽查的百分比",
        "percent of the calls that passed which reviewers look at",
        5,
        low=0,
        high=100,
    )
    review_twice: int = doc(
        "判断过的请求中由第二人复核的百分比；第二人看不到第一人的结论",
        "percent of the judged calls that a second reviewer judges without seeing the first verdict",
        20,
        low=0,
        high=100,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledSpec(Located):
    """不加文内标识的提供（标识办法第九条） / Delivery without the sign in the text (labelling measures,
    article 9)"""

    id: ExceptionId = doc("编号，写入审计记录", "id, written to the audit record")
    tenants: tuple[str, ...] = doc("提出要求的租户", "tenants that asked for it", ())
    keys: tuple[str, ...] = doc("API 密钥的名称", "names of API keys", ())
    agreement: str = doc(
        "约定用户责任的协议及版本", "agreement on the user's responsibility, with its version"
    )
    agreed: Date = doc("约定日期，自当天起", "date of the agreement; valid from that day")
    expires: Date | None = doc("失效日期，当天仍有效", "last day on which it holds", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSpec(Located):
    """绑定：谁用哪个策略包 / Which callers get which pack; the first match wins"""

    pack: Id = doc("策略包", "pack")
    route: str = doc(
        "路径，末尾可写 *；/v1/… 也指同一接口的其他路径",
        "path, may end in *; /v1/… means the API's other paths too",
        "",
    )
    tenants: tuple[str, ...] = doc("租户", "tenants", ())
    keys: tuple[str, ...] = doc("API 密钥的名称", "names of API keys", ())
    models: tuple[str, ...] = doc("模型名", "model names", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack(Located):
    """策略包，一个文件 / A pack: one file"""

    pack: Id = doc("名称，与文件名相同", "name, same as the file's")
    title: Bilingual = doc("标题", "title")
    version: str = doc("版本号，给人看", "version, for people", "")
    extends: tuple[Id, ...] = doc(
        "以哪些包为基础；只能加强", "packs it builds on; it may only strengthen", ()
    )
    label: AiLabel | None = doc("AI 生成内容标识", "AI-content label", None)
    unlabelled: tuple[UnlabelledSpec, ...] = doc(
        "谁的回答不加文内标识，依据哪份协议",
        "whose answers get no label in the text, under which agreement",
        (),
    )
    audit: AuditSpec | None = doc("审计", "audit", None)
    pass_through: tuple[str, ...] = doc(
        "不检查、直接转发的路径", "paths forwarded without checks", ()
    )
    lists: dict[Name, ListSpec] = doc("词表", "word lists", {})
    detectors: dict[Name, DetectorSpec] = doc("自定义检测器", "custom detectors", {})
    recognizers: tuple[dict[str, Any], ...] = doc(
        "Presidio 格式的识别器", "recognizers in Presidio's format", ()
    )
    knowledge: dict[Name, KnowledgeSpec] = doc("知识库", "knowledge bases", {})
    rules: tuple[Rule | ConstraintRule, ...] = doc("规则", "rules", ())
    bindings: tuple[BindingSpec, ...] = doc("绑定", "bindings", ())
