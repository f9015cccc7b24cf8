"""Presidio's national identifiers and a policy's recognizers in its format, in our scanner.

- `RECOGNIZER` brings Presidio's national identifiers (only next to a label of theirs);
- `from_policy` brings recognizers that a policy writes in Presidio's format (data only, RE2
  syntax, linear time).

On the hot path our recognizers run directly. Of Presidio's only those are asked of which the
pre-scan found a context word: national identifiers by their patterns and check digits alone
(`national`), a policy's by `AnalyzerEngine.analyze` where a pattern matches too. Why: on
1,000 characters with four identifiers the engine with everything takes 4 to 10 times as long as the
whole scanner (0.5 ms), on clean text over a hundred times (1.4 ms and 11 µs), because every
recognizer sees every text. `bench/detectors.py` measures both. Nothing here uses the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import re2

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_index import LONG
from threegate.detectors.engine.recognizer import Hit, Recognizer
from threegate.detectors.presidio.catalog import PREDEFINED
from threegate.detectors.presidio.engine import MAX_SPAN, QUIET, engine_of, parsed, repaired
from threegate.detectors.presidio.national import Entity, is_whole, level_of
from threegate.detectors.presidio.places import Places
from threegate.detectors.presidio.without_spacy import without_spacy
from threegate.policy.language.recognizers import kind_of
from threegate.types import Bilingual

with without_spacy():
    from presidio_analyzer import PatternRecognizer

_BOUNDARY = re.compile(r"\\b|\(\?<?[=!](?:[^()\\]|\\.|\[[^\]]*\])*\)")


def _trigger(pattern: str) -> str:
    """The pattern without edges, as RE2: it matches wherever the pattern does. A digit, if RE2
    cannot say it."""
    plain = "(?is)" + _BOUNDARY.sub("", pattern)
    try:
        re2.compile(plain, QUIET)
    except re2.error:
        return "[0-9]"
    return plain


class _Own:
    """`find` over a policy's recognizers: the engine is asked for those whose pattern matches."""

    def __init__(self, members: Sequence[PatternRecognizer]) -> None:
        self._analyzer = engine_of([*members, *map(_stub, members)])
        self._patterns = {_entity(m): _set(_trigger(p.regex) for p in m.patterns) for m in members}
        patterns = [_trigger(p.regex) for m in members for p in m.patterns]
        self.trigger = "|".join(f"(?:{p})" for p in patterns)

    def find(self, view: ScanText) -> Iterator[Hit]:
        entities = sorted(e for e, found in self._patterns.items() if found.Match(view.data))
        if entities:
            for result in self._analyzer.analyze(view.text, "en", entities):
                if result.score > 0 and _is_one(view.text, result.start, result.end):
                    kind, level = kind_of(result.entity_type), level_of(result.score)
                    yield Hit(result.start, result.end, kind, level, "presidio")


def _is_one(text: str, start: int, end: int) -> bool:
    """Not inside a longer word or number. Behind a blank stands another number, and no number goes
    on with a letter: what its author's pattern reads there is meant."""
    inside = text[start].isdigit() and _NUMBER.search(text, max(0, start - 2), start)
    return not inside and is_whole(text, start, end)


_NUMBER = re.compile(r"[0-9][\-./]\Z")
_LARGE = 32 * 1024
"""Characters from which RE2 takes longer to tell that a pattern matches nowhere than arrays do."""


class _National:
    """`find` over Presidio's national identifiers: those of which a label is there and a pattern
    matches. RE2 tries the patterns one by one: together they would make one large automaton (see
    `prefilter`)."""

    def __init__(self, members: Sequence[PatternRecognizer]) -> None:
        members = sorted(members, key=_entity)
        self._entities = [Entity(m) for m in members]
        self._patterns = [_set(_trigger(p.regex) for p in m.patterns) for m in members]
        self._labels = _set(_any_word(m.context) for m in members)
        self.trigger = _plain_words(members)

    def find(self, view: ScanText) -> Iterator[Hit]:
        named = sorted(self._labels.Match(view.data) or ())
        if len(view.text) < _LARGE:
            named = [i for i in named if self._patterns[i].Match(view.data)]
        if not named or len(view.text) < LONG:
            return chain.from_iterable(self._entities[i].of_short(view) for i in named)
        places = Places(view)
        return chain.from_iterable(self._entities[i].of_long(places) for i in named)


