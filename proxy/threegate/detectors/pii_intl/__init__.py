"""Identifiers of other countries and international ones; one module each."""
