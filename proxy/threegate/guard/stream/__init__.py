"""The stream machine: what of an answer that is still arriving is scanned, and what may leave."""
