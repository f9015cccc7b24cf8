"""The part of a rule's form that says what the rule looks for: kinds, and the rule's own word list,
number format or category, which are parts of the pack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.comments import CommentedMap

from threegate.console.forms.number_format import check_digits_of, pattern_of
from threegate.console.forms.rule_form import define, find_rule, looked_at, part_of
from threegate.console.yaml_values import check_one_column, lines, set_list, texts, ticked
from threegate.policy.language.patterns import PatternError
from threegate.policy.language.shapes import plain

OWN = (("lists", "list"), ("detectors", "pattern"), ("detectors", "category"))
"""Parts of a pack that a rule can define itself, with the family of their kinds."""
EXPECT = ("match", "no_match")


@dataclass(frozen=True, slots=True)
class _Own:
    """A part of the pack that a rule defines itself; without `spec` it does not exist yet."""

    part: str
    family: str
    name: str
    spec: CommentedMap | None

    @property
    def kind(self) -> str:
        return f"{self.family}.{self.name}"


def _own_parts(document: CommentedMap, rule: CommentedMap) -> Iterator[_Own]:
    """One for each of `OWN`."""
    for part, family in OWN:
        name = _own_name(document, rule, part, family)
        yield _Own(part, family, name, _own_spec(document, part, family, name))


def own_pieces(text: str, rule_id: str) -> set[str]:
    """The rule, the definitions that its form writes, and what belongs to no part of the pack; the
    form shows problems of these. Raises ConsoleError."""
    document = looked_at(text)
    rule = find_rule(document, rule_id)
    return {"", rule_id, *(f"{own.part}/{own.name}" for own in _own_parts(document, rule))}


def owners(text: str) -> dict[str, str]:
    """The rule in whose form each definition of the pack is written. Raises ConsoleError."""
    document = looked_at(text)
    return {
        f"{own.part}/{own.name}": str(rule["id"])
        for rule in document.get("rules", ())
        for own in _own_parts(document, rule)
        if own.spec is not None
    }


def _own_name(document: CommentedMap, rule: CommentedMap, part: str, family: str) -> str:
    """The rule's own list or detector in this file; a new name if it has none."""
    for kind in texts(part_of(rule, "detect").get("any")):
        head, _, name = kind.partition(".")
        if head == family and _own_spec(document, part, family, name) is not None:
            return name
    return re.sub(r"[^a-z0-9_]+", "_", str(rule["id"]).rpartition(".")[2].lower()) or "own"


def _own_spec(document: CommentedMap, part: str, family: str, name: str) -> CommentedMap | None:
    """A definition that the form can edit: a list with its words here, a pattern, a category."""
    spec = (document.get(part) or {}).get(name)
    needs = {"list": "words", "pattern": "regex", "category": "category"}[family]
    return spec if isinstance(spec, CommentedMap) and needs in spec else None


def read_detect(document: CommentedMap, rule: CommentedMap) -> dict[str, Any]:
    owned = list(_own_parts(document, rule))
    specs: dict[str, Mapping[str, Any]] = {own.family: own.spec or {} for own in owned}
    mine = {own.kind for own in owned if own.spec}
    detect = part_of(rule, "detect")
    category = part_of(specs["category"], "category")
    describe = part_of(category, "describe")
    return {
        "kinds": [k for k in texts(detect.get("any")) if k not in mine],
        "conditions": [key for key in detect if key not in ("any", "claims")],
        "words": "\n".join(texts(specs["list"].get("words"))),
        "matching": str(specs["list"].get("match", "substring")),
        "regex": str(specs["pattern"].get("regex", "")),
        "edges": bool(specs["pattern"].get("edges", True)),
        "check_digits": str(specs["pattern"].get("check_digits") or ""),
        "describe_zh": describe.get("zh", ""), "describe_en": describe.get("en", ""),
        "examples": "\n".join(texts(category.get("examples"))),
        "counter_examples": "\n".join(texts(category.get("counter_examples"))),
    }  # fmt: skip


