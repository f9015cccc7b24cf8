from __future__ import annotations

from datetime import date, timedelta
from threading import get_ident

import pytest
from threegate.console.views import drafts
from threegate.policy.lifecycle.store import today_utc

from tests.console.conftest import Site
from tests.console.views.test_guided import form_of

RULE = "/policies/rule/cn.pii.documents"
TODAY = date.fromisoformat(today_utc())
SOON = str(TODAY + timedelta(days=10))


def test_an_edit_is_a_draft_of_ones_own(site: Site) -> None:
    editor, other = (site.who("editor", name=n) for n in ("edit-1", "edit-2"))
    form = {"mode": "shadow", "message_zh": "已隐藏", "message_en": "Hidden."}
    assert editor.post(RULE, data=form).status_code == 303
    assert editor.get(RULE + ".json").json()["rule"]["mode"] == "shadow"
    assert other.get(RULE + ".json").json()["rule"]["mode"] == "enforce"
    draft = editor.get("/policies/draft.json").json()
    assert draft["files"] == ["packs/cn-privacy.yaml"]
    assert [c["direction"] for c in draft["changes"]] == ["looser"]
    editor.post("/policies/draft/discard")
    assert editor.get("/policies/draft.json").json()["files"] == []


def test_comments_survive_the_form(site: Site) -> None:
    editor = site.who("editor", name="commenter")
    before = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    editor.post(RULE, data={"mode": "shadow"})
    after = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    assert [x for x in before.split("\n") if "#" in x] == [x for x in after.split("\n") if "#" in x]
    assert after.replace("    mode: shadow\n", "", 1) in (before, after)


def test_problems_stand_at_their_line(site: Site) -> None:
    editor = site.who("editor", name="breaker")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    broken = text.replace("    layer: input\n", "    layer: inputt\n", 1)
    line = broken[: broken.index("inputt")].count("\n") + 1
    found = editor.post("/policies/check/cn-privacy.json", json={"text": broken}).json()
    assert found["good"] is False
    assert line in {p["line"] for p in found["problems"] if p["severity"] == "error"}
    assert editor.get("/policies/draft.json").json()["files"] == []


def test_a_misspelt_key_of_a_rule_leads_to_its_line(site: Site) -> None:
    """It led to the rule's form, which has no part for it."""
    editor = site.who("editor", name="speller")
    text = editor.get("/policies/edit/base.json").json()["text"]
    editor.post("/policies/edit/base", data={"text": text.replace("    owner:", "    ownr:", 1)})
    page = editor.get("/policies/draft").text
    assert "/policies/edit/base?line=" in page
    assert "/form" not in page.split('class="problems"')[1].split("</ul>")[0]
    editor.post("/policies/draft/discard")


def test_a_format_that_cannot_be_used_leads_to_the_form_of_its_rule(site: Site) -> None:
    """It led to a line of YAML, named no rule, and the new rule could not be removed there."""
    editor = site.who("editor", name="wrong-format")
    rule = editor.post("/policies/new.json", data={"template": "employee_number"}).json()["rule"]
    fields = editor.get(f"/policies/rule/{rule}/form.json").json()["fields"]
    form = form_of(fields) | {"title_en": "Customer numbers", "regex": "KH-[0-9"}
    editor.post(f"/policies/rule/{rule}/form", data=form)
    page = editor.get("/policies/draft").text
    told = page.split('class="problems"')[1].split("</ul>")[0]
    assert f'/policies/rule/{rule}/form#regex">Customer numbers</a>' in told
    assert "/policies/edit/" not in told
    assert f"/policies/rule/{rule}/remove" in page
    editor.post("/policies/draft/discard")


@pytest.mark.parametrize(
    "text",
    [
        "rules: [",
        "rules:\n",
        "rules: 7\nfoo: 1\n",
        "rules: [1, x]\nfoo: 1\n",
        "rules: [{layer: input}]\nfoo: 1\n",
        "rules: [{id: a, detect: {any: [list.y]}}]\nlists: 3\nfoo: 1\n",
        "rules: [{id: [1], detect: {any: [regex.a]}}]\ndetectors: [1]\nfoo: 1\n",
    ],
)
def test_a_text_of_any_shape_is_shown_with_what_is_wrong(site: Site, text: str) -> None:
    """Written by hand; the page that says what is wrong must be there."""
    editor = site.who("editor", name="shapes")
    editor.post("/policies/edit/base.json", data={"text": f"pack: base\n{text}"})
    page = editor.get("/policies/draft")
    assert page.status_code == 200
    assert 'class="problems"' in page.text
    assert editor.get("/policies/edit/base").status_code == 200
    editor.post("/policies/draft/discard")


