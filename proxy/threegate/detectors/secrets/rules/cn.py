"""Secrets of Chinese providers, and generic forms: commands, headers, addresses with passwords.

Many Chinese providers give out 32 hex digits or OpenAI-like `sk-` keys; what tells them apart is
the name in front, in either language.
"""

# ruff: noqa: E501 (a table reads better with one rule a line)
from __future__ import annotations

from dataclasses import replace

from threegate.detectors.base import Example
from threegate.detectors.secrets.engine import ALIYUN, KEY, PASSWORD, TENCENT, WEBHOOK, SecretRule
from threegate.detectors.secrets.shapes import (
    ALNUM,
    BASE64,
    BASE64URL,
    DOTTED,
    HEX,
    LOWER,
    UPPER,
    named,
    prefixed,
    sample,
)
from threegate.types import Bilingual, Level

_ZHIPU = f"{sample(HEX, 32)}.{sample(ALNUM, 16)}"
_WX = f"wx{sample(HEX, 16)}"
_MAP = "-".join(sample(UPPER, 30)[i : i + 5] for i in range(0, 30, 5))

CHINESE: tuple[SecretRule, ...] = (
    named("tencent_secret", "Tencent Cloud SecretKey", "tencentcloud_secret tencent_secret tencent cos_secret secretkey 腾讯云", ALNUM, 32, kind=TENCENT, entropy=3.5, zh="腾讯云 SecretKey"),
    named("aliyun_named", "Alibaba Cloud AccessKey secret", "aliyun alibaba oss_access oss_secret accesskeysecret accesskey_secret 阿里云", ALNUM, 30, kind=ALIYUN, entropy=3.5, zh="阿里云 AccessKey Secret"),
    named("huawei_ak", "Huawei Cloud access key", "huawei hwcloud hw_access obs_access 华为云", UPPER, 20, zh="华为云 AK"),
    named("huawei_sk", "Huawei Cloud secret key", "huawei hwcloud hw_secret obs_secret 华为云", ALNUM, 40, zh="华为云 SK"),
    named("baidu_ak", "Baidu Cloud key", "baidu bce 百度", HEX, 32, zh="百度云密钥"),
    named("baidu_api", "Baidu API key", "baidu qianfan ernie wenxin 文心 千帆", ALNUM, 24, 32, zh="百度千帆密钥"),
    named("volc_secret", "Volcengine secret", "volc volcengine 火山", BASE64 + "=", 40, 60, zh="火山引擎 SecretKey"),
    named("ark", "Volcengine Ark key", "ark_api doubao 豆包 方舟", r"0-9a-f\-", 36, zh="火山方舟密钥"),
    SecretRule(
        "zhipu", KEY, Bilingual("智谱密钥", "Zhipu key"), (".",),
        r"[0-9a-f]{32}\.[A-Za-z0-9]{16}", 3.5,
        examples=(Example(f"智谱的key：{_ZHIPU}，glm-4", (_ZHIPU,)), Example(f"`{_ZHIPU}` 报 401", (_ZHIPU,)), Example("a" * 32 + "." + "b" * 16)),
        allow=r"\.[0-9a-f]+$",  # two sums of a file
        not_before="0-9A-Za-z",
        not_after="0-9A-Za-z",
        trigger=r"[0-9a-f]{8}\.[0-9A-Za-z]{8}",
    ),
    named("minimax", "MiniMax key", "minimax", DOTTED, 100, 1000, zh="MiniMax 密钥"),
    named("iflytek", "iFlytek secret", "xfyun iflytek spark 讯飞 星火", ALNUM, 32, zh="讯飞密钥"),
    named("sensetime", "SenseTime key", "sensenova sensetime 商汤", ALNUM, 32, zh="商汤密钥"),
    named("qiniu", "Qiniu key", "qiniu 七牛", BASE64URL, 40, zh="七牛云密钥"),
    named("upyun", "Upyun credential", "upyun 又拍", ALNUM, 32, zh="又拍云密钥"),
    prefixed("jdcloud", "JD Cloud access key", "JDC_", UPPER, 28, zh="京东云密钥"),
    named("ucloud", "UCloud key", "ucloud 优刻得", BASE64 + r"=\-", 32, 64, zh="UCloud 密钥"),
    named("kingsoft", "Kingsoft Cloud secret", "ksyun kingsoft 金山云", BASE64 + "=", 44, zh="金山云密钥"),
    named("wechat", "WeChat app secret", "wechat weixin wx_app wx_secret wx_mp miniprogram 微信 小程序 公众号", HEX, 32, zh="微信 AppSecret"),
    SecretRule(
        "wechat_pair", KEY, Bilingual("微信 AppID 与 AppSecret", "WeChat AppID with AppSecret"), ("wx",),
        r"\bwx[0-9a-f]{16}[\"'\s,，;:：&]{1,6}(?:[\w\-]{0,12}secret[\"']?\s?[=:：]\s?[\"']?)?(?P<value>[0-9a-f]{32})",
        3.0, examples=(Example(f"WechatClient('{_WX}', '{sample(HEX, 32)}')", (sample(HEX, 32),)),),
    ),
    named("wechat_pay", "WeChat Pay key", "wxpay wechatpay apiv3 mch_key mchkey 微信支付 商户", ALNUM, 32, zh="微信支付密钥"),
    named("wecom_secret", "WeCom secret", "wecom corpsecret corp_secret qywx 企业微信", BASE64URL, 43, zh="企业微信 Secret"),
    named("dingtalk_secret", "DingTalk app secret", "dingtalk dingding 钉钉", BASE64URL, 64, zh="钉钉 AppSecret"),
    prefixed("dingtalk_sign", "DingTalk signing secret", "SEC", HEX, 64, zh="钉钉加签密钥"),
    named("feishu_secret", "Feishu app secret", "feishu lark 飞书", ALNUM, 32, zh="飞书 App Secret"),
    prefixed("feishu_token", "Feishu access token", "t-g1 u-g1", BASE64URL, 30, 60, zh="飞书访问令牌"),
    named("alipay", "Alipay credential", "alipay 支付宝", BASE64 + "=", 100, 1000, zh="支付宝密钥"),
    named("amap", "Amap key", "amap gaode 高德", HEX, 32, zh="高德地图密钥"),
    named("baidu_map", "Baidu Maps key", "bmap baidumap 百度地图", ALNUM, 32, zh="百度地图密钥"),
    SecretRule(
        "tencent_map", KEY, Bilingual("腾讯地图密钥", "Tencent Maps key"), ("map", "key", "地图"),
        r"(?i:map|key|地图)[\w \-.:=：\"']{0,16}?(?P<value>[A-Z0-9]{5}(?:-[A-Z0-9]{5}){5})", 3.0,
        examples=(Example(f"腾讯地图key：{_MAP}", (_MAP,)),),
        not_after=r"A-Z0-9\-",
    ),
    named("jpush", "JPush secret", "jpush jiguang 极光", HEX, 24, zh="极光推送密钥"),
    named("getui", "Getui secret", "getui 个推", ALNUM, 22, zh="个推密钥"),
    named("umeng", "Umeng key", "umeng 友盟", HEX, 24, 32, zh="友盟密钥"),
    named("yunpian", "Yunpian key", "yunpian 云片", HEX, 32, zh="云片密钥"),
    named("leancloud", "LeanCloud key", "leancloud", ALNUM, 24, zh="LeanCloud 密钥"),
    named("bmob", "Bmob key", "bmob", HEX, 32, zh="Bmob 密钥"),
    named("rongcloud", "RongCloud secret", "rongcloud ryim 融云", ALNUM, 13, 16, zh="融云密钥"),
    named("easemob", "Easemob secret", "easemob huanxin 环信", BASE64URL, 30, 40, zh="环信密钥"),
    named("agora", "Agora certificate", "agora 声网", HEX, 32, zh="声网证书"),
    named("geetest", "GeeTest key", "geetest 极验", HEX, 32, zh="极验密钥"),
    named("bilibili", "Bilibili session", "sessdata bili_jct", r"a-zA-Z0-9%,*", 32, 300, zh="哔哩哔哩会话"),
    named("weibo", "Weibo secret", "weibo 微博", HEX, 32, zh="微博密钥"),
    named("douyin", "Douyin secret", "douyin toutiao bytedance 抖音 头条", HEX, 32, 40, zh="抖音密钥"),
    named("kuaishou", "Kuaishou secret", "kuaishou 快手", BASE64URL, 22, 32, zh="快手密钥"),
    named("taobao", "Taobao secret", "taobao tmall 淘宝 天猫", HEX, 32, zh="淘宝开放平台密钥"),
    named("pinduoduo", "Pinduoduo secret", "pinduoduo pdd 拼多多", HEX, 40, zh="拼多多密钥"),
    named("jingdong", "JD secret", "jingdong jd_app 京东", HEX, 32, zh="京东开放平台密钥"),
    named("meituan", "Meituan secret", "meituan 美团", HEX, 32, 40, zh="美团密钥"),
    named("netease", "NetEase secret", "netease yunxin 网易云信 网易", HEX, 12, 32, zh="网易云信密钥"),
    named("tushare", "Tushare token", "tushare", HEX, 56, zh="Tushare 令牌"),
    prefixed("modelscope", "ModelScope token", "ms-", r"a-f0-9\-", 36, zh="魔搭令牌"),
    prefixed("dify", "Dify key", "app- dataset-", ALNUM, 24, entropy=3.5, zh="Dify 密钥"),
    prefixed("coze", "Coze token", "pat_", ALNUM, 64, zh="扣子令牌"),
    prefixed("fastgpt", "FastGPT key", "fastgpt- fastgpt_", ALNUM, 40, 70, zh="FastGPT 密钥"),
    prefixed("serverchan", "ServerChan key", "SCT SCU", ALNUM, 28, 52, entropy=3.5, zh="Server酱密钥"),
    prefixed("pushdeer", "PushDeer key", "PDU", ALNUM, 20, 40, entropy=3.5, zh="PushDeer 密钥"),
    named("pushplus", "PushPlus token", "pushplus wxpusher", ALNUM + "_", 32, 40, zh="PushPlus 令牌"),
    SecretRule(
        "robot_webhook", WEBHOOK, Bilingual("钉钉、飞书以外的机器人地址", "Other robot webhook"), ("webhook/send?key=", "hook?access_token=", "send?access_token="),
        r"https?://[A-Za-z0-9.\-]{4,80}/[A-Za-z0-9/_\-]{0,60}(?:webhook/send\?key|hook\?access_token|send\?access_token)=(?P<value>[A-Za-z0-9\-]{24,80})", 2.5,
        examples=(Example(f"https://bot.corp.example.cn/im/webhook/send?key={sample(LOWER, 32)}", (sample(LOWER, 32),)),),
    ),
)  # fmt: skip

