"""Presidio as the engine of personal data: one real `AnalyzerEngine` without spaCy.

Three uses:

- `engine()` holds every built-in recognizer wrapped as a Presidio `EntityRecognizer`,
  Presidio's own national identifiers and a policy's recognizers: the interface that Presidio
  users know.
- `RECOGNIZER` brings Presidio's national identifiers into our scanner (only next to a
  label of theirs).
- `from_policy` brings recognizers that a policy writes in Presidio's format (data only, RE2
  syntax, linear time).

On the hot path our recognizers run directly; `AnalyzerEngine.analyze` runs only when the pre-scan
matched the pattern and a context word of an entity, with just those entities. Why: on 1,000
characters with four identifiers the engine with everything takes 4 to 10 times as long as the whole
scanner (0.5 ms), on clean text over a hundred times (1.4 ms and 11 µs), because every
recognizer sees every text. `bench/detectors.py` measures both.

Edges are repaired: Presidio's `\\b` is Unicode and fails between a digit and a Chinese
character; compiled with `ASCII` it holds. Context words are looked for in a window of
characters, not of spaCy tokens. Nothing here uses the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import re2
import regex

from threegate.detectors import checksums, tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.folding import fold
from threegate.detectors.recognizer import SCORES, Hit, Recognizer
from threegate.detectors.surroundings import View
from threegate.detectors.without_spacy import without_spacy
from threegate.errors import PolicyError
from threegate.types import Bilingual, Level

with without_spacy():
    from presidio_analyzer import (
        AnalyzerEngine,
        ContextAwareEnhancer,
        EntityRecognizer,
        Pattern,
        PatternRecognizer,
        RecognizerRegistry,
        RecognizerResult,
    )
    from presidio_analyzer import predefined_recognizers as predefined
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

LANGUAGES = ("zh", "en")
MAX_SPAN = 128
"""Characters a policy's recognizer may span; a stream holds that much while its rule is active."""
PREDEFINED: tuple[type[PatternRecognizer], ...] = (
    predefined.AuAbnRecognizer,
    predefined.AuAcnRecognizer,
    predefined.AuTfnRecognizer,
    predefined.AuMedicareRecognizer,
    predefined.CaSinRecognizer,
    predefined.DeTaxIdRecognizer,
    predefined.EsNieRecognizer,
    predefined.EsNifRecognizer,
    predefined.FiPersonalIdentityCodeRecognizer,
    predefined.InAadhaarRecognizer,
    predefined.ItFiscalCodeRecognizer,
    predefined.KrRrnRecognizer,
    predefined.PlPeselRecognizer,
    predefined.SePersonnummerRecognizer,
    predefined.SgFinRecognizer,
    predefined.ThTninRecognizer,
    predefined.TrNationalIdRecognizer,
    predefined.UsItinRecognizer,
    predefined.UsNpiRecognizer,
    predefined.ZaIdNumberRecognizer,
    predefined.DeFuehrerscheinRecognizer,
    predefined.DeHealthInsuranceRecognizer,
    predefined.DeIdCardRecognizer,
    predefined.DeSocialSecurityRecognizer,
    predefined.DeVatIdRecognizer,
    predefined.InGstinRecognizer,
    predefined.InPanRecognizer,
    predefined.InVoterRecognizer,
    predefined.ItDriverLicenseRecognizer,
    predefined.ItVatCodeRecognizer,
    predefined.KrBrnRecognizer,
    predefined.KrFrnRecognizer,
    predefined.MedicalLicenseRecognizer,
    predefined.NgNinRecognizer,
    predefined.PhUmidRecognizer,
    predefined.SeOrganisationsnummerRecognizer,
    predefined.SgUenRecognizer,
    predefined.TrLicensePlateRecognizer,
    predefined.UkVehicleRegistrationRecognizer,
    predefined.UsMbiRecognizer,
    predefined.ZaLicensePlateRecognizer,
)
MORE_CONTEXT: Mapping[str, str] = {
    "AU_ABN": "澳大利亚商业号|澳洲商业号|australian business number",
    "AU_ACN": "澳大利亚公司号|澳洲公司号",
    "AU_MEDICARE": "澳大利亚医保|澳洲医保",
    "AU_TFN": "澳大利亚税号|澳洲税号|tax file number",
    "CA_SIN": "加拿大社会保险|加拿大社保",
    "DE_FUEHRERSCHEIN": "德国驾照",
    "DE_HEALTH_INSURANCE": "德国医保",
    "DE_ID_CARD": "德国身份证|german id",
    "DE_SOCIAL_SECURITY": "德国社会保险|德国社保|german social security",
    "DE_TAX_ID": "德国税号|german tax id|tax id|steuer id",
    "DE_VAT_ID": "德国增值税",
    "ES_NIE": "西班牙外国人|外国人号|spanish nie",
    "ES_NIF": "西班牙税号|西班牙身份证|spanish id|spanish tax",
    "FI_PERSONAL_IDENTITY_CODE": "芬兰个人|芬兰身份|finnish personal|finnish id",
    "IN_AADHAAR": "印度身份证|aadhar",
    "IN_GSTIN": "印度商品服务税",
    "IN_PAN": "印度税号|pan card|pan number",
    "IN_VOTER": "印度选民证|voter id",
    "IT_DRIVER_LICENSE": "意大利驾照",
    "IT_FISCAL_CODE": "意大利税号|fiscal code|italian tax",
    "IT_VAT_CODE": "意大利增值税|italian vat|partita iva",
    "KR_BRN": "韩国企业登记|韩国营业执照",
    "KR_FRN": "韩国外国人登录|外国人登录号",
    "KR_RRN": "韩国居民登录|韩国身份证|주민등록번호|korean id|resident registration",
    "MEDICAL_LICENSE": "行医执照|医师执照|medical license|medical licence",
    "NG_NIN": "尼日利亚身份",
    "PH_UMID": "菲律宾社保",
    "PL_PESEL": "波兰身份|波兰个人",
    "SE_ORGANISATIONSNUMMER": "瑞典机构|瑞典公司",
    "SE_PERSONNUMMER": "瑞典个人|瑞典身份|swedish personal|swedish id",
    "SG_NRIC_FIN": "新加坡身份证|新加坡准证",
    "SG_UEN": "新加坡公司|新加坡机构",
    "TH_TNIN": "泰国身份证|thai national|thai id",
    "TR_LICENSE_PLATE": "土耳其车牌",
    "TR_NATIONAL_ID": "土耳其身份证|kimlik|turkish national",
    "UK_VEHICLE_REGISTRATION": "英国车牌",
    "US_ITIN": "美国个人税号|individual taxpayer",
    "US_MBI": "美国医保",
    "US_NPI": "美国医疗提供者|npi number",
    "ZA_ID_NUMBER": "南非身份证|za id|south african",
    "ZA_LICENSE_PLATE": "南非车牌",
}
"""Labels beside those that Presidio knows, by entity: Chinese ones, and what data calls them."""

