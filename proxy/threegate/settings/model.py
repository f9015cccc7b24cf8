"""What can be set, with defaults and bounds. Paths are relative to the working directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from threegate.settings import shipped, values

MIN_METADATA_DAYS = 184  # six months: 网络安全法, EU AI Act Art. 19 and 26(6)
MANY = 1_000_000
FILE = "file:"
"""Prefix of the path of a file with a secret, in place of the name of a variable. Workers read the
file when they start, so a changed secret needs no new environment."""


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """One model API. `key_env` names the variable or file that holds its key; without it the
    client's key is passed through. Names end in `_s` for seconds. `models` and `tenants` are
    patterns; empty takes all. An upstream with weight 0 is used only when no other is left."""

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
    failures: int = 5  # consecutive failures, after which nothing is sent for `rest_s`
    rest_s: float = 10.0
    health_path: str = ""  # requested every `health_s`; empty: health is judged from calls only
    health_s: float = 10.0
    starts_in_reasoning: bool = False
    shared_storage: bool = False  # tenants may use what others have stored there
    tokenizer: str = ""  # path of the model's tokenizer.json; without it tokens are estimated
    proxy: str = field(default="", repr=False)  # HTTP proxy on the way; may contain a password
    tls_ca: str = ""  # file of the only authority to trust; empty: those of the system
    tls_cert: str = ""  # file of our client certificate, for a model API that requires one
    tls_key: str = ""  # file of its key; empty: in the certificate file

    @property
    def own_tls(self) -> bool:
        return bool(self.tls_ca or self.tls_cert or self.tls_key)


JUDGE_FORMATS = (
    *("question", "claims", "qwen3guard", "llama_guard", "gpt_oss_safeguard"),
    *("granite_guardian", "shieldgemma", "wildguard", "text_classification"),
)
ASKED_BY_THE_OPERATOR = frozenset({"question", "gpt_oss_safeguard"})
"""Formats that need a `question`."""


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """A language model that judges texts; rules use `judge.<name>` or one of its kinds below that.
    `format` is the prompt format it was trained for; `question` is your own question for any model,
    or the policy for gpt_oss_safeguard; `criteria` select what a model is asked. Scores from `low`,
    `medium` and `high` on have that level; they differ between models, languages and modes."""

    name: str
    url: str
    model: str
    question: str = ""
    format: str = "question"
    criteria: tuple[str, ...] = ()
    path: str = ""  # of the API; empty: the format's own
    low: float = 0.3
    medium: float = 0.5
    high: float = 0.9
    key_env: str = ""
    timeout_s: float = 5.0
    calls_per_minute: int = 600
    max_tokens: int = 0  # tokens of an answer, for a reasoning model; 0: as its format needs


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Log-in to the console at an OpenID Connect provider. `url` is the console's address for
    browsers; `roles` gives each group of `roles_claim` its roles, with commas."""

    issuer: str
    client_id: str
    url: str
    roles: Mapping[str, str]
    secret_env: str = ""  # none: a public client, with PKCE only
    scope: str = "openid profile"
    roles_claim: str = "groups"
    name_claim: str = "preferred_username"
    team_claim: str = "department"  # for the rule that weaker changes need another group
    session_minutes: int = 60  # until the provider is asked again for the roles


