"""Identifiers as people and programs write them: texts made for these tests, each judged whole."""

from __future__ import annotations

import pytest
from threegate.detectors.registry import scanner
from threegate.types import Channel, Layer, Level, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
ALL = scanner()

TRUE: list[tuple[str, dict[str, tuple[str, ...]]]] = [
    (
        "坐席：先生您好，麻烦报一下身份证号码。\n客户：嗯，110105 19491231 002X。\n坐席：请稍等。",
        {"pii.cn.id_card": ("110105 19491231 002X",)},
    ),
    (
        "Nurse: what's your NHS number, love?\nPatient: 943 476 5919 I think",
        {"pii.uk.nhs": ("943 476 5919",)},
    ),
    (
        "户名：合肥安居物业管理有限公司，账号：34444005009342491，电话：0551-62078538，微信：mr-fcvy157。",
        {
            "pii.bank_account": ("34444005009342491",),
            "pii.cn.landline": ("0551-62078538",),
            "pii.cn.wechat": ("mr-fcvy157",),
        },
    ),
    (
        "Fiona Brady, Accounts\nT: +44 121 372 7966 M: 07476 202953\nE: f.brady@northgate.co.uk",
        {
            "pii.phone": ("+44 121 372 7966", "07476 202953"),
            "pii.email": ("f.brady@northgate.co.uk",),
        },
    ),
    (
        "Direct deposit goes to routing 011401533, account 3978281866. Call +1 (713) 481-6767.",
        {"pii.bank_account": ("3978281866",), "pii.phone": ("+1 (713) 481-6767",)},
    ),
    (
        "手机13800138000/15912345678、座机021-36037683，学籍号G440106199001011235",
        {
            "pii.cn.mobile": ("13800138000", "15912345678"),
            "pii.cn.landline": ("021-36037683",),
            "pii.cn.id_card": ("440106199001011235",),
        },
    ),
    (
        "两人的证件：11010519491231002X/440106199001011235，卡号4111111111111111/5500005555555559",
        {
            "pii.cn.id_card": ("11010519491231002X", "440106199001011235"),
            "pii.bank_card": ("4111111111111111", "5500005555555559"),
        },
    ),
    (
        "cards 4111 1111 1111 1111/5500 0055 5555 5559, SSN 536-22-8145/536-22-8146",
        {
            "pii.bank_card": ("4111 1111 1111 1111", "5500 0055 5555 5559"),
            "pii.us.ssn": ("536-22-8145", "536-22-8146"),
        },
    ),
    (
        "Shipper's contact Ms Ye, Tel: +86-755-51005032, mobile +86-198-8463-1332",
        {"pii.cn.landline": ("+86-755-51005032",), "pii.cn.mobile": ("+86-198-8463-1332",)},
    ),
    (
        '{"wx_id": "lan_yaru033", "qq_number": "8414482139", "medical_record_no":"05420691"}',
        {
            "pii.cn.wechat": ("lan_yaru033",),
            "pii.cn.qq": ("8414482139",),
            "pii.cn.medical_id": ("05420691",),
        },
    ),
    (
        "港澳居民來往內地通行證\n證件號碼\nM78670264\n澳門居民身份證編號：1835493(0)",
        {"pii.cn.travel_permit": ("M78670264",), "pii.mo.id_card": ("1835493(0)",)},
    ),
    (
        "拼车➕Q 428559808，有意加薇❤kkvgcu092，我的车冀eh1001在B2",
        {
            "pii.cn.qq": ("428559808",),
            "pii.cn.wechat": ("kkvgcu092",),
            "pii.cn.plate": ("冀eh1001",),
        },
    ),
    (
        "凭军官证（号码：7895930）就诊，就诊卡700728693051",
        {"pii.cn.military_id": ("7895930",), "pii.cn.medical_id": ("700728693051",)},
    ),
]

CLEAN = [
    "播放量 13800138000 次，价格13800138000元，13912345678 ÷ 3 = 4637448559.33",
    "双色球 2024128 期：05 08 12 19 24 33 + 11",
    "office hours 0900-1800, ext 4021; 0049 0050 0051 0052 0053",
    "T: 36.5 P: 78 R: 18 BP 120/80; P: 0.05 D: 12.5 M: 3.2 F: 08",
    "const wechat = require('wechat-pay-v3'); wechat-sdk-v3 - next",
    "AWB 176-88291034 ETA 12 Mar, NHS 943 476 5910 has a wrong check digit",
    "账户余额 102938.47 元，账号或密码错误，错误码 10029384，户口本丢了补办需要几天",
    "新a股 云b端 青c系列 藏d，川A到川Z 21个市州",
    "1/202401/5 版本，表 1/234567/8 的比例",
    "Q: 12345678 除以 9 等于多少？QQ用户数为573000000，QQ 2013 Beta 6000 版",
]


@pytest.mark.parametrize(("text", "expected"), TRUE)
def test_values_are_told_by_kind(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    told: dict[str, list[str]] = {}
    for finding in ALL.scan(Passage(LOCUS, text)).findings:
        if finding.level >= Level.MEDIUM:
            told.setdefault(finding.kind, []).append(text[finding.span.start : finding.span.end])
    assert {kind: tuple(values) for kind, values in told.items()} == expected


@pytest.mark.parametrize("text", CLEAN)
def test_numbers_that_are_nobodys(text: str) -> None:
    findings = ALL.scan(Passage(LOCUS, text)).findings
    assert [f.kind for f in findings if f.level >= Level.MEDIUM] == []
