"""Passwords in prose, chat and settings: 密码：…, 口令是…, the password is …, SMTP_PASS=….

A value must look like a password: six characters or more without spaces, with letters and digits or
symbols mixed. Digits alone count only directly after an explicit label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from threegate.data_files import patterns
from threegate.detectors.engine import byte_patterns
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import LABEL_REACH, Hit, likely_hits
from threegate.detectors.secrets.engine import NEXT_LINE, TAGS
from threegate.normalize.re2_spans import found
from threegate.types import Level

KIND = "secret.password"
_P = patterns("detectors.secrets", "password", NEXT_LINE=NEXT_LINE, TAGS=TAGS)
_C = _P["CHARS"].encode()
_MIXES = re.compile(
    b"[0-9!@#$%%^&*](?:(?=%s)(?:(?=%s{5})|(?<=%s{2})(?=%s{4})|(?<=%s{3})(?=%s{3})|(?<=%s{4})(?=%s{2})"
    b"|(?<=%s{5}))|(?<=%s{6}))" % ((_C,) * 10)
)
"""Occurs in every value: a digit or symbol among six characters that a value may have."""
_CHINESE = re.compile(_P["CHINESE"])
_LIKELY_CHINESE = re.compile(
    "(?:密(?:码|碼|钥)|口令)".encode() + rb"(?=\*{0,3}+[\x80-\xff]{0,40}+(?:</[^\n]{1,32}>)?"
    rb"[ :=\t\"'`\\*|]{0,6}(?:(?:(?<=:)|(?<=\xef\xbc\x9a))\r?\n[ \t]{0,4}(?:```\w{0,8}\r?\n)?)?"
    rb"%s{6})(?![0-9]++[.,:;?!\\]*+(?!%s))" % (_C, _C)
)
"""Does not match digits alone directly after the label either."""
_ENGLISH = re.compile(_P["ENGLISH"])
_S = rb"(?:[Ss]|\xc5\xbf)"
_LIKELY_ENGLISH = re.compile(
    rb"[Pp](?:[Aa]%s%s(?:(?:[Ww][Oo][Rr][Dd]|[Ww][Dd]|[Pp][Hh][Rr][Aa]%s[Ee]|[Cc][Oo][Dd][Ee])%s?)?"
    rb"|[Ww][Dd]?)[0-9]?(?![a-zA-Z\-.)/;{}+?!~#$%%^&]|<[^/]|\*[^*:\xef]"
    rb"|_(?![\w\x80-\xff]{1,44}\(default=)|[=:]%s{0,5}[{}\[\]),]|[=:]%s{1,64}\((?![a-zA-Z]{7}=)"
    rb"|[=:](?!\*{1,3}[ \t])[!#$%%*+\-./:;?^~]%s{0,4}[ \t\r\n]"
    rb"|(?:[ \t]|[=:][ \t]?)[\w.\-]{1,30}@[\w\-]{1,20}\.[A-Za-z]{2,12}(?!%s))"
    % (_S, _S, _S, _S, _C, _C, _C, _C)
)
"""Labels that may be followed by a link and a value of more than five characters, which is not a
call or an address. This pattern is cheaper in `re` than in RE2."""
_OTHER = re.compile(_P["OTHER"])
_NOT = re2.compile(_P["NOT"])
_LONG_ENOUGH = 8
"""Letters and digits of this length directly after the label are a password without 是 or a
colon."""
_TERM = re.compile(r"^[A-Za-z]+-?\d{1,4}$|^\d+-[A-Za-z\-]+$|&#")
_AMOUNT = re.compile(r"^[0-9]+(?:\.[0-9]+)?[A-Za-z/%]{1,8}$")
"""Values that are not passwords if words precede them: `encrypted with AES-256`, `a 6-digit
code`."""
_ASSIGNS = tuple(":=：是为成は>→(（-–—~")
_QUOTED = re.compile(_P["QUOTED"])
_ASSIGNING = (
    *("改成了", "改为了", "设成了", "设为了", "换成了", "变成了"),
    *("is", "was", " be", " are", " as", " to", "'s", "’s", " been", " remains", " stays"),
    *(" es", " ist", " est", " lautet", " either", " still", " always", " just", " simply"),
    *(" probably", " now"),
)
_BRACKETS, _CLOSED = ("(", "（"), (")", "）")
_DIGIT = re.compile("[0-9]")
_OTHER_NAMES = re.compile(_P["OTHER_NAMES"])
_VERB = re.compile(r"^[A-Za-z'’\- ]*(?: to|`) ?$")
"""`pass` as a verb: pass it to pod2html, pass a `boto3.Client`."""
_SIGN = re.compile("[!@#$%^&*]")
_INSIDE = re.compile("(?<=[A-Za-z0-9])(?:[!@#$%^&*](?=[A-Za-z0-9])|[@#$%^&*]|(?<=[0-9])!)")
"""A symbol that does not begin a variable and, unless it follows a digit, does not end a
sentence."""
_LOGIN = re.compile("[a-z0-9]+@[a-z0-9]+")


_FORMS = (
    (_LIKELY_CHINESE, _CHINESE),
    (_LIKELY_ENGLISH, _ENGLISH),
    (byte_patterns.loosened(_OTHER.pattern), _OTHER),
)


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern in _FORMS:
        yield from likely_hits(view, loose, pattern, _hit, value=_MIXES)


_NEXT_FIELD = re.compile(r"(?<=.)(?:;(?=[A-Za-z ]{2,40}=)|&(?=[a-z_]{3,40}=))")
"""The next field of a connection string or a query."""


def _hit(match: re.Match[str]) -> Hit | None:
    start = match.start("value")
    if start - match.start() > LABEL_REACH:
        return None
    gap, link, value = match.group("gap", "link", "value")
    if ";" in value or "&" in value:
        value = _NEXT_FIELD.split(value)[0]
    if match.string[match.start() - 1 : match.start()] == "/" and "/" in value[1:]:  # user/pass
        user, _, value = value.partition("/")
        start += len(user) + 1
    if value[-1:] in ".,:;?\\":
        value = value.rstrip(".,:;?!\\")
    following = match.string[match.end() : match.end() + 1]
    if following == "(" or ((gap + link)[-1:] in _BRACKETS and following not in _CLOSED):
        return None  # a call, or more than a value in brackets
    label = match.string[match.start() : match.start("gap")].lower()
    if _OTHER_NAMES.search(gap + link):
        return None
    if label == "pass" and _VERB.search(gap + link) and not _SIGN.search(value):
        return None
    level = level_of(value, gap + link, close=len(gap) <= 4)
    return Hit(start, start + len(value), KIND, level) if level else None


def level_of(value: str, link: str, *, close: bool) -> Level | None:
    """The level of a password candidate, or None. `link`: the text between label and value;
    `close`: the label is directly before it."""
    if len(value) < 6 or found(_NOT, value.encode()):
        return None
    explicit, sign, small = _is_explicit(link), not value.isalnum(), value.lower()
    if value.isdigit():
        return Level.MEDIUM if explicit and close and len(value) <= 12 else None
    letter = small != value.upper()
    mixed_in = _DIGIT.search(value) or (explicit and sign and value != small)
    if not (letter and mixed_in):
        return None
    named = _has_words(link) and (_TERM.search(value) or small.startswith("passw"))
    if not explicit and (named or _AMOUNT.search(value)):
        return None
    mixed = sign or small != value
    adjacent = close and not link.strip() and len(value) >= _LONG_ENOUGH
    if mixed and (explicit or (adjacent and _is_signed(value))):
        return Level.HIGH
    return Level.MEDIUM if explicit or mixed or adjacent else Level.LOW


def _is_signed(value: str) -> bool:
    """Whether a value without an assignment can hardly be anything but a password."""
    mixed = _INSIDE.search(value) or len(_RUNS.findall(value)) >= _MANY_RUNS
    if not mixed or _LOGIN.fullmatch(value):
        return False
    return not found(_NOT, value.rstrip("!").encode())


_RUNS, _MANY_RUNS = re.compile("[a-z]+|[A-Z]+|[0-9]+"), 6
"""The number of runs of one character class: Xk92mQpL has six, Base64Encode five."""


def _is_explicit(link: str) -> bool:
    end = link.partition("```")[0].rstrip(" \t\r\n*\"'`“‘「")
    return (
        end[-1:] in _ASSIGNS or _QUOTED.search(link) is not None or end.lower().endswith(_ASSIGNING)
    )


def _has_words(link: str) -> bool:
    return link.isascii() and bool(link.strip())


RECOGNIZER = described("password", (KIND,), find, trigger=_P["TRIGGER"])
