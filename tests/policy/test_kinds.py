"""One vocabulary: what policies may name is what detectors find, and each kind serves real taxonomy ids."""

from __future__ import annotations

from threegate.detectors.registry import DETECTORS
from threegate.policy.compliance.taxonomy import (
    BY_ID,
    GBT45654,
    TAXONOMIES,
    Taxonomy,
    taxonomy,
)
from threegate.policy.kinds import BY_KIND, KIND_INFOS, KINDS, is_known, title_of


def test_detectors_find_only_known_kinds() -> None:
    found = {kind for detector in DETECTORS for kind in detector.info.kinds}
    assert {k for k in found if not is_known(k, KINDS)} == set()


def test_kinds_are_unique_and_titled() -> None:
    assert len(BY_KIND) == len(KIND_INFOS)
    assert all(info.title.zh and info.title.en for info in KIND_INFOS)


def test_every_reason_exists() -> None:
    assert [why for info in KIND_INFOS for why in info.why if why not in BY_ID] == []


def test_families_and_wildcards() -> None:
    assert is_known("pii.cn", KINDS)
    assert is_known("pii.*", KINDS)
    assert is_known("secret.github", KINDS)
    assert not is_known("pii.cn.idcard", KINDS)
    assert not is_known("hazard.*.x", KINDS)
    assert title_of("pii.email").en == "e-mail address"
    assert title_of("list.x").en == "list.x"


def known(name: str) -> Taxonomy:
    found = taxonomy(name)
    assert found
    return found


def test_taxonomies_have_their_official_counts() -> None:
    names = ("gbt45654", "mlcommons", "owasp", "nist")
    counts = [len(known(name).categories) for name in names]
    assert counts == [31, 12, 10, 12]
    groups = [c.group for c in GBT45654.categories]
    assert [groups.count(f"A{i}") for i in range(1, 6)] == [8, 9, 5, 7, 2]
    assert len(BY_ID) == sum(len(t.categories) for t in TAXONOMIES)
    assert taxonomy("owasp-llm-2025") is taxonomy("owasp")


def test_every_gbt_risk_and_mlcommons_hazard_is_served_by_a_kind() -> None:
    served = {why for info in KIND_INFOS for why in info.why}
    for each in (GBT45654, known("mlcommons")):
        assert {c.id for c in each.categories} - served == set()