_CURL = "s3cr3tP4ss!"

_GENERIC: tuple[SecretRule, ...] = (
    SecretRule(
        "curl_user", PASSWORD, Bilingual("curl 命令中的密码", "Password in a curl command"), ("-u", "--user"),
        r"\bcurl\b[^\n|]{0,40}?(?:\s-u|\s--user)[ =]{0,3}[\"']?[^\s\"':]{0,40}[\"']?:[\"']?(?P<value>[^\s\"'$<{][^\s\"']{2,63})", 1.5,
        allow=r"(?i)^(?:pass(?:word)?|pwd|token|key|secret|test|x+)$|word>$|^%|^\[|^/",
        examples=(Example(f"curl -u admin:{_CURL} https://db:9200", (_CURL,)), Example('curl -u "$USER:$PASS" https://db:9200')),
        plain=True,
    ),
    SecretRule(
        "user_option", PASSWORD, Bilingual("命令行中的密码", "Password on a command line"), ("-u ", "--user "),
        r"(?:\s-u|\s--user)[ =]{1,3}[\"']?[A-Za-z0-9@._{}\-]{0,40}[\"']?:[\"']?(?P<value>[^\s\"'$<:/{][^\s\"':]{5,63})", 2.6,
        allow=r"(?i)pass(?:word)?$|^token|(?-i:^[a-z]+$)|^\[|^[0-9.:]+$",
        examples=(Example(f"  --user 'api:{_CURL}' \\", (_CURL,)), Example("docker run -u 1000:1000 image")),
        plain=True,
    ),
    SecretRule(
        "user_option_braced", PASSWORD, Bilingual("命令行中带花括号的密码", "Password in braces on a command line"), ("-u ", "--user "),
        r"(?:\s-u|\s--user)[ =]{1,3}[\"']?[A-Za-z0-9@._{}\-]{0,40}[\"']?:[\"']?(?P<value>\{[A-Za-z0-9]{8,63}\})", 2.6,
        allow=r"^\{[A-Za-z]+\}$",
        examples=(Example("  --user 'api:{" + _CURL.strip("!") + "}' \\", ("{" + _CURL.strip("!") + "}",)), Example("  --user 'api:{password}' \\")),
        plain=True,
    ),
    SecretRule(
        "auth_header", KEY, Bilingual("请求头中的凭证", "Credential in a header"), ("authorization", "token:", "api-key:", "apikey:"),
        r"(?i)[\"'](?:proxy-)?(?:authorization|[a-z\-]{0,16}(?:token|api-?key))\s?:\s{0,4}(?:(?:basic|bearer|token|api-token|apikey|key)[ =:]{1,2})?(?P<value>[A-Za-z0-9_=~@.+/\-]{10,})", 2.8,
        allow=r"(?i)^[a-z_\-]+$|^token$|^\$|example",
        examples=(Example("curl -H 'Authorization: Token " + sample(HEX, 40) + "'", (sample(HEX, 40),)), Example("-H 'Authorization: Bearer $TOKEN_FROM_ENV'")),
        plain=True,
    ),
    SecretRule(
        "jwt_unsigned", "secret.jwt", Bilingual("未签名的 JWT", "Unsigned JSON Web Token"), ("eyjhbgcioijub25l",),
        r"\beyJhbGciOiJub25l[A-Za-z0-9_\-]{0,40}\.eyJ[A-Za-z0-9_\-]{8,}\.", 3.0,
        examples=(Example("t = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0LXVzZXIifQ.'", ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0LXVzZXIifQ.",)),),
    ),
    SecretRule(
        "chinese_key", KEY, Bilingual("中文里写明的密钥", "Key told in Chinese"), ("密钥", "秘钥", "令牌", "私钥", "凭证", "口令"),
        r"(?:密钥|秘钥|令牌|私钥|凭证|口令)[^\x00-\x7f，。；\n]{0,8}[\s:：=是为\"“'`]{1,5}(?P<value>[A-Za-z0-9_\-./+=~]{16,})", 3.2,
        allow=r"^[A-Za-z_\-./]+$|^[0-9]+$|^https?:", level=Level.HIGH,
        examples=(Example(f"生产环境密钥是 {sample(ALNUM, 24)}，别外传", (sample(ALNUM, 24),)), Example("密钥是一串随机的字符")),
    ),
    SecretRule(
        "mail_code", PASSWORD, Bilingual("邮箱授权码", "Code that lets a program into a mailbox"), ("授权码",),
        r"授权码[^\x00-\x7f，。；！？\n]{0,6}[\s:：=是为\"“'`*]{0,5}(?P<value>[a-z]{16}|[A-Z][A-Za-z0-9]{11,19}|[a-z]{4}(?: [a-z]{4}){3})", 2.5,
        examples=(Example("QQ邮箱的授权码 qzkwmvbtrnxjhdgb", ("qzkwmvbtrnxjhdgb",)), Example("smtp授权码是：qzkwmvbtrnxjhdgb，", ("qzkwmvbtrnxjhdgb",)), Example("授权码 authorization 流程，授权码是什么")), plain=True,
    ),
    SecretRule(
        "platform_key", KEY, Bilingual("平台名称后的密钥", "Key behind the name of a platform"), ("key",),
        r"(?i)(?:高德|百度|腾讯|阿里|讯飞|智谱|通义|千问|豆包|火山|和风|心知|聚合|硅基|流动|地图|接口|平台|天气|模型|应用|授权|服务)[㐀-鿿]{0,3}的? ?key值?[ :：是为]{1,3}(?P<value>[A-Za-z0-9_\-]{24,})", 3.2,
        allow=r"^[A-Za-z_\-]+$|^[0-9\-]+$",
        examples=(Example(f"高德 key {sample(HEX, 32)} 报错", (sample(HEX, 32),)), Example(f"缓存 key {sample(HEX, 32)}，接口 key user_profile_cache_key_name")),
    ),
    SecretRule(
        "argument", KEY, Bilingual("作为参数给出的密钥", "Key given as an argument"), ("token", "api_key", "apikey", "secret"),
        r"(?i)[\"'](?:[a-z_\-]{0,16})(?:token|api_?key|secret)[\"']\s{0,2},\s{0,2}[\"'](?P<value>[A-Za-z0-9_\-./+=~]{20,})[\"']", 3.3,
        allow=r"^[A-Za-z_\-./]+$|^https?:",
        examples=(Example(f'getenv("api_token", "{sample(ALNUM, 32)}")', (sample(ALNUM, 32),)),),
    ),
    named("user_auth", "Credential of a user", "user_auth userauth auth_basic http_auth", BASE64 + "=", 24, 200),
    named("ansible_vault", "Ansible Vault password", "ansible_vault vault_pass vault_password", r"!#-&(-~", 8, 64, kind=PASSWORD, entropy=2.5),
)  # fmt: skip

GENERIC = tuple(replace(rule, rank=91) for rule in _GENERIC)
"""A provider's own rule says more of the same value."""

RULES: tuple[SecretRule, ...] = CHINESE + GENERIC
