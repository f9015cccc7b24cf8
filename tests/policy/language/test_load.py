"""Bundles: extends, files, digests."""

from __future__ import annotations

from threegate.policy.language.load import DictTree, load_bundle

from tests.policy.packs import FILES, GOOD, tree

PACK = "pack: %s\ntitle: {zh: 包, en: Pack}\nextends: [%s]\n"


def files(**packs: str) -> DictTree:
    return DictTree({f"packs/{n}.yaml": (PACK % (n, base)).encode() for n, base in packs.items()})


def test_bases_come_first_and_once() -> None:
    bundle = load_bundle(files(a="b, c", b="d", c="d", d=""), ["a"])
    assert [p.pack for p in bundle.packs] == ["d", "b", "c", "a"]
    assert bundle.problems == ()


def test_a_loop_is_a_problem() -> None:
    found = load_bundle(files(a="b", b="a"), ["a"]).problems
    assert [p.code for p in found] == ["extends-cycle"]


def test_a_missing_base_is_named_where_it_is_asked_for() -> None:
    problem = load_bundle(files(a="b"), ["a"]).problems[0]
    assert (problem.code, str(problem.at)) == ("missing-file", "packs/a.yaml:3:11")


def test_the_digest_covers_every_file_that_was_read() -> None:
    before = load_bundle(tree(), ["shop"]).digest
    assert before == load_bundle(tree(more={"packs/other.yaml": b"x"}), ["shop"]).digest
    for path in FILES:
        assert before != load_bundle(tree(more={path: FILES[path] + b"!"}), ["shop"]).digest, path


def test_the_digest_does_not_depend_on_the_tree_but_on_content_and_names() -> None:
    bundle = load_bundle(tree(), ["shop"])
    assert bundle.digest == load_bundle(DictTree(bundle.files), ["shop"]).digest


def test_word_files() -> None:
    listed = GOOD.replace("words: [海燕计划, Project Petrel]", "file: lists/x.txt")
    text = "# 注释\r\n海燕计划\r\n\r\n  Project Petrel  \n".encode()
    bundle = load_bundle(tree(listed, {"lists/x.txt": text}), ["shop"])
    assert bundle.problems == ()
    assert bundle.words("lists/x.txt") == ("海燕计划", "Project Petrel")


def test_an_empty_word_file_is_a_problem() -> None:
    listed = GOOD.replace("words: [海燕计划, Project Petrel]", "file: lists/x.txt")
    bundle = load_bundle(tree(listed, {"lists/x.txt": b"# nothing\n"}), ["shop"])
    assert [p.code for p in bundle.problems] == ["empty-list"]


def test_a_draft_lies_over_the_folder() -> None:
    draft = DictTree(
        {"packs/shop.yaml": GOOD.replace("owner: privacy", "owner: dpo").encode()}, tree()
    )
    assert load_bundle(draft, ["shop"]).packs[0].rules[0].owner == "dpo"


TITLED = """
lists:
  filed: {title: {zh: 项目, en: Projects}, file: lists/filed.txt}
  bare: {file: lists/filed.txt}
  own: {words: [heron]}
  shared: {words: [egret]}
detectors:
  mine: {regex: 'T-[0-9]{4}'}
  topic:
    category:
      describe: {zh: 剂量, en: Doses}
      examples: [two pills, 两片]
      counter_examples: [a walk, 散步]
rules:
  - {id: a.one, title: {zh: 一, en: One}, detect: {any: [list.filed, list.bare, list.own, list.shared]}, %s}
  - {id: a.two, title: {zh: 二, en: Two}, detect: {any: [list.shared, pattern.mine]}, %s}
"""


def test_lists_and_detectors_are_called_as_titled_or_as_the_one_rule_that_uses_them() -> None:
    rest = "owner: x, why: [owasp.llm02], layer: input, where: [user], then: {flag: {}}, tests: {match: [a], no_match: [b]}"
    text = PACK % ("a", "") + TITLED % (rest, rest)
    titles = load_bundle(DictTree({"packs/a.yaml": text.encode()}), ["a"]).kind_titles
    named = {kind: title.en for kind, title in titles.items()}
    assert named == {
        "list.filed": "Projects",
        "list.own": "One",
        "pattern.mine": "Two",
        "category.topic": "Doses",
    }
