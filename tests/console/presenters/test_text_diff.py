from __future__ import annotations

from threegate.console.presenters.text_diff import AROUND, MOST_LINES, file_changes


def signs(old: str, new: str) -> list[tuple[str, str]]:
    (file,) = file_changes({"a": old}, {"a": new})
    return [(x["sign"], x["text"]) for h in file["hunks"] for x in h if x["sign"] != " "]


def test_lines_that_came_and_went_with_those_around() -> None:
    old = "".join(f"{n}\n" for n in range(40))
    (file,) = file_changes({"a": old}, {"a": old.replace("20\n", "twenty\n")})
    (hunk,) = file["hunks"]
    assert [x["text"] for x in hunk] == ["17", "18", "19", "20", "twenty", "21", "22", "23"]
    assert (hunk[0]["old"], hunk[0]["new"], len(hunk)) == (18, 18, 2 * AROUND + 2)
    assert (file["plus"], file["minus"], file["fate"]) == (1, 1, "changed")


def test_files_that_came_and_went() -> None:
    found = {f["path"]: f["fate"] for f in file_changes({"a": "1", "s": "0"}, {"b": "2", "s": "0"})}
    assert found == {"a": "removed", "b": "added"}


def test_a_list_of_many_words_is_compared_as_a_set() -> None:
    old = "".join(f"word {n}\n" for n in range(MOST_LINES))
    assert signs(old, old.replace("word 7\n", "") + "new\n") == [("-", "word 7"), ("+", "new")]
