"""What a call reports: audit records, metrics, traces."""
