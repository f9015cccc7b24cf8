"""The console's own tables: accounts, invitations, drafts, and reviewers' data: proposals, labels,
assignments, complaints, saved views. SQLite or PostgreSQL. Nothing here is evidence; people's
actions are in the audit log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, Text, text

from threegate.audit.log.database import is_postgres
from threegate.sql_tables import create_tables, key, required

METADATA = MetaData()

# `password` is argon2id's encoded form; `epoch` is counted up to end every session.
ACCOUNT = Table(
    "console_account",
    METADATA,
    *key("name"),
    *required("password", "roles", "team"),
    *required("epoch", "closed", of=Integer),
)

# Accounts that single sign-on made; `subject` is the provider's name for the person.
GUEST = Table(
    "console_guest", METADATA, *key("subject"), Column("name", String, nullable=False, unique=True)
)

# A one-time link. `name` is empty where the guest chooses it (the first account).
INVITE = Table(
    "console_invite", METADATA, *key("token_sha256"), *required("name", "roles", "team", "expires")
)

# Files that one editor changed and has not submitted yet.
DRAFT = Table(
    "console_draft",
    METADATA,
    *key("owner", "path"),
    *required("text", of=Text),
    *required("changed"),
)

# The text that was in force when its draft was begun: whether somebody else changed it meanwhile.
DRAFT_BASE = Table(
    "console_draft_base", METADATA, *key("owner", "path"), *required("text", of=Text)
)

# A version that came back to its author. `verb`: reject, recall or rollback; `restored`: 1 where
# its files are in the author's draft again.
RETURNED = Table(
    "console_returned",
    METADATA,
    *key("owner", "digest"),
    *required("verb", "by"),
    *required("note", of=Text),
    *required("at"),
    *required("restored", of=Integer),
)

# What the tests (`name`: report) or a replay (replay) made of a policy with this content, for its
# author and its approver. No text: the log alone keeps texts, and can erase them.
RESULT = Table(
    "console_result", METADATA, *key("digest", "name"), *required("at"), *required("body", of=Text)
)

# A test case that a reviewer made from a record, waiting for an editor. `expect`: match or
# no_match.
PROPOSAL = Table(
    "console_proposal",
    METADATA,
    *key("id"),
    *required("rule", "expect", "channel"),
    *required("text", of=Text),
    *required("request", "author", "at"),
)

# One judgement per record, rule and reviewer.
LABEL = Table(
    "console_label",
    METADATA,
    *key("request", "rule", "author"),
    *required("label", "category", "at"),
)

# Who has taken a request from the queue.
ASSIGNMENT = Table("console_assignment", METADATA, *key("request"), *required("reviewer", "at"))

# A complaint about a decision, and its outcome. `outcome` is empty while it is open.
COMPLAINT = Table(
    "console_complaint",
    METADATA,
    *key("id"),
    *required("request", "source", "claim"),
    *required("text", of=Text),
    *required("author", "at", "outcome"),
    *required("answer", of=Text),
    *required("closed_by", "closed_at"),
)

# A search under a name. `shared`: 1 where every reviewer sees it.
VIEW = Table(
    "console_view",
    METADATA,
    *key("owner", "name"),
    *required("query", of=Text),
    *required("shared", of=Integer),
)


def prepared(engine: Engine) -> Engine:
    """The engine, with missing tables created."""
    create_tables(engine, METADATA)
    return engine


@contextmanager
def changing_accounts(engine: Engine) -> Iterator[Connection]:
    """A transaction that changes accounts; only one at a time, so that what it reads stays true
    until its end. SQLite allows only one writer anyway."""
    with engine.begin() as connection:
        if is_postgres(connection):
            connection.execute(text(f"LOCK TABLE {ACCOUNT.name} IN SHARE ROW EXCLUSIVE MODE"))
        yield connection
