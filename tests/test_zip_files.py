"""Every damage of a zip is one of the errors that readers of zips expect."""

from __future__ import annotations

import io
from zipfile import ZIP_DEFLATED, ZipFile

from threegate.zip_files import UNREADABLE


def zipped() -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        for name in ("records.jsonl", "checkpoints/1"):
            made.writestr(name, "".join(f"{n * n}" for n in range(60)))
    return out.getvalue()


def read(content: bytes) -> str:
    try:
        with ZipFile(io.BytesIO(content)) as opened:
            for name in opened.namelist():
                opened.read(name)
    except UNREADABLE as error:
        return type(error).__name__
    return ""


def test_no_changed_byte_raises_anything_else() -> None:
    whole = zipped()
    assert read(whole) == ""
    changed = (
        whole[:at] + bytes([byte]) + whole[at + 1 :]
        for at in range(len(whole))
        for byte in (0, 0x7F, 0xFF)
    )
    assert {"BadZipFile", "error", "NotImplementedError"} <= {read(each) for each in changed}
