"""Figures of the detectors on labelled files: the same detectors and levels that policies use."""
