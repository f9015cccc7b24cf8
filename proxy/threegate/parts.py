"""Opens the parts of the application by the settings; the only place that connects them all.

Importing this module has no effect.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from threegate.audit.feeds.feed import delivering
from threegate.audit.log.database import writer_engine
from threegate.audit.log.store import AuditLog
from threegate.audit.retention import retention_job, rewrap
from threegate.audit.settings import from_settings
from threegate.console.bootstrap import person_of
from threegate.detectors.base import SentenceDetector
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.detector_sets import DetectorSets
from threegate.detectors.judges.detector import LlmJudge
from threegate.detectors.judges.second_reader import SecondReader
from threegate.gateway.access.auth import KeyFile
from threegate.gateway.access.auth_db import KeyDatabase
from threegate.gateway.access.rule_trips import Bands
from threegate.gateway.deps import Deps
from threegate.gateway.notices import Notices
from threegate.gateway.telemetry.expiry import ending_certificates, ending_keys
from threegate.gateway.telemetry.metrics import Metrics
from threegate.gateway.telemetry.timed_detectors import Timed
from threegate.gateway.telemetry.tracing import Traces
from threegate.i18n.catalog import texts
from threegate.i18n.system import reason
from threegate.limits.admission import CHECKING, Admission
from threegate.limits.store import Limiter, MemoryLimiter
from threegate.policy.errors import failure
from threegate.policy.kinds import KINDS
from threegate.policy.lifecycle.band_store import BandStore
from threegate.policy.lifecycle.store import (
    FolderSource,
    PolicyStore,
    VersionSource,
    now_utc,
    require,
    today_utc,
)
from threegate.policy.lifecycle.versions import Versions
from threegate.policy_ops.signed_bundle import sealed_source
from threegate.server import memory
from threegate.server.background import BackgroundWork
from threegate.server.warmup import warm
from threegate.settings import Settings
from threegate.settings.errors import wrong
from threegate.tasks import Tasks
from threegate.trust import trusted
from threegate.types import Bilingual
from threegate.upstream import Upstreams

if TYPE_CHECKING:  # and NumPy with it: a start without classifiers does without
    from threegate_classifiers.runtime import Engine

log = logging.getLogger(__name__)
LINES = texts("startup", "lines")

SECRET_BYTES, LEAST_SECRET_BYTES = 32, 16
CHECKING_WITH_MODELS, CHECKING_ELSEWHERE = 32, 256
"""Simultaneous checks if they wait for a classifier: one in this process, which batches several, or
one on another server or a judge, which uses no processor here."""
SECRET_FILE = "secret"  # noqa: S105


@asynccontextmanager
async def opened(
    settings: Settings,
    report: Callable[[str], None] = log.info,
    language: str = "en",
    *,
    replacement: bool = False,
) -> AsyncIterator[Deps]:
    """Everything the endpoints need, closed in reverse order. Raises ThreegateError or
    SettingsError if a part is missing: a guard that cannot guard does not start. A `replacement` of
    a dead worker may serve the last good policy."""
    _check_writable(settings.var)
    versions = policy_versions(settings)
    policies = policy_store(settings, versions, replacement=replacement)
    authenticator = _authenticator(settings, versions)
    keys = _upstream_keys(settings)
    settings.secret(settings.metrics_key_env, "metrics_key_env")  # a missing one fails here
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        stack.callback(versions.engine.dispose)
        outbound = httpx.AsyncClient(verify=trusted(), trust_env=False, follow_redirects=False)
        stack.push_async_callback(outbound.aclose)
        judges = _judges(settings, outbound)
        _check_judges(policies, judges, settings)
        if (engine := _engine(settings, report, language)) is not None:
            stack.callback(engine.close)
        detector_sets = _detector_sets(engine, judges, metrics)
        _check_served(policies, detector_sets, settings)
        await asyncio.to_thread(warm, policies.pin(), detector_sets.of)
        audit = await AuditLog.open(from_settings(settings))
        stack.push_async_callback(audit.close)
        await rewrap.check(audit)
        upstreams = Upstreams(settings.upstreams, keys, metrics)
        stack.push_async_callback(upstreams.aclose)
        limiter = await _limiter(settings, metrics, lambda text: report(text.get(language)))
        stack.push_async_callback(limiter.aclose)
        deps = Deps(
            settings,
            policies,
            detector_sets.of,
            upstreams,
            audit,
            authenticator,
            metrics,
            limiter,
            _secret(settings),
            Notices(Bands()),
            _traces(settings, outbound, metrics),
            admission=_admission(settings, engine),
        )
        stack.enter_context(delivering(settings, versions.engine, metrics.feed))
        await stack.enter_async_context(_background(deps, _periodic_work(deps, versions, engine)))
        metrics.workers.set(1)
        metrics.workers_wanted.set(settings.workers)
        yield deps


def _check_writable(folder: Path) -> None:
    """Raises SettingsError; SQLite's own message would not name the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise wrong("not-writable", where=folder, why=reason(OSError(errno.ENOTDIR, ""))) from None
    except OSError as error:
        raise wrong("not-writable", where=folder, why=reason(error)) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise wrong("not-writable", where=folder, why=reason(PermissionError(errno.EACCES, "")))


