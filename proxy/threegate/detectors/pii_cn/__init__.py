"""Identifiers of mainland China, Hong Kong, Macau and Taiwan; one module each."""
