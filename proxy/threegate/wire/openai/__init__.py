"""The OpenAI APIs (and DeepSeek, which follows them)."""
