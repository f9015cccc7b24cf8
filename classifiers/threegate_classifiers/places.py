"""Where a model runs, in words for whoever starts it."""

from __future__ import annotations

PLACES = {
    "CPUExecutionProvider": ("处理器（CPU）", "the processor (CPU)"),
    "CPU, mapped": ("处理器（CPU）", "the processor (CPU)"),
    "CUDAExecutionProvider": ("显卡（GPU）", "the graphics card (GPU)"),
}
"""By what a backend says of itself; any other is a server elsewhere."""


def runs_on(model: str, device: str, language: str) -> str:
    """`model` by name and version."""
    zh, en = PLACES.get(device, (f"模型服务器（{device}）", f"a model server ({device})"))
    return f"模型 {model} 在{zh}上运行" if language == "zh" else f"model {model} runs on {en}"
