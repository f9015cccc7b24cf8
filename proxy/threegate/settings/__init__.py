"""The only reader of the environment. Parsed once at start into a frozen object (`model`).

Order of precedence: command line > environment (`THREEGATE_*`) > `threegate.yaml` > defaults. A
secret is given by the *name* of an environment variable or file, never by value.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from threegate.settings import values
from threegate.settings.errors import wrong
from threegate.settings.model import (
    ASKED_BY_THE_OPERATOR,
    CHOICES,
    JUDGE_FORMATS,
    NUMBERS,
    WEBHOOK_FORMATS,
    WEBHOOK_TOPICS,
    JudgeSettings,
    OidcSettings,
    Settings,
    UpstreamSettings,
    WebhookSettings,
)

PREFIX = "THREEGATE_"
CONFIG = "THREEGATE_CONFIG"
TESTS = "THREEGATE_TEST_"  # servers used by our own tests
KNOWN = tuple(f.name for f in fields(Settings) if f.name != "environment")
FILE_ONLY = ("upstreams", "judges", "oidc", "webhooks")
IN_VARIABLES = tuple(sorted({*KNOWN, "upstream"} - {*FILE_ONLY}))


def load(
    *,
    given: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Settings from all sources. Raises SettingsError for an unknown or wrong value."""
    env = dict(os.environ if environment is None else environment)
    path = _file(file, env)
    found = _converted(values.file_of(path), lambda name: str(path)) if path else {}
    found |= _converted(_from_environment(env), lambda name: PREFIX + name.upper())
    options = {k: v for k, v in (given or {}).items() if v is not None}
    found |= _converted(options, lambda name: "--" + name.replace("_", "-"))
    upstream = found.pop("upstream", None)
    if upstream:
        found["upstreams"] = (upstream_from(upstream, "upstream"),)
    settings = Settings(**found, environment=env)
    _check_variables(settings)
    return settings


def _file(named: Path | None, env: Mapping[str, str]) -> Path | None:
    """The settings file. An explicitly named one must exist; `threegate.yaml` may be missing."""
    if named is None and CONFIG not in env:
        default = Path("threegate.yaml")
        return default if default.exists() else None
    if named is None and not env[CONFIG].strip():
        raise wrong("empty-variable", name=CONFIG)
    path = named or Path(env[CONFIG])
    if not path.exists():
        raise wrong("no-file", where=path if named else f"{CONFIG}: {path}")
    return path


