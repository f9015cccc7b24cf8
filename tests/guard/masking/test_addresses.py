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
    ("text", "back"),
    [
        ("curl -s http://{}:8080/health", True),
        ('url: "jdbc:mysql://{}:3306/shop?useSSL=false"', True),
        ("打开 http://{}:9200，", True),
        ("see `http://{}`, please", True),
        ("endpoint=http://{}", True),
        ("redis://{}\n", True),
        ("hosts: ['http://{}'], next", True),
        ("http://{}</a>", True),
        ("http://{}]@evil.example/", False),
        ("http://{}:80>@evil.example/", False),
        ("http://{}.evil.example/", False),
        ("http://{}@evil.example/", False),
        ("http://{}:80@evil.example/", False),
        ("http://{}:80,x@evil.example/", False),
        ("http://{},x.evil.example/", False),
        ("http://{}。evil.example/", False),
        ('http://{}"x.evil.example/', False),
        ("http://{}\\@evil.example/", False),
        ("http://{}?x=1", False),
        ("http://{}#@evil.example/", False),
        ("http://{}\u200b.evil.example/", False),
        ("http://evil.example/{}/", False),
        ("http://evil.example//{}/", False),
        ("http:evil//{}/", False),
        ("http://u:p@{}/", False),
        ("http://x.{}/", False),
        ("https:\\\\{}/", False),
        ("javascript://{}/", False),
        ("![x](http://{}/a.png)", False),
        ("[x](//{}/a)", False),
        ("[x]: http://{}/a", False),
        ('<img src="http://{}/a.png">', False),
        ("<script>fetch('http://{}/')", False),
    ],
)
def test_an_ip_address_comes_back_as_the_whole_host_of_a_plain_url(text: str, back: bool) -> None:
    mask, restorer = made("10.23.4.5", "pii.ip")
    text = text.format(mask)
    whole = restored(restorer, text)
    assert whole == (text.replace(mask, "10.23.4.5") if back else text)
    assert streamed(restorer, text, [*range(1, len(text) + 1)]) == whole


@pytest.mark.parametrize("text", ["http://{}:8080/", "http://{}/ and {}"])
def test_no_other_value_is_a_host(text: str) -> None:
    mask, restorer = made("VALUE")
    text = text.format(mask, mask)
    assert restored(restorer, text).startswith(f"http://{mask}")


def test_what_follows_the_host_stays_hidden() -> None:
    mask, restorer = made("10.23.4.5", "pii.ip")
    text = f"http://{mask}:80/?ip={mask} and http://{mask}//{mask}"
    assert restored(restorer, text) == text.replace(f"//{mask}:", "//10.23.4.5:").replace(
        f" http://{mask}", " http://10.23.4.5"
    )


@pytest.mark.parametrize(
    ("argument", "back"),
    [
        ("http://{}/", True),
        ("http://{}:8080", True),
        ("curl -s http://{}:8080/health\nexit", True),
        ("curl http://{}\nexit", True),
        ("# see\nhttp://{}:80\n", True),
        ("a: 'http://{}:9090/api',\n", True),
        ('value: "http://{}:4317"\n', True),
        ('value: "http://{}"', True),
        ("http://{}\n.evil.example/", False),
        ("http://{}:80\n", False),
        (" \n http://{}\t.evil.example/", False),
        ("ht\ntp://{}\r.evil.example/", False),
        ("ws://{},\n.evil.example", False),
        ('curl "http://{}:80"\nls', True),
        ("http://u@{}/", False),
        ("http://{}@evil.example/", False),
        ('http://{}"x.evil.example/', False),
        ("http://{}\\@evil.example/", False),
        ("http://evil.example/?q=a {}", False),
        ("http://{}.evil.example/", False),
        ("[x](http://{}/a)", False),
        ('<img src="http://{}/a.png">', False),
    ],
)
def test_an_ip_address_comes_back_as_a_whole_host_in_arguments(argument: str, back: bool) -> None:
    mask, restorer = made("10.23.4.5", "pii.ip")
    text = json.dumps({"a": argument.format(mask), "b": 1}, separators=(",", ":"))
    whole = restored(restorer, text, Channel.TOOL_ARGUMENTS)
    assert whole == (text.replace(mask, "10.23.4.5") if back else text)
    every = list(range(1, len(text) + 1))
    assert streamed(restorer, text, every, Channel.TOOL_ARGUMENTS) == whole


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
        ({"old": "// TODO: ask {} about it"}, True),  # source code
        ({"old": "\t// TODO(r): ask {}\n\treturn"}, True),
        ({"text": "//go:build linux\n// {}\n"}, True),
        ({"old": '["0.0.0.0/0", "{}/32"]'}, True),
        ({"text": "see http://a.example/\nby {}"}, True),
        ({"text": "http://a.example/\nby {}"}, False),
        ({"url": "//evil.example/a b {}"}, False),
        ({"path": "\\\\evil.example\\a b {}"}, False),
        ({"url": "/\\evil.example/a b {}"}, False),
        ({"url": "mailto:a@b.example?body=a b {}"}, False),
        ({"args": '{"url":"http://evil.example/a b {}"}'}, False),
        ({"text": "at\nmailto:a@b.example?body={}"}, False),
        ({"text": "C:\\new http://evil.example/\\n{}"}, False),
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
PIECES += [
    "a[12]:",
    "[x]: ",
    "/",
    "\\",
    "(",
    ")",
    "<a ",
    "www.",
    "&#47;",
    "<form>",
    "</form>",
    "-",
    ".",
    "b.cc",
    "，",
    "\\n",
    "\\t",
    '\\"',
    '["',
]


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


HOST_MASK, HOST_BACK = made("10.23.4.5", "pii.ip")


@given(
    st.lists(st.sampled_from([*PIECES, HOST_MASK, HOST_MASK, "http://", ":80", "@"])).map("".join),
    st.sets(st.integers(0, 200), max_size=8),
    st.sampled_from([Channel.CONTENT, Channel.TOOL_ARGUMENTS]),
)
def test_hosts_do_not_depend_on_the_cut(text: str, cuts: set[int], channel: Channel) -> None:
    text = text if channel is Channel.CONTENT else json.dumps([text, text])
    whole = restored(HOST_BACK, text, channel)
    places = [c for c in sorted(cuts) if c < len(text)]
    assert streamed(HOST_BACK, text, [*places, len(text)], channel) == whole
    assert streamed(HOST_BACK, text, [*range(1, len(text)), len(text)], channel) == whole


def test_what_is_unread_is_not_forgotten() -> None:
    assert UNREAD < CONTEXT
