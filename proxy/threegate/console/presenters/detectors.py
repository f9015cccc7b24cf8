"""What can be detected, as pages show it: kinds by family, models, the policy's own detectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from threegate.console.content.own_detectors import OwnDetector, rules_for
from threegate.console.content.recognizers import OwnRecognizer
from threegate.console.kind_levels import level_of, named_in
from threegate.console.kind_samples import example_of, found_in_examples, samples_of
from threegate.console.presenters.highlights import Highlight, pieces
from threegate.console.presenters.policies import rule_row
from threegate.i18n.catalog import texts
from threegate.policy.compile import layered
from threegate.policy.compliance.taxonomy import BY_ID
from threegate.policy.kinds import BY_KIND, KIND_INFOS
from threegate.policy.language.load import Bundle
from threegate.policy.language.vocabulary import kind_title
from threegate.policy.schema import Rule
from threegate.policy.strictness.compare import includes
from threegate.types import Bilingual

NO_FINDING = ("constraint.", "failed.", "claim.supported")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A built-in model: the id of its detector and the kinds that only it finds."""

    id: str
    title: Bilingual
    about: Bilingual
    kinds: tuple[str, ...]


_TITLES, _PURPOSES = texts("console", "model_titles"), texts("console", "model_purposes")
_ALONE = {
    "guard": ("injection.direct", "injection.indirect", "hazard", "offensive", "compliance"),
    "entities": ("pii.person", "pii.org", "pii.dob", "pii.medical", "pii.account"),
    "claims": ("claim",),
}
MODELS = tuple(ModelInfo(id, _TITLES[id], _PURPOSES[id], kinds) for id, kinds in _ALONE.items())
_BY_THE_PROXY = (
    "leak",
    "format.json_schema",
    "format.language",
    "format.length",
    "claim.no_source",
)


def way_of(kind: str) -> str:
    """How a kind is found: pattern, model, proxy, judge or own."""
    family = kind.partition(".")[0]
    if family in ("list", "pattern", "category"):
        return "own"
    if family == "judge":
        return "judge"
    if any(includes(each, kind) for each in _BY_THE_PROXY):
        return "proxy"
    return "model" if model_of(kind) else "pattern"


def model_of(kind: str) -> ModelInfo | None:
    return next((m for m in MODELS if any(includes(k, kind) for k in m.kinds)), None)


def all_kinds() -> list[str]:
    """Every kind with a name, and those below an open family that some detector finds."""
    named = [i.kind for i in KIND_INFOS if not i.kind.startswith(NO_FINDING)]
    below = sorted(k for k in found_in_examples() if k not in BY_KIND)
    return [*named, *below]


def kind_groups(bundle: Bundle, running: frozenset[str], language: str) -> list[dict[str, Any]]:
    """Kinds by family, each with an example and the rules that use it."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for kind in all_kinds():
        groups.setdefault(kind.partition(".")[0], []).append(
            kind_row(bundle, kind, running, language)
        )
    return [
        {"id": family, "title": kind_title(family).get(language), "items": rows}
        for family, rows in groups.items()
    ]


def kind_row(bundle: Bundle, kind: str, running: frozenset[str], language: str) -> dict[str, Any]:
    model = model_of(kind)
    return {
        "id": kind,
        "title": kind_title(kind).get(language),
        "example": example_of(kind, language),
        "way": way_of(kind),
        "here": model is None or model.id in running,
        "used": [rule.id for rule in rules_for(bundle, kind)],
    }


def model_rows(running: Mapping[str, Bilingual], language: str) -> list[dict[str, Any]]:
    """The built-in models, running here or not, then judges and third-party models."""
    rows = [
        {
            "title": m.title.get(language),
            "about": m.about.get(language),
            "here": m.id in running,
            "kinds": [k for k in all_kinds() if any(includes(f, k) for f in m.kinds)],
        }
        for m in MODELS
    ]
    known = {m.id for m in MODELS}
    for title in (title for id, title in running.items() if id not in known):
        about = "运维人员接入的模型" if language == "zh" else "a model that the operators connected"
        rows.append({"title": title.get(language), "about": about, "here": True, "kinds": []})
    return rows


def kind_page(bundle: Bundle, kind: str, running: frozenset[str], language: str) -> dict[str, Any]:
    """One kind: examples with the values marked, the taxonomies that require it, and the rules that
    use it."""
    info = BY_KIND.get(kind)
    using = rules_for(bundle, kind)
    packs = {rule.id: pack for rule, pack in layered(bundle)}
    return {
        "kind": kind_row(bundle, kind, running, language),
        "samples": [_marked(s.text, s.values, kind) for s in samples_of(kind, language)],
        "why": [BY_ID[w].title.get(language) for w in (info.why if info else ()) if w in BY_ID],
        "rules": [
            rule_row(rule, packs[rule.id], {}, language)
            | {
                "kind_level": level_of(rule, kind).name.lower(),
                "own_level": rule.detect.levels[kind].name.lower()
                if kind in rule.detect.levels
                else "",
                "named": named_in(rule, kind),
            }
            for rule in using
        ],
        "more": [
            {"id": rule.id, "title": rule.title.get(language)}
            for rule in _could_use(bundle, {r.id for r in using})
        ],
    }


def _could_use(bundle: Bundle, using: Iterable[str]) -> list[Rule]:
    every = (rule for rule, _ in layered(bundle) if isinstance(rule, Rule))
    return [r for r in every if r.detect.any and r.id not in using]


def _marked(text: str, values: Iterable[str], kind: str) -> list[dict[str, str]]:
    marks, start = [], 0
    for value in values:
        at = text.find(value, start)
        if at >= 0:
            start = at + len(value)
            marks.append(Highlight(at, start, kind, "", ""))
    return pieces(text, marks)


def own_row(found: OwnDetector, language: str) -> dict[str, Any]:
    spec = found.spec
    return {
        "name": found.name,
        "pack": found.pack,
        "sort": found.sort,
        "kind": found.kind,
        "what": str(spec.regex or (spec.category.describe.get(language) if spec.category else "")),
        "used": list(found.used),
    }


def recognizer_row(found: OwnRecognizer) -> dict[str, Any]:
    words = (*found.data.get("deny_list", ()), *found.data.get("context", ()))
    what = [str(p["regex"]) for p in found.data.get("patterns") or ()] or list(map(str, words))
    return {
        "name": found.name,
        "pack": found.pack,
        "kind": found.kind,
        "what": " · ".join(what),
        "used": list(found.used),
    }
