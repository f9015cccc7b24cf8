"""Builds the console's parts from the settings, and the link that creates the first account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from threegate.audit import settings as audit_settings
from threegate.audit.log.database import writer_engine
from threegate.console.auth.accounts import Accounts
from threegate.console.auth.oidc import Provider
from threegate.console.auth.sessions import Signer
from threegate.console.database import prepared
from threegate.console.deps import ConsoleDeps
from threegate.console.drafts import Drafts, Ground
from threegate.console.review.review_store import ReviewStore
from threegate.gateway.deps import Deps
from threegate.policy.language.load import DictTree
from threegate.policy.lifecycle.band_store import BandStore
from threegate.policy.lifecycle.people import Person
from threegate.policy.lifecycle.store import DirTree
from threegate.policy.lifecycle.versions import Versions
from threegate.policy_ops.signed_bundle import sealed_source
from threegate.settings import Settings


def engine_of(settings: Settings) -> Engine:
    """The audit log's database in PostgreSQL, else a separate SQLite file."""
    shared = settings.audit_url if settings.audit_url.startswith("postgres") else ""
    return prepared(writer_engine(shared or f"sqlite:///{settings.var / 'console.sqlite3'}"))


def person_of(settings: Settings, name: str) -> Person | None:
    """Who has this account, with the roles of now: none once it is closed. None if there is no such
    account. Blocks, and opens the database for this look alone."""
    engine = engine_of(settings)
    try:
        account = Accounts(engine, b"").find(name)
    finally:
        engine.dispose()
    if account is None:
        return None
    return replace(account.person, roles=frozenset()) if account.closed else account.person


def open_parts(deps: Deps, versions: Versions) -> ConsoleDeps:
    """The parts of the console on top of the parts of the proxy. Opens its database; blocks."""
    settings = deps.settings
    engine = engine_of(settings)
    return ConsoleDeps(
        audit=deps.audit,
        audit_settings=audit_settings.from_settings(settings),
        policies=deps.policies,
        ground=partial(_ground, settings),
        versions=versions,
        detector_set_for=deps.detector_set_for,
        accounts=Accounts(engine, deps.secret),
        drafts=Drafts(engine),
        review_store=ReviewStore(engine),
        signer=Signer(deps.secret),
        notices=deps.notices,
        band_store=BandStore(versions.engine, ""),
        api_keys=lambda: deps.authenticator.keys,
        sso=_provider(settings),
        partial=settings.classifiers == "off",
        upstreams=deps.upstreams.targets,
        judges=settings.judges,
    )


def _provider(settings: Settings) -> Provider | None:
    """Raises SettingsError if its secret is not set."""
    oidc = settings.oidc
    if oidc is None:
        return None
    return Provider(oidc, settings.secret(oidc.secret_env, "oidc"))


def _ground(settings: Settings) -> Ground:
    """Raises PolicyError while a signed bundle cannot be trusted."""
    if source := sealed_source(settings):
        sealed = source.open()
        return Ground(DictTree(sealed.files), sealed.packs, _names(map(Path, sealed.files)))
    files = (settings.policies / "packs").glob("*.yaml")
    return Ground(DirTree(settings.policies), settings.packs, _names(files))


def _names(files: Iterable[Path]) -> tuple[str, ...]:
    """The packs among files."""
    return tuple(sorted(f.stem for f in files if f.parent.name == "packs" and f.suffix == ".yaml"))


@dataclass(frozen=True, slots=True)
class ConsoleLink:
    """`one_time` creates the first account; empty once there is one."""

    url: str
    one_time: str = ""


def console_link(settings: Settings, secret: bytes) -> ConsoleLink:
    """The address of the console."""
    base = f"http://{settings.host_in_url}:{settings.port}/console"
    engine = engine_of(settings)
    token = Accounts(engine, secret).setup_token()
    engine.dispose()
    return ConsoleLink(base, f"{base}/setup/{token}" if token else "")
