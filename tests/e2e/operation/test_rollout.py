"""A percentage of conversations: each stays on its side, whichever worker answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx

from tests.e2e.support.running import Running, proxy
from tests.e2e.test_policy import PACKS, finish

CONVERSATIONS = 24


def asked(running: Running, conversation: str) -> str | None:
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "STOP-1"}]}
    headers = {"x-conversation-id": conversation}
    url = f"{running.url}/v1/chat/completions"
    return finish(httpx.post(url, json=body, headers=headers, timeout=120))


def test_a_conversation_is_on_one_side_on_every_worker(tmp_path: Path) -> None:
    root = tmp_path / "policies"
    shutil.copytree(PACKS, root)
    pack = root / "packs" / "rich.yaml"
    detect = "    detect: {any: [pattern.stop]}\n"
    text = pack.read_text("utf-8").replace(detect, detect + "    rollout: 50\n")
    pack.write_text(text, "utf-8")
    with (
        proxy(tmp_path / "var", root, packs=("rich",)) as first,
        proxy(tmp_path / "var", root, packs=("rich",)) as second,
    ):
        names = [f"conversation {n}" for n in range(CONVERSATIONS)]
        sides = [asked(first, n) for n in names]
        assert [asked(second, n) for n in names] == sides
        assert [asked(first, n) for n in names] == sides
    assert set(sides) == {"content_filter", "stop"}
