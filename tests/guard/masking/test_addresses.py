"""Addresses of listed hosts, in tool arguments, and in texts that are cut anywhere."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.masking.addresses import UNREAD
from threegate.guard.stream.text import CONTEXT
from threegate.policy.model import Restoring
from threegate.types import Channel

from tests.guard.masking.test_address_forms import BACK, MASK
from tests.guard.restoring import made, restored, streamed

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


def test_what_is_unread_is_not_forgotten() -> None:
    assert UNREAD < CONTEXT
