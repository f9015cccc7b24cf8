"""What this machine's processor says of itself (Linux: /proc/cpuinfo)."""

from __future__ import annotations

import platform
from pathlib import Path

_TOLD = ("model name", "flags", "Features", "CPU part")
_EXACT = {"avx512_vnni", "avx_vnni"}


def described() -> str:
    """Lines that tell one kind of processor from another."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(_TOLD)))


def sums_exactly(description: str) -> bool:
    """Whether it adds products of u8 x s8 in 32 bits (VNNI); others saturate at 16."""
    return not _EXACT.isdisjoint(description.split())
