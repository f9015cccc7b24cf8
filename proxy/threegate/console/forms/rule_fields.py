"""The guided form of a rule: its fields read from the YAML, and written back with every comment and
quote kept. Form and YAML are two views of one draft.

A form's fields are flat texts: a ticked box is `where.input.user: on`, a list has one item per
line. Whatever the form does not know (conditions other than `any`) stays unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap

from threegate.console.forms.claims_fields import is_fact_check, read_claims, write_claims
from threegate.console.forms.constraint_fields import read_constraint, write_constraint
from threegate.console.forms.detect_fields import EXPECT, read_detect, write_detect
from threegate.console.forms.rule_form import (
    RuleForm,
    apply_form,
    dumped,
    find_rule,
    looked_at,
    opened,
    part_of,
    put,
)
from threegate.console.forms.sample_fields import plain_samples, read_samples, write_samples
from threegate.console.forms.second_opinion_fields import read_opinion, write_opinion
from threegate.console.yaml_values import flow, lines, quoted, set_list, set_text, texts, ticked
from threegate.policy.language.shapes import plain

OPTIONS = {"mask": "restore", "answer": "use", "annotate": "show"}
"""The single option of an action that the form offers."""
REPLACING = ("redact", "rewrite")
UNWRITTEN = {"mask": "client", "annotate": "data"}
"""Options that mean the same if they are left out."""
LAYERS = ("input", "output")
ROLLOUT = re.compile(r"\d{1,3}")


def read_fields(text: str, rule_id: str, language: str = "zh") -> dict[str, Any]:
    """Every field of the form. Raises ConsoleError if the text cannot be read as YAML."""
    document = looked_at(text)
    rule = find_rule(document, rule_id)
    title, message = (part_of(rule, key) for key in ("title", "message"))
    common = {
        "title_zh": title.get("zh", ""), "title_en": title.get("en", ""),
        "message_zh": message.get("zh", ""), "message_en": message.get("en", ""),
        "owner": str(rule.get("owner", "")), "review_by": str(rule.get("review_by") or ""),
        "why": texts(rule.get("why")), "layer": str(rule.get("layer", "input")),
        "mode": str(rule.get("mode", "enforce")), "rollout": str(rule.get("rollout", 100)),
        **read_callers(rule),
    }  # fmt: skip
    if common["layer"] == "constraint":
        return common | {"kinds": [], **read_constraint(rule, language)}
    return common | _detecting(document, rule)


def _detecting(document: CommentedMap, rule: CommentedMap) -> dict[str, Any]:
    """The fields of a rule that looks for something."""
    then = _then(rule)
    action = next(iter(then), "")
    options = then.get(action) if isinstance(then.get(action), Mapping) else {}
    return {
        "where": texts(rule.get("where")), "level": str(rule.get("level", "medium")),
        "action": action, "single": len(then) == 1,
        "option": str((options or {}).get(OPTIONS.get(action, ""), "")),
        **_replacement(options or {}),
        **read_samples(rule),
        **read_detect(document, rule),
        **read_claims(rule),
        **read_opinion(rule),
    }  # fmt: skip


def write_fields(text: str, rule_id: str, form: Mapping[str, str]) -> str:
    """The pack with the rule as given in the form. Raises ConsoleError."""
    document = opened(text)
    rule = find_rule(document, rule_id)
    _write_texts(rule, form)
    if rule.get("layer") == "constraint":
        write_callers(rule, form)
        write_constraint(rule, form)
        return dumped(document)
    _write_place(rule, form)
    if is_fact_check(rule):
        write_claims(rule, form)
    else:
        before = {expect: "\n".join(plain_samples(rule, expect)) for expect in EXPECT}
        write_detect(document, rule, form, before)
        _write_action(rule, form)
    write_opinion(rule, form)
    write_samples(rule, form)
    return dumped(document)


def _then(rule: CommentedMap) -> Mapping[str, Any]:
    """The actions with their options; `then: flag` is short for `then: {flag: {}}`."""
    then = rule.get("then")
    return {then: {}} if isinstance(then, str) else part_of(rule, "then")


def _replacement(options: Mapping[str, Any]) -> dict[str, str]:
    """In both languages; a plain text is the same in both."""
    found = options.get("replacement", "")
    by_language = found if isinstance(found, Mapping) else {"zh": found, "en": found}
    return {f"replacement_{each}": str(by_language.get(each, "")) for each in ("zh", "en")}


def _write_texts(rule: CommentedMap, form: Mapping[str, str]) -> None:
    title = rule.get("title")
    if not isinstance(title, CommentedMap):
        title = rule["title"] = CommentedMap()
    for language in ("zh", "en"):
        set_text(title, language, form.get(f"title_{language}", "").strip())
    set_text(rule, "owner", form.get("owner", "").strip())
    set_list(rule, "why", ticked(form, "why"))
    apply_form(
        rule,
        RuleForm(
            mode=form.get("mode") or None,
            level=form.get("level") or None,
            message_zh=form.get("message_zh", "").strip(),
            message_en=form.get("message_en", "").strip(),
            review_by=form.get("review_by", "").strip(),
        ),
    )
    rollout = form.get("rollout", "")
    if ROLLOUT.fullmatch(rollout) and int(rollout) != rule.get("rollout", 100):
        put(rule, "rollout", None if int(rollout) == 100 else int(rollout))


def _write_place(rule: CommentedMap, form: Mapping[str, str]) -> None:
    """Each layer has its own boxes; those of the other layer do not count."""
    if form.get("layer") in LAYERS and rule.get("layer") != form["layer"]:
        rule["layer"] = form["layer"]
    if rule.get("layer") in LAYERS:
        set_list(rule, "where", ticked(form, f"where.{rule['layer']}"))
    write_callers(rule, form)


def _write_action(rule: CommentedMap, form: Mapping[str, str]) -> None:
    """Options that the form does not show are kept as long as the action stays the same."""
    action, then = form.get("action", ""), _then(rule)
    if not action or len(then) > 1:
        return
    old = then.get(action)
    options = old if isinstance(old, CommentedMap) else flow(CommentedMap())
    if action in REPLACING:
        _write_replacement(options, form)
    name = OPTIONS.get(action)
    value = form.get(f"option_{action}", "").strip()
    if name and not (value == UNWRITTEN.get(action) and name not in options):
        set_text(options, name, value, drop=True)
    if list(then) != [action] or plain(old or {}) != plain(options):
        rule["then"] = flow(CommentedMap({action: options}))


def _write_replacement(options: CommentedMap, form: Mapping[str, str]) -> None:
    old = _replacement(options)
    given = {name: form.get(name, "").strip() for name in old}
    if given == old:
        return
    if not any(given.values()):
        options.pop("replacement")
        return
    words = options.get("replacement")
    if not isinstance(words, CommentedMap):
        words = options["replacement"] = flow(CommentedMap())
    for name, value in given.items():
        if value != old[name] or name[-2:] not in words:
            words[name[-2:]] = quoted(value)


NAMED, EXCLUDED = ("tenant", "key"), ("not_tenant", "not_key")
CALLS = ("route", "model")
WHO = {"all": (), "only": NAMED, "but": EXCLUDED, "both": (*NAMED, *EXCLUDED)}
"""For whom a rule is: everybody, only some, everybody but some. Names come from boxes
(`tenant.hr: on`) and from the lines of a text area (`tenant`); names of the choices that were not
made do not count, so that a change of mind needs no clearing."""


def read_callers(rule: CommentedMap) -> dict[str, Any]:
    when = part_of(rule, "when")
    found = {name: texts(when.get(name)) for name in (*NAMED, *EXCLUDED, *CALLS)}
    used = frozenset(name for name in WHO["both"] if found[name])
    return {
        "language": texts(when.get("language")),
        "who": next(choice for choice, names in WHO.items() if used.issubset(names)),
        "callers": {name: "\n".join(values) for name, values in found.items()},
    }


def write_callers(rule: CommentedMap, form: Mapping[str, str]) -> None:
    when = rule.get("when")
    when = when if isinstance(when, CommentedMap) else CommentedMap()
    counts = (*WHO.get(form.get("who", ""), WHO["both"]), *CALLS)
    for name in (*NAMED, *EXCLUDED, *CALLS):
        given = [*ticked(form, name), *lines(form, name)] if name in counts else []
        set_list(when, name, list(dict.fromkeys(given)), keep_empty=False)
    languages = ticked(form, "language")
    set_list(when, "language", languages if len(languages) == 1 else [], keep_empty=False)
    if when and "when" not in rule:
        after = "where" if "where" in rule else "layer"
        rule.insert(list(rule).index(after) + 1, "when", flow(when))
    elif not when:
        rule.pop("when", None)
