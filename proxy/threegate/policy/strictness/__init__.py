"""Which of two policies is stricter, and how they differ."""
