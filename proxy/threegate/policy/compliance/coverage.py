"""Coverage: taxonomy category × layer × rules and tests, what is only recorded, and the gaps. A
rule counts for a category if its `why` names the category, or if a kind that it looks for serves
the category and its `why` names the same taxonomy at all (so that a rule does not claim standards
that its author never meant). A rule that only records covers nothing: it is counted apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from threegate.policy.actions import then_action
from threegate.policy.compile import layered
from threegate.policy.compliance.taxonomy import Category, Taxonomy
from threegate.policy.kinds import KIND_INFOS
from threegate.policy.language.load import Bundle
from threegate.policy.language.vocabulary import LAYER
from threegate.policy.model import Mode
from threegate.policy.schema import AnyRule, ConstraintRule, Rule
from threegate.policy.strictness.compare import includes
from threegate.types import Action, Bilingual, Layer

ENOUGH_TESTS = 2
"""Below this a cell is thin: one test cannot show both a hit and a miss."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Rules of one category on one layer, those that only record apart, and the tests of both."""

    rules: tuple[str, ...] = ()
    recording: tuple[str, ...] = ()
    tests: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    category: Category
    cells: tuple[tuple[Layer, Cell], ...]

    @property
    def tests(self) -> int:
        return sum(cell.tests for _, cell in self.cells)

    @property
    def covered(self) -> bool:
        return any(cell.rules for _, cell in self.cells)

    @property
    def recorded(self) -> bool:
        """Whether rules serve the category and none of them acts."""
        return not self.covered and any(cell.recording for _, cell in self.cells)

    @property
    def empty(self) -> bool:
        return not (self.covered or self.recorded)


@dataclass(frozen=True, slots=True)
class Matrix:
    taxonomy: Taxonomy
    rows: tuple[Row, ...]

    @property
    def covered(self) -> int:
        return sum(row.covered for row in self.rows)

    @property
    def recorded(self) -> tuple[Category, ...]:
        """Categories whose rules only record."""
        return tuple(row.category for row in self.rows if row.recorded)

    @property
    def gaps(self) -> tuple[Category, ...]:
        """Categories that no rule serves."""
        return tuple(row.category for row in self.rows if row.empty)

    def gaps_on(self, layer: Layer) -> tuple[Category, ...]:
        """Categories that no rule of this layer serves."""
        cells = ((row.category, dict(row.cells)[layer]) for row in self.rows)
        return tuple(category for category, cell in cells if not (cell.rules or cell.recording))


def coverage(bundle: Bundle, taxonomy: Taxonomy) -> Matrix:
    """The matrix of one bundle; rules that are off do not count."""
    rules = [rule for rule, _ in layered(bundle) if rule.mode is not Mode.OFF]
    served = [(rule, serves(rule, taxonomy)) for rule in rules]
    rows = tuple(Row(c, tuple(_cells(served, c))) for c in taxonomy.categories)
    return Matrix(taxonomy, rows)


def _cells(
    served: list[tuple[AnyRule, frozenset[str]]], category: Category
) -> Iterator[tuple[Layer, Cell]]:
    for layer in Layer:
        fit = [r for r, categories in served if r.layer is layer and category.id in categories]
        tests = sum(len(r.tests.match) + len(r.tests.no_match) for r in fit)
        acting, recording = (tuple(r.id for r in fit if acts(r) is does) for does in (True, False))
        yield layer, Cell(acting, recording, tests)


def acts(rule: AnyRule) -> bool:
    """Whether a hit has an effect on some call beyond its record."""
    if rule.mode is not Mode.ENFORCE or rule.rollout == 0:
        return False
    return isinstance(rule, ConstraintRule) or then_action(rule.then) > Action.FLAG


def serves(rule: AnyRule, taxonomy: Taxonomy) -> frozenset[str]:
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
    """A table for a terminal: rules per layer and tests (`!` no rule, `r` only recorded, `~` too
    few tests), then what is only recorded, and the gaps, overall and for each layer."""
    heads = Bilingual("输入  约束  输出  测试", "input constr output tests").get(language)
    title = f"{matrix.taxonomy.title.get(language)}: {matrix.covered}/{len(matrix.rows)}"
    lines = [title, f"{heads}  {Bilingual('类别', 'category').get(language)}"]
    lines += [_line(row, language) for row in matrix.rows]
    lines += [
        f"{c.id} {c.title.get(language)}: {c.control.get(language)}"
        for c in matrix.gaps
        if c.control
    ]
    lines += _gaps(ONLY_RECORDED.get(language), matrix.recorded)
    lines += _gaps(NO_RULE.get(language), matrix.gaps)
    for layer in Layer:
        what = NONE_ON.get(language).format(LAYER[layer].get(language))
        lines += _gaps(what, matrix.gaps_on(layer))
    return "\n".join(lines)


ONLY_RECORDED = Bilingual("只记录", "only recorded")
NO_RULE = Bilingual("没有规则", "no rule")
NONE_ON = Bilingual("{}没有规则", "no rule in the {} layer")


_MARKS = {"empty": "!", "recorded": "r", "thin": "~", "full": " "}


def state(row: Row) -> str:
    """How well a category is served, in a word."""
    if row.empty or row.recorded:
        return "empty" if row.empty else "recorded"
    return "thin" if row.tests < ENOUGH_TESTS else "full"


def _gaps(what: str, gaps: Sequence[Category]) -> Iterator[str]:
    if gaps:
        yield f"{what} ({len(gaps)}): {', '.join(category.id for category in gaps)}"


def _line(row: Row, language: str) -> str:
    counts = [len(cell.rules) + len(cell.recording) for _, cell in row.cells]
    cells = " ".join(f"{count or '-':>5}" for count in counts)
    title = f"{row.category.id} {row.category.title.get(language)}"
    return f"{cells} {row.tests:>5} {_MARKS[state(row)]} {title}"
