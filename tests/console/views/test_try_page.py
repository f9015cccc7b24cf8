from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from threegate.audit.log.conditions import Query
from threegate.console.views import policies

from tests.console.conftest import Site
from tests.e2e.support.running import ROOT

TEXT = "我的护照号码是E12345678，请查询。"


def test_a_text_is_traced_and_not_stored(site: Site) -> None:
    editor = site.who("editor", name="trier")
    form = {"text": TEXT + " unstored-canary", "channel": "user"}
    trace = editor.post("/policies/try.json", data=form).json()["trace"]
    assert trace["action"] == "mask"
    assert "E12345678" not in trace["result"]
    assert any(p["kind"] == "pii.cn.passport" and p["text"] == "E12345678" for p in trace["pieces"])
    audit = site.running.deps.audit
    work = audit.search(Query(text="unstored-canary"))  # type: ignore[attr-defined]
    assert site.running.run(work).entries == ()


def test_the_draft_judges_where_there_is_one(site: Site) -> None:
    editor = site.who("editor", name="draft-trier")
    editor.post("/policies/rule/cn.pii.documents", data={"mode": "off"})
    trace = editor.post("/policies/try.json", data={"text": TEXT, "channel": "user"}).json()[
        "trace"
    ]
    assert trace["draft"] is True
    assert "cn.pii.documents" not in {r["rule"] for r in trace["ruled"]}
    editor.post("/policies/draft/discard")


def test_answers_go_through_the_output_layer(site: Site) -> None:
    editor = site.who("editor", name="answer-trier")
    form = {"text": "The capital is Paris.", "channel": "content"}
    trace = editor.post("/policies/try.json", data=form).json()["trace"]
    assert trace["edited"] is False


def test_many_sentences_are_tried_at_once_as_a_tenants(site: Site) -> None:
    """Ten sentences were one text, and nothing showed whether an exception for a tenant works."""
    editor = site.who("editor", name="ten-sentences")
    soon = str(date.today() + timedelta(days=7))
    exception = {"id": "E-9", "field": "tenant", "value": "x", "reason": "test_data"}
    exception |= {"approver": "li.lei", "expires": soon}
    form = {"do": "add_exception", **{f"exception_{k}": v for k, v in exception.items()}}
    assert editor.post("/policies/rule/cn.pii.documents", data=form).status_code == 303
    sentences = {"text": f"{TEXT}\n\nhello\n{TEXT}", "each": "1"}
    found = [
        [t["action"] for t in editor.post("/policies/try.json", data=asked).json()["traces"]]
        for asked in (sentences, sentences | {"tenant": "x"})
    ]
    assert found == [["mask", "allow", "mask"], ["allow", "allow", "allow"]]
    editor.post("/policies/draft/discard")
    many = {"text": "a\n" * 51, "each": "1"}
    assert editor.post("/policies/try.json", data=many).status_code == 400


def test_lines_name_what_would_have_acted_and_not_what_found_nothing(site: Site) -> None:
    """A new rule begins in shadow: each line said let through and named the fact check instead."""
    editor = site.who("editor", name="shadow-lines")
    editor.post("/policies/rule/cn.pii.documents", data={"mode": "shadow"})
    page = editor.post("/policies/try", data={"text": TEXT, "each": "1"}).text
    assert "shadow, would be: mask" in page.split('id="lines"')[1]
    form = {"text": "The capital is Paris.", "channel": "content", "each": "1"}
    lines = editor.post("/policies/try", data=form).text.split('id="lines"')[1]
    assert "fact check" not in lines.lower()
    assert "<mark" not in lines
    editor.post("/policies/draft/discard")


def test_what_is_stopped_shows_what_its_user_reads(site: Site) -> None:
    """The page had a heading "Released text" with nothing below it."""
    editor = site.who("editor", name="stopped")
    trace = editor.post("/policies/try.json", data={"text": "我想自杀"}).json()["trace"]
    assert (trace["action"], trace["edited"]) == ("answer", False)
    reply = (ROOT / "policies/answers/self-harm.zh.md").read_text("utf-8")
    assert trace["reply"] == reply.strip()


def test_a_note_is_shown_beneath_an_answer_and_not_beneath_its_reasoning(site: Site) -> None:
    """A call writes none there."""
    editor = site.who("editor", name="note-trier")
    made = editor.post("/policies/new.json", data={"template": "answer_note"}).json()["rule"]
    text = editor.get("/policies/pack/own.json").json()["text"]
    text = text.replace("where: [content]", "where: [content, reasoning]")
    text = text.replace("mode: shadow", "mode: enforce")
    editor.post("/policies/edit/own", data={"text": text})
    for channel, notes in (("content", 1), ("reasoning", 0)):
        form = {"text": "Contoso is cheaper.", "channel": channel}
        trace = editor.post("/policies/try.json", data=form).json()["trace"]
        assert made in {r["rule"] for r in trace["ruled"]}
        assert len(trace["below"]) == notes
    code = {
        "text": "蓝鲸科技的产品更便宜，程序可以这样比较两家的价格：\n"
        + "if price < ours: print('cheaper')\n" * 40
    }
    trace = editor.post("/policies/try.json", data=code | {"channel": "content"}).json()["trace"]
    assert trace["below"] == ["产品对比以我们官网的说明为准。"]  # as a call writes it
    editor.post("/policies/draft/discard")


