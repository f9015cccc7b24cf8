"""A rule from a template to a version, without a line of YAML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from threegate.console.forms.new_rule import templates, without_rule

from tests.console.conftest import Site, opened_site, policies
from tests.console.forms.test_constraint_fields import sent as constraint_form
from tests.console.forms.test_rule_fields import sent as rule_form
from tests.e2e.support.running import proxy

RULE = "own.employee_number"


def form_of(fields: dict[str, Any]) -> dict[str, str]:
    """What the page would send back untouched."""
    return constraint_form(fields) if "values" in fields else rule_form(fields)


def create(editor: httpx.Client, **form: str) -> str:
    answer = editor.post("/policies/new.json", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["rule"])


@pytest.fixture(scope="module")
def small_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With one small pack, which each draft compiles."""
    root = tmp_path_factory.mktemp("small")
    with proxy(root / "var", policies(root / "policies"), packs=("cn-privacy",)) as running:
        yield opened_site(running)


@pytest.mark.parametrize("template", [t.id for t in templates()])
def test_every_template_is_ready_to_submit(small_site: Site, template: str) -> None:
    editor = small_site.who("editor", name=f"t-{template}")
    rule = create(editor, template=template)
    page = editor.get(f"/policies/rule/{rule}/form.json").json()
    assert [p["text"] for p in page["problems"]] == []
    passed = None if template == "fact_check" else True  # it needs a classifier, off here
    untested = template in ("no_images", "usage_limits", "hidden_reasoning", "careful_with_health")
    wanted = set() if untested else {passed}  # what these settle is no field of a request
    assert {t["passed"] for t in page["tests"]} == wanted, page["tests"]
    before = editor.get("/policies/pack/own.json").json()["text"]
    saved = editor.post(f"/policies/rule/{rule}/form.json", data=form_of(page["fields"]))
    assert saved.json()["good"] is True
    assert editor.get("/policies/pack/own.json").json()["text"] == before
    editor.post("/policies/draft/discard")


def test_a_blank_rule_becomes_one_for_employee_numbers(site: Site) -> None:
    editor = site.who("editor", name="no-yaml")
    rule = create(editor, template="")
    page = editor.get(f"/policies/rule/{rule}/form.json").json()
    assert page["good"] is False  # nothing is looked for yet
    hints = " ".join(p["form_hint"] for p in page["problems"])
    assert "under Name" in hints
    assert not any(key in hints for key in ("detect:", "tests.", "why:", "message:"))
    form = form_of(page["fields"]) | {
        "title_zh": "工号", "title_en": "Staff numbers", "why.pipl.51": "on",
        "like": "EMP-104233\nEMP-77120", "action": "mask", "option_mask": "client",
        "match": "请查EMP-104233\nFind EMP-77120.", "no_match": "会议室EMP\nRoom EMP.",
        "message_zh": "已隐藏工号", "message_en": "A staff number was hidden.", "rollout": "50",
    }  # fmt: skip
    shown = editor.post(f"/policies/rule/{rule}/form.json", data=form).json()
    assert shown["fields"]["regex"] == r"EMP-\d{5,6}"
    assert shown["problems"] == []
    assert [t["passed"] for t in shown["tests"]] == [True] * 4
    marked = ["".join(p["text"] for p in t["pieces"] if p["kind"]) for t in shown["tests"]]
    assert marked == ["EMP-104233", "EMP-77120", "", ""]
    wrong = form | {"regex": r"EMP-\d{5,6}", "no_match": "EMP-10001"}
    failed = editor.post(f"/policies/rule/{rule}/form.json", data=wrong).json()["tests"]
    assert [t["passed"] for t in failed] == [True, True, False]
    editor.post("/policies/draft/discard")


def test_an_unfinished_rule_keeps_no_other_rule_untested(site: Site) -> None:
    editor = site.who("editor", name="two-rules")
    create(editor, template="")
    rule = create(editor, template="project_names")
    page = editor.get(f"/policies/rule/{rule}/form.json").json()
    assert page["errors_elsewhere"] is True
    assert [t["passed"] for t in page["tests"]] == [True] * 4
    editor.post("/policies/draft/discard")


def test_examples_replace_the_pattern_of_a_template(site: Site) -> None:
    """Customer numbers of another shape than the template's were typed, and nothing happened."""
    editor = site.who("editor", name="own-shape")
    rule = create(editor, template="customer_number")
    page = editor.get(f"/policies/rule/{rule}/form.json").json()
    form = form_of(page["fields"]) | {
        "like": "KH-2026/00123",
        "match": "客户KH-2026/00123\nKH-2025/1",
    }
    shown = editor.post(f"/policies/rule/{rule}/form.json", data=form).json()
    assert shown["fields"]["regex"] == r"KH-\d{4}/\d{5}"
    editor.post("/policies/draft/discard")


