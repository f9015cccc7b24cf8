"""The only reader of the environment. Parsed once at start into a frozen object.

Order of strength: command line > environment (`THREEGATE_*`) > `threegate.yaml` > defaults. A
secret is given by the *name* of an environment variable or file, never by value.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

PREFIX = "THREEGATE_"


class SettingsError(Exception):
    """A setting is wrong; the message names it and where it came from."""


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """One model API. `key_env` names the variable that holds its key; without it the client's key
    is passed through. Names end in `_s` for seconds. `models` and `tenants` are patterns; empty
    takes all. An upstream with weight 0 is asked when no other is left."""

    url: str
    name: str = "default"
    key_env: str = ""
    models: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    weight: int = 1
    connect_s: float = 5.0
    first_byte_s: float = 600.0  # of an answer's body
    idle_s: float = 120.0  # between two pieces of an answer
    total_s: float = 1800.0
    max_connections: int = 2048
    failures: int = 5  # in a row, then nothing is sent for `rest_s`
    rest_s: float = 10.0
    health_path: str = ""  # asked every `health_s`; empty: only calls show how it is
    health_s: float = 10.0
    starts_in_reasoning: bool = False
    tokenizer: str = ""  # path of the model's tokenizer.json; without it tokens are estimated


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """A language model that answers a yes/no question about a text; rules use `judge.<name>`."""

    name: str
    url: str
    model: str
    question: str
    key_env: str = ""
    timeout_s: float = 5.0
    calls_per_minute: int = 600


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Log-in to the console at an OpenID Connect provider. `url` is the console as browsers see it;
    `roles` gives each group of `roles_claim` its roles, with commas."""

    issuer: str
    client_id: str
    url: str
    roles: Mapping[str, str]
    secret_env: str = ""  # none: a public client, by PKCE alone
    scope: str = "openid profile"
    roles_claim: str = "groups"
    name_claim: str = "preferred_username"
    team_claim: str = "department"  # for the rule that weaker changes need another group


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Paths are relative to the working directory."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    shutdown_delay: int = 0  # seconds between `/readyz` off and the closed port, on SIGTERM
    drain: int = 300  # seconds that streams may go on after the port is closed
    max_calls: int = 2048  # in progress at once in a worker; beyond it 503
    max_checking: int = 0  # of them being checked; 0: see `app`
    upstreams: tuple[UpstreamSettings, ...] = ()
    judges: tuple[JudgeSettings, ...] = ()
    oidc: OidcSettings | None = None
    policies: Path = Path("policies")
    packs: tuple[str, ...] = ("base",)
    bundle: str = ""  # a signed policy bundle, in place of `policies` and `packs`
    bundle_keys: tuple[str, ...] = ()  # who may sign it
    reload_s: float = 0.2  # between two looks for another policy
    models: Path = Path("classifiers/models")
    classifiers: str = "required"  # required | off
    threads: int = 0  # of one model run; 0 takes half the cores
    remote_models: tuple[tuple[str, str], ...] = ()  # (name, URL of a KServe v2 server)
    gpu_mib: int = 2048  # the most that one model may take of a GPU
    var: Path = Path("var")
    audit_url: str = ""
    audit_on_failure: str = "fail_request"
    audit_level: str = "redacted"
    audit_master_key: str = ""  # env:NAME, file:PATH or cmd:COMMAND; one for all replicas
    audit_signing_key: str = ""
    audit_content_days: int = 90  # then texts are erased
    audit_metadata_days: int = 190  # then records are pruned; six months at least
    audit_export: str = ""  # a folder for a signed export of each day
    audit_export_format: str = "jsonl"
    audit_publish: str = ""  # a command that takes a checkpoint elsewhere: {path}, {name}
    state_url: str = ""
    keys_file: str = ""  # of API keys; empty: beside the audit log in PostgreSQL, or in `var`
    keys: str = "auto"  # auto: needed once one exists | required
    secret_env: str = ""
    traces_url: str = ""  # of an OpenTelemetry collector that takes OTLP over HTTP; empty: none
    traces_names: str = "verdict"  # of guardrail attributes: verdict | decision (older)
    producer: str = ""  # code of the organisation in the AI-content label (USCC)
    log_level: str = "info"
    log_format: str = "text"  # text | json
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def audit_database(self) -> str:
        return self.audit_url or f"sqlite:///{self.var / 'audit.sqlite3'}"

    @property
    def keys_in_database(self) -> bool:
        return not self.keys_file and self.audit_url.startswith("postgres")

    @property
    def key_file(self) -> Path:
        return Path(self.keys_file) if self.keys_file else self.var / "keys.json"

    @property
    def loopback(self) -> bool:
        return self.host in ("127.0.0.1", "::1", "localhost")


