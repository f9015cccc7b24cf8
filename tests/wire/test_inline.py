from __future__ import annotations

import base64

import pytest
from threegate.wire.inline import readings
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
