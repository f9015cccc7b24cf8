"""Keys whose shape tells the provider: models, code hosting, the large clouds, registries."""

from __future__ import annotations

from threegate.detectors.base import Example
from threegate.detectors.secrets.engine import ALIYUN, ASSIGN, AWS, TENCENT, SecretRule, rule

_HEX32 = "5b8e1021d7bb4148a3188f4836535719"
_MIX24 = "Kd8sQ2mZx7Lp4VtR9wYbN3cF"

RULES: tuple[SecretRule, ...] = (
    rule(
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
    rule(
        "github",
        "GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{36,})",
        Example(
            f"https://ghp_{_MIX24}{_MIX24[:12]}@github.com/a/b.git", (f"ghp_{_MIX24}{_MIX24[:12]}",)
        ),
        entropy=3.0,
    ),
    rule(
        "gitlab",
        "GitLab token",
        "glpat- glptt- gldt- glrt-",
        r"\bgl(?:pat|ptt|dt|rt)-[A-Za-z0-9_\-]{20,64}",
        Example(f"glpat-{_MIX24[:20]}", (f"glpat-{_MIX24[:20]}",)),
    ),
    rule(
        "aws_key",
        "AWS access key ID",
        "akia asia abia acca",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
        Example("AWS says AKIABZSWB7CFORUKUK64 is inactive", ("AKIABZSWB7CFORUKUK64",)),
        Example("AKIAIOSFODNN7EXAMPLE"),
        kind=AWS,
        allow="EXAMPLE$",
    ),
    rule(
        "aws_secret",
        "AWS secret access key",
        "secret aws",
        rf"(?i)(?:aws|secret)[\w \-.]{{0,24}}{ASSIGN}(?P<value>[A-Za-z0-9/+]{{40}})(?:[^"
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
    rule(
        "aliyun_key",
        "Alibaba Cloud AccessKey ID",
        "ltai",
        r"\bLTAI[A-Za-z0-9]{12,26}\b",
        Example("AK:LTAI5tTuRxB1uN6HodT1WtxI，没发secret", ("LTAI5tTuRxB1uN6HodT1WtxI",)),
        kind=ALIYUN,
        zh="阿里云 AccessKey ID",
    ),
    rule(
        "aliyun_secret",
        "Alibaba Cloud AccessKey secret",
        "ltai",
        r"\bLTAI[A-Za-z0-9]{12,26}[\"']?[\s,，;:/]{1,4}[\"']?(?:[\w\-]{0,14}secret[\"']?"
        r"\s?[=:]\s?[\"']?)?(?P<value>[A-Za-z0-9]{30})(?:[^A-Za-z0-9]|$)",
        Example(
            'AcsClient("LTAI5t6wxq4LghH8rOvhUGZS", "BEIMiJI51WbVrk7gN4uHCo28vwhZs2")',
            ("LTAI5t6wxq4LghH8rOvhUGZS", "BEIMiJI51WbVrk7gN4uHCo28vwhZs2"),
        ),
        kind=ALIYUN,
        entropy=3.5,
        zh="阿里云 AccessKey Secret",
    ),
    rule(
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
    rule(
        "tencent_secret_pair",
        "Tencent Cloud SecretKey",
        "akid",
        r"\bAKID[A-Za-z0-9]{32}[\"']?[\s,，;:/]{1,4}[\"']?(?P<value>[A-Za-z0-9]{32})"
        r"(?:[^A-Za-z0-9]|$)",
        Example(
            f'Credential("AKID8bYTddhKYxoBdPHUn2HKugVK9jWTHFMu", "{_MIX24}{_MIX24[:8]}")',
            ("AKID8bYTddhKYxoBdPHUn2HKugVK9jWTHFMu", _MIX24 + _MIX24[:8]),
        ),
        kind=TENCENT,
        entropy=3.5,
        zh="腾讯云 SecretKey",
    ),
    rule(
        "volcengine",
        "Volcengine access key",
        "aklt",
        r"\bAKLT[A-Za-z0-9]{16,60}={0,2}",
        Example("火山AKLT" + _MIX24 + _MIX24[:19], ("AKLT" + _MIX24 + _MIX24[:19],)),
        entropy=3.0,
        zh="火山引擎密钥",
    ),
    rule(
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
    rule(
        "google",
        "Google API key",
        "aiza",
        r"\bAIzaSy[0-9A-Za-z_\-]{33}",
        Example("AIzaSyD" + _MIX24 + "Q1w2E3r4", ("AIzaSyD" + _MIX24 + "Q1w2E3r4",)),
        entropy=3.0,
    ),
    rule(
        "slack",
        "Slack token",
        "xoxb- xoxa- xoxp- xoxr- xoxs- xapp-",
        r"\b(?:xox[abprs]-(?:[0-9]-)?(?:[0-9]{8,14}-){1,3}[0-9A-Za-z]{18,}|xox[ar]-2-[0-9A-Za-z]{8,48}"
        r"|xapp-[0-9]-[0-9A-Z]{6,}-[0-9]{6,}-[0-9a-z]{16,})",
        Example(f"xoxb-123456789012-{_MIX24}", (f"xoxb-123456789012-{_MIX24}",)),
    ),
    rule(
        "stripe",
        "Stripe key",
        "sk_live_ sk_test_ rk_live_ rk_test_",
        r"\b[sr]k_(?:live|test)_[0-9A-Za-z]{16,}",
        Example("sk_live_" + _MIX24, ("sk_live_" + _MIX24,)),
    ),
    rule(
        "huggingface",
        "Hugging Face token",
        "hf_",
        r"\bhf_[A-Za-z0-9]{30,40}\b",
        Example("hf_" + _MIX24 + _MIX24[:10], ("hf_" + _MIX24 + _MIX24[:10],)),
        entropy=3.5,
    ),
    rule(
        "npm",
        "npm token",
        "npm_",
        r"\bnpm_[A-Za-z0-9]{36}\b",
        Example("npm_" + _MIX24 + _MIX24[:12], ("npm_" + _MIX24 + _MIX24[:12],)),
    ),
    rule(
        "pypi",
        "PyPI token",
        "pypi-ageichlwas5vcmc",
        r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,}",
        Example("pypi-AgEIcHlwaS5vcmc" + _MIX24 * 3, ("pypi-AgEIcHlwaS5vcmc" + _MIX24 * 3,)),
    ),
    rule(
        "sendgrid",
        "SendGrid key",
        "sg.",
        r"\bSG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}\b",
        Example(
            "SG." + _MIX24[:22] + "." + (_MIX24 * 2)[:43],
            ("SG." + _MIX24[:22] + "." + (_MIX24 * 2)[:43],),
        ),
    ),
    rule(
        "telegram",
        "Telegram bot token",
        ":aa",
        r"\b(?:bot)?(?P<value>[0-9]{8,10}:AA[A-Za-z0-9_\-]{33})\b",
        Example(
            "telegram 123456789:AA" + _MIX24 + "Zq1Wx2Ec3", ("123456789:AA" + _MIX24 + "Zq1Wx2Ec3",)
        ),
    ),
)
