"""Word lists, curated replies, messages, packs and whole policies, edited without a file in sight."""

from __future__ import annotations

import base64
from collections.abc import Callable
from threading import get_ident
from typing import Any

import httpx
import pytest
from threegate.console.views.content import lists

from tests.console.conftest import Site
from tests.console.views.test_guided import create, form_of
from tests.console.views.test_lifecycle import act


@pytest.fixture
def editor(site: Site, request: pytest.FixtureRequest) -> httpx.Client:
    return site.who("editor", name=request.node.name[:40].lower().replace("[", "-").strip("]"))


def listed(editor: httpx.Client) -> dict[str, int]:
    return {x["name"]: x["count"] for x in editor.get("/policies/lists.json").json()["lists"]}


def test_a_word_list_from_its_page_to_a_rule(editor: httpx.Client) -> None:
    assert "self_harm" in listed(editor)
    form = {"name": "projects", "words": "海燕计划\nProject Heron\n", "match": "word"}
    assert editor.post("/policies/lists.json", data=form).json()["pack"] == "own"
    assert editor.post("/policies/lists.json", data=form).status_code == 409
    assert listed(editor)["projects"] == 2
    rule = create(editor, template="")
    page = editor.get(f"/policies/rule/{rule}/form.json").json()
    offered = {k["id"] for g in page["kind_groups"] for k in g["items"]}
    assert "list.projects" in offered
    fields = form_of(page["fields"]) | {
        "kind.list.projects": "on", "why.owasp.llm02": "on", "action": "block",
        "message_zh": "不行", "message_en": "No.", "match": "海燕计划\nProject Heron",
        "no_match": "海燕\nheron",
    }  # fmt: skip
    shown = editor.post(f"/policies/rule/{rule}/form.json", data=fields).json()
    assert (shown["problems"], [t["passed"] for t in shown["tests"]]) == ([], [True] * 4)
    page = editor.get("/policies/list/own/projects").text
    assert "no rule yet" not in page
    assert 'name="kind" value="list.projects"' in page  # a further rule for it


def test_words_come_and_go_as_a_table(editor: httpx.Client) -> None:
    page = "/policies/list/base/self_harm"
    before = editor.get(page + ".json").json()["list"]["words"].split("\n")
    csv = f"text,risk\nnew word one,high\n的,low\nnew word one,low\n{before[0]},\n"
    report = editor.post(page + "/table.json", data={"csv": csv}).json()["report"]
    assert report.pop("unread") == ["risk"]
    assert (report.pop("taken"), report.pop("known")) == (1, 1)
    assert report == {
        "repeated": [{"row": 4, "word": "new word one"}],
        "short": [],
        "common": [{"row": 3, "word": "的"}],
        "long": [],
    }
    after = editor.get(page + ".json").json()["list"]["words"].split("\n")
    assert after == [*before, "new word one"]
    table = editor.post(page + "/export")
    assert table.headers["content-type"].startswith("text/csv")
    assert "new word one" in table.text
    empty = editor.post(page + "/table", data={"csv": "\ufeff\n", "replace": "on"})
    assert (empty.status_code, "nothing in the file" in empty.text) == (400, True)
    shown = editor.post(page + "/table", data={"csv": "only this one\n的", "replace": "on"}).text
    assert "rows: 2 <code>的</code>" in shown
    assert editor.get(page + ".json").json()["list"]["words"] == "only this one"


def test_words_that_say_the_same_or_too_much_are_named(editor: httpx.Client) -> None:
    """Only a table told; of 200 pasted words nobody saw the twins, and the everyday word was an error
    of the draft at a line of a file."""
    words = "海燕  计划\n海燕\u3000计划\nABC集团\nＡＢＣ集团\nabc集团\n甲\n我们\n正常的词"
    editor.post("/policies/lists.json", data={"name": "twins", "words": words})
    page = editor.get("/policies/list/own/twins.json").json()
    assert page["list"]["words"].split("\n")[:2] == [
        "海燕 计划",
        "ABC集团",
    ]  # two blanks match nothing
    assert page["doubts"]["repeated"] == ["ＡＢＣ集团", "abc集团"]
    assert (page["doubts"]["short"], page["doubts"]["common"]) == (["甲"], ["我们"])
    shown = editor.get("/policies/list/own/twins").text
    assert "<code>ＡＢＣ集团</code>" in shown
    assert editor.post("/policies/list/own/twins/remove").status_code == 303


