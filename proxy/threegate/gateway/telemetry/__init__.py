"""What a call leaves behind: audit records, metrics, traces."""