_KNOWN = {
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


def entity_of(kind: str) -> str:
    """`pii.cn.id_card` is CN_ID_CARD; where Presidio has a name, that one."""
    return _KNOWN.get(kind) or kind.removeprefix("pii.").replace(".", "_").upper()


def kind_of(entity: str) -> str:
    """AU_ABN is `pii.au.abn`, EMPLOYEE_NO is `pii.employee_no`."""
    known = {v: k for k, v in _KNOWN.items()}.get(entity)
    country, _, rest = entity.partition("_")
    dotted = f"{country}.{rest}" if country in _COUNTRIES and rest else entity
    return known or "pii." + dotted.lower()


class Wrapped(EntityRecognizer):  # type: ignore[misc]
    """One of ours in Presidio's clothes."""

    def __init__(self, ours: Recognizer, language: str) -> None:
        self.ours = ours
        super().__init__([entity_of(k) for k in ours.info.kinds], ours.info.id, language)

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: object
    ) -> list[RecognizerResult]:
        wanted = set(entities)
        return [
            RecognizerResult(
                entity_of(hit.kind),
                hit.start,
                hit.end,
                SCORES[hit.level],
                recognition_metadata={RecognizerResult.RECOGNIZER_NAME_KEY: self.name},
            )
            for hit in self.ours.find(View(fold(text)))
            if entity_of(hit.kind) in wanted
        ]


class LinearPatterns(PatternRecognizer):  # type: ignore[misc]
    """A policy's recognizer: Presidio's data, run by RE2, so no pattern can take more than
    linear time."""

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: object = None,
        regex_flags: int | None = None,
    ) -> list[RecognizerResult]:
        return [
            RecognizerResult(self.supported_entities[0], *match.span(), pattern.score)
            for pattern in self.patterns
            for match in _linear(pattern.regex).finditer(text)
            if 0 < match.end() - match.start() <= MAX_SPAN
        ]


