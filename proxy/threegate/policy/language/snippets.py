"""Valid structure that an editor inserts with a key. `${…}` are fields to fill in, a tab is one
level of indentation below the key."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.policy.language.completion import ITEM

RULE = """\
id: ${own.rule}
\ttitle: {zh: ${规则}, en: ${Rule}}
\towner: ${privacy}
\twhy: [${pipl.51}]
\tlayer: input
\twhere: [user]
\tdetect: {any: [${pii.email}]}
\tthen: {mask: {restore: client}}
\tmode: shadow
\ttests:
\t\tmatch: ['${中文}', '${English}']
\t\tno_match: ['${中文}', '${English}']
\treview_by: ${2027-12-31}"""
SNIPPETS: Mapping[tuple[str, str], str] = {
    ("rules", "id"): RULE,
    ("rules", "title"): "title: {zh: ${中文}, en: ${English}}",
    ("rules", "message"): "message: {zh: ${中文}, en: ${English}}",
    ("rules", "detect"): "detect: {any: [${pii.email}]}",
    ("rules", "then"): "then: {${block}: {}}",
    ("rules", "when"): "when: {tenant: [${tenant}]}",
    ("rules", "where"): "where: [${user}]",
    ("rules", "why"): "why: [${pipl.51}]",
    ("rules", "tests"): "tests:\n\tmatch: ['${中文}', '${English}']\n\tno_match: ['${中文}']",
    ("", "title"): "title: {zh: ${中文}, en: ${English}}",
    ("", "lists"): "lists:\n\t${name}: {words: ['${word}'], match: word}",
    ("", "detectors"): (
        "detectors:\n\t${name}: {regex: '${EMP-[0-9]+}', "
        "examples: {match: ['${EMP-1}'], no_match: ['${EMP}']}}"
    ),
}
"""By the part of the pack and the key."""


def snippet(path: tuple[str, ...], key: str) -> str:
    """The structure for a key at a place; empty where the key alone is enough."""
    part = {(): "", ("rules", ITEM): "rules"}.get(path)
    return SNIPPETS.get((part, key), "") if part is not None else ""
