from __future__ import annotations

from threegate.guard.masking.restore import Restored
from threegate.guard.stream.events import ScanPatterns
from threegate.guard.stream.pattern_frontier import PatternFrontier
from threegate.guard.stream.text import StreamText
from threegate.types import Span


class Doubled:
    """Shows `x` as `xx`."""

    def find(self, text: str, base: int, start: int, *, final: bool) -> tuple[list[Restored], int]:
        found = [n + base for n, char in enumerate(text) if char == "x" and n + base >= start]
        return [Restored(Span(at, at + 1), "xx", "name") for at in found], base + len(text)


def of(text: str, *replacers: Doubled) -> StreamText:
    made = StreamText(replacers)
    made.append(text)
    made.replace_values(final=False)
    return made


def test_a_scan_reads_what_the_client_will_read_and_its_answer_is_mapped_back() -> None:
    frontier = PatternFrontier(of("axbc", Doubled()))
    assert frontier.scan(final=False) == ScanPatterns("axxbc", 0, 0, False)
    frontier.scanned(4, final=False)  # before the c
    assert (frontier.settled, frontier.finished) == (3, False)


def test_what_is_settled_stays_so_and_ends_with_the_text() -> None:
    frontier = PatternFrontier(of("abc"))
    for answer, settled in ((2, 2), (1, 2), (9, 3)):
        frontier.scan(final=False)
        frontier.scanned(answer, final=False)
        assert frontier.settled == settled
    frontier.scan(final=True)
    frontier.scanned(3, final=True)
    assert frontier.finished


def test_only_who_can_tell_answers_without_a_scan() -> None:
    assert not PatternFrontier(of("abc")).took_fast_path(final=False)
    assert not PatternFrontier(of("abc"), lambda text, start: -1).took_fast_path(final=False)
    frontier = PatternFrontier(of("abc"), lambda text, start: len(text) - 1)
    assert frontier.took_fast_path(final=False)
    assert (frontier.settled, frontier.finished) == (2, False)
    assert frontier.took_fast_path(final=True)
    assert (frontier.settled, frontier.finished) == (3, True)


def test_a_value_within_reach_is_always_scanned() -> None:
    """The fast path reads the model's text, which has a placeholder there."""
    frontier = PatternFrontier(of("axbc", Doubled()), lambda text, start: len(text))
    assert not frontier.took_fast_path(final=False)


def test_without_rules_all_is_settled() -> None:
    frontier = PatternFrontier(of("abc"))
    frontier.settle_all(final=True)
    assert (frontier.settled, frontier.finished) == (3, True)
