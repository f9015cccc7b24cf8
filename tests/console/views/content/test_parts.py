from __future__ import annotations

import csv
import io

import pytest
from threegate.console.content.files import ListView
from threegate.console.errors import ConsoleError
from threegate.console.views.content.parts import MAX_ROWS, csv_file, found_in

from tests.console.conftest import Site

LISTS = [ListView("a", pack, "", "word", ()) for pack in ("base", "own")]


def test_a_part_is_found_by_its_pack_and_name() -> None:
    assert found_in(LISTS, "own", "a", "no-list") is LISTS[1]
    with pytest.raises(ConsoleError) as missing:
        found_in(LISTS, "own", "b", "no-list")
    assert (missing.value.status, missing.value.code) == (404, "no-list")


def test_a_table_leaves_as_a_file() -> None:
    answer = csv_file("words", ("text", "note"), [("一", "=1+1")], "zh")
    assert answer.headers["content-disposition"] == 'attachment; filename="words.csv"'
    rows = list(csv.reader(io.StringIO(bytes(answer.body).decode("utf-8-sig"))))
    assert rows == [["词语", "note"], ["一", "'=1+1"]]


def test_a_change_that_cannot_be_switches_no_pack_on(site: Site) -> None:
    """The pack of one's own was switched on before the change was refused."""
    editor = site.who("editor", name="nothing_yet")
    wrong = {"name": "Bad Name", "document": "prices", "text": "A plan costs 15."}
    assert editor.post("/policies/knowledge", data=wrong).status_code == 400
    assert editor.get("/home.json").json()["draft"] == []


@pytest.mark.parametrize("part", ["answers", "detectors", "knowledge"])
def test_a_table_with_more_rows_than_can_be_saved_is_refused(site: Site, part: str) -> None:
    """Each row is saved by itself: 200,000 were not done after five minutes."""
    editor = site.who("editor", name=f"rows_{part}")
    rows = "".join(f"a{number},x,y\n" for number in range(MAX_ROWS + 1))
    refused = editor.post(f"/policies/{part}/table.json", data={"csv": rows})
    assert refused.status_code == 400
    assert str(MAX_ROWS) in refused.json()["error"]
    assert editor.get("/home.json").json()["draft"] == []
