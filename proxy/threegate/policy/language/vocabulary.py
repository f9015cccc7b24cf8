"""The words of the policy language in both languages: one table for each closed set of values.

Values on a scale are listed weakest first, so that order and words are one table. A
test holds `VOCABULARY` against the schema: no word of the language lacks its translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from threegate.policy.actions import ACTIONS
from threegate.policy.kinds import title_of
from threegate.policy.language.problems import Severity
from threegate.policy.model import (
    AiLabel,
    ConstitutionPlace,
    KeepHistory,
    LimitScope,
    MaskStyle,
    Mode,
    ReasoningVisibility,
    StreamMode,
)
from threegate.policy.schema import (
    Arguments,
    AuditLevel,
    Check,
    Images,
    Match,
    OnAuditFailure,
    ReasonCode,
    Restore,
    Unknown,
)
from threegate.types import Action, Bilingual, Channel, Layer, Level, Reason

Scale = Mapping[Any, Bilingual]
"""Values with their words. A member of a `StrEnum` is found by its text too."""

ACTION: Scale = {info.action: info.title for info in ACTIONS}
MODE: Scale = {
    Mode.OFF: Bilingual("停用", "off"),
    Mode.SHADOW: Bilingual("仅观察", "shadow"),
    Mode.ENFORCE: Bilingual("生效", "enforce"),
}
LEVEL: Scale = {
    Level.HIGH: Bilingual("高", "high"),
    Level.MEDIUM: Bilingual("中", "medium"),
    Level.LOW: Bilingual("低", "low"),
}
STREAM: Scale = {
    StreamMode.CUT: Bilingual("先放行再中断", "cut"),
    StreamMode.HOLD: Bilingual("判定后放行", "hold"),
}
LAYER: Scale = {
    Layer.INPUT: Bilingual("输入层", "input"),
    Layer.CONSTRAINT: Bilingual("约束层", "constraint"),
    Layer.OUTPUT: Bilingual("输出层", "output"),
}
CHANNEL: Scale = {
    Channel.SYSTEM: Bilingual("系统提示", "system"),
    Channel.USER: Bilingual("用户", "user"),
    Channel.ASSISTANT: Bilingual("历史回答", "earlier answer"),
    Channel.TOOL_RESULT: Bilingual("工具结果", "tool result"),
    Channel.TOOL_ARGUMENTS: Bilingual("工具参数", "tool arguments"),
    Channel.CONTENT: Bilingual("回答", "answer"),
    Channel.REASONING: Bilingual("思考过程", "reasoning"),
}
RESTORE: Scale = {
    Restore.CLIENT: Bilingual("对同一客户端还原", "for the same client"),
    Restore.NEVER: Bilingual("不还原", "never"),
}
STYLE: Scale = {
    MaskStyle.PLACEHOLDER: Bilingual("占位符", "placeholder"),
    MaskStyle.HASH: Bilingual("散列值", "hash"),
    MaskStyle.SYNTHETIC: Bilingual("仿真值", "synthetic"),
}
REASON: Scale = {
    ReasonCode.APPROVED_USE: Bilingual("经批准的用途", "approved use"),
    ReasonCode.FALSE_POSITIVE: Bilingual("误报", "false positive"),
    ReasonCode.TEST_DATA: Bilingual("测试数据", "test data"),
    ReasonCode.FIX_PLANNED: Bilingual("已安排修正", "fix planned"),
}
MATCH: Scale = {
    Match.WORD: Bilingual("整词", "whole words"),
    Match.SUBSTRING: Bilingual("任意位置", "anywhere"),
    Match.SOUND: Bilingual("任意位置及同音", "anywhere, and what sounds alike"),
}
AUDIT_LEVEL: Scale = {
    AuditLevel.NONE: Bilingual("不记录", "none"),
    AuditLevel.METADATA: Bilingual("只记元数据", "metadata"),
    AuditLevel.REDACTED: Bilingual("脱敏文本", "redacted"),
    AuditLevel.FULL: Bilingual("全文", "full"),
}
ON_AUDIT_FAILURE: Scale = {
    OnAuditFailure.CONTINUE: Bilingual("继续处理", "continue"),
    OnAuditFailure.SPOOL: Bilingual("暂存到本地文件", "spool to a local file"),
    OnAuditFailure.FAIL_REQUEST: Bilingual("拒绝请求", "refuse the request"),
}
LABEL: Scale = {
    AiLabel.OFF: Bilingual("不加", "off"),
    AiLabel.HEADER: Bilingual("响应头", "response header"),
    AiLabel.FIELD: Bilingual("回答中的字段", "field of the answer"),
    AiLabel.TEXT: Bilingual("文内标识", "in the text"),
}
PLACE: Scale = {
    ConstitutionPlace.AUTO: Bilingual("按模型选择", "as the model needs"),
    ConstitutionPlace.SYSTEM: Bilingual("系统提示", "system prompt"),
    ConstitutionPlace.FIRST_USER: Bilingual("第一条用户消息", "first user message"),
}
SHOW: Scale = {
    ReasoningVisibility.SHOWN: Bilingual("显示", "shown"),
    ReasoningVisibility.MASKED: Bilingual(
        "显示，脱敏内容不还原", "shown, masked values stay masked"
    ),
    ReasoningVisibility.NOTICE: Bilingual("只显示提示", "notice"),
    ReasoningVisibility.HIDDEN: Bilingual("隐藏", "hidden"),
}
CHECK: Scale = {
    Check.SEPARATE: Bilingual("只用写明思考过程的规则", "only rules that name it"),
    Check.SAME: Bilingual("与回答同样检查", "same as the answer"),
}
HISTORY: Scale = {
    KeepHistory.PASS: Bilingual("原样转发", "passed on"),
    KeepHistory.STRIP: Bilingual("删除", "removed"),
    KeepHistory.REQUIRE: Bilingual("必须带上", "required"),
}
UNKNOWN: Scale = {
    Unknown.PASS: Bilingual("原样转发", "passed on"),
    Unknown.DROP: Bilingual("删除", "removed"),
    Unknown.REFUSE: Bilingual("拒绝请求", "refuse the request"),
}
ARGUMENTS: Scale = {
    Arguments.ANY: Bilingual("不检查", "any"),
    Arguments.SCHEMA: Bilingual("须符合工具的 JSON Schema", "must satisfy the tool's JSON Schema"),
}
PER: Scale = {
    LimitScope.KEY: Bilingual("每把密钥", "each key"),
    LimitScope.TENANT: Bilingual("租户合计", "the whole tenant"),
}
IMAGES: Scale = {
    Images.ALLOW: Bilingual("允许", "allowed"),
    Images.DENY: Bilingual("拒绝", "refused"),
}
FAILED: Scale = {
    Reason.TIMEOUT: Bilingual("超时", "too late"),
    Reason.OVERLOAD: Bilingual("过载", "overloaded"),
    Reason.ERROR: Bilingual("出错", "error"),
}
SEVERITY: Scale = {
    Severity.ERROR: Bilingual("错误", "error"),
    Severity.WARNING: Bilingual("警告", "warning"),
    Severity.INFO: Bilingual("提示", "info"),
}

VOCABULARY: Mapping[type[Enum], Scale] = {
    Action: ACTION,
    Arguments: ARGUMENTS,
    AuditLevel: AUDIT_LEVEL,
    Channel: CHANNEL,
    Check: CHECK,
    Images: IMAGES,
    KeepHistory: HISTORY,
    AiLabel: LABEL,
    Layer: LAYER,
    Level: LEVEL,
    MaskStyle: STYLE,
    Match: MATCH,
    Mode: MODE,
    OnAuditFailure: ON_AUDIT_FAILURE,
    LimitScope: PER,
    ConstitutionPlace: PLACE,
    Reason: FAILED,
    ReasonCode: REASON,
    Restore: RESTORE,
    Severity: SEVERITY,
    ReasoningVisibility: SHOW,
    StreamMode: STREAM,
    Unknown: UNKNOWN,
}

_OWN = {
    "pii": Bilingual("个人信息", "personal data"),
    "pii.cn": Bilingual("中国的个人信息", "personal data of China"),
    "injection": Bilingual("提示词注入", "prompt injection"),
    "hazard": Bilingual("有害内容", "harmful content"),
    "leak": Bilingual("泄露", "leaks"),
    "claim": Bilingual("事实核查", "fact check"),
    "format": Bilingual("回答格式", "format of answers"),
    "compliance": Bilingual("是否照办", "compliance"),
    "list": Bilingual("词表", "word list"),
    "pattern": Bilingual("自定义模式", "own pattern"),
    "category": Bilingual("自定义类别", "own category"),
    "constraint.clamped": Bilingual("限制在范围内", "clamped to its bounds"),
    "constraint.forced": Bilingual("改为规定的值", "set to the rule's value"),
    "constraint.defaulted": Bilingual("补上默认值", "default added"),
    "constraint.dropped": Bilingual("去掉字段", "field removed"),
    "constraint.placed": Bilingual("加入约束文本", "constitution added"),
    "constraint.aliased": Bilingual("换成指定的模型", "model replaced by its alias"),
    "constraint.refused": Bilingual("拒绝请求", "request refused"),
    "constraint.stripped": Bilingual("去掉历史思考过程", "earlier reasoning removed"),
    "constraint.tool_name": Bilingual("不允许的工具", "tool that is not allowed"),
    "constraint.tool_arguments": Bilingual(
        "工具参数不符", "arguments do not match the tool's schema"
    ),
    "constraint.answer_format": Bilingual("回答格式不符", "answer does not match the format"),
}
"""Kinds that no rule looks for, but that a record may hold, and the families of a pack's own."""


def kind_title(kind: str) -> Bilingual:
    """The name of a kind, or that of the nearest family above it with what is left of the kind."""
    title = _OWN.get(kind) or title_of(kind)
    above, _, rest = kind.rpartition(".")
    if title.en != kind or not above:
        return title
    wider = kind_title(above)
    if wider.en == above:
        return title
    return Bilingual(f"{wider.zh} {rest}", f"{wider.en} {rest}")


def kind_named(kind: str) -> Bilingual:
    """A kind with its name, as a list of changes has it; the kind alone where it has no name."""
    title = kind_title(kind)
    if title.en == kind:
        return Bilingual(kind, kind)
    return Bilingual(f"{title.zh}（{kind}）", f"{title.en} ({kind})")
