"""The guard: the three layers as pure functions and state machines, without input or output."""
