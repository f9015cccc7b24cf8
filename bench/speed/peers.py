"""Other guard proxies, each with a configuration that its documentation gives for the task.

`scripts/bench-peers` installs them into $BENCH_HOME by their ordinary route. Names that end in
nothing pass calls on; the others look for personal data by patterns or, with Presidio, by spaCy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.speed.systems import HERE, HOME, KEY, MOCK, MOCK_PORT, OWN, System

UPSTREAM = f"{MOCK}/v1"
LITELLM, PORTKEY, NEMO, PRIVAITE, AEGIS, PRESIDIO, CLOAKWALL = range(MOCK_PORT + 3, MOCK_PORT + 10)
FILTERS = ("email", "us_ssn", "us_phone", "credit_card", "passport_china", "iban", "aws_access_key")
ENTITIES = ("PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IBAN_CODE")
REGEXES = (
    r"[\w.+-]+@[\w-]+\.[\w.]+",
    r"\b(?:\d[ -]?){15,16}\b",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"1[3-9]\d{9}",
    r"\d{17}[\dXx]",
    r"sk-[A-Za-z0-9-]{20,}",
)
QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_TELEMETRY": "False",
}
Config = dict[str, Any]


def program(venv: str, name: str) -> str:
    return f"{HOME}/venvs/{venv}/bin/{name}"


def litellm(name: str, *guardrails: Config) -> System:
    model = {"model": "deepseek/deepseek-reasoner", "api_base": UPSTREAM, "api_key": "sk-up"}
    config: Config = {
        "model_list": [{"model_name": "deepseek-reasoner", "litellm_params": model}],
        "general_settings": {"master_key": "sk-bench"},
        "litellm_settings": {"telemetry": False, "num_retries": 0},
        "guardrails": [{"guardrail_name": "guard", "litellm_params": g} for g in guardrails],
    }
    path = f"{name}.yaml"
    command = (program("litellm", "litellm"), "--config", f"{HOME}/run/{path}")
    options = ("--port", str(LITELLM), "--host", "127.0.0.1", "--num_workers", "1")
    production = QUIET | {"LITELLM_MODE": "PRODUCTION"}
    return System(name, LITELLM, command + options, KEY, production, {path: json.dumps(config)})


def litellm_filter() -> System:
    kind = {"pattern_type": "prebuilt", "action": "MASK"}
    patterns = [kind | {"pattern_name": p} for p in FILTERS]
    rail = {"guardrail": "litellm_content_filter", "mode": ["pre_call", "post_call"]}
    return litellm("litellm-filter", rail | {"default_on": True, "patterns": patterns})


def litellm_presidio() -> System:
    """Masks on the way in and puts the values back on the way out. Presidio runs beside it."""
    at = f"http://127.0.0.1:{PRESIDIO}"
    rail = {"guardrail": "presidio", "mode": "pre_call", "default_on": True}
    rail |= {"output_parse_pii": True, "pii_entities_config": dict.fromkeys(ENTITIES, "MASK")}
    rail |= {"presidio_analyzer_api_base": at, "presidio_anonymizer_api_base": at}
    made = litellm("litellm-presidio", rail)
    service = (program("presidio", "gunicorn"), "--bind", f"127.0.0.1:{PRESIDIO}", "--workers", "1")
    service += ("--chdir", str(HERE), "--log-level", "error", "presidio_service:app()")
    return with_another(made, service)


def with_another(system: System, command: tuple[str, ...]) -> System:
    """The system and another process that it needs, as a child, so that both are counted."""
    parts = len(command)
    script = f'"${{@:1:{parts}}}" & shift {parts}; exec "$@"'
    whole = ("/bin/bash", "-c", script, "bash", *command, *system.command)
    needed = (command[0], system.command[0])
    return System(system.name, system.port, whole, KEY, system.environment, system.files, needed)


def portkey(name: str, *, filtered: bool) -> System:
    start = HOME / "portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
    command = ("/usr/bin/node", str(start), f"--port={PORTKEY}", "--headless")
    rule = "/" + "|".join(f"(?:{r})" for r in REGEXES) + "/g"
    rails = [{"default.regexReplace": {"rule": rule, "redactText": "[REDACTED]"}}]
    config = {"provider": "openai", "custom_host": UPSTREAM, "api_key": "sk-up"}
    guarded = json.dumps(config | {"input_guardrails": rails, "output_guardrails": rails})
    plain = {"x-portkey-provider": "openai", "x-portkey-custom-host": UPSTREAM}
    headers = KEY | ({"x-portkey-config": guarded} if filtered else plain)
    trusted = {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
    return System(name, PORTKEY, command, headers, trusted, needs=(str(start),))


def nemo(name: str, rails: Config) -> System:
    """NeMo Guardrails' server: one folder per configuration."""
    parameters = {"base_url": UPSTREAM, "api_key": "sk-up"}
    model = {"type": "main", "engine": "openai", "model": "deepseek-reasoner"}
    config = {"models": [model | {"parameters": parameters}], "passthrough": True} | rails
    folder = f"nemo/{name}"
    command = (program("nemo", "nemoguardrails"), "server", "--config", f"{HOME}/run/nemo")
    options = ("--default-config-id", name, "--port", str(NEMO), "--disable-chat-ui")
    quiet = {"OPENAI_API_KEY": "sk-up", "NEMO_GUARDRAILS_TELEMETRY": "0", "DO_NOT_TRACK": "1"}
    files = {f"{folder}/config.yml": json.dumps(config)}
    return System(name, NEMO, command + options, KEY, quiet, files)


