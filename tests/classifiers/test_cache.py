from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate_classifiers.cache import OWNER, PARTS, Lru, digest
from threegate_classifiers.results import Scores, Window
from threegate_classifiers.tokenize import Text


def test_least_recently_used_leaves() -> None:
    cache: Lru[int] = Lru(2)
    cache.put(b"a", 1)
    cache.put(b"b", 2)
    assert cache.get(b"a") == 1
    cache.put(b"c", 3)
    assert [cache.get(key) for key in (b"a", b"b", b"c")] == [1, None, 3]


def test_answers_of_many_parts_leave_sooner() -> None:
    cache: Lru[tuple[int, ...]] = Lru(4)
    cache.put(b"few", (1,))
    cache.put(b"many", tuple(range(4 * PARTS - 1)))
    assert cache.get(b"few") == (1,)
    cache.put(b"many", tuple(range(4 * PARTS)))
    assert cache.get(b"few") is None
    cache.put(b"more", tuple(range(4 * PARTS + 1)))
    assert cache.get(b"more") is None
    cache.put(b"few", (1,))
    assert cache.get(b"few") == (1,)


def test_scores_of_many_windows_leave_sooner() -> None:
    def scores(count: int) -> Scores:
        return Scores("en", (), tuple([Window(n, n + 1, (0.5,)) for n in range(count)]))

    cache: Lru[Scores] = Lru(4)
    for key, count in ((b"one", 0), (b"two", 2), (b"many", 4 * PARTS - 2)):
        cache.put(key, scores(count))
    assert cache.get(b"one") is None
    assert cache.get(b"two") is not None


def test_size_zero_keeps_nothing() -> None:
    cache: Lru[int] = Lru(0)
    cache.put(b"a", 1)
    assert cache.get(b"a") is None


texts = st.builds(Text, st.text(max_size=4), st.none() | st.text(max_size=4))


@given(texts, texts)
def test_digest_tells_texts_apart(left: Text, right: Text) -> None:
    assert (digest(left) == digest(right)) == (left == right)


def test_lone_surrogate_has_a_digest() -> None:
    assert digest(Text("\ud800")) != digest(Text("?"))


def test_nobody_finds_the_answers_of_another_owner() -> None:
    def of(name: str, text: Text) -> bytes:
        token = OWNER.set(name)
        try:
            return digest(text)
        finally:
            OWNER.reset(token)

    one = Text("a text")
    assert of("bank-1", one) == of("bank-1", one)
    assert len({of("bank-1", one), of("bank-2", one), of("", one)}) == 3
    assert of("bank", Text("-1 a")) != of("bank-1", Text(" a"))
