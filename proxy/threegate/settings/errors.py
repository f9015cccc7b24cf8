"""What is wrong with a setting: one entry each, in both languages.

Entries name settings, files, variables and the values that are possible, never the value that
stands there: it may be a password in the wrong place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threegate.types import Bilingual


class SettingsError(Exception):
    """A setting is wrong; the text names it and where it came from."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


WRONG: Mapping[str, Bilingual] = {
    "no-file": Bilingual("{where}：没有这个文件", "{where}: no such file"),
    "not-writable": Bilingual(
        "var：不能写入目录 {where}（{why}）；用 --var 指定另一个目录",
        "var: the folder {where} cannot be written ({why}); name another one with --var",
    ),
    "empty-variable": Bilingual(
        "{name} 是空的：写出设置文件的路径，或取消这个变量",
        "{name} is empty: name the settings file or unset the variable",
    ),
    "file-only": Bilingual(
        "{where}：{name} 只能写在设置文件里",
        "{where}: {name} can only be set in the settings file",
    ),
    "not-read": Bilingual("{where}：无法读取（{why}）", "{where}: cannot be read ({why})"),
    "not-utf-8": Bilingual(
        "{where}：不是 UTF-8 文本；请另存为 UTF-8",
        "{where}: is not UTF-8 text; save it as UTF-8",
    ),
    "yaml": Bilingual("{where}{place}：{zh}", "{where}{place}: {en}"),
    "twice": Bilingual(
        "{where}{place}：{name} 写了两次，留一个",
        "{where}{place}: {name} is given twice, keep one",
    ),
    "no-mapping": Bilingual(
        "{where}：应是一行一个“名称: 值”；冒号用半角，后面留一个空格",
        '{where}: must be a mapping, one "name: value" a line; the colon is the ASCII one, with a '
        "blank behind it",
    ),
    "unknown": Bilingual(
        "{where}：没有名为 {name} 的设置{zh_hint}", "{where}: unknown setting {name}{en_hint}"
    ),
    "unknown-key": Bilingual(
        "{where}：不认识的键 {name}；可用的键：{known}",
        "{where}: unknown key {name}; possible keys: {known}",
    ),
    "missing-key": Bilingual("{where}：缺 {name}", "{where}: {name} is missing"),
    "number": Bilingual(
        "{where}：{name} 应是 {least} 到 {most} 的整数",
        "{where}: {name} must be a whole number from {least} to {most}",
    ),
    "seconds": Bilingual(
        "{where}：{name} 应是 0.01 到 3600 秒，只写数字",
        "{where}: {name} must be 0.01 to 3600 seconds, a number alone",
    ),
    "choice": Bilingual(
        "{where}：{name} 应是其中之一：{known}", "{where}: {name} must be one of {known}"
    ),
    "text": Bilingual("{where}：{name} 应是一个文字", "{where}: {name} must be a text"),
    "texts": Bilingual("{where}：{name} 应是文字的列表", "{where}: {name} must be a list of texts"),
    "pairs": Bilingual(
        "{where}：{name} 要给每个名称一个值", "{where}: {name} must give each name its value"
    ),
    "type": Bilingual("{where}：{name} 应是{zh}", "{where}: {name} must be {en}"),
    "upstream-url": Bilingual(
        "{where}：上游要有 url，以 http:// 或 https:// 开头",
        "{where}: an upstream needs a url that begins with http:// or https://",
    ),
    "judge-url": Bilingual(
        "{where}：url 要以 http:// 或 https:// 开头",
        "{where}: the url must begin with http:// or https://",
    ),
    "oidc-url": Bilingual(
        "{where}：{name} 要以 https:// 开头", "{where}: {name} must begin with https://"
    ),
    "same-name": Bilingual(
        "{where}：每个都要有自己的 name", "{where}: each needs a name of its own"
    ),
    "not-set": Bilingual(
        "{where}：环境变量 {name} 没有设置", "{where}: the environment variable {name} is not set"
    ),
    "not-loopback": Bilingual(
        "还没有 API 密钥，只能监听本机；先运行 `threegate keys add`",
        "without an API key (`threegate keys add`) only loopback is served",
    ),
    "no-listening": Bilingual("不能监听 {where}：{why}", "cannot listen at {where}: {why}"),
    "no-model": Bilingual(
        "remote_models：没有名为 {name} 的模型；有：{known}",
        "remote_models: there is no model {name}; there are {known}",
    ),
    "bundle-keys": Bilingual(
        "写了 bundle 就要在 bundle_keys 写明谁可以签名",
        "bundle needs bundle_keys: who may sign it",
    ),
    "tokenizer": Bilingual(
        "{where}：不是可用的 tokenizer.json（{why}）",
        "{where}: is no tokenizer.json that can be used ({why})",
    ),
}


def wrong(code: str, /, **details: Any) -> SettingsError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    entry = WRONG[code]
    return SettingsError(Bilingual(entry.zh.format_map(details), entry.en.format_map(details)))
