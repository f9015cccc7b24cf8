"""What looks like an identifier and is none: wrong check digits, longer numbers, other labels,
masked values, and the numbers of ordinary texts."""

# ruff: noqa: E501 (a template reads better in one line)
from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from bench.made import china, draws, world
from bench.made.kinds import KINDS, MadeKind

Text = Callable[[Random], str]

_FRAMES = {
    "zh": ("{l}{v}已发货，请查收。", "{l}：{v}", "系统显示{l}为{v}，麻烦查一下", "| {l} | 数量 |\n|---|---|\n| {v} | 3 |", '{{"{l}": "{v}"}}', "2024-05-12 10:00:01 INFO {l}={v} ok"),
    "en": ("{l} {v} has been shipped.", "{l}: {v}", "the system shows {l} {v}, please check", "| {l} | qty |\n|---|---|\n| {v} | 3 |", '{{"{l}": "{v}"}}', "2024-05-12 10:00:01 INFO {l}={v} ok"),
}  # fmt: skip
_OTHERS = {
    "zh": ("订单号", "物流单号", "流水号", "工单编号", "商品编号", "发票号码", "序列号", "批次编号"),
    "en": ("order number", "tracking number", "invoice", "ticket", "serial number", "shipment", "trace id", "SKU"),
}  # fmt: skip


def _framed(rng: Random, language: str, label: str, value: str) -> str:
    return rng.choice(_FRAMES[language]).format(l=label, v=value)


def _checked(rng: Random, wanted: Callable[[MadeKind], bool] = lambda kind: True) -> MadeKind:
    return rng.choice([k for k in KINDS if k.checked and wanted(k)])


def wrong_check(rng: Random, language: str) -> str:
    """Beside its own label or another one."""
    kind = _checked(rng, lambda k: k.label != "AU_MEDICARE")
    value = kind.make(rng)
    spoilt = _spoilt(rng, value)
    own = kind.zh if language == "zh" else kind.en
    return _framed(rng, language, rng.choice((*own, *_OTHERS[language])), spoilt)


def _spoilt(rng: Random, value: str) -> str:
    """Another last digit, letters left alone."""
    places = [i for i, c in enumerate(value) if c.isdigit()]
    at = places[-1]
    other = rng.choice([d for d in "0123456789" if d != value[at]])
    return value[:at] + other + value[at + 1 :]


def longer(rng: Random, language: str) -> str:
    kind = rng.choice(
        [k for k in KINDS if k.bare and k.label in ("CN_ID_CARD", "CN_MOBILE", "BANK_CARD")]
    )
    value = kind.make(rng)
    wider = rng.choice(
        (
            draws.digits(rng, 1) + value + draws.digits(rng, 2),
            "TX" + value + draws.digits(rng, 4),
            value + draws.digits(rng, 5),
        )
    )
    return _framed(rng, language, rng.choice(_OTHERS[language]), wider)


def other_label(rng: Random, language: str) -> str:
    value = rng.choice(
        (
            china.mobile,
            china.passport,
            china.taiwan_permit,
            lambda r: draws.number(r, 12),
            lambda r: draws.number(r, 15),
            world.nino,
            china.qq,
        )
    )(rng)
    return _framed(rng, language, rng.choice(_OTHERS[language]), value)


def masked(rng: Random, language: str) -> str:
    value = rng.choice((china.mobile, china.bank_card, china.resident_id))(rng)
    shown = rng.choice(("{0}****{1}", "{0}******{1}", "{0} **** **** {1}")).format(
        value[:3], value[-4:]
    )
    return _framed(
        rng,
        language,
        rng.choice(("手机号", "卡号") if language == "zh" else ("mobile", "card")),
        shown,
    )