WEBHOOK_FORMATS = ("slack", "feishu", "dingtalk", "wecom", "json")
WEBHOOK_TOPICS = ("approvals", "rules", "verification")


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """A chat room or service that is notified of approvals, rules that stop themselves and a log
    that does not verify. `url_env` and `secret_env` name variables: a chat bot's address is itself
    a secret. `console` is the console's address for browsers, used in links."""

    name: str
    format: str
    url: str = ""
    url_env: str = ""
    secret_env: str = ""
    console: str = ""
    language: str = "zh"
    topics: tuple[str, ...] = WEBHOOK_TOPICS


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Paths are relative to the working directory."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    shutdown_delay: int = 0  # seconds between `/readyz` off and the closed port, on SIGTERM
    drain: int = 300  # seconds that streams may continue after the port is closed
    max_calls: int = 2048  # calls in progress in a worker; above it 503
    max_checking: int = 0  # of them being checked; 0: see `app`
    upstreams: tuple[UpstreamSettings, ...] = ()
    judges: tuple[JudgeSettings, ...] = ()
    oidc: OidcSettings | None = None
    webhooks: tuple[WebhookSettings, ...] = ()
    policies: Path = field(default_factory=shipped.policies)
    packs: tuple[str, ...] = ("base",)
    bundle: str = ""  # a signed policy bundle, replaces `policies` and `packs`
    bundle_keys: tuple[str, ...] = ()  # keys that may sign it
    reload_s: float = 0.2  # seconds between two checks for a changed policy
    models: Path = field(default_factory=shipped.models)
    classifiers: str = "required"  # required | off
    threads: int = 0  # rows that one model reads at once; 0 takes all cores, at most 4
    remote_models: tuple[tuple[str, str], ...] = ()  # (name, URL of a KServe v2 server)
    gpu_mib: int = 2048  # the most that one model may take of a GPU
    var: Path = Path("var")
    audit_url: str = ""
    audit_on_failure: str = "fail_request"
    audit_level: str = "redacted"
    audit_hash: str = "sha256"  # or sm3 (GB/T 32905)
    audit_master_key: str = ""  # env:NAME, file:PATH or cmd:COMMAND; one for all replicas
    audit_old_master_keys: tuple[str, ...] = ()  # only open what they wrapped, newest first
    audit_subject_key: str = ""  # for pseudonyms of persons; empty: the master key
    audit_signing_key: str = ""
    audit_content_days: int = 90  # then texts are erased
    audit_metadata_days: int = 190  # then records are pruned; six months at least
    audit_export: str = ""  # a folder for a signed export of each day
    audit_export_format: str = "jsonl"
    audit_syslog: str = ""  # tls://HOST:PORT or tcp://HOST:PORT: a live feed, OCSF over syslog
    audit_syslog_ca: str = ""  # file of the receiver's CA; empty: those of the system
    audit_otlp: str = ""  # URL of a collector: a live feed of OpenTelemetry log records
    audit_publish: str = ""  # a command that takes a checkpoint elsewhere: {path}, {name}
    state_url: str = ""
    keys_file: str = ""  # of API keys; empty: in PostgreSQL with the audit log, or in `var`
    keys: str = "auto"  # auto: needed once one exists | required
    secret_env: str = ""
    cors: tuple[str, ...] = ()  # origins of web pages that may call the API; `*` for any
    metrics_port: int = 0  # for `/metrics` only; 0: on the port of the API
    metrics_key_env: str = ""  # variable with the key that `/metrics` requires; empty: none
    ext_proc_port: int = 0  # for Envoy's external processing filter (gRPC); 0: none
    ext_proc_cert: str = ""  # file of its certificate chain; empty: no TLS
    ext_proc_key: str = ""  # file of the certificate's key
    ext_proc_client_ca: str = ""  # file of the CA whose certificates Envoy must present
    traces_url: str = ""  # of an OpenTelemetry collector that takes OTLP over HTTP; empty: none
    subject_header: str = ""  # header with the end user of a call; takes precedence over the body
    traces_names: str = "verdict"  # of guardrail attributes: verdict | decision (older)
    producer: str = ""  # code of the organisation in the AI-content label (USCC)
    log_level: str = "info"
    log_format: str = "text"  # text | json
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def secret(self, named: str, where: str) -> str:
        """The content of the variable, or of the file in `file:PATH`, that the setting `where`
        names; empty if it names none. Raises SettingsError if there is nothing."""
        if named.startswith(FILE):
            return values.line_of(Path(named.removeprefix(FILE)), where)
        if named and not self.environment.get(named):
            raise values.not_set(named, where)
        return self.environment.get(named, "")

    @property
    def audit_database(self) -> str:
        return self.audit_url or f"sqlite:///{self.var / 'audit.sqlite3'}"

    @property
    def versions_database(self) -> str:
        """Where policy versions are stored: in PostgreSQL with the audit log, else in a SQLite
        file."""
        own = f"sqlite:///{self.var / 'policy' / 'versions.sqlite3'}"
        return self.audit_url if self.audit_url.startswith("postgres") else own

    @property
    def keys_in_database(self) -> bool:
        return not self.keys_file and self.audit_url.startswith("postgres")

    @property
    def key_file(self) -> Path:
        return Path(self.keys_file) if self.keys_file else self.var / "keys.json"

    @property
    def host_in_url(self) -> str:
        """The address as in a URL, where IPv6 is in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def loopback(self) -> bool:
        return self.host in ("127.0.0.1", "::1", "localhost")


NUMBERS: Mapping[str, tuple[int, int]] = {
    "port": (0, 65_535),
    "workers": (1, 1_024),
    "metrics_port": (0, 65_535),
    "ext_proc_port": (0, 65_535),
    "shutdown_delay": (0, MANY),
    "drain": (0, MANY),
    "max_calls": (1, MANY),
    "max_checking": (0, MANY),
    "threads": (0, 1_024),
    "gpu_mib": (1, MANY),
    "audit_content_days": (0, 36_500),
    "audit_metadata_days": (MIN_METADATA_DAYS, 36_500),
}
"""The minimum and maximum of each."""
CHOICES: Mapping[str, tuple[str, ...]] = {
    "classifiers": ("required", "off"),
    "audit_on_failure": ("fail_request", "spool", "continue"),
    "audit_level": ("none", "metadata", "redacted", "full"),
    "audit_hash": ("sha256", "sm3"),
    "audit_export_format": ("jsonl", "csv", "parquet", "ocsf", "otel-logs", "otel-spans"),
    "keys": ("auto", "required"),
    "traces_names": ("verdict", "decision"),
    "log_level": ("debug", "info", "warning", "error", "critical"),
    "log_format": ("text", "json"),
}
