"""Runs every client against the proxy in front of the demo model and prints one table.

Each client is a process of its own with packages of its own (`scripts/clients`). What the client
sees is checked in it; here is checked what it cannot see: that the demo model never read the phone
number, that a blocked question never reached it, and that no client asked for a blocked answer
twice.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from threegate.testing.server import serve
from threegate.testing.upstream import DemoUpstream

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PHONE, KEY = "13812345678", "OPENSSH PRIVATE KEY"
CASES = ("plain", "streamed", "tools", "structured", "blocked")
PART_OF = {"refused": "blocked"}
CLIENT_S = 300


@dataclass(frozen=True, slots=True)
class Client:
    """`package` is what its version is named after."""

    title: str
    script: str
    package: str

    @property
    def javascript(self) -> bool:
        return self.script.endswith(".mjs")


CLIENTS = (
    Client("openai (Python)", "openai_python.py", "openai"),
    Client("openai (JavaScript)", "openai_js.mjs", "openai"),
    Client("anthropic (Python)", "anthropic_python.py", "anthropic"),
    Client("anthropic (JavaScript)", "anthropic_js.mjs", "@anthropic-ai/sdk"),
    Client("LangChain", "langchain_client.py", "langchain-openai"),
    Client("LangGraph agent", "langgraph_client.py", "langgraph"),
    Client("LlamaIndex", "llama_index_client.py", "llama-index-llms-openai-like"),
    Client("haystack", "haystack_client.py", "haystack-ai"),
    Client("instructor", "instructor_client.py", "instructor"),
    Client("pydantic-ai", "pydantic_ai_client.py", "pydantic-ai-slim"),
    Client("openai-agents", "openai_agents_client.py", "openai-agents"),
    Client("Vercel AI SDK", "ai_sdk.mjs", "ai"),
    Client("DSPy", "dspy_client.py", "dspy"),
    Client("LiteLLM (library)", "litellm_client.py", "litellm"),
)


@dataclass(slots=True)
class Row:
    client: Client
    version: str
    outcomes: dict[str, str] = field(default_factory=dict)

    def cell(self, case: str) -> str:
        found = [o for name, o in self.outcomes.items() if PART_OF.get(name, name) == case]
        if not found:
            return "–"
        return "ok" if all(o == "ok" for o in found) else "✗"


@contextmanager
def proxy(upstream: str, var: Path) -> Iterator[str]:
    """The proxy as a user starts it, without classifiers: the table is about formats."""
    command = [sys.executable, "-m", "threegate", "serve", "--classifiers", "off", "--port", "0"]
    command += ["--pack", "base", "--pack", "secrets", "--upstream", upstream, "--var", str(var)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            lines = iter(process.stderr.readline, "")
            found = (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in lines)
            port = next(match[1] for match in found if match and match[1] not in upstream)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def blocked_calls(url: str) -> int:
    text = httpx.get(f"{url}/metrics").text
    found = re.findall(r'^threegate_requests_total\{.*outcome="blocked".*\} ([\d.]+)', text, re.M)
    return int(sum(map(float, found)))


def measured(client: Client, url: str, demo: DemoUpstream, tools: Path) -> Row:
    environment = os.environ | {
        "THREEGATE_CLIENTS_BASE": url,
        "OPENAI_API_KEY": "any",
        "HAYSTACK_TELEMETRY_ENABLED": "false",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NODE_PATH": str(tools / "js" / "node_modules"),
    }
    environment.pop("PYTHONPATH", None)
    row = Row(client, version_of(client, tools))
    since = blocked_calls(url)
    demo.received.clear()
    done = subprocess.run(
        _command(client, tools), env=environment, cwd=tools, capture_output=True, text=True,
        timeout=CLIENT_S, check=False,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        if line.startswith('{"case"'):
            made = json.loads(line)
            row.outcomes[made["case"]] = made["outcome"]
    if not row.outcomes:
        row.outcomes = {"plain": done.stderr[-300:] or "nothing was reported"}
    _check_server_side(row, blocked_calls(url) - since, demo)
    return row


def _command(client: Client, tools: Path) -> list[str]:
    if client.javascript:
        return ["node", str(tools / "js" / client.script)]
    return [str(tools / "venv" / "bin" / "python"), str(HERE / "python" / client.script)]


def _check_server_side(row: Row, blocked: int, demo: DemoUpstream) -> None:
    seen = json.dumps([r.body for r in demo.received], ensure_ascii=False)
    if PHONE in seen:
        row.outcomes["plain"] = "the model read the phone number"
    if KEY in seen:
        row.outcomes["blocked"] = "the model read the private key"
    allowed = EXPECTED_BLOCKS.get(row.client.script, 2)
    if blocked > allowed:
        row.outcomes["blocked"] = f"{blocked} calls for {allowed} blocked answers"


EXPECTED_BLOCKS = {
    "langchain_client.py": 3,  # whole, streamed, structured
    "openai_agents_client.py": 3,  # two APIs, structured
    "instructor_client.py": 1,
    "langgraph_client.py": 1,
    "haystack_client.py": 1,
    "dspy_client.py": 1,
}
"""Calls that the blocked cases of a client make, where each is made once."""


def version_of(client: Client, tools: Path) -> str:
    if client.javascript:
        manifest = tools / "js" / "node_modules" / client.package / "package.json"
        return str(json.loads(manifest.read_text("utf-8"))["version"])
    ask = f"from importlib.metadata import version; print(version({client.package!r}))"
    python = str(tools / "venv" / "bin" / "python")
    return subprocess.run(
        [python, "-c", ask], capture_output=True, text=True, check=True
    ).stdout.strip()


def table(rows: list[Row]) -> str:
    lines = ["| client | version | " + " | ".join(CASES) + " |", "|---" * (len(CASES) + 2) + "|"]
    for row in rows:
        cells = " | ".join(row.cell(case) for case in CASES)
        lines.append(f"| {row.client.title} | {row.version} | {cells} |")
    return "\n".join(lines)


def write(rows: list[Row]) -> None:
    """Into the pages, between their marks."""
    for page in (ROOT / "docs" / "upstreams.md", ROOT / "docs" / "upstreams.zh-CN.md"):
        text = page.read_text("utf-8")
        begin, end = "<!-- clients -->\n", "<!-- end clients -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        page.write_text(f"{head}{begin}{table(rows)}\n{end}{tail}", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tools", type=Path, help="folder with venv/ and js/node_modules/")
    parser.add_argument("--only", action="append", default=[], help="scripts to run; repeatable")
    parser.add_argument("--write", action="store_true", help="the table into docs/upstreams*.md")
    args = parser.parse_args()
    demo, rows = DemoUpstream(), []
    with (
        serve(demo.app) as upstream,
        tempfile.TemporaryDirectory() as var,
        proxy(upstream, Path(var)) as url,
    ):
        for client in CLIENTS:
            if args.only and client.script not in args.only:
                continue
            started = time.monotonic()
            row = measured(client, url, demo, args.tools)
            rows.append(row)
            print(f"{client.title} {row.version} ({time.monotonic() - started:.0f} s)")
            for case, outcome in row.outcomes.items():
                print(f"  {case:14} {outcome}")
    print(table(rows))
    if args.write:
        write(rows)
    return int(any(o != "ok" for row in rows for o in row.outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
