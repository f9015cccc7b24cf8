"""The form of a rule: its fields, read from the text of a pack and written back to it. Pure."""