def test_a_list_goes_when_no_rule_looks_for_it(editor: httpx.Client) -> None:
    used = editor.post("/policies/list/base/self_harm/remove.json")
    assert used.status_code == 409
    assert "base.harm.self_harm" in used.text
    editor.post("/policies/answer/kept", data={"zh": "好。", "en": "Yes."})
    form = {"name": "brief", "words": "海燕计划\n", "match": "word"}
    pack = editor.post("/policies/lists.json", data=form).json()["pack"]
    assert editor.post(f"/policies/list/{pack}/brief/remove.json").status_code == 200
    assert "brief" not in listed(editor)
    files = editor.get("/policies/draft.json").json()["files"]
    assert "lists/brief.txt" not in files
    assert "answers/kept.en.md" in files


def test_only_writers_see_the_words(site: Site) -> None:
    assert site.who("viewer").get("/policies/list/base/self_harm").status_code == 403
    approver = site.who("approver").get("/policies/list/base/self_harm.json").json()
    assert approver["list"]["words"]


def test_a_reply_is_written_used_and_submitted(fresh_site: Site) -> None:
    editor = fresh_site.who("editor", name="ed", group="privacy")
    approver = fresh_site.who("approver", name="al", group="legal")
    assert editor.post("/policies/answers", data={"name": "Bad Name"}).status_code == 400
    page = "/policies/answer/no-legal-advice"
    assert editor.post(page, data={"zh": "请咨询律师。", "en": ""}).status_code == 400
    texts = {"zh": "请咨询律师。", "en": "Please ask a lawyer."}
    assert editor.post(page, data=texts).status_code == 303
    rule = create(editor, template="project_names")
    fields = editor.get(f"/policies/rule/{rule}/form.json").json()
    assert fields["drafted_answers"] == ["no-legal-advice"]
    form = form_of(fields["fields"]) | {
        "action": "answer", "option_answer": "no-legal-advice", "mode": "enforce",
    }  # fmt: skip
    assert editor.post(f"/policies/rule/{rule}/form.json", data=form).json()["problems"] == []
    editor.post("/policies/draft/tests.json")
    answer = editor.post("/policies/draft/submit.json")
    assert answer.status_code == 200, answer.text
    digest = answer.json()["digest"]
    seen = approver.get(f"/policies/version/{digest}.json").json()
    assert {f["path"]: f["fate"] for f in seen["texts"]}["answers/no-legal-advice.en.md"] == "added"
    for verb in ("approve", "activate"):
        assert act(approver, digest, verb) == 200
    fresh_site.reload()
    said = fresh_site.ask("Summarise the status of Project Heron.").json()
    assert said["choices"][0]["message"]["content"] == "Please ask a lawyer."


def test_a_reply_that_no_rule_uses_stays_a_draft(fresh_site: Site) -> None:
    editor = fresh_site.who("editor", name="ed")
    texts = {"zh": "稍后再说。", "en": "Later."}
    editor.post("/policies/answer/later", data=texts)
    editor.post("/policies/rule/cn.pii.vehicle", data={"mode": "off"})
    editor.post("/policies/draft/tests.json")
    assert editor.post("/policies/draft/submit.json").status_code == 200
    assert editor.get("/policies/draft.json").json()["files"] == [
        "answers/later.en.md", "answers/later.zh.md",
    ]  # fmt: skip


def test_replies_as_a_table(editor: httpx.Client) -> None:
    table = editor.post("/policies/answers/export").text
    assert "self-harm" in table
    assert editor.post("/policies/answers/table", data={"csv": "../x,a,b"}).status_code == 400
    csv = "name,zh,en\ncalm,请冷静。,Calm down.\n"
    assert editor.post("/policies/answers/table.json", data={"csv": csv}).json()["taken"] == 1
    half = "name,zh,en\ncalm,请冷静。,Calm down.\nhurry,请快。,\n"
    refused = editor.post("/policies/answers/table", data={"csv": half})
    assert "row 3: write both Chinese and English" in refused.text
    assert "hurry,请快。" in refused.text  # to correct in place
    rows = {a["name"]: a for a in editor.get("/policies/answers.json").json()["answers"]}
    assert rows["calm"]["en"] == "Calm down.\n"


