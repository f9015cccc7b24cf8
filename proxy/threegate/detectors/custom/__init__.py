"""Detectors that a policy defines itself: word lists, RE2 patterns, categories by example."""
