"""Keys of the proxy are found exactly, wherever a text is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.known_secrets import REMOVED, ByteScrubber, KnownSecrets
from threegate.guard.stream.machine import Plan
from threegate.types import Channel

from tests.guard.machine import Driver

KEYS = ("sk-own/abc-1234", "sk-own-key-1234567")
SECRETS = KnownSecrets.of([*KEYS, "EMPTY"])


@pytest.mark.parametrize("key", [*KEYS, "sk-own\\/abc-1234"])
def test_a_key_is_replaced(key: str) -> None:
    assert SECRETS.scrubbed(f"bad key {key}!") == f"bad key {REMOVED}!"


def test_words_that_somebody_uses_as_a_key_stay() -> None:
    assert SECRETS.scrubbed("EMPTY sk-own") == "EMPTY sk-own"
    assert not KnownSecrets.of(["EMPTY"])


@given(
    st.lists(st.sampled_from([*KEYS, "sk-own", "sk-", "s", "-key", "é", " "])).map("".join),
    st.sets(st.integers(0, 80)),
)
def test_bytes_and_texts_cut_anywhere(text: str, cuts: set[int]) -> None:
    data = text.encode()
    bounds = [0, *sorted(c for c in cuts if c < len(data)), len(data)]
    scrubber = ByteScrubber(SECRETS)
    out = b"".join(scrubber.feed(data[a:b]) for a, b in pairwise(bounds))
    out += scrubber.feed(b"", final=True)
    assert out == SECRETS.scrubbed(data.decode("latin-1")).encode("latin-1")
    plan = Plan(Channel.CONTENT, patterns=False, judge=False, hold=False)
    said = Driver(plan, replacers=[SECRETS]).run([text[a:b] for a, b in pairwise(bounds)])
    assert said.released == SECRETS.scrubbed(text)


def test_answers_in_chinese_say_it_in_chinese() -> None:
    """`[KEY_REMOVED]` stood in the middle of Chinese sentences."""
    spoken = SECRETS.in_answers("zh")
    assert spoken.scrubbed(f"密钥是{KEYS[0]}。") == "密钥是[密钥已删除]。"
    assert SECRETS.in_answers("en") == SECRETS
