"""What every Python client is asked to do, and how it reports: one JSON line a case.

`BASE` is the proxy. The cases raise where a client does not get what it should.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

BASE = os.environ["THREEGATE_CLIENTS_BASE"]
OPENAI = f"{BASE}/v1"
MODEL = "deepseek-chat"
PHONE = "13812345678"
ASK = f"My phone number is {PHONE}, please repeat it."
ASK_TOOL = f"Use the tool to send a message to {PHONE}."
ASK_STRUCTURED = f"Extract the contact: Li Lei, {PHONE}."
SENT = f"Message to {PHONE} sent."
KEY = """Why does ssh refuse this key?
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz
-----END OPENSSH PRIVATE KEY-----
"""
BLOCKED = "private key"
"""Words of the block's message to the client."""
TOOL = {
    "type": "function",
    "function": {
        "name": "send_message",
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string"}},
            "required": ["to"],
        },
    },
}


def shows(text: object, words: str = PHONE) -> None:
    if words not in str(text):
        raise AssertionError(f"{words!r} is missing in an answer of {len(str(text))} characters")


def blocks(ask: Callable[[], object]) -> None:
    """The client shows the block: in what it returns, or in what it raises."""
    try:
        answer = ask()
    except Exception as error:  # each client has its own
        print(json.dumps({"raised": type(error).__name__}), file=sys.stderr)
        return
    shows(answer, BLOCKED)


def run(**cases: Callable[[], object]) -> None:
    """In this order; a case that fails does not stop the others."""
    only = sys.argv[1:]
    for name, case in cases.items():
        if only and name not in only:
            continue
        try:
            case()
            outcome = "ok"
        except Exception as error:
            outcome = f"{type(error).__name__}: {str(error)[:300]}"
        print(json.dumps({"case": name, "outcome": outcome}), flush=True)
