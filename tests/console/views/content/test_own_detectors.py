"""The policy's own detectors, edited without a file in sight."""

from __future__ import annotations

import httpx
import pytest

from tests.console.conftest import Site


@pytest.fixture
def editor(site: Site, request: pytest.FixtureRequest) -> httpx.Client:
    return site.who("editor", name=request.node.name[:40].lower())


def own(client: httpx.Client) -> dict[str, str]:
    rows = client.get("/policies/detectors.json").json()["own"]
    return {row["name"]: row["what"] for row in rows}


def test_a_pattern_from_two_examples(editor: httpx.Client) -> None:
    assert editor.post("/policies/detectors", data={"name": "Bad Name"}).status_code == 400
    answer = editor.post("/policies/detectors", data={"name": "ticket", "sort": "pattern"})
    page = "/policies/detectors/own/ticket"
    assert answer.headers["location"].endswith(page + "?sort=pattern")
    assert editor.get(page + ".json?sort=pattern").json()["new"] is True
    form = {"like": "TCK-1234\nTCK-99", "edges": "on", "match": "TCK-1234", "no_match": "TCK-1"}
    assert editor.post(page, data=form).status_code == 303
    shown = editor.get(page + ".json").json()
    assert shown["fields"]["regex"] == r"TCK-\d{2,4}"
    assert [t["passed"] for t in shown["tried"]] == [True, True]
    assert editor.post("/policies/detectors", data={"name": "ticket"}).status_code == 409
    wrong = shown["fields"] | {"no_match": "TCK-77"}
    editor.post(page, data=wrong)
    shown = editor.get(page + ".json").json()
    assert [t["passed"] for t in shown["tried"]] == [True, False]
    assert [p["code"] for p in shown["problems"] if p["severity"] == "error"] == ["wrong-example"]
    editor.post("/policies/new", data={"kind": "pattern.ticket"})
    assert editor.post(page + "/remove").status_code == 409  # a rule looks for it now
    editor.post("/policies/draft/discard")


def test_a_topic_by_examples_says_how_well_they_tell_it_apart(editor: httpx.Client) -> None:
    page = "/policies/detectors/own/returns"
    form = {
        "describe_zh": "退货", "describe_en": "Returns",
        "examples": "我要退货\n怎么退货\nI want to return this\nHow do I return an item",
        "counter_examples": "我要买这个\nI want to buy this",
    }  # fmt: skip
    assert editor.post(page, data={}).status_code == 400
    assert editor.post(page, data=form).status_code == 303
    fit = editor.get(page + ".json").json()["fit"]
    assert (fit["examples"], fit["counter_examples"]) == (4, 2)
    editor.post(page + "/remove")
    assert "returns" not in own(editor)


def test_detectors_as_a_table(editor: httpx.Client) -> None:
    csv = (
        "name,regex,edges,level,match,no_match\n"
        'order_no,ORD-\\d{5},yes,medium,"ORD-12345\nORD-00001",ORD-1\n'
    )
    assert editor.post("/policies/detectors/table.json", data={"csv": csv}).json()["taken"] == 1
    assert own(editor)["order_no"] == r"ORD-\d{5}"
    table = editor.post("/policies/detectors/export").text
    before = editor.get("/policies/pack/own.json").json()["text"]
    editor.post("/policies/detectors/table", data={"csv": table})
    assert editor.get("/policies/pack/own.json").json()["text"] == before


def test_a_table_is_read_in_the_words_of_either_language(editor: httpx.Client) -> None:
    """Codes alone were read: `级别` was no column, and `高` or `Luhn check digit` no value."""
    rows = {
        "zh": "名称,格式（正则）,两侧不连着字母数字,级别,应命中,不应命中\n",
        "en": "Name,Pattern,Level\n",
    }
    csv = rows["zh"] + 'order_zh,ORD-\\d{5},否,低,"ORD-12345",ORD-1\n'
    assert editor.post("/policies/detectors/table.json", data={"csv": csv}).status_code == 200
    text = editor.get("/policies/pack/own.json").json()["text"]
    assert "level: low" in text
    assert "edges: false" in text
    assert "- ORD-12345\n" in text
    for language, heading in (("zh", "名称,格式（正则）"), ("en", "name,pattern,")):
        headers = {"accept-language": language}
        table = editor.post("/policies/detectors/export", headers=headers).text
        assert table.removeprefix("\ufeff").startswith(heading)
        editor.post("/policies/detectors/table", data={"csv": table})
        assert editor.get("/policies/pack/own.json").json()["text"] == text
    csv = rows["en"] + "order_en,ORE-\\d{5},Medium\n"
    assert editor.post("/policies/detectors/table.json", data={"csv": csv}).status_code == 200
    assert "level: medium" in editor.get("/policies/pack/own.json").json()["text"]


def test_only_known_places(editor: httpx.Client) -> None:
    assert editor.get("/policies/detectors/base/nothing").status_code == 404
    assert editor.post("/policies/detectors/base/nothing", data={"regex": "x"}).status_code == 404


def test_check_digits_of_a_number_from_form_to_rule(site: Site) -> None:
    """A company's own numbers could have a form only, so that every number like one was masked."""
    editor = site.who("editor", name="digits")
    page = "/policies/detectors/own/contract"
    form = {
        "regex": r"LC-\d{10}",
        "edges": "on",
        "match": "LC-4539148801",
        "no_match": "LC-4539148802",
    }
    assert "check digits" in editor.get(page + "?sort=pattern").text.lower()
    tried = editor.post(page + "/try.json?sort=pattern", data=form).json()["tried"]
    assert [t["passed"] for t in tried] == [True, False]
    saved = editor.post(page + ".json", data=form | {"check_digits": "luhn"})
    assert saved.status_code == 200
    shown = editor.get(page + ".json").json()
    assert shown["fields"]["check_digits"] == "luhn"
    assert [t["passed"] for t in shown["tried"]] == [True, True]
    editor.post("/policies/draft/discard")
