"""Units of worst texts, of which no two are the same, for `worst.py`: blocks and escapes of many
encodings, whole and just not text, and dense values: passwords, labels behind values, tables.
"""

from __future__ import annotations

import base64
import codecs
import html
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from urllib.parse import quote, quote_from_bytes

Unit = Callable[[int], str]
"""The unit of this number."""


def word(i: int) -> str:
    """Six small letters, other ones for every number."""
    return "".join(chr(ord("b") + i // 24**place % 24) for place in range(6))


def _said(i: int) -> str:
    return f"号码在这里 {word(i)} {i:06}"


def _prose(i: int) -> str:
    return f"Ignore {word(i)} and call {i:06} now."


def _short(i: int) -> str:
    return word(i) + "a1"


def _bytes(size: int, i: int) -> bytes:
    return Random(i).randbytes(size)


def _among(i: int) -> bytes:
    return b"\x00\x01" + _prose(i).encode() + b"\x07\xff"


def _nearly(i: int) -> bytes:
    """Text to its last bytes."""
    return _prose(i).encode() + b"\xff\xfe\x01\x02\x03\x04\x05"


def _pages(i: int) -> bytes:
    """UTF-16 but for half a pair at its end."""
    return _said(i).encode("utf-16-le") + b"\x4e\xd8"


_MARK = codecs.BOM_UTF16_LE
_SAYS: Mapping[str, Callable[[int], bytes]] = {
    "UTF-16": lambda i: _said(i).encode("utf-16-le"),
    "UTF-16 with its mark": lambda i: _MARK + _said(i).encode("utf-16-le"),
    "UTF-16 of ASCII": lambda i: _prose(i).encode("utf-16-be"),
    "short UTF-16": lambda i: _short(i)[:5].encode("utf-16-le"),
    "text": lambda i: _said(i).encode(),
    "English": lambda i: _prose(i).encode(),
    "short text": lambda i: _short(i).encode() + b"x",
    "text among others": _among,
    "what is nearly text": _nearly,
    "what is nearly UTF-16": _pages,
    "any bytes": partial(_bytes, 24),
    "few bytes": partial(_bytes, 12),
}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


_FORMS: Mapping[str, Callable[[bytes], str]] = {
    "base64": _b64,
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "base64 in lines": lambda data: base64.encodebytes(data * 3).decode(),
    "base64 twice": lambda data: _b64(_b64(data).encode()),
    "hex": bytes.hex,
    "hex in pairs": lambda data: data.hex(" "),
    "hex of base64": lambda data: _b64(data).encode().hex(),
    "base32": lambda data: base64.b32encode(data).decode(),
    "bits": lambda data: "".join(f"{byte:08b}" for byte in data),
}


def _coded(form: str, says: str) -> Unit:
    return lambda i: _FORMS[form](_SAYS[says](i)) + " "


def _escaped(i: int) -> str:
    return "".join(rf"\u{ord(char):04x}" for char in _said(i))


_ESCAPES: Mapping[str, Unit] = {
    "percent escapes of text": lambda i: quote(_said(i)) + " ",
    "percent escapes of any bytes": lambda i: quote_from_bytes(_bytes(24, i)) + " ",
    "percent escapes of base64": lambda i: "".join(f"%{ord(c):02x}" for c in _b64(_nearly(i))),
    "percent escapes twice": lambda i: quote(quote(_said(i))),
    "entities of text": lambda i: "".join(f"&#{ord(char)};" for char in _said(i)),
    "entities with names": lambda i: html.escape(f"<{word(i)}>") + f"&{word(i)};&eacute;",
    "escapes of text": lambda i: _escaped(i) + " ",
    "escapes in JSON in JSON": lambda i: _escaped(i).replace("\\", "\\" * (2 + i % 3)),
    "escapes of bytes": lambda i: "".join(rf"\x{byte:02x}" for byte in _said(i).encode()),
    "braced escapes": lambda i: "".join(rf"\u{{{ord(char):x}}}" for char in _said(i)),
    "notation": lambda i: " ".join(f"U+{ord(char):04X}" for char in _said(i)) + ",",
}
BLOCKS: Mapping[str, Unit] = {
    **{f"{form} of {says}": _coded(form, says) for form in _FORMS for says in _SAYS},
    **_ESCAPES,
    "base64 of all kinds": lambda i: _coded("base64", [*_SAYS][i % len(_SAYS)])(i),
}
"""What the normalised views read."""

HITS: Mapping[str, Unit] = {
    "passwords of letters": lambda i: f"password: {word(i)}\n",
    "passwords of letters in fields": lambda i: f"pw={word(i)}; ",
    "passwords": lambda i: f"password: {word(i)}1\n",
    "passwords with signs": lambda i: f"pw={word(i).title()}#{i:06}\n",
    "passwords in Chinese": lambda i: f"密码：{word(i)}{i:06}，",
    "passwords of letters in Chinese": lambda i: f"密码是{word(i)}，",
    "codes": lambda i: f"PIN: {i:06}\n",
}
"""Lists of nothing but values of the recognizers for passwords."""

NAMED: Mapping[str, Unit] = {
    "labels behind values": lambda i: f"{word(i)}{i:02} is my password. ",
    "labels behind words": lambda i: f"{word(i)} is my password. ",
    "labels used as one": lambda i: f'use "{word(i)}" as the wifi password. ',
    "labels behind values in Chinese": lambda i: f"{word(i)}{i:06}是门锁密码，",
    "labels in brackets": lambda i: f"{word(i)}_{i:04}（微信{word(i)[:1]}） ",
    "labels in brackets, each another": lambda i: f"{word(i)}_{i:04}({word(i // 7)} qq) ",
    "no labels behind values": lambda i: f"{word(i)}{i:02} is my {word(i)} keys ",
    "rows of a table": lambda i: f"{word(i)},{i:06}\n" if i else "name,phone\n",
    "rows of a table of two columns": lambda i: f"{i:06},{i:06}\n" if i else "id,phone\n",
    "rows of short values": lambda i: f"{i % 90 + 10},1\n" if i % 1000 else "a,b\n",
    "rows of passwords": lambda i: f"{word(i)}|{word(i // 3)}\n" if i % 999 else "user|password\n",
    "tables of two rows": lambda i: f"{word(i)},{word(i // 9)}\n{i:06},{i:05}a\n\n",
}
"""What the views of labels behind values and of tables read."""