def _from_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Variables with a value; an empty one counts as not set, as compose files leave them."""
    return {n: env[PREFIX + n.upper()] for n in IN_VARIABLES if env.get(PREFIX + n.upper())}


def _check_variables(settings: Settings) -> None:
    """Checks that every THREEGATE_* variable is a setting, or named by one as the place of a
    secret."""
    known = {CONFIG, *(PREFIX + name.upper() for name in IN_VARIABLES), *_secrets(settings)}
    for name in sorted(settings.environment):
        if not name.startswith(PREFIX) or name.startswith(TESTS) or name in known:
            continue
        if (setting := name.removeprefix(PREFIX).lower()) in FILE_ONLY:
            raise wrong("file-only", where=name, name=setting)
        raise values.unknown(name, setting, IN_VARIABLES)


def _secrets(settings: Settings) -> Iterator[str]:
    """Variables that hold a secret."""
    yield settings.secret_env
    yield settings.metrics_key_env
    yield from (upstream.key_env for upstream in settings.upstreams)
    yield from (judge.key_env for judge in settings.judges)
    for webhook in settings.webhooks:
        yield from (webhook.url_env, webhook.secret_env)
    if settings.oidc is not None:
        yield settings.oidc.secret_env
    keys = (settings.audit_master_key, settings.audit_subject_key, settings.audit_signing_key)
    for place in (*keys, *settings.audit_old_master_keys):
        yield place.removeprefix("env:")


def _converted(raw: Mapping[Any, Any], where: Callable[[str], str]) -> dict[str, Any]:
    return {str(n): _convert(str(n), v, where(str(n))) for n, v in raw.items()}


def _convert(name: str, value: Any, where: str) -> Any:
    match name:
        case _ if name in NUMBERS:
            return values.whole(name, value, where, *NUMBERS[name])
        case _ if name in CHOICES:
            return values.choice(name, value, where, CHOICES[name])
        case "reload_s":
            return values.seconds(name, value, where)
        case "policies" | "models" | "var":
            return Path(values.text(name, value, where))
        case "packs" | "bundle_keys" | "audit_old_master_keys":
            return values.texts(name, value, where)
        case "cors":
            return _origins(values.texts(name, value, where), where)
        case "remote_models":
            return values.pairs(name, value, where)
        case _ if name in SCHEMES:
            return values.address(name, value, where, SCHEMES[name])
        case "subject_header":
            return values.header(name, value, where)
        case "upstreams":
            return _several(upstream_from, name, value, where)
        case "judges":
            return _several(_judge, name, value, where)
        case "webhooks":
            return _several(_webhook, name, value, where)
        case "oidc":
            return _oidc(value, f"{where}: oidc")
        case "upstream":
            return value
        case _ if name in KNOWN:
            return values.text(name, value, where)
        case _:
            raise values.unknown(where, name, KNOWN)


def _several(make: Callable[[Any, str], Any], name: str, value: Any, where: str) -> tuple[Any, ...]:
    """One or a list, each with a unique name."""
    items = value if isinstance(value, list) else [value]
    made = tuple(make(v, f"{where}: {name}[{i}]") for i, v in enumerate(items))
    if len({each.name for each in made}) < len(made):
        raise wrong("same-name", where=f"{where}: {name}")
    return made


def upstream_from(value: Any, where: str) -> UpstreamSettings:
    """A URL or a mapping of `UpstreamSettings`."""
    raw = {"url": value} if isinstance(value, str) else value
    url = raw.get("url") if isinstance(raw, Mapping) else None
    if not isinstance(url, str) or not values.leads_somewhere(url, WEB):
        raise wrong("upstream-url", where=where)
    given = values.members(UpstreamSettings, raw, where)
    if (proxy := given.get("proxy")) and not values.leads_somewhere(proxy, WEB):
        raise wrong("upstream-proxy", where=where)
    made = UpstreamSettings(**{**given, "url": url.rstrip("/").removesuffix("/v1")})
    if made.own_tls and not made.url.startswith("https:"):
        raise wrong("upstream-tls", where=where, why=made.url.partition(":")[0])
    return made


def _origins(given: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Origins as browsers send them: scheme and host, no path."""
    for origin in given:
        web = values.leads_somewhere(origin, WEB)
        if origin != "*" and (not web or origin.count("/") != 2):
            raise wrong("cors-origin", where=where)
    return given


def _judge(value: Any, where: str) -> JudgeSettings:
    given = values.members(JudgeSettings, value, where)
    if not values.leads_somewhere(given["url"], WEB):
        raise wrong("judge-url", where=where)
    format_ = values.choice("format", given.get("format", "question"), where, JUDGE_FORMATS)
    if format_ in ASKED_BY_THE_OPERATOR and not given.get("question"):
        raise wrong("missing-key", where=where, name="question")
    return JudgeSettings(**{**given, "url": given["url"].rstrip("/").removesuffix("/v1")})


def _webhook(value: Any, where: str) -> WebhookSettings:
    made = WebhookSettings(**values.members(WebhookSettings, value, where))
    values.choice("format", made.format, where, WEBHOOK_FORMATS)
    values.choice("language", made.language, where, ("zh", "en"))
    for topic in made.topics:
        values.choice("topics", topic, where, WEBHOOK_TOPICS)
    if bool(made.url) == bool(made.url_env):
        raise wrong("webhook-address", where=where)
    if made.url and not _is_safe(made.url):
        raise wrong("oidc-url", where=where, name="url")
    return made


def _oidc(value: Any, where: str) -> OidcSettings:
    made = OidcSettings(**values.members(OidcSettings, value, where))
    for name in ("issuer", "url"):
        if not _is_safe(getattr(made, name)):
            raise wrong("oidc-url", where=where, name=name)
    values.whole("session_minutes", made.session_minutes, where, 5, 720)
    return made


def _is_safe(url: str) -> bool:
    return url.startswith(SAFE) and values.leads_somewhere(url, WEB)


WEB = ("http", "https")
SCHEMES = {
    "audit_syslog": ("tls", "tcp"),
    "audit_otlp": WEB,
    "traces_url": WEB,
    "state_url": ("redis", "rediss", "unix"),
}
SAFE = ("https://", "http://127.0.0.1:", "http://localhost:")
