"""A new rule in a pack: blank, from a template, or a copy of another; inserted as text, so that the
rest of the file keeps every byte. Templates are data (`rule_templates.yaml`): complete rules with
their lists and detectors.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from threegate.console.errors import refusal
from threegate.console.forms.detect_fields import drop_unused
from threegate.console.forms.rule_form import define, dumped, find_rule, opened
from threegate.console.pack_merge import pieces
from threegate.console.yaml_values import flow, set_list, written
from threegate.policy.language.vocabulary import kind_title
from threegate.types import Bilingual, Layer

TEMPLATES = Path(__file__).with_name("rule_templates.yaml")
REVIEW_AFTER = timedelta(days=365)
OWN_PACK = "own"
COPY = Bilingual("副本", "copy")
TWIN = {"input": Bilingual("提问", "questions"), "output": Bilingual("回答", "answers")}
PLACE = {"input": "user", "output": "content"}
_HEAD = """\
# yaml-language-server: $schema=../schema.json
# {en}, written in the console.
pack: {name}
title: {{zh: {zh}, en: {en}}}
version: '1'
"""
_RULES = re.compile(r"\s*(#.*\n\s*)*rules:[ \t]*(#.*)?\n?$")


@dataclass(frozen=True, slots=True)
class Template:
    """`parts` are the lists and detectors that go with the rule."""

    id: str
    group: str
    title: Bilingual
    about: Bilingual
    rule: Mapping[str, Any] = field(repr=False)
    parts: Mapping[str, Mapping[str, Any]] = field(repr=False)


@cache
def templates() -> tuple[Template, ...]:
    rows = YAML(typ="safe", pure=True).load(TEMPLATES.read_text("utf-8"))
    return tuple(_template(row) for row in rows)


def _template(row: Mapping[str, Any]) -> Template:
    title, about = Bilingual(**row["title"]), Bilingual(**row["about"])
    parts = {part: row[part] for part in ("lists", "detectors") if part in row}
    return Template(row["id"], row["group"], title, about, row["rule"], parts)


def blank(kind: str = "") -> Template:
    """A rule that looks for nothing yet, or for one kind."""
    title = kind_title(kind)
    rule = {
        "title": {"zh": title.zh, "en": title.en} if kind else {"zh": "新规则", "en": "New rule"},
        "why": [],
        "layer": "input",
        "where": ["user"],
        "detect": {"any": [kind] if kind else []},
        "then": {"flag": {}},
        "tests": {"match": [], "no_match": []},
    }
    return Template(
        kind.rpartition(".")[2] or "rule",
        "",
        Bilingual("空白", "blank"),
        Bilingual("", ""),
        rule,
        {},
    )


def blank_constraint() -> Template:
    """A rule on how the model is called, which sets nothing yet."""
    rule = {
        "title": {"zh": "新的调用规则", "en": "New rule on calls"},
        "why": [],
        "layer": "constraint",
        "then": {},
    }
    return Template("calls", "", Bilingual("空白", "blank"), Bilingual("", ""), rule, {})


def own_pack() -> str:
    """The text of a new pack for the user's own rules."""
    return _HEAD.format(name=OWN_PACK, zh="本单位规则", en="Our own rules")


def callers_pack(name: str) -> str:
    """The text of a new pack for bindings alone: one with rules would serve bound callers only."""
    return _HEAD.format(name=name, zh="谁使用哪些策略包", en="Who gets which packs")


def free_id(wanted: str, taken: Container[str]) -> str:
    """The id, with a number if it is taken."""
    number, id = 2, wanted
    while id in taken:
        number, id = number + 1, f"{wanted}_{number}"
    return id


def with_template(text: str, made: Template, rule_id: str, owner: str, today: str) -> str:
    """The pack with a rule from a template: in shadow, due for review in a year. Raises
    ConsoleError."""
    rule = {"id": rule_id, "title": made.rule["title"], "owner": owner, **made.rule}
    rule |= {"mode": "shadow", "review_by": date.fromisoformat(today) + REVIEW_AFTER}
    name = rule_id.rpartition(".")[2]
    renamed = _renamed(rule, made.id, name)
    document = opened(_with_rule(text, renamed))
    for part, entries in made.parts.items():
        (spec,) = entries.values()
        define(document, part, name, spec)
    return dumped(document)