def _periodic_work(deps: Deps, versions: Versions, engine: Engine | None) -> BackgroundWork:
    certificates = ending_certificates(deps.settings)
    return BackgroundWork(
        deps.policies,
        versions,
        deps.audit,
        deps.metrics,
        deps.notices,
        BandStore.open(versions.engine, secrets.token_hex(8)),
        deps.settings.reload_s,
        queued=engine.queued if engine else dict,
        endings=lambda: (*certificates, *ending_keys(deps.authenticator.keys)),
    )


@asynccontextmanager
async def _background(deps: Deps, periodic: BackgroundWork) -> AsyncIterator[None]:
    """Background tasks; spans that are still queued are sent at the end."""
    tasks = Tasks()
    for work in (
        periodic.run(),
        retention_job.run(deps.audit),
        memory.trim_repeatedly(),
        *([deps.traces.run()] if deps.traces else ()),
    ):
        tasks.spawn(work)
    try:
        yield
    finally:
        await tasks.cancel()
        if deps.traces is not None:
            await deps.traces.send()


def _judges(settings: Settings, outbound: httpx.AsyncClient) -> tuple[LlmJudge, ...]:
    return tuple(
        LlmJudge(j, settings.secret(j.key_env, f"judge {j.name}"), outbound)
        for j in settings.judges
    )


def _detector_sets(
    engine: Engine | None, judges: Sequence[LlmJudge], metrics: Metrics
) -> DetectorSets:
    sentence = (*(_classifiers(engine) if engine else ()), *judges)
    second = SecondReader({j.kind(""): j for j in judges}, metrics.detector_called)
    return DetectorSets(tuple(Timed(d, metrics.detector_called) for d in sentence), second)


def _classifiers(engine: Engine) -> tuple[SentenceDetector, ...]:
    from threegate.detectors.models.factory import sentence_detectors

    return sentence_detectors(engine)


def policy_versions(settings: Settings) -> Versions:
    return Versions.open(writer_engine(settings.versions_database), partial(person_of, settings))


def policy_store(
    settings: Settings, versions: Versions, *, replacement: bool = False
) -> PolicyStore:
    """The active version; the folder or the bundle itself until one has been activated. What the
    settings name must load even if a version is active: a wrong name stops the start. Raises
    PolicyError."""
    folder = FolderSource(settings.policies, settings.packs, today_utc, KINDS)
    source = sealed_source(settings) or folder
    if source is folder and not replacement and not settings.policies.is_dir():
        raise wrong("no-policies", where=settings.policies)
    if not replacement and versions.state().active(now_utc()) is not None:
        require(source)
    active = VersionSource(versions, source, now_utc)
    return PolicyStore.of(active, settings.var / "policy", last_good=replacement)


def _authenticator(settings: Settings, versions: Versions) -> KeyFile | KeyDatabase:
    """Raises SettingsError if the named key file is missing, because without keys every caller
    would be admitted."""
    required = settings.keys == "required"
    if settings.keys_file and not settings.key_file.exists():
        raise wrong("no-keys-file", where=settings.keys_file)
    authenticator = (
        KeyDatabase.open(versions.engine, required=required)
        if settings.keys_in_database
        else KeyFile(settings.key_file, required=required)
    )
    if authenticator.open_to_all and not settings.loopback:
        raise wrong("not-loopback")
    return authenticator