def test_form_and_yaml_are_two_views_of_one_draft(site: Site) -> None:
    editor = site.who("editor", name="two-views")
    create(editor, template="employee_number")
    text = editor.get("/policies/pack/own.json").json()["text"]
    edited = text.replace("工号脱敏", "员工编号脱敏").replace("  - id:", "  # why\n  - id:", 1)
    editor.post("/policies/edit/own", data={"text": edited})
    fields = editor.get(f"/policies/rule/{RULE}/form.json").json()["fields"]
    assert fields["title_zh"] == "员工编号脱敏"
    form = form_of(fields) | {"mode": "enforce", "where.input.assistant": "on"}
    editor.post(f"/policies/rule/{RULE}/form.json", data=form)
    text = editor.get("/policies/pack/own.json").json()["text"]
    assert "  # why\n" in text
    assert "mode: enforce" in text
    assert "where: [user, system, tool_result, assistant]" in text
    broken = text.replace("layer: input", "layer: inputt")
    editor.post("/policies/edit/own", data={"text": broken})
    fields = editor.get(f"/policies/rule/{RULE}/form.json").json()["fields"]
    editor.post(f"/policies/rule/{RULE}/form.json", data=form_of(fields) | {"layer": "input"})
    assert editor.get("/policies/draft.json").json()["errors"] == []
    editor.post("/policies/draft/discard")


def test_a_copy_is_a_rule_of_its_own(site: Site) -> None:
    editor = site.who("editor", name="copier")
    rule = create(editor, copy="base.pii.email", pack="base")
    assert rule == "base.email"
    page = editor.get(f"/policies/rule/{rule}/form.json").json()
    assert page["fields"]["title_en"] == "Mask e-mail addresses (copy)"
    assert page["fields"]["mode"] == "shadow"
    assert page["good"] is True
    text = editor.get("/policies/pack/base.json").json()["text"]
    assert text.count("- id: base.pii.email\n") == 1
    editor.post("/policies/draft/discard")


SHARED = """pack: own
lists:
  words: {words: [a]}
  grooming: {words: [b]}
  alone: {words: [c]}
rules:
  - {id: own.words, detect: {any: [pii.email]}}
  - {id: own.alone, detect: {any: [list.alone]}}
  - {id: own.grooming, detect: {any: [list.grooming]}}
  - {id: own.calls, then: {clauses: [{kinds: [list.CLAUSE], text: x}]}}
"""


@pytest.mark.parametrize(
    ("rule", "clause", "elsewhere", "gone"),
    [
        ("alone", "words", "list.grooming", "alone"),
        ("words", "words", "", ""),  # a list of another's that only has its name
        ("grooming", "words", "any: [list.grooming]", ""),
        ("alone", "alone", "", ""),
    ],
)
def test_what_others_use_stays(rule: str, clause: str, elsewhere: str, gone: str) -> None:
    text = SHARED.replace("CLAUSE", clause)
    left = without_rule(text, f"own.{rule}", elsewhere)
    assert f"own.{rule}," not in left
    kept = {name for name in ("words", "grooming", "alone") if f"{name}: {{words" in left}
    assert kept == {"words", "grooming", "alone"} - {gone}


def test_what_is_not_there(site: Site) -> None:
    editor = site.who("editor", name="lost")
    for form in ({"template": "none"}, {"copy": "none"}, {"pack": "../x"}):
        assert editor.post("/policies/new.json", data=form).status_code == 404
    assert editor.get("/policies/rule/none/form").status_code == 404


def test_marks_come_from_a_run(site: Site) -> None:
    editor = site.who("editor", name="marker")
    editor.post("/policies/rule/cn.pii.vehicle", data={"mode": "shadow"})
    page = editor.get("/policies/rule/cn.pii.vehicle.json").json()
    assert {t["passed"] for t in page["cases"]} == {None}
    editor.post("/policies/draft/tests.json")
    page = editor.get("/policies/rule/cn.pii.vehicle.json").json()
    assert {t["passed"] for t in page["cases"]} == {True}
    editor.post("/policies/draft/discard")


