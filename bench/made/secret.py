"""Made-up keys of many providers, passwords, connection strings; and what looks like them.

A shape is literal text with `<alphabet count>` in it: `ghp_<a36>`. Alphabets: a letters and digits,
h hexadecimal, d digits, u capitals and digits, l small letters and digits, b base64url, s base64, k base32, e bech32.
"""

# ruff: noqa: E501 (a table reads better with several shapes a line)
from __future__ import annotations

import base64
import json
import re
import string
from random import Random

from bench.made.near import filled

_ALPHABETS = {
    "a": string.ascii_letters + string.digits,
    "h": "0123456789abcdef",
    "d": string.digits,
    "u": string.ascii_uppercase + string.digits,
    "l": string.ascii_lowercase + string.digits,
    "k": string.ascii_uppercase + "234567",
    "e": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "b": string.ascii_letters + string.digits + "-_",
    "s": string.ascii_letters + string.digits + "+/",
}
SHAPES = (
    "sk-<a48>",
    "sk-proj-<b48>_<b60>",
    "sk-svcacct-<b74>",
    "sk-admin-<b58>",
    "sk-ant-api03-<b93>AA",
    "sk-or-v1-<h64>",
    "sk-<h32>",
    "gsk_<a52>",
    "hf_<a34>",
    "r8_<a37>",
    "pplx-<a48>",
    "xai-<a80>",
    "AIzaSy<b33>",
    "ya29.<b120>",
    "GOCSPX-<b28>",
    "nvapi-<b64>",
    "fw_<a24>",
    "tvly-<a32>",
    "jina_<a60>",
    "pcsk_<a60>",
    "lsv2_pt_<h32>_<h10>",
    "AKIA<k16>",
    "ASIA<k16>",
    "LTAI5t<a18>",
    "AKID<a32>",
    "AKLT<a43>",
    "ghp_<a36>",
    "gho_<a36>",
    "ghu_<a36>",
    "ghs_<a36>",
    "ghr_<a36>",
    "github_pat_<a22>_<a59>",
    "glpat-<b20>",
    "gldt-<b20>",
    "glrt-<b20>",
    "glptt-<h40>",
    "xoxb-<d12>-<d13>-<a24>",
    "xoxp-<d12>-<d12>-<d12>-<h32>",
    "xapp-1-A<u10>-<d13>-<h64>",
    "xoxe-1-<a146>",
    "sk_live_<a24>",
    "sk_test_<a24>",
    "rk_live_<a24>",
    "whsec_<a32>",
    "sq0atp-<b22>",
    "sq0csp-<b43>",
    "rzp_live_<a14>",
    "SG.<b22>.<b43>",
    "key-<h32>",
    "re_<a8>_<a24>",
    "xkeysib-<h64>-<a16>",
    "SK<h32>",
    "npm_<a36>",
    "pypi-AgEIcHlwaS5vcmc<b80>",
    "rubygems_<h48>",
    "dckr_pat_<b27>",
    "oy2<l43>",
    "NRAK-<u27>",
    "NRII-<b32>",
    "glsa_<a32>_<h8>",
    "dop_v1_<h64>",
    "doo_v1_<h64>",
    "dor_v1_<h64>",
    "hvs.<b90>",
    "hvb.<b90>",
    "<a14>.atlasv1.<b67>",
    "pul-<h40>",
    "tskey-auth-<a12>-<a32>",
    "dp.pt.<a43>",
    "dp.st.prd.<a43>",
    "shpat_<h32>",
    "shpss_<h32>",
    "shpca_<h32>",
    "shppa_<h32>",
    "figd_<b40>",
    "ntn_<a46>",
    "secret_<a43>",
    "lin_api_<a40>",
    "pat<a14>.<h64>",
    "PMAK-<h24>-<h34>",
    "phs_<a43>",
    "phx_<a43>",
    "sntrys_eyJ<s90>",
    "dapi<h32>",
    "dt0c01.<u24>.<u64>",
    "ATATT3<b180>=<h8>",
    "ATCTT3<b180>=<h8>",
    "EZAK<a54>",
    "EZTK<a54>",
    "shippo_live_<h40>",
    "duffel_live_<b43>",
    "fio-u-<b64>",
    "ico-<a32>",
    "p8e-<l32>",
    "eyJrIjoi<a70>",
    "sl.<b140>",
    "AGE-SECRET-KEY-1<e58>",
    "sgp_<h40>",
    "SCT<d5>T<a26>",
    "bce-v3/ALTAK-<a21>/<h40>",
    "t-g1<b32>",
    "SEC<h64>",
    "ms-<h8>-<h4>-<h4>-<h4>-<h12>",
    "pat_<a64>",
    "app-<a24>",
    "JDC_<u28>",
    "vercel_blob_rw_<a16>_<a30>",
    "sbp_<h40>",
    "sb_secret_<b31>",
    "pscale_tkn_<b43>",
    "pscale_pw_<b43>",
    "pscale_oauth_<b43>",
    "CFPAT-<b43>",
    "waka_<h8>-<h4>-4<h3>-a<h3>-<h12>",
    "<d10>:AA<b33>",
    "rdme_<l70>",
    "sdk-<h8>-<h4>-4<h3>-a<h3>-<h12>",
    "api-<h8>-<h4>-4<h3>-a<h3>-<h12>",
    "v1.0-<h24>-<h146>",
    "LTAI<a20>",
)
NAMED = tuple(
    line.strip()
    for line in """
        AWS_SECRET_ACCESS_KEY <s40>
        ALIYUN_ACCESS_KEY_SECRET <a30>
        TENCENT_SECRET_KEY <a32>
        HUAWEI_SK <a40>
        HUAWEICLOUD_AK <u20>
        BAIDU_SECRET_KEY <a32>
        QIANFAN_API_KEY <a24>
        VOLC_SECRET_KEY <s42>==
        ARK_API_KEY <h8>-<h4>-4<h3>-a<h3>-<h12>
        ZHIPU_API_KEY <h32>.<a16>
        MOONSHOT_API_KEY sk-<a48>
        DASHSCOPE_API_KEY sk-<h32>
        DEEPSEEK_API_KEY sk-<h32>
        XFYUN_API_SECRET <a32>
        QINIU_SECRET_KEY <b40>
        UPYUN_PASSWORD <a32>
        WECHAT_APP_SECRET <h32>
        WXPAY_API_KEY <a32>
        CORP_SECRET <b43>
        DINGTALK_APP_SECRET <b64>
        FEISHU_APP_SECRET <a32>
        AMAP_KEY <h32>
        BAIDU_MAP_AK <a32>
        JPUSH_MASTER_SECRET <h24>
        AZURE_CLIENT_SECRET <a3>8Q~<b34>
        AZURE_OPENAI_API_KEY <h32>
        AZURE_STORAGE_KEY <s86>==
        GOOGLE_CLIENT_SECRET <b24>
        HEROKU_API_KEY <h8>-<h4>-4<h3>-a<h3>-<h12>
        CLOUDFLARE_API_TOKEN <b40>
        CLOUDFLARE_API_KEY <h37>
        DATADOG_API_KEY <h32>
        DD_APP_KEY <h40>
        NEW_RELIC_LICENSE_KEY <h36>NRAL
        SENTRY_AUTH_TOKEN <h64>
        TWILIO_AUTH_TOKEN <h32>
        MAILCHIMP_API_KEY <h32>-us12
        MAILGUN_API_KEY key-<h32>
        ALGOLIA_API_KEY <h32>
        CIRCLECI_TOKEN <h40>
        TRAVIS_TOKEN <a22>
        SNYK_TOKEN <h8>-<h4>-4<h3>-a<h3>-<h12>
        SONAR_TOKEN <h40>
        OKTA_API_TOKEN 00<b40>
        AUTH0_CLIENT_SECRET <b64>
        MAPBOX_TOKEN pk.eyJ<a60>.<b22>
        COHERE_API_KEY <a40>
        MISTRAL_API_KEY <a32>
        REPLICATE_API_TOKEN r8_<a37>
        TOGETHER_API_KEY <h64>
        ELEVENLABS_API_KEY <h32>
        STABILITY_API_KEY sk-<a48>
        LANGCHAIN_API_KEY ls__<h32>
        PINECONE_API_KEY <h8>-<h4>-4<h3>-a<h3>-<h12>
        WANDB_API_KEY <h40>
        KAGGLE_KEY <h32>
        DROPBOX_APP_SECRET <l15>
        FACEBOOK_APP_SECRET <h32>
        TWITTER_API_SECRET <a50>
        LINKEDIN_CLIENT_SECRET <a16>
        DISCORD_TOKEN M<b23>.<b6>.<b27>
        SPOTIFY_CLIENT_SECRET <h32>
        ZOOM_CLIENT_SECRET <a32>
        ASANA_PAT 1/<d16>:<h32>
        TRELLO_TOKEN <h64>
        JIRA_API_TOKEN <a24>
        INTERCOM_TOKEN dG9r<a56>=
        SEGMENT_WRITE_KEY <a32>
        AMPLITUDE_SECRET_KEY <h32>
        MIXPANEL_SECRET <h32>
        PAGERDUTY_API_KEY <b20>
        OPSGENIE_API_KEY <h8>-<h4>-4<h3>-a<h3>-<h12>
        GRAFANA_API_KEY eyJrIjoi<a70>
        ETHERSCAN_API_KEY <u34>
        INFURA_API_KEY <h32>
        ALCHEMY_API_KEY <b32>
        BINANCE_SECRET_KEY <a64>
        COINBASE_SECRET <s86>==
        PLAID_SECRET <h30>
        PAYPAL_CLIENT_SECRET E<b79>
        ADYEN_API_KEY AQE<a80>
        JWT_SECRET <a48>
        SECRET_KEY <b50>
        SESSION_SECRET <h64>
        ENCRYPTION_KEY <s43>=
        api_key <a32>
        access_token <a40>
        client_secret <a36>
        auth_token <h40>
        """.strip().splitlines()
)
_CODE_FRAMES = {
    "zh": (
        "我的key是{v}，一直报401", "把{v}配到环境变量里就行", "密钥：{v}\n别外传", "令牌{v}过期了吗？", '{{"密钥": "{v}"}}', "报错日志里出现了 {v} ，要不要换掉？",
        "A：key发我\nB：{v}", "| 环境 | 密钥 |\n| --- | --- |\n| 生产 | {v} |", "curl -H 'Authorization: Bearer {v}' https://api.example.cn/v1/models",
    ),
    "en": (
        "my key {v} stopped working", "token: {v}", 'api_key = "{v}"', '{{"token": "{v}", "retries": 3}}', "export TOKEN={v}", "we leaked {v} in a commit", "curl -H 'Authorization: Bearer {v}' https://api.example.com/v1",
        "2024-05-12 10:00:01 DEBUG using token {v}", "- name: TOKEN\n  value: {v}", "const client = new Client('{v}')",
    ),
}  # fmt: skip
_NAMED_FRAMES = (
    "{k}={v}",
    "export {k}={v}",
    '{k} = "{v}"',
    "{k}: {v}",
    '{{"{k}": "{v}"}}',
    "os.environ['{k}'] = '{v}'",
    "  - name: {k}\n    value: {v}",
    "set {k}={v}",
    'const {k} = "{v}";',
    "环境变量 {k}={v} 已配置",
    "{k}：{v}",
)
_PASSWORD_FRAMES = {
    "zh": (
        "密码是{v}", "密码：{v}", "数据库密码 {v} 别告诉别人", "账号admin，密码{v}，登录后改掉", "口令：{v}", "初始密码为{v}，首次登录请修改", "wifi密码是 {v}", "root密码={v}", "服务器口令是{v}，端口22", "账号：admin 密码：{v}", "登录密码改成{v}了",
        "密码发你：{v}", "用户名root／密码{v}", '{{"用户名": "root", "密码": "{v}"}}', "pwd={v}", "passwd: {v}", "解压密码：{v}",
    ),
    "en": (
        "the password is {v}", "password: {v}", "my wifi password is {v} ok?", "pwd={v}", "user: root pass: {v}", 'password = "{v}"', "DB_PASSWORD={v}", "login with admin / password {v}", "passphrase is {v}", '{{"user": "root", "password": "{v}"}}',
        "spring.datasource.password={v}", "MYSQL_ROOT_PASSWORD: {v}", "use passcode {v} to join", "--password={v}", "the admin password was changed to {v}",
    ),
}  # fmt: skip
_PASSWORDS = (
    "Wq7#kLp2zX",
    "Tiger@2024!",
    "hunter2go9",
    "P@ssw0rd88x",
    "Xk9fQ2zmLt",
    "zhangwei@1990",
    "Abc!2345xyz",
    "Blue-Moon-77",
    "r00tMe!now",
    "Qaz2wsx!EDC",
    "kiwi.Falcon.82",
    "S3cure+Pa55",
)
_URLS = (
    "mysql://root:{p}@10.0.0.{d2}:3306/app", "postgresql://app:{p}@db.internal:5432/prod", "mongodb+srv://u1:{p}@cluster0.ab1cd.mongodb.net/test", "redis://:{p}@cache:6379/0", "amqp://guest:{p}@mq:5672/",
    "jdbc:mysql://10.0.0.{d2}:3306/app?user=root&password={p}", "jdbc:postgresql://db:5432/app?user=app&password={p}", "https://hooks.slack.com/services/T{u8}/B{u8}/{x24}", "https://oapi.dingtalk.com/robot/send?access_token={h64}",
    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={h8}-{h4}-4{h3}-a{h3}-{h12}", "https://open.feishu.cn/open-apis/bot/v2/hook/{h8}-{h4}-4{h3}-a{h3}-{h12}", "https://discord.com/api/webhooks/1{d18}/{x68}", "https://outlook.office.com/webhook/{h8}-{h4}-4{h3}-a{h3}-{h12}@{h8}-{h4}-4{h3}-a{h3}-{h12}/IncomingWebhook/{h32}/{h8}-{h4}-4{h3}-a{h3}-{h12}",
)  # fmt: skip
_PASSWORD_IN_URL = "Xk29fQzz7"


