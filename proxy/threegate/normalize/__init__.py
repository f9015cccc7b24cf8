"""Normalised views of a text, each with an exact map back to the original. Pure."""

from __future__ import annotations

from threegate.normalize.fold import plain_text
from threegate.normalize.pipeline import WORD_VIEWS, views
from threegate.normalize.view import View

__all__ = ["WORD_VIEWS", "View", "plain_text", "views"]
