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
