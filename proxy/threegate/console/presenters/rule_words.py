"""A rule in words: each key that is written, with its name and its value in readable form.

Names come from the schema's own descriptions and values from the vocabulary, so new keys of the
language are shown without changes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, is_dataclass
from enum import Enum
from itertools import repeat
from typing import Any

from threegate.console.presenters import labels
from threegate.console.presenters.fact_checks import source_title
from threegate.console.presenters.punctuation import aside, clauses, labelled, listed
from threegate.i18n.catalog import texts
from threegate.policy.actions import title_of
from threegate.policy.compliance.taxonomy import BY_ID
from threegate.policy.language.load import Bundle
from threegate.policy.language.recognizers import entity, kind_of
from threegate.policy.language.shapes import description, key_of, specs
from threegate.policy.language.vocabulary import MATCH, VOCABULARY, kind_named, kind_title
from threegate.policy.model import EVERYONE, Clamp, SecondOpinion, Selector, When
from threegate.policy.schema import AnyRule, ConstraintRule, DetectorSpec, ListSpec, Rule, Then
from threegate.types import Action, Bilingual

APART = ("id", "tests")
"""Keys that a page shows elsewhere."""
HEADING = ("title", "owner", "why", "layer", "mode", "review_by")
MOST_WORDS = 30
KINDS = ("any", "all", "none")
LABELS = texts("console", "rule_keys")
"""Names of keys whose description begins with their values or is too long."""
_CHECK_DIGITS = Bilingual("校验码", "check digits")
_CONTEXT_WORDS = Bilingual("上下文词", "context words")
_SHORT = re.compile(r"[；;，,：:（(]")


Rows = dict[str, tuple[str, str]]
"""Label and value by key."""


def rule_rows(rule: AnyRule, language: str) -> Rows:
    """Each key that is set, in the order of the schema; what a constraint sets one by one."""
    rows = spec_rows(rule, language, APART)
    if isinstance(rule, ConstraintRule):
        del rows["then"]
        rows |= spec_rows(rule.then, language, ("clamp",))
        rows |= {f"clamp.{n}": _bounds(n, c, language) for n, c in rule.then.clamp.items()}
    return rows


def _bounds(parameter: str, clamp: Clamp, language: str) -> tuple[str, str]:
    return aside(LABELS["clamp"].get(language), parameter, language), _written(clamp, language)


def spec_rows(thing: Any, language: str, apart: Iterable[str] = ()) -> Rows:
    """Each key that is set of an object of the schema, in its order."""
    return {
        key_of(spec): (_label(type(thing), spec, language), value)
        for spec in specs(type(thing))
        if spec.name not in apart
        and (value := _named_value(spec.name, getattr(thing, spec.name), language))
    }


def word_rows(rule: AnyRule, bundle: Bundle, language: str) -> list[dict[str, str]]:
    """Everything that a rule's page shows beyond its heading and its reasons."""
    rows = rule_rows(rule, language) | definition_rows(rule, (bundle,), language)
    shown = (row for key, row in rows.items() if key not in HEADING)
    return [{"label": label, "before": "", "after": value} for label, value in shown]


def definition_rows(
    rule: AnyRule, bundles: Iterable[Bundle], language: str
) -> dict[str, tuple[str, str]]:
    """The words, patterns and examples of the rule's own kinds; the text of a constitution."""
    if not isinstance(rule, Rule):
        return _constitution(rule, bundles, language)
    wanted = [*rule.detect.any, *rule.detect.all, *rule.detect.none]
    found = {}
    for bundle in bundles:
        for pack in bundle.packs:
            named = {f"list.{n}": _words(bundle, s, language) for n, s in pack.lists.items()}
            for name, spec in pack.detectors.items():
                kind = f"{'pattern' if spec.regex else 'category'}.{name}"
                named[kind] = _defined(spec, language)
            for each in pack.recognizers:
                kind = kind_of(entity(each))
                named[kind] = " / ".join(
                    filter(None, (named.get(kind), _recognized(each, language)))
                )
            found.update({k: (kind_title(k).get(language), named[k]) for k in wanted if k in named})
    return found


def _constitution(
    rule: ConstraintRule, bundles: Iterable[Bundle], language: str
) -> dict[str, tuple[str, str]]:
    if rule.then.constitution is None:
        return {}
    file = rule.then.constitution.file
    text = next(filter(None, (b.text(file).strip() for b in bundles)), "")
    return {"constitution_text": (LABELS["constitution_text"].get(language), text)}


