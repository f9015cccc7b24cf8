"""Accounts, sessions, single sign-on and request security of the console."""
