"""What a record says besides a decision: who looked at what, which step of a policy, what the log
did itself. Names and codes are in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from threegate.console.presenters.labels import BOOKS, name
from threegate.console.presenters.punctuation import listed

FIRST: Final = ("actor", "by", "verb", "what", "object", "reason")
BOOK_OF: Final = {"what": "verb", "terms": "term", "roles": "role", "category": "kind"}
"""Members whose values are named in another table; the others have a table of their own name."""
SAME: Final = {"by": "actor", "note": "reason"}
"""Steps of a policy have both members, mostly with one value."""


def facts(detail: Mapping[str, Any], language: str) -> list[dict[str, str]]:
    """Title and value of each, in reading order; `to` is the page that the value
    names, where it has one."""
    names = sorted(detail, key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST))
    return [
        {
            "title": name("fact", each, language),
            "value": _value(each, detail[each], language),
            "to": _page_of(each, detail[each]),
        }
        for each in names
        if detail[each] not in ("", None, [], detail.get(SAME.get(each, "")))
    ]


JUDGING = ("label", "propose-test")
"""Verbs of records that say what somebody thinks of a call; a test that must not match says that
it was a false positive."""
VERDICT = ("label", "category", "expect")


def is_verdict_of_another(detail: Mapping[str, Any], reader: str) -> bool:
    return detail.get("verb") in JUDGING and detail.get("actor") != reader


def without_verdict(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Who judged what, but not how."""
    return {name: value for name, value in detail.items() if name not in VERDICT}


def _value(member: str, value: Any, language: str) -> str:
    match value:
        case bool():
            return name("yes", "yes" if value else "no", language)
        case list():
            return listed(_words(member, value, language), language)
        case _:
            return next(_words(member, [value], language))


def _words(member: str, values: list[Any], language: str) -> Iterator[str]:
    book = BOOK_OF.get(member, member)
    for value in values:
        if isinstance(value, list):  # a range of records: writer, first, last
            writer, first, last = value
            yield f"{writer} {first}–{last}"
            continue
        word, equals, given = str(value).partition("=") if member == "terms" else (value, "", "")
        named = _named(book, str(word), language)
        yield f"{named} {_named(word, given, language)}" if equals else named


def _named(book: str, code: str, language: str) -> str:
    return name(book, code, language) if book in BOOKS or book == "kind" else code


def _page_of(member: str, value: Any) -> str:
    is_request = member == "object" and str(value).startswith("tg_")
    return f"/audit/record/{value}" if is_request else ""
