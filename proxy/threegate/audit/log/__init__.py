"""The log itself: records, chain, checkpoints, storage, search."""
