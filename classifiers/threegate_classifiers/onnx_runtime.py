"""The one import of ONNX Runtime, with its vendor's telemetry off.

Official builds send events to their vendor and keep a device id under the home folder, from the
moment the library initialises. `ORT_DISABLE_TELEMETRY=1` in the environment before that keeps the
uploader, the events and the id from being made (Privacy.md of the package); the Windows builds
report to the system's tracing and are switched off by a call. Everything else imports the library
from here; ruff refuses any other import (`banned-api` in pyproject.toml).
"""

from __future__ import annotations

import os
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # noqa: TID251

onnxruntime.disable_telemetry_events()

__all__ = ["onnxruntime", "quantization"]


def quantization() -> Any:
    """The library's quantisation tools. They import `onnx`, which only development has."""
    from onnxruntime import quantization as tools  # noqa: TID251

    return tools
