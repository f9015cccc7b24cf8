from __future__ import annotations

import io
import json
import logging
import sys
import time

import pytest
from threegate.server.logging import JsonLine, TextLine, set_up

CANARY = "kanarienvogel"


def written(formatter: logging.Formatter) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("model %s failed", "guard", stack_info=True)
    return out.getvalue()


def test_an_exception_is_its_type_and_place_in_both_formats() -> None:
    for formatter in (TextLine(), JsonLine()):
        said = written(formatter)
        assert "model guard failed" in said
        assert "ValueError at" in said
        assert "test_logging:written" in said
        assert CANARY not in said


def test_a_text_line_has_the_local_time_and_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.makeLogRecord({"created": 1_764_547_200.25, "msg": "ready"})
    try:
        monkeypatch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        line = TextLine().format(record)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert line.startswith("2025-12-01 08:00:00.250+08:00 ")


def test_json_lines() -> None:
    (line,) = written(JsonLine()).splitlines()
    made = json.loads(line)
    assert set(made) == {"ts", "level", "logger", "message", "error"}
    assert made["ts"].endswith("Z")


def test_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    try:
        set_up("info", "json")
        logging.getLogger("threegate.x").info("policy %s", "activated")
        logging.getLogger("httpx").info("GET %s", CANARY)
        logging.getLogger("presidio-analyzer").info("Loaded recognizer: one of 83")
    finally:
        root.handlers[:], root.level = before
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["message"] == "policy activated"
