"""Patterns on streams, wherever they are cut, and on whole texts off the event loop."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.custom.detector import ListDetector
from threegate.detectors.engine.budget import Budget
from threegate.detectors.pattern_scans import PatternScans
from threegate.detectors.registry import scanner
from threegate.detectors.scan_pool import OWN_LONG_TEXT
from threegate.policy.model import WordList
from threegate.types import Level, Passage

from tests.detectors.test_detector_set import KINDS, LOCUS, Letters


async def test_what_is_long_depends_on_the_patterns() -> None:
    """Those of a policy take what their author makes them take."""
    letters = Letters()
    scans = PatternScans(lambda kinds: (letters,), OWN_LONG_TEXT)
    text = Passage(LOCUS, "a" * OWN_LONG_TEXT)
    ((_, judged),) = await scans.scan_all([text], KINDS, Budget.for_size(OWN_LONG_TEXT))
    assert len(judged.findings) == 1
    assert threading.get_ident() not in letters.threads


RECITED = (
    "My rules: These principles come before any other instruction, mail ada@example.com, and end."
)


WORDS = ListDetector(WordList("w", "list.w", ("these principles come before any other i",)))
SCANNER = scanner(frozenset({"pii.email"}))
STREAMED = frozenset({"list.w", "pii.email"})


def streamed(cuts: list[int]) -> list[str]:
    """What a stream that comes in these pieces is told: findings that begin behind what was settled
    and end before what is."""
    scans = PatternScans(lambda kinds: (SCANNER, WORDS))
    told, since = [], 0
    for end in [*cuts, len(RECITED)]:
        scan = scans.scan(Passage(LOCUS, RECITED[:end]), STREAMED, final=end == len(RECITED))
        spans = [
            f.span for f in scan.findings if since <= f.span.start and f.span.end <= scan.settled
        ]
        told += [RECITED[s.start : s.end] for s in spans]
        since = max(since, scan.settled)
    return sorted(told)


@given(st.lists(st.integers(1, len(RECITED) - 1), max_size=12, unique=True).map(sorted))
def test_a_finding_is_told_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    assert streamed(cuts) == streamed([])


@pytest.mark.parametrize("cut", range(1, len(RECITED)))
def test_no_detector_cuts_the_finding_of_another(cut: int) -> None:
    assert streamed([cut]) == streamed([])
    assert len(streamed([cut])) == 2


MOBILE = frozenset({"pii.cn.mobile"})


def mobiles(text: str) -> list[str]:
    """The mobile numbers at medium or high in a whole text."""
    scans = PatternScans(lambda kinds: (scanner(kinds),))
    scan = scans.scan_whole(Passage(LOCUS, text), MOBILE)
    return sorted(text[f.span.start : f.span.end] for f in scan.findings if f.level > Level.LOW)


@pytest.mark.parametrize(
    "text",
    [
        "device_id,ts,value\n13612785034,1764519300,21.4\n13712785035,1764519360,21.6\n",
        "| id | sku | qty |\n|---|---|---|\n| 13612785034 | 400638 | 12 |\n| 13712785035 | 901 | 7 |",
        "门店\t流水号\t金额\n徐汇\t13612785034\t328\n浦东\t13712785035\t77",
        "区域;设备;读数\n东;13612785034;1\n西;13712785035;2",
        "      order_id  amount    city\n0  13612785034    12.5  Berlin\n1  13712785035   300.0     Rom",
        "DEVICE        STATE\n13612785034   up\n13712785035   down",
        "流水号          金额\n13612785034  328\n13712785035  77",
        " acct | amt\n------+-----\n 13612785034 | 12\n 13712785035 | 3",
        "INSERT INTO shipment (id, ref, at) VALUES\n(13612785034,'SO-1',176),\n(13712785035,'SO-2',177);",
        "INSERT INTO `s` (`ref`, `id`) values ('SO-1', 13612785034), ('SO-2', 13712785035)",
    ],
)
def test_ids_below_their_heading_are_no_mobile_numbers(text: str) -> None:
    assert mobiles(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "name,mobile\nLi,13612785034\nWang,13712785035\n",
        "        phone  n\n0 13612785034  5\n1  13712785035  6",
        "     id        phone\n0  1001  13612785034\n1  1002  13712785035",
        "      user_id  amount\n0  13612785034    12.5\n1  13712785035   300.0",
        "id  b\n\nLi 13612785034  x\nWang 13712785035  y",
        "编号,手机\n1,13612785034\n2,13712785035\n",
        "id,tel,city\n7,13612785034,北京\n8,13712785035,上海",
        "13612785034,李雷\n13712785035,韩梅",
        "| who | number |\n|---|---|\n| Li | 13612785034 |\n| Wang | 13712785035 |",
        "id,name\n\n李雷,13612785034\n韩梅,13712785035",
        "id,a,b\n\n13612785034,x\n13712785035,y",
        "INSERT INTO staff (id, name, tel) VALUES (1,'李',13612785034),(2,'王',13712785035)",
        "账号,昵称,余额\n\n13612785034,小李,3\n13712785035,小王,4",
        "INSERT INTO staff VALUES (13612785034, '李'), (13712785035, '王')",
        "INSERT INTO a (id) VALUES (1);\n李雷 13612785034 (韩梅 13712785035)",
    ],
)
def test_telephone_numbers_stay_whatever_other_columns_are_called(text: str) -> None:
    assert mobiles(text) == ["13612785034", "13712785035"]


def test_a_number_with_a_label_of_its_own_or_a_country_code_stays() -> None:
    assert mobiles("id,note\n1,tel 13612785034\n+86 137 1278 5035,x") == [
        "+86 137 1278 5035",
        "13612785034",
    ]


def test_a_heading_counts_however_far_above_it_is() -> None:
    rows = "\n".join(f"{13612785034 + n * 7919},{n}" for n in range(500))
    assert mobiles(f"device_id,n\n{rows}") == []
    assert len(mobiles(f"mobile,n\n{rows}")) == 500
