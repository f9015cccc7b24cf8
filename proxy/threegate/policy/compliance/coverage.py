"""Coverage: taxonomy category × layer × rules and tests, and the gaps. A rule counts for a category
if its `why` names the category, or if a kind that it looks for serves the category and its `why`
names the same taxonomy at all (so that a rule does not claim standards that its author never
meant).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from threegate.policy.compile import layered
from threegate.policy.compliance.taxonomy import Category, Taxonomy
from threegate.policy.kinds import KIND_INFOS
from threegate.policy.language.load import Bundle
from threegate.policy.language.vocabulary import LAYER
from threegate.policy.schema import ConstraintRule, Rule
from threegate.policy.strictness.compare import includes
from threegate.types import Bilingual, Layer

ENOUGH_TESTS = 2
"""Below this a cell is thin: one test cannot show both a hit and a miss."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Rules and tests of one category on one layer."""

    rules: tuple[str, ...] = ()
    tests: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    category: Category
    cells: tuple[tuple[Layer, Cell], ...]

    @property
    def tests(self) -> int:
        return sum(cell.tests for _, cell in self.cells)

    @property
    def empty(self) -> bool:
        return not any(cell.rules for _, cell in self.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    taxonomy: Taxonomy
    rows: tuple[Row, ...]

    @property
    def covered(self) -> int:
        return sum(not row.empty for row in self.rows)

    @property
    def gaps(self) -> tuple[Category, ...]:
        """Categories that no rule serves."""
        return tuple(row.category for row in self.rows if row.empty)

    def gaps_on(self, layer: Layer) -> tuple[Category, ...]:
        """Categories that no rule of this layer serves."""
        return tuple(row.category for row in self.rows if not dict(row.cells)[layer].rules)


def coverage(bundle: Bundle, taxonomy: Taxonomy) -> Matrix:
    """The matrix of one bundle; rules that are off do not count."""
    rules = [rule for rule, _ in layered(bundle) if rule.mode.value != "off"]
    served = [(rule, serves(rule, taxonomy)) for rule in rules]
    rows = tuple(Row(c, tuple(_cells(served, c))) for c in taxonomy.categories)
    return Matrix(taxonomy, rows)


def _cells(
    served: list[tuple[Rule | ConstraintRule, frozenset[str]]], category: Category
) -> Iterator[tuple[Layer, Cell]]:
    for layer in Layer:
        fit = [r for r, categories in served if r.layer is layer and category.id in categories]
        tests = sum(len(r.tests.match) + len(r.tests.no_match) for r in fit)
        yield layer, Cell(tuple(r.id for r in fit), tests)


def serves(rule: Rule | ConstraintRule, taxonomy: Taxonomy) -> frozenset[str]:
    """Categories of a taxonomy that a rule serves."""
    prefix = taxonomy.id + "."
    named = {why for why in rule.why if why.startswith(prefix)}
    if named and isinstance(rule, Rule):
        wanted = (*rule.detect.any, *rule.detect.all, *(("claim",) if rule.detect.claims else ()))
        for info in KIND_INFOS:
            if any(includes(kind, info.kind) for kind in wanted):
                named.update(why for why in info.why if why.startswith(prefix))
    return frozenset(named)


def matrix_text(matrix: Matrix, language: str) -> str:
    """A table for a terminal: rules per layer and tests (`!` no rule, `~` too few tests), then the
    gaps, overall and for each layer."""
    heads = Bilingual("输入  约束  输出  测试", "input constr output tests").get(language)
    title = f"{matrix.taxonomy.title.get(language)}: {matrix.covered}/{len(matrix.rows)}"
    lines = [title, f"{heads}  {Bilingual('类别', 'category').get(language)}"]
    lines += [_line(row, language) for row in matrix.rows]
    lines += [
        f"{c.id} {c.title.get(language)}: {c.control.get(language)}"
        for c in matrix.gaps
        if c.control
    ]
    lines += _gaps(NO_RULE.get(language), matrix.gaps)
    for layer in Layer:
        what = NONE_ON.get(language).format(LAYER[layer].get(language))
        lines += _gaps(what, matrix.gaps_on(layer))
    return "\n".join(lines)


NO_RULE = Bilingual("没有规则", "no rule")
NONE_ON = Bilingual("{}没有规则", "no rule in the {} layer")


def _gaps(what: str, gaps: Sequence[Category]) -> Iterator[str]:
    if gaps:
        yield f"{what} ({len(gaps)}): {', '.join(category.id for category in gaps)}"


def _line(row: Row, language: str) -> str:
    counts = [len(cell.rules) for _, cell in row.cells]
    cells = " ".join(f"{count or '-':>5}" for count in counts)
    mark = "!" if row.empty else ("~" if row.tests < ENOUGH_TESTS else " ")
    return f"{cells} {row.tests:>5} {mark} {row.category.id} {row.category.title.get(language)}"
