"""Taxonomies, coverage and question banks."""
