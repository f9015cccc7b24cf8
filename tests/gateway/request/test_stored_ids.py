"""Marks of what a tenant has stored at a model API."""

from __future__ import annotations

import pytest
from threegate.errors import RequestError
from threegate.gateway.request.stored_ids import MAC_CHARS, StoredIds

IDS = StoredIds(b"k" * 32, "bank-1")
ID = "resp_67ccd3a9da748190baa7f1570fe91ac604becb25c45c1d41"


def test_a_marked_id_opens_for_its_tenant_alone() -> None:
    marked = IDS.marked(ID)
    assert IDS.opened(marked) == ID
    assert IDS.marked(marked) == marked
    assert StoredIds(b"k" * 32, "bank-2").opened(marked) is None
    assert StoredIds(b"x" * 96, "bank-1").opened(marked) is None


@pytest.mark.parametrize("id", ["", "-tg", ID, f"{ID}-tg{'A' * MAC_CHARS}", f"{ID}-tg{'é' * 22}"])
def test_what_nobody_marked_opens_for_nobody(id: str) -> None:
    assert IDS.opened(id) is None


def test_a_foreign_reference_is_as_if_it_did_not_exist() -> None:
    with pytest.raises(RequestError) as refused:
        IDS.request({"previous_response_id": ID})
    assert (refused.value.status, refused.value.code) == (404, "stored_not_found")
    assert ID not in str(refused.value)
