"""Prompt injection found by wording."""
