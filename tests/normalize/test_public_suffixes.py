from __future__ import annotations

import tldextract
from threegate.normalize.public_suffixes import public_suffixes


def test_the_list_is_that_of_tldextract() -> None:
    known = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    assert public_suffixes() == frozenset(known)
