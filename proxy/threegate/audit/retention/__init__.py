"""Erasure, legal holds and the daily retention job."""
