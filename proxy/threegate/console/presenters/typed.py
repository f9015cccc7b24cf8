"""What somebody typed into a form that was refused, as fields to correct and send again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threegate.types import Bilingual

TITLES: Mapping[str, Bilingual] = {
    "note": Bilingual("说明", "Note"),
    "reason": Bilingual("原因", "Reason"),
    "untested": Bilingual(
        "测试没有全部通过的理由", "Reason for submitting although not all tests passed"
    ),
    "text": Bilingual("文字", "Text"),
    "answer": Bilingual("答复", "Answer"),
    "name": Bilingual("名称", "Name"),
    "csv": Bilingual("表格（CSV）", "Table (CSV)"),
    "document": Bilingual("文档的名称", "Name of the document"),
    "words": Bilingual("词", "Words"),
    "zh": Bilingual("中文", "Chinese"),
    "en": Bilingual("英文", "English"),
    "group": Bilingual("部门", "Group"),
    "due": Bilingual("时间", "Time"),
    "count": Bilingual("条数", "How many"),
    "request": Bilingual("请求编号", "Request id"),
    "exception_id": Bilingual("编号", "Id"),
    "exception_value": Bilingual("值", "Value"),
    "exception_approver": Bilingual("批准人", "Approver"),
    "exception_expires": Bilingual("失效日期", "Expires"),
    "review_by": Bilingual("下次复审", "Next review"),
}
"""Fields that are shown; the others are sent again as they were."""
SECRET = ("password",)
LONG = 60


def typed(form: Mapping[str, str], language: str) -> dict[str, Any]:
    """`fields` to show, `hidden` ones; nothing where the form held a secret or nothing to show."""
    if any(word in name for name in form for word in SECRET):
        return {"fields": [], "hidden": []}
    fields = [
        {"name": n, "title": TITLES[n].get(language), "value": v, "long": _is_long(v)}
        for n, v in form.items()
        if n in TITLES
    ]
    hidden = [{"name": n, "value": v} for n, v in form.items() if n not in TITLES]
    return {"fields": fields, "hidden": hidden if fields else []}


def _is_long(value: str) -> bool:
    return len(value) > LONG or "\n" in value
