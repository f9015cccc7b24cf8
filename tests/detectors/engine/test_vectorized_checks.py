"""Arrays judge near misses as the patterns do, hit by hit."""

from __future__ import annotations

import re
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.base import Example
from threegate.detectors.engine import context, example_values, recognizer, vectorized_checks
from threegate.detectors.engine.checksums import USCC_ALPHABET
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_index import DigitIndex
from threegate.detectors.engine.recognizer import EDGE, Hit, Recognizer
from threegate.detectors.pii_cn import address as cn_address
from threegate.detectors.pii_cn import (
    hk_tw_id,
    landline,
    mobile,
    resident_id,
    travel_document,
    uscc,
)
from threegate.detectors.pii_cn import plate as cn_plate
from threegate.detectors.pii_intl import (
    address,
    bank_card,
    crypto_wallet,
    email,
    iban,
    ip,
    mac,
    phone,
    uk_ids,
    us_ssn,
    vin,
)
from threegate.types import Level

MODULES = (
    *(
        address,
        bank_card,
        cn_address,
        resident_id,
        mobile,
        landline,
        cn_plate,
        travel_document,
        uscc,
    ),
    *(crypto_wallet, email, hk_tw_id, iban, ip, mac, phone, uk_ids, us_ssn, vin),
)
JUDGED = [module.RECOGNIZER for module in MODULES]
GAPS = [*[""] * 6, " ", "-", ".", "/", "\n", " \r\n ", "\r\n", "  ", "\u3000", "(", ") "]
ENDS = [*" ，,\n;", "", "X", "a", "-12345", "/123456", ".5", "-", "(", "号", "+", "  "]
WORDS = [
    "电话", "手机 ", "id", "tel", "no", "订单", "order ", "身份证", "ssn ", "card ", "税号", "commit ",
    "版本", "ip ", "/", "+1 ", "+86 ", "0086", "86", "v", "香港", "澳门", "vin ", "号码：", "", "", "\n",
]  # fmt: skip


def digits(draw: Random, count: int) -> str:
    return "".join(draw.choices("0123456789", k=count))


def resident(draw: Random) -> str:
    born = f"{draw.choice(['1900', '1949', '2000', '2039', '2040'])}{draw.randrange(14):02}"
    head = draw.choice(["110105", "640000", "999999", "810000", "720000"])
    born += f"{draw.randrange(33):02}"
    return draw.choice([f"{head}{born}{digits(draw, 3)}{draw.choice('0123456789Xx')}",
                        f"{head}{born[2:]}{digits(draw, 3)}"])  # fmt: skip


def street(draw: Random) -> str:
    flat = draw.choice(
        ["", "", "Flat 3, ", "Apartment. 12B ", "Unit 1234, ", "Lot Lot 5, ", "Room "]
    )
    number = draw.choice(["14", "4410", "12B", "7/3", "2024", "123456", "5", "12 34"])
    name = draw.choice(["Wexley", "Pecan Hollow", "N. Main", "of", "King’s High Long"])
    behind = draw.choice(["", ", Unit 6", " NW", ", Leeds LS1 4AP", ", Salem, OR 97301", "."])
    return f"{flat}{number} {name} {draw.choice(['Street', 'Dr', 'Lane', 'Streets'])}{behind}"


def mail(draw: Random) -> str:
    before = draw.choice(["", "", "https://", "a://-", "://b:", "x/", "<", "'", "é"])
    local = draw.choice(["git", "zhang.san", "a.", "_b_", "-", "x" * 63, "x" * 64, "%a'", ""])
    return f"{before}{local}@{draw.choice(['example.com', 'qq.com:a', 'b', 'a-.cn', 'x.notld'])}"


def ip_address(draw: Random) -> str:
    if draw.random() < 0.5:
        return ".".join(str(draw.choice([0, 1, 19, 127, 255, 256, "01"])) for _ in range(4))
    groups = draw.choices(["0", "1", "fe80", "2001", "", "abcd"], k=draw.randint(3, 9))
    return ":".join(groups)


def plate(draw: Random) -> str:
    return (
        draw.choice("京新粤使")
        + draw.choice("Aab1W")
        + draw.choice(["12345", "b站", "D12345", "8B9挂"])
    )


def telephone(draw: Random) -> str:
    head = draw.choice(["+86 ", "(02) ", "(020)", "8 (912) ", "0", "06 12 ", "+44 20 ", "(2) "])
    return (
        head
        + digits(draw, draw.choice([3, 4, 7, 8]))
        + draw.choice([" ", "-", ".", ""])
        + digits(draw, 4)
    )


