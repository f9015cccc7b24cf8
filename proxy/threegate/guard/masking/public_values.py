"""Values that belong to the public and to no person: an answer may name them unasked. Pure.

Private networks and well-known resolvers, mailboxes of an office, service numbers and crisis lines.
Whoever must hide them too writes a rule on `pii.ip` and its like, which see every value.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

_PRIVATE = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
"""RFC 1918, 3927, 4193, 4291, 6598."""
_SERVICE = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.UAN,
}
_NOT_DIGITS = re.compile(r"[^0-9]")
_SERVICE_IN_CHINA = re.compile("(?:86)?[48]00[0-9]{7}")
_SERVICE_IN_AMERICA = re.compile("1?8(?:00|33|44|55|66|77|88)[2-9][0-9]{6}")


def is_public(kind: str, value: str) -> bool:
    """Whether `value`, as the text has it, is one that anybody may know."""
    match kind:
        case "pii.ip":
            return _is_public_address(value)
        case "pii.email":
            return value.partition("@")[0].lower() in _listed("mailboxes")
        case "pii.cn.landline" | "pii.phone":
            return _is_public_number(value)
        case _:
            return False


def _is_public_address(value: str) -> bool:
    try:
        address: IPv4Address | IPv6Address = ip_address(value)
    except ValueError:  # disguised: its own reason to hide it
        return False
    return str(address) in _listed("resolvers") or any(address in net for net in _PRIVATE)


def _is_public_number(value: str) -> bool:
    digits = _NOT_DIGITS.sub("", value)
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
    return frozenset(_tables()[name])


@cache
def _tables() -> dict[str, list[str]]:
    file = Path(__file__).with_suffix(".toml")
    return tomllib.loads(file.read_text("utf-8"))
