"""Exports, backups and formats of other systems."""
