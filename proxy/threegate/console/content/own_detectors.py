"""The policy's own detectors: patterns, categories by examples, and recognizers in Presidio's
format, as shown on pages and as filled in by people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from threegate.console.content.files import NAME
from threegate.console.errors import refusal
from threegate.console.forms.number_format import check_digits_of
from threegate.console.forms.rule_form import define, dumped, opened
from threegate.console.yaml_values import lines
from threegate.policy.compile import layered
from threegate.policy.language.load import Bundle
from threegate.policy.model.callers import matches
from threegate.policy.schema import DetectorSpec, Rule

PATTERN, CATEGORY = "pattern", "category"
COLUMNS = (
    "name", "regex", "edges", "check_digits", "level", "match", "no_match",
    "describe_zh", "describe_en", "examples", "counter_examples",
)  # fmt: skip
"""The fields of the form, and of the table."""


@dataclass(frozen=True, slots=True)
class OwnDetector:
    name: str
    pack: str
    spec: DetectorSpec = field(repr=False)
    used: tuple[str, ...] = ()
    """Ids of the rules that look for it."""

    @property
    def sort(self) -> str:
        return PATTERN if self.spec.regex else CATEGORY

    @property
    def kind(self) -> str:
        return f"{self.sort}.{self.name}"


def detectors_of(bundle: Bundle) -> list[OwnDetector]:
    found = []
    for pack in bundle.packs:
        for name, spec in pack.detectors.items():
            made = OwnDetector(str(name), pack.pack, spec)
            found.append(replace(made, used=users(bundle, made.kind)))
    return found


def users(bundle: Bundle, kind: str) -> tuple[str, ...]:
    """Ids of the rules that act on a kind, by its own name or that of a family it belongs to."""
    return tuple(rule.id for rule in rules_for(bundle, kind))


def rules_for(bundle: Bundle, kind: str) -> list[Rule]:
    every = (rule for rule, _ in layered(bundle) if isinstance(rule, Rule))
    return [r for r in every if any(matches(k, kind) for k in (*r.detect.any, *r.detect.all))]


def fields_of(name: str, spec: DetectorSpec | None) -> dict[str, str]:
    """The form of a detector; empty fields for a new one."""
    spec = spec or DetectorSpec()
    category = spec.category
    texts = {
        "match": spec.examples.match,
        "no_match": spec.examples.no_match,
        "examples": category.examples if category else (),
        "counter_examples": category.counter_examples if category else (),
    }
    return {
        "name": name,
        "regex": str(spec.regex or ""),
        "edges": "on" if spec.edges else "",
        "check_digits": spec.check_digits.value if spec.check_digits else "",
        "level": spec.level.name.lower(),
        "describe_zh": category.describe.zh if category else "",
        "describe_en": category.describe.en if category else "",
        **{key: "\n".join(map(str, values)) for key, values in texts.items()},
    }


def with_detector(text: str, form: Mapping[str, str]) -> str:
    """The pack with a detector defined or changed. Raises ConsoleError."""
    name = form.get("name", "").strip()
    if not NAME.fullmatch(name):
        raise refusal("name")
    spec = _spec(form)
    if not spec:
        raise refusal("detector")
    document = opened(text)
    known = define(document, "detectors", name, spec)
    for key in [key for key in known if key not in spec]:
        del known[key]
    return dumped(document)


def _spec(form: Mapping[str, str]) -> dict[str, Any]:
    regex = form.get("regex", "").strip()
    if regex:
        level, edges = form.get("level") or "high", bool(form.get("edges"))
        if level not in ("low", "medium", "high"):
            raise refusal("level")
        examples = {e: lines(form, e) for e in ("match", "no_match")}
        spec: dict[str, Any] = {"regex": regex, "examples": examples}
        return (
            spec
            | ({} if level == "high" else {"level": level})
            | ({} if edges else {"edges": False})
            | check_digits_of(form)
        )
    texts = {language: form.get(f"describe_{language}", "").strip() for language in ("zh", "en")}
    if not any(texts.values()):
        return {}
    examples = {e: lines(form, e) for e in ("examples", "counter_examples")}
    return {"category": {"describe": texts, **examples}}


def without(text: str, part: str, name: str) -> str:
    """The pack without one of its lists, detectors or bases. Raises ConsoleError."""
    document = opened(text)
    if name not in (document.get(part) or {}):
        raise refusal("missing")
    del document[part][name]
    if not document[part]:
        del document[part]
    return dumped(document)
