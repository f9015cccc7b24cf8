"""What reviewers said of the calls that a search finds, as far as the visitor may know it: who is
still to judge a call does not see the verdicts of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import Connection, select

from threegate.audit.log.conditions import Query, where
from threegate.audit.log.query import MAX_PAGE, Entry, find
from threegate.audit.log.record import Stage
from threegate.audit.log.schema import RECORD
from threegate.console.errors import refusal
from threegate.console.presenters.log_facts import is_verdict_of_another, without_verdict
from threegate.console.review import search_terms
from threegate.console.review.review_store import LABELS
from threegate.console.views.review.queue import waiting
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

    def line(self, entry: Entry, reader: str) -> str:
        """The stored entry as a line of JSON, without such a verdict."""
        detail = entry.event.get("detail", {})
        if (known := self.readable(detail, reader)) is detail:
            return entry.entry + "\n"
        event = {**entry.event, "detail": known}
        return orjson.dumps({**orjson.loads(entry.entry), "event": event}).decode() + "\n"

    def secret(self, entry: Entry, reader: str) -> bool:
        """Whether the record contains such a verdict."""
        detail = entry.event.get("detail", {})
        return self.readable(detail, reader) is not detail

    def secrets(self, connection: Connection, query: Query, reader: str) -> int:
        """How many of the records found contain such a verdict."""
        if query.stage and Stage.ACCESS not in query.stage:
            return 0
        page = find(connection, replace(query, stage=(Stage.ACCESS,), limit=MAX_PAGE))
        number = sum(self.secret(entry, reader) for entry in page.entries)
        after = replace(query, after=page.next)
        return number + (self.secrets(connection, after, reader) if page.next else 0)

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


async def query_of(
    visit: ConsoleRequest, terms: Mapping[str, str], **more: Any
) -> tuple[Query, Verdicts]:
    """The search of these terms, and what reviewers said. Raises ConsoleError."""
    verdicts, query = await verdicts_for(visit), search_terms.to_query(terms, visit.clock, **more)
    return verdicts.narrowed(query, terms.get(TERM, "")), verdicts