def _entity(member: PatternRecognizer) -> str:
    return str(member.supported_entities[0])


def _set(patterns: Iterable[str]) -> Any:
    made = re2.Set.SearchSet()
    for pattern in patterns:
        made.Add(pattern)
    made.Compile()
    return made


def _any_word(words: Sequence[str]) -> str:
    """As the engine looks for them: English ones as words, `_` as a blank."""
    plain = [re2.escape(w).replace("\\ ", "[ _]") for w in words if w.isascii()]
    other = [re2.escape(w) for w in words if not w.isascii()]
    edged = [f"(?:^|[^a-z])(?:{'|'.join(plain)})(?:[^a-z]|$)"] if plain else []
    return "(?i)" + "|".join([*edged, *other])


def _plain_words(members: Sequence[PatternRecognizer]) -> str:
    """What `_any_word` finds holds one of these; `prefilter` knows them for words."""
    words = dict.fromkeys(w for m in members for w in m.context or ())
    spelled = [re2.escape(s) for w in words for s in dict.fromkeys((w, w.replace(" ", "_")))]
    return "(?i)" + "|".join(spelled)


def _stub(member: PatternRecognizer) -> PatternRecognizer:
    """The registry must serve both languages; only one is asked."""
    return PatternRecognizer(_entity(member), supported_language="zh", patterns=member.patterns)


def from_policy(own: Sequence[Mapping[str, Any]]) -> Recognizer:
    """Recognizers in Presidio's format. Raises PolicyError."""
    members = [parsed(d, "en") for d in own]
    gate = _Own(members)
    entities = dict.fromkeys(m.supported_entities[0] for m in members)
    return Recognizer(
        DetectorInfo(
            "policy_recognizers",
            tuple(map(kind_of, entities)),
            Bilingual("策略自带识别器", "Recognizers of the policy"),
        ),
        trigger=gate.trigger,
        find=gate.find,
        tails=(_bounded,),
        rank=35,
    )


def _bounded(text: str) -> int:
    return max(0, len(text) - MAX_SPAN)


def _national() -> Recognizer:
    gate = _National([repaired(c(supported_language="en")) for c in PREDEFINED])
    entities = dict.fromkeys(c().supported_entities[0] for c in PREDEFINED)
    return Recognizer(
        DetectorInfo(
            "presidio",
            tuple(map(kind_of, entities)),
            Bilingual("各国证件号（Presidio）", "National identifiers (Presidio)"),
            (
                Example("ABN 51 824 753 556", ("51 824 753 556",)),
                Example("his aadhaar is 3675 9834 6016", ("3675 9834 6016",)),
                Example("PESEL 44051401359号", ("44051401359",)),
                Example("NIF是12345678Z吗", ("12345678Z",)),
                Example("Thai ID 3-5201-00847-16-1", ("3-5201-00847-16-1",)),
                Example("泰国籍，身份证3 5201 00847 16 1。", ("3 5201 00847 16 1",)),
                Example("codice fiscale RSS MRA 85T10 A562S", ("RSS MRA 85T10 A562S",)),
                Example("TFN 123.456.782, NRIC S 1234567 D", ("123.456.782", "S 1234567 D")),
                Example("Thai ID 3-5201-00847-16-2, version 12.345.678-Z"),
                Example('<taxId c="DE">41376975202, plate LK68 VDN', ("41376975202", "LK68 VDN")),
                Example("Partita IVA 12345678903 di Roma", ("12345678903",)),
                Example("PAN ABCPE1234F, see form 49A", ("ABCPE1234F",)),
                Example("total 51824753556, part 12345678Z"),
            ),
        ),
        trigger=gate.trigger,
        find=gate.find,
        tails=(open_match.token, open_match.number, open_match.groups),
        rank=25,
        plain=False,
    )


RECOGNIZER = _national()
