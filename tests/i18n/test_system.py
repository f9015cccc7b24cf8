"""Reasons of the operating system are told in both languages."""

from __future__ import annotations

import errno
import re
import socket
from pathlib import Path

from threegate.i18n.catalog import texts
from threegate.i18n.system import reason


def test_an_error_of_the_system_has_both_languages(tmp_path: Path) -> None:
    try:
        (tmp_path / "none").read_text()
    except OSError as error:
        found = reason(error)
    assert (found.zh, found.en) == ("没有这个文件或目录", "no such file or directory")


def test_a_host_name_that_nobody_knows_has_both_languages() -> None:
    found = reason(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    assert (found.zh, found.en) == ("没有这个主机名", "no such host name")


def test_what_the_table_lacks_keeps_its_own_words() -> None:
    assert reason(OSError(errno.EXDEV, "cross-device link")).zh == "cross-device link"
    assert reason(OSError()).en == "OSError"


def test_names_are_error_numbers_that_exist() -> None:
    for name, text in texts("system", "reasons").items():
        assert hasattr(errno, name) or hasattr(socket, name)
        assert re.search("[一-鿿]", text.zh)
