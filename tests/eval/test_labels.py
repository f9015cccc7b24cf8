from __future__ import annotations

import pytest
from threegate.eval.labels import KINDS_OF, NOT_OURS, accepts, is_known, within
from threegate.policy.kinds import BY_KIND

PII, SECRET = frozenset({"pii"}), frozenset({"secret"})


@pytest.mark.parametrize(
    ("label", "kind", "yes"),
    [
        ("BANK_CARD", "pii.bank_card", True),
        ("CN_MOBILE", "pii.cn.mobile", True),
        ("CN_MOBILE", "pii.phone", False),
        ("US_PHONE", "pii.phone", True),
        ("PERSON", "pii.person", True),
        ("JWT", "secret.jwt", True),
        ("PASSWORD", "secret.connection_string", True),
        ("LOCATION", "pii.address", False),
        ("NEVER_HEARD_OF", "pii.person", False),
    ],
)
def test_accepts(label: str, kind: str, yes: bool) -> None:
    assert accepts(label, kind) is yes


def test_a_label_belongs_to_the_task_that_can_find_it() -> None:
    assert within("PERSON", PII)
    assert not within("PERSON", SECRET)
    assert within("PEM", SECRET)
    assert not within("LOCATION", PII)


def test_every_kind_of_the_table_is_one_of_the_vocabulary() -> None:
    names = set(BY_KIND) | {"pii.account"}
    assert {k for own in KINDS_OF.values() for k in own} <= names


def test_every_identifier_of_the_vocabulary_has_a_label() -> None:
    """By its name, or by the table where the name means more than one kind."""
    names = {
        k: k.removeprefix("pii.").replace(".", "_").upper() for k in BY_KIND if k[:4] == "pii."
    }
    assert [kind for kind, name in names.items() if not accepts(name, kind)] == []


def test_known_labels() -> None:
    assert is_known("PERSON")
    assert all(map(is_known, NOT_OURS))
    assert not is_known("NEVER_HEARD_OF")