def row(draw: Random) -> str:
    """Of numbers, as in a table or a dump."""
    groups = (digits(draw, draw.choice([4, 4, 4, 5, 3])) for _ in range(draw.randint(3, 8)))
    first = draw.choice(["4111", "5412", "6222", "de4f", "12A4", "2046"])
    return draw.choice([" ", "\n", "\r\n", " \n"]).join((first, *groups))


def shown(draw: Random) -> str:
    number = draw.choice(sorted(example_values.CARDS | example_values.MOBILES))
    return draw.choice(["测试卡 ", "test card ", "example: ", ""]) + number


_FORMS = {0: resident, 1: ip_address, 7: street, 8: mail, 9: plate, 10: telephone} | {
    13: row,
    14: shown,
}


def made(draw: Random) -> str:
    kind = draw.randrange(15)
    if kind in _FORMS:
        return _FORMS[kind](draw)
    if kind == 2:
        return "".join(draw.choices(USCC_ALPHABET, k=2)) + digits(draw, 6) + digits(draw, 10)
    if kind == 3:
        sign = draw.choice(["", "", "(", "（", "A"])
        return draw.choice("AKidz1") + digits(draw, 6) + sign + digits(draw, 1) + draw.choice(")）")
    if kind == 4:
        return draw.choice(["138", "170", "62", "4111", "35", "6222", "000", "423"]) + digits(
            draw, draw.choice([6, 8, 12, 14, 15])
        )
    if kind == 5:
        return draw.choice(["路3号", "建国路88号", "大道3号5栋", "村12组", "3栋2单元"])
    if kind == 6:
        head = draw.choice(["DE89", "GB82", "AB", "E", "EK", "CA", "H", "3c:52:82:0a:1f:", "52ad."])
        return head + digits(draw, draw.choice([2, 6, 7, 8, 18, 10])) + draw.choice(["", "C", "X"])
    return digits(draw, draw.choice([7, 9, 11, 13, 15, 16, 18, 19]))


def gapped(draw: Random, value: str) -> str:
    for _ in range(draw.choice([0, 0, 0, 1, 2, 3, 7])):
        at = draw.randint(0, len(value))
        value = value[:at] + draw.choice(GAPS) + value[at:]
    return value


def near_misses(draw: Random) -> str:
    examples: list[Example] = [e for r in JUDGED for e in r.info.examples]
    parts = []
    for _ in range(draw.randint(1, 16)):
        value = draw.choice(examples).text if draw.random() < 0.2 else made(draw)
        parts += [draw.choice(WORDS), gapped(draw, value), draw.choice(ENDS)]
    return "".join(parts)


def told(ours: Recognizer, text: str, least: int, *, final: bool) -> tuple[list[Hit], int]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (address, cn_plate, recognizer, context):
            patch.setattr(module, "LONG", least)
        view = ScanText(text, final=final)
        return sorted(ours.find(view)), view.open


@pytest.mark.parametrize("ours", JUDGED, ids=lambda r: r.info.id)
@pytest.mark.parametrize("seed", range(25))
def test_arrays_tell_what_the_pattern_tells(ours: Recognizer, seed: int) -> None:
    text = near_misses(Random(seed))
    for final in (True, False):
        arrays = told(ours, text, 0, final=final)
        assert arrays == told(ours, text, 1 << 40, final=final)


@given(st.text("0123456789-/.a ", min_size=1, max_size=12))
def test_the_right_edge_of_a_number(text: str) -> None:
    places = np.arange(len(text) + 1)
    expected = [bool(re.compile(EDGE).match(text, int(at))) for at in places]
    assert vectorized_checks.right(DigitIndex(text, text.encode()), places).tolist() == expected


def test_hits_at_once_are_hits() -> None:
    start, end = np.array([1, 5]), np.array([3, 9])
    several = list(vectorized_checks.hits(start, end, "k", np.array([1, 3]), "n"))
    assert several == [Hit(1, 3, "k", Level.LOW, "n"), Hit(5, 9, "k", Level.HIGH, "n")]
    assert all(type(hit) is Hit and type(hit.level) is Level for hit in several)
    assert [h.level for h in vectorized_checks.hits(start, end, "k", Level.LOW)] == [Level.LOW] * 2
