"""Detectors: pattern recognizers, injection signatures, policy patterns, models; see `registry`."""
