"""Secret rules by provider."""