def drawn(rng: Random, shape: str) -> str:
    def draw(match: re.Match[str]) -> str:
        return "".join(rng.choices(_ALPHABETS[match[1]], k=int(match[2])))

    return re.sub(r"<([a-z])(\d+)>", draw, shape)


def row(rng: Random, number: int, language: str) -> tuple[str, str]:
    """A text and the secret in it; `number` chooses the shape, so that all come."""
    spoken = language if language != "mixed" else rng.choice(("zh", "en"))
    match number % 6:
        case 0 | 1:
            value = drawn(rng, SHAPES[(number // 6 * 2 + number % 6) % len(SHAPES)])
            return rng.choice(_CODE_FRAMES[spoken]).format(v=value), value
        case 2 | 3:
            name, shape = NAMED[(number // 6 * 2 + number % 6) % len(NAMED)].split()
            value = drawn(rng, shape)
            return rng.choice(_NAMED_FRAMES).format(k=_cased(rng, name), v=value), value
        case 4:
            value = rng.choice(_PASSWORDS)
            return rng.choice(_PASSWORD_FRAMES[spoken]).format(v=value), value
        case _:
            return _long(rng, number // 6, spoken)


def _cased(rng: Random, name: str) -> str:
    words = name.lower().split("_")
    camel = words[0] + "".join(w.title() for w in words[1:])
    return rng.choice((name, name, name.lower(), camel, name.lower().replace("_", "-")))


def _long(rng: Random, number: int, language: str) -> tuple[str, str]:
    """Connection strings, webhooks, tokens, private keys."""
    frame = {"zh": "配置是 {v} ，帮我看看", "en": "we use {v} in production"}[language]
    kind = number % 4
    if kind < 2:
        shape = rng.choice(_URLS).replace("{p}", _PASSWORD_IN_URL)
        value = filled(rng, re.sub(r"\{x(\d+)\}", lambda m: drawn(rng, f"<a{m[1]}>"), shape))
        return frame.format(v=value), value
    if kind == 2:
        value = _token(rng)
        return rng.choice((frame, "Authorization: Bearer {v}", "jwt={v}")).format(v=value), value
    name = rng.choice(("RSA ", "EC ", "OPENSSH ", ""))
    body = "\n".join(drawn(rng, "<s64>") for _ in range(rng.randrange(3, 12)))
    value = f"-----BEGIN {name}PRIVATE KEY-----\n{body}\n-----END {name}PRIVATE KEY-----"
    return f"{frame.split('{v}')[0]}\n{value}\n", value


def _token(rng: Random) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": drawn(rng, "<d10>"), "exp": 17_00_000_000})
    coded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join((*coded, drawn(rng, "<b43>")))


_NEAR = {
    "zh": (
        "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "密钥：<请填写你的密钥>", "把 YOUR_API_KEY 换成自己的密钥", "公司规定密码至少12位，含大小写字母和数字", "密码错误次数过多，请15分钟后再试", "忘记密码怎么办？", "密码是什么我忘了",
        "password = getpass.getpass('密码：')", "DB_PASSWORD=${DB_PASSWORD}", "token数量：{d4}，费用{d2}元", "提交 {h40} 引入的问题", "文件的SHA256是{h64}", "md5: {h32}", "sk-learn 和 scikit-learn 是一个东西吗？", "这个密钥对怎么生成？ssh-keygen -t ed25519",
        "访问令牌有效期{d4}秒，刷新令牌30天", "请求ID: {h8}-{h4}-4{h3}-a{h3}-{h12}", "口令红包怎么领？", "密码学基础：RSA、AES-256-GCM、SHA-512", "密码：********", "密码123456太弱了不能用", "关键字 key 不能为空，长度{d2}",
        "缓存键 user:{d6}:profile", "主键 order_id = {d10}", "公钥是 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{h32}", "令牌桶限流，每秒{d3}个", "api_key: {{{{ api_key }}}}", "密钥长度2048位，有效期{d3}天", "Authorization: Bearer <token>",
    ),
    "en": (
        "api_key = 'YOUR_API_KEY_HERE'", "token = os.environ['GITHUB_TOKEN']", "password: ********", "Passwords must have 12 characters, upper and lower case", "forgot my password, how to reset it?", "commit {h40}", "sha256:{h64}", "integrity sha512-{h64}{h22}==",
        "md5 {h32}", "total tokens: {d5}, prompt tokens: {d4}", "request id {h8}-{h4}-4{h3}-a{h3}-{h12}", "export KEY=$(cat key.txt)", "secret santa list for {d2} people", "the key takeaway is that growth slowed", "primary key user_id = {d8}", "cache key user:{d6}:profile",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ{h64} user@host", "Bearer token authentication is described in RFC 6750", "const token = tokenizer.encode(text)", "-----BEGIN CERTIFICATE-----\n{h64}\n-----END CERTIFICATE-----", "etag: \"{h32}\"", "trace {h32} span {h16}",
        "password = input('Password: ')", "if password == confirm_password: save()", "AKIAIOSFODNN7EXAMPLE", "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx", "set DB_PASS to ${{DB_PASS}}", "keyboard layout us-intl, key code {d3}", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA{h64}", "docker image sha256:{h12}",
        "class sk-circle-fade-dot", "npm_config_registry=https://registry.npmjs.org", "postgres://user:password@localhost/db", "hf_hub_download('bert-base')", "monkey=banana, turkey=lunch", "basic authentication is disabled",
    ),
}  # fmt: skip


def near(rng: Random, language: str) -> str:
    return filled(rng, rng.choice(_NEAR[language]))
