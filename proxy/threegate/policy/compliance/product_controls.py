"""What serves a category of a standard besides rules: the log, the console, keys of a pack.

Named in a coverage matrix, so that a row without a rule is not taken for a hole where another part
of the product does the work. It is no claim that this part is in use: that is a matter of settings.
"""

from __future__ import annotations

from collections.abc import Mapping

from threegate.types import Bilingual

_RETENTION = Bilingual(
    "审计日志的保存期限（threegate audit retain）",
    "retention of the audit log (threegate audit retain)",
)
_ERASURE = Bilingual(
    "按人、请求或日期删除文本（threegate audit erase）",
    "erasure by subject, request or day (threegate audit erase)",
)
_LOG = Bilingual("每次调用的审计记录", "the audit record of each call")
_REVIEW = Bilingual(
    "控制台的待审队列、标注和月度报告", "review queue, labels and monthly report of the console"
)
_SHOWN = Bilingual("策略包的 label: text", "label: text of a pack")
_HIDDEN = Bilingual("策略包的 label: header 或 field", "label: header or field of a pack")

PRODUCT_CONTROLS: Mapping[str, Bilingual] = {
    "pipl.6": Bilingual(
        "审计级别 metadata：只存哈希，不存文本", "audit level metadata: hashes and no text"
    ),
    "pipl.19": _RETENTION,
    "pipl.47": _ERASURE,
    "pipl.54": _REVIEW,
    "gdpr.17": _ERASURE,
    "cngenai.15": Bilingual(
        "控制台的投诉登记和答复", "complaints and their answers in the console"
    ),
    "cnlabel.4": _SHOWN,
    "cnlabel.5": _HIDDEN,
    "cnlabel.9": Bilingual("策略包的 unlabelled", "unlabelled of a pack"),
    "euaia.12": _LOG,
    "euaia.14": _REVIEW,
    "euaia.19": _RETENTION,
    "euaia.50": _SHOWN,
}
