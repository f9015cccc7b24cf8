from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.gateway.ai_label import SIGN, label_for, label_of, sign_of
from threegate.policy.model import CompiledPolicy, Label, Selector, Unlabelled
from threegate.types import Caller


@given(st.text(), st.text())
def test_values_are_printable_ascii_without_blank_quote_and_backslash(name: str, at: str) -> None:
    for value in label_of(name, at).values():
        assert all("!" <= c <= "~" and c not in '"\\' for c in value)


def test_the_label_leads_to_the_request_and_the_organisation() -> None:
    label = label_of("91350100M000100Y43", "tg_1")
    assert (label["ProduceID"], label["PropagateID"]) == ("tg_1", "tg_1")
    assert label["ContentProducer"] == "91350100M000100Y43"
    assert label_of("", "tg_1")["ContentProducer"] == "self-hosted"


@pytest.mark.parametrize("label", Label)
def test_only_one_kind_of_label_stands_in_the_text(label: Label) -> None:
    assert sign_of(label) == (SIGN if label is Label.TEXT else "")


ASKED = Unlabelled("studio", Selector(tenant=("studio",)), "terms-3", "2026-02-01", "2026-12-31")


@pytest.mark.parametrize(
    ("label", "tenant", "today", "given"),
    [
        (Label.TEXT, "studio", "2026-02-01", (Label.FIELD, "field:art9:studio:terms-3")),
        (Label.TEXT, "studio", "2026-12-31", (Label.FIELD, "field:art9:studio:terms-3")),
        (Label.TEXT, "studio", "2026-01-31", (Label.TEXT, "text")),
        (Label.TEXT, "studio", "2027-01-01", (Label.TEXT, "text")),
        (Label.TEXT, "other", "2026-06-01", (Label.TEXT, "text")),
        (Label.HEADER, "studio", "2026-06-01", (Label.HEADER, "header")),
        (Label.OFF, "studio", "2026-06-01", (Label.OFF, "")),
    ],
)
def test_who_asked_gets_the_field_in_place_of_the_sign(
    label: Label, tenant: str, today: str, given: tuple[Label, str]
) -> None:
    policy = CompiledPolicy("digest", "name", label=label, unlabelled=(ASKED,))
    assert label_for(policy, Caller(tenant=tenant), today) == given