_QUIET = re2.Options()
_QUIET.log_errors = False


@cache
def _linear(pattern: str) -> Any:
    return re2.compile("(?i)" + pattern, _QUIET)


class WindowContext(ContextAwareEnhancer):  # type: ignore[misc]
    """Context words within the characters before a value. Ours have judged their context
    already."""

    def __init__(self) -> None:
        super().__init__(0.35, 0.4, 0, 0)

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: object,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        by_name = {r.id: r for r in recognizers}
        view = View(text)
        for result in raw_results:
            key = RecognizerResult.RECOGNIZER_IDENTIFIER_KEY
            source = by_name.get((result.recognition_metadata or {}).get(key, ""))
            if isinstance(source, PatternRecognizer):
                self._weigh(result, view, [*(source.context or []), *(context or [])], source)
        return raw_results

    def _weigh(
        self, result: RecognizerResult, view: View, context: list[str], source: PatternRecognizer
    ) -> None:
        before = view.before(result.start).lower().replace("_", " ")
        if any(_mentions(before, word.lower()) for word in context):
            raised = max(
                result.score + self.context_similarity_factor,
                self.min_score_with_context_similarity,
            )
            result.score = min(raised, self.MAX_SCORE)
        elif not isinstance(source, LinearPatterns):
            result.score = 0.0


def _mentions(text: str, word: str) -> bool:
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) is not None


def engine(
    ours: Sequence[Recognizer] = (), own: Sequence[Mapping[str, Any]] = ()
) -> AnalyzerEngine:
    """All recognizers behind Presidio's interface, for `zh` and `en`."""
    members: list[EntityRecognizer] = []
    for language in LANGUAGES:
        members += [Wrapped(r, language) for r in ours]
        members += [_repaired(c(supported_language=language)) for c in PREDEFINED]
        members += [_parsed(d, language) for d in own]
    return _engine(members)


def _engine(members: list[EntityRecognizer]) -> AnalyzerEngine:
    models = [{"lang_code": language, "model_name": "none"} for language in LANGUAGES]
    return AnalyzerEngine(
        registry=RecognizerRegistry(members, supported_languages=list(LANGUAGES)),
        nlp_engine=NoOpNlpEngine(models),
        supported_languages=list(LANGUAGES),
        context_aware_enhancer=WindowContext(),
    )


def _repaired(recognizer: PatternRecognizer) -> PatternRecognizer:
    recognizer.global_regex_flags |= regex.ASCII
    more = MORE_CONTEXT.get(recognizer.supported_entities[0], "")
    recognizer.context = [*(recognizer.context or ()), *filter(None, more.split("|"))]
    for pattern in recognizer.patterns:
        if not pattern.regex.startswith(("\\b", "(?")):
            pattern.regex = rf"\b(?:{pattern.regex})\b"
    return recognizer


_FIELDS = frozenset(
    ("name", "supported_entity", "supported_entities", "supported_language", "type", "enabled")
) | {"supported_languages", "patterns", "deny_list", "deny_list_score", "context"}


def _parsed(data: Mapping[str, Any], language: str) -> LinearPatterns:
    """Raises PolicyError naming the recognizer and what is wrong."""
    name = str(data.get("name", "recognizer"))
    if unknown := sorted(set(data) - _FIELDS):
        raise PolicyError(f"recognizer {name}: unknown keys {', '.join(unknown)}")
    entity = data.get("supported_entity") or next(iter(data.get("supported_entities") or ()), None)
    if not entity or not (data.get("patterns") or data.get("deny_list")):
        raise PolicyError(f"recognizer {name}: needs supported_entity and patterns or deny_list")
    patterns = [_pattern(name, p) for p in data.get("patterns") or ()]
    patterns += [
        Pattern("deny_list", re2.escape(w), float(data.get("deny_list_score", 1.0)))
        for w in data.get("deny_list") or ()
    ]
    return LinearPatterns(
        str(entity),
        name=name,
        supported_language=language,
        patterns=patterns,
        context=list(data.get("context") or ()),
    )


