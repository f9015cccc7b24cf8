"""The Anthropic messages API."""
