"""What the rules of a record judged is stored once for all records with the same: the rows of
`audit_hit`, one a record and rule, become sets, and each record names its own.

A record with eight findings touched three more trees in every commit, which cost more than the
record. In SQLite the index by time contains the set, so searching for a rule reads that index
alone; PostgreSQL has an index by set and time.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from threegate.audit.log.database import is_postgres
from threegate.audit.migrations.rows_of_hits import ROWS, to_sets
from threegate.sql_tables import key, required

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
COLUMNS = [
    *("ts", "writer", "seq", "request_id", "stage", "action", "layer", "tenant", "key_id"),
    *("model", "policy", "language", "subject", "hits"),
]


def upgrade() -> None:
    connection = op.get_bind()
    op.create_table(
        "audit_hit_set",
        *key("id", of=BIG),
        *key("n", of=sa.Integer),
        *required("rule", "kind", "layer"),
        *required("action", of=sa.Integer),
        *required("shadow", of=sa.Boolean),
    )
    op.add_column("audit_record", sa.Column("hits", BIG, nullable=False, server_default="0"))
    to_sets(connection, connection)
    op.drop_table(ROWS)
    if is_postgres(connection):
        op.create_index("audit_record_hits", "audit_record", ["hits", "ts"])
        return
    op.drop_index("audit_record_ts", "audit_record")
    op.create_index("audit_record_ts", "audit_record", COLUMNS)
