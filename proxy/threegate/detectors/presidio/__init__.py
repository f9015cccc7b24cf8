"""Presidio's national identifiers, and policy recognizers in Presidio's format."""