def test_a_rule_on_calls_without_yaml(site: Site) -> None:
    editor = site.who("editor", name="calls")
    rule = create(editor, template="constraint")
    page = f"/policies/rule/{rule}/form"
    shown = editor.get(page + ".json").json()
    assert shown["good"] is False  # it settles nothing yet
    form = form_of(shown["fields"]) | {
        "why.house.quality": "on", "clamp.temperature.max": "0.7",
        "match": "temperature = 2 -> temperature = 0.7", "no_match": "temperature = 0.5",
        "constitution_text": "请用敬语。", "constitution_place": "system", "language.zh": "on",
    }  # fmt: skip
    saved = editor.post(page + ".json", data=form).json()
    assert [p["text"] for p in saved["problems"] if p["severity"] == "error"] == []
    assert [t["passed"] for t in saved["tests"]] == [True, True]
    assert saved["tests"][0]["text"] == "temperature = 2 → temperature = 0.7"
    assert saved["constitution_text"] == "请用敬语。"
    files = editor.get("/policies/draft.json").json()["files"]
    assert f"answers/constitution-{rule}.md" in files
    assert "temperature" in editor.get(page).text  # the form itself
    wrong = form | {"match": "temperature = 2 -> temperature = 1"}
    failed = editor.post(page + ".json", data=wrong).json()["tests"]
    assert [t["passed"] for t in failed] == [False, True]
    bare = form | {"constitution_text": ""}
    assert editor.post(page + ".json", data=bare).json()["constitution_text"] == ""
    assert editor.post(page, data=form | {"clamp.n.max": "many"}).status_code == 400
    editor.post("/policies/draft/discard")


def test_the_same_rule_for_answers_is_in_the_same_mode(site: Site) -> None:
    """A rule looks one way; a copy for the other was in shadow and looked at questions."""
    editor = site.who("editor", name="twin-editor")
    assert editor.get("/policies/rule/base.pii.email.json").json()["new"] is False
    rule = create(editor, copy="base.pii.email", pack="base", layer="output")
    fields = editor.get(f"/policies/rule/{rule}/form.json").json()["fields"]
    assert (fields["layer"], fields["where"], fields["mode"]) == ("output", ["content"], "enforce")
    assert fields["title_en"] == "Mask e-mail addresses (answers)"
    assert (fields["action"], fields["option"]) == ("mask", "never")  # else restored at once
    shown = editor.get(f"/policies/rule/{rule}.json").json()
    assert (shown["new"], shown["twin"]) == (True, "input")


def test_a_copy_tells_the_model_a_text_of_its_own(site: Site) -> None:
    """The copy named the original's file: writing it for one team changed it for everybody."""
    editor = site.who("editor", name="constitution")
    rule = create(editor, copy="base.model.constitution.en")
    page = f"/policies/rule/{rule}/form.json"
    form = form_of(editor.get(page).json()["fields"])
    editor.post(page, data=form | {"constitution_text": "Be brief."})
    assert editor.get(page).json()["constitution_text"] == "Be brief."
    assert "answers/constitution.en.md" not in editor.get("/policies/draft.json").json()["files"]
    editor.post("/policies/draft/discard")


def test_an_approver_reads_what_the_model_is_told_otherwise(site: Site) -> None:
    """Only the text changes of a file named it; the rule itself showed nothing."""
    editor = site.who("editor", name="told")
    page = "/policies/rule/base.model.constitution.en/form.json"
    shown = editor.get(page).json()
    first, *rest = shown["constitution_text"].split("\n")
    text = "\n".join((first, "0. Be brief.", *rest))
    editor.post(page, data=form_of(shown["fields"]) | {"constitution_text": text})
    (card,) = editor.get("/policies/draft.json").json()["rules"]
    (row,) = [row for row in card["rows"] if row["changed"]]
    assert row["label"] == "what the model is told"
    assert (row["before"], row["after"]) == ("…", "…\n0. Be brief.\n…")
    assert "0. Be brief." in editor.get("/policies/rule/base.model.constitution.en").text
    editor.post("/policies/draft/discard")


def test_a_form_that_was_only_opened_is_no_draft(site: Site) -> None:
    """It said "Saved in your draft" of a rule that nobody had touched."""
    editor = site.who("editor", name="just-looking")
    page = "/policies/rule/base.pii.email/form"
    shown = editor.get(page)
    assert "Saved in your draft." not in shown.text
    assert "As in force." in shown.text
    form = form_of(editor.get(page + ".json").json()["fields"]) | {"owner": "legal"}
    gone_on = editor.post(page, data=form | {"then": "draft"})
    assert gone_on.headers["location"] == "/console/policies/draft"
    assert "Saved in your draft." in editor.get(page).text
    editor.post("/policies/draft/discard")


