"""Forms of secrets that any provider's value may have: webhooks, tokens, connection strings,
assignments to a telling name, authorization headers."""

from __future__ import annotations

from threegate.detectors.base import Example
from threegate.detectors.secrets.engine import (
    ASSIGN,
    CONNECTION,
    JWT,
    PASSWORD,
    WEBHOOK,
    SecretRule,
    rule,
)

_HEX32 = "5b8e1021d7bb4148a3188f4836535719"
_MIX24 = "Kd8sQ2mZx7Lp4VtR9wYbN3cF"

RULES: tuple[SecretRule, ...] = (
    rule(
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
    rule(
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
    rule(
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
    rule(
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
    rule(
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
    rule(
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
        allow=r"(?i):(?:\$\{|\{|<|\*{3}|x{4}|(?:pass|password|passwd|pwd|secret|密码)@)",
        zh="数据库连接串",
    ),
    rule(
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
    rule(
        "dsn",
        "Password in a connection string",
        "password= pwd= accountkey= sharedaccesskey=",
        r"(?i);\s?(?:password|pwd|accountkey|sharedaccesskey)"
        r"=(?P<value>[!#-%(-+\-./0-:=?-_a-~]{4,})",
        Example("Server=db1;Database=app;User Id=sa;Password=Qx7#kkP2;", ("Qx7#kkP2",)),
        kind=PASSWORD,
        entropy=0.0,
        plain=True,
    ),
    rule(
        "generic_key",
        "Key assigned to a telling name",
        "key secret token credential auth ak sk",
        rf"(?i)(?:private[_\-. ]?key|(?P<no>public|private|csrf|xsrf|bucket|kms"
        rf"|partition|primary|foreign|sort|cache|entry|idempotency|authenticity|antiforgery)?"
        rf"[_\-. ]?(?:api|access|secret|app|auth|client|encryption|signing|session|re"
        rf"fresh|bearer|master)?[_\-. ]?(?:(?:key|secret|token)(?:[_\-]?(?:id|base|prod|live"
        rf"|test|dev|old|new|[0-9]))?|credentials?|[_\-\"]auth|\b[as]k\b))"
        rf"{ASSIGN}(?:base64:)?(?P<value>[A-Za-z0-9_\-./+=~]{{16,}})",
        Example(f"app_secret = '{_MIX24}'", (_MIX24,)),
        Example(
            "ALIYUN_ACCESS_KEY_SECRET=lRGMq7A5DW90LXeAHkTjdg6o0E4y1U",
            ("lRGMq7A5DW90LXeAHkTjdg6o0E4y1U",),
        ),
        Example(f"访问令牌 token：{_HEX32}。", (_HEX32,)),
        Example("SECRET_KEY_BASE=" + _HEX32 * 4, (_HEX32 * 4,)),
        Example("REDIS_AUTH=" + _MIX24, (_MIX24,)),
        Example(f"the api key is {_MIX24}", (_MIX24,)),
        Example(f'let token: &str = "{_MIX24}";', (_MIX24,)),
        Example(f"master_secret       = '{_MIX24}'", (_MIX24,)),
        Example(f"- {{name: API_KEY, value: {_MIX24}}}", (_MIX24,)),
        Example(f'{{"a": "{{\\"api_key\\": \\"{_MIX24}\\"}}"}}', (_MIX24,)),
        Example("key: PKCS7PrivateKeyTypes | ed25519.Ed25519PrivateKey = base64.b16encode(x)"),
        Example('"auth": "' + _MIX24 + '"', (_MIX24,)),
        Example('{"key":"api_key","value":"' + _MIX24 + '"}', (_MIX24,)),
        Example(f"<secret>{_MIX24}</secret>", (_MIX24,)),
        Example(f"**API Key:** `{_MIX24}`, <b>API key:</b> {_MIX24}", (_MIX24, _MIX24)),
        Example(f"| Token | {_MIX24} |\n<td>Secret</td><td>{_MIX24}</td>", (_MIX24, _MIX24)),
        Example("hotkey: ctrl+alt+shift+f12"),
        Example(f'"private_key_id": "{_HEX32}", "private_key": "{_MIX24}"', (_MIX24,)),
        Example('api_key = os.environ["OPENAI_API_KEY"]'),
        Example("ACCESS_KEY_SECRET=<your-access-key-secret>"),
        Example(f'API_KEY ?= "{_MIX24}"', (_MIX24,)),
        Example("token = tokenizer.encode(text_with_long_name)"),
        Example('"token4": "xoxp-572370529330-573807301142-572331691188-##########"'),
        Example('"token3": "xoxp-1234-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d"'),
        entropy=3.3,
        allow=r"^[a-z_\-./]+$|^(?:[a-z]+\+)+[a-z0-9]+$|^[A-Z_\-./]+$|^[A-Za-z_.\-/=+~]+$|^[0-9.\-/]+$|^https?:|^/|"
        r"\.\.$|\.(?:py|js|ts|json|ya?ml|com|cn|org|pem|crt)\b|^(?:[A-Za-z]{3,}[._\-])+v?[0-9.]+$|"
        r"^(?:[a-z]{2,}[._\-])+[a-z0-9_]{0,16}$|^[A-Za-z]+-[0-9.]+$|"
        r"^(?:[a-z_][a-z0-9_]{1,24}\.)*(?:[A-Z]{0,6}[0-9]{0,5}[_.]?[A-Z][a-z]{2,}[0-9]{0,5})+$"
        r"|^[a-z][a-z0-9_]{1,24}\.(?:[A-Z][a-z]+[0-9]{0,5})+$",
        not_after="(#*",  # a call, or the rest is masked
        rank=90,
        zh="以密钥命名的赋值",
    ),
    rule(
        "secret_setting",
        "Secret key of a framework",
        "secret_key secretkey secret_base",
        r"(?i)secret_?key[\"']?\s{0,3}(?:=>|[:=])\s{0,3}[\"'](?P<value>[!#-&(-+\-./0-;=?-_a-~]{32,100})",
        Example(
            "SECRET_KEY = 'django-insecure-8f3kd9&^%$2mqp1z(21xc7)y#'",
            ("django-insecure-8f3kd9&^%$2mqp1z(21xc7)y#",),
        ),
        Example("SECRET_KEY = '" + "change-me-" * 4 + "'"),
        entropy=3.7,
        allow=r"^[A-Za-z_\-./]+$|^https?:|\($|^[a-z_.]+\(",
        rank=91,
    ),
    rule(
        "named_key",
        "Key right behind its name",
        "key secret token credential auth ak sk",
        r"(?i)(?:access[_\- ]?key(?:[_\- ]?(?:secret|id))?|secret[_\- ]?(?:access[_\- ]?)?key"
        r"|(?:api|signing|encryption)[_\- ]?key|(?:app|client)[_\- ]?secret"
        r"|(?:auth|access|refresh)[_\- ]?token)\s{1,2}(?P<value>[A-Za-z0-9_\-./+=]{20,})",
        Example(
            "AccessKeySecret v7Kq2Zs9Xw4Lm1Rt8Yb3Nc6Pd5Hf0J，", ("v7Kq2Zs9Xw4Lm1Rt8Yb3Nc6Pd5Hf0J",)
        ),
        Example(
            "小程序 AppSecret 8f3ad92bfa1e21ac7e8f3cd92af1d2a1",
            ("8f3ad92bfa1e21ac7e8f3cd92af1d2a1",),
        ),
        Example(f"our api key {_MIX24} leaked", (_MIX24,)),
        Example(
            "access token https://example.com/oauth2/authorize, api key sdk/v2/client/index.ts"
        ),
        Example("the secret key management_service_v2_prod, API key 12345678901234567890"),
        entropy=3.2,
        allow=r"^[^0-9]+$|^[0-9.\-/]+$|^(?:[a-z0-9]{1,16}[_\-./])+[a-z0-9]*$|^[A-Za-z]+-|://|\.\w{2,5}$",
        rank=85,
        zh="紧跟名称的密钥",
    ),
    rule(
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
