"""CNPJs with letters: what is found in a text, and where."""

from __future__ import annotations

import pytest
from threegate.detectors.engine.context import ScanText
from threegate.detectors.pii_intl.br_cnpj import RECOGNIZER
from threegate.types import Level


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("12.ABC.345/01DE-35", ["12.ABC.345/01DE-35"]),
        ("fornecedor 12.ABC.345/01DE-35.", ["12.ABC.345/01DE-35"]),
        ("巴西公司12.ABC.345/01DE-35已注册", ["12.ABC.345/01DE-35"]),
        ("cnpj=12ABC34501DE35", ["12ABC34501DE35"]),
        ("12ABC34501DE35", []),  # no label
        ("12.ABC.345/01DE-53", []),  # check digits exchanged
        ("CNPJ 12ABC34501DE36", []),
        ("CNPJ 11.222.333/0001-81", []),  # digits alone: national_ids
        ("v9.12.ABC.345/01DE-35", []),  # part of something longer
        ("CNPJ 12.ABC.345/01DE-351", []),
        ("CNPJ AA.AAA.AAA/AAAA-00", []),  # one character throughout
    ],
)
def test_values(text: str, values: list[str]) -> None:
    hits = list(RECOGNIZER.find(ScanText(text, final=True)))
    assert [text[hit.start : hit.end] for hit in hits] == values
    assert all(hit.level is Level.HIGH for hit in hits)