def _renamed(rule: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    own, detect = rf"^(list|pattern|category)\.{old}$", rule.get("detect", {})
    if "any" in detect:
        renamed = [re.sub(own, rf"\1.{new}", k) for k in detect["any"]]
        rule = rule | {"detect": detect | {"any": renamed}}
    order = ("mode", "tests", "review_by")
    kept = {k: v for k, v in rule.items() if k not in order}
    return kept | {k: rule[k] for k in order if k in rule}


def _with_rule(text: str, rule: Mapping[str, Any]) -> str:
    """The text with one more item of `rules`, after the last."""
    item = CommentedMap(written(dict(rule)))
    for key in ("title", "message", "when", "detect", "then", "why", "where"):
        if key in item:
            _flow(item[key])
    block = dumped(CommentedMap({"rules": [item]})).partition("\n")[2]
    return inserted(text, block)


def _flow(value: Any) -> None:
    flow(value)
    for inner in value.values() if isinstance(value, Mapping) else ():
        _flow(inner)


def inserted(text: str, block: str) -> str:
    """Adds a rule's text after the last rule of a pack. Raises ConsoleError if the pack's rules are
    not written as a block list."""
    cut = pieces("pack.yaml", text)
    if "rules" not in cut:
        return text.rstrip("\n") + "\n\nrules:\n" + block
    if not _RULES.fullmatch(cut["rules"]) and not any(k.startswith("rules/") for k in cut):
        raise refusal("broken")
    last = [key for key in cut if key == "rules" or key.startswith("rules/")][-1]
    parts = [
        part.rstrip("\n") + ("\n\n" if last != "rules" else "\n") + block if key == last else part
        for key, part in cut.items()
    ]
    return "".join(parts)


def with_copy(text: str, source: str, rule_id: str, new_id: str, layer: str = "") -> str:
    """The pack with a copy of a rule out of `source`, the text of its pack, without its exceptions.
    `layer` makes it the same rule for the other direction, in the same mode. Raises
    ConsoleError."""
    rule = find_rule(opened(source), rule_id)
    rule["id"] = new_id
    title, named = rule.get("title"), TWIN.get(layer, COPY)
    if isinstance(title, CommentedMap):
        title["zh"] = f"{title.get('zh', '')}（{named.zh}）"
        title["en"] = f"{title.get('en', '')} ({named.en})"
    if layer in TWIN:
        _turn(rule, Layer(layer))
    else:
        rule["mode"] = "shadow"
    rule.pop("except", None)  # approved for the rule that it is a copy of
    block = dumped(CommentedMap({"rules": [rule]})).partition("\n")[2]
    return inserted(text, block)


def _turn(rule: CommentedMap, layer: Layer) -> None:
    """Only what the other direction knows: its places, also in tests, and its actions (a note is
    written on answers alone)."""
    rule["layer"] = layer.value
    set_list(rule, "where", [PLACE[layer.value]])
    rule.pop("stream", None)
    for samples in (rule.get("tests") or {}).values():
        for sample in samples:
            if isinstance(sample, CommentedMap):
                sample.pop("channel", None)
    then = rule["then"]
    if layer is Layer.OUTPUT and "mask" in then:
        then["mask"]["restore"] = "never"  # restored for the client, it would hide nothing
    if layer is Layer.INPUT and "annotate" in then:
        rule["then"] = "flag"


def without_rule(text: str, rule_id: str, elsewhere: str) -> str:
    """The pack without the rule, and without the lists and detectors that no other rule here or in
    `elsewhere` (the text of the other packs) uses. Raises ConsoleError, also for a pack's last
    rule."""
    document = opened(text)
    rule = find_rule(document, rule_id)
    if len(document["rules"]) == 1:
        raise refusal("last-rule")
    document["rules"].remove(rule)
    drop_unused(document, rule, elsewhere)
    return dumped(document)
