"""The speed bench: one mock model API, one load, and every proxy in turn in between."""
