"""A small good pack, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.policy.compile import build
from threegate.policy.facade import Checked, check
from threegate.policy.language.load import DictTree, load_bundle
from threegate.policy.model import CompiledPolicy

GOOD = """\
pack: shop
title: {zh: 商店, en: Shop}
version: '1'
audit: {level: metadata, on_failure: fail_request}
pass_through: [/user/balance]
lists:
  codenames: {words: [海燕计划, Project Petrel], match: word}
detectors:
  staff_no:
    regex: 'EMP-\\d{6}'
    examples: {match: [EMP-123456], no_match: [EMP-12]}
  loans:
    category:
      describe: {zh: 承诺贷款获批, en: promises a loan}
      examples: [您的贷款一定获批, 保证放款, 'Your loan is approved', 'We will lend you', 包过]
      counter_examples: [贷款需要审核, 请联系客户经理, 'Loans are reviewed', 'Ask the bank', 利率是多少]
knowledge:
  products: {files: [knowledge/products.md]}
rules:
  - id: pii.email
    title: {zh: 邮箱脱敏, en: Mask e-mail}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user, tool_result]
    detect: {any: [pii.email, pattern.staff_no, list.codenames]}
    then: {mask: {restore: client}}
    except:
      - {id: EX-1, match: {key: [desk]}, reason: approved_use, approver: cpo, expires: 2026-12-31}
    tests:
      match: ['邮箱 a@b.cn', 'mail a@b.com']
      no_match: ['没有邮箱', 'no mail']
    review_by: 2027-06-30
  - id: stop.loans
    title: {zh: 贷款承诺, en: Loan promises}
    owner: legal
    why: [house.business]
    layer: output
    where: [content]
    detect: {any: [category.loans], levels: {category.loans: high}}
    then: {block: {}}
    stream: cut
    message: {zh: 已停止。, en: Stopped.}
    tests:
      match: ['您的贷款一定获批', 'Your loan is approved']
      no_match: ['贷款需要审核', 'Loans are reviewed']
    review_by: 2027-06-30
  - id: help
    title: {zh: 求助, en: Help}
    owner: safety
    why: [mlcommons.ssh]
    layer: input
    where: [user]
    detect: {any: [hazard.self_harm]}
    then: {answer: {use: help}}
    mode: shadow
    tests:
      match: ['我不想活了', 'I want to die']
      no_match: ['你好', 'hello']
    review_by: 2027-06-30
  - id: facts
    title: {zh: 核查, en: Facts}
    owner: quality
    why: [owasp.llm09]
    layer: output
    where: [content]
    detect: {claims: {sources: [tool_result, knowledge/products]}}
    then: {on_contradicted: block, on_unsupported: annotate, on_no_source: flag}
    tests:
      match: [{text: 五年, sources: [两年]}, {text: five years, sources: [two years]}]
      no_match: [{text: 两年, sources: [两年]}, {text: two years, sources: [two years]}]
    review_by: 2027-06-30
  - id: model
    title: {zh: 模型, en: Model}
    owner: platform
    why: [house.quality]
    layer: constraint
    then:
      constitution: {file: answers/constitution.md}
      clauses: [{kinds: [pii.email], text: be careful}]
      clamp: {temperature: {min: 0.3, max: 0.7, default: 0.6}, n: {force: 1}, seed: {drop: true}}
      models: {allow: [deepseek-r1], alias: {r1: deepseek-r1}}
      tools: {allow: [search], deny: [shell]}
      fields: {deny: [prefix]}
      reasoning: {show: hidden, check: same}
    tests:
      match: [{request: {temperature: 2}, becomes: {temperature: 0.7}}]
      no_match: [{request: {temperature: 0.5}}]
    review_by: 2027-06-30
bindings:
  - {pack: shop, tenants: [retail]}
  - {pack: shop}
"""

FILES = {
    "knowledge/products.md": b"The warranty lasts two years.",
    "answers/constitution.md": b"Be truthful and careful with what you say to people.",
    "answers/help.zh.md": "请拨打 12356。".encode(),
    "answers/help.en.md": b"Please call 988.",
}
TODAY = "2026-11-25"


def tree(text: str = GOOD, more: Mapping[str, bytes] | None = None) -> DictTree:
    return DictTree({**FILES, "packs/shop.yaml": text.encode(), **(more or {})})


def spoiled(*changes: tuple[str, str]) -> str:
    """The good pack with texts replaced; each must occur."""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def checked(text: str = GOOD, more: Mapping[str, bytes] | None = None) -> Checked:
    return check(tree(text, more), ["shop"], today=TODAY)


def codes(text: str = GOOD, more: Mapping[str, bytes] | None = None) -> set[str]:
    return {p.code for p in checked(text, more).problems}


def built(*changes: tuple[str, str], files: Mapping[str, bytes] | None = None) -> CompiledPolicy:
    return build(load_bundle(tree(spoiled(*changes), files), ["shop"]))
