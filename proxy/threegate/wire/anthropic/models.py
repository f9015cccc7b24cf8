"""`GET /v1/models` as the Anthropic API answers it, made of an OpenAI list.

Source: Anthropic API reference, "List models" and "Get a model".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from threegate.wire.adapter import Body
from threegate.wire.base import objects


def anthropic_list(listed: Body) -> Body:
    """An error body stays as it is."""
    if "data" not in listed:
        return listed
    models = [anthropic_model(m) for _, m in objects(listed["data"])]
    ends = [m["id"] for m in models[:1] + models[-1:]] or [None, None]
    return {"data": models, "has_more": False, "first_id": ends[0], "last_id": ends[-1]}


def anthropic_model(entry: Body) -> Body:
    if "id" not in entry:
        return entry
    name = str(entry["id"])
    title, created = entry.get("display_name") or name, entry.get("created_at")
    moment = created if isinstance(created, str) else _moment(entry.get("created"))
    return {"type": "model", "id": name, "display_name": title, "created_at": moment}


def _moment(seconds: Any) -> str:
    """RFC 3339; the epoch if the time is unknown, as that API does."""
    known = isinstance(seconds, int) and 0 <= seconds < 2**33
    return datetime.fromtimestamp(seconds if known else 0, UTC).isoformat().replace("+00:00", "Z")