def _pattern(name: str, data: Mapping[str, Any]) -> Pattern:
    try:
        _linear(str(data["regex"]))
        return Pattern(str(data.get("name", name)), str(data["regex"]), float(data["score"]))
    except KeyError as error:
        raise PolicyError(f"recognizer {name}: a pattern lacks {error.args[0]}") from None
    except (re2.error, ValueError, TypeError):
        raise PolicyError(
            f"recognizer {name}: a pattern is no RE2 expression or its score no number"
        ) from None


_BOUNDARY = re.compile(r"\\b|\(\?<?[=!](?:[^()\\]|\\.|\[[^\]]*\])*\)")


def _trigger(pattern: str) -> str:
    """The pattern without edges, as RE2: it matches wherever the pattern does. A digit, if RE2
    cannot say it."""
    plain = "(?is)" + _BOUNDARY.sub("", pattern)
    try:
        re2.compile(plain, _QUIET)
    except re2.error:
        return "[0-9]"
    return plain


class _Gate:
    """Our `find` over an engine: pre-scan by entity, one `analyze` with those that may match.

    With `labelled` an entity may match only where one of its context words stands too.
    """

    def __init__(self, members: Sequence[PatternRecognizer], *, labelled: bool) -> None:
        self._analyzer = _engine([*members, *(_stub(m) for m in members)])
        patterns = [(m, _trigger(p.regex)) for m in members for p in m.patterns]
        words = [(m, _any_word(m.context)) for m in members if m.context]
        self._patterns, self._words = _Entities(patterns), _Entities(words)
        self._labelled = labelled
        self.trigger = "|".join(f"(?:{p})" for _, p in (words if labelled else patterns))

    def find(self, view: View) -> Iterator[Hit]:
        entities = self._patterns.of(view.text)
        if self._labelled and entities:
            entities &= self._words.of(view.text)
        if entities:
            for result in self._analyzer.analyze(view.text, "en", sorted(entities)):
                if result.score > 0 and self._stands(view.text, result):
                    kind, level = kind_of(result.entity_type), _level(result.score)
                    yield Hit(result.start, result.end, kind, level, "presidio")

    def _stands(self, text: str, result: RecognizerResult) -> bool:
        check = _CHECKS.get(result.entity_type)
        checked = check is None or check(text[result.start : result.end].upper())
        return checked and _clean(text, result.start, result.end)


_CHECKS: Mapping[str, Callable[[str], bool]] = {"SG_NRIC_FIN": checksums.nric}
"""Check digits that Presidio does not look at."""


class _Entities:
    """Which entities' patterns match somewhere: one RE2 Set."""

    def __init__(self, patterns: Sequence[tuple[PatternRecognizer, str]]) -> None:
        self._names = [member.supported_entities[0] for member, _ in patterns]
        self._set = re2.Set.SearchSet()
        for _, pattern in patterns:
            self._set.Add(pattern)
        self._set.Compile()

    def of(self, text: str) -> set[str]:
        return {self._names[i] for i in self._set.Match(text) or ()}


def _any_word(words: Sequence[str]) -> str:
    return "(?i)" + "|".join(re2.escape(w).replace("\\ ", "[ _]") for w in words)


def _stub(member: PatternRecognizer) -> PatternRecognizer:
    """The registry must serve both languages; only one is asked."""
    return PatternRecognizer(
        member.supported_entities[0], supported_language="zh", patterns=member.patterns
    )


def _clean(text: str, start: int, end: int) -> bool:
    """Not inside a longer word or a longer row of numbers: what stands before decides, not
    where a search began."""
    before, after = text[max(0, start - 2) : start], text[end : end + 1]
    joined = len(before) == 2 and before[0].isdigit() and before[1] in " -./"
    return not joined and not _word(before[-1:]) and not _word(after)


def _word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _level(score: float) -> Level:
    return Level.HIGH if score >= 0.85 else Level.MEDIUM if score >= 0.5 else Level.LOW


def from_policy(own: Sequence[Mapping[str, Any]]) -> Recognizer:
    """Recognizers in Presidio's format. Raises PolicyError."""
    members = [_parsed(d, "en") for d in own]
    gate = _Gate(members, labelled=False)
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
    gate = _Gate([_repaired(c(supported_language="en")) for c in PREDEFINED], labelled=True)
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
                Example("total 51824753556, part 12345678Z"),
            ),
        ),
        trigger=gate.trigger,
        find=gate.find,
        tails=(tails.token, tails.number),
        rank=25,
    )


RECOGNIZER = _national()