def test_a_message_in_one_language_is_asked_for_in_words(site: Site) -> None:
    """It was `rules[…].message needs en`, at a line of the YAML; and the draft said meanwhile that no
    rule acts differently."""
    editor = site.who("editor", name="half-way")
    rule = create(editor, template="forbidden_words")
    fields = editor.get(f"/policies/rule/{rule}/form.json").json()["fields"]
    form = form_of(fields) | {"message_zh": "不行", "message_en": ""}
    editor.post(f"/policies/rule/{rule}/form.json", data=form)
    page = editor.get(f"/policies/rule/{rule}/form").text
    assert "“Message to the user” lacks a language" in page
    assert "message needs en" not in page
    draft = editor.get("/policies/draft").text
    assert f"/policies/rule/{rule}/form" in draft
    assert "No rule acts differently" not in draft
    editor.post("/policies/draft/discard")


def test_chosen_reasons_are_named_in_words(site: Site) -> None:
    page = site.who("editor").get("/policies/rule/base.pii.id_card/form").text
    chosen = page.split('id="why-chosen"')[1].split("</span>")[0]
    assert "sensitive information disclosure" in chosen
    assert "owasp.llm02" not in chosen


def test_each_action_says_what_it_does(site: Site) -> None:
    """`flag` and `redact` are words of engineers."""
    editor = site.who("editor", name="actions")
    shown = editor.get("/policies/rule/base.pii.mobile/form.json").json()["actions"]
    titles = {each["id"]: each["title"] for each in shown}
    assert titles["flag"] == "flag: let through and record"
    assert titles["redact"] == "redact: remove the value for good"


def test_words_that_count_where_they_are_asked_for_are_of_no_use_in_answers(
    small_site: Site,
) -> None:
    """The advice named a layer, which the form does not, and was at a field that it does not have."""
    editor = small_site.who("editor", name="asked")
    rule = create(editor, template="answer_note")
    path = f"/policies/rule/{rule}/form"
    form = form_of(editor.get(path + ".json").json()["fields"]) | {"matching": "asked"}
    page = editor.post(path + ".json", data=form).json()
    assert page["fields"]["matching"] == "asked"
    (problem,) = [p for p in page["problems"] if p["code"] == "asked-answers"]
    assert f'id="{problem["field"]}"' in editor.get(path).text
    assert "input" not in problem["form_hint"]
    editor.post("/policies/draft/discard")


EXAMPLE = """\
  - id: cn.example
    title: {zh: 例, en: Example}
    owner: privacy
    why: [pipl.51]
    layer: output
    where: [content]
    detect: {any: [pii.email]}
    then: {annotate: {show: below}}
    stream: cut
    message: {zh: 请核对。, en: Please check.}
    except:
      - {id: EX-1, match: {tenant: [hr]}, reason: test_data, approver: li, expires: 2027-01-31}
    tests:
      match: [{text: 'a@b.de', channel: content}]
      no_match: [a]
    review_by: 2027-06-30
"""


def test_the_same_for_the_other_direction_keeps_only_what_fits_there(fresh_site: Site) -> None:
    """A place in a test, a note beneath answers: errors of a rule that nobody had written. An
    exception was approved for the rule that it stands in."""
    editor = fresh_site.who("editor", name="turning")
    text = editor.get("/policies/pack/cn-privacy.json").json()["text"]
    editor.post("/policies/edit/cn-privacy", data={"text": f"{text.rstrip()}\n{EXAMPLE}"})
    for source, layer in (("cn.example", "input"), ("base.pii.id_card", "output")):
        rule = create(editor, copy=source, layer=layer)
        problems = editor.get(f"/policies/rule/{rule}/form.json").json()["problems"]
        assert [p["text"] for p in problems if p["severity"] == "error"] == [], source
    made = editor.get("/policies/pack/own.json").json()["text"]
    assert "then: flag" in made
    assert "EX-1" not in made
    assert "EX-1" in editor.get("/policies/pack/cn-privacy.json").json()["text"]


def test_rules_that_use_a_list_are_named_by_their_titles(site: Site) -> None:
    editor = site.who("editor", name="reads-names")
    for path in ("/policies/lists", "/policies/list/base/self_harm", "/policies/answer/self-harm"):
        assert ">Self-harm: offer help</a>" in editor.get(path).text, path