@pytest.mark.parametrize("form", [{"text": ""}, {"text": "x", "channel": "nowhere"}])
def test_what_cannot_be_tried(site: Site, form: dict[str, str]) -> None:
    assert site.who("editor").post("/policies/try.json", data=form).status_code == 400


AUTUMN = """\
  - id: cn.word.autumn
    title: {zh: 秋天, en: Autumn}
    owner: privacy
    why: [house.business]
    layer: input
    where: [user]
    detect: {any: [list.autumn]}
    then: {block: {}}
    message: {zh: 不行, en: No.}
    tests: {match: ['秋天来了'], no_match: ['春天来了']}
    review_by: 2027-06-30

"""


def with_autumn(text: str) -> str:
    """A pack with one rule more, which stops a word that recorded traffic holds."""
    lists = "lists:\n  autumn: {words: [秋天]}\n\n"
    return text.replace("rules:\n", lists + "rules:\n" + AUTUMN, 1)


def test_replay_finds_what_a_draft_would_change(site: Site) -> None:
    editor = site.who("editor", name="replayer")
    same = editor.post("/policies/draft/replay.json", data={"limit": "50"}).json()["replay"]
    assert same["calls"] >= 4
    assert same["since"] > "2026"  # an editor asks about last week, not about 200 calls
    assert same["counts"]["same"] == same["texts"]
    new = with_autumn(editor.get("/policies/pack/cn-privacy.json").json()["text"])
    page = editor.post("/policies/edit/cn-privacy.json", data={"text": new}).json()
    assert page["good"], page["problems"]
    found = editor.post("/policies/draft/replay.json", data={"limit": "50"}).json()["replay"]
    assert found["counts"]["newly_stopped"] >= 1
    assert found["examples"][0]["rules"] == ["cn.word.autumn"]
    assert found["examples"][0]["text"] == ""  # an editor may not read the log
    both = site.who("editor", "reviewer", name="reads")
    both.post("/policies/edit/cn-privacy", data={"text": new})
    examples = both.post("/policies/draft/replay.json").json()["replay"]["examples"]
    assert "写一首关于秋天的诗" in [e["text"] for e in examples]
    both.post("/policies/draft/discard")
    report = editor.post("/policies/draft/tests.json").json()["report"]
    assert report["passed"], report["failures"]
    editor.post("/policies/draft/discard")


def test_the_bar_moves_within_the_answer(site: Site) -> None:
    editor = site.who("editor", name="watching")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    editor.post("/policies/edit/cn-privacy", data={"text": text + "# note\n"})
    for work in ("tests", "replay"):
        page = editor.post(f"/policies/draft/{work}").text
        bars = [int(v) for v in re.findall(r'<progress[^>]* value="(\d+)"', page)]
        assert bars == sorted(bars)
        assert bars[0] == 0
        assert len(bars) > 1
        assert page.count("<main") == page.count("</html>") == 1
        assert f'id="{work}"' in page.partition("</progress>")[2]
    editor.post("/policies/draft/discard")


def test_a_failing_test_is_named(site: Site) -> None:
    editor = site.who("editor", name="failing")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    new = text.replace("        - '会议室E1234在三楼'\n", "        - '护照号码是E12345678'\n", 1)
    assert new != text
    editor.post("/policies/edit/cn-privacy", data={"text": new})
    report = editor.post("/policies/draft/tests.json").json()["report"]
    assert report["passed"] is False
    assert [f["id"] for f in report["failures"]] == ["cn.pii.documents/no_match/1"]
    editor.post("/policies/draft/discard")


def test_a_long_text_has_one_row_for_what_is_the_same(site: Site) -> None:
    """A text with 600 numbers gave 600 rows."""
    text = "邮箱是 a.b@firma.cn 和 c.d@firma.cn，护照E12345678。" * 20
    form = {"text": text, "channel": "user"}
    trace = site.who("editor").post("/policies/try.json", data=form).json()["trace"]
    assert len(trace["ruled"]) == 60
    assert sorted(r["times"] for r in trace["alike"]) == [20, 40]


def test_tenants_are_suggested_from_the_newest_calls_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form asks while somebody types: it must not read a whole log."""
    editor = site.who("editor", name="suggested")
    assert editor.get("/policies/try.json").json()["tenants"]
    monkeypatch.setattr(policies, "NEWEST", 0)
    assert editor.get("/policies/try.json").json()["tenants"] == []
