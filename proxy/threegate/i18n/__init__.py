"""Bilingual texts of the command line, errors, YAML problems and the audit log."""
