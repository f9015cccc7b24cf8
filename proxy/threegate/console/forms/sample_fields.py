"""The tests of a detecting rule in its form: those that are one line of text in a text area, and
one by one those with a place, a question, sources or several lines.

Of the latter, sample N is `sample.N.text` and so on; without a text it is no test. Sources are
separated by an empty line. A test that cannot be written like this stays as it is in the YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from threegate.console.forms.detect_fields import EXPECT
from threegate.console.yaml_values import flow, lines, texts

NEW_SAMPLES = 2
"""Empty ones that the form offers; the second is shown once the first is opened."""
MOST_SAMPLES = 25
"""Of each sort that the form shows; a request has at most 500 fields."""
PARTS = ("text", "sources", "question", "channel")
_GAP = re.compile(r"\n[ \t]*\n")
Row = dict[str, str]


def read_samples(rule: CommentedMap) -> dict[str, Any]:
    shown = [row for expect in EXPECT for _, row in _with_rows(rule, expect) if row]
    hidden = sum(row is None for expect in EXPECT for _, row in _with_rows(rule, expect))
    empty = {"expect": EXPECT[0], **dict.fromkeys(PARTS, "")}
    return {
        **{expect: "\n".join(plain_samples(rule, expect)) for expect in EXPECT},
        "samples": [*shown, *([empty] * NEW_SAMPLES)],
        "more_tests": hidden,
    }


def write_samples(rule: CommentedMap, form: Mapping[str, str]) -> None:
    """What does not change keeps its node. A form without samples leaves those that there are."""
    tests = rule.get("tests")
    if not isinstance(tests, CommentedMap):
        tests = rule["tests"] = CommentedMap()
    given = list(_given(form))
    for expect in EXPECT:
        paired = _with_rows(rule, expect)
        before = [row for _, row in paired if row]
        rows = [row for row in given if row["expect"] == expect]
        rows = rows if any(name.startswith("sample.") for name in form) else before
        plain = lines(form, expect)
        if (plain, rows) != (plain_samples(rule, expect), before) or expect not in tests:
            texts = [_kept_line(rule, expect, line) for line in plain]
            shown = [(node, row) for node, row in paired if row]
            nodes = [_taken(shown, row) for row in rows]
            others = [node for node, row in paired if row is None]
            _replace(tests, expect, [*texts, *nodes, *others])


def _taken(left: list[tuple[Any, Row]], row: Row) -> Any:
    """The node of a test, taken once: one that is written twice would become an alias."""
    for index, (node, old) in enumerate(left):
        if old == row:
            del left[index]
            return node
    return _node(row)


def _kept_line(rule: CommentedMap, expect: str, line: str) -> Any:
    same = (node for node in _nodes(rule, expect) if _is_plain(node) and node == line)
    return next(same, SingleQuotedScalarString(line))


def _replace(tests: CommentedMap, expect: str, wanted: list[Any]) -> None:
    """In place, so that comments stay with the tests that they belong to."""
    found = tests.get(expect)
    if not wanted or not isinstance(found, CommentedSeq):
        tests[expect] = flow(CommentedSeq(wanted))
        tests.ca.items.pop(expect, None)  # a comment before the first test would end the list
        return
    for index in reversed(range(len(found))):
        if not any(found[index] is node for node in wanted):
            del found[index]
    for index, node in enumerate(wanted):
        if index >= len(found) or found[index] is not node:
            later = next((n for n in range(index, len(found)) if found[n] is node), None)
            if later is not None:
                del found[later]
            found.insert(index, node)


def plain_samples(rule: CommentedMap, expect: str) -> list[str]:
    """Tests that are one line of text and nothing else."""
    return [str(node) for node in _nodes(rule, expect) if _is_plain(node)]


def _nodes(rule: CommentedMap, expect: str) -> list[Any]:
    return (rule.get("tests") or {}).get(expect) or []


def _is_plain(node: Any) -> bool:
    return isinstance(node, str) and "\n" not in node


def _with_rows(rule: CommentedMap, expect: str) -> list[tuple[Any, Row | None]]:
    """The other tests, as the form has them; None where it cannot, or has enough of them."""
    rows = [(n, _row(n, expect)) for n in _nodes(rule, expect) if not _is_plain(n)]
    return [*rows[:MOST_SAMPLES], *((node, None) for node, _ in rows[MOST_SAMPLES:])]


def _row(node: Any, expect: str) -> Row | None:
    node = {"text": node} if isinstance(node, str) else node
    if not isinstance(node, Mapping) or not set(node) <= set(PARTS):
        return None
    sources = texts(node.get("sources"))
    row = {part: str(node.get(part) or "") for part in PARTS}
    row |= {"expect": expect, "sources": "\n\n".join(sources)}
    same = all(value == _typed(name, value) for name, value in row.items())
    return row if same and row["text"] and _sources(row["sources"]) == sources else None


def _typed(name: str, value: str) -> str:
    """What comes back of a value: browsers change some breaks of lines, the form trims."""
    return (value.replace("\n", "") if name == "question" else value).replace("\r", "\n").strip()


def _given(form: Mapping[str, str]) -> Iterator[Row]:
    numbers = {name.split(".")[1] for name in form if re.fullmatch(r"sample\.\d{1,4}\.text", name)}
    for number in sorted(numbers, key=int):
        sent = {part: form.get(f"sample.{number}.{part}", "") for part in ("expect", *PARTS)}
        row = {part: value.replace("\r\n", "\n").strip() for part, value in sent.items()}
        row["sources"] = "\n\n".join(_sources(row["sources"]))
        if row["text"] and row["expect"] in EXPECT:
            yield row


def _sources(text: str) -> list[str]:
    return [source.strip() for source in _GAP.split(text) if source.strip()]


def _node(row: Row) -> Any:
    """As short as the language allows."""
    made: dict[str, Any] = {
        part: SingleQuotedScalarString(row[part]) for part in ("text", "question") if row[part]
    }
    if row["channel"]:
        made["channel"] = row["channel"]
    if sources := _sources(row["sources"]):
        made["sources"] = flow(CommentedSeq(map(SingleQuotedScalarString, sources)))
    return flow(CommentedMap(made)) if len(made) > 1 else made["text"]
