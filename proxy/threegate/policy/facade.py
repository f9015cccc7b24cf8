"""One call for each operation that a shell needs: check packs, compile one, make a policy set.
`check` runs load and lint and compiles everything that is free of errors. Pure: the date comes in
as an ISO string (empty: checks that need a date are skipped).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from threegate.policy.compile import build
from threegate.policy.errors import broken
from threegate.policy.kinds import KINDS
from threegate.policy.language.load import Bundle, Tree, load_bundle
from threegate.policy.language.problems import Problem, errors
from threegate.policy.lint import lint
from threegate.policy.model import (
    ANYBODY,
    Binding,
    CompiledPolicy,
    KnownCallers,
    PolicySet,
    Selector,
)
from threegate.policy.strictness.compare import reached


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for some packs. `policies` is None if there is an error."""

    bundles: tuple[Bundle, ...]
    problems: tuple[Problem, ...]
    policies: PolicySet | None = field(default=None, repr=False)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return errors(self.problems)

    @property
    def files(self) -> dict[str, bytes]:
        return {path: content for b in self.bundles for path, content in b.files.items()}


def check(
    tree: Tree,
    names: Iterable[str],
    *,
    today: str = "",
    known: frozenset[str] = KINDS,
    callers: KnownCallers = ANYBODY,
) -> Checked:
    """Loads, lints and compiles. Packs with `bindings` serve their callers; the others together
    serve the rest."""
    plan = _plan(tree, tuple(names))
    linted = partial(lint, today=today, known=known, callers=callers)
    found = [p for b in plan.bundles for p in (*b.problems, *linted(b))]
    problems = tuple(dict.fromkeys(sorted(found, key=lambda p: (p.at, p.code))))
    if errors(problems):
        return Checked(plan.bundles, problems)
    return Checked(plan.bundles, problems, _policy_set(plan))


def compile_pack(tree: Tree, name: str, *, today: str = "") -> CompiledPolicy:
    """One pack with what it extends, whatever its bindings say. Raises PolicyError with every
    problem."""
    bundle = load_bundle(tree, [name])
    problems = (*bundle.problems, *lint(bundle, today=today, known=KINDS))
    if errors(problems):
        raise broken(problems)
    return build(bundle)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    bundles: tuple[Bundle, ...]
    policies: PolicySet


def rebuild(tree: Tree, names: Iterable[str]) -> Rebuilt:
    """A set that passed `check` before (a stored version); it is loaded again but not linted."""
    plan = _plan(tree, tuple(names))
    problems = tuple(p for b in plan.bundles for p in b.problems)
    if errors(problems):
        raise broken(problems)
    return Rebuilt(plan.bundles, _policy_set(plan))


@dataclass(frozen=True, slots=True)
class Served:
    """Some calls and the packs that they get. `reached`: no earlier one takes all of these
    calls."""

    selector: Selector
    bundle: Bundle = field(repr=False)
    reached: bool


def served(tree: Tree, names: Iterable[str]) -> tuple[Served, ...]:
    """Who gets which packs, in the order in which bindings are tried; also for packs with
    errors."""
    plan = _plan(tree, tuple(names))
    bundles = {bundle.names: bundle for bundle in plan.bundles}
    bound = [(selector, bundles[packs]) for selector, packs in plan.sets]
    use = reached([selector for selector, _ in bound])
    return tuple(Served(*each, used) for each, used in zip(bound, use, strict=True))


@dataclass(frozen=True, slots=True)
class _Plan:
    """`bound` are selectors with their packs, in order; packs without bindings make one policy for
    the rest."""

    bundles: tuple[Bundle, ...]
    bound: tuple[tuple[Selector, tuple[str, ...]], ...]
    rest: tuple[str, ...]

    @property
    def sets(self) -> list[tuple[Selector, tuple[str, ...]]]:
        """The packs for each binding, and for the calls that none takes."""
        return [*self.bound, *([(Selector(), self.rest)] if self.rest else [])]


def _plan(tree: Tree, names: tuple[str, ...]) -> _Plan:
    whole = load_bundle(tree, names)
    wanted = [pack for pack in whole.packs if pack.pack in names]
    bound = tuple((b.selector, b.packs) for pack in wanted for b in pack.bindings)
    binds = {pack.pack for pack in whole.packs if pack.bindings}
    rest = tuple(n for n in names if n not in binds)
    # One that only binds others serves nobody, but its file is part of a version.
    binding = ((pack.pack,) for pack in wanted if pack.bindings)
    served = [*(packs for _, packs in bound), *([rest] if rest else [])]
    groups = dict.fromkeys([*served, *binding])
    bundles = tuple(whole if group == names else load_bundle(tree, group) for group in groups)
    return _Plan(bundles or (whole,), bound, rest)


def _policy_set(plan: _Plan) -> PolicySet:
    policies = {bundle.names: build(bundle) for bundle in plan.bundles}
    digest = _digest([(selector, policies[names].digest) for selector, names in plan.sets])
    named = {names: replace(p, set_digest=digest) for names, p in policies.items()}
    return PolicySet(
        digest, tuple(Binding(selector, named[names]) for selector, names in plan.sets)
    )


def _digest(bindings: Iterable[tuple[Selector, str]]) -> str:
    shape = [[_shape(selector), digest] for selector, digest in bindings]
    return hashlib.sha256(json.dumps(shape, separators=(",", ":")).encode()).hexdigest()


def _shape(selector: Selector) -> list[list[str]]:
    parts = (selector.tenant, selector.key, selector.route, selector.model, selector.language)
    return [list(part) for part in parts]
