"""What reviewers add to the log: labels on decisions, tests proposed from records,
assignments, complaints and saved searches.
A label judges one rule on one request (rule empty: the request as a whole, for what was missed);
each reviewer has one, and the last one counts. `unsure` is not a verdict: it passes the question to
somebody else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from sqlalchemy import ColumnElement, Engine, delete, insert, or_, select

from threegate.console.database import ASSIGNMENT, LABEL, PROPOSAL, VIEW
from threegate.console.review.complaints import Complaints

UNSURE = "unsure"
LABELS = ("correct", "false_positive", "false_negative", UNSURE)


@dataclass(frozen=True, slots=True)
class ReviewLabel:
    request: str
    rule: str
    author: str
    label: str
    category: str
    at: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """`text` is redacted, since it comes from what the log kept."""

    id: str
    rule: str
    expect: str
    channel: str
    text: str = field(repr=False)
    request: str
    author: str
    at: str


@dataclass(frozen=True, slots=True)
class ReviewStore:
    """Methods block; async callers use a thread."""

    engine: Engine

    def label(self, label: ReviewLabel) -> None:
        """Replaces an earlier label; a reviewer who has judged is no longer assigned."""
        mine = (
            (LABEL.c.request == label.request)
            & (LABEL.c.rule == label.rule)
            & (LABEL.c.author == label.author)
        )
        with self.engine.begin() as connection:
            connection.execute(delete(LABEL).where(mine))
            connection.execute(insert(LABEL).values(asdict(label)))
            held = (ASSIGNMENT.c.request == label.request) & (ASSIGNMENT.c.reviewer == label.author)
            connection.execute(delete(ASSIGNMENT).where(held))

    def labels(self, requests: Iterable[str] | None = None) -> tuple[ReviewLabel, ...]:
        """Labels of some requests, or all of them."""
        query = select(LABEL).order_by(LABEL.c.at)
        if requests is not None:
            query = query.where(LABEL.c.request.in_(list(requests)))
        with self.engine.begin() as connection:
            return tuple(ReviewLabel(**row._mapping) for row in connection.execute(query))

    def assign(self, requests: Iterable[str], reviewer: str, at: str) -> None:
        """Assigns them, whoever had them before; an empty reviewer releases them."""
        named = list(requests)
        rows = [{"request": r, "reviewer": reviewer, "at": at} for r in named]
        with self.engine.begin() as connection:
            connection.execute(delete(ASSIGNMENT).where(ASSIGNMENT.c.request.in_(named)))
            if rows and reviewer:
                connection.execute(insert(ASSIGNMENT), rows)

    def assigned(self) -> dict[str, str]:
        """Request to reviewer."""
        wanted = select(ASSIGNMENT.c.request, ASSIGNMENT.c.reviewer)
        with self.engine.begin() as connection:
            return {str(request): str(who) for request, who in connection.execute(wanted)}

    @property
    def complaints(self) -> Complaints:
        return Complaints(self.engine)

    @property
    def saved(self) -> Saved:
        return Saved(self.engine)

    def propose(self, proposal: Proposal) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(PROPOSAL).values(asdict(proposal)))

    def proposals(self, rule: str = "") -> tuple[Proposal, ...]:
        query = select(PROPOSAL).order_by(PROPOSAL.c.at)
        if rule:
            query = query.where(PROPOSAL.c.rule == rule)
        with self.engine.begin() as connection:
            return tuple(Proposal(**row._mapping) for row in connection.execute(query))

    def take(self, id: str) -> Proposal | None:
        """Returns the proposal and removes it from the desk."""
        found = next((p for p in self.proposals() if p.id == id), None)
        with self.engine.begin() as connection:
            gone = connection.execute(delete(PROPOSAL).where(PROPOSAL.c.id == id)).rowcount
        return found if gone else None


def new_id() -> str:
    return f"case_{secrets.token_hex(6)}"


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """`query` is the address of the search (`search_terms.address`)."""

    owner: str
    name: str
    query: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """Searches saved under a name, one's own and those shared by others. Methods block."""

    engine: Engine

    def keep(self, view: SavedSearch) -> None:
        """Replaces an earlier search of that name."""
        with self.engine.begin() as connection:
            connection.execute(delete(VIEW).where(_is(view.owner, view.name)))
            connection.execute(insert(VIEW).values(asdict(view) | {"shared": int(view.shared)}))

    def drop(self, owner: str, name: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(delete(VIEW).where(_is(owner, name)))

    def of(self, person: str) -> tuple[SavedSearch, ...]:
        wanted = select(VIEW).where(or_(VIEW.c.owner == person, VIEW.c.shared == 1))
        with self.engine.begin() as connection:
            rows = connection.execute(wanted.order_by(VIEW.c.name, VIEW.c.owner))
            return tuple(SavedSearch(r.owner, r.name, r.query, bool(r.shared)) for r in rows)


def _is(owner: str, name: str) -> ColumnElement[bool]:
    return (VIEW.c.owner == owner) & (VIEW.c.name == name)