def test_completion_where_somebody_types(site: Site) -> None:
    editor = site.who("editor", name="typist")
    text = "rules:\n  - id: a\n    layer: input\n    mo"
    ask = {"text": text, "line": "4", "column": "7"}
    answer = editor.post("/policies/complete/base.json", json=ask)
    assert answer.json()["choices"][0] == {
        "text": "mode",
        "title": "off, shadow (record only) or enforce",
        "snippet": "",
    }
    detect = ask | {"text": ask["text"][:-2] + "det", "column": "8"}
    answer = editor.post("/policies/complete/base.json", json=detect)
    assert answer.json()["choices"][0]["snippet"] == "detect: {any: [${pii.email}]}"
    meaning = ask | {"column": "5", "word": "mode"}
    answer = editor.post("/policies/complete/base.json", json=meaning)
    assert answer.json()["title"] == "off, shadow (record only) or enforce"
    for wrong in ({}, {"line": "x", "column": "1"}, {"line": "9" * 9, "column": "1"}):
        assert editor.post("/policies/complete/base", json=wrong).status_code == 400
    assert editor.post("/policies/complete/none", json=ask).status_code == 404


def test_a_broken_draft_is_kept_and_cannot_be_submitted(site: Site) -> None:
    editor = site.who("editor", name="broken-draft")
    editor.post("/policies/edit/cn-privacy", data={"text": "pack: ["})
    assert editor.get("/policies/edit/cn-privacy").status_code == 200
    assert editor.get("/policies/draft.json").json()["errors"]
    assert editor.post("/policies/draft/submit.json").status_code == 422
    assert editor.post("/policies/draft/tests.json").status_code == 422
    editor.post("/policies/draft/discard")


HALF_WRITTEN = {
    "no place": ("    where: [user, system, tool_result]\n", "    where: []\n"),
    "no format": ("    regex: 'HT-\\d{4}-\\d{3,6}|CT-\\d{4}-\\d{3,6}'\n", "    regex: ''\n"),
    "another pack's name": ("pack: own\n", "pack: ours\n"),
    "a title as one text": ("title: {zh: 删除合同编号, en: Remove contract numbers}", "title: x"),
    "kinds without any": ("detect: {any: [pattern.contract_number]}", "detect: x"),
}


@pytest.mark.parametrize("name", HALF_WRITTEN)
def test_a_draft_that_is_half_written_opens_everywhere(site: Site, name: str) -> None:
    """A form without a place to look failed the page of the draft, the only one that discards it."""
    editor = site.who("editor", name="half")
    rule = editor.post("/policies/new", data={"template": "contract_number"}).headers["location"]
    text = editor.get("/policies/edit/own.json").json()["text"]
    old, new = HALF_WRITTEN[name]
    assert old in text
    editor.post("/policies/edit/own", data={"text": text.replace(old, new)})
    for page in ("/policies/draft", "/policies", "/", "/policies/rule/own.contract_number"):
        assert editor.get(page).status_code in (200, 404), page
    assert editor.get(rule.removeprefix("/console")).status_code in (200, 400)
    assert editor.post("/policies/draft/discard").status_code == 303


