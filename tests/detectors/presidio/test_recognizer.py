from __future__ import annotations

import re

import pytest
from threegate.detectors.presidio.catalog import PREDEFINED
from threegate.detectors.presidio.patterns import repaired as repair
from threegate.detectors.presidio.policy import from_policy
from threegate.detectors.registry import kinds, scanner
from threegate.errors import PolicyError
from threegate.policy.language.recognizers import entity_of, kind_of
from threegate.types import Channel, Layer, Level, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
OWN = {
    "name": "staff",
    "supported_entity": "EMPLOYEE_NO",
    "patterns": [{"name": "emp", "regex": r"EMP-\d{6}", "score": 0.6}],
    "context": ["工号"],
}


def test_entity_names_are_unique_and_come_back() -> None:
    names = [entity_of(k) for k in kinds() if k.startswith("pii.")]
    assert len(names) == len(set(names))
    assert all(
        kind_of(entity_of(k)) == k for k in kinds() if k.startswith("pii.") and k.count(".") == 2
    )


def test_policy_recognizers_join_the_scanner() -> None:
    scan = scanner(frozenset({"pii.employee_no"}), [OWN]).scan
    text = "他的工号是EMP-123456吗"
    (finding,) = scan(Passage(LOCUS, text)).findings
    assert (text[finding.span.start : finding.span.end], finding.kind, finding.level) == (
        "EMP-123456",
        "pii.employee_no",
        Level.HIGH,
    )
    assert scan(Passage(LOCUS, text), final=False).settled == 0


def test_edges_hold_beside_chinese_and_context_decides() -> None:
    scan = scanner(frozenset({"pii.es.nif"})).scan
    assert [f.level for f in scan(Passage(LOCUS, "NIF是12345678Z吗")).findings] == [Level.HIGH]
    assert scan(Passage(LOCUS, "零件12345678Z吗")).findings == ()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("EMP-123456 EMP-123457, in room 3 EMP-123458", ["123456", "123457", "123458"]),
        ("2.EMP-123456", ["123456"]),
        ("XEMP-123456 EMP-1234567 EMP-123456x", []),
        ("site 4410001 4410002", ["4410001", "4410002"]),
        ("12-4410001, 4.4410001, 44410001", []),
    ],
)
def test_policy_recognizers_find_what_stands_in_a_row(text: str, values: list[str]) -> None:
    pattern = {"name": "s", "regex": r"\b441\d{4}\b", "score": 0.6}
    site = {"name": "site", "supported_entity": "SITE_NO", "patterns": [pattern]}
    scan = scanner(frozenset({"pii.employee_no", "pii.site_no"}), [OWN, site]).scan
    found = scan(Passage(LOCUS, text)).findings
    assert [text[f.span.start : f.span.end].removeprefix("EMP-") for f in found] == values


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (
            {"name": "x", "supported_entity": "A", "patterns": [{"regex": "(?<=a)b", "score": 1}]},
            "RE2",
        ),
        ({"name": "x", "supported_entity": "A", "patterns": [{"regex": "b"}]}, "score"),
        ({"name": "x", "supported_entity": "A"}, "patterns"),
        ({"name": "x", "supported_entity": "A", "patterns": [], "module": "os"}, "module"),
    ],
)
def test_bad_recognizers_are_named(bad: dict[str, object], word: str) -> None:
    with pytest.raises(PolicyError, match=word):
        from_policy([bad])


def test_no_national_pattern_looks_beyond_its_value() -> None:
    repaired = [repair(c(supported_language="en")) for c in PREDEFINED]
    assert not [p.regex for r in repaired for p in r.patterns if re.search(r"[.\])][*+]", p.regex)]
    scan = scanner(frozenset({"pii.in.pan"})).scan
    assert scan(Passage(LOCUS, "pan abcde-fghi " * 20_000 + "2024")).findings == ()
    assert scan(Passage(LOCUS, "pan statements of 2024")).findings == ()
    assert len(scan(Passage(LOCUS, "pan abcd1234ef")).findings) == 1


def test_a_catastrophic_pattern_is_linear() -> None:
    own = {"name": "x", "supported_entity": "A", "patterns": [{"regex": "(a+)+b", "score": 1}]}
    assert scanner(frozenset({"pii.a"}), [own]).scan(Passage(LOCUS, "a" * 50_000)).findings == ()
