"""The systems under test: how each is started, where it listens, what a client must send.

`direct` is the mock itself and `nginx` a plain reverse proxy. Peers are installed by
`scripts/bench-peers` into $BENCH_HOME; one that is not there is left out of a run.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HOME = Path(os.environ.get("BENCH_HOME", Path.home() / ".cache" / "threegate-bench"))
MOCK_PORT = 9100
MOCK = f"http://127.0.0.1:{MOCK_PORT}"
KEY = {"authorization": "Bearer sk-bench"}

NGINX = """worker_processes 1; daemon off; pid {run}/nginx.pid; error_log {run}/nginx.log warn;
events {{ worker_connections 2048; }}
http {{
  access_log off; client_max_body_size 64m; client_body_buffer_size 1m;
  client_body_temp_path {run}/a; proxy_temp_path {run}/b; fastcgi_temp_path {run}/c;
  uwsgi_temp_path {run}/d; scgi_temp_path {run}/e; keepalive_requests 1000000;
  upstream model {{ server 127.0.0.1:{mock}; keepalive 128; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:9101 backlog=1024;
    location / {{ proxy_pass http://model; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_read_timeout 120s; }} }}
}}
"""
FILTERS = ("email", "us_ssn", "us_phone", "credit_card", "passport_china", "iban", "aws_access_key")
REGEXES = (
    r"[\w.+-]+@[\w-]+\.[\w.]+",
    r"\b(?:\d[ -]?){15,16}\b",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"1[3-9]\d{9}",
    r"\d{17}[\dXx]",
    r"sk-[A-Za-z0-9-]{20,}",
)


@dataclass(frozen=True, slots=True)
class System:
    name: str
    port: int
    command: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=lambda: dict(KEY))
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # written into $BENCH_HOME/run before

    @property
    def installed(self) -> bool:
        return not self.command or Path(self.command[0]).exists()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/chat/completions"


def threegate(name: str, packs: str, policies: Path, *, models: bool = False) -> System:
    command = (
        sys.executable, "-m", "threegate.cli", "serve", "--upstream", MOCK, "--port", "9102",
        "--classifiers", "required" if models else "off", "--policies", str(policies),
        "--models", str(ROOT / "classifiers" / "models"), "--var", f"{HOME}/run/var-{name}",
    )  # fmt: skip
    chosen = tuple(part for pack in packs.split() for part in ("--pack", pack))
    return System(name, 9102, command + chosen)


def litellm(name: str, *, filtered: bool) -> System:
    model = {"model": "deepseek/deepseek-reasoner", "api_base": f"{MOCK}/v1", "api_key": "sk-up"}
    config: dict[str, object] = {
        "model_list": [{"model_name": "deepseek-reasoner", "litellm_params": model}],
        "general_settings": {"master_key": "sk-bench"},
        "litellm_settings": {"telemetry": False, "num_retries": 0},
    }
    if filtered:
        kind = {"pattern_type": "prebuilt", "action": "MASK"}
        patterns = [kind | {"pattern_name": p} for p in FILTERS]
        rail = {"guardrail": "litellm_content_filter", "mode": ["pre_call", "post_call"]}
        rules = rail | {"default_on": True, "patterns": patterns}
        config["guardrails"] = [{"guardrail_name": "filter", "litellm_params": rules}]
    path = f"{name}.yaml"
    command = (f"{HOME}/venvs/litellm/bin/litellm", "--config", f"{HOME}/run/{path}")
    options = ("--port", "9103", "--host", "127.0.0.1", "--num_workers", "1")
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    quiet |= {"LITELLM_MODE": "PRODUCTION", "LITELLM_TELEMETRY": "False"}
    return System(name, 9103, command + options, dict(KEY), quiet, {path: json.dumps(config)})


def portkey(name: str, *, filtered: bool) -> System:
    start = HOME / "portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
    command = ("/usr/bin/node", str(start), "--port=9104", "--headless")
    rule = "/" + "|".join(f"(?:{r})" for r in REGEXES) + "/g"
    rails = [{"default.regexReplace": {"rule": rule, "redactText": "[REDACTED]"}}]
    config = {"provider": "openai", "custom_host": f"{MOCK}/v1", "api_key": "sk-up"}
    guarded = json.dumps(config | {"input_guardrails": rails, "output_guardrails": rails})
    plain = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"{MOCK}/v1"}
    headers = KEY | ({"x-portkey-config": guarded} if filtered else plain)
    trusted = {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
    return System(name, 9104, command, headers, trusted)


def nginx() -> System:
    run = HOME / "run"
    config = NGINX.format(run=run, mock=MOCK_PORT)
    command = ("/usr/sbin/nginx", "-c", f"{run}/nginx.conf")
    return System("nginx", 9101, command, files={"nginx.conf": config})


SYSTEMS = {
    s.name: s
    for s in (
        System("direct", MOCK_PORT),
        nginx(),
        threegate("threegate-off", "off", HERE),
        threegate("threegate-input", "input", HERE),
        threegate("threegate-patterns", "base", ROOT / "policies"),
        threegate("threegate-everything", "base", ROOT / "policies", models=True),
        litellm("litellm", filtered=False),
        litellm("litellm-filter", filtered=True),
        portkey("portkey", filtered=False),
        portkey("portkey-regex", filtered=True),
    )
}
