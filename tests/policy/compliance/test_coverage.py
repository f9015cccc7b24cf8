"""Coverage counts what rules say they are for, and names what is empty."""

from __future__ import annotations

from pathlib import Path

from threegate.policy.compliance.coverage import coverage, matrix_text
from threegate.policy.compliance.taxonomy import GBT45654, TAXONOMIES
from threegate.policy.language.load import load_bundle
from threegate.policy.lifecycle.store import DirTree
from threegate.types import Layer

from tests.policy.packs import spoiled, tree

CNLABEL, MLCOMMONS, OWASP = (
    next(t for t in TAXONOMIES if t.id == id) for id in ("cnlabel", "mlcommons", "owasp")
)
SHOP = load_bundle(tree(), ["shop"])


def test_rows_cells_and_gaps() -> None:
    matrix = coverage(SHOP, MLCOMMONS)
    row = next(r for r in matrix.rows if r.category.id == "mlcommons.ssh")
    cell = dict(row.cells)[Layer.INPUT]
    assert (cell.rules, cell.tests, row.empty) == (("help",), 4, False)
    assert matrix.covered == 1
    assert "mlcommons.ssh" not in {c.id for c in matrix.gaps}


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
