"""Records without a decision are no longer found under `allow`.

Only the column for searching changes; the entries never said `allow`.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from threegate.audit.log.encoding import ACTION_OF, UNDECIDED
from threegate.audit.log.schema import RECORD, UNDECIDED_BEFORE

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    before = RECORD.update().where(text(UNDECIDED_BEFORE))
    op.execute(before.values(action=ACTION_OF[UNDECIDED]))
