"""What reviewers said of the calls that a search finds, as far as the visitor may know it: who is
still to judge a call does not see the verdicts of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select

from threegate.audit.log.conditions import Query, where
from threegate.audit.log.schema import RECORD
from threegate.console.errors import refusal
from threegate.console.presenters.log_facts import is_verdict_of_another, without_verdict
from threegate.console.review import search_terms
from threegate.console.review.review_store import LABELS
from threegate.console.views.queue import waiting
from threegate.console.web import ConsoleRequest, blocking

TERM, NOBODY = "review", "none"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """`shown`: the verdicts of each call, each once. `judged`: every call that somebody judged."""

    shown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    judged: frozenset[str] = frozenset()

    def readable(self, detail: Mapping[str, Any], reader: str) -> Mapping[str, Any]:
        """What a record of an access says, without somebody else's verdict on a call that the
        reader is still to judge."""
        known = not is_verdict_of_another(detail, reader) or detail.get("object") in self.shown
        return detail if known else without_verdict(detail)

    def narrowed(self, query: Query, wanted: str) -> Query:
        """Only calls with this verdict, or without any. Raises ConsoleError."""
        if not wanted:
            return query
        if wanted == NOBODY:
            return replace(query, beyond=self.judged)
        if wanted not in LABELS:
            raise refusal("search-term")
        return replace(
            query, among=frozenset(r for r, verdicts in self.shown.items() if wanted in verdicts)
        )

    def counts(self, connection: Connection, query: Query, found: int) -> dict[str, int]:
        """How many of the `found` calls of a search have each verdict."""
        judged = replace(query, among=self.judged if query.among is None else query.among)
        rows = connection.execute(select(RECORD.c.request_id).where(*where(connection, judged)))
        requests = [str(row.request_id) for row in rows]
        counted = Counter(verdict for r in requests for verdict in self.shown.get(r, ()))
        return {**counted, NOBODY: found - len(requests)} if self.judged else {}


async def verdicts_for(visit: ConsoleRequest) -> Verdicts:
    labels = await blocking(visit.parts.review_store.labels)
    if not labels:
        return Verdicts()
    reviewer = (await waiting(visit)).reviewer
    shown: dict[str, dict[str, None]] = {}
    for label in labels:
        if not reviewer.why(label.request):
            shown.setdefault(label.request, {})[label.label] = None
    judged = frozenset(label.request for label in labels)
    return Verdicts({r: list(verdicts) for r, verdicts in shown.items()}, judged)


async def query_of(visit: ConsoleRequest, terms: Mapping[str, str], **more: Any) -> Query:
    """The search of these terms, with what reviewers said. Raises ConsoleError."""
    query = search_terms.to_query(terms, visit.clock, **more)
    wanted = terms.get(TERM, "")
    return (await verdicts_for(visit)).narrowed(query, wanted) if wanted else query
