"""What a policy brings along: word lists, RE2 patterns, categories by example."""
