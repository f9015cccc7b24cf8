"""Live feeds of the log to other systems: each record at least once, read from the chain."""
