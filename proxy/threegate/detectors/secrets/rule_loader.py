"""Loads the secret rules from `rules/*.toml`.

A rule has `id`, `en` (and `zh` where its name differs in Chinese) and one of three forms:

- `prefixes`, `alphabet`, `length`: a token that begins with one of the prefixes;
- `names`, `alphabet`, `length`: a token assigned to a name, with `between` (RE2) in the middle;
- `keywords`, `pattern`: an RE2 pattern, with the value as group `value` or as the whole match; or a
  list of patterns, each searched by itself, where together they would need too many states.

`length` is a number or [least, most]; most -1 is no limit. `alphabet` names one of `shapes`, or is
the inside of a character class. `{{NAME}}` in patterns stands for a shared fragment (`FRAGMENTS`),
`{{ALPHABET n}}` in examples for n characters that look random, so that no real-looking key is in
the repository. Optional: `kind`, `entropy` (bits a character), `allow`, `level`, `not_before`,
`not_after`, `trigger`, `rank`, `plain`, `ignore_case`; see `engine.SecretRule`. `true` holds
examples with the values to find, `false` texts in which the rule finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from threegate.data_files import filled, table
from threegate.detectors.engine.description import examples_of
from threegate.detectors.secrets import shapes
from threegate.detectors.secrets.engine import ASSIGN, KEY, NEXT_LINE, SecretRule
from threegate.types import Level

FILES: Final = ("keys", "forms", "cloud", "apps", "cn", "commands", "logins")
"""In this order: of two rules with equal rank, the earlier one reports the value."""
FRAGMENTS: Final[Mapping[str, str]] = {
    "ASSIGN": ASSIGN,
    "ASSIGN_LIST": shapes.ASSIGN,
    "NEXT_LINE": NEXT_LINE,
    "REST": r"[^\n|;&]{0,40}?\s",  # other options of the same command
    "VALUE": r"(?P<value>[!#-&(-+\-./0-;=?-_a-~]{6,64})",
    "NO_VALUE": r"(?i)^[$\-%{\[(]|^/[a-z]+$|(?-i:^[a-z]+$|^[A-Z]+$)|pass(?:word|wd)$|^[0-9.:]+$",
    "NOT_MIXED": (  # words, numbers, paths, names with a number
        r"^[A-Za-z]+$|^[^A-Za-z]+$|^[A-Za-z]+(?:[.\-_][A-Za-z]+)*[.,;:]?$|/|\.[A-Za-z]{1,4}[0-9]?$"
        r"|(?i:^(?:oauth|office|windows|saml|fido|v|user|admin|server|test|guest|node|ext|room|id"
        r"|ed|page|sso|mfa|totp)[\-_]?[0-9.]{1,7}$)|^\$"
    ),
}
_filled = partial(filled, fragments=FRAGMENTS)
_SAMPLE = re.compile(r"\{\{([A-Z0-9]+) ([0-9]+)\}\}")


def load(name: str) -> tuple[SecretRule, ...]:
    """The rules of one file, in its order. Raises KeyError or TOMLDecodeError for a bad file."""
    rules = table("detectors.secrets", f"rules/{name}")["rule"]
    return tuple(_patterned(r) if "pattern" in r else shapes.shaped(r) for r in rules)


def load_all() -> tuple[SecretRule, ...]:
    """Every rule of every file, `FILES` first to last."""
    return tuple(rule for name in FILES for rule in load(name))


def _patterned(entry: Mapping[str, Any]) -> SecretRule:
    pattern = entry["pattern"]
    parts = () if isinstance(pattern, str) else tuple(map(_filled, pattern))
    return SecretRule(
        entry["id"],
        entry.get("kind", KEY),
        shapes.title_of(entry),
        tuple(entry["keywords"]),
        "|".join(parts) or _filled(pattern),
        entry.get("entropy", 0.0),
        _filled(entry.get("allow", "")),
        Level[entry.get("level", "high").upper()],
        examples_of(entry, _sampled),
        _filled(entry.get("not_before", "")),
        _filled(entry.get("not_after", "")),
        entry.get("rank", 95),
        entry.get("plain", False),
        _filled(entry.get("trigger", "")),
        _filled(entry.get("another", "")),
        parts,
    )


def _sampled(text: str) -> str:
    return _SAMPLE.sub(lambda found: shapes.sample(shapes.ALPHABETS[found[1]], int(found[2])), text)
