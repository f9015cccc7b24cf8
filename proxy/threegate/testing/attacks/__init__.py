"""Attack suites: what is tried against a running deployment, with harmless twins."""
