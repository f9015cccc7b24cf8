"""The console's own tables: accounts, invitations, drafts, and what reviewers keep: proposals,
labels, assignments, complaints, saved views. SQLite or PostgreSQL.

Nothing here is evidence: what people did is in the audit log.
"""

from __future__ import annotations

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, Text

from threegate.policy.lifecycle.versions import create_tables

METADATA = MetaData()

ACCOUNT = Table(
    "console_account",
    METADATA,
    Column("name", String, primary_key=True),
    Column("password", String, nullable=False),  # argon2id, in its own encoded form
    Column("roles", String, nullable=False),
    Column("team", String, nullable=False),
    Column("epoch", Integer, nullable=False),  # counted up to end every session
    Column("closed", Integer, nullable=False),
)

# Accounts that single sign-on made; `subject` is the provider's name for the person.
GUEST = Table(
    "console_guest",
    METADATA,
    Column("subject", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
)

# A one-time link. `name` is empty where the guest chooses it (the first account).
INVITE = Table(
    "console_invite",
    METADATA,
    Column("token_sha256", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("roles", String, nullable=False),
    Column("team", String, nullable=False),
    Column("expires", String, nullable=False),
)

# Files that one editor changed and has not submitted yet.
DRAFT = Table(
    "console_draft",
    METADATA,
    Column("owner", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("text", Text, nullable=False),
    Column("changed", String, nullable=False),
)

# The text that was in force when its draft was begun: whether somebody else changed it meanwhile.
DRAFT_BASE = Table(
    "console_draft_base",
    METADATA,
    Column("owner", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("text", Text, nullable=False),
)

# A version that came back to its author: rejected, taken back or rolled back. `restored`: 1 where
# its files are in the author's draft again.
RETURNED = Table(
    "console_returned",
    METADATA,
    Column("owner", String, primary_key=True),
    Column("digest", String, primary_key=True),
    Column("verb", String, nullable=False),  # reject | recall | rollback
    Column("by", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("restored", Integer, nullable=False),
)

# What the tests or a replay made of a policy with this content, for its author and its approver.
# No text: the log alone keeps texts, and can erase them.
RESULT = Table(
    "console_result",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("name", String, primary_key=True),  # report | replay
    Column("at", String, nullable=False),
    Column("body", Text, nullable=False),
)

# A test case that a reviewer made from a record, waiting for an editor.
PROPOSAL = Table(
    "console_proposal",
    METADATA,
    Column("id", String, primary_key=True),
    Column("rule", String, nullable=False),
    Column("expect", String, nullable=False),  # match | no_match
    Column("channel", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("request", String, nullable=False),
    Column("author", String, nullable=False),
    Column("at", String, nullable=False),
)

# One judgement per record, rule and reviewer.
LABEL = Table(
    "console_label",
    METADATA,
    Column("request", String, primary_key=True),
    Column("rule", String, primary_key=True),
    Column("author", String, primary_key=True),
    Column("label", String, nullable=False),
    Column("category", String, nullable=False),
    Column("at", String, nullable=False),
)

# Who has taken a request from the queue.
ASSIGNMENT = Table(
    "console_assignment",
    METADATA,
    Column("request", String, primary_key=True),
    Column("reviewer", String, nullable=False),
    Column("at", String, nullable=False),
)

# A complaint about a decision, and its outcome. `outcome` is empty while it is open.
COMPLAINT = Table(
    "console_complaint",
    METADATA,
    Column("id", String, primary_key=True),
    Column("request", String, nullable=False),
    Column("source", String, nullable=False),
    Column("claim", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("at", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("answer", Text, nullable=False),
    Column("closed_by", String, nullable=False),
    Column("closed_at", String, nullable=False),
)

# A search under a name. `shared`: 1 where every reviewer sees it.
VIEW = Table(
    "console_view",
    METADATA,
    Column("owner", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("query", Text, nullable=False),
    Column("shared", Integer, nullable=False),
)


def prepared(engine: Engine) -> Engine:
    """The engine, with the tables made where they are missing."""
    create_tables(engine, METADATA)
    return engine
