"""The two common forms of secret rules: a provider's prefix, then an alphabet and a length; or a
provider's name before a value.

Written from the providers' own documentation. Each rule makes its own examples, a true one and a
placeholder, so every entry of the tables is tested.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Sequence

from threegate.detectors.base import Example
from threegate.detectors.engine import open_match
from threegate.detectors.secrets.engine import KEY, SecretRule, assign
from threegate.types import Bilingual, Level

HEX, DIGITS, UPPER, LOWER = "0-9a-f", "0-9", "A-Z0-9", "a-z0-9"
ALNUM, WORD, BASE64, BASE64URL = "A-Za-z0-9", "A-Za-z0-9_", "A-Za-z0-9+/", r"A-Za-z0-9_\-"
DOTTED = r"A-Za-z0-9_\-."

ASSIGN = assign(",")
_ENDS = {ALNUM: ALNUM, WORD: WORD, BASE64: "A-Za-z0-9+/=", BASE64URL: BASE64URL}


def sample(alphabet: str, length: int) -> str:
    """A value that looks random and is the same each time."""
    fits = re.findall(f"[{alphabet}]", string.ascii_letters + string.digits)
    blocks = range(length // 32 + 1)
    drawn = b"".join(hashlib.sha256(f"{alphabet}{n}".encode()).digest() for n in blocks)
    return "".join(fits[byte % len(fits)] for byte in drawn[:length])


def prefixed(
    id: str,
    title: str,
    prefixes: Sequence[str],
    alphabet: str,
    least: int,
    most: int = 0,
    *,
    kind: str = KEY,
    zh: str = "",
    entropy: float = 2.5,
    fold: bool = False,
    rank: int = 95,
) -> SecretRule:
    """`most` 0: exactly `least` characters after the prefix; negative: no upper limit."""
    heads = list(prefixes)
    count = f"{{{least}}}" if most == 0 else f"{{{least},{most if most > 0 else ''}}}"
    flags = "(?i)" if fold else ""
    pattern = rf"{flags}(?:{'|'.join(map(re.escape, heads))})[{alphabet}]{count}"
    value = heads[0] + sample(alphabet, least)
    return SecretRule(
        id,
        kind,
        Bilingual(zh or title, title),
        tuple(h.lower() for h in heads),
        pattern,
        entropy,
        examples=(
            Example(f"export TOKEN_VALUE={value}\n密钥{value}，请保密", (value, value)),
            Example(f"{heads[0]}{'x' * least}"),
        ),
        not_before=r"A-Za-z0-9_.\-",
        not_after="" if most < 0 else _ENDS.get(alphabet, ALNUM),
        rank=rank,
        plain=min(map(len, heads)) + least <= open_match.WORD + 1,
    )


def named(
    id: str,
    title: str,
    names: Sequence[str],
    alphabet: str,
    least: int,
    most: int = 0,
    *,
    kind: str = KEY,
    zh: str = "",
    entropy: float = 3.0,
    between: str = "",
    rank: int = 95,
) -> SecretRule:
    """A value without a specific format, assigned to a name that identifies the provider.
    `between`: RE2 for words of which one must occur between the name and the value."""
    heads = list(names)
    count = f"{{{least},{most}}}" if most else f"{{{least}}}"
    word = f"(?:{between})[\\w\\-.]{{0,6}}" if between else ""
    pattern = (
        rf"(?i)(?:{'|'.join(map(_head, heads))})[\w \-.]{{0,16}}?{word}{ASSIGN}"
        rf"(?P<value>[{alphabet}]{count}={{0,2}})"
    )
    value = sample(alphabet, least)
    middle = {"": "_value"}.get(between, "_" + between.split("|")[0].replace("?", ""))
    return SecretRule(
        id,
        kind,
        Bilingual(zh or title, title),
        tuple(h.lower() for h in heads),
        pattern,
        entropy,
        allow="^[a-zA-Z]+$|^[0-9]+$",
        level=Level.HIGH,
        examples=(
            Example(f'{heads[0]}{middle} = "{value}"', (value,)),
            Example(f'{heads[0]}{middle} = "{"x" * least}"'),
        ),
        not_after=_ENDS.get(alphabet, ALNUM) + "+/",
        rank=rank,
        plain=least <= open_match.WORD + 1 or "," in alphabet,
    )


def _head(name: str) -> str:
    """The name must begin a word; in RE2, Chinese characters are not part of words."""
    return rf"(?:\b|_){re.escape(name)}" if name.isascii() else re.escape(name)
