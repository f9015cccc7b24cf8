from __future__ import annotations

import contextlib
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import RequestError, UpstreamError
from threegate.wire.json import parse, parse_answer
from threegate.wire.limits import MAX_ANSWER_DEPTH, MAX_DEPTH

SECRET = "sk-canary-000"

REFUSED = [
    (b'{"a": 1, "a": 2}', "twice in the request body at /a", "/a"),
    (b'{"m": [{"x": {"k/y": 1, "k\\u002fy": 2}}]}', "twice", "/m/0/x/k~1y"),
    (b'{"a": NaN}', "not valid JSON", ""),
    (b'{"a": -Infinity}', "not valid JSON", ""),
    (b'{"a": 1e999}', "not valid JSON", ""),
    (b'{"a": "\\ud800"}', "not valid JSON", ""),
    (b'{"a": "\\ude00x"}', "not valid JSON", ""),
    (b'\xef\xbb\xbf{"a": 1}', "byte order mark", ""),
    (b'{"a": "\xff"}', "not UTF-8 at byte 7", ""),
    ('{"a": "x"}'.encode("utf-16"), "not", ""),
    (b"[1]", "not a JSON object", ""),
    (b'"text"', "not a JSON object", ""),
    (b"null", "not a JSON object", ""),
    (b"", "not valid JSON", ""),
    (b'{"a": 1} {"b": 2}', "not valid JSON", ""),
    (b"{'a': 1}", "not valid JSON", ""),
    (b'{"a": 1,}', "not valid JSON", ""),
    (b'{"seed": 9007199254740993}', "beyond 2\\*\\*53", "/seed"),
    (b'{"x": [{"seed": -90071992547409930}]}', "beyond 2\\*\\*53", "/x/0/seed"),
    (b'{"seed": ' + b"9" * 5000 + b"}", "not valid JSON", ""),
    (b'{"seed": ' + b"9" * 300 + b"}", "beyond 2\\*\\*53", "/seed"),
    (b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}", "nested deeper than 64", "/a" + "/0" * 63),
    (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "not valid JSON|nested", ""),
]


@pytest.mark.parametrize(("raw", "message", "param"), REFUSED)
def test_refused_with_the_place(raw: bytes, message: str, param: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        parse(raw)
    assert caught.value.status == 400
    assert caught.value.code == "invalid_json"
    assert param in caught.value.param
    assert len(caught.value.param) <= 200


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": "sk-canary-000", "a": "sk-canary-000"}',
        b'{"a": "sk-canary-000',
        b'["sk-canary-000"]',
        b'{"a": ["sk-canary-000", 99999999999999999999]}',
    ],
)
def test_no_error_shows_a_value(raw: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        parse(raw)
    assert SECRET not in str(caught.value) + caught.value.param


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"a": 'say \\": "x": {"x": {"x": 1}}', "b": {"a": 1}, "c": [{"a": 1}, {"a": 1}]},
        {"id": "110105194912310021", "n": 9007199254740992, "f": 1.5},
        {"arguments": json.dumps({"a": json.dumps({"a": 1, "b": [1]})})},
        {"a" * 40: {"b": [[[[]]]]}},
    ],
)
def test_sound_bodies_pass(body: dict[str, object]) -> None:
    assert parse(orjson.dumps(body)) == body
    assert parse(json.dumps(body, indent=2).encode()) == body


def test_the_deepest_allowed_nesting_passes() -> None:
    inner = MAX_DEPTH - 1
    body = b'{"a": ' + b"[" * inner + b"]" * inner + b', "b": [[], [], {}]}'
    assert parse(body)["b"] == [[], [], {}]


KEYS = st.text(max_size=4)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, VALUES), st.booleans())
def test_every_sound_object_is_parsed_as_the_standard_library_does(
    body: dict[str, object], escaped: bool
) -> None:
    raw = json.dumps(body, ensure_ascii=escaped).encode()
    assert parse(raw) == json.loads(raw)


HUGE = st.integers(2**53 + 1, 10**30) | st.integers(-(10**30), -(2**53) - 1)


@given(st.lists(VALUES, max_size=3), HUGE, st.sampled_from([None, 1]), st.booleans())
def test_a_huge_integer_is_found_wherever_it_stands(
    others: list[object], huge: int, indent: int | None, in_list: bool
) -> None:
    value = [*others, huge] if in_list else huge
    raw = json.dumps({"card": "4111111111111111", "others": others, "n": value}, indent=indent)
    with pytest.raises(RequestError, match="has an integer beyond"):
        parse(raw.encode())


@given(st.dictionaries(KEYS, VALUES, min_size=1), st.data())
def test_a_repeated_key_is_always_found(body: dict[str, object], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(body)))
    pairs = [*body.items(), (key, data.draw(VALUES))]
    inner = ", ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in pairs)
    with pytest.raises(RequestError, match="twice"):
        parse(f'{{"outer": [{{{inner}}}]}}'.encode())


@given(
    st.binary(max_size=60)
    | st.text(st.sampled_from('{}[]":,0123456789.eE+-\\ud8 ')).map(str.encode)
)
def test_any_bytes_give_an_object_or_a_request_error(raw: bytes) -> None:
    with contextlib.suppress(RequestError):
        assert isinstance(parse(raw), dict)


def nested(depth: int) -> bytes:
    return b'{"a": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"nothing", b"[1]", b'"x"', b'{"a": NaN}'),
        *(nested(MAX_ANSWER_DEPTH + n) for n in (1, 2, 150, 5000)),
    ],
)
def test_an_answer_that_cannot_be_checked_is_an_upstream_error(data: bytes) -> None:
    for given_as in (data, data.decode()):
        with pytest.raises(UpstreamError):
            parse_answer(given_as)


def test_answers_may_be_deep_have_blank_lines_and_say_a_key_twice() -> None:
    assert orjson.loads(nested(MAX_ANSWER_DEPTH)) == parse_answer(nested(MAX_ANSWER_DEPTH))
    assert parse_answer(b'\n\n\n{"a": 1}') == {"a": 1}
    assert parse_answer('{"a": "[[[' + "[" * 200 + '", "a": 2}') == {"a": 2}
