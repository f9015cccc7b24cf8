"""Whether a number with its country code is in use, like `phonenumbers.is_valid_number`. Uses the
library's own tables, one pattern per region, at a fifth of the cost of parsing the number. If a
country's numbers may begin with a prefix that parsing removes, the library decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

_LONGEST_CODE, _LEAST, _MOST = 3, 2, 17
"""The most digits of a country code, and of the number after it."""
AMERICA = "1"


@dataclass(frozen=True, slots=True)
class _Region:
    """`leading`: how its numbers begin, if several regions share a country code."""

    name: str
    leading: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Country:
    """`prefix`: what parsing may remove from a number. `led`: the leading digits of the regions
    that have their own. `sizes`: how many digits its numbers may have, local ones included."""

    code: int
    sizes: frozenset[int]
    prefix: re.Pattern[str]
    regions: tuple[_Region, ...]
    led: re.Pattern[str]

    def has(self, number: str) -> bool:
        """Whether `number`, without country code and prefix, is in use in the first region that it
        may belong to."""
        if not _LEAST <= len(number) <= _MOST:
            return False
        led = self.led.match(number)
        for region in self.regions:
            if region.leading is None:
                if _form(self.code, region.name).match(number):
                    return True
            elif led and region.leading.match(number):
                return _form(self.code, region.name).match(number) is not None
        return False

    def is_as_long(self, number: str) -> bool:
        return len(number) in self.sizes


def in_use(digits: str) -> bool:
    """Whether these digits, country code first, are a valid number."""
    return _asked(digits, _Country.has, phonenumbers.is_valid_number)


def is_possible(digits: str) -> bool:
    """Whether numbers of that country may have this length, like
    `phonenumbers.is_possible_number`."""
    return _asked(digits, _Country.is_as_long, phonenumbers.is_possible_number)


def in_use_in_america(number: str) -> bool:
    """Whether these ten digits are a valid North American number."""
    country = _country(AMERICA)
    return country is not None and country.has(number)


def _asked(
    digits: str,
    of_table: Callable[[_Country, str], bool],
    of_library: Callable[[phonenumbers.PhoneNumber], bool],
) -> bool:
    country = _country_of(digits)
    if country is None:
        return False
    number = digits[len(str(country.code)) :]
    if not country.prefix.match(number):
        return of_table(country, number)
    try:
        return of_library(phonenumbers.parse("+" + digits, None))
    except phonenumbers.NumberParseException:
        return False


def _country_of(digits: str) -> _Country | None:
    for size in range(1, _LONGEST_CODE + 1):
        if (country := _country(digits[:size])) is not None:
            return country
    return None


@cache
def _country(code: str) -> _Country | None:
    names = COUNTRY_CODE_TO_REGION_CODE.get(int(code) if code[:1] > "0" else 0)
    if names is None:
        return None
    tables = [_table(int(code), name) for name in names]
    leading = [table.leading_digits if len(names) > 1 else None for table in tables]
    regions = [
        _Region(n, re.compile(d) if d else None) for n, d in zip(names, leading, strict=True)
    ]
    prefix, led = tables[0].national_prefix_for_parsing, "|".join(filter(None, leading))
    return _Country(int(code), _sizes(tables[0]), _compiled(prefix), tuple(regions), _compiled(led))


def _sizes(table: PhoneMetadata) -> frozenset[int]:
    general = table.general_desc
    assert general is not None  # every table has it
    return frozenset(
        size for size in (*general.possible_length, *general.possible_length_local_only) if size > 0
    )


def _compiled(pattern: str | None) -> re.Pattern[str]:
    return re.compile(pattern or r"(?!)")


@cache
def _form(code: int, region: str) -> re.Pattern[str]:
    """The patterns of a region's numbers."""
    table = _table(code, region)
    kinds = (
        *(
            table.premium_rate,
            table.toll_free,
            table.shared_cost,
            table.voip,
            table.personal_number,
        ),
        *(table.pager, table.uan, table.voicemail, table.fixed_line, table.mobile),
    )
    forms = "|".join(form for kind in kinds if kind is not None for form in _forms(kind))
    general = "".join(rf"(?={form})" for form in _forms(table.general_desc))
    return _compiled(rf"{general}(?:{forms})" if forms and general else None)


def _forms(kind: PhoneNumberDesc | None) -> Iterator[str]:
    """The pattern of one type of numbers, if the region has it."""
    if kind is None:
        return
    sizes = "|".join(f"[0-9]{{{size}}}" for size in kind.possible_length if size > 0)
    if kind.national_number_pattern and (sizes or not kind.possible_length):
        size = rf"(?=(?:{sizes})\Z)" if sizes else ""
        yield rf"{size}(?:{kind.national_number_pattern})\Z"


def _table(code: int, region: str) -> PhoneMetadata:
    table = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    assert table is not None  # the library lists no region without a table
    return table
