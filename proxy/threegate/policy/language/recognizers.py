"""Recognizers in Presidio's format: the kind that each finds, what is wrong with it, and which of
its examples it contradicts.

Presidio's entity names map to our kinds: AU_ABN is `pii.au.abn`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import re2

from threegate.normalize.re2_spans import char_spans
from threegate.policy.language.patterns import PatternError, compile_pattern
from threegate.types import Bilingual

_NAMED = {
    "pii.email": "EMAIL_ADDRESS",
    "pii.bank_card": "CREDIT_CARD",
    "pii.ip": "IP_ADDRESS",
    "pii.mac": "MAC_ADDRESS",
    "pii.iban": "IBAN_CODE",
    "pii.phone": "PHONE_NUMBER",
    "pii.crypto_wallet": "CRYPTO",
    "pii.address": "LOCATION",
    "pii.de.driving_licence": "DE_FUEHRERSCHEIN",
}
_CODES = "AU CA CN DE ES FI HK IN IT KR MO NG PH PL SE SG TH TR TW UK US ZA"
_COUNTRIES = frozenset(_CODES.split())
FIELDS = frozenset(
    ("name", "supported_entity", "supported_entities", "supported_language", "type", "enabled")
) | {"supported_languages", "patterns", "deny_list", "deny_list_score", "context", "examples"}
"""Presidio's keys, and `examples`, which is our own."""
MAX_SPAN = 128
"""Characters that a policy's recognizer may span; a stream holds that much while its rule is
active."""
_QUIET = re2.Options()
_QUIET.log_errors = False
_NUMBER = re.compile(r"[0-9][\-./]\Z")


def entity_of(kind: str) -> str:
    """`pii.cn.id_card` is CN_ID_CARD; if Presidio has a name, that one."""
    return _NAMED.get(kind) or kind.removeprefix("pii.").replace(".", "_").upper()


def kind_of(entity: str) -> str:
    """AU_ABN is `pii.au.abn`, EMPLOYEE_NO is `pii.employee_no`."""
    known = {v: k for k, v in _NAMED.items()}.get(entity)
    country, _, rest = entity.partition("_")
    dotted = f"{country}.{rest}" if country in _COUNTRIES and rest else entity
    return known or "pii." + dotted.lower()


def entity(data: Mapping[str, Any]) -> str:
    """The entity that a recognizer finds, by Presidio's name; empty if it does not say."""
    several = data.get("supported_entities")
    first = several[0] if isinstance(several, list) and several else ""
    return str(data.get("supported_entity") or first)


def fault(data: Mapping[str, Any]) -> Bilingual | None:
    """Why a recognizer cannot be used; None if it can."""
    if unknown := sorted(set(data) - FIELDS):
        names = ", ".join(unknown)
        return Bilingual(f"有不认识的键：{names}", f"unknown keys {names}")
    if not entity(data):
        return Bilingual("缺少 supported_entity", "supported_entity is missing")
    patterns, words = data.get("patterns") or [], data.get("deny_list") or []
    if not (patterns or words):
        return Bilingual("需要 patterns 或 deny_list", "patterns or deny_list is needed")
    if not isinstance(patterns, list) or not _texts(words) or not _texts(data.get("context") or []):
        return Bilingual(
            "patterns、deny_list 和 context 应为列表，后两者的每一项是文字",
            "patterns, deny_list and context are lists, the latter two of texts",
        )
    if not _share(data.get("deny_list_score", 1)):
        return Bilingual(
            "deny_list_score 应为 0 到 1 的数字", "deny_list_score is a number from 0 to 1"
        )
    examples = data.get("examples") or {}
    if not isinstance(examples, dict) or not all(map(_texts, examples.values())):
        return Bilingual(
            "examples 应为 match 和 no_match，各是一列文字",
            "examples has match and no_match, each a list of texts",
        )
    return next((wrong for p in patterns if (wrong := _pattern_fault(p))), None)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) and word for word in value)


def _share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _pattern_fault(pattern: Any) -> Bilingual | None:
    if not isinstance(pattern, dict) or not isinstance(pattern.get("regex"), str):
        return Bilingual("pattern 缺少 regex", "a pattern lacks regex")
    if not _share(pattern.get("score")):
        return Bilingual(
            "pattern 的 score 应为 0 到 1 的数字", "the score of a pattern is a number from 0 to 1"
        )
    try:
        compile_pattern(pattern["regex"])
    except PatternError as error:
        zh, en = f"正则表达式不能用：{error.text.zh}", f"RE2 cannot use it: {error.text.en}"
        return Bilingual(zh, en)
    return None


def patterns(data: Mapping[str, Any]) -> Iterator[tuple[Any, float]]:
    """Patterns and the words of the deny list as RE2, with their scores."""
    for pattern in data.get("patterns") or ():
        yield _re2(pattern["regex"]), float(pattern["score"])
    for word in data.get("deny_list") or ():
        yield _re2(re2.escape(word)), float(data.get("deny_list_score", 1.0))


def _re2(pattern: str) -> Any:
    return re2.compile("(?i)" + pattern, _QUIET)


def wrong_examples(data: Mapping[str, Any]) -> list[str]:
    """Examples that a valid recognizer does not treat as stated."""
    examples = data.get("examples") or {}
    missed = [text for text in examples.get("match", ()) if not _finds(data, text)]
    return missed + [text for text in examples.get("no_match", ()) if _finds(data, text)]


def _finds(data: Mapping[str, Any], text: str) -> bool:
    """Like the detector, on the text as it is written."""
    found = (
        (text, *at) for regex, _ in patterns(data) for at in char_spans(regex, text, text.encode())
    )
    return any(is_alone(*each) and each[2] - each[1] <= MAX_SPAN for each in found)


def is_alone(text: str, start: int, end: int) -> bool:
    """Not inside a longer word or number. A space starts another number, and no number continues
    with a letter; beyond that the author's pattern decides."""
    inside = text[start].isdigit() and _NUMBER.search(text, max(0, start - 2), start)
    return not inside and is_whole(text, start, end)


def is_whole(text: str, start: int, end: int) -> bool:
    """Not inside a longer word."""
    return not _is_word(text[max(0, start - 1) : start]) and not _is_word(text[end : end + 1])


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()
