"""A pack with its files, and what a change of it is shown as."""

from __future__ import annotations

from typing import Any

from threegate.console.presenters.changes import compared
from threegate.policy.facade import Checked, check
from threegate.policy.language.load import DictTree

PACK = """\
pack: p
title: {zh: 甲, en: First}
version: '1'
lists:
  names: {words: [alpha, beta], match: word}
  filed: {file: lists/filed.txt}
detectors:
  ticket: {regex: 'TCK-[0-9]{6}', examples: {match: [TCK-123456], no_match: [TCK-1]}}
recognizers:
  - {name: badge, supported_entity: BADGE, patterns: [{name: b, regex: 'B-[0-9]{5}', score: 0.5}]}
knowledge:
  plans: {files: [knowledge/plans.md]}
rules:
  - id: p.one
    title: {zh: 一, en: One}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [list.names, list.filed, pattern.ticket]}
    then: {answer: {use: calm}}
    tests:
      match: [{text: alpha}]
      no_match: [{text: gamma}]
  - id: p.bounds
    title: {zh: 二, en: Two}
    owner: platform
    why: [house.quality]
    layer: constraint
    then:
      clamp: {temperature: {max: 1}}
      constitution: {file: answers/told.md}
    tests:
      match: [{request: {temperature: 2}, becomes: {temperature: 1}}]
      no_match: [{request: {temperature: 0.5}}]
"""
FILES = {
    "packs/p.yaml": PACK,
    "lists/filed.txt": "# kept by legal\nzebra\ngnu\n",
    "knowledge/plans.md": "Plan A costs 3 euros.\n",
    "answers/calm.zh.md": "请冷静。\n",
    "answers/calm.en.md": "Calm down.\n",
    "answers/told.md": "Be kind.\n",
}


def checked_files(files: dict[str, str], *packs: str) -> Checked:
    tree = DictTree({path: text.encode() for path, text in files.items()})
    return check(tree, packs or ("p",))


def compared_with(old: str, new: str, path: str = "packs/p.yaml") -> dict[str, Any]:
    assert old in FILES[path]
    changed = FILES | {path: FILES[path].replace(old, new, 1)}
    return compared(checked_files(FILES), checked_files(changed), "en")


def changed_rows(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    cards = (*found["rules"], *found["parts"])
    rows = (row for card in cards for row in card["rows"] if row["changed"])
    return [(row["label"], row["before"], row["after"]) for row in rows]