def load(
    *,
    given: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Settings from all sources. Raises SettingsError for an unknown or wrong value."""
    env = dict(os.environ if environment is None else environment)
    path = file or Path(env.get(PREFIX + "CONFIG", "threegate.yaml"))
    values = _from_file(path, required=file is not None)
    values |= _from_environment(env)
    values |= {k: v for k, v in (given or {}).items() if v is not None}
    upstream = values.pop("upstream", None)
    if upstream:
        values["upstreams"] = (upstream_from(upstream, "upstream"),)
    try:
        return Settings(**values, environment=env)
    except TypeError as error:
        raise SettingsError(str(error)) from None


def upstream_from(value: Any, where: str) -> UpstreamSettings:
    """A URL or a mapping of `UpstreamSettings`."""
    raw = {"url": value} if isinstance(value, str) else value
    if not isinstance(raw, Mapping) or not isinstance(raw.get("url"), str):
        raise SettingsError(f"{where}: an upstream needs a url")
    known = {f.name: f.type for f in fields(UpstreamSettings)}
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise SettingsError(f"{where}: unknown key {unknown[0]}")
    url = str(raw["url"]).rstrip("/").removesuffix("/v1")
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"{where}: the url must begin with http:// or https://")
    given = {k: _of_type(str(known[k]), v, f"{where}: {k}") for k, v in raw.items() if k != "url"}
    return UpstreamSettings(url=url, **given)


def _of_type(kind: str, value: Any, where: str) -> Any:
    """`value` as a field of this type. Numbers are not negative."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    match kind:
        case "int" if number and isinstance(value, int):
            return value
        case "float" if number:
            return float(value)
        case "bool" if isinstance(value, bool):
            return value
        case "str" if isinstance(value, str):
            return value
        case "tuple[str, ...]" if isinstance(value, list | tuple):
            return tuple(map(str, value))
        case _:
            raise SettingsError(f"{where} must be {_IN_WORDS[kind]}")


_IN_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text",
    "tuple[str, ...]": "a list",
}


def _judge(value: Any, where: str) -> JudgeSettings:
    known = {f.name for f in fields(JudgeSettings)}
    if not isinstance(value, Mapping) or set(value) - known:
        raise SettingsError(f"{where}: a judge has the keys {', '.join(sorted(known))}")
    missing = {"name", "url", "model", "question"} - set(value)
    if missing:
        raise SettingsError(f"{where}: {sorted(missing)[0]} is missing")
    url = str(value["url"]).rstrip("/").removesuffix("/v1")
    return JudgeSettings(**{**value, "url": url})


def _oidc(value: Any, where: str) -> OidcSettings:
    known = {f.name for f in fields(OidcSettings)}
    if not isinstance(value, Mapping) or set(value) - known:
        raise SettingsError(f"{where}: oidc has the keys {', '.join(sorted(known))}")
    missing = {"issuer", "client_id", "url", "roles"} - set(value)
    if missing:
        raise SettingsError(f"{where}: oidc: {sorted(missing)[0]} is missing")
    if not isinstance(value["roles"], Mapping):
        raise SettingsError(f"{where}: oidc: roles gives each group its roles")
    roles = {str(k): str(v) for k, v in value["roles"].items()}
    texts = {str(k): str(v) for k, v in value.items() if k != "roles"}
    made = OidcSettings(**texts, roles=roles)
    for url in (made.issuer, made.url):
        if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise SettingsError(f"{where}: oidc: issuer and url begin with https://")
    return made


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    if not path.exists():
        if required:
            raise SettingsError(f"{path}: no such file")
        return {}
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text("utf-8")) or {}
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        raise SettingsError(f"{path}: {problem}") from None
    if not isinstance(raw, dict):
        raise SettingsError(f"{path}: must be a mapping")
    return {key: _convert(str(key), value, str(path)) for key, value in raw.items()}


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    names = {f.name for f in fields(Settings)} - {"environment", "upstreams", "judges", "oidc"} | {
        "upstream"
    }
    found = {n: env[PREFIX + n.upper()] for n in names if env.get(PREFIX + n.upper())}
    return {n: _convert(n, v, f"{PREFIX}{n.upper()}") for n, v in found.items()}


def _convert(name: str, value: Any, where: str) -> Any:
    match name:
        case "port" | "workers" | "threads" | "shutdown_delay" | "drain" | "gpu_mib":
            return _integer(name, value, where)
        case "max_calls" | "max_checking":
            return _integer(name, value, where)
        case "audit_content_days" | "audit_metadata_days":
            return _integer(name, value, where)
        case "reload_s":
            return _seconds(name, value, where)
        case "policies" | "models" | "var":
            return Path(str(value))
        case "packs" | "bundle_keys":
            return tuple(value.split(",") if isinstance(value, str) else map(str, value))
        case "remote_models":
            return _pairs(name, value, where)
        case "upstreams":
            items = value if isinstance(value, list) else [value]
            made = [upstream_from(v, f"{where}: upstreams[{i}]") for i, v in enumerate(items)]
            if len({u.name for u in made}) < len(made):
                raise SettingsError(f"{where}: each upstream needs a name of its own")
            return tuple(made)
        case "judges":
            items = value if isinstance(value, list) else [value]
            return tuple(_judge(v, f"{where}: judges[{i}]") for i, v in enumerate(items))
        case "oidc":
            return _oidc(value, where)
        case "upstream":
            return value
        case _ if name in {f.name for f in fields(Settings)} - {"environment"}:
            return str(value)
        case _:
            raise SettingsError(f"{where}: unknown setting {name}")


def _pairs(name: str, value: Any, where: str) -> tuple[tuple[str, str], ...]:
    """A mapping, or `name=value,…` where there is only a text."""
    if isinstance(value, str):
        value = dict(part.partition("=")[::2] for part in value.split(","))
    if not isinstance(value, Mapping) or not all(value.values()):
        raise SettingsError(f"{where}: {name} must give each name its value")
    return tuple((str(k).strip(), str(v).strip()) for k, v in value.items())


def _seconds(name: str, value: Any, where: str) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0.01 <= seconds <= 3600:
        raise SettingsError(f"{where}: {name} must be 0.01 to 3600 seconds")
    return seconds


def _integer(name: str, value: Any, where: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise SettingsError(f"{where}: {name} must be a whole number") from None