async def _limiter(
    settings: Settings, metrics: Metrics, report: Callable[[Bilingual], None]
) -> Limiter:
    if not settings.state_url:
        return MemoryLimiter()
    from threegate.limits.redis import RedisLimiter  # only if workers share their state

    limiter = RedisLimiter.open(settings.state_url, metrics.state_unavailable.inc)
    if why := await limiter.trouble():
        report(LINES["alone"].filled({"url": limiter.address, "why": why}))
    return limiter


def _admission(settings: Settings, engine: Engine | None) -> Admission:
    elsewhere = settings.judges or settings.remote_models
    waiting = CHECKING_ELSEWHERE if elsewhere else CHECKING_WITH_MODELS if engine else CHECKING
    checking = settings.max_checking or waiting
    return Admission(settings.max_calls, checking)


def _engine(settings: Settings, report: Callable[[str], None], language: str) -> Engine | None:
    if settings.classifiers == "off":
        report(LINES["no-classifiers"].get(language))
        return None
    from threegate_classifiers import remote
    from threegate_classifiers.runtime import Engine

    from threegate.detectors.models.factory import MODELS, SECOND

    known = (*MODELS, *SECOND)
    if unknown := {name for name, _ in settings.remote_models}.difference(known):
        raise wrong("no-model", name=min(unknown), known=", ".join(known))
    shared = settings.var / "mapped" if settings.workers > 1 else None
    return Engine.open(
        settings.models,
        MODELS,
        threads=settings.threads or None,
        gpu_mib=settings.gpu_mib,
        remote={name: remote.at(url, name) for name, url in settings.remote_models},
        shared=shared,
        report=report,
        language=language,
    )


def _traces(settings: Settings, client: httpx.AsyncClient, metrics: Metrics) -> Traces | None:
    if not settings.traces_url:
        return None
    url = settings.traces_url.rstrip("/").removesuffix("/v1/traces")
    return Traces(url, settings.traces_names, client, metrics.spans_lost.inc)


def _check_judges(policies: PolicyStore, judges: Sequence[LlmJudge], settings: Settings) -> None:
    """As `_check_served`, for what judges alone report: before models are opened, which takes
    seconds."""
    known = DetectorSet(lambda _: (), tuple(judges), {j.info.id: j.info.kinds for j in judges})
    for binding in policies.pin().bindings:
        missing = known.missing(binding.policy.rules)
        _require(frozenset(k for k in missing if k.startswith("judge.")), settings)


def _check_served(policies: PolicyStore, detector_sets: DetectorSets, settings: Settings) -> None:
    for binding in policies.pin().bindings:
        _require(detector_sets.of(binding.policy).missing(binding.policy.rules), settings)


def _require(missing: frozenset[str], settings: Settings) -> None:
    """A rule on a kind that nothing reports would never act: an error, unless classifiers are
    off."""
    if missing and settings.classifiers != "off":
        raise failure("no-detector", kinds=", ".join(sorted(missing)))


def _upstream_keys(settings: Settings) -> dict[str, str]:
    return {
        upstream.name: settings.secret(upstream.key_env, f"upstream {upstream.name}")
        for upstream in settings.upstreams
        if upstream.key_env
    }


def _secret(settings: Settings) -> bytes:
    """The key for masks: from the environment, or from a file created at the first start. Raises
    SettingsError for one that could be guessed, such as a file truncated by a full disk."""
    if settings.secret_env:
        given = settings.secret(settings.secret_env, "secret_env")
        return _long_enough(given.encode(), settings.secret_env)
    path: Path = settings.var / SECRET_FILE
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
    return _long_enough(path.read_bytes(), path)


def _long_enough(secret: bytes, where: object) -> bytes:
    if len(secret) < LEAST_SECRET_BYTES:
        raise wrong("short-secret", where=where, least=LEAST_SECRET_BYTES)
    return secret
