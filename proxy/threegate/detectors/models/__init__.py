"""Detectors backed by models: guard, entities, fact check, LLM judge."""
