"""Detectors: pattern recognizers, injection signatures, policy patterns and models. See `registry`."""
