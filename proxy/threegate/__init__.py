"""Threegate: a guard in front of a model API. Three layers, one policy."""

__version__ = "0.1.0"
