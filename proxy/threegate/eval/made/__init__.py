"""A labelled set made from a seed, to judge the pattern detectors on what nobody tuned them for."""

from __future__ import annotations

from threegate.eval.made.build import TASKS, rows

__all__ = ["TASKS", "rows"]
