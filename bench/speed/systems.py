"""The systems under test: how each is started, where it listens, what a client must send.

`direct` is the mock itself and `nginx` a plain reverse proxy; other proxies are in `peers`. One
that is not installed is left out of a run. $BENCH_PORT is the first port that is used (9100).
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HOME = Path(os.environ.get("BENCH_HOME", Path.home() / ".cache" / "threegate-bench"))
MOCK_PORT = int(os.environ.get("BENCH_PORT", "9100"))
MOCK = f"http://127.0.0.1:{MOCK_PORT}"
KEY = {"authorization": "Bearer sk-bench"}

NGINX = """worker_processes 1; daemon off; pid {run}/nginx.pid; error_log {run}/nginx.log warn;
events {{ worker_connections 2048; }}
http {{
  access_log off; client_max_body_size 64m; client_body_buffer_size 1m;
  client_body_temp_path {run}/a; proxy_temp_path {run}/b; fastcgi_temp_path {run}/c;
  uwsgi_temp_path {run}/d; scgi_temp_path {run}/e; keepalive_requests 1000000;
  upstream model {{ server 127.0.0.1:{mock}; keepalive 128; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port} backlog=1024;
    location / {{ proxy_pass http://model; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_read_timeout 120s; }} }}
}}
"""


@dataclass(frozen=True, slots=True)
class System:
    name: str
    port: int
    command: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=lambda: dict(KEY))
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # written into $BENCH_HOME/run before
    needs: tuple[str, ...] = ()  # programs beside the first word of the command

    @property
    def installed(self) -> bool:
        return all(Path(p).exists() for p in (*self.command[:1], *self.needs))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/chat/completions"


def threegate(name: str, packs: str, policies: Path, *, models: bool = False) -> System:
    command = (
        sys.executable, "-m", "threegate", "serve", "--upstream", MOCK,
        "--port", str(MOCK_PORT + 2), "--policies", str(policies),
        "--classifiers", "required" if models else "off",
        "--models", str(ROOT / "classifiers" / "models"), "--var", f"{HOME}/run/var-{name}",
    )  # fmt: skip
    chosen = tuple(part for pack in packs.split() for part in ("--pack", pack))
    return System(name, MOCK_PORT + 2, command + chosen)


def nginx() -> System:
    run = HOME / "run"
    config = NGINX.format(run=run, mock=MOCK_PORT, port=MOCK_PORT + 1)
    command = ("/usr/sbin/nginx", "-c", f"{run}/nginx.conf")
    return System("nginx", MOCK_PORT + 1, command, files={"nginx.conf": config})


OWN = {
    s.name: s
    for s in (
        System("direct", MOCK_PORT),
        nginx(),
        threegate("threegate-off", "off", HERE),
        threegate("threegate-input", "input", HERE),
        threegate("threegate-patterns", "base", ROOT / "policies"),
        threegate("threegate-everything", "base", ROOT / "policies", models=True),
    )
}
