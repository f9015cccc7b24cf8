"""Zip files from outside."""

from __future__ import annotations

import zlib
from typing import Final
from zipfile import BadZipFile

UNREADABLE: Final = (
    BadZipFile, zlib.error, EOFError, LookupError, OSError, RuntimeError, ValueError
)  # fmt: skip
"""What `zipfile` raises for a damaged or encrypted file, or one packed in an unknown way: with one
byte changed, a quarter of what it raised was no `BadZipFile`."""
