"""The model APIs and judges that operators connected (read-only), which rules on models and second
opinions can rely on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from threegate.console.web import Answer, ConsoleRequest, Shown
from threegate.settings import JudgeSettings
from threegate.upstream.target import Target


async def page(visit: ConsoleRequest) -> Answer:
    parts = visit.parts
    data = {
        "upstreams": [_upstream(each) for each in parts.upstreams],
        "judges": [_judge(each) for each in parts.judges],
    }
    return Shown("policy/upstreams.html", data)


def _upstream(target: Target) -> dict[str, Any]:
    of = target.settings
    return {
        "name": of.name,
        "place": _place(of.url),
        "models": list(of.models),
        "tenants": list(of.tenants),
        "weight": of.weight,
        "own_key": bool(target.key),
        "up": target.health.up,
    }


def _judge(of: JudgeSettings) -> dict[str, Any]:
    return {"kind": f"judge.{of.name}", "place": _place(of.url), "model": of.model}


def _place(url: str) -> str:
    """Only host and port, because a URL may contain a password."""
    return urlsplit(url).netloc.rpartition("@")[2]
