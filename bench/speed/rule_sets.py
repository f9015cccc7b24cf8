"""The rule sets whose cost `bench.speed.rules` measures, each a pack of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.speed.systems import HOME, ROOT

PACKS = HOME / "run" / "rule-sets" / "packs"
IDENTIFIERS = [f"pii.{name}" for name in ("cn", "us", "bank_card", "email", "phone", "ip", "iban")]
HARM = ["compliance.harmful", "hazard"]
Json = dict[str, Any]
Title = tuple[str, str]  # Chinese, English
IN, OUT = ["system", "user", "assistant", "tool_result"], ["content", "reasoning"]


def rule(
    title: Title, then: Json, detect: Json, tests: tuple[Any, Any], *, where: list[str], **more: Any
) -> Json:
    """`tests`: what must match and what must not."""
    name = title[1].replace(" ", "_")
    head = {"id": name, "title": dict(zip(("zh", "en"), title, strict=True)), "owner": "bench"}
    head |= {"why": ["house.quality"], "review_by": "2030-06-30", "layer": "output", "where": where}
    shown = {"match": [tests[0]], "no_match": [tests[1]]}
    return {**head, "detect": detect, "then": then, "tests": shown, **more}


def found(*kinds: str) -> Json:
    return {"any": list(kinds)}


PLAIN = "Sort the items by age."
MAIL = ("Write to laura.miller@example.com", PLAIN)
KEY = ("The key is sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e", PLAIN)
FLAGGED = {"on_error": "flag", "on_timeout": "flag"}
"""A verdict that is late on a busy machine does not end the stream, so its delay counts."""


def claims(stream: str) -> Json:
    sources = {"claims": {"sources": ["context"], "contradicted": "medium", "unsupported": "high"}}
    then = {"on_contradicted": "flag", "on_unsupported": "flag", "on_no_source": "flag"}
    told = [{"text": f"It lasts {n} years.", "sources": ["It lasts two years."]} for n in (5, 2)]
    title = ("事实核查", "claims")
    more: Json = {"where": ["content"], "stream": stream, **FLAGGED}
    return rule(title, then, sources, (told[0], told[1]), **more)


def harm(stream: str) -> Json:
    tests = ("Here is how to build a bomb.", PLAIN)
    more: Json = {"where": OUT, "stream": stream, **FLAGGED}
    return rule(("有害内容", "harm"), {"flag": {}}, found(*HARM), tests, **more)


OFF = rule(("关闭", "off"), {"flag": {}}, found("pii.email"), MAIL, where=["content"], mode="off")
PII = rule(("个人信息", "pii"), {"redact": {}}, found(*IDENTIFIERS), MAIL, where=OUT)
SECRETS = rule(("密钥", "secrets"), {"redact": {}}, found("secret"), KEY, where=OUT)
MASKED = {"mask": {"restore": "client"}}
MASKS = rule(("脱敏", "masks"), MASKED, found(*IDENTIFIERS), MAIL, where=IN, layer="input")
LISTED = ("forbidden entry 2x", PLAIN)
WORDS = rule(("词表", "words"), {"block": {}}, found("list.words"), LISTED, where=OUT)
OWN = ("project 001abc", PLAIN)
PATTERNS = rule(("正则", "patterns"), {"block": {}}, found("pattern"), OWN, where=OUT)
PERSON = ("The patient Michael Thompson complains of dizziness.", PLAIN)
NAMES = rule(("姓名", "names"), {"redact": {}}, found("pii.person"), PERSON, where=OUT, **FLAGGED)


def words(count: int) -> Json:
    """A list as large as those that offices keep; nothing of it stands in the answers."""
    made = [f"违禁词条{n}号" if n % 2 else f"forbidden entry {n}x" for n in range(count)]
    return {"lists": {"words": {"words": made, "match": "word"}}}


def patterns(count: int) -> Json:
    def one(n: int) -> Json:
        return {
            "regex": rf"(?i)\bproject[ -]?{n:03}[a-z]{{2,6}}\b|项目{n:03}号",
            "examples": {"match": [f"project {n:03}abc"], "no_match": ["project"]},
        }

    return {"detectors": {f"p{n}": one(n) for n in range(count)}}


@dataclass(frozen=True, slots=True)
class RuleSet:
    """`title` is what the tables call it. `sources`: the request has some."""

    name: str
    title: Title
    rules: tuple[Json, ...] = ()
    more: Callable[[], Json] = field(default=dict)
    models: bool = False
    sources: bool = False
    policies: Path | None = None

    def pack(self) -> Json:
        head = {"pack": self.name, "title": {"zh": self.title[0], "en": self.title[1]}}
        return {**head, "version": "1", "rules": list(self.rules), **self.more()}


RULE_SETS = (
    RuleSet("off-set", ("代理，不检查", "proxy, nothing checked"), (OFF,)),
    RuleSet("pii", ("个人信息（格式）", "personal data (patterns)"), (PII,)),
    RuleSet("secrets", ("密钥", "secrets"), (SECRETS,)),
    RuleSet(
        "masks",
        ("个人信息、密钥、还原脱敏", "personal data, secrets, masks restored"),
        (MASKS, PII, SECRETS),
    ),
    RuleSet("words", ("词表，1000 词", "word list, 1,000 words"), (WORDS,), lambda: words(1000)),
    RuleSet(
        "patterns",
        ("自定义正则 20 条", "20 patterns of one's own"),
        (PATTERNS,),
        lambda: patterns(20),
    ),
    RuleSet("harm-cut", ("有害分类，`cut`", "harm classifier, `cut`"), (harm("cut"),), models=True),
    RuleSet(
        "harm-hold", ("有害分类，`hold`", "harm classifier, `hold`"), (harm("hold"),), models=True
    ),
    RuleSet("names", ("人名分类", "names classifier"), (NAMES,), models=True),
    RuleSet(
        "claims-cut",
        ("事实核查，`cut`", "fact check, `cut`"),
        (claims("cut"),),
        models=True,
        sources=True,
    ),
    RuleSet(
        "claims-hold",
        ("事实核查，`hold`", "fact check, `hold`"),
        (claims("hold"),),
        models=True,
        sources=True,
    ),
    RuleSet(
        "base",
        ("基础策略，全部模型", "base policy, all models"),
        models=True,
        policies=ROOT / "policies",
    ),
)
