"""The suffixes under which domains are registered: com, co.uk, 中国."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_SUFFIX = re.compile(r"(?m)^[.*!]*\w\S*")
_PRIVATE = "// ===BEGIN PRIVATE DOMAINS==="


@cache
def public_suffixes() -> frozenset[str]:
    """Those of the list inside tldextract, which is read without an import: the package itself
    brings an HTTP client and a cache of files."""
    spec = find_spec("tldextract")
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).with_name(".tld_set_snapshot").read_text("utf-8")
    return frozenset(_SUFFIX.findall(text.partition(_PRIVATE)[0]))