def test_what_the_model_is_told_is_a_text_of_the_same_page(editor: httpx.Client) -> None:
    """It was found only in the form of its rule, or in the YAML and a file."""
    file = "answers/constitution.zh.md"
    found = {c["file"]: c for c in editor.get("/policies/messages.json").json()["constitutions"]}
    assert found[file]["rules"]
    assert f'name="constitution.{file}"' in editor.get("/policies/messages").text
    text = found[file]["text"] + "\n不要给出投资建议。"
    editor.post("/policies/messages", data={f"constitution.{file}": text})
    draft = editor.get("/policies/draft.json").json()
    assert draft["files"] == [file]
    assert any("不要给出投资建议" in str(card["rows"]) for card in draft["rules"])
    assert editor.get("/policies/messages.json").json()["constitutions"] != list(found.values())
    editor.post("/policies/draft/discard")


def test_messages_on_one_page(editor: httpx.Client) -> None:
    form = {"zh.base.pii.email": "邮箱已隐藏。", "en.base.pii.email": "E-mail hidden."}
    editor.post("/policies/messages", data=form)
    draft = editor.get("/policies/draft.json").json()
    assert [r["id"] for r in draft["rules"]] == ["base.pii.email"]
    assert draft["files"] == ["packs/base.yaml"]


def test_packs_are_switched_on_and_off(editor: httpx.Client) -> None:
    page = editor.get("/policies/coverage.json?taxonomy=gdpr").json()
    packs = {p["name"]: p for p in page["packs"]}
    assert (packs["cn-privacy"]["on"], packs["eu-gdpr"]["on"]) == (True, False)
    assert packs["eu-gdpr"]["more"] > 0
    editor.post("/policies/packs", data={"pack": "eu-gdpr", "on": "1"})
    draft = editor.get("/policies/draft.json").json()
    assert (draft["packs"]["on"], draft["unchanged"]) == (["eu-gdpr"], False)
    editor.post("/policies/packs", data={"pack": "eu-gdpr"})
    assert editor.get("/policies/draft.json").json()["files"] == []
    assert editor.post("/policies/packs", data={"pack": "nothing"}).status_code == 404


def test_a_policy_goes_down_and_up(editor: httpx.Client) -> None:
    content = base64.b64encode(editor.post("/policies/download").content).decode()
    form = {"name": "policy.zip", "content": content}
    assert editor.post("/policies/upload", data=form).status_code == 200
    assert editor.get("/policies/draft.json").json()["files"] == []  # it is what is in force
    pack = editor.get("/policies/pack/base.json").json()["text"] + "# up again\n"
    form = {"name": "b.yaml", "content": base64.b64encode(pack.encode()).decode()}
    assert editor.post("/policies/upload.json", data=form).json()["taken"] == ["packs/base.yaml"]
    assert editor.get("/policies/draft.json").json()["files"] == ["packs/base.yaml"]
    for bad in ({"name": "x.zip", "content": "!"}, {"name": "x.zip", "content": "AAAA"}):
        assert editor.post("/policies/upload", data=bad).status_code == 400


def test_the_words_of_a_list_are_looked_at_off_the_event_loop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """360,000 words took six seconds, in which no call and no page was answered."""

    async def loop_thread() -> int:
        return get_ident()

    threads = set[int]()
    for name in ("_page", "lines_of", "imported"):
        made = getattr(lists, name)

        def seen(*args: Any, made: Callable[..., Any] = made) -> Any:
            threads.add(get_ident())
            return made(*args)

        monkeypatch.setattr(lists, name, seen)
    editor = site.who("editor", name="list-thread")
    form = {"name": "threads", "words": "alpha beta", "match": "word"}
    assert editor.post("/policies/lists.json", data=form).status_code == 200
    page = "/policies/list/own/threads"
    assert editor.get(page + ".json").status_code == 200
    table = editor.post(page + "/table.json", data={"csv": "gamma delta\n"})
    assert table.json()["report"]["taken"] == 1
    assert threads
    assert site.running.run(loop_thread()) not in threads


def test_a_list_is_shown_by_its_title_to_whoever_may_see_the_draft(fresh_site: Site) -> None:
    editor, other = (fresh_site.who("editor", name=name) for name in ("wang", "zhao"))
    form = {"name": "projects", "words": "海燕计划\nProject Heron", "title_zh": "保密项目"}
    assert editor.post("/policies/lists", data=form).status_code == 303
    page = "/policies/list/own/projects"
    assert editor.post(page, data={"words": "海燕计划"}).status_code == 303  # keeps the title
    assert "保密项目 (word list)" in editor.get("/policies/draft").text
    assert "保密项目" not in other.get("/policies/draft").text
    assert editor.post(page, data=form | {"title_zh": ""}).status_code == 303
    assert "word list projects" in editor.get("/policies/draft").text
