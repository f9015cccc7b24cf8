"""What a visitor is told about an error: status, heading and text, and nothing of what was read."""

from __future__ import annotations

import logging
from collections.abc import Iterable
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
