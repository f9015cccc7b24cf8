# ruff: noqa: E501 - bilingual texts stay in one piece
# ruff: noqa: RUF009 - doc() makes dataclass fields
"""A rule of the constraint layer: how the model may be called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from threegate.policy.language.shapes import Date, Id, Kind, Located, Path, doc
from threegate.policy.model import (
    ConstitutionPlace,
    KeepHistory,
    LimitScope,
    Mode,
    ReasoningVisibility,
)
from threegate.policy.schema.callers import When
from threegate.types import Action, Bilingual, Layer


class Unknown(StrEnum):
    DROP = "drop"
    REFUSE = "refuse"
    PASS = "pass"  # noqa: S105


class Arguments(StrEnum):
    ANY = "any"
    SCHEMA = "schema"


class Check(StrEnum):
    SAME = "same"
    SEPARATE = "separate"


class Images(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstitutionSpec(Located):
    """约束文本 / Constitution"""

    file: Path = doc("文本文件", "text file")
    place: ConstitutionPlace = doc("放在哪里", "where it goes", ConstitutionPlace.AUTO)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseSpec(Located):
    """按输入命中追加的条款 / A clause added when the input held one of these kinds"""

    text: str = doc("追加的文字", "text added to the constitution")
    kinds: tuple[Kind, ...] = doc("输入层的类别", "kinds found in the input", ())
    masked: bool = doc(
        "请求里有占位符代替的信息时追加", "added where a placeholder replaces a masked value", False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampSpec(Located):
    """参数范围 / Bounds of one parameter"""

    min: float | None = doc("下限", "lower bound", None)
    max: float | None = doc("上限", "upper bound", None)
    default: float | None = doc("未给出时的值", "value when the client gives none", None)
    force: float | None = doc("固定值", "fixed value", None)
    drop: bool = doc("删除该参数", "remove the parameter", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsSpec(Located):
    """模型 / Models"""

    allow: tuple[str, ...] | None = doc(
        "允许的模型（别名解析后）", "allowed models (after aliases)", None
    )
    alias: dict[str, str] = doc("别名", "aliases", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsSpec(Located):
    """工具 / Tools"""

    allow: tuple[str, ...] | None = doc("允许的工具名", "allowed tool names", None)
    deny: tuple[str, ...] = doc("禁止的工具名", "refused tool names", ())
    arguments: Arguments = doc(
        "schema：模型给出的参数须符合工具的 JSON Schema",
        "schema: arguments must satisfy the tool's JSON Schema",
        Arguments.ANY,
    )
    max: int = doc("工具个数上限", "maximum number of tools in a request", 128, low=0, high=128)
    result_bytes: int = doc(
        "工具结果的字节上限", "maximum bytes of one tool result", 1 << 20, low=1, high=1 << 26
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsSpec(Located):
    """请求字段 / Request fields"""

    allow: tuple[str, ...] | None = doc(
        "允许的字段；`chat_template_kwargs.thinking`：只允许这个对象的这一项",
        "allowed fields; `chat_template_kwargs.thinking`: of this object this member alone",
        None,
    )
    deny: tuple[str, ...] = doc(
        "禁止的字段，也看每条消息；`guided_*` 指所有以此开头的；`prefill`：以助手的话结尾",
        "refused fields, of each message too; `guided_*`: all that begin so; `prefill`: a last turn "
        "of the assistant",
        (),
    )
    force: dict[str, Any] = doc("固定的字段值", "forced values", {})
    unknown: Unknown = doc(
        "不在 allow 里的字段怎么办", "what happens to fields outside `allow`", Unknown.DROP
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningSpec(Located):
    """思考过程 / Reasoning"""

    show: ReasoningVisibility = doc(
        "是否给客户端看；masked：可以看，但输入层脱敏的内容不还原",
        "whether the client sees it; masked: with what the input layer masked left masked",
        ReasoningVisibility.SHOWN,
    )
    check: Check = doc(
        "same：与回答同样检查；separate：只用写明 reasoning 的规则",
        "same: content rules apply; separate: only rules naming reasoning",
        Check.SAME,
    )
    history: KeepHistory = doc("历史消息里的思考过程", "reasoning in the history", KeepHistory.PASS)
    notice: Bilingual | None = doc("隐藏时的提示", "notice when hidden", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSpec(Located):
    """用量上限 / Limits"""

    requests_per_minute: int | None = doc(
        "每分钟请求数", "requests per minute", None, low=1, high=10**9
    )
    tokens_per_minute: int | None = doc(
        "每分钟词元数", "tokens per minute", None, low=1, high=10**12
    )
    tokens_per_day: int | None = doc("每天词元数", "tokens per day", None, low=1, high=10**15)
    concurrency: int | None = doc(
        "同时进行的请求数", "requests at the same time", None, low=1, high=10**6
    )
    context_tokens: int | None = doc("上下文词元数", "tokens of context", None, low=1, high=10**9)
    per: LimitScope = doc(
        "按每把密钥计，或租户的所有密钥合计",
        "counted for each key, or for all keys of a tenant together",
        LimitScope.KEY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFormatSpec(Located):
    """回答格式 / Answer format"""

    json_schema: Path | None = doc(
        "JSON Schema 文件；没有则用请求要求的格式",
        "JSON Schema file; without one, what the request asks for",
        None,
    )
    max_chars: int | None = doc("回答的字符上限", "maximum characters", None, low=1, high=10**7)
    must_say: tuple[str, ...] = doc(
        "回答须含其中一句", "one of these phrases must be in the answer", ()
    )
    on_invalid: Action = doc("不符合时", "when the answer does not fit", Action.BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constrain(Located):
    """约束 / Constraints"""

    constitution: ConstitutionSpec | None = doc("约束文本", "constitution text", None)
    clauses: tuple[ClauseSpec, ...] = doc("按输入命中追加的条款", "clauses added by findings", ())
    clamp: dict[str, ClampSpec] = doc("参数范围", "bounds of parameters", {})
    models: ModelsSpec | None = doc("模型", "models", None)
    tools: ToolsSpec | None = doc("工具", "tools", None)
    fields: FieldsSpec | None = doc("请求字段", "request fields", None)
    reasoning: ReasoningSpec | None = doc("思考过程", "reasoning", None)
    limits: LimitsSpec | None = doc("用量上限", "limits", None)
    response_format: ResponseFormatSpec | None = doc("回答格式", "answer format", None)
    images: Images | None = doc("图片", "images", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Located):
    """一条约束测试 / One test of a constraint"""

    request: dict[str, Any] = doc("请求里的字段", "fields of the request")
    becomes: dict[str, Any] | None = doc(
        "变成的字段；null 表示被删除", "fields afterwards; null means removed", None
    )
    refused: bool = doc("请求被拒绝", "the request is refused", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintTests(Located):
    """约束测试 / Tests of a constraint"""

    match: tuple[Change, ...] = doc("请求被改变或拒绝", "the request is changed or refused", ())
    no_match: tuple[Change, ...] = doc("请求不变", "the request stays as it is", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintRule(Located):
    """约束层的规则 / A rule of the constraint layer"""

    id: Id = doc("规则编号，全局唯一", "id of the rule, unique")
    title: Bilingual = doc("标题", "title")
    owner: str = doc("负责人或部门", "responsible person or department")
    why: tuple[str, ...] = doc("依据：分类编号", "reasons: taxonomy ids")
    layer: Layer = doc("层：constraint", "layer: constraint")
    when: When = doc("只对哪些调用生效", "only for these callers", When())
    then: Constrain = doc("约束", "constraints")
    mode: Mode = doc(
        "off 停用，shadow 只记录，enforce 生效",
        "off, shadow (record only) or enforce",
        Mode.ENFORCE,
    )
    rollout: int = doc("生效的会话百分比", "percent of conversations", 100, low=0, high=100)
    message: Bilingual | None = doc("给用户的说明", "message to the client", None)
    tests: ConstraintTests = doc("测试", "tests", ConstraintTests())
    review_by: Date | None = doc("下次复审日期", "next review", None)
