"""Search conditions and their SQL on `audit_record`: columns, hits, and words of the redacted texts
in Chinese and English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.sql.expression import FromClause

from threegate.audit.log.content import query_phrases, unsimplified_phrases
from threegate.audit.log.database import is_postgres
from threegate.audit.log.record import DAY_US, Stage
from threegate.audit.log.schema import CONTENT, HIT, RECORD
from threegate.types import Action

MAX_TEXT_MATCHES = 20_000  # newest first; more common words must be narrowed by other conditions
MAX_LISTED = 500  # sets of hits that are written into a statement, for planners to count
_THEIRS = RECORD.alias("theirs")
NOTHING = literal_column("1") == 0
CHECK_NOTES = ("claim.no_source", "claim.supported")
"""Kinds that report the outcome of a fact check. Unless the rule does more than flag them, they do
not count as findings: nearly every answer states something for which there is no source."""


@dataclass(frozen=True, slots=True)
class Query:
    """All conditions must hold; empty ones do not restrict. Times are microseconds since 1970,
    [since, until).

    `text` is looked up in redacted texts: every word or Chinese phrase in it must occur (for very
    common ones only the newest `MAX_TEXT_MATCHES` are searched). `kind` matches a kind and those
    below it (`pii` finds `pii.cn.mobile`)."""

    text: str = field(default="", repr=False)
    since_us: int = 0
    until_us: int = 0
    request_id: str = ""
    stage: tuple[Stage, ...] = ()
    action: tuple[int, ...] = ()  # values of `encoding.ACTION_OF`
    layer: str = ""
    rule: str = ""
    kind: str = ""
    shadow: bool | None = None
    tenant: str = ""
    key_id: str = ""
    model: str = ""
    policy: str = ""
    language: str = ""
    conversation: str = ""
    subject: str = field(default="", repr=False)  # a pseudonym (`MasterKey.pseudonym`)
    object: str = ""  # the request that somebody opened, revealed, judged: records of access
    viewed: str = field(default="", repr=False)  # the same for every request of a pseudonym
    among: frozenset[str] | None = field(default=None, repr=False)  # request ids; None: any
    beyond: frozenset[str] = field(default=frozenset(), repr=False)  # request ids left out
    limit: int = 50
    after: str = ""  # `Page.next`
    facets: bool = False
    step_us: int = DAY_US  # of `Page.slots`; they begin where ts + `shift_us` is a multiple of it
    shift_us: int = 0


def where(connection: Connection, query: Query) -> list[ColumnElement[bool]]:
    """The conditions of `query` on `audit_record`."""
    names = ("request_id", "layer", "tenant", "key_id", "model", "policy", "language")
    same = [RECORD.c[n] == getattr(query, n) for n in (*names, "conversation") if getattr(query, n)]
    if query.subject:
        same.append(of_subject(query.subject))
    if query.object or query.viewed:
        same.append(_looked_at(connection, query))
    if query.among is not None:
        same.append(RECORD.c.request_id.in_(_written_out("among", query.among)))
    if query.beyond:
        same.append(RECORD.c.request_id.not_in(_written_out("beyond", query.beyond)))
    same.extend([RECORD.c.ts >= query.since_us] if query.since_us else [])
    same.extend([RECORD.c.ts < query.until_us] if query.until_us else [])
    if query.stage:
        same.append(RECORD.c.stage.in_([s.value for s in query.stage]))
    if query.action:
        same.append(RECORD.c.action.in_(query.action))
    if query.rule or query.kind or query.shadow is not None:
        same.append(_of_sets(connection, query))
    if query.text:
        same.append(_matches(connection, query.text))
    return same


def _of_sets(connection: Connection, query: Query) -> ColumnElement[bool]:
    """Looks up which sets have a hit that the query means: if there is none, no record is read."""
    wanted = select(HIT.c.id).where(judged(HIT, query)).distinct()
    ids = connection.execute(wanted.limit(MAX_LISTED + 1)).scalars().all()
    if not ids:
        return NOTHING
    return RECORD.c.hits.in_(wanted if len(ids) > MAX_LISTED else _written_out("sets", ids))


def _written_out(name: str, ids: Iterable[str] | Iterable[int]) -> BindParameter[Any]:
    """In the statement itself: there may be more of them than a driver takes parameters."""
    return bindparam(name, sorted(ids), expanding=True, literal_execute=True)


def of_subject(pseudonym: str) -> ColumnElement[bool]:
    """In SQLite, where only the index by time contains subjects, this reads that index and no
    rows."""
    same = RECORD.alias()
    times = select(same.c.ts).where(same.c.subject == pseudonym)
    return (RECORD.c.subject == pseudonym) & RECORD.c.ts.in_(times)


def _looked_at(connection: Connection, query: Query) -> ColumnElement[bool]:
    """Records of access name what was opened in their entry only. There are few of them, and the
    stage, which is a column, is compared first."""
    # Until 2026-12 the command that reveals called it `request`.
    named = func.coalesce(_detail(connection, "object"), _detail(connection, "request"))
    theirs: ColumnElement[bool] = named == query.object
    if query.viewed:
        theirs = named.in_(select(_THEIRS.c.request_id).where(_THEIRS.c.subject == query.viewed))
    return (RECORD.c.stage == Stage.ACCESS.value) & theirs


def _detail(connection: Connection, member: str) -> ColumnElement[Any]:
    """Text in both databases: PostgreSQL has no JSON with the control characters that clients
    send. In canonical JSON no value can contain the name of a member with its quotes, and `detail`
    comes before the record's own members of these names."""
    if is_postgres(connection):
        return func.substring(RECORD.c.entry, f'"{member}":"([^"]*)"')
    return func.json_extract(RECORD.c.entry, f"$.event.detail.{member}")


