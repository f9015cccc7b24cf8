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
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import httpx

from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PHONE, KEY = "13812345678", "OPENSSH PRIVATE KEY"
CASES = ("plain", "streamed", "tools", "structured", "blocked")
PART_OF = {"refused": "blocked"}
CLIENT_S = 900


class Way(StrEnum):
    """What lies between the client and the demo model."""

    DIRECT = "the proxy"
    IN_FRONT = "LiteLLM's proxy, then ours"
    BEHIND = "ours, then LiteLLM's proxy"


@dataclass(frozen=True, slots=True)
class Client:
    """`package` is what its version is named after, `folder` the environment with its packages."""

    title: str
    script: str
    package: str
    folder: str = ""
    way: Way = Way.DIRECT

    @property
    def javascript(self) -> bool:
        return self.script.endswith(".mjs")

    @property
    def home(self) -> str:
        return self.folder or ("js" if self.javascript else "venv")


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
    Client("instructor (JSON modes)", "instructor_json_client.py", "instructor"),
    Client("pydantic-ai", "pydantic_ai_client.py", "pydantic-ai-slim"),
    Client("openai-agents", "openai_agents_client.py", "openai-agents"),
    Client("Vercel AI SDK", "ai_sdk.mjs", "ai"),
    Client("DSPy", "dspy_client.py", "dspy"),
    Client("LiteLLM (library)", "litellm_client.py", "litellm"),
    Client("promptfoo", "promptfoo.mjs", "promptfoo", "promptfoo"),
    Client("aider", "aider_client.py", "aider-chat", "aider"),
    Client(
        "LiteLLM proxy before Threegate", "openai_python.py", "litellm", "litellm", Way.IN_FRONT
    ),
    Client("LiteLLM proxy behind Threegate", "openai_python.py", "litellm", "litellm", Way.BEHIND),
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


LITELLM = """\
model_list:
  - model_name: deepseek-chat
    litellm_params: {model: openai/deepseek-chat, api_base: "%s/v1", api_key: any}
litellm_settings: {num_retries: 0, telemetry: false}
"""
LITELLM_KEY = "sk-" + secrets.token_hex(32)
"""Of LiteLLM's proxy, which does not start without one. Ours has no keys here and hands it on."""


@contextmanager
def litellm_proxy(upstream: str, tools: Path, work: Path) -> Iterator[str]:
    """LiteLLM's own proxy in front of `upstream`."""
    config = work / "litellm.yaml"
    config.write_text(LITELLM % upstream)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(tools / "litellm" / "bin" / "litellm"), "--config", str(config)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": LITELLM_KEY,
    }
    environment.pop("PYTHONPATH", None)
    with (
        (work / "litellm.log").open("w") as log,
        subprocess.Popen(command, cwd=work, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            if not _answers(f"{url}/health/liveliness", process):
                raise SystemExit((work / "litellm.log").read_text()[-2000:])
            yield url
        finally:
            process.terminate()


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + CLIENT_S
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return True
        except httpx.HTTPError:
            time.sleep(0.5)
    return False


@dataclass(frozen=True, slots=True)
class Line:
    """Where the client calls, and our proxy on the way."""

    base: str
    ours: str


@contextmanager
def line(way: Way, demo: str, tools: Path, work: Path) -> Iterator[Line]:
    match way:
        case Way.DIRECT:
            with proxy(demo, work) as ours:
                yield Line(ours, ours)
        case Way.IN_FRONT:
            with proxy(demo, work) as ours, litellm_proxy(ours, tools, work) as base:
                yield Line(base, ours)
        case Way.BEHIND:
            with litellm_proxy(demo, tools, work) as theirs, proxy(theirs, work) as ours:
                yield Line(ours, ours)


def blocked_calls(url: str) -> int:
    text = httpx.get(f"{url}/metrics").text
    found = re.findall(r'^threegate_requests_total\{.*outcome="blocked".*\} ([\d.]+)', text, re.M)
    return int(sum(map(float, found)))


def measured(client: Client, on: Line, demo: ScriptedUpstream, tools: Path) -> Row:
    environment = os.environ | {
        "THREEGATE_CLIENTS_BASE": on.base,
        "OPENAI_API_KEY": "any" if client.way is Way.DIRECT else LITELLM_KEY,
        "HAYSTACK_TELEMETRY_ENABLED": "false",
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_CONFIG_DIR": str(tools / "promptfoo" / "state"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    environment.pop("PYTHONPATH", None)
    row = Row(client, version_of(client, tools))
    since = blocked_calls(on.ours)
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
    _check_server_side(row, blocked_calls(on.ours) - since, demo)
    return row


def _command(client: Client, tools: Path) -> list[str]:
    home = tools / client.home
    if client.javascript:
        own = home / "node_modules" / ".bin" / "node"  # where it needs a newer one
        return [str(own) if own.exists() else "node", str(home / client.script)]
    python = tools / ("venv" if client.way is not Way.DIRECT else client.home) / "bin" / "python"
    return [str(python), str(HERE / "python" / client.script)]


def _check_server_side(row: Row, blocked: int, demo: ScriptedUpstream) -> None:
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
        manifest = tools / client.home / "node_modules" / client.package / "package.json"
        return str(json.loads(manifest.read_text("utf-8"))["version"])
    ask = f"from importlib.metadata import version; print(version({client.package!r}))"
    python = str(tools / client.home / "bin" / "python")
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


def tried(client: Client, on: Line, demo: ScriptedUpstream, tools: Path) -> Row:
    """Measured, and told."""
    started = time.monotonic()
    row = measured(client, on, demo, tools)
    print(f"{client.title} {row.version} ({time.monotonic() - started:.0f} s)")
    for case, outcome in row.outcomes.items():
        print(f"  {case:14} {outcome}", flush=True)
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tools", type=Path, help="folder with the environments (scripts/clients)")
    parser.add_argument("--only", action="append", default=[], help="titles to run; repeatable")
    parser.add_argument("--write", action="store_true", help="the table into docs/upstreams*.md")
    args = parser.parse_args()
    wanted = [c for c in CLIENTS if not args.only or c.title in args.only]
    demo, rows = ScriptedUpstream(), list[Row]()
    with serve(demo.app) as upstream:
        for way in Way:
            if clients := [c for c in wanted if c.way is way]:
                with (
                    tempfile.TemporaryDirectory() as work,
                    line(way, upstream, args.tools, Path(work)) as on,
                ):
                    rows += [tried(client, on, demo, args.tools) for client in clients]
    rows.sort(key=lambda row: wanted.index(row.client))
    print(table(rows))
    if args.write:
        write(rows)
    return int(any(o != "ok" for row in rows for o in row.outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
