"""DSPy: predictions, through LiteLLM's library. DSPy asks for structure in words, which the demo
model does not follow."""

from __future__ import annotations

import dspy
from common import ASK, KEY, MODEL, OPENAI, blocks, run, shows

model = dspy.LM(f"openai/{MODEL}", api_base=OPENAI, api_key="any", cache=False, num_retries=0)
dspy.configure(lm=model)


def plain() -> None:
    shows(model(ASK)[0])


def blocked() -> None:
    blocks(lambda: model(KEY)[0])


run(plain=plain, blocked=blocked)
