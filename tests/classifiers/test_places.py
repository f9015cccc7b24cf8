"""Where a model runs, in words."""

from __future__ import annotations

import pytest
from threegate_classifiers.places import runs_on


@pytest.mark.parametrize(
    ("device", "zh", "en"),
    [
        ("CPUExecutionProvider", "在处理器（CPU）上运行", "runs on the processor (CPU)"),
        ("CUDAExecutionProvider", "在显卡（GPU）上运行", "runs on the graphics card (GPU)"),
        (
            "KServe v2 at models.example",
            "在模型服务器（KServe v2 at models.example）上运行",
            "runs on a model server (KServe v2 at models.example)",
        ),
    ],
)
def test_in_both_languages(device: str, zh: str, en: str) -> None:
    assert runs_on("guard/1", device, "zh") == f"模型 guard/1 {zh}"
    assert runs_on("guard/1", device, "en") == f"model guard/1 {en}"
