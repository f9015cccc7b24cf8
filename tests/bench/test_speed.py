"""The arithmetic of the speed bench: delays, held text, medians, comparison of two runs."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from threegate.checksums import luhn, resident_id

from bench import compare
from bench.speed import load, mock, overload, overload_page, plot, prompts, run

LOG = [(0, 0), (10_000_000, 5), (20_000_000, 10), (30_000_000, 12)]


def test_text_that_is_held_counts_as_delay_until_it_arrives() -> None:
    came = [(11_000_000, 3, 3), (21_000_000, 10, 10), (35_000_000, 12, 12)]
    assert load._delays(LOG, came) == [11.0, 1.0, 5.0]
    assert load._held(LOG, came) == [2.0, 0.0]


def test_events_of_the_mock_hold_the_whole_answer() -> None:
    stream = load.Stream("", 0, [(1, data) for data, _ in mock.STREAM["zh"]])
    assert stream.progress()[-1][1] == len(mock.CHINESE) == mock.STREAM["zh"][-1][1]


def test_a_chunked_body_is_read_when_all_of_it_is_there() -> None:
    whole = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nrest"
    assert mock.dechunked(whole) == (b"abcde", b"rest")
    assert mock.dechunked(whole[:12]) is None


def test_no_prompt_comes_twice_and_every_run_has_the_same() -> None:
    texts = [prompts.text("medium", "zh", findings=True, seed=n) for n in range(300)]
    assert texts == [prompts.text("medium", "zh", findings=True, seed=n) for n in range(300)]
    assert len(set(texts)) == 300


def test_made_up_identifiers_have_right_check_digits() -> None:
    dice = random.Random(5)
    assert all(luhn(prompts.card(dice)) for _ in range(200))
    assert all(resident_id(prompts.resident(dice)) for _ in range(200))


def row(cpu: float, turn: int = 0) -> dict[str, Any]:
    place = {"scenario": "s", "system": "x", "prompts": "p", "at_once": 1, "round": turn}
    return {**place, "cpu_ms": cpu}


def test_the_median_of_the_rounds_is_recorded() -> None:
    rows = run.medians([row(1.0), row(9.0, 1), row(2.0, 2)])
    assert [(r["cpu_ms"], r["rounds"], "round" in r) for r in rows] == [(2.0, 3, False)]


def test_what_became_slower_is_named(tmp_path: Path) -> None:
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, cpu in zip(paths, (1.0, 1.5), strict=True):
        path.write_text(json.dumps({"rows": [row(cpu)]}))
    assert list(compare.worse(*paths, 1.25)) == ["s x p 1: cpu_ms 1 -> 1.5"]
    assert list(compare.worse(*paths, 1.6)) == []


def test_a_plot_has_one_point_for_each_figure() -> None:
    drawn = plot.svg("t", "x", "y", {"a": [(1, 1), (10, 10)], "b": [(2, 5)]})
    assert drawn.count("<circle") == 3


def test_a_peers_name_stands_for_all_its_configurations() -> None:
    chosen = run.wanted("", "nemo")
    assert {"nemo", "nemo-regex", "nemo-mask", "direct", "threegate-off"} <= chosen
    assert not {"litellm", "portkey-regex", "privaite"} & chosen
    assert run.wanted("direct,privaite", "") == {"direct", "privaite"}


def test_calls_under_overload_are_counted_by_their_end() -> None:
    answers = [overload.Answer(200, 0.01, come_again=False)] * 2
    answers += [
        overload.Answer(503, 0.1, come_again=True),
        overload.Answer(0, 20, come_again=False),
    ]
    row = overload.figures("x", answers, 2)
    assert (row["per_second"], row["answered"], row["p50_ms"]) == (2, 1, 10)
    assert (row["refused_share"], row["come_again_share"], row["others"]) == (0.25, 1, {0: 1})


def test_the_overload_section_is_put_in_and_replaced_in_both_languages() -> None:
    answers = [
        overload.Answer(200, 0.01, come_again=False),
        overload.Answer(503, 0.1, come_again=True),
    ]
    streams = {
        "what": "streams",
        "memory_mb": {"before": 200.0, "silent": 240.0, "active": 250.0},
        "kib_a_silent_stream": 40.0,
        "cpu_share_silent": 0.001,
        "silent_ended": 0,
        "active": {"cpu_us_event": 90.0, "errors": 3, "delay_p50_ms": 1.0, "delay_p99_ms": 9.0},
    }
    rows = [overload.figures("5 × capacity", answers, 1), {"asked": 7, "unguarded": 0}, streams]
    report = {"machine": {"cores": 2, "load_at_end": 1.0, "when": "now"}, "rows": rows}
    for language, refused in (("en", "| 50% | 100% |"), ("zh", "| 50% | 100% |")):
        made = overload_page.section(report, language)
        assert refused in made
        page = overload_page.put("# Title\n\nText\n\n## Next\n\nMore\n", made, language)
        assert page.index(made) < page.index("## Next")
        assert overload_page.put(page, made, language) == page
