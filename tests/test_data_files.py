from __future__ import annotations

import pytest
from threegate.data_files import table


def test_a_table_with_its_placeholders_filled() -> None:
    scenes = table("testing", "scenes", KEY="k-1")
    assert "k-1" in scenes["secret_leak"]["en"]["answer"]
    assert "<KEY>" in table("testing", "scenes")["secret_leak"]["en"]["answer"]


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(OSError, match="nowhere"):
        table("testing", "nowhere")
