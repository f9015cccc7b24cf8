from __future__ import annotations

import pytest
from jinja2 import UndefinedError
from threegate.data_files import filled, patterns, table, template, words


def test_a_table_with_its_placeholders_filled() -> None:
    scenes = table("testing", "scenes", KEY="k-1")
    assert "k-1" in scenes["secret_leak"]["en"]["answer"]
    assert "<KEY>" in table("testing", "scenes")["secret_leak"]["en"]["answer"]


def test_words_of_several_lines() -> None:
    assert {"always", "yours"} <= words("detectors.secrets", "about_passwords")


def test_patterns_use_those_above_them_and_shared_ones_and_ignore_line_breaks() -> None:
    found = patterns("detectors.pii_cn", "medical", ANSWER="shared")
    assert found["WORDS"] in found["MEDICAL"]
    assert "shared" in found["LINK"]
    assert not [name for name, pattern in found.items() if "\n" in pattern or "{{" in pattern]


def test_a_fragment_that_is_missing_is_an_error() -> None:
    assert filled("a{{B}}{2}", {"B": "[b]"}) == "a[b]{2}"
    with pytest.raises(KeyError, match="NOWHERE"):
        filled("{{NOWHERE}}", {})


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(OSError, match="nowhere"):
        table("testing", "nowhere")


def test_a_page_escapes_what_it_shows_and_lacks_nothing() -> None:
    page = template("threegate.testing.attacks", "report")
    given = {"language": "en", "promised": [], "summary": "<b>", "heads": [], "rows": []}
    assert "&lt;b&gt;" in page.render(title="t", **given)
    with pytest.raises(UndefinedError, match="title"):
        page.render(**given)
