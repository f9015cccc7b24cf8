"""The form for common edits of a rule: values into YAML with every comment and quote kept.

Pure. The text must have passed the strict reader first (`policy.language.load.load_text`), which
refuses anchors, tags, duplicate keys and depth; then ruamel.yaml round-trips it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from threegate.console.errors import refusal
from threegate.console.yaml_values import flow, insert_before_rules, set_text, written
from threegate.policy.language.load import load_text
from threegate.policy.language.nodes import read
from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import plain
from threegate.policy.model import Mode
from threegate.policy.schema import ReasonCode
from threegate.types import Level


@dataclass(frozen=True, slots=True)
class RuleForm:
    """The values of the form; None leaves a value alone, an empty text removes it."""

    mode: str | None = None
    level: str | None = None
    message_zh: str | None = None
    message_en: str | None = None
    review_by: str | None = None
    exception: Mapping[str, str] | None = None
    drop_exception: str = ""


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def edited(text: str, rule_id: str, form: RuleForm) -> str:
    """The pack with the rule changed. Raises ConsoleError."""
    document = _document(text)
    rule = find_rule(document, rule_id)
    apply_form(rule, form)
    return dumped(document)


def apply_form(rule: CommentedMap, form: RuleForm) -> None:
    """The rule changed in place. Raises ConsoleError."""
    _set_choice(rule, "mode", form.mode, [m.value for m in Mode], "enforce")
    _set_choice(rule, "level", form.level, [v.name.lower() for v in Level], "medium")
    _set_message(rule, form)
    if form.review_by is not None:
        put(rule, "review_by", _date(form.review_by) if form.review_by else "")
    if form.drop_exception:
        _drop_exception(rule, form.drop_exception)
    if form.exception is not None:
        _add_exception(rule, form.exception)


def with_test(text: str, rule_id: str, expect: str, sample: Mapping[str, str]) -> str:
    """The pack with one more test of a rule. Raises ConsoleError."""
    document = _document(text)
    rule = find_rule(document, rule_id)
    tests = rule.setdefault("tests", CommentedMap())
    samples = tests.setdefault(expect, CommentedSeq())
    written = {k: SingleQuotedScalarString(v) if k == "text" else v for k, v in sample.items() if v}
    samples.append(CommentedMap(written) if len(written) > 1 else written["text"])
    return dumped(document)


def _document(text: str) -> CommentedMap:
    pack, problems = load_text(text.encode(), "draft")
    if pack is None or any(p.severity is Severity.ERROR for p in problems):
        raise refusal("broken")
    return opened(text)


def opened(text: str) -> CommentedMap:
    """The document of a text that may contain errors but is YAML that the strict reader accepts.
    Raises ConsoleError."""
    node, problems = read(text.encode(), "draft")
    if node is None or any(p.severity is Severity.ERROR for p in problems):
        raise refusal("broken")
    document = _yaml().load(text)
    if not isinstance(document, CommentedMap):
        raise refusal("broken")
    return document


@lru_cache(maxsize=4)
def looked_at(text: str) -> CommentedMap:
    """Like `opened`, for those who only read: a large pack takes a tenth of a second, and a page
    looks at the same text several times. Must not be modified."""
    return opened(text)


def find_rule(document: CommentedMap, rule_id: str) -> CommentedMap:
    found = (r for r in document.get("rules", ()) if r.get("id") == rule_id)
    rule = next(found, None)
    if not isinstance(rule, CommentedMap):
        raise refusal("missing")
    return rule


def part_of(owner: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The mapping under a key; empty if it is missing. Raises ConsoleError if the key holds
    something else, which no form can show."""
    part = owner.get(key) or {}
    if not isinstance(part, Mapping):
        raise refusal("broken")
    return part


def dumped(document: CommentedMap) -> str:
    out = io.StringIO()
    _yaml().dump(document, out)
    return out.getvalue()


def define(document: CommentedMap, part: str, name: str, spec: Mapping[str, Any]) -> CommentedMap:
    """Sets an entry of `lists`, `detectors` or `knowledge`; a new section goes before the rules."""
    if not isinstance(document.get(part), CommentedMap):
        document.pop(part, None)
        insert_before_rules(document, part, CommentedMap())
    known: CommentedMap = document[part].setdefault(name, CommentedMap())
    for key, value in spec.items():
        if plain(known.get(key)) != value:
            known[key] = written(value)
    return known


def put(rule: CommentedMap, key: str, value: Any) -> None:
    """Replaces an existing key in place; a new one goes before `tests`, where people look for
    it."""
    if value in (None, ""):
        rule.pop(key, None)
    elif key in rule:
        rule[key] = value
    else:
        at = list(rule).index("tests") if "tests" in rule else len(rule)
        rule.insert(at, key, value)


def _set_choice(
    rule: CommentedMap, key: str, value: str | None, allowed: list[str], default: str
) -> None:
    if value is None or value == str(rule.get(key, default)):
        return
    if value not in allowed:
        raise refusal(key)
    quoted = SingleQuotedScalarString(value) if value == "off" else value
    put(rule, key, quoted)


def _set_message(rule: CommentedMap, form: RuleForm) -> None:
    if form.message_zh is None or form.message_en is None:
        return
    if not form.message_zh and not form.message_en:
        rule.pop("message", None)
        return
    message = rule.get("message")
    if not isinstance(message, CommentedMap):
        message = flow(CommentedMap())
        put(rule, "message", message)
    set_text(message, "zh", form.message_zh)
    set_text(message, "en", form.message_en)


def _drop_exception(rule: CommentedMap, exception_id: str) -> None:
    kept = rule.get("except", CommentedSeq())
    at = next((i for i, e in enumerate(kept) if e.get("id") == exception_id), None)
    if at is None:
        raise refusal("missing")
    del kept[at]
    if not kept:
        del rule["except"]


def _add_exception(rule: CommentedMap, given: Mapping[str, str]) -> None:
    if given.get("reason") not in {r.value for r in ReasonCode}:
        raise refusal("reason")
    if any(e.get("id") == given["id"] for e in rule.get("except", ())):
        raise refusal("exception-exists")
    match = _match(given["field"], given["value"], given.get("salt", ""))
    made = CommentedMap({"id": given["id"], "match": match, "reason": given["reason"]})
    made["approver"], made["expires"] = given["approver"], _date(given["expires"])
    if "except" in rule:
        rule["except"].append(made)
    else:
        put(rule, "except", CommentedSeq([made]))


def _match(field: str, value: str, salt: str) -> CommentedMap:
    """`salt` belongs to a value's hash."""
    written = SingleQuotedScalarString(value) if salt else value
    match = flow(CommentedMap({field: flow(CommentedSeq([written]))}))
    if salt:
        match["value_salt"] = SingleQuotedScalarString(salt)
    return match


def _date(text: str) -> date:
    """A date is written without quotes."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refusal("date") from None
