"""aider: a coder without files in ask mode, whole and streamed. Its edits are text that it parses
itself, not tool calls or structured answers."""

from __future__ import annotations

import os
import tempfile

os.chdir(tempfile.mkdtemp())  # before aider looks for a repository
os.environ |= {"AIDER_ANALYTICS": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}

from aider.coders import Coder  # noqa: E402
from aider.io import InputOutput  # noqa: E402
from aider.models import Model  # noqa: E402
from common import ASK, BLOCKED, KEY, MODEL, OPENAI, run, shows  # noqa: E402

os.environ["OPENAI_API_BASE"] = OPENAI


def asked(text: str, *, stream: bool) -> str:
    io = InputOutput(yes=True, pretty=False, fancy_input=False)
    options = {"use_git": False, "edit_format": "ask", "stream": stream}
    model = Model(f"openai/{MODEL}")
    model.reminder = "sys"  # not as a last user turn, which is what the demo model repeats
    coder = Coder.create(main_model=model, io=io, **options)
    return str(coder.run(with_message=text))


def plain() -> None:
    shows(asked(ASK, stream=False))


def streamed() -> None:
    shows(asked(ASK, stream=True))


def blocked() -> None:
    for stream in (False, True):
        shows(asked(KEY, stream=stream), BLOCKED)


run(plain=plain, streamed=streamed, blocked=blocked)
