"""The two common forms of secret rules: a provider's prefix, then an alphabet and a length; or a
provider's name before a value.

Written from the providers' own documentation. Each rule generates its own examples, a true one and
a placeholder, so every entry of the tables is tested.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from threegate.detectors.base import Example
from threegate.detectors.engine import open_match
from threegate.detectors.secrets.engine import KEY, SecretRule, assign
from threegate.types import Bilingual

HEX, DIGITS, UPPER, LOWER = "0-9a-f", "0-9", "A-Z0-9", "a-z0-9"
ALNUM, WORD, BASE64, BASE64URL = "A-Za-z0-9", "A-Za-z0-9_", "A-Za-z0-9+/", r"A-Za-z0-9_\-"
DOTTED = r"A-Za-z0-9_\-."
ALPHABETS = {
    "HEX": HEX, "DIGITS": DIGITS, "UPPER": UPPER, "LOWER": LOWER, "ALNUM": ALNUM, "WORD": WORD,
    "BASE64": BASE64, "BASE64URL": BASE64URL, "DOTTED": DOTTED,
}  # fmt: skip

ASSIGN = assign(",")
_ENDS = {ALNUM: ALNUM, WORD: WORD, BASE64: "A-Za-z0-9+/=", BASE64URL: BASE64URL}


def sample(alphabet: str, length: int) -> str:
    """A value that looks random but is always the same."""
    fits = re.findall(f"[{alphabet}]", string.ascii_letters + string.digits)
    blocks = range(length // 32 + 1)
    drawn = b"".join(hashlib.sha256(f"{alphabet}{n}".encode()).digest() for n in blocks)
    return "".join(fits[byte % len(fits)] for byte in drawn[:length])


def shaped(entry: Mapping[str, Any]) -> SecretRule:
    """The rule of an entry with `prefixes` or `names`; `rule_loader` explains its keys."""
    alphabet = ALPHABETS.get(entry["alphabet"], entry["alphabet"])
    length = entry["length"]
    least, most = (length, 0) if isinstance(length, int) else length
    rule = _prefixed if "prefixes" in entry else _named
    made = rule(entry, alphabet, least, most)
    return replace(made, rank=entry.get("rank", made.rank))


def title_of(entry: Mapping[str, Any]) -> Bilingual:
    """The name of a product is the same in both languages, if the entry has no Chinese one."""
    return Bilingual(entry.get("zh", entry["en"]), entry["en"])


def _prefixed(entry: Mapping[str, Any], alphabet: str, least: int, most: int) -> SecretRule:
    """`most` 0: exactly `least` characters after the prefix; negative: no upper limit."""
    heads = entry["prefixes"]
    count = f"{{{least}}}" if most == 0 else f"{{{least},{most if most > 0 else ''}}}"
    flags = "(?i)" if entry.get("ignore_case") else ""
    value = heads[0] + sample(alphabet, least)
    return SecretRule(
        entry["id"],
        entry.get("kind", KEY),
        title_of(entry),
        tuple(head.lower() for head in heads),
        rf"{flags}(?:{'|'.join(map(re.escape, heads))})[{alphabet}]{count}",
        entry.get("entropy", 2.5),
        examples=(
            Example(f"export TOKEN_VALUE={value}\n密钥{value}，请保密", (value, value)),
            Example(f"{heads[0]}{'x' * least}"),
        ),
        not_before=r"A-Za-z0-9_.\-",
        not_after="" if most < 0 else _ENDS.get(alphabet, ALNUM),
        plain=min(map(len, heads)) + least <= open_match.WORD + 1,
    )


def _named(entry: Mapping[str, Any], alphabet: str, least: int, most: int) -> SecretRule:
    """A value without a specific format that is assigned to a name which identifies the
    provider."""
    heads, between = entry["names"], entry.get("between", "")
    count = f"{{{least},{most}}}" if most else f"{{{least}}}"
    word = f"(?:{between})[\\w\\-.]{{0,6}}" if between else ""
    value = sample(alphabet, least)
    name = heads[0] + (f"_{between.split('|')[0].replace('?', '')}" if between else "_value")
    return SecretRule(
        entry["id"],
        entry.get("kind", KEY),
        title_of(entry),
        tuple(head.lower() for head in heads),
        rf"(?i)(?:{'|'.join(map(_head, heads))})[\w \-.]{{0,16}}?{word}{ASSIGN}"
        rf"(?P<value>[{alphabet}]{count}={{0,2}})",
        entry.get("entropy", 3.0),
        allow="^[a-zA-Z]+$|^[0-9]+$",
        examples=(Example(f'{name} = "{value}"', (value,)), Example(f'{name} = "{"x" * least}"')),
        not_after=_ENDS.get(alphabet, ALNUM) + "+/",
        plain=least <= open_match.WORD + 1 or "," in alphabet,
    )


def _head(name: str) -> str:
    """The name must begin a word; in RE2, Chinese characters are not part of words."""
    return rf"(?:\b|_){re.escape(name)}" if name.isascii() else re.escape(name)