def write_detect(
    document: CommentedMap, rule: CommentedMap, form: Mapping[str, str], before: Mapping[str, str]
) -> None:
    """`before`: the tests that the form showed, one per line, before this change."""
    kinds = ticked(form, "kind")
    taken = _examples({**form, **before})
    for own, spec in zip(_own_parts(document, rule), _own_specs(form), strict=True):
        if spec:
            define(document, own.part, own.name, _with_examples(own.spec, spec, taken))
            kinds.append(own.kind)
        elif own.spec is not None:
            _undefine(document, rule, own.part, own.kind)
    detect = rule.setdefault("detect", CommentedMap())
    set_list(detect, "any", kinds, keep_empty=not detect)


def _own_specs(form: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """What the form defines for each of `OWN`; empty: nothing."""
    check_one_column(form.get("words", ""))
    words = list(dict.fromkeys(" ".join(word.split()) for word in lines(form, "words")))
    examples = lines(form, "examples")
    described = any(form.get(n, "").strip() for n in ("describe_zh", "describe_en"))
    category = {
        "describe": {"zh": form.get("describe_zh", ""), "en": form.get("describe_en", "")},
        "examples": examples,
        "counter_examples": lines(form, "counter_examples"),
    }
    regex = form.get("regex", "").strip()
    pattern: dict[str, Any] = {"regex": regex, "examples": _examples(form)}
    pattern |= ({} if form.get("edges") else {"edges": False}) | check_digits_of(form)
    return (
        {"words": words, "match": form.get("matching") or "substring"} if words else {},
        pattern if regex else {},
        {"category": category} if examples or described else {},
    )


def _examples(form: Mapping[str, str]) -> dict[str, list[str]]:
    return {expect: _matching(form, expect) for expect in EXPECT}


def _matching(form: Mapping[str, str], expect: str) -> list[str]:
    """The tests of the form that its pattern already satisfies, which make good examples."""
    try:
        pattern = pattern_of(form)
    except PatternError:
        return []
    wanted = expect == "match"
    return [line for line in lines(form, expect) if any(pattern.find(line)) is wanted]


def _with_examples(
    known: CommentedMap | None, spec: dict[str, Any], taken: dict[str, list[str]]
) -> dict[str, Any]:
    """An unchanged pattern keeps its author's examples; a new one gets those of the form. Examples
    that the form took from the tests (`taken`) change with the tests, unless none would be left;
    the tests then show what is wrong."""
    if known is None or "regex" not in spec:
        return spec
    form = {"regex": "", "edges": True, "check_digits": None}
    same = all(known.get(key, usual) == spec.get(key, usual) for key, usual in form.items())
    examples = plain(known.get("examples") or {})
    stays = same and _complete(examples) and not (examples == taken and _complete(spec["examples"]))
    for key in form:
        if key not in spec:
            known.pop(key, None)
    return {k: v for k, v in spec.items() if not (stays and k == "examples")}


def _complete(examples: Mapping[str, Any]) -> bool:
    return all(examples.get(expect) for expect in EXPECT)


def drop_unused(document: CommentedMap, rule: CommentedMap, elsewhere: str) -> None:
    """Removes parts that only the deleted rule used and that neither another rule of the pack nor
    `elsewhere` (the text of the other packs) uses."""
    named = texts(part_of(rule, "detect").get("any"))
    for own in _own_parts(document, rule):
        if own.spec is not None and own.kind in named and own.kind not in elsewhere:
            _undefine(document, rule, own.part, own.kind)


def _undefine(document: CommentedMap, rule: CommentedMap, part: str, kind: str) -> None:
    """Removed with its last user."""
    others = (r for r in document.get("rules", ()) if r is not rule)
    if any(kind in str(r) for r in others):
        return
    del document[part][kind.partition(".")[2]]
    if not document[part]:
        del document[part]
