"""What the guided form offers: kinds with an example each, reasons, places, actions, answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from threegate.console.forms.number_format import schemes
from threegate.console.kind_samples import example_of
from threegate.console.presenters.fact_checks import SOURCES, source_title
from threegate.console.presenters.punctuation import labelled
from threegate.console.presenters.records import policies_of
from threegate.policy.actions import ACTIONS, ActionInfo
from threegate.policy.compliance.taxonomy import TAXONOMIES
from threegate.policy.kinds import KIND_INFOS
from threegate.policy.language.load import Bundle
from threegate.policy.language.recognizers import entity, kind_of
from threegate.policy.language.shapes import description, specs
from threegate.policy.language.vocabulary import CHANNEL, kind_title
from threegate.policy.model import PolicySet
from threegate.policy.schema import Rule, Then
from threegate.types import CLAIM_SUPPORTED, Action, Channel, Layer

CHANNELS = {
    Layer.INPUT: (
        Channel.USER,
        Channel.SYSTEM,
        Channel.ASSISTANT,
        Channel.TOOL_RESULT,
        Channel.TOOL_ARGUMENTS,
    ),
    Layer.OUTPUT: (Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS),
}
FAMILIES = ("pii.cn", "pii", "secret", "injection", "hazard", "offensive")
SUPPORTED = f".{CLAIM_SUPPORTED}"
NOT_OFFERED = ("claim.", "leak.", "format.json", "judge")
"""Kinds that need more than a form offers: sources, a constitution, a schema, a prompt."""
NOT_FOUND = ("constraint.", "failed.", "format.json", "claim.no_source", "claim.supported")
"""Kinds that are not findings in a text."""
MISSABLE = tuple(
    k for k in (*FAMILIES, *(i.kind for i in KIND_INFOS)) if not k.startswith(NOT_FOUND)
)


def choices(bundle: Bundle, chosen: Iterable[str], language: str) -> dict[str, Any]:
    """Everything that a guided form lets people choose, by field; `chosen` are kinds to offer in
    any case."""
    return {
        "kind_groups": _kind_groups(bundle, chosen, language),
        "why_groups": [
            {
                "title": t.title.get(language),
                "items": [{"id": c.id, "title": c.title.get(language)} for c in t.categories],
            }
            for t in TAXONOMIES
        ],
        "places": {
            layer.value: [{"id": c.value, "title": CHANNEL[c].get(language)} for c in channels]
            for layer, channels in CHANNELS.items()
        },
        "actions": [
            {"id": i.key, "title": _action(i, language), "layers": sorted(i.layers)}
            for i in ACTIONS
            if i.action is not Action.ALLOW
        ],
        "answers": sorted(answer_names(bundle)),
        "sources": _sources(bundle, language),
        "schemes": schemes(language),
    }


def _action(info: ActionInfo, language: str) -> str:
    """Its name, and what it does in words."""
    title = info.title.get(language)
    about = next(description(Then, spec) for spec in specs(Then) if spec.name == info.key)
    return title if about.get(language) == title else labelled(title, about.get(language), language)


def _sources(bundle: Bundle, language: str) -> list[dict[str, str]]:
    """What the fact check may compare an answer with: the usual places and each knowledge base."""
    bases = [f"knowledge/{name}" for pack in bundle.packs for name in pack.knowledge]
    known = dict.fromkeys([*SOURCES, *bases])
    return [{"id": each, "title": source_title(each, language)} for each in known]


def answer_names(bundle: Bundle) -> set[str]:
    """Curated replies that rules of these packs use."""
    every = (rule for pack in bundle.packs for rule in pack.rules)
    return {str(r.then.answer.use) for r in every if isinstance(r, Rule) and r.then.answer}


def judges(
    reported: Iterable[str], facts: bool, asked: str, language: str
) -> list[dict[str, str | bool]]:
    """Judges and their kinds that a rule may ask; for a fact check only those that judge claims.
    The judge that the rule asks is shown even if it is not connected."""
    known = sorted(kind for kind in reported if kind.startswith("judge."))
    claims = {kind.removesuffix(SUPPORTED) for kind in known if kind.endswith(SUPPORTED)}
    others = {kind for kind in known if ".claim." not in kind} - claims
    fit = sorted(claims if facts else others)
    return [
        {"id": kind, "title": _judge_title(kind, language), "here": kind in fit}
        for kind in dict.fromkeys([*fit, *filter(None, [asked])])
    ]


def _judge_title(kind: str, language: str) -> str:
    """`judge.qwen.hazard.violence` is qwen's verdict on violence."""
    _, name, *rest = kind.split(".", 2)
    return f"{name} · {kind_title(rest[0]).get(language)}" if rest else name


def _kind_groups(bundle: Bundle, chosen: Iterable[str], language: str) -> list[dict[str, Any]]:
    known = [*FAMILIES, *(i.kind for i in KIND_INFOS), *own_kinds(bundle), *chosen]
    return kind_groups((k for k in known if not k.startswith(NOT_OFFERED)), language)


def missable(policies: PolicySet) -> tuple[str, ...]:
    """Kinds that a reviewer can say were missed, the organisation's own first."""
    made = policies_of(policies)
    own = [part.kind for p in made for part in p.lists]
    own += [part.kind for p in made for part in p.patterns]
    own += [part.kind for p in made for part in p.categories]
    return tuple(dict.fromkeys([*(k for k in own if k not in MISSABLE), *MISSABLE]))


def kind_groups(kinds: Iterable[str], language: str) -> list[dict[str, Any]]:
    """Kinds by their family, each once, with its title and an example."""
    groups: dict[str, list[dict[str, str]]] = {}
    for kind in dict.fromkeys(kinds):
        row = {
            "id": kind,
            "title": kind_title(kind).get(language),
            "example": example_of(kind, language),
        }
        groups.setdefault(kind.partition(".")[0], []).append(row)
    return [{"id": name, "items": items} for name, items in groups.items()]


def own_kinds(bundle: Bundle) -> Iterator[str]:
    """Kinds of the lists, detectors and recognizers in the packs."""
    for pack in bundle.packs:
        yield from (f"list.{name}" for name in pack.lists)
        for name, spec in pack.detectors.items():
            yield f"{'pattern' if spec.regex else 'category'}.{name}"
        yield from (kind_of(entity(each)) for each in pack.recognizers)
