from __future__ import annotations

from threegate.console.content.knowledge import checks_of
from threegate.console.presenters.fact_checks import fact_check, source_title

from tests.console.content.test_knowledge import PACK, loaded


def test_a_fact_check_in_words() -> None:
    (rule,) = checks_of(loaded(PACK.replace("on_no_source: allow", "on_no_source: flag")).packs)
    shown = fact_check(rule, "zh")
    assert shown["sources"] == ["工具结果", "products"]
    assert [o["action"] for o in shown["outcomes"]] == ["block", "flag", "flag"]
    assert source_title("knowledge", "en") == "every knowledge base"


def test_what_is_not_written_has_its_default() -> None:
    then = "then: {on_contradicted: block, on_unsupported: flag, on_no_source: allow}"
    (rule,) = checks_of(loaded(PACK.replace(then, "then: {on_contradicted: allow}")).packs)
    actions = [o["action"] for o in fact_check(rule, "en")["outcomes"]]
    assert actions == ["allow", "annotate", "flag"]
