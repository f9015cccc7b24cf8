from __future__ import annotations

from threegate.console.presenters.log_facts import facts


def test_who_did_what_comes_first_and_in_words() -> None:
    """The page had `terms: ['stage']`, `shared: False` and codes in English."""
    detail = {"found": 3, "terms": ["stage", "q"], "texts": True, "actor": "chen", "verb": "export"}
    assert [(f["title"], f["value"]) for f in facts(detail, "zh")] == [
        ("由谁", "chen"),
        ("做了什么", "导出"),
        ("找到", "3"),
        ("搜索条件", "阶段、文字"),
        ("文本", "是"),
    ]


def test_terms_of_a_search_have_their_values() -> None:
    """A record said that somebody had searched by rule, but not by which."""
    (shown,) = facts({"terms": ["q=3fa9", "rule=base.pii", "action=block"]}, "zh")
    assert shown["value"] == "文字 3fa9、规则 base.pii、处置 拦截"


def test_one_person_is_named_once() -> None:
    """Steps of a policy named whoever took them twice, and the reason as a note too."""
    detail = {"actor": "bob", "by": "bob", "verb": "activate", "reason": "leak", "note": "leak"}
    told = [(f["title"], f["value"]) for f in facts(detail, "en")]
    assert told == [("by", "bob"), ("did", "activated"), ("reason", "leak")]
    assert [f["value"] for f in facts({"actor": "eve", "by": "cli"}, "en")] == ["eve", "cli"]


def test_ranges_of_records_are_no_raw_list() -> None:
    (shown,) = facts({"places": [["w1", 4, 9], ["w2", 0, 1]]}, "en")
    assert shown["value"] == "w1 4–9, w2 0–1"


def test_what_is_empty_is_left_out_and_a_request_is_a_link() -> None:
    detail = {"verb": "label", "object": "tg_1", "label": "correct", "category": "", "rule": None}
    assert facts(detail, "en") == [
        {"title": "did", "value": "labelled", "to": ""},
        {"title": "object", "value": "tg_1", "to": "/audit/record/tg_1"},
        {"title": "label", "value": "correct", "to": ""},
    ]


def test_why_a_schedule_was_dropped_is_in_the_language_of_the_page() -> None:
    """The record had the sentence in both languages, in one field."""
    detail = {"verb": "unschedule", "refused": "wrong-stage:rejected"}
    assert facts(detail, "zh")[1]["value"] == "这个版本的状态是“已退回”"
    assert facts(detail, "en")[1]["value"] == "the version is rejected"