_PLAIN: dict[str, tuple[str, ...]] = {
    "zh": (
        "圆周率约为3.14159265358979{d8}，取前{d2}位即可。", "请把{d3}.{d9}四舍五入到小数点后两位。", "版本{v}修复了{d2}个问题，升级到{v}即可。",
        "2024年度营业收入{d3},{d3},{d3}.{d2}元，同比增长{d2}.{d2}%。", "国标GB/T {d5}-2019和GB{d5}-2015有什么区别？", "ISBN 978-7-{d4}-{d4}-1，定价{d2}元。",
        "型号{u1}{d8}的遥控器还有货吗？", "{u2}{d7}号配件已停产。", "哈希值{h40}对不上。", "commit {h7} 引入了{d3}行改动。", "UUID是{h8}-{h4}-4{h3}-a{h3}-{h12}。",
        "时间戳17{d8}换算成北京时间是几点？", "EPOCH_MS = 17{d11}", "坐标116.{d6},39.{d6}附近。", "手机号必须是11位，以1开头，例如1xxxxxxxxxx。",
        "正则 ^1[3-9]\\d{{9}}$ 可以校验手机号吗？", "身份证号：________________ （请本人填写）", "银行卡号16到19位，不要带空格。", "请拨打95588或12345咨询。",
        "航班CA{d4}，座位{d2}A，登机口C{d2}。", "高铁G{d4}次{d2}车{d2}F。", "粤A股和浙B股今天都跌了。", "新G{d5}标准", "车间编号A{d5}，流水线B{d4}。",
        "第{d3}次会议纪要（{d4}字）", "矩阵 [[1, {d2}], [{d3}, {d4}]] 的行列式是多少？", "数列 1, 3, 6, 10, 15, 21, 28, 36, 45, 55 的通项公式？",
        "{d4} + {d4} = {d5}，验算 {d5} - {d4}。", "QQ群里有{d5}条消息没看。", "微信支付API v3怎么接入？", "邮箱格式应为 用户名@域名，不能有空格。",
        "微博@小鹿乱撞{d4} 发的视频有{d6}次播放。", "端口范围{d4}-{d5}，监听0.0.0.0:{d4}。", "子网掩码255.255.255.0，回环127.0.0.1。",
        "10:{d2}:31到11:22:{d2}之间丢了{d3}个包。", "一二三四五六七，七六五四三二一。", "二〇二四年五月一日起施行，一九九〇年版同时废止。",
        "快递单号SF{d12}，取件码{d1}-{d1}-{d4}。", "京东商品编号1000{d8}。", "电话会议改到{d1}点，参会人数{d3}人。", "医保报销{d4}元，自费{d3}元。",
        "护照办理一般需要{d1}个工作日，费用{d3}元。", "案号（2023）京0105民初{d5}号", "批准文号：国药准字H{d8}", "生产许可证SC1{d13}", "发票代码0440023{d5}，发票号码{d8}",
        "存款利率{d1}.{d2}%，{d6}元存{d2}个月。", "浏览器 Chrome/{d3}.0.{d4}.{d3} 报错", "股票代码600{d3}，收盘{d2}.{d2}。", "条形码69{d11}",
    ),
    "en": (
        "Pi is 3.14159265358979{d8} to many places.", "Round {d3}.{d9} to two places.", "Version {v} fixes {d2} bugs; upgrade from {v}.", "Revenue was ${d3},{d3},{d3}.{d2}, up {d2}.{d2}%.",
        "ISBN 978-0-{d3}-{d5}-1, {d3} pages.", "model {u1}{d8} is out of stock", "part no. {u2}{d7}", "sha1 {h40} does not match", "commit {h7} changes {d3} lines",
        "uuid {h8}-{h4}-4{h3}-a{h3}-{h12}", "timestamp 17{d8} in UTC?", "EPOCH_MS = 17{d11}", "at 51.{d6}, -0.{d6}", "Phone numbers must have 10 digits, e.g. XXX-XXX-XXXX.",
        "regex ^\\d{{3}}-\\d{{2}}-\\d{{4}}$ matches what?", "SSN: ___-__-____ (to be filled in)", "card numbers have 13 to 19 digits", "flight BA{d4}, seat {d2}A", "lines {d3}-{d3} changed, {d4} added",
        "[[1, {d2}], [{d3}, {d4}]] has which determinant?", "{d4} + {d4} = {d5}", "listening on 0.0.0.0:{d4}", "mask 255.255.255.0, loopback 127.0.0.1", "from 10:{d2}:31 to 11:22:{d2}",
        "npm i lodash@4.17.{d2} @types/node", "git@github.com:acme/app.git", "chrome {d3}.0.{d4}.{d3} crashed", "room {d4}, building {d1}, floor {d2}", "std::vector<int> v({d4});",
        "section 12.6.12.8 of the manual", "RFC {d4} and ISO {d4}-1:2019", "price {d2}.{d2} USD, {d3} in stock", "USB 0x{h4}:0x{h4}", "color #{h6} on #{h6}", "tracking 1Z{d16}", "PO {d10}",
        "In 2024 Wall Street fell {d1}.{d2}%.", "page {d3} of {d4}", "IPv4 has 4294967296 addresses", "seed=17{d8}, step={d6}", "0x{h16} segfault at 0x{h12}", "etag W/\"{h32}\"", "passport renewal takes {d1} weeks and costs {d3} dollars",
    ),
}  # fmt: skip


def filled(rng: Random, template: str) -> str:
    """`{d8}` eight digits, `{h40}` hexadecimal, `{u2}` capitals, `{v}` a version."""

    def draw(match: re.Match[str]) -> str:
        what, count = match[1], int(match[2] or 1)
        match what:
            case "d":
                return draws.number(rng, count)
            case "h":
                return draws.letters(rng, count, "0123456789abcdef")
            case "u":
                return draws.letters(rng, count)
            case _:
                return ".".join(str(rng.randrange(20)) for _ in range(rng.choice((3, 4))))

    return re.sub(r"\{([dhuv])(\d*)\}", draw, template).replace("{{", "{").replace("}}", "}")


def ordinary(rng: Random, language: str) -> str:
    return filled(rng, rng.choice(_PLAIN[language]))


NEAR: tuple[Callable[[Random, str], str], ...] = (
    wrong_check, longer, other_label, masked, ordinary, ordinary, ordinary, ordinary,
)  # fmt: skip
