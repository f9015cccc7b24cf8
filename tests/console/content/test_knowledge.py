from __future__ import annotations

import pytest
from threegate.console.content.knowledge import Base, bases_of, document_path, with_files
from threegate.console.errors import ConsoleError
from threegate.policy.language.load import Bundle, DictTree, load_bundle

PACK = """\
pack: own
title: {zh: 甲, en: A}

knowledge:
  # asked for by sales
  products: {files: [knowledge/products.md]}

rules:
  - id: own.check
    title: {zh: 核查, en: Check}
    owner: legal
    why: [owasp.llm09]
    layer: output
    where: [content]
    detect: {claims: {sources: [tool_result, knowledge/products]}}
    then: {on_contradicted: block, on_unsupported: flag, on_no_source: allow}
"""


def loaded(text: str) -> Bundle:
    files = {"packs/own.yaml": text, "knowledge/products.md": "\n# Products\nTwo years.\n"}
    return load_bundle(DictTree({path: body.encode() for path, body in files.items()}), ("own",))


def only(bundle: Bundle) -> Base:
    (base,) = bases_of(bundle)
    return base


def test_a_base_knows_its_documents_and_its_rules() -> None:
    base = only(loaded(PACK))
    assert (base.name, base.pack, base.used) == ("products", "own", ("own.check",))
    assert [(d.name, d.title) for d in base.documents] == [("products.md", "Products")]
    everything = PACK.replace("knowledge/products]}}", "knowledge]}}")
    assert only(loaded(everything)).used == ("own.check",)
    assert only(loaded(PACK.replace(", knowledge/products]}}", "]}}"))).used == ()


def test_documents_come_and_go_with_the_comments_kept() -> None:
    more = with_files(PACK, "products", ["knowledge/products.md", "knowledge/价格.md"])
    changed = "{files: [knowledge/products.md, knowledge/价格.md]}"
    assert more == PACK.replace("{files: [knowledge/products.md]}", changed)
    new = with_files("pack: own\nrules: []\n", "faq", ["knowledge/faq.md"])
    assert new == "pack: own\nknowledge:\n  faq: {files: [knowledge/faq.md]}\nrules: []\n"
    assert "knowledge:" not in with_files(new, "faq", [])
    with pytest.raises(ConsoleError):
        with_files(PACK, "Not A Name", ["knowledge/x.md"])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("price list", "price-list.md"),
        ("收费标准（2026）.txt", "收费标准-2026-.txt"),
        ("a/../../b.md", "a-..-..-b.md"),
        ("..", ""),
        ("  ", ""),
        ("x" * 81, ""),
    ],
)
def test_a_name_becomes_a_file_of_the_policy(name: str, path: str) -> None:
    if path:
        assert document_path(name) == f"knowledge/{path}"
        return
    with pytest.raises(ConsoleError):
        document_path(name)
