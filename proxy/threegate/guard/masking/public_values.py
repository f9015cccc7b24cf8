"""Public values that belong to no person, so an answer may name them unasked. Pure.

Private networks and well-known resolvers, mailboxes of an office, service numbers and crisis lines;
and what is reserved for documents and tests: domains, networks, telephone numbers, test cards. To
hide them as well, write a rule on `pii.ip` and the like, which see every value except resolvers.
"""

from __future__ import annotations

import re
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from threegate.data_files import table

_NOBODYS = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "fc00::/7", "fe80::/10",
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32",
    )
)  # fmt: skip
"""Private: RFC 1918, 3927, 4193, 4291, 6598. For documents: RFC 5737, 3849."""
_EXAMPLE_DOMAIN = re.compile(
    r"(?:[^.]+\.)?(?:example(?:\.(?:com|net|org))?|test|invalid|localhost"
    r"|your[-_]?(?:domain|company|site|org)\.[a-z.]{2,6})"
)
"""RFC 2606 and 6761, and what manuals write in place of a domain; with at most one label before it,
because more could contain a real domain: `company.cn.example.com`."""
_BETWEEN_WORDS = re.compile(r"[._\-]")
_SERVICE = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.UAN,
}
_NOT_DIGITS = re.compile(r"[^0-9]")
_SERVICE_IN_CHINA = re.compile("(?:86)?[48]00[0-9]{7}")
_SERVICE_IN_AMERICA = re.compile("1?8(?:00|33|44|55|66|77|88)[2-9][0-9]{6}")
_NOT_IN_NUMBERS = re.compile(r"[^0-9+]")
_FICTION = re.compile(
    r"(?:\+?1)?[2-9][0-9]{2}55501[0-9]{2}"
    r"|(?:\+?440?|0)(?:1632960|2079460|2896496|2920180|7700900|(?:11[3-8]|1[2-6]1)4960|1914980)[0-9]{3}"
)
"""Numbers reserved for films and manuals in North America (NANPA) and Britain (Ofcom)."""

_COUNTING, _COUNTED = "01234567890123456789", 9
"""Digits in order, as everybody writes them in an example, from so many on: 12345678901."""


def is_public(kind: str, value: str) -> bool:
    """Whether `value`, as written in the text, is public."""
    match kind:
        case "pii.ip":
            return _is_public_address(value)
        case "pii.email":
            return _is_public_mailbox(*value.lower().partition("@")[::2])
        case "pii.cn.landline" | "pii.phone":
            return _is_public_number(value)
        case "pii.bank_card" | "pii.cn.mobile":
            return _NOT_DIGITS.sub("", value) in examples()
        case _:
            return False


def examples() -> frozenset[str]:
    """Card and mobile numbers that exist only as examples."""
    return _listed("examples")


def resolvers() -> frozenset[str]:
    """Addresses of public name servers."""
    return _listed("resolvers")


def _is_public_mailbox(name: str, domain: str) -> bool:
    mailboxes = _listed("mailboxes")
    of_an_office = name in mailboxes or mailboxes.issuperset(_BETWEEN_WORDS.split(name))
    return of_an_office or bool(_EXAMPLE_DOMAIN.fullmatch(domain))


def _is_public_address(value: str) -> bool:
    try:
        address: IPv4Address | IPv6Address = ip_address(value)
    except ValueError:  # disguised, which is reason enough to hide it
        return False
    return str(address) in resolvers() or any(address in net for net in _NOBODYS)


def _is_public_number(value: str) -> bool:
    digits = _NOT_DIGITS.sub("", value)
    if len(digits) >= _COUNTED and digits in _COUNTING:
        return True
    if _FICTION.fullmatch(_NOT_IN_NUMBERS.sub("", value)):
        return True
    if value.startswith("+"):
        return digits in _listed("hotlines") or _is_service(value)
    if f"86{digits.lstrip('0')}" in _listed("hotlines"):
        return True
    return any(form.fullmatch(digits) for form in (_SERVICE_IN_CHINA, _SERVICE_IN_AMERICA))


def _is_service(value: str) -> bool:
    try:
        number = phonenumbers.parse(value)
    except NumberParseException:
        return False
    return phonenumbers.number_type(number) in _SERVICE


@cache
def _listed(name: str) -> frozenset[str]:
    return frozenset(table("guard.masking", "public_values")[name])
