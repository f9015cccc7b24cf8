"""Request bodies: short, medium and long, English and Chinese, with and without findings.

Everything is made up from a fixed seed; cards pass Luhn, resident IDs their check digit.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

_ENGLISH = """The cache keeps the most recent results so that the same lookup does not run twice.
Please explain how the retry policy should behave when the first call times out.
The report lists every failed check with the line that caused it and a short hint.
When the disk is full the service must refuse new work and keep serving reads.
Write a short summary of the steps above and point out the one that is most likely to fail.
It is better to reject a bad request early than to discover the problem in the last step.
The index is rebuilt every night and the old copy stays in place until the new one is complete.
Give me two alternatives and compare their cost, their risk and how long they take.
Sort the items by priority, then by age, and drop everything that has no owner."""
_CHINESE = """缓存会保留最近的结果，这样同样的查询就不用再跑一遍。
请解释第一次调用超时之后，重试策略应该怎样处理。
报告列出了每一项没有通过的检查，并给出简短的提示。
磁盘写满的时候，服务应该拒绝新任务，但继续提供读取。
请把上面的步骤写成一段简短的总结，并指出最容易出错的一步。
尽早拒绝错误的请求，比在最后一步才发现问题要好。
索引每天夜里重建，旧的副本会一直保留到新的完成为止。
请给出两个方案，并比较它们的成本、风险和所需时间。"""

ENGLISH, CHINESE = _ENGLISH.split("\n"), _CHINESE.split("\n")

SIZES = {"short": (160, 60), "medium": (2000, 750), "long": (32_000, 12_000)}
"""Characters, English and Chinese; `long` is about 8,000 tokens."""
FINDINGS = {"short": 2, "medium": 8, "long": 40}
VARIANTS = {"short": 4000, "medium": 2000, "long": 200}
"""More than a guard answers in a round: no text comes twice, who keeps verdicts gains nothing."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def card(dice: random.Random) -> str:
    digits = "4" + "".join(str(dice.randrange(10)) for _ in range(14))
    doubled = [int(c) * (1 + (i + 1) % 2) for i, c in enumerate(digits)]
    total = sum(d - 9 if d > 9 else d for d in doubled)
    return digits + str(-total % 10)


def resident(dice: random.Random) -> str:
    year, month, day = dice.randint(1955, 2004), dice.randint(1, 12), dice.randint(1, 28)
    base = f"110105{year}{month:02}{day:02}{dice.randrange(1000):03}"
    total = sum(int(c) * w for c, w in zip(base, _WEIGHTS, strict=True))
    return base + "10X98765432"[total % 11]


def finding(dice: random.Random, language: str) -> str:
    number = dice.randrange(10_000)
    mobile = f"138{dice.randrange(10**8):08}"
    if language == "zh":
        return dice.choice(
            [
                f"结果请发到邮箱user{number}@example.cn。",
                f"如果失败请马上拨打手机{mobile}。",
                f"客户的身份证号是{resident(dice)}，请核对。",
                f"费用由银行卡{card(dice)}支付。",
            ]
        )
    return dice.choice(
        [
            f"Send the result to laura.miller{number}@example.com when it is ready.",
            f"If it fails call (415) 555-{number:04} at once.",
            f"The invoice was paid with credit card {card(dice)} last week.",
            f"The form shows the social security number 536-90-{number:04} of the customer.",
        ]
    )


def text(size: str, language: str, *, findings: bool, seed: int) -> str:
    dice = random.Random(f"{size}{language}{findings}{seed}")
    wanted = SIZES[size][0 if language == "en" else 1]
    out = [finding(dice, language) for _ in range(FINDINGS[size] if findings else 0)]
    while sum(map(len, out)) < wanted * 0.95:
        out.append(dice.choice(ENGLISH if language == "en" else CHINESE))
    dice.shuffle(out)
    return (" " if language == "en" else "").join(out)


def body(content: str, *, stream: bool) -> dict[str, object]:
    system = {"role": "system", "content": "You are a helpful assistant."}
    messages = [system, {"role": "user", "content": content}]
    return {"model": "deepseek-reasoner", "messages": messages, "stream": stream}


def bodies(name: str, *, stream: bool) -> list[dict[str, object]]:
    """`name` is `medium_zh` or, with findings, `medium_zh_pii`."""
    size, language, *rest = name.split("_")
    found = rest == ["pii"]
    texts = [text(size, language, findings=found, seed=n) for n in range(VARIANTS[size])]
    return [body(t, stream=stream) for t in texts]


def write(name: str, path: Path, *, stream: bool) -> Path:
    lines = (json.dumps(b, ensure_ascii=False) for b in bodies(name, stream=stream))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
