"""The suffix of an address is told without parsing its domain, and as the parser tells it."""

from __future__ import annotations

import string
from random import Random

import tldextract
from threegate.detectors.pii_intl.email import is_real

PARSER = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def same(domain: str) -> bool:
    return is_real(domain) == bool(PARSER.extract_str(domain).suffix)


def test_every_suffix_is_known() -> None:
    for suffix in PARSER.tlds:
        plain = suffix.removeprefix("*.").encode("idna").decode()
        assert same(f"b.{plain}")
        assert same(f"a.b.{plain}")


def test_made_domains_are_real_where_the_parser_says_so() -> None:
    draw = Random(7)
    tops = [*(s.rpartition(".")[2] for s in PARSER.tlds), *["za"] * 500]
    for _ in range(20_000):
        made = "".join(draw.choices(string.ascii_lowercase + "-", k=draw.choice((2, 3, 5))))
        top = draw.choice((draw.choice(tops), made, f"xn--{made}")).encode("idna").decode()
        labels = ["".join(draw.choices("abcogv1", k=draw.randint(1, 3))) for _ in range(3)]
        domain = ".".join([*labels[: draw.randint(1, 3)], top])
        assert same(domain), domain
