"""Independent verification of a log or an export."""
