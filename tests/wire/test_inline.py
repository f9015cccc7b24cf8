from __future__ import annotations

import base64
import encodings
import hashlib

import pytest
from threegate.wire.inline import PLAIN, kind_of, readings
from threegate.wire.pointer import put

CHINESE = "我的手机号是 13812345678"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def texts(name: str, text: str) -> list[str]:
    return [r.text for r in readings(name, text)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("head", ["data:", "data:text/plain", "data:text/plain;charset=gbk"])
def test_a_text_file_is_read_in_any_encoding(encoding: str, head: str) -> None:
    url = f"{head};base64,{b64(CHINESE.encode(encoding))}"
    assert any(CHINESE in text for text in texts("file_data", url))


@pytest.mark.parametrize("has_text", [b"\0", b"\xff", b"\xff\xfe", b"\xfe\xff", b"\x1b\0\xff"])
def test_no_byte_hides_a_text_file(has_text: bytes) -> None:
    """Whoever reads it next may skip what it cannot decode."""
    url = f"data:text/plain;base64,{b64(has_text + b' mobile 13812345678')}"
    assert any("mobile 13812345678" in text for text in texts("url", url))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("url", "data:13812345678;base64,/+8="),
        ("url", "data:my mobile 13812345678;base64,/+8="),
        ("url", "data:text/plain;charset=13812345678;base64,/+8="),
        ("url", "data:image/png;base64,4111111111111111"),
        ("data", "4111111111111111"),
        ("data", "AKIAQ3EGR5TMB7WKZP4H"),
        ("file_data", "plain, not base64"),
    ],
)
def test_what_is_no_file_is_read_as_it_stands(name: str, text: str) -> None:
    assert text in texts(name, text)


@pytest.mark.parametrize(
    "head", ["data:image/png;base64,", "data:audio/webm;codecs=opus;base64,", ""]
)
def test_pictures_and_sounds_are_no_text(head: str) -> None:
    assert not readings("file_data", head + b64(b"\x89PNG\r\n\xff" * 20))


def test_an_edited_file_says_what_it_is_encoded_in() -> None:
    url = "data:text/plain;charset=gbk;base64," + b64("你好".encode("gbk"))
    made = put({"url": url}, {"/url#data": "再见"})["url"]
    assert made == "data:text/plain;charset=utf-8;base64," + b64("再见".encode())


FILE = f"会议纪要：各部门请按照下列要求执行。{CHINESE}"
ENCODINGS = ("utf-8", "gbk", "big5", "utf-16", "utf-16-le", "utf-16-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["", "text/plain", "application/octet-stream", "application/rtf"])
def test_a_file_is_read_in_any_encoding_whatever_stands_beside_it(encoding: str, kind: str) -> None:
    text = "會議紀要：我的手機號是 13812345678" if encoding == "big5" else FILE
    read = [r.text for r in readings("data", b64(text.encode(encoding)), kind)]
    assert any(text in each for each in read)


@pytest.mark.parametrize(
    "head",
    [
        "data:text/plain;name=a.txt;base64,",
        'data:text/plain;charset="gbk";base64,',
        "data:text/plain; charset=gbk;base64,",
        " data:application/octet-stream;base64 ,",
    ],
)
def test_a_head_with_more_in_it_hides_no_file(head: str) -> None:
    read = texts("file_data", head + b64(FILE.encode("gbk")))
    assert FILE in read
    assert head + b64(FILE.encode("gbk")) in read


@pytest.mark.parametrize("how", ["lines", "url", "bare", "percent", "junk", "parts"])
@pytest.mark.parametrize("head", ["", "data:text/plain;base64,"])
def test_base64_that_some_readers_take_is_read(head: str, how: str) -> None:
    good = b64((FILE + "+?>~").encode("gbk"))
    written = {
        "lines": "\n".join(good[i : i + 76] for i in range(0, len(good), 76)),
        "url": good.replace("+", "-").replace("/", "_"),
        "bare": good.rstrip("="),
        "percent": good.replace("=", "%3D"),
        "junk": "!!" + good,
        "parts": b64(b"a") + good,
    }
    assert any(FILE in text for text in texts("file_data", head + written[how]))


def test_names_of_encodings_are_not_kept() -> None:
    """Python keeps every name that it is asked for: a client could fill the memory with them."""
    text = "电话 13912345678，请回电。" * 3
    data = b64(text.encode("gb18030"))
    before = set(encodings._cache)  # type: ignore[attr-defined]
    for n in range(50):
        assert text in texts("url", f"data:text/plain;charset=none-{n};base64,{data}")
        assert text in texts("url", f"data:text/plain;charset=gb{'-' * n}18030;base64,{data}")
    assert set(encodings._cache) - before <= {"gb18030"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("charset", ["big5", "utf-7", "hz", "cp037", "utf-16-le", "L1"])
def test_a_declared_encoding_is_read_first(charset: str) -> None:
    text = "my mobile is 13812345678"
    data = b64(text.encode(charset))
    assert texts("url", f"data:text/plain;charset={charset};base64,{data}")[0] == text
    assert readings("data", data, f"text/plain; charset={charset}")[0].text == text


@pytest.mark.parametrize("charset", ["zlib", "punycode", "no-such", "undefined"])
def test_no_encoding_is_taken_that_is_none(charset: str) -> None:
    assert texts("url", f"data:text/plain;charset={charset};base64,{b64(b'hello')}")[-1] == "hello"


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "text", "media_type": "text/plain"}, PLAIN),
        ({"type": "base64", "media_type": "text/plain"}, "text/plain"),
        ({"mimeType": "image/png"}, "image/png"),
        ({"format": "mp3"}, "audio/mp3"),
        ({}, ""),
    ],
)
def test_what_stands_beside_a_file_says_what_it_is(part: dict[str, str], kind: str) -> None:
    assert kind_of(part) == kind


def test_a_plain_text_is_read_as_it_stands() -> None:
    token = "AKIAQ3EGR5TMB7WKZP4H" * 4
    assert [r.text for r in readings("data", token, PLAIN)] == [token]


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "application/zip"])
def test_compressed_files_are_no_text(kind: str) -> None:
    assert not readings("data", b64(hashlib.shake_128(b"").digest(4000)), kind)
    assert not readings("data", b64(b"PK\3\4" + b"ab\xff" * 99), kind)
