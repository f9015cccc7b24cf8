from __future__ import annotations

import base64
from random import Random

import pytest
from threegate.normalize import views
from threegate.normalize.text_sniffing import legible

SAID = ["手机号13800138000，请回电话给我们", "my card 4111 1111 1111 1111 was declined"]


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_any_of_its_encodings(said: str, codec: str) -> None:
    assert legible(said.encode(codec)) == said


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le"])
@pytest.mark.parametrize("padding", ["", "x" * 4096])
def test_such_blocks_are_read_in_a_text(said: str, codec: str, padding: str) -> None:
    text = f"{padding} run {base64.b64encode(said.encode(codec)).decode()} now"
    assert any(said in view.text for view in views(text))


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le"])
def test_the_shortest_block_is_read_in_a_long_text(codec: str) -> None:
    text = f"{'x' * 4096} run {base64.b64encode('pin1'.encode(codec)).decode()} now"
    assert any("pin1" in view.text for view in views(text))


def test_control_bytes_become_blanks() -> None:
    assert (
        legible(b"\n\x0bcard\x00 4111 1111 1111 1111\xff ok") == "\n card  4111 1111 1111 1111  ok"
    )


def test_random_bytes_are_no_text() -> None:
    draw = Random(3)
    drawn = [draw.randbytes(size) for size in range(9, 65) for _ in range(300)]
    assert sum(legible(data) is not None for data in drawn) <= len(drawn) // 1000
