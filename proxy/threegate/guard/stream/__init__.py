"""The stream machine: which parts of an arriving answer are scanned, and which may leave."""
