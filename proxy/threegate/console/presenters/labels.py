"""Names of codes in both languages: what a page says for an action, a stage, a role."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.console.presenters import activity_labels
from threegate.policy.language import vocabulary
from threegate.policy.language.vocabulary import kind_title
from threegate.policy.lifecycle.approval import ROLES, STAGES
from threegate.policy.strictness.diff import DIRECTIONS, FATES
from threegate.policy_ops.replay import CHANGE
from threegate.types import Bilingual

Words = Mapping[str, Bilingual]


def _codes(scale: vocabulary.Scale) -> Words:
    """Words of the policy language by what files, records and addresses write."""
    return {key.name.lower(): title for key, title in scale.items()}


ACTION = _codes(vocabulary.ACTION)
LAYER = _codes(vocabulary.LAYER)
LEVEL = _codes(vocabulary.LEVEL)
MODE = _codes(vocabulary.MODE)
CHANNEL = _codes(vocabulary.CHANNEL)
SEVERITY = _codes(vocabulary.SEVERITY)
FAILED = _codes(vocabulary.FAILED)
REASON = _codes(vocabulary.REASON)
LAYERS: Words = {
    "input": Bilingual("第一层 输入", "layer 1, input"),
    "constraint": Bilingual("第二层 约束", "layer 2, constraint"),
    "output": Bilingual("第三层 输出", "layer 3, output"),
}
COVERS: Words = {
    "tenant": Bilingual("租户", "tenants"),
    "key": Bilingual("密钥", "keys"),
    "route": Bilingual("路径", "routes"),
    "model": Bilingual("模型", "models"),
    "language": Bilingual("语言", "languages"),
    "value_sha256": Bilingual("值", "values"),
}
STAGE: Words = {
    "received": Bilingual("已接收", "received"),
    "interrupted": Bilingual("异常终止", "interrupted"),
    "completed": Bilingual("已完成", "completed"),
    "blocked": Bilingual("已拦截", "blocked"),
    "aborted": Bilingual("已中断", "aborted"),
    "policy": Bilingual("策略变更", "policy change"),
    "access": Bilingual("查阅记录", "access"),
    "writer": Bilingual("日志写入器", "log writer"),
    "erased": Bilingual("已删除", "erasure"),
}
LABEL: Words = {
    "correct": Bilingual("判断正确", "correct"),
    "false_positive": Bilingual("误报", "false positive"),
    "false_negative": Bilingual("漏报", "missed"),
    "unsure": Bilingual("拿不准", "unsure"),
    "disputed": Bilingual("有分歧", "disputed"),
}
WHY: Words = {
    "first": Bilingual("待判断", "first look"),
    "second": Bilingual("第二人复核", "second opinion"),
    "disputed": Bilingual("有分歧", "disputed"),
    "passed_on": Bilingual("同事拿不准", "a colleague was unsure"),
    "complaint": Bilingual("有投诉", "complaint"),
}
SOURCE: Words = {
    "user": Bilingual("用户", "user"),
    "staff": Bilingual("内部员工", "staff"),
    "regulator": Bilingual("监管部门", "regulator"),
    "other": Bilingual("其他", "other"),
}
CLAIM: Words = {
    "over_blocked": Bilingual("不该拦截", "wrongly blocked"),
    "missed": Bilingual("应拦未拦", "should have been blocked"),
    "wrong_answer": Bilingual("回答有误", "wrong answer"),
    "personal_data": Bilingual("个人信息", "personal data"),
    "other": Bilingual("其他", "other"),
}
OUTCOME: Words = {
    "upheld": Bilingual("成立", "upheld"),
    "rejected": Bilingual("不成立", "rejected"),
    "duplicate": Bilingual("重复", "duplicate"),
    "open": Bilingual("处理中", "open"),
}
OPINION: Words = {
    "confirmed": Bilingual("已确认", "confirmed"),
    "dismissed": Bilingual("已否定", "dismissed"),
    "replaced": Bilingual("已改判", "changed"),
    "unsure": Bilingual("不确定，维持原判", "unsure, first verdict kept"),
    "timeout": Bilingual("超时", "late"),
    "overload": Bilingual("过载", "overloaded"),
    "error": Bilingual("出错", "failed"),
}
ERROR: Words = {
    "invalid_request": Bilingual("请求有误", "invalid request"),
    "invalid_json": Bilingual("不是 JSON", "no JSON"),
    "encoding": Bilingual("编码不对", "wrong encoding"),
    "request_too_large": Bilingual("请求太大", "too large"),
    "context_too_large": Bilingual("上下文太长", "context too long"),
    "too_many_texts": Bilingual("文字太多", "too many texts"),
    "token_ids_refused": Bilingual("用词元编号代替文字", "token ids in place of text"),
    "unknown_path": Bilingual("没有这个路径", "no such path"),
    "model_not_found": Bilingual("没有这个模型", "no such model"),
    "invalid_api_key": Bilingual("密钥不对", "wrong API key"),
    "no_policy": Bilingual("没有适用的策略", "no policy applies"),
    "overloaded": Bilingual("过载", "overload"),
    "internal_error": Bilingual("内部错误", "internal error"),
    "upstream_error": Bilingual("模型接口出错", "the model API failed"),
    "upstream_timeout": Bilingual("模型接口没有回答", "the model API did not answer"),
    "audit_unavailable": Bilingual("审计日志不可用", "audit log unavailable"),
}
SEARCHED = Bilingual("搜索的词", "searched for")
YES: Words = {"yes": Bilingual("是", "yes"), "no": Bilingual("否", "no")}
LANGUAGES: Words = {"zh": Bilingual("中文", "Chinese"), "en": Bilingual("英文", "English")}
BOOKS: Mapping[str, Words] = {
    "yes": YES,
    "language": LANGUAGES,
    "match": _codes(vocabulary.MATCH),
    "action": ACTION,
    "layer": LAYER,
    "stage": STAGE,
    "level": LEVEL,
    "mode": MODE,
    "role": ROLES,
    "reason": REASON,
    "covers": COVERS,
    "channel": CHANNEL,
    "label": LABEL,
    "why": WHY,
    "source": SOURCE,
    "claim": CLAIM,
    "outcome": OUTCOME,
    "version": STAGES,
    "severity": SEVERITY,
    "failed": FAILED,
    "error": ERROR,
    "opinion": OPINION,
    "verb": activity_labels.VERB,
    "fact": activity_labels.FACT,
    "change": {change.value: title for change, title in CHANGE.items()},
    "fate": {fate.value: title for fate, title in FATES.items()},
    "direction": {each.name.lower(): title for each, title in DIRECTIONS.items()},
}


def name(book: str, code: str, language: str) -> str:
    """The name of a code; the code itself if it has no name."""
    if book == "kind":
        return (SEARCHED if code == "searched" else kind_title(code)).get(language)
    return BOOKS[book][code].get(language) if code in BOOKS[book] else code


def family(kind: str) -> str:
    """Which colour a kind has: its first part, or `other`."""
    first = kind.split(".", 1)[0]
    return first if first in FAMILIES else "other"


FAMILIES = (
    "pii", "secret", "injection", "hazard", "offensive", "leak", "claim", "list", "constraint",
    "failed", "searched",
)  # fmt: skip
