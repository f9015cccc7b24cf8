"""A labelled set made from a seed, to judge the pattern detectors on what nobody tuned them for:
what `threegate eval --made` measures on, in a checkout."""

from __future__ import annotations

from bench.made.build import TASKS, rows

__all__ = ["TASKS", "rows"]