def _defined(spec: DetectorSpec, language: str) -> str:
    """A pattern with its check digits, or the sentences of a category; a draft may lack both."""
    if not spec.regex:
        return _written(spec.category, language) if spec.category else ""
    if not spec.check_digits:
        return spec.regex
    digits = value_words(spec.check_digits, language)
    return clauses([spec.regex, labelled(_CHECK_DIGITS.get(language), digits, language)], language)


def _recognized(data: Mapping[str, Any], language: str) -> str:
    """The patterns and words of a recognizer, each with its score."""
    score = data.get("deny_list_score", 1.0)
    scored = [(p.get("regex"), p.get("score")) for p in data.get("patterns") or ()]
    scored += [(word, score) for word in data.get("deny_list") or ()]
    found = listed([f"{text} ({score})" for text, score in scored], language)
    if not (context := list(map(str, data.get("context") or ()))):
        return found
    words = labelled(_CONTEXT_WORDS.get(language), listed(context, language), language)
    return clauses([found, words], language)


def _words(bundle: Bundle, spec: ListSpec, language: str) -> str:
    """The first words of a list written in its pack, for a file only the number; and how they
    match."""
    match = MATCH[spec.match].get(language)
    if spec.file:
        count = len(bundle.words(spec.file))
        more = f"{count} 个词；{match}" if language == "zh" else f"{count} words; {match}"
        return aside(spec.file, more, language)
    more = f" … ({len(spec.words)})" if len(spec.words) > MOST_WORDS else ""
    words = listed([str(w) for w in spec.words[:MOST_WORDS]], language) + more
    return aside(words, match, language)


def _label(kind: type, spec: Field[Any], language: str) -> str:
    if spec.name in LABELS:
        return LABELS[spec.name].get(language)
    return _SHORT.split(description(kind, spec).get(language))[0].strip()


def _named_value(name: str, value: Any, language: str) -> str:
    if name == "why":
        return listed([_reason(id, language) for id in value], language)
    if name == "sources":
        return listed([source_title(source, language) for source in value], language)
    if isinstance(value, When):
        return _scope(value, language)
    if name in KINDS:
        return listed([kind_named(kind).get(language) for kind in value], language)
    return value_words(value, language)


def _scope(when: When, language: str) -> str:
    """For whom a rule is; one that only excludes is for everybody else."""
    parts = [LABELS["everybody"].get(language)] if when != EVERYONE and not _narrowed(when) else []
    return clauses([*parts, _written(when, language)], language)


def _narrowed(when: When) -> bool:
    return any(getattr(when, spec.name) for spec in specs(Selector))


def _reason(id: str, language: str) -> str:
    return aside(BY_ID[id].title.get(language), id, language) if id in BY_ID else id


def value_words(value: Any, language: str) -> str:
    """A value of the policy language in words; empty if it has no content."""
    if value is None or value in ("", (), {}):
        return ""
    match value:
        case Bilingual():
            return f"{value.zh} / {value.en}"
        case bool():
            return labels.name("yes", "yes" if value else "no", language)
        case Enum():
            return _enum(value, language)
        case float():
            return f"{value:.12g}"
        case Mapping():
            titles = (kind_named(kind).get(language) for kind in value)
            words = (value_words(inner, language) for inner in value.values())
            return listed(map(labelled, titles, words, repeat(language)), language)
        case list() | tuple():
            return listed([value_words(inner, language) for inner in value], language)
        case Then():
            return listed(list(_then(value, language)), language)
    return _written(value, language) if is_dataclass(value) else str(value)


def _enum(value: Enum, language: str) -> str:
    if isinstance(value, Action):
        return title_of(value).get(language)
    return VOCABULARY[type(value)][value].get(language)


def _then(then: Then, language: str) -> Iterator[str]:
    """The action by its own name; an option follows it in brackets. Outcomes of a fact check come
    before how they annotate."""
    for spec in sorted(specs(Then), key=lambda s: not isinstance(getattr(then, s.name), Action)):
        value = getattr(then, spec.name)
        if isinstance(value, Action):
            yield labelled(_label(Then, spec, language), _enum(value, language), language)
        elif value is not None:
            options = _written(value, language)
            title = title_of(Action[spec.name.upper()]).get(language)
            yield aside(title, options, language) if options else title


def _written(thing: Any, language: str) -> str:
    """What is written, or differs from its default, in a nested mapping; for a second opinion also
    the defaults, which decide whether the rule acts."""
    parts = []
    for spec in specs(type(thing)):
        value = getattr(thing, spec.name)
        default = spec.default_factory() if spec.default_factory is not MISSING else spec.default
        given = value != default or key_of(spec) in getattr(thing, "marks", ())
        given = given or isinstance(thing, SecondOpinion)
        if given and (words := _named_value(spec.name, value, language)):
            parts.append(labelled(_label(type(thing), spec, language), words, language))
    return clauses(parts, language)
