"""Converts and validates values of settings. Errors name the setting and what it must be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from threegate.i18n.system import reason
from threegate.i18n.yaml import translated
from threegate.settings.errors import SettingsError, wrong
from threegate.types import Bilingual

IN_WORDS = {
    "int": Bilingual("不小于 0 的整数", "a whole number, 0 or more"),
    "float": Bilingual("不小于 0 的数，只写数字", "a number, 0 or more"),
    "bool": Bilingual(" true 或 false", "true or false"),
    "str": Bilingual("一段文字", "text"),
    "tuple[str, ...]": Bilingual("文字的列表", "a list of texts"),
    "Mapping[str, str]": Bilingual("一组“名称: 值”", "a mapping of texts"),
}


def file_of(path: Path) -> dict[str, Any]:
    """A YAML file as a mapping; an empty file is an empty one."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise wrong("not-utf-8", where=path) from None
    except OSError as error:
        raise wrong("not-read", where=path, why=reason(error)) from None
    try:
        raw = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, RecursionError, ValueError) as error:
        raise _broken(error, path, text) from None
    if not isinstance(raw, dict) and raw is not None:
        raise wrong("no-mapping", where=path)
    return raw or {}


def line_of(path: Path, where: str) -> str:
    """A secret from a file, without the line break. Raises SettingsError, which names only the
    file, also for several lines, which no header accepts."""
    try:
        line = path.read_text("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise wrong("not-utf-8", where=f"{where}: {path}") from None
    except OSError as error:
        raise wrong("not-read", where=f"{where}: {path}", why=reason(error)) from None
    if not line:
        raise wrong("empty-file", where=where, name=path)
    if len(line.splitlines()) > 1:
        raise wrong("several-lines", where=where, name=path)
    return line


def not_set(named: str, where: str) -> SettingsError:
    """Only what looks like the name of a variable is shown: people write the key itself there, and
    some are of capitals alone, in one piece of sixteen and more."""
    if re.fullmatch(r"(?!.*[A-Z0-9]{16})[A-Z][A-Z0-9_]*", named):
        return wrong("not-set", where=where, name=named)
    return wrong("not-set-unnamed", where=where)


def _broken(error: Exception, path: Path, text: str) -> SettingsError:
    """The parser's complaint with its position and without the text that it quotes."""
    mark = getattr(error, "problem_mark", None)
    place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
    character = text[mark.index : mark.index + 1] if mark else ""
    near = "\n".join(text.split("\n")[max(0, mark.line - 1) : mark.line + 1]) if mark else ""
    if isinstance(error, DuplicateKeyError):
        name = re.findall(r'duplicate key "([^"]*)"', error.problem or "")[:1] or ["?"]
        return wrong("twice", where=path, place=place, name=name[0])
    if not isinstance(error, MarkedYAMLError):
        words = translated(getattr(error, "reason", "") or "exceeded maximum nesting depth")
    else:
        words = translated(error.problem or "?", error.context or "", character, 0, near)
    return wrong("yaml", where=path, place=place, zh=words.zh, en=words.en)


def unknown(where: str, name: str, known: Sequence[str]) -> SettingsError:
    close = get_close_matches(name[:100].lower(), known, n=1, cutoff=0.6)
    zh_hint, en_hint = (f"；是 {close[0]} 吗？", f"; is it {close[0]}?") if close else ("", "")
    return wrong("unknown", where=where, name=name, zh_hint=zh_hint, en_hint=en_hint)


def whole(name: str, value: Any, where: str, least: int, most: int) -> int:
    """A number, or digits from a variable."""
    digits = isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value.strip())
    number = int(value) if digits or type(value) is int else None
    if number is None or not least <= number <= most:
        raise wrong("number", where=where, name=name, least=least, most=most)
    return number


def seconds(name: str, value: Any, where: str) -> float:
    """A duration from 10 ms to an hour. Raises SettingsError."""
    try:
        made = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        made = 0.0
    if not 0.01 <= made <= 3600:
        raise wrong("seconds", where=where, name=name)
    return made


def text(name: str, value: Any, where: str) -> str:
    """Digits also count as a text (`producer`); a list or mapping does not."""
    if isinstance(value, bool) or not isinstance(value, str | int | Path):
        raise wrong("text", where=where, name=name)
    return str(value)


def address(name: str, value: Any, where: str, schemes: Sequence[str]) -> str:
    """A URL with one of these schemes, a host and a valid port; an empty text is not accepted."""
    made = text(name, value, where)
    if not made or leads_somewhere(made, schemes):
        return made
    raise wrong("address", where=where, name=name, known=", ".join(f"{s}://" for s in schemes))


def leads_somewhere(url: str, schemes: Sequence[str]) -> bool:
    """Whether a URL has one of these schemes, a host (for `unix` a path) and a valid port."""
    try:
        parts = urlsplit(url)
        place = parts.path if parts.scheme == "unix" else parts.hostname
        return parts.scheme in schemes and bool(place) and parts.port != 0
    except ValueError:
        return False


def header(name: str, value: Any, where: str) -> str:
    """The name of an HTTP header (RFC 9110), or nothing."""
    made = text(name, value, where)
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*", made):
        raise wrong("header", where=where, name=name)
    return made


def choice(name: str, value: Any, where: str, known: Sequence[str]) -> str:
    made = str(value).lower()
    if made not in known:
        raise wrong("choice", where=where, name=name, known=", ".join(known))
    return made


def texts(name: str, value: Any, where: str) -> tuple[str, ...]:
    """A list, or `a,b` from a variable."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(i, str) and i for i in items):
        raise wrong("texts", where=where, name=name)
    return tuple(item.strip() for item in items)


def pairs(name: str, value: Any, where: str) -> tuple[tuple[str, str], ...]:
    """A mapping, or `name=value,…` in a text."""
    if isinstance(value, str):
        value = dict(part.partition("=")[::2] for part in value.split(","))
    if not isinstance(value, Mapping) or not all(value.values()):
        raise wrong("pairs", where=where, name=name)
    return tuple((str(k).strip(), str(v).strip()) for k, v in value.items())


def members(kind: type[Any], value: Any, where: str) -> dict[str, Any]:
    """A mapping as the fields of `kind`: none unknown, none missing, each of its type."""
    known = {field.name: field for field in fields(kind)}
    needed = [n for n, f in known.items() if f.default is MISSING]
    if not isinstance(value, Mapping):
        raise wrong("missing-key", where=where, name=needed[0])
    for name in value:
        if name not in known:
            raise wrong("unknown-key", where=where, name=name, known=", ".join(known))
    for name in needed:
        if name not in value:
            raise wrong("missing-key", where=where, name=name)
    return {str(n): _of_type(str(known[n].type), v, n, where) for n, v in value.items()}


def _of_type(kind: str, value: Any, name: str, where: str) -> Any:
    """`value` as a field of this type. Numbers are not negative."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    match kind:
        case "int" if number and isinstance(value, int):
            return value
        case "float" if number:
            return float(value)
        case "bool" if isinstance(value, bool):
            return value
        case "str" if isinstance(value, str):
            return value
        case "tuple[str, ...]" if isinstance(value, list | tuple):
            return tuple(map(str, value))
        case "Mapping[str, str]" if isinstance(value, Mapping):
            return {str(k): str(v) for k, v in value.items()}
        case _:
            words = IN_WORDS[kind]
            raise wrong("type", where=where, name=name, zh=words.zh, en=words.en)