def is_finding(hit: FromClause) -> ColumnElement[bool]:
    return hit.c.kind.not_in(CHECK_NOTES) | (hit.c.action > int(Action.FLAG))


def judged(hit: FromClause, query: Query) -> ColumnElement[bool]:
    """The query's conditions on a hit. A rule is found through its findings."""
    conditions: list[ColumnElement[bool]] = [true()]
    if query.rule:
        conditions.append(hit.c.rule == query.rule)
        if not query.kind:
            conditions.append(is_finding(hit))
    if query.kind:
        below = hit.c.kind.startswith(query.kind + ".", autoescape=True)
        conditions.append((hit.c.kind == query.kind) | below)
    if query.shadow is not None:
        conditions.append(hit.c.shadow == query.shadow)
    return and_(*conditions)


def _matches(connection: Connection, words: str) -> ColumnElement[bool]:
    """Every phrase must occur, in simplified characters or as typed. A phrase's words contain only
    letters and digits, so they need no quoting."""
    forms = [f for f in (query_phrases(words), unsimplified_phrases(words)) if f]
    if not forms:
        return NOTHING
    if is_postgres(connection):
        wanted = _either(forms, " | ", " & ", _for_postgres)
        found = text(
            "SELECT id FROM audit_text WHERE terms @@ to_tsquery('simple', :wanted)"
            " ORDER BY id DESC LIMIT :most"
        )
    else:
        wanted = _either(forms, " OR ", " AND ", _for_sqlite)
        found = text(
            "SELECT rowid FROM audit_text WHERE audit_text MATCH :wanted"
            " ORDER BY rowid DESC LIMIT :most"
        )
    ids = (
        found.bindparams(wanted=wanted, most=MAX_TEXT_MATCHES)
        .columns(CONTENT.c.id)
        .scalar_subquery()
    )
    return _among(connection, CONTENT, CONTENT.c.id.in_(ids))


def _either(
    forms: Sequence[Sequence[Sequence[str]]],
    or_: str,
    and_: str,
    one: Callable[[Sequence[str]], str],
) -> str:
    """At least one of the forms must match, with each of its phrases."""
    return or_.join(dict.fromkeys("(" + and_.join(map(one, form)) + ")" for form in forms))


def _for_postgres(phrase: Sequence[str]) -> str:
    return "(" + " <-> ".join(f"'{word}'" for word in phrase) + _open_end(phrase) + ")"


def _for_sqlite(phrase: Sequence[str]) -> str:
    return '"' + " ".join(phrase) + '"' + _open_end(phrase).replace(":", "")


def _among(
    connection: Connection, table: Table, condition: ColumnElement[bool]
) -> ColumnElement[bool]:
    """The records of matching rows in `table`; PostgreSQL finds the partition by the time."""
    names = ("writer", "seq", "ts") if is_postgres(connection) else ("writer", "seq")
    rows = select(*(table.c[n] for n in names)).where(condition)
    return tuple_(*(RECORD.c[n] for n in names)).in_(rows)


def _open_end(phrase: Any) -> str:
    """A single Chinese character is looked up as the beginning of a pair."""
    return ":*" if len(phrase) == 1 and len(phrase[0]) == 1 and phrase[0] >= "\u3040" else ""
