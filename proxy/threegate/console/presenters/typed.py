"""The input of a refused form, as fields to correct and send again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threegate.i18n.catalog import texts

TITLES = texts("console", "typed")
"""Fields that are shown; the others are sent again as they were."""
SECRET = ("password",)
DATES = ("exception_expires", "review_by")
MEANT = {
    "exception-exists": ("exception_id",),
    "past": DATES,
    "far": DATES,
    "date": DATES,
    "name": ("name",),
    "document": ("document",),
    "table": ("csv",),
    "columns": ("csv",),
    "no-rows": ("csv",),
}
"""The fields that a refusal is about, by its code."""
FILES = ("upload",)
"""Refusals of a file, which must be chosen again; resending it would change nothing."""
LONG = 60


def typed(form: Mapping[str, str], language: str, code: str = "") -> dict[str, Any]:
    """`fields` to show, the refused one as `wrong`, and `hidden` ones; nothing if the form
    contained a secret or nothing to show. `code` is that of the refusal."""
    if code in FILES or any(word in name for name in form for word in SECRET):
        return {"fields": [], "hidden": []}
    wrong = next((n for n in MEANT.get(code, ()) if n in form), "")
    fields = [
        {"name": n, "title": TITLES[n].get(language), "value": v, "long": _is_long(v)}
        | {"wrong": n == wrong, "type": "date" if n in DATES else "text"}
        for n, v in form.items()
        if n in TITLES
    ]
    hidden = [{"name": n, "value": v} for n, v in form.items() if n not in TITLES]
    return {"fields": fields, "hidden": hidden if fields else []}


def _is_long(value: str) -> bool:
    return len(value) > LONG or "\n" in value
