"""Secrets by rule: keyword, RE2 pattern, entropy floor, allow-list. Never verified against the
network.

A rule's value is its group `value`, or the whole match; a match with group `no` is something
else. Its keywords are necessary: they are
part of the scanner's pre-scan, so a rule costs nothing on text without them; they belong to the
match itself, never to text far away. Edges are part of the pattern (RE2's `\\b` is ASCII and so
works next to Chinese). Patterns end with the value: nothing behind it may decide, or a stream
could not release it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import re2

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.recognizer import Find, Hit, Recognizer, View
from threegate.types import Bilingual, Level

KEY, JWT, WEBHOOK = "secret.api_key", "secret.jwt", "secret.webhook"
CONNECTION, PRIVATE_KEY, PASSWORD = (
    "secret.connection_string",
    "secret.private_key",
    "secret.password",
)
AWS, ALIYUN, TENCENT = "secret.aws", "secret.aliyun", "secret.tencent"

MAX_PEM = 16384
"""Characters from BEGIN to END of a private key; an RSA-16384 key in PEM has about 12,700."""

MIN_PEM_BODY = 20
"""Less than this between BEGIN and END is a placeholder."""

_PLACEHOLDER = re.compile(
    r"(?i)x{5}|\*{3}|\.{3}|\$\{|\$\(|\{\{|%s|<|your|example|placeholder|changeme|"
    r"dummy|redacted|0{8}|1234567890?$"
    r"|getenv|environ|process\.env|os\.|config\.|secrets?\.|settings\.|^env\b|"
    r"abcdefgh|abc123|^(?:none|null|true|false|undefined)$"
)


@dataclass(frozen=True, slots=True)
class SecretRule:
    """`keywords` are lower case, at least one is in every text that matches. `entropy` is in
    bits a character.

    `allow` is an RE2 pattern (searched) of values that are no secrets. `not_before`, `not_after`:
    insides of classes of characters that may not stand beside the value."""

    id: str
    kind: str
    title: Bilingual
    keywords: tuple[str, ...]
    pattern: str
    entropy: float = 0.0
    allow: str = ""
    level: Level = Level.HIGH
    examples: tuple[Example, ...] = ()
    not_before: str = ""
    not_after: str = ""
    rank: int = 95


def _rule(
    id: str,
    title: str,
    keywords: str,
    pattern: str,
    *examples: Example,
    zh: str = "",
    **more: object,
) -> SecretRule:
    fields: dict[str, object] = {"kind": KEY, "entropy": 2.5, **more}
    return SecretRule(
        id,
        title=Bilingual(zh or title, title),
        keywords=tuple(keywords.split()),
        pattern=pattern,
        examples=examples,
        **fields,  # type: ignore[arg-type]
    )


_HEX32 = "5b8e1021d7bb4148a3188f4836535719"
_MIX24 = "Kd8sQ2mZx7Lp4VtR9wYbN3cF"
NEXT_LINE = r"\s{0,3}\n\s{1,8}[Vv]alue[\"']?:\s{0,3}[\"']?"
"""`- name: KEY` and `value: …` below it, as in manifests."""
_ASSIGN = rf"(?:[\"'`\]]{{0,2}}\s{{0,3}}(?:=>|:=|==|=|:|：|是|为|->)\s{{0,3}}[\"'`]?|{NEXT_LINE})"

SECRET_RULES: tuple[SecretRule, ...] = (
    _rule(
        "openai",
        "OpenAI or compatible key",
        "sk-",
        r"\bsk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_\-]{20,}",
        Example(f"我的key是sk-{_HEX32}，调不通", (f"sk-{_HEX32}",)),
        Example(f'api_key="sk-proj-{_MIX24}{_MIX24}"', (f"sk-proj-{_MIX24}{_MIX24}",)),
        Example("OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxx 和 sk-****abcd"),
        entropy=3.0,
        allow="^sk-ant-",  # has a rule of its own
        zh="OpenAI 及兼容接口密钥",
    ),
    _rule(
        "github",
        "GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{36,})",
        Example(
            f"https://ghp_{_MIX24}{_MIX24[:12]}@github.com/a/b.git", (f"ghp_{_MIX24}{_MIX24[:12]}",)
        ),
        entropy=3.0,
    ),
    _rule(
        "gitlab",
        "GitLab token",
        "glpat- glptt- gldt- glrt-",
        r"\bgl(?:pat|ptt|dt|rt)-[A-Za-z0-9_\-]{20,64}",
        Example(f"glpat-{_MIX24[:20]}", (f"glpat-{_MIX24[:20]}",)),
    ),
    _rule(
        "aws_key",
        "AWS access key ID",
        "akia asia abia acca",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
        Example("AWS says AKIABZSWB7CFORUKUK64 is inactive", ("AKIABZSWB7CFORUKUK64",)),
        Example("AKIAIOSFODNN7EXAMPLE"),
        kind=AWS,
        allow="EXAMPLE$",
    ),
    _rule(
        "aws_secret",
        "AWS secret access key",
        "secret aws",
        rf"(?i)(?:aws|secret)[\w \-.]{{0,24}}{_ASSIGN}(?P<value>[A-Za-z0-9/+]{{40}})(?:[^"
        rf"A-Za-z0-9/+=]|$)",
        Example(
            "secretAccessKey: 'e3pcttVNsQ8NJYllIl7nzHBV9J7YICBsQCev5Wfb',",
            ("e3pcttVNsQ8NJYllIl7nzHBV9J7YICBsQCev5Wfb",),
        ),
        Example("secret_sha1 = 8f63fd13731361ad0f11cfddd27f5f68ae294981"),
        kind=AWS,
        entropy=4.0,
        allow="^[0-9a-f]+$",
    ),
    _rule(
        "aliyun_key",
        "Alibaba Cloud AccessKey ID",
        "ltai",
        r"\bLTAI[A-Za-z0-9]{12,26}\b",
        Example("AK:LTAI5tTuRxB1uN6HodT1WtxI，没发secret", ("LTAI5tTuRxB1uN6HodT1WtxI",)),
        kind=ALIYUN,
        zh="阿里云 AccessKey ID",
    ),
    _rule(
        "aliyun_secret",
        "Alibaba Cloud AccessKey secret",
        "ltai",
        r"\bLTAI[A-Za-z0-9]{12,26}[\"']?[\s,，;:]{1,4}[\"']?(?:[\w\-]{0,14}secret[\"']?"
        r"\s?[=:]\s?[\"']?)?(?P<value>[A-Za-z0-9]{30})(?:[^A-Za-z0-9]|$)",
        Example(
            'AcsClient("LTAI5t6wxq4LghH8rOvhUGZS", "BEIMiJI51WbVrk7gN4uHCo28vwhZs2")',
            ("LTAI5t6wxq4LghH8rOvhUGZS", "BEIMiJI51WbVrk7gN4uHCo28vwhZs2"),
        ),
        kind=ALIYUN,
        entropy=3.5,
        zh="阿里云 AccessKey Secret",
    ),
    _rule(
        "tencent_key",
        "Tencent Cloud SecretId",
        "akid",
        r"\bAKID[A-Za-z0-9]{32}\b",
        Example(
            "SecretId AKID8bYTddhKYxoBdPHUn2HKugVK9jWTHFMu 被扫到了",
            ("AKID8bYTddhKYxoBdPHUn2HKugVK9jWTHFMu",),
        ),
        kind=TENCENT,
        entropy=3.5,
        zh="腾讯云 SecretId",
    ),
    _rule(
        "volcengine",
        "Volcengine access key",
        "aklt",
        r"\bAKLT[A-Za-z0-9]{16,60}={0,2}",
        Example("火山AKLT" + _MIX24 + _MIX24[:19], ("AKLT" + _MIX24 + _MIX24[:19],)),
        entropy=3.0,
        zh="火山引擎密钥",
    ),
    _rule(
        "baidu",
        "Baidu Cloud key",
        "bce-v3/",
        r"\bbce-v3/ALTAK-[A-Za-z0-9]{20,24}/[0-9a-f]{40}",
        Example(
            "bce-v3/ALTAK-" + _MIX24[:21] + "/8f63fd13731361ad0f11cfddd27f5f68ae294981",
            ("bce-v3/ALTAK-" + _MIX24[:21] + "/8f63fd13731361ad0f11cfddd27f5f68ae294981",),
        ),
        zh="百度智能云密钥",
    ),
    _rule(
        "google",
        "Google API key",
        "aiza",
        r"\bAIzaSy[0-9A-Za-z_\-]{33}",
        Example("AIzaSyD" + _MIX24 + "Q1w2E3r4", ("AIzaSyD" + _MIX24 + "Q1w2E3r4",)),
        entropy=3.0,
    ),
    _rule(
        "slack",
        "Slack token",
        "xoxb- xoxa- xoxp- xoxr- xoxs- xapp-",
        r"\b(?:xox[abprs]-(?:[0-9]-)?(?:[0-9]{8,14}-){1,3}[0-9A-Za-z]{18,}|xox[ar]-2-[0-9A-Za-z]{8,48}"
        r"|xapp-[0-9]-[0-9A-Z]{6,}-[0-9]{6,}-[0-9a-z]{16,})",
        Example(f"xoxb-123456789012-{_MIX24}", (f"xoxb-123456789012-{_MIX24}",)),
    ),
    _rule(
        "stripe",
        "Stripe key",
        "sk_live_ sk_test_ rk_live_ rk_test_",
        r"\b[sr]k_(?:live|test)_[0-9A-Za-z]{16,}",
        Example("sk_live_" + _MIX24, ("sk_live_" + _MIX24,)),
    ),
    _rule(
        "huggingface",
        "Hugging Face token",
        "hf_",
        r"\bhf_[A-Za-z0-9]{30,40}\b",
        Example("hf_" + _MIX24 + _MIX24[:10], ("hf_" + _MIX24 + _MIX24[:10],)),
        entropy=3.5,
    ),
    _rule(
        "npm",
        "npm token",
        "npm_",
        r"\bnpm_[A-Za-z0-9]{36}\b",
        Example("npm_" + _MIX24 + _MIX24[:12], ("npm_" + _MIX24 + _MIX24[:12],)),
    ),
    _rule(
        "pypi",
        "PyPI token",
        "pypi-ageichlwas5vcmc",
        r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,}",
        Example("pypi-AgEIcHlwaS5vcmc" + _MIX24 * 3, ("pypi-AgEIcHlwaS5vcmc" + _MIX24 * 3,)),
    ),
    _rule(
        "sendgrid",
        "SendGrid key",
        "sg.",
        r"\bSG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}\b",
        Example(
            "SG." + _MIX24[:22] + "." + (_MIX24 * 2)[:43],
            ("SG." + _MIX24[:22] + "." + (_MIX24 * 2)[:43],),
        ),
    ),
    _rule(
        "telegram",
        "Telegram bot token",
        ":aa",
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_\-]{33}\b",
        Example(
            "telegram 123456789:AA" + _MIX24 + "Zq1Wx2Ec3", ("123456789:AA" + _MIX24 + "Zq1Wx2Ec3",)
        ),
    ),
    _rule(
        "dingtalk",
        "DingTalk robot webhook",
        "oapi.dingtalk.com",
        r"https?://oapi\.dingtalk\.com/robot/send\?access_token=[0-9a-fA-F]{64}",
        Example(
            "https://oapi.dingtalk.com/robot/send?access_token=" + _HEX32 * 2,
            ("https://oapi.dingtalk.com/robot/send?access_token=" + _HEX32 * 2,),
        ),
        kind=WEBHOOK,
        zh="钉钉机器人地址",
    ),
    _rule(
        "wecom",
        "WeCom robot webhook",
        "qyapi.weixin.qq.com",
        r"https?://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[0-9a-fA-F\-]{36}",
        Example(
            "地址 https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=58ad842c-2193-46b6-a"
            "7d0-be20e7d9207b 怎么发",
            (
                "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=58ad842c-2193-46b6-a7d0-b"
                "e20e7d9207b",
            ),
        ),
        kind=WEBHOOK,
        zh="企业微信机器人地址",
    ),
    _rule(
        "feishu",
        "Feishu or Lark robot webhook",
        "open.feishu.cn open.larksuite.com",
        r"https?://open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)"
        r"?hook/[0-9a-fA-F\-]{32,36}",
        Example(
            "https://open.feishu.cn/open-apis/bot/v2/hook/58ad842c-2193-46b6-a7d0-be20e7d9207b",
            ("https://open.feishu.cn/open-apis/bot/v2/hook/58ad842c-2193-46b6-a7d0-be20e7d9207b",),
        ),
        kind=WEBHOOK,
        zh="飞书机器人地址",
    ),
    _rule(
        "slack_webhook",
        "Slack webhook",
        "hooks.slack.com",
        r"https?://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/_]{20,}",
        Example(
            "https://hooks.slack.com/services/T024BE7LD/B024BE7LD/" + _MIX24,
            ("https://hooks.slack.com/services/T024BE7LD/B024BE7LD/" + _MIX24,),
        ),
        kind=WEBHOOK,
    ),
    _rule(
        "jwt",
        "JSON Web Token",
        "eyj",
        r"\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{16,}",
        Example(
            "是什么：eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5"
            "N_XgL0n3I9PlFUP0THsR8U。",
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3"
                "I9PlFUP0THsR8U",
            ),
        ),
        kind=JWT,
    ),
    _rule(
        "database_url",
        "Database URL with a password",
        "://",
        r"(?i)\b(?:mongodb(?:\+srv)?|postgres(?:ql)?|mysql|mariadb|rediss?|amqps?|mssql|"
        r"sqlserver|oracle|clickhouse|kafka|nats|mqtts?|neo4j|couchdb|cockroachdb)"
        r"(?:\+[a-z0-9]{2,16})?://[^\s:@/\"'`,<>]{0,64}:[^\s@/\"'`,<>]+@[A-Za-z0-9\[][A-"
        r"Za-z0-9\-._~:/?#\[\]&=+%]*[A-Za-z0-9/\]]",
        Example(
            "REDIS_URL=redis://:vmKVKDbFg3t7@orders-db:6379/2",
            ("redis://:vmKVKDbFg3t7@orders-db:6379/2",),
        ),
        Example(
            "配的是 mysql://root:Xk9#fQ2z@10.0.0.7:3306/app，密码里",
            ("mysql://root:Xk9#fQ2z@10.0.0.7:3306/app",),
        ),
        Example("postgres://user:${DB_PASSWORD}@db/app"),
        kind=CONNECTION,
        entropy=0.0,
        allow=r":(?:\$\{|\{|<|\*{3}|x{4}|password@|PASSWORD@)",
        zh="数据库连接串",
    ),
    _rule(
        "jdbc",
        "JDBC URL with a password",
        "jdbc:",
        r"(?i)\bjdbc:[a-z0-9:]{2,24}[/@][!#-&(-+\-./0-;=?-_a-~]{3,}[?&;:]+(?:password|"
        r"pwd)=[!#-%(-+\-./0-:=?-_a-~]{3,}(?:[&;][A-Za-z0-9_\-.=&;%:/+]+)?",
        Example(
            "jdbc串:jdbc:mysql://db-02.internal:3306/cobalt?user=app&password=mTx0uoSBkoQ,telnet",
            ("jdbc:mysql://db-02.internal:3306/cobalt?user=app&password=mTx0uoSBkoQ",),
        ),
        Example("jdbc:mysql://h:3306/db?useSSL=false"),
        kind=CONNECTION,
        entropy=0.0,
        allow=r"(?i)(?:password|pwd)=(?:\$\{|\*{3}|x{4})",
        zh="JDBC 连接串",
    ),
    _rule(
        "dsn",
        "Password in a connection string",
        "password= pwd= accountkey= sharedaccesskey=",
        r"(?i);\s?(?:password|pwd|accountkey|sharedaccesskey)"
        r"=(?P<value>[!#-%(-+\-./0-:=?-_a-~]{4,})",
        Example("Server=db1;Database=app;User Id=sa;Password=Qx7#kkP2;", ("Qx7#kkP2",)),
        kind=PASSWORD,
        entropy=0.0,
    ),
    _rule(
        "generic_key",
        "Key assigned to a telling name",
        "key secret token credential auth ak sk",
        rf"(?i)(?P<no>public|csrf|xsrf|bucket|kms|partition|primary|foreign|sort|cache|entry)?"
        rf"[_\-. ]?(?:api|access|secret|app|auth|private|client|encryption|signing|session|re"
        rf"fresh|bearer|master)?[_\-. ]?(?:(?:key|secret|token)(?:[_\-]?id)?|credentials?)"
        rf"{_ASSIGN}(?P<value>[A-Za-z0-9_\-./+=~]{{16,}})",
        Example(f"app_secret = '{_MIX24}'", (_MIX24,)),
        Example(
            "ALIYUN_ACCESS_KEY_SECRET=lRGMq7A5DW90LXeAHkTjdg6o0E4y1U",
            ("lRGMq7A5DW90LXeAHkTjdg6o0E4y1U",),
        ),
        Example(f"访问令牌 token：{_HEX32}。", (_HEX32,)),
        Example('api_key = os.environ["OPENAI_API_KEY"]'),
        Example("ACCESS_KEY_SECRET=<your-access-key-secret>"),
        Example("token = tokenizer.encode(text_with_long_name)"),
        entropy=3.3,
        allow=r"^[a-z_\-./]+$|^[A-Z_\-./]+$|^[A-Za-z_.\-/=+~]+$|^[0-9.\-/]+$|^https?:|^/|"
        r"\.\.$|\.(?:py|js|ts|json|ya?ml|com|cn|org|pem|crt)\b|^(?:[A-Za-z]{3,}[._\-])+v?[0-9.]+$|"
        r"^(?:[a-z]{2,}[._\-])+[a-z0-9_]{0,16}$|^[A-Za-z]+-[0-9.]+$",
        rank=90,
        zh="以密钥命名的赋值",
    ),
    _rule(
        "bearer",
        "Bearer or basic authorization",
        "bearer basic",
        r"(?i)\b(?:bearer|basic)\s{1,2}(?P<value>[A-Za-z0-9_\-./+=~]{20,})",
        Example(f"Authorization: Bearer {_MIX24}", (_MIX24,)),
        Example("bearer authentication_is_required_here"),
        entropy=3.5,
        allow=r"^[A-Za-z_\-./]+$",
    ),
)


def entropy(value: str) -> float:
    """Shannon entropy in bits a character."""
    counts, total = Counter(value).values(), len(value)
    return -sum(n / total * math.log2(n / total) for n in counts)


def recognizer(rule: SecretRule) -> Recognizer:
    return Recognizer(
        DetectorInfo(f"secrets.{rule.id}", (rule.kind,), rule.title, rule.examples),
        trigger="(?i)" + "|".join(re2.escape(k) for k in rule.keywords),
        find=_finder(rule),
        tails=(tails.token,),
        rank=rule.rank,
    )


def _finder(rule: SecretRule) -> Find:
    pattern = re2.compile(rule.pattern)
    group = pattern.groupindex.get("value", 0)
    allow = re2.compile(rule.allow) if rule.allow else None
    other = pattern.groupindex.get("no", 0)
    beside = re.compile(f"[{rule.not_before}]") if rule.not_before else None
    behind = re.compile(f"[{rule.not_after}]") if rule.not_after else None

    def secret(value: str) -> bool:
        placeholder = _PLACEHOLDER.search(value) or (allow and allow.search(value))
        return not placeholder and entropy(value) >= rule.entropy

    def find(view: View) -> Iterator[Hit]:
        judged: dict[str, bool] = {}
        for match in pattern.finditer(view.text):
            value = match.group(group)
            if len(value) > tails.MAX_TOKEN or (other and _is_other(view.text, *match.span(other))):
                continue
            start, end = match.span(group)
            if (beside and start and beside.match(view.text, start - 1)) or (
                behind and behind.match(view.text, end)
            ):
                continue
            if value not in judged:
                judged[value] = secret(value)
            if judged[value]:
                yield Hit(start, end, rule.kind, rule.level, rule.id)

    return find


def _is_other(text: str, start: int, end: int) -> bool:
    """What the group `no` names; but `entry` is no word of its own in `sentryToken`."""
    inside = start > 0 and text[start - 1].isalpha() and text[start].islower()
    return start < end and not inside


_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(r"[\sA-Za-z0-9+/=:,\-\\]*")
_PEM_OPEN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}-{0,5}\Z")


def find_pem(view: View) -> Iterator[Hit]:
    """Up to the END line; without one, up to where the text no longer looks like a key."""
    stop = 0
    for match in _BEGIN.finditer(view.text):
        start, limit = match.start(), match.start() + MAX_PEM
        if start < stop:
            continue
        end = view.text.find("-----END ", match.end(), limit)
        close = view.text.find("-----", end + 9, limit) if end >= 0 else -1
        if close < 0 and len(view.text) < limit:
            view.hold(start)
        body = _BODY.match(view.text, match.end(), limit)
        stop = (
            close + 5
            if close >= 0
            else match.end() + len(body.group().rstrip())
            if body
            else match.end()
        )
        if close < 0 or end - match.end() >= MIN_PEM_BODY:
            yield Hit(start, stop, PRIVATE_KEY, Level.HIGH)


def pem_tail(text: str) -> int:
    match = _PEM_OPEN.search(text, max(0, len(text) - 64))
    return match.start() if match else len(text)


PEM = Recognizer(
    DetectorInfo(
        "secrets.pem",
        (PRIVATE_KEY,),
        Bilingual("PEM 私钥", "PEM private key"),
        (
            Example(
                "私钥：-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBxyz0123+/abc=\n-----END EC "
                "PRIVATE KEY-----。",
                (
                    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBxyz0123+/abc=\n-----END EC PRIVATE "
                    "KEY-----",
                ),
            ),
            Example("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"),
        ),
    ),
    trigger="PRIVATE KEY",
    find=find_pem,
    tails=(tails.token, pem_tail),
    rank=99,
)

RECOGNIZERS: tuple[Recognizer, ...] = (*(recognizer(r) for r in SECRET_RULES), PEM)
