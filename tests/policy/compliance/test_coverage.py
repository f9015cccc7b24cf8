"""Coverage counts what rules say they are for, and names what is empty."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate.policy.compliance.coverage import coverage, matrix_text, state
from threegate.policy.compliance.taxonomy import GBT45654, TAXONOMIES
from threegate.policy.language.load import load_bundle
from threegate.policy.lifecycle.store import DirTree
from threegate.types import Layer

from tests.policy.packs import GOOD, spoiled, tree

CNLABEL, MLCOMMONS, OWASP = (
    next(t for t in TAXONOMIES if t.id == id) for id in ("cnlabel", "mlcommons", "owasp")
)
ENFORCED = ("mode: shadow", "mode: enforce")
SHOP = load_bundle(tree(spoiled(ENFORCED)), ["shop"])
RECORDING = GOOD[GOOD.index("  - id: help") : GOOD.index("  - id: facts")]


def test_rows_cells_and_gaps() -> None:
    matrix = coverage(SHOP, MLCOMMONS)
    row = next(r for r in matrix.rows if r.category.id == "mlcommons.ssh")
    cell = dict(row.cells)[Layer.INPUT]
    assert (cell.rules, cell.recording, cell.tests) == (("help",), (), 4)
    assert (row.empty, row.recorded, state(row)) == (False, False, "full")
    assert (matrix.covered, matrix.recorded) == (1, ())
    assert "mlcommons.ssh" not in {c.id for c in matrix.gaps}


@pytest.mark.parametrize(
    "records",
    [
        ("mode: enforce", "mode: shadow"),
        ("mode: enforce", "rollout: 0"),
        ("{answer: {use: help}}", "flag"),
    ],
)
def test_rules_that_only_record_cover_nothing(records: tuple[str, str]) -> None:
    written = spoiled(ENFORCED, records)
    matrix = coverage(load_bundle(tree(written), ["shop"]), MLCOMMONS)
    row = next(r for r in matrix.rows if r.category.id == "mlcommons.ssh")
    assert (dict(row.cells)[Layer.INPUT].rules, row.tests) == ((), 4)
    assert dict(row.cells)[Layer.INPUT].recording == ("help",)
    assert (matrix.covered, [c.id for c in matrix.recorded]) == (0, ["mlcommons.ssh"])
    assert "mlcommons.ssh" not in {c.id for c in matrix.gaps}
    text = matrix_text(matrix, "en")
    assert "MLCommons" in text.split("\n")[0]
    assert ": 0/" in text.split("\n")[0]
    assert "only recorded (1): mlcommons.ssh" in text
    assert "只记录 (1): mlcommons.ssh" in matrix_text(matrix, "zh")
    assert any(" r mlcommons.ssh" in line for line in text.split("\n"))


def test_one_rule_that_acts_covers_the_category() -> None:
    """Other rules that only record stay named."""
    also = RECORDING.replace("id: help", "id: also").replace("{answer: {use: help}}", "flag")
    made = load_bundle(tree(spoiled(ENFORCED, ("bindings:\n", also + "bindings:\n"))), ["shop"])
    row = next(r for r in coverage(made, MLCOMMONS).rows if r.category.id == "mlcommons.ssh")
    cell = dict(row.cells)[Layer.INPUT]
    assert (cell.rules, cell.recording, row.covered) == (("help",), ("also",), True)


def test_rules_that_are_off_cover_nothing() -> None:
    off = load_bundle(tree(spoiled(("mode: shadow", "mode: off"))), ["shop"])
    assert coverage(off, MLCOMMONS).covered == 0


def test_a_taxonomy_that_the_author_did_not_name_is_not_claimed() -> None:
    assert coverage(SHOP, GBT45654).covered == 0


def test_the_table_names_what_is_empty() -> None:
    text = matrix_text(coverage(SHOP, OWASP), "en")
    assert "no rule (9): owasp.llm01" in text
    assert "no rule in the input layer (" in text
    shown = next(line for line in text.split("\n") if "input layer" in line)
    assert "owasp.llm09" in shown  # its only rule stands in the output layer
    assert "owasp.llm09 misinformation" in text


def test_what_serves_a_category_beside_rules_is_said() -> None:
    assert "cnlabel.9" in {c.id for c in coverage(SHOP, CNLABEL).gaps}
    shown = matrix_text(coverage(SHOP, CNLABEL), "zh")
    assert "cnlabel.9 不含显式标识的提供与记录: 策略包的 unlabelled" in shown
    assert "beside" not in shown


def test_the_gbt_pack_covers_all_31_risks_and_owasp_what_it_says() -> None:
    folder = DirTree(Path(__file__).parents[3] / "policies")
    assert coverage(load_bundle(folder, ["cn-gbt45654"]), GBT45654).covered == 31
    gaps = coverage(load_bundle(folder, ["owasp-llm"]), OWASP).gaps
    assert {c.id for c in gaps} == {"owasp.llm03", "owasp.llm04"}
