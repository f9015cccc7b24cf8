"""What a visitor is told about an error: status, heading and text, and nothing of what was read;
and the input of a refused form, as fields to correct and send again."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from threegate.console.errors import ERRORS, ConsoleError, refusal
from threegate.errors import AuditError, PolicyError, ThreegateError
from threegate.i18n.catalog import texts
from threegate.policy.lifecycle.approval import ROLES
from threegate.policy.lifecycle.people import Role
from threegate.types import Bilingual

log = logging.getLogger(__name__)
REFUSALS = (400, 404, 409, 422)
"""Statuses of a form that can be corrected."""
LATER = (500, 503)
"""Statuses of a form that can be sent again as it is."""
HEADINGS = texts("console", "headings")
FAILED = Bilingual("出错了", "Something went wrong")


def error_fields(status: int, text: str, language: str) -> dict[str, Any]:
    heading = HEADINGS.get(str(status), FAILED).get(language)
    return {"status": status, "error": text, "heading": heading, "before": ""}


def needs(roles: Iterable[Role]) -> ConsoleError:
    """The refusal of a page, with the roles that open it."""
    titles = [ROLES[role] for role in sorted(roles)]
    zh, en = "”或“".join(t.zh for t in titles), " or ".join(t.en for t in titles)
    return refusal("role", roles=Bilingual(zh, en))


def status_and_text(error: Exception, language: str, path: str) -> tuple[int, str]:
    """Status and text of an error. Of audit errors and unexpected ones only that they happened,
    because their messages may quote what was read."""
    match error:
        case ConsoleError():
            return error.status, error.text.get(language)
        case PolicyError():
            return 422, error.text.get(language)
        case AuditError():
            log.error("console: audit log: %s", type(error).__name__)
            return 503, ERRORS["no-audit"].get(language)
        case ThreegateError():
            return 400, type(error).__name__
        case SQLAlchemyError():
            log.error("console: database: %s at %s", type(error).__name__, path)
            return 503, ERRORS["no-database"].get(language)
        case _:
            log.error("console: unexpected %s at %s", type(error).__name__, path)
            return 500, ERRORS["failed"].get(language)


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
    "many-rows": ("csv",),
    "pasted-columns": ("words",),
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