def nemo_regex() -> System:
    """Refuses what a pattern finds, on both ways."""
    both = {"input": {"patterns": REGEXES}, "output": {"patterns": REGEXES}}
    flows = {"input": {"flows": ["regex check input"]}, "output": {"flows": ["regex check output"]}}
    flows["output"] |= {"streaming": {"enabled": True, "chunk_size": 200, "context_size": 50}}  # type: ignore[dict-item]
    return nemo("nemo-regex", {"rails": flows | {"config": {"regex_detection": both}}})


def nemo_mask() -> System:
    """Masks by Presidio in its own process, on both ways."""
    what = {"score_threshold": 0.4, "entities": ENTITIES}
    flows: Config = {
        "config": {"sensitive_data_detection": {"input": what, "output": what}},
        "input": {"flows": ["mask sensitive data on input"]},
        "output": {
            "flows": ["mask sensitive data on output"],
            "streaming": {"enabled": True, "chunk_size": 200, "stream_first": False},
        },
    }
    return nemo("nemo-mask", {"rails": flows})


def privaite() -> System:
    """With its preset of Presidio and spaCy; the other preset fetches a model from a hub."""
    params = {"model": "deepseek/deepseek-reasoner", "api_base": UPSTREAM, "api_key": "sk-up"}
    config = {
        "server": {"host": "127.0.0.1", "port": PRIVAITE, "log_level": "warning"},
        "auth": {"enabled": True},
        "providers": [{"model_name": "deepseek-reasoner", "litellm_params": params}],
        "pii": {"preset": "light", "detectors": {"presidio": {"languages": ["en"]}}},
    }
    command = (program("privaite", "python"), "-m", "privaite", "--config")
    options = (f"{HOME}/run/privaite.yaml", "--host", "127.0.0.1", "--port", str(PRIVAITE))
    keys = QUIET | {"PRIVAITE_API_KEYS": "sk-bench", "HF_HUB_OFFLINE": "1"}
    files = {"privaite.yaml": json.dumps(config)}
    return System("privaite", PRIVAITE, command + options, KEY, keys, files)


def aegis(name: str, rules: Config) -> System:
    key = "secret://env/UPSTREAM_KEY#value"
    provider = {"type": "openai_compatible", "base_url": UPSTREAM, "model": "deepseek-reasoner"}
    to = {"provider": "model"}
    config = {
        "providers": {"model": provider | {"api_key": key}},
        "routes": {"deepseek-reasoner": to, "default": to},
        "auth": {"type": "none"},
    }
    command = (program("aegis", "aegis"), "serve", "--no-auth", "--port", str(AEGIS), "--config")
    files = {f"{name}.yaml": json.dumps(config | rules)}
    command += (f"{HOME}/run/{name}.yaml",)
    return System(name, AEGIS, command, KEY, {"UPSTREAM_KEY": "sk-up"}, files)


def cloakwall(name: str, *options: str) -> System:
    audit = f"{HOME}/run/{name}.audit"
    command = (program("cloakwall", "cloakwall"), "serve", "--upstream", UPSTREAM)
    command += ("--port", str(CLOAKWALL), "--audit-path", audit, *options)
    return System(name, CLOAKWALL, command, KEY)


AEGIS_MASK: Config = {
    "guardrails": {"pii": {"pack": "aegis.pii", "mode": "mask"}},
    "pipeline": {"ingress": ["pii"], "egress": ["pii"]},
}
PEERS = {
    s.name: s
    for s in (
        litellm("litellm"),
        litellm_filter(),
        litellm_presidio(),
        portkey("portkey", filtered=False),
        portkey("portkey-regex", filtered=True),
        nemo("nemo", {}),
        nemo_regex(),
        nemo_mask(),
        privaite(),
        aegis("aegis", {}),
        aegis("aegis-mask", AEGIS_MASK),
        cloakwall("cloakwall-restore", "--restore"),
        cloakwall("cloakwall-output", "--redact-output"),
    )
}
SYSTEMS = OWN | PEERS
PACKAGES = (
    *("litellm", "presidio_analyzer", "nemoguardrails", "privaite", "aegis-gateway", "cloakwall"),
    "spacy",
)


def versions() -> dict[str, str]:
    """Of the peers that are installed, as `scripts/bench-peers` wrote them down."""
    lines = [x for f in sorted(Path(HOME).glob("venvs/*/installed")) for x in f.open()]
    pinned = dict(line.strip().split("==") for line in lines if line.count("==") == 1)
    found = {name: pinned[name] for name in PACKAGES if name in pinned}
    made = HOME / "portkey/node_modules/@portkey-ai/gateway/package.json"
    return found | ({"portkey": json.loads(made.read_text())["version"]} if made.exists() else {})
