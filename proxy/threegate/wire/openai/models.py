"""`GET /v1/models`: what a client may use."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.wire.adapter import Body
from threegate.wire.base import objects


def visible_models(
    upstream: Body, allowed: frozenset[str] | None, aliases: Mapping[str, str]
) -> Body:
    """The upstream's list without models that the policy does not allow, plus the aliases of models
    in it, which say what they lead to. `allowed` None allows all."""
    entries = {str(m.get("id")): m for _, m in objects(upstream.get("data"))}
    kept = {name: m for name, m in entries.items() if allowed is None or name in allowed}
    for alias, name in aliases.items():
        if name in kept:
            note = {"threegate": {"alias_of": name}}
            kept.setdefault(alias, {**kept[name], "id": alias, **note})
    return {**upstream, "object": "list", "data": list(kept.values())}
