"""Names of codes in both languages: what a page says for an action, a stage, a role."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.policy.actions import ACTIONS
from threegate.policy.diff import DIRECTIONS, FATES
from threegate.policy.kinds import title_of
from threegate.types import Bilingual

Words = Mapping[str, Bilingual]

ACTION: Words = {info.key: info.title for info in ACTIONS}
LAYER: Words = {
    "input": Bilingual("输入层", "Input"),
    "constraint": Bilingual("约束层", "Constraint"),
    "output": Bilingual("输出层", "Output"),
}
STAGE: Words = {
    "received": Bilingual("已接收", "received"),
    "completed": Bilingual("已完成", "completed"),
    "blocked": Bilingual("已拦截", "blocked"),
    "aborted": Bilingual("已中断", "aborted"),
    "policy": Bilingual("策略变更", "policy change"),
    "access": Bilingual("查阅记录", "access"),
    "writer": Bilingual("日志写入器", "log writer"),
    "erased": Bilingual("已删除", "erasure"),
}
LEVEL: Words = {
    "low": Bilingual("低", "low"),
    "medium": Bilingual("中", "medium"),
    "high": Bilingual("高", "high"),
}
MODE: Words = {
    "off": Bilingual("停用", "off"),
    "shadow": Bilingual("仅观察", "shadow"),
    "enforce": Bilingual("生效", "enforce"),
}
ROLE: Words = {
    "viewer": Bilingual("查看", "viewer"),
    "reviewer": Bilingual("审核", "reviewer"),
    "editor": Bilingual("编辑", "editor"),
    "approver": Bilingual("审批", "approver"),
    "admin": Bilingual("管理员", "admin"),
}
CHANNEL: Words = {
    "system": Bilingual("系统提示", "system"),
    "user": Bilingual("用户", "user"),
    "assistant": Bilingual("历史回答", "earlier answer"),
    "tool_result": Bilingual("工具结果", "tool result"),
    "tool_arguments": Bilingual("工具参数", "tool arguments"),
    "content": Bilingual("回答", "answer"),
    "reasoning": Bilingual("思考过程", "reasoning"),
}
LABEL: Words = {
    "correct": Bilingual("判断正确", "correct"),
    "false_positive": Bilingual("误报", "false positive"),
    "false_negative": Bilingual("漏报", "missed"),
    "disputed": Bilingual("有分歧", "disputed"),
}
WHY: Words = {
    "first": Bilingual("待判断", "first look"),
    "second": Bilingual("第二人复核", "second opinion"),
    "disputed": Bilingual("有分歧", "disputed"),
    "complaint": Bilingual("有投诉", "complaint"),
}
SOURCE: Words = {
    "user": Bilingual("用户", "user"),
    "staff": Bilingual("内部员工", "staff"),
    "regulator": Bilingual("监管部门", "regulator"),
    "other": Bilingual("其他", "other"),
}
CLAIM: Words = {
    "over_blocked": Bilingual("不该拦截", "wrongly stopped"),
    "missed": Bilingual("应拦未拦", "should have been stopped"),
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
VERSION: Words = {
    "submitted": Bilingual("待审批", "submitted"),
    "approved": Bilingual("已批准", "approved"),
    "active": Bilingual("使用中", "active"),
    "retired": Bilingual("已退役", "retired"),
    "rejected": Bilingual("已退回", "rejected"),
}
SEVERITY: Words = {
    "error": Bilingual("错误", "error"),
    "warning": Bilingual("警告", "warning"),
    "info": Bilingual("提示", "info"),
}
VERB: Words = {
    "submit": Bilingual("提交", "submitted"),
    "approve": Bilingual("批准", "approved"),
    "withdraw": Bilingual("撤回批准", "withdrew approval"),
    "reject": Bilingual("退回", "rejected"),
    "activate": Bilingual("启用", "activated"),
    "rollback": Bilingual("回退", "rolled back"),
}
BOOKS: Mapping[str, Words] = {
    "action": ACTION,
    "layer": LAYER,
    "stage": STAGE,
    "level": LEVEL,
    "mode": MODE,
    "role": ROLE,
    "channel": CHANNEL,
    "label": LABEL,
    "why": WHY,
    "source": SOURCE,
    "claim": CLAIM,
    "outcome": OUTCOME,
    "version": VERSION,
    "severity": SEVERITY,
    "verb": VERB,
    "fate": {fate.value: title for fate, title in FATES.items()},
    "direction": {each.name.lower(): title for each, title in DIRECTIONS.items()},
}


def name(book: str, code: str, language: str) -> str:
    """The name of a code; the code itself where nobody named it."""
    if book == "kind":
        return kind_title(code).get(language)
    return BOOKS[book][code].get(language) if code in BOOKS[book] else code


OWN: Words = {
    "list": Bilingual("词表", "word list"),
    "pattern": Bilingual("自定义模式", "own pattern"),
    "category": Bilingual("自定义类别", "own category"),
}


def kind_title(kind: str) -> Bilingual:
    """The name of a kind, or that of the nearest family above it with what is left of the kind."""
    title = OWN.get(kind) or title_of(kind)
    above, _, rest = kind.rpartition(".")
    if title.en != kind or not above:
        return title
    wider = kind_title(above)
    if wider.en == above:
        return title
    return Bilingual(f"{wider.zh} {rest}", f"{wider.en} {rest}")


def family(kind: str) -> str:
    """Which colour a kind has: its first part, or `other`."""
    first = kind.split(".", 1)[0]
    return first if first in FAMILIES else "other"


FAMILIES = (
    "pii", "secret", "injection", "hazard", "offensive", "leak", "claim", "list", "constraint",
    "failed",
)  # fmt: skip