BOMBS = {
    "aliases": "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
    "duplicate": "pack: cn-privacy\npack: cn-privacy\n",
    "tag": "pack: !!python/object/apply:os.system [id]\n",
    "deep": "[" * 5000,
    "large": "x" * (5 << 20),
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_yaml_is_an_error_and_nothing_more(site: Site, name: str) -> None:
    editor = site.who("editor", name="bomber")
    answer = editor.post("/policies/check/cn-privacy.json", json={"text": BOMBS[name]})
    assert answer.status_code in (200, 413)
    assert answer.json().get("good") in (False, None)
    assert site.ask("hello").status_code == 200


@pytest.mark.parametrize("name", ["nothing", "%2e%2e%2fsecret", "base.yaml", "..%5csecret"])
def test_no_path_comes_from_an_address(site: Site, name: str) -> None:
    editor = site.who("editor")
    assert editor.get(f"/policies/edit/{name}").status_code in (303, 404)


def exceptions_of(page: dict[str, str]) -> str:
    return page["text"].partition("    except:\n")[2].partition("    tests:\n")[0]


def test_an_exception_for_one_value_keeps_only_its_hash(site: Site) -> None:
    editor = site.who("editor", name="hasher")
    form = {
        "do": "add_exception", "exception_id": "E-8", "exception_field": "value",
        "exception_value": "E12345678", "exception_reason": "test_data",
        "exception_approver": "li.lei", "exception_expires": SOON,
    }  # fmt: skip
    assert editor.post(RULE, data=form).status_code == 303
    assert "E12345678" not in exceptions_of(editor.get("/policies/edit/cn-privacy.json").json())
    said = "我的护照号码是E12345678，她的护照号码是E87654321"
    trace = editor.post("/policies/try.json", json={"text": said}).json()["trace"]
    assert {(r["exception"], r["shadow"]) for r in trace["ruled"] if r["rule"] in RULE} == {
        ("E-8", True),
        ("", False),
    }
    assert "E87654321" not in trace["result"]
    editor.post("/policies/draft/discard", data={})


def test_exceptions_expire_and_show(site: Site) -> None:
    editor = site.who("editor", name="excepter")
    form = {
        "do": "add_exception", "exception_id": "E-7", "exception_field": "tenant",
        "exception_value": "acme", "exception_reason": "test_data",
        "exception_approver": "li.lei", "exception_expires": SOON,
    }  # fmt: skip
    assert editor.post(RULE, data=form).status_code == 303
    soon = editor.get("/home.json").json()["expiring"]
    assert [e["id"] for e in soon if e["what"] == "exception"] == ["E-7"]
    editor.post(RULE, data={"do": "drop_exception", "exception_id": "E-7"})
    assert editor.get(RULE + ".json").json()["rule"]["excepted"] == []
    assert editor.post(RULE, data={"do": "add_exception"}).status_code == 400
    late = form | {"exception_expires": str(TODAY - timedelta(days=1))}
    refused = editor.post(RULE, data=late)
    assert refused.status_code == 400
    assert "the expiry is past" in refused.text
    refused = editor.post(RULE, data=form | {"exception_expires": str(TODAY + timedelta(days=95))})
    assert (refused.status_code, "at most 90 days" in refused.text) == (400, True)
    page = editor.get(RULE)
    assert f'max="{TODAY + timedelta(days=90)}"' in page.text
    assert 'value="EX-1"' in page.text


def test_the_editor_lays_out_yaml_and_keeps_comments(site: Site) -> None:
    editor = site.who("editor", name="tidy")
    text = str(editor.get("/policies/pack/base.json").json()["text"])
    crooked = text.replace("audit: {level:", "# kept\naudit:   {level:")
    assert crooked != text
    saved = editor.post("/policies/edit/base.json", data={"text": crooked, "do": "format"}).json()
    assert "# kept\naudit: {level:" in saved["text"]
    assert saved["good"] is True
    again = editor.post("/policies/edit/base.json", data={"text": saved["text"], "do": "format"})
    assert again.json()["text"] == saved["text"]
    broken = editor.post("/policies/edit/base.json", data={"text": "pack: [", "do": "format"})
    assert broken.json()["text"] == "pack: ["
    editor.post("/policies/draft/discard")


def test_a_note_stays_while_the_tests_run(site: Site) -> None:
    """It was in a form beside the one that ran the tests, and gone afterwards."""
    editor = site.who("editor", name="note-taker")
    site.who("approver", name="asked-one")
    editor.post(RULE, data={"mode": "shadow"})
    typed = {"note": "先观察一周", "untested": "samples next week", "reviewer_asked-one": "1"}
    page = editor.post("/policies/draft/tests", data=typed).text
    assert "先观察一周</textarea>" in page
    assert 'name="reviewer_asked-one" value="1" checked' in page
    editor.post("/policies/draft/discard")


def test_one_file_of_a_draft_is_discarded(site: Site) -> None:
    """A reply under a wrong name could only go together with the whole draft."""
    editor = site.who("editor", name="tidier")
    editor.post(RULE, data={"mode": "shadow"})
    editor.post("/policies/answer/wrong-name", data={"zh": "错", "en": "Wrong"})
    page = editor.get("/policies/draft").text
    for path in ("answers/wrong-name.zh.md", "answers/wrong-name.en.md"):
        assert f'name="path" value="{path}"' in page
        editor.post("/policies/draft/discard", data={"path": path})
    assert editor.get("/policies/draft.json").json()["files"] == ["packs/cn-privacy.yaml"]
    editor.post("/policies/draft/discard")


def test_a_text_is_put_in_order_off_the_event_loop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """29,000 lines took seven seconds, in which no call and no page was answered."""

    async def loop_thread() -> int:
        return get_ident()

    threads, made = set[int](), drafts._formatted
    monkeypatch.setattr(
        drafts, "_formatted", lambda text: (threads.add(get_ident()), made(text))[1]
    )
    editor = site.who("editor", name="format-thread")
    form = {"text": "pack: base\n", "do": "format"}
    assert editor.post("/policies/edit/base.json", data=form).status_code == 200
    assert threads
    assert site.running.run(loop_thread()) not in threads
