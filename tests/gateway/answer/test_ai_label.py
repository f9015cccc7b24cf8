from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.gateway.answer.ai_label import SIGN, label_for, label_of, sign_of
from threegate.policy.model import AiLabel, CompiledPolicy, Selector, Unlabelled
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


@pytest.mark.parametrize("label", AiLabel)
def test_only_one_kind_of_label_stands_in_the_text(label: AiLabel) -> None:
    assert sign_of(label) == (SIGN if label is AiLabel.TEXT else "")


ASKED = Unlabelled("studio", Selector(tenant=("studio",)), "terms-3", "2026-02-01", "2026-12-31")


@pytest.mark.parametrize(
    ("label", "tenant", "today", "given"),
    [
        (AiLabel.TEXT, "studio", "2026-02-01", (AiLabel.FIELD, "field:art9:studio:terms-3")),
        (AiLabel.TEXT, "studio", "2026-12-31", (AiLabel.FIELD, "field:art9:studio:terms-3")),
        (AiLabel.TEXT, "studio", "2026-01-31", (AiLabel.TEXT, "text")),
        (AiLabel.TEXT, "studio", "2027-01-01", (AiLabel.TEXT, "text")),
        (AiLabel.TEXT, "other", "2026-06-01", (AiLabel.TEXT, "text")),
        (AiLabel.HEADER, "studio", "2026-06-01", (AiLabel.HEADER, "header")),
        (AiLabel.OFF, "studio", "2026-06-01", (AiLabel.OFF, "")),
    ],
)
def test_who_asked_gets_the_field_in_place_of_the_sign(
    label: AiLabel, tenant: str, today: str, given: tuple[AiLabel, str]
) -> None:
    policy = CompiledPolicy("digest", "name", label=label, unlabelled=(ASKED,))
    assert label_for(policy, Caller(tenant=tenant), today) == given
