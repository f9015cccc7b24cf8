"""For whom a rule is, as the form has it: everybody, only some, everybody but some.

Names come from boxes (`tenant.hr: on`) and from the lines of a text area (`tenant`). `who` is the
choice; names of the other choices do not count, so that a change of mind needs no clearing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap

from threegate.console.forms.rule_form import part_of
from threegate.console.yaml_values import flow, lines, set_list, texts, ticked

NAMED, EXCLUDED = ("tenant", "key"), ("not_tenant", "not_key")
CALLS = ("route", "model")
WHO = {"all": (), "only": NAMED, "but": EXCLUDED, "both": (*NAMED, *EXCLUDED)}


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
