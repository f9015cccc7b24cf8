"""Run by the Python that has NeMo Guardrails: says to its rails what comes as JSON lines on standard
input and prints what they answer. Arguments: the guard, the model API, the folder with the rails."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from nemoguardrails import LLMRails, RailsConfig
from threegate import AsyncGuard
from threegate.client.nemo import GuardActions


async def main(guard: str, model: str, folder: str) -> None:
    settings = Path(folder, "config.yml").read_text() + MODEL % model
    config = RailsConfig.from_content(Path(folder, "rails.co").read_text(), settings)
    rails = LLMRails(config)
    async with AsyncGuard(guard) as asked:
        GuardActions(asked).register(rails)
        for line in sys.stdin:
            said = await rails.generate_async(
                messages=[{"role": "user", "content": json.loads(line)}]
            )
            print(json.dumps(said), flush=True)


MODEL = """
models:
  - {type: main, engine: openai, model: deepseek-r1, parameters: {base_url: "%s/v1", api_key: none}}
"""

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
